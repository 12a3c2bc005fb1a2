"""What the planner answers to a snapshot: the order life, rule by rule (execution.md 8.5)."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise

import pytest

from contracts.control import KillLevel
from contracts.engine import (
    ForeignOrderSeen,
    Mode,
    ModeChanged,
    PositionAdopted,
    ReconciliationBroke,
    ReconciliationPassed,
)
from contracts.event import Event
from contracts.order import (
    CancelDenied,
    CancelIntended,
    CancelReason,
    OrderIntended,
    ReplaceIntended,
    SetupClosed,
    SideCancelIntended,
    TriggerIntended,
)
from contracts.transaction import RetryClass, TransactionDied, TransactionPlanned, Urgency
from contracts.values import Leg, OrderKind, Side, from_millis
from contracts.venue import DelegateSeen, MarketStatus, ObservedOrder
from contracts.verdict import OrderApproved
from kit.planner_rig import ACCOUNT, MARKET, Rig, of, open_long, types, working


def test_an_approval_becomes_an_entry_and_its_stop_in_one_transaction() -> None:
    rig = Rig()
    rig.approve()
    answers = rig.show()
    entry, stop = of(answers, OrderIntended)
    assert (entry.leg, entry.kind, entry.side) == (
        Leg.ENTRY,
        OrderKind.POST_ONLY_LIMIT,
        Side.LONG,
    )
    assert (entry.price_usd, entry.quantity_base) == (Decimal("99.9"), Decimal(10))
    # The fence stands a second before the end of the approval: 300 s - 1 s.
    assert entry.expires_at == from_millis(rig.at_ms) + timedelta(seconds=299)
    assert (stop.leg, stop.kind, stop.side) == (Leg.STOP, OrderKind.TRIGGER_MARKET, Side.SHORT)
    assert (stop.price_usd, stop.quantity_base, stop.expires_at) == (Decimal("98.9"), None, None)
    (planned,) = of(answers, TransactionPlanned)
    assert planned.retry_class is RetryClass.EXPOSURE
    assert planned.intents == tuple(it.id for it in rig.answers[:2])
    assert 16 <= entry.user_order_id < 48 <= stop.user_order_id < 112


def test_planning_again_on_the_same_snapshot_gives_nothing() -> None:
    rig = Rig()
    rig.approve()
    rig.show()
    assert rig.show() == []
    rig.land()
    assert rig.show() == []


_Show = Callable[[Rig], list[Event]]
_SHUT: dict[str, _Show] = {
    "a stale oracle": lambda rig: rig.show(oracle_age=13),
    "a paused market": lambda rig: rig.show(status=MarketStatus.PAUSED),
    "a replaced program": lambda rig: rig.show(status=MarketStatus.REPLACED),
    "too little for fees": lambda rig: rig.show(lamports=19_999_999),
    "an account that may only shrink": lambda rig: rig.show(is_reduce_only=True),
}


@pytest.mark.parametrize("why", _SHUT)
def test_a_shut_gate_holds_the_entry_back(why: str) -> None:
    rig = Rig()
    rig.approve()
    assert not of(_SHUT[why](rig), OrderIntended)
    assert of(rig.show(slots=1), OrderIntended)


def test_while_the_program_is_another_one_a_position_gets_its_stop_and_is_left_on_a_kill() -> None:
    rig = open_long()
    rig.drop(OrderKind.TRIGGER_MARKET)
    answers = rig.show(slots=1, status=MarketStatus.REPLACED)
    (changed,) = of(answers, ModeChanged)
    assert (changed.mode, changed.reason) == (Mode.DEGRADED, "program-replaced")
    assert [it.leg for it in of(answers, OrderIntended)] == [Leg.STOP]
    rig.kill(KillLevel.FLATTEN)
    answers = rig.show(slots=1, status=MarketStatus.REPLACED)
    assert Leg.CLOSE in [it.leg for it in of(answers, OrderIntended)]


def test_an_entry_is_clamped_inside_the_book() -> None:
    rig = Rig()
    rig.price = Decimal("99.8")  # The market came below the entry at 99.9: ask 99.801.
    rig.approve()
    entry = of(rig.show(), OrderIntended)[0]
    assert entry.price_usd == Decimal("99.8")


def test_an_approval_whose_time_is_over_is_closed_visibly() -> None:
    rig = Rig()
    rig.approve(life_s=60)
    rig.show(oracle_age=13)
    # 150 slots of 400 ms are the whole minute.
    (closed,) = of(rig.show(slots=150), SetupClosed)
    assert closed.outcome == "not-started-entry-too-late"


def test_a_second_approval_is_closed_while_one_lives() -> None:
    rig = working()
    second = rig.approve()
    (closed,) = of(rig.show(), SetupClosed)
    assert (closed.setup, closed.outcome) == (second, "not-started-busy")


@pytest.mark.parametrize("times", [1, 49])
def test_a_verdict_that_comes_again_is_passed_over_while_its_setup_lives(times: int) -> None:
    rig = working()
    for _ in range(times):
        rig.tell_again(OrderApproved)
    assert rig.show(slots=1) == []
    rig.fill(Leg.ENTRY)
    assert [it.leg for it in of(rig.show(slots=1), OrderIntended)] == [Leg.TP1, Leg.TP2, Leg.TP3]


def test_a_verdict_that_comes_again_is_passed_over_when_its_setup_is_closed() -> None:
    rig = working()
    rig.kill()
    rig.show()
    rig.land()
    rig.orders.clear()
    rig.end_orders()
    assert of(rig.show(slots=1), SetupClosed)
    rig.resume()
    rig.show()
    rig.tell_again(OrderApproved)
    assert rig.show(slots=1) == []


def test_the_ladder_follows_the_end_of_the_entry() -> None:
    rig = working()
    rig.fill(Leg.ENTRY)
    answers = rig.show(slots=1)
    ladder = of(answers, OrderIntended)
    assert [(it.leg, it.quantity_base) for it in ladder] == [
        (Leg.TP1, Decimal(5)),
        (Leg.TP2, Decimal(3)),
        (Leg.TP3, Decimal(2)),
    ]
    assert [it.price_usd for it in ladder] == [Decimal("100.9"), Decimal("101.9"), Decimal("102.9")]
    assert all(it.is_reduce_only and it.expires_at is None for it in ladder)
    assert [it.retry_class for it in of(answers, TransactionPlanned)] == [RetryClass.PROTECTIVE]


def test_a_slow_entry_gets_its_first_take_profit_early_and_the_rest_later() -> None:
    rig = working()
    rig.fill(Leg.ENTRY, "4")
    assert of(rig.show(slots=1), OrderIntended) == []
    # 30 s after the first fill.
    (tp1,) = of(rig.show(slots=75), OrderIntended)
    assert (tp1.leg, tp1.quantity_base) == (Leg.TP1, Decimal(2))
    rig.land()
    rig.fill(Leg.ENTRY)
    rest = of(rig.show(slots=1), OrderIntended)
    # 8 of 10 are not covered: 30 to 20 parts over TP2 and TP3.
    assert [(it.leg, it.quantity_base) for it in rest] == [
        (Leg.TP2, Decimal("4.8")),
        (Leg.TP3, Decimal("3.2")),
    ]


def test_the_stop_goes_to_break_even_once_tp1_has_filled() -> None:
    rig = open_long()
    rig.price, rig.break_even = Decimal("100.95"), Decimal("99.91")
    rig.fill(Leg.TP1)
    (move,) = of(rig.show(slots=1), ReplaceIntended)
    # 99.91 / (1 - 4 bps) = 99.9500 -> 99.950; / (1 - 2 bps) = 99.970.
    assert (move.leg, move.price_usd, move.expires_at) == (Leg.STOP, Decimal("99.970"), None)
    assert of(rig.show(slots=1), ReplaceIntended) == []


def test_break_even_waits_while_the_market_stands_too_near() -> None:
    rig = open_long()
    rig.price, rig.break_even = Decimal("99.971"), Decimal("99.91")
    rig.fill(Leg.TP1)
    assert of(rig.show(slots=1), ReplaceIntended) == []
    rig.price = Decimal("99.972")  # Two ticks above 99.970.
    assert len(of(rig.show(slots=1), ReplaceIntended)) == 1


def test_a_flat_position_is_swept_and_closed_only_when_all_is_gone() -> None:
    rig = open_long()
    for leg in (Leg.TP1, Leg.TP2, Leg.TP3):
        rig.fill(leg)
    (cancel,) = of(rig.show(slots=1), CancelIntended)
    assert (cancel.leg, cancel.reason) == (Leg.STOP, CancelReason.FLAT)
    assert of(rig.show(slots=1), SetupClosed) == []


def test_a_missing_stop_is_put_up_and_signed_again_under_the_same_number() -> None:
    rig = open_long()
    rig.drop(OrderKind.TRIGGER_MARKET)
    answers = rig.show(slots=1)
    (stop,) = of(answers, OrderIntended)
    first = of(answers, TransactionPlanned)[0]
    assert (stop.leg, first.retry_class, first.urgency) == (
        Leg.STOP,
        RetryClass.PROTECTIVE,
        Urgency.PROTECTIVE,
    )
    assert rig.show(slots=5) == []
    answers = rig.show(slots=1)
    again = of(answers, TransactionPlanned)[0]
    assert of(answers, OrderIntended) == []
    assert (again.intents, again.attempt) == (first.intents, 2)
    # Twice what others pay for protection, doubled: 10,000 x 200 % x 300,000 / 1e6 x 2.
    assert again.priority_fee_lamports == 12_000


def test_a_ladder_that_was_seen_is_not_signed_again_while_its_fate_is_unknown() -> None:
    rig = working()
    rig.fill(Leg.ENTRY)
    ladder = of(rig.show(slots=1), OrderIntended)
    again = of(rig.show(slots=6), TransactionPlanned)
    assert [it.attempt for it in again] == [2]
    rig.rest(ladder[0])
    assert rig.show(slots=6) == []


@pytest.mark.parametrize("kind", [OrderKind.TRIGGER_MARKET, None])
def test_a_ladder_is_not_signed_again_while_the_position_is_left(kind: OrderKind | None) -> None:
    rig = working()
    rig.fill(Leg.ENTRY)
    rig.show(slots=1)
    rig.price = Decimal("98.8")
    rig.show()
    if kind is not None:
        rig.drop(kind)
    leaving = rig.show(slots=9)
    assert types(leaving) in (
        ["order_intended", "transaction_planned"],
        ["trigger_intended", "transaction_planned"],
    )
    assert rig.show() == []


def test_a_position_that_stays_without_a_stop_is_closed_at_the_market() -> None:
    rig = open_long()
    rig.drop(OrderKind.TRIGGER_MARKET)
    rig.show(slots=1)
    closes = [it for it in of(rig.show(slots=16), OrderIntended) if it.leg is Leg.CLOSE]
    assert [(it.kind, it.side, it.quantity_base) for it in closes] == [
        (OrderKind.IMMEDIATE_OR_CANCEL, Side.SHORT, Decimal(10))
    ]
    assert closes[0].price_usd == Decimal("99.5")  # 0.5 % off the oracle at 100.


def test_closes_whose_fate_stays_unknown_are_as_many_as_there_are_numbers() -> None:
    rig = open_long()
    rig.height = rig.slot
    rig.kill(KillLevel.FLATTEN)
    closes = [
        it for _ in range(40) for it in of(rig.show(slots=6), OrderIntended) if it.leg is Leg.CLOSE
    ]
    assert len({it.user_order_id for it in closes}) == len(closes) == 32
    _let_die(rig)
    rig.end_orders(Leg.CLOSE)
    assert [it.leg for it in of(rig.show(slots=6), OrderIntended)] == [Leg.CLOSE]


def test_a_stop_that_would_stand_beyond_the_market_is_not_placed_but_left_for_the_exit() -> None:
    rig = open_long()
    rig.drop(OrderKind.TRIGGER_MARKET)
    rig.price = Decimal("98.9")
    (close,) = of(rig.show(slots=1), OrderIntended)
    assert close.leg is Leg.CLOSE


def test_a_stop_is_placed_beyond_the_market_once_a_close_came_to_nothing() -> None:
    rig = open_long()
    rig.drop(OrderKind.TRIGGER_MARKET)
    rig.price = Decimal("98.9")
    (close,) = of(rig.show(slots=1), OrderIntended)
    rig.land(code=6252)
    rig.end_orders(Leg.CLOSE)
    stops = [it for it in of(rig.show(slots=1), OrderIntended) if it.leg is Leg.STOP]
    assert [(it.kind, it.side, it.quantity_base) for it in stops] == [
        (OrderKind.TRIGGER_MARKET, close.side, None)
    ]


def test_a_stop_that_nobody_fires_is_fired_by_ourselves() -> None:
    rig = open_long()
    rig.price = Decimal("98.8")
    assert of(rig.show(slots=1), TriggerIntended) == []
    assert of(rig.show(slots=8), TriggerIntended) == []
    assert len(of(rig.show(slots=1), TriggerIntended)) == 1


def test_a_stale_entry_is_moved_twice_then_given_up() -> None:
    rig = working()
    for number in (1, 2):
        rig.price += Decimal("0.1")
        moves = of(rig.show(slots=75), ReplaceIntended)
        assert [(it.generation, it.kind) for it in moves] == [(number, OrderKind.POST_ONLY_LIMIT)]
        _let_move(rig, moves[0])
    rig.price += Decimal(1)  # Beyond the chase limit of 0.3 R.
    (cancel,) = of(rig.show(slots=75), CancelIntended)
    assert (cancel.leg, cancel.reason) == (Leg.ENTRY, CancelReason.STALE)


def test_an_entry_that_may_not_move_any_more_is_converted_once_when_it_is_worth_it() -> None:
    rig = working()
    for _ in (1, 2):
        rig.price += Decimal("0.05")
        (move,) = of(rig.show(slots=75), ReplaceIntended)
        _let_move(rig, move)
    rig.price += Decimal("0.05")
    (convert,) = of(rig.show(slots=75), ReplaceIntended)
    assert (convert.kind, convert.reason) == (OrderKind.LIMIT, "convert")
    assert convert.expires_at == from_millis(rig.at_ms) + timedelta(seconds=8)


def _let_move(rig: Rig, move: ReplaceIntended) -> None:
    """Let the venue move an order as asked."""
    rig.land()
    old = next(it for it in rig.orders if it.venue_order_id == move.venue_order_id)
    rig.orders.remove(old)
    rig.next_venue_id += 1
    rig.orders.append(
        old.model_copy(update={"venue_order_id": rig.next_venue_id, "price_usd": move.price_usd})
    )
    rig.replaced(move, rig.next_venue_id)


def test_a_refusal_for_crossing_is_planned_anew_and_counts_as_a_move() -> None:
    rig = Rig()
    rig.approve()
    rig.show()
    rig.land(code=6057)
    setup = rig.state.setup
    assert setup is not None
    assert (setup.replaces, setup.is_sent) == (1, False)
    rig.price = Decimal("99.85")
    rig.end_orders()
    entry = of(rig.show(slots=1), OrderIntended)[0]
    assert entry.price_usd == Decimal("99.85")


def _let_die(rig: Rig) -> None:
    for transaction in rig.state.transactions:
        rig.record(
            TransactionDied(
                account=ACCOUNT,
                market=MARKET,
                transaction=transaction.id,
                signature="1" * 64,
                block_height=rig.slot,
                clock=rig.clock,
            )
        )


def test_an_entry_whose_transaction_died_is_sent_once_more_under_other_numbers() -> None:
    rig = Rig()
    rig.approve()
    first = of(rig.show(), OrderIntended)
    rig.slot += 151
    _let_die(rig)
    rig.end_orders()
    second = of(rig.show(), OrderIntended)
    assert [it.leg for it in second] == [Leg.ENTRY, Leg.STOP]
    numbers = {it.user_order_id for it in (*first, *second)}
    assert len(numbers) == 4


def test_a_kill_cancels_the_entry_by_side_and_keeps_the_stop() -> None:
    rig = working()
    rig.fill(Leg.ENTRY, "4")
    rig.show(slots=1)
    rig.kill()
    answers = rig.show(slots=1)
    assert types(answers) == ["mode_changed", "side_cancel_intended", "transaction_planned"]
    (cancel,) = of(answers, SideCancelIntended)
    assert cancel.side is Side.LONG
    (planned,) = of(answers, TransactionPlanned)
    assert (planned.retry_class, planned.urgency) == (RetryClass.WIDE, Urgency.KILL)
    rig.land()
    rig.orders = [it for it in rig.orders if it.side is Side.SHORT]
    rig.end_orders(Leg.ENTRY)
    assert of(rig.show(slots=1), OrderIntended) == []  # No ladder while killed.


def test_a_kill_keeps_the_stop_while_the_cancel_of_the_entry_is_on_its_way() -> None:
    rig = working()
    rig.kill()
    assert of(rig.show(slots=1), SideCancelIntended) != []

    # Flat, and the entry rests: it may fill before its cancel lands.
    assert rig.show(slots=1) == []

    rig.land()
    rig.orders = [it for it in rig.orders if it.side is Side.SHORT]
    rig.end_orders(Leg.ENTRY)
    (swept,) = of(rig.show(slots=1), CancelIntended)
    assert swept.leg is Leg.STOP


def test_a_flatten_takes_the_position_off_first_and_the_stop_last() -> None:
    rig = open_long()
    rig.kill(KillLevel.FLATTEN)
    (close,) = of(rig.show(slots=1), OrderIntended)
    assert close.leg is Leg.CLOSE
    assert of(rig.show(slots=1), CancelIntended) == []
    rig.position = Decimal(0)
    cancels = of(rig.show(slots=1), CancelIntended)
    assert {it.leg for it in cancels} == {Leg.STOP, Leg.TP1, Leg.TP2, Leg.TP3}


def test_further_exits_may_take_farther() -> None:
    rig = open_long()
    rig.kill(KillLevel.FLATTEN)
    prices = [of(rig.show(slots=6), OrderIntended)[0].price_usd for _ in range(5)]
    # 0.5 %, 1 %, 2 % and 5 % off the oracle at 100, then no farther.
    assert prices == [Decimal(it) for it in ("99.5", "99", "98", "95", "95")]


def test_an_exit_that_found_nobody_is_followed_by_one_that_rests_and_is_waited_for() -> None:
    rig = open_long()
    rig.kill(KillLevel.FLATTEN)
    (at_once,) = of(rig.show(slots=1), OrderIntended)
    assert (at_once.kind, at_once.expires_at) == (OrderKind.IMMEDIATE_OR_CANCEL, None)
    rig.land(code=6252)
    rig.end_orders(Leg.CLOSE)
    (resting,) = of(rig.show(slots=1), OrderIntended)
    assert (resting.kind, resting.is_reduce_only) == (OrderKind.REDUCE_ONLY_LIMIT, True)
    assert resting.price_usd == 99  # 1 % off the oracle at 100.
    ends_at = rig.clock.at + timedelta(seconds=8)
    assert resting.expires_at == ends_at
    rig.land()
    while rig.clock.at + timedelta(seconds=1) < ends_at:
        assert of(rig.show(slots=1), OrderIntended) == []
    (again,) = of(rig.show(slots=5), OrderIntended)
    assert again.kind is OrderKind.IMMEDIATE_OR_CANCEL  # What rested has ended, or is ended by it.
    assert again.price_usd == 98


def test_a_pause_sends_nothing_new_and_leaves_what_rests() -> None:
    rig = working()
    rig.kill(KillLevel.PAUSE_ENTRIES)
    assert types(rig.show(slots=1)) == ["mode_changed"]
    rig.approve()
    (closed,) = of(rig.show(slots=1), SetupClosed)
    assert closed.outcome == "not-started-busy"


def test_a_kill_only_grows_until_a_person_resumes() -> None:
    rig = Rig()
    rig.kill(KillLevel.FLATTEN)
    rig.kill(KillLevel.PAUSE_ENTRIES)
    (changed,) = of(rig.show(), ModeChanged)
    assert changed.mode is Mode.KILL_FLATTEN


def test_nothing_is_sent_once_the_delegate_is_gone() -> None:
    rig = open_long()
    rig.drop(OrderKind.TRIGGER_MARKET)
    assert types(rig.show(slots=1, delegate=DelegateSeen.NONE)) == ["mode_changed"]
    assert rig.show(slots=20, delegate=DelegateSeen.NONE) == []


def test_a_new_delegation_lets_the_position_be_protected_again() -> None:
    rig = open_long()
    rig.drop(OrderKind.TRIGGER_MARKET)
    rig.show(slots=1, delegate=DelegateSeen.FOREIGN)
    (changed, *_) = of(rig.show(slots=1), ModeChanged)
    assert (changed.before, changed.mode) == (Mode.REVOKED, Mode.RUN)
    assert [it.leg for it in of(rig.show(slots=20), OrderIntended)] != []


def test_a_kill_between_a_decision_and_its_record_waits_for_the_next_snapshot() -> None:
    rig = Rig()
    rig.approve()
    heard = rig.state.heard_count
    rig.kill()
    state = rig.core.account(ACCOUNT)
    assert state.heard_count == heard + 1
    assert types(rig.show()) == ["mode_changed", "setup_closed"]


def test_a_foreign_order_is_reported_once_left_alone_and_blocks_entries() -> None:
    rig = Rig()
    rig.orders.append(_foreign())
    rig.approve()
    answers = rig.show()
    assert len(of(answers, ForeignOrderSeen)) == 1
    assert not of(answers, OrderIntended)
    assert rig.show(slots=1) == []


@pytest.mark.parametrize("is_alone", [True, False])
def test_a_side_is_not_taken_back_while_an_order_of_the_owner_rests_on_it(is_alone: bool) -> None:
    rig = working()
    rig.price += Decimal("0.1")
    (move,) = of(rig.show(slots=75), ReplaceIntended)
    if not is_alone:
        rig.orders.append(_foreign())
    answers = rig.show(slots=750)  # The fence is over, and the move has no fate yet.
    assert len(of(answers, SideCancelIntended)) == is_alone
    if not is_alone:
        _let_move(rig, move)
        (cancel,) = of(rig.show(slots=1), CancelIntended)
        assert cancel.leg is Leg.ENTRY


def test_an_entry_that_rests_is_taken_back_by_id_whatever_its_fate_is_said_to_be() -> None:
    rig = Rig()
    rig.approve()
    for order in of(rig.show(), OrderIntended):
        rig.rest(order)
    answers = rig.show(slots=750)  # The fence is over, and nobody tells what became of it.
    assert [it.landed_slot for it in rig.state.transactions] == [None, None]
    (cancel,) = of(answers, CancelIntended)
    assert (cancel.leg, cancel.venue_order_id) == (Leg.ENTRY, 1)
    assert rig.show(slots=1) == []


@pytest.mark.parametrize("level", [None, KillLevel.CANCEL_ENTRIES, KillLevel.FLATTEN])
@pytest.mark.parametrize(("position", "is_smaller"), [("10", False), ("9.99", True)])
def test_a_naked_position_sheds_take_profits_that_would_turn_it_over(
    position: str, level: KillLevel | None, is_smaller: bool
) -> None:
    rig = open_long()
    if level is not None:
        rig.kill(level)
    rig.drop(OrderKind.TRIGGER_MARKET)
    rig.position = Decimal(position)
    answers = rig.show(slots=1)
    shed = {it.leg for it in of(answers, CancelIntended)}
    assert shed == ({Leg.TP1, Leg.TP2, Leg.TP3} if is_smaller else set())
    (exit_,) = of(answers, OrderIntended)
    assert exit_.leg is (Leg.CLOSE if level is KillLevel.FLATTEN else Leg.STOP)
    assert not of(rig.show(slots=1), CancelIntended)


def test_a_position_that_nothing_explains_gets_a_stop() -> None:
    rig = Rig()
    rig.position, rig.cash = Decimal(3), rig.cash - 300
    answers = rig.show()
    (adopted,) = of(answers, PositionAdopted)
    assert adopted.stop_price_usd == 99  # 1 % below the oracle at 100.
    (stop,) = of(answers, OrderIntended)
    assert (stop.leg, stop.price_usd, stop.side) == (Leg.STOP, Decimal(99), Side.SHORT)


def test_a_disagreement_that_lasts_stops_new_risk_until_it_is_over() -> None:
    rig = Rig()
    rig.cash -= Decimal("0.000001")
    assert of(rig.show(), ReconciliationBroke) == []
    answers = rig.show(slots=12)
    (broke,) = of(answers, ReconciliationBroke)
    assert (broke.what, broke.expected, broke.found) == (
        "cash",
        Decimal(100_000),
        Decimal("99999.999999"),
    )
    assert of(answers, ModeChanged)[0].mode is Mode.DEGRADED
    rig.cash += Decimal("0.000001")
    answers = rig.show(slots=1)
    assert len(of(answers, ReconciliationPassed)) == 1
    assert of(answers, ModeChanged)[0].mode is Mode.RUN


@pytest.mark.parametrize(("leg", "reason"), [(Leg.STOP, "stop-protects"), (Leg.ENTRY, None)])
def test_a_person_may_cancel_an_entry_but_no_stop(leg: Leg, reason: str | None) -> None:
    rig = working()
    setup = rig.state.setup
    assert setup is not None
    order = setup.newest(leg)
    assert order is not None
    rig.wish_canceled(order.client_order_id)
    answers = rig.show(slots=1)
    if reason is None:
        (cancel,) = of(answers, CancelIntended)
        assert (cancel.leg, cancel.reason) == (Leg.ENTRY, CancelReason.REQUESTED)
    else:
        (denied,) = of(answers, CancelDenied)
        assert denied.reason == reason


def _foreign() -> ObservedOrder:
    return ObservedOrder(
        venue_order_id=99,
        user_order_id=0,
        side=Side.LONG,
        kind=OrderKind.LIMIT,
        price_usd=Decimal(90),
        quantity_base=Decimal(1),
        filled_base=Decimal(0),
        is_reduce_only=False,
        is_triggered=False,
        expires_at=None,
        slot=1,
    )


def test_entries_wait_a_minute_once_the_venue_refused_three_in_a_row() -> None:
    rig = Rig()
    for _ in range(3):
        rig.approve()
        rig.show(slots=1)
        rig.land(code=6154)
        rig.end_orders()
        rig.show(slots=1)
    rig.approve()
    assert of(rig.show(slots=1), OrderIntended) == []
    assert of(rig.show(slots=150), OrderIntended)


def test_an_exit_that_is_refused_is_tried_again_within_seconds_for_ever() -> None:
    rig = open_long()
    rig.drop(OrderKind.TRIGGER_MARKET)
    rig.price = Decimal(98)
    exits: list[int] = []
    for _ in range(60):
        if of(rig.show(slots=3), OrderIntended):
            exits.append(rig.slot)
            rig.land(code=6035)
            rig.end_orders(Leg.CLOSE)
    waits = [after - before for before, after in pairwise(exits)]
    # Three in a row, then 12 slots: some 5 s.
    assert max(waits) <= 18
    assert len(waits) > 20
