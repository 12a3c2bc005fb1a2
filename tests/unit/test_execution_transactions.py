"""A transaction whose fate is open: what it does, and until when its effect is unknown."""

import pytest

from contracts.order import (
    CancelReason,
    OrderIntended,
    ReplaceIntended,
    SideCancelIntended,
)
from contracts.transaction import RetryClass, TransactionPlanned, TransactionSigned
from contracts.values import Leg, Side
from execution.domain.transactions import KeptIntent, Transaction, kept, planned, signed
from kit.planner_rig import Rig, of, open_long, working


def of_rig(rig: Rig, *, retry_class: RetryClass) -> Transaction:
    """Give the newest transaction of a class that the planner holds."""
    return next(it for it in reversed(rig.state.transactions) if it.retry_class is retry_class)


def sent_entry() -> tuple[Rig, Transaction]:
    rig = Rig()
    rig.approve()
    rig.show()
    return rig, of_rig(rig, retry_class=RetryClass.EXPOSURE)


def moved_entry() -> Transaction:
    rig = working()
    rig.price += 1  # The market leaves the entry, and 100 slots are 40 s.
    (move,) = of(rig.show(slots=100), ReplaceIntended)
    assert move.leg is Leg.ENTRY
    return of_rig(rig, retry_class=RetryClass.SWAP)


def test_an_intent_is_kept_with_the_bytes_to_read_it_again_from() -> None:
    rig, transaction = sent_entry()
    intents = [it.event for it in rig.answers if isinstance(it.event, OrderIntended)]
    assert [it.event() for it in transaction.intents] == intents
    assert [it.user_order_id for it in transaction.intents] == [it.user_order_id for it in intents]
    assert transaction.numbers == {it.user_order_id for it in intents}


def test_a_cancel_of_a_side_serves_no_leg_and_places_no_number() -> None:
    event = SideCancelIntended(
        account="local",
        market="sol-perp",
        setup=None,
        side=Side.SHORT,
        reason=CancelReason.KILL_SWITCH,
    )
    intent = kept(Rig().approve(), event)
    assert (intent.leg, intent.side, intent.client_order_id) == (None, Side.SHORT, None)
    assert not intent.is_place
    assert not intent.is_move
    assert intent.event() == event


def test_bytes_that_are_no_intent_are_a_mistake_that_is_told() -> None:
    rig = Rig()
    opened = rig.log[0].event
    intent = KeptIntent(
        id=rig.log[0].id,
        event_type=opened.event_type,
        body=opened.model_dump_json(),
        leg=None,
        side=None,
        client_order_id=None,
        user_order_id=None,
    )
    with pytest.raises(TypeError, match="expected an intent, found feed_opened"):
        intent.event()


def test_its_effect_is_unknown_until_a_snapshot_is_as_new_as_its_landing() -> None:
    rig, transaction = sent_entry()
    assert transaction.is_open(10**9)  # No snapshot settles what has not landed.
    rig.land()
    landed = of_rig(rig, retry_class=RetryClass.EXPOSURE)
    assert landed.landed_slot == rig.slot
    assert landed.is_open(rig.slot - 1)
    assert not landed.is_open(rig.slot)


def test_it_touches_the_legs_of_its_intents_and_no_others() -> None:
    _, transaction = sent_entry()
    assert transaction.touches(Leg.ENTRY)
    assert transaction.touches(Leg.CLOSE, Leg.STOP)
    assert not transaction.touches(Leg.TP1, Leg.CLOSE)


def test_an_entry_and_its_move_add_exposure_and_exits_do_not() -> None:
    _, entry = sent_entry()
    assert entry.adds_exposure
    assert moved_entry().adds_exposure
    rig = working()
    rig.fill(Leg.ENTRY)
    rig.show(slots=1)
    assert not of_rig(rig, retry_class=RetryClass.PROTECTIVE).adds_exposure


def test_a_move_of_the_stop_adds_no_exposure() -> None:
    rig = open_long()
    rig.fill(Leg.TP1)
    rig.break_even = rig.price
    rig.price += 2
    (move,) = of(rig.show(slots=1), ReplaceIntended)
    assert move.leg is Leg.STOP
    assert not of_rig(rig, retry_class=RetryClass.SWAP).adds_exposure


def test_a_signature_is_of_the_transaction_that_was_planned() -> None:
    rig, transaction = sent_entry()
    (plan,) = [it for it in rig.answers if it.id == transaction.id]
    assert isinstance(plan.event, TransactionPlanned)
    bare = planned(plan.event, event_id=plan.id, intents=transaction.intents, slot=rig.slot)
    assert (bare.signature, bare.last_valid_block_height) == ("", 0)
    (signature,) = of([it.event for it in rig.log], TransactionSigned)
    assert signed(bare, signature) == transaction
