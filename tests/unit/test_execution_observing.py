"""What the venue tells, as events: named for ever, and only what is ours to say."""

from decimal import Decimal

import pytest

from contracts.order import (
    CancelReason,
    OrderCanceled,
    OrderFilled,
    OrderIntended,
    OrderPlaced,
    OrderRejected,
    OrderReplaced,
    ReplaceIntended,
    SetupClosed,
    StopTriggered,
)
from contracts.transaction import RetryClass, TransactionDied, TransactionLanded
from contracts.values import Leg, Liquidity, Side, VenueClock, from_millis
from contracts.venue import (
    ForeignOrderFilled,
    FundingSettled,
    PositionLiquidated,
    VenueFeeCharged,
    VenueObserved,
)
from execution import fates, records
from execution.domain.errors import NUMBER_IN_USE, POST_ONLY_WOULD_CROSS
from execution.domain.setup import Order, Setup
from execution.domain.transactions import Transaction
from execution.seen import Seen
from execution.venues.port import (
    AnyRecord,
    EndedRecord,
    FeeRecord,
    FilledRecord,
    FundingRecord,
    Landed,
    LiquidatedRecord,
    MovedRecord,
    PlacedRecord,
    TriggeredRecord,
)
from kit.planner_rig import BEGIN_MS, Rig, of, working

STRANGER = 0
SLOT, TRADE_ID, VENUE_ORDER_ID = 90, 3, 7


def sent() -> Rig:
    """Give a rig whose entry and stop are on their way."""
    rig = Rig()
    rig.approve()
    rig.show()
    return rig


def flight(rig: Rig) -> Transaction:
    (transaction,) = rig.state.transactions
    return transaction


def setup_of(rig: Rig) -> Setup:
    setup = rig.state.setup
    assert setup is not None
    return setup


def order_of(rig: Rig, leg: Leg) -> Order:
    order = setup_of(rig).newest(leg)
    assert order is not None
    return order


def snapshot(rig: Rig, *, slots: int = 0, **changes: object) -> VenueObserved:
    """Give what the venue would show some slots later, without showing it to the planner."""
    newest = of([it.event for it in rig.log], VenueObserved)[-1]
    rig.slot += slots
    shown = {
        "clock": rig.clock,
        "block_height": rig.slot,
        "position_base": rig.position,
        "cash_usd": rig.cash,
        "orders": tuple(rig.orders),
    }
    return newest.model_copy(update=shown | changes)


def landed(
    rig: Rig, *, code: int | None = None, transaction: Transaction | None = None
) -> list[Seen]:
    fate = Landed(rig.slot, code, 5_000)
    return list(fates.landed(rig.state, transaction or flight(rig), fate, rig.clock))


def about(rig: Rig, leg: Leg | None, *, key: str = "k-1") -> tuple[str, int, int, int, int, int]:
    """Give the fields that each record of an order has; of a stranger's order without a leg."""
    number = STRANGER if leg is None else order_of(rig, leg).user_order_id
    return (key, SLOT, BEGIN_MS, TRADE_ID, VENUE_ORDER_ID, number)


def told(rig: Rig, record: AnyRecord) -> Seen:
    seen = records.recorded(rig.state, record)
    assert seen is not None
    return seen


def a_fill(rig: Rig, leg: Leg | None, *, key: str = "k-1", side: Side = Side.LONG) -> FilledRecord:
    return FilledRecord(
        *about(rig, leg, key=key),
        side=side,
        liquidity=Liquidity.MAKER,
        price_usd=Decimal("99.9"),
        quantity_base=Decimal(4),
        remaining_base=Decimal(6),
        fee_usd=Decimal("-0.01"),
        position_after_base=Decimal(4),
    )


# Fates.


def test_a_landing_is_told_once_for_ever_and_rejects_nothing_when_it_ran_through() -> None:
    rig = sent()
    (seen,) = landed(rig)
    assert isinstance(seen.event, TransactionLanded)
    assert (seen.event.transaction, seen.event.code, seen.event.reason) == (
        flight(rig).id,
        None,
        None,
    )
    assert seen.causation_id == flight(rig).id
    rig.slot += 7  # Read later, it is the same event.
    assert [it.id for it in landed(rig)] == [seen.id]


def test_a_refused_transaction_rejects_every_order_that_it_placed() -> None:
    rig = sent()
    _, *rejected = landed(rig, code=POST_ONLY_WOULD_CROSS)
    events = [it.event for it in rejected]
    assert [(it.leg, it.code, it.reason) for it in of(events, OrderRejected)] == [
        (Leg.ENTRY, POST_ONLY_WOULD_CROSS, "replan-price"),
        (Leg.STOP, POST_ONLY_WOULD_CROSS, "replan-price"),
    ]
    assert len({it.id for it in rejected}) == 2


def test_a_number_in_use_rejects_nothing_because_an_earlier_copy_rests() -> None:
    assert len(landed(sent(), code=NUMBER_IN_USE)) == 1


def test_a_refused_move_rejects_the_move_and_the_order_goes_on_resting() -> None:
    rig = working()
    rig.price += 1
    assert of(rig.show(slots=100), ReplaceIntended)
    _, rejected = landed(rig, code=POST_ONLY_WOULD_CROSS)
    rig.record(rejected.event)
    assert order_of(rig, Leg.ENTRY).status == "working"


def test_a_dead_transaction_takes_the_orders_with_it_that_never_were() -> None:
    rig = sent()
    first, *gone = fates.ran_out(rig.state, flight(rig), snapshot(rig, slots=200))
    assert isinstance(first.event, TransactionDied)
    events = of([it.event for it in gone], OrderCanceled)
    assert [(it.leg, it.reason, it.unfilled_base) for it in events] == [
        (Leg.ENTRY, CancelReason.NEVER_LANDED, Decimal(10)),
        (Leg.STOP, CancelReason.NEVER_LANDED, None),
    ]


def test_a_dead_transaction_leaves_an_order_that_another_copy_carries_or_that_rests() -> None:
    rig = working()
    rig.fill(Leg.ENTRY)
    rig.orders.clear()
    rig.end_orders(Leg.STOP)
    rig.show(slots=1)  # A stop is sent,
    rig.show(slots=6)  # and signed again under the same number.
    first, again = rig.state.transactions
    assert first.intents == again.intents
    assert again.retry_class is RetryClass.PROTECTIVE
    (only,) = fates.ran_out(rig.state, first, snapshot(rig, slots=150))
    assert isinstance(only.event, TransactionDied)


def test_an_entry_of_which_no_status_told_landed_when_its_orders_rest() -> None:
    rig = sent()
    transaction = flight(rig)
    seen = snapshot(working(), slots=200)  # The same numbers rest there.
    (only,) = fates.ran_out(rig.state, transaction, seen)
    assert isinstance(only.event, TransactionLanded)
    fee = 5_000 + transaction.priority_fee_lamports
    found = (only.event.slot, only.event.code, only.event.fee_lamports)
    assert found == (seen.clock.slot, None, fee)


def test_an_entry_that_filled_unseen_landed_and_is_not_begun_again() -> None:
    rig = sent()
    placed = PlacedRecord(*about(rig, Leg.ENTRY), side=Side.LONG, price_usd=Decimal(100))
    rig.record(told(rig, placed).event)
    (only,) = fates.ran_out(rig.state, flight(rig), snapshot(rig, slots=200))  # Nothing rests.
    assert isinstance(only.event, TransactionLanded)
    rig.record(only.event)
    assert setup_of(rig).is_sent


def test_a_placement_that_is_told_late_outweighs_a_death() -> None:
    rig = sent()
    transaction = flight(rig)
    dead = next(iter(fates.ran_out(rig.state, transaction, snapshot(rig, slots=200))))
    assert isinstance(dead.event, TransactionDied)
    rig.record(dead.event)
    assert not setup_of(rig).is_sent
    placed = PlacedRecord(*about(rig, Leg.ENTRY), side=Side.LONG, price_usd=Decimal(100))
    rig.record(told(rig, placed).event)
    assert setup_of(rig).is_sent


def test_a_stop_that_guards_another_position_keeps_the_setup_of_a_refused_entry() -> None:
    """Somebody opened a position while the entry was on its way: the stop for it is ours."""
    rig = sent()
    entry = flight(rig)
    rig.position = Decimal(6)
    (stop,) = of(rig.show(slots=4), OrderIntended)
    assert stop.leg is Leg.STOP
    for it in landed(rig, code=POST_ONLY_WOULD_CROSS, transaction=entry):
        rig.record(it.event)
    assert setup_of(rig).is_sent
    assert not of(rig.show(slots=1), SetupClosed)


# Orders that are gone without a word.


def test_an_order_that_is_gone_without_a_word_is_canceled_elsewhere() -> None:
    rig = working()
    rig.show()
    rig.orders.clear()
    gone = list(fates.vanished(rig.state, snapshot(rig, slots=1)))
    events = of([it.event for it in gone], OrderCanceled)
    assert [(it.leg, it.reason) for it in events] == [
        (Leg.ENTRY, CancelReason.ELSEWHERE),
        (Leg.STOP, CancelReason.ELSEWHERE),
    ]
    again = fates.vanished(rig.state, snapshot(rig, slots=1))
    assert [it.id for it in again] == [it.id for it in gone]


@pytest.mark.parametrize("changes", [{"position_base": Decimal(10)}, {"cash_usd": Decimal(99_001)}])
def test_nothing_has_vanished_while_a_fill_may_be_missing(changes: dict[str, object]) -> None:
    rig = working()
    rig.show()
    rig.orders.clear()
    assert list(fates.vanished(rig.state, snapshot(rig, slots=1, **changes))) == []


def test_nothing_has_vanished_while_its_transaction_may_still_land() -> None:
    rig = sent()
    assert list(fates.vanished(rig.state, snapshot(rig, slots=1))) == []


# Records.


def test_each_record_of_an_order_is_its_event() -> None:
    rig = working()
    entry, stop = about(rig, Leg.ENTRY), about(rig, Leg.STOP)
    price = Decimal("99.8")
    records = (
        PlacedRecord(*entry, side=Side.LONG, price_usd=price),
        MovedRecord(*entry, former_order_id=1, price_usd=price),
        EndedRecord(*entry, reason=CancelReason.EXPIRED, unfilled_base=Decimal(10)),
        TriggeredRecord(*stop, trigger_price_usd=price),
        a_fill(rig, Leg.ENTRY),
    )
    events = [told(rig, record).event for record in records]
    placed, moved, ended, triggered, filled = events
    assert isinstance(placed, OrderPlaced)
    assert isinstance(moved, OrderReplaced)
    assert isinstance(ended, OrderCanceled)
    assert isinstance(triggered, StopTriggered)
    assert isinstance(filled, OrderFilled)
    assert (placed.venue_order_id, placed.price_usd) == (VENUE_ORDER_ID, price)
    assert moved.generation == 1
    assert (ended.reason, ended.unfilled_base) == (CancelReason.EXPIRED, 10)
    assert (triggered.leg, triggered.trigger_price_usd) == (Leg.STOP, price)
    assert (filled.fill_id, filled.quantity_base, filled.remaining_base) == ("k-1", 4, 6)
    clock = VenueClock(at=from_millis(BEGIN_MS), slot=SLOT, trade_id=TRADE_ID)
    assert all(it.clock == clock for it in (placed, moved, ended, triggered, filled))


def test_an_order_that_ended_without_a_reason_ended_for_ours_or_elsewhere() -> None:
    rig = working()
    record = EndedRecord(*about(rig, Leg.ENTRY), reason=None, unfilled_base=Decimal(10))
    event = told(rig, record).event
    assert isinstance(event, OrderCanceled)
    assert event.reason is CancelReason.ELSEWHERE
    rig.kill()
    rig.show(slots=1)
    event = told(rig, record).event
    assert isinstance(event, OrderCanceled)
    assert event.reason is CancelReason.KILL_SWITCH


def test_what_a_fill_realizes_counts_from_the_ledger() -> None:
    rig = working()
    rig.fill(Leg.ENTRY, "4", price="99")
    event = told(rig, a_fill(rig, Leg.STOP, side=Side.SHORT)).event
    assert isinstance(event, OrderFilled)
    assert event.realized_pnl_usd == Decimal("3.6")  # 4 x (99.9 - 99)


def test_a_stranger_s_fill_is_told_and_its_other_records_are_not_ours_to_tell() -> None:
    rig = working()
    event = told(rig, a_fill(rig, None)).event
    assert isinstance(event, ForeignOrderFilled)
    assert (event.venue_order_id, event.fill_id) == (VENUE_ORDER_ID, "k-1")
    placed = PlacedRecord(*about(rig, None), side=Side.LONG, price_usd=Decimal(1))
    ended = EndedRecord(*about(rig, None), reason=None, unfilled_base=None)
    assert records.recorded(rig.state, placed) is None
    assert records.recorded(rig.state, ended) is None


def test_a_fill_has_one_name_whoever_s_it_is_taken_for() -> None:
    # Told again after its setup, ours looks like a stranger's: it must not count twice.
    rig = working()
    ours = a_fill(rig, Leg.ENTRY)
    fresh = Rig()
    taken_for_a_stranger_s = told(fresh, ours)
    assert isinstance(taken_for_a_stranger_s.event, ForeignOrderFilled)
    assert taken_for_a_stranger_s.id == told(rig, ours).id
    assert told(rig, a_fill(rig, Leg.ENTRY, key="k-2")).id != told(rig, ours).id


def test_funding_fees_and_liquidations_are_told_without_an_order() -> None:
    rig = working()
    rig.fill(Leg.ENTRY)
    record = ("k-1", SLOT, BEGIN_MS, TRADE_ID)
    funding = FundingRecord(
        *record,
        amount_usd=Decimal("-0.4"),
        rate=Decimal("0.0001"),
        position_base=Decimal(10),
        hour_ms=BEGIN_MS,
    )
    fee = FeeRecord(*about(rig, Leg.STOP), reason="trigger", fee_usd=Decimal("0.01"))
    liquidation = LiquidatedRecord(
        *record,
        side=Side.SHORT,
        price_usd=Decimal("89.9"),
        quantity_base=Decimal(10),
        fee_usd=Decimal(2),
        position_after_base=Decimal(0),
    )
    settled, charged, taken = (told(rig, it).event for it in (funding, fee, liquidation))
    assert isinstance(settled, FundingSettled)
    assert (settled.amount_usd, settled.hour) == (Decimal("-0.4"), from_millis(BEGIN_MS))
    assert isinstance(charged, VenueFeeCharged)
    assert (charged.fee_usd, charged.reason) == (Decimal("0.01"), "trigger")
    assert isinstance(taken, PositionLiquidated)
    assert taken.realized_pnl_usd == -100  # 10 x (89.9 - 99.9)


def test_a_draft_belongs_to_the_setup_that_lives_or_to_itself() -> None:
    rig = working()
    fill = told(rig, a_fill(rig, Leg.ENTRY))
    draft = fill.draft(rig.state, rig.clock)
    assert draft.correlation_id == setup_of(rig).correlation_id
    assert (draft.id, draft.occurred_at, draft.causation_id) == (fill.id, rig.clock.at, None)
    fresh = Rig()
    foreign = told(fresh, a_fill(fresh, None))
    assert foreign.draft(fresh.state, fresh.clock).correlation_id == foreign.id
    (landing,) = landed(sent())
    assert landing.draft(fresh.state, fresh.clock).causation_id == landing.causation_id
