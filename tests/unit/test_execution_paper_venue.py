"""The paper venue's rules: when an order lands, fills, moves or ends. Each is on the safe side."""

import asyncio
from decimal import Decimal

import pytest

from contracts.event import Event
from contracts.ids import AccountId
from contracts.order import (
    CancelReason,
    EntryWentStale,
    OrderCanceled,
    OrderFilled,
    OrderPlaced,
    OrderRejected,
    OrderReplaced,
    ReplaceIntended,
    StopTriggered,
)
from contracts.ticks import Trade
from contracts.values import Leg, Liquidity, Side
from execution.domain.errors import Action
from execution.venues.paper.fees import FEES
from execution.venues.paper.rules import BadPrint, PaperRules, PaperVenue
from execution.venues.port import SnapshotTooOld, Venue, VenueError
from kit.execution_events import (
    BEGIN_MS,
    a_cancel,
    a_kill,
    a_print,
    an_approval,
    at,
)
from kit.execution_rig import Rig, types


def approved(rig: Rig | None = None, *, side: Side = Side.LONG) -> Rig:
    """Intend the default setup at the exchange time of a print that is away from it."""
    rig = rig or Rig()
    rig.print("100.5" if side is Side.LONG else "99.5")
    rig.record(an_approval(side=side, milliseconds=rig.now_ms))
    return rig


def only(rig: Rig, kind: type[Event]) -> Event:
    (event,) = rig.events(kind)
    return event


# Landing


def test_an_order_lands_at_the_first_print_after_its_latency() -> None:
    rig = approved()
    assert types(rig.print("100.5", after_ms=399)) == []
    assert types(rig.print("100.5", after_ms=1)) == ["order_placed", "order_placed"]
    placed = rig.events(OrderPlaced)[0]
    assert (placed.clock.at, placed.clock.trade_id) == (at(1_400), 3)


def test_the_print_at_which_an_order_lands_does_not_fill_it() -> None:
    rig = approved()
    rig.print("100", seller=True)  # at the limit: it joins the bid
    assert rig.events(OrderFilled) == []


@pytest.mark.parametrize(
    ("price", "seller", "is_refused"),
    [
        ("99.999", True, True),
        ("99.999", False, True),
        ("100", False, True),  # a buyer lifted the ask at our price: we would take it
        ("100", True, False),
        ("100.001", False, False),
    ],
)
def test_a_post_only_entry_that_would_cross_is_refused(
    price: str, *, seller: bool, is_refused: bool
) -> None:
    rig = approved()
    rig.print(price, seller=seller)
    assert bool(rig.events(OrderRejected)) is is_refused
    if is_refused:
        rejected = rig.events(OrderRejected)[0]
        assert (rejected.code, rejected.last_price_usd) == (6057, Decimal(price))


def test_an_entry_whose_time_is_over_before_it_lands_never_rests() -> None:
    rig = Rig()
    rig.print("100.5")
    rig.record(an_approval(milliseconds=rig.now_ms, lives_ms=399))
    rig.print("100.5")
    ended = rig.events(OrderCanceled)[0]
    assert (ended.leg, ended.reason, ended.unfilled_base) == (Leg.ENTRY, CancelReason.EXPIRED, 10)
    assert [it.leg for it in rig.events(OrderPlaced)] == [Leg.STOP]


# Fills of the entry


@pytest.mark.parametrize(
    ("side", "touch", "through"), [(Side.LONG, "100", "99.999"), (Side.SHORT, "100", "100.001")]
)
def test_a_touch_is_no_fill_and_a_print_through_is(side: Side, touch: str, through: str) -> None:
    rig = approved(side=side)
    rig.prints("100.5" if side is Side.LONG else "99.5", touch)
    assert rig.events(OrderFilled) == []
    rig.print(through)
    (fill,) = rig.events(OrderFilled)
    assert (fill.price_usd, fill.quantity_base, fill.side) == (100, 10, side)
    assert fill.liquidity is Liquidity.MAKER
    assert fill.fee_usd == Decimal("-0.025")  # 0.25 bp of 1000
    assert fill.position_after_base == side.sign * 10


def test_a_fill_is_at_most_the_prints_quantity_in_whole_steps() -> None:
    rig = approved()
    rig.print("100.5")
    rig.print("99.9", quantity="3.019")
    rig.print("99.9", quantity="0.009")
    rig.print("99.9", quantity="50")
    fills = rig.events(OrderFilled)
    assert [it.quantity_base for it in fills] == [Decimal("3.01"), Decimal("6.99")]
    assert [it.remaining_base for it in fills] == [Decimal("6.99"), 0]


def test_a_fill_is_named_by_market_print_and_order() -> None:
    rig = approved()
    rig.prints("100.5", "99.9")
    (fill,) = rig.events(OrderFilled)
    assert fill.fill_id == f"sol-perp-3-{fill.client_order_id}"
    recorded = next(it for it in rig.log if it.event == fill)
    intent = next(it for it in rig.log if it.event.event_type == "order_intended")
    assert recorded.causation_id == intent.id
    assert recorded.subject.startswith("fills.")


def test_nothing_fills_after_the_entrys_time_is_over() -> None:
    rig = Rig()
    rig.print("100.5")
    rig.record(an_approval(milliseconds=rig.now_ms, lives_ms=2_000))
    rig.print("100.5")
    rig.print("100.4", after_ms=1_000)  # exactly at the end: it still rests
    assert rig.held(Leg.ENTRY) is not None
    rig.print("90", after_ms=1)
    assert rig.filled(Leg.ENTRY) == []
    assert rig.events(OrderCanceled)[0].reason is CancelReason.EXPIRED


# The stop


def test_a_stop_waits_for_its_keeper_and_fills_at_the_worse_of_print_and_trigger() -> None:
    rig = approved()
    rig.prints("100.5", "99.9", "99")  # at the trigger: not beyond it
    assert rig.events(StopTriggered) == []
    rig.print("98.999")
    assert only(rig, StopTriggered)
    rig.print("90", after_ms=999)
    assert rig.filled(Leg.STOP) == []
    rig.print("99.5", after_ms=1)  # the market is back, but we are not paid for it
    (fill,) = rig.filled(Leg.STOP)
    assert fill.price_usd == Decimal("98.980")  # 99 less 2 bp is 98.9802, down to the tick
    assert fill.liquidity is Liquidity.TAKER
    assert fill.fee_usd == Decimal("0.395920")  # 4 bp of 989.80
    assert fill.realized_pnl_usd == Decimal("-10.2")  # 10 x (98.98 - 100)
    assert (fill.quantity_base, fill.position_after_base) == (10, 0)


def test_a_gap_through_the_stop_is_paid_in_full() -> None:
    rig = approved()
    rig.prints("100.5", "99.9", "98", "95")
    assert rig.filled(Leg.STOP)[0].price_usd == Decimal("94.981")  # 95 x 0.9998


def test_a_stop_of_a_short_buys_above() -> None:
    rig = approved(side=Side.SHORT)
    rig.prints("99.5", "100.1", "101.5", "102")
    (fill,) = rig.filled(Leg.STOP)
    assert fill.price_usd == Decimal("102.021")  # 102 x 1.0002 = 102.0204, up to the tick
    assert fill.side is Side.LONG


def test_a_stop_does_not_trigger_while_flat() -> None:
    rig = approved()
    rig.print("98.5")  # the entry is refused; the stop lands and has nothing to protect
    assert rig.events(StopTriggered) == []


def test_a_stop_whose_position_is_gone_when_the_keeper_comes_is_taken_out() -> None:
    rig = approved(Rig(rules=PaperRules(keeper_delay_ms=60_000)))
    rig.prints("100.5", "99.9", "100.2", "98.9")
    rig.prints("104", after_ms=1_000)
    assert rig.position() == 0
    rig.print("104", after_ms=100)
    rig.print("104", after_ms=60_000)
    assert [it.reason for it in rig.events(OrderCanceled)] == [CancelReason.FLAT]


# Take-profits


def test_take_profits_fill_as_maker_at_their_price_and_share_the_prints_quantity() -> None:
    rig = approved()
    rig.prints("100.5", "99.9", "100.2")
    rig.print("105", quantity="6")
    fills = rig.events(OrderFilled)[1:]
    assert [(it.leg, it.price_usd, it.quantity_base) for it in fills] == [
        (Leg.TP1, 101, 5),
        (Leg.TP2, 102, 1),
    ]
    assert {it.liquidity for it in fills} == {Liquidity.MAKER}
    rig.print("105", quantity="100")
    assert rig.position() == 0


def test_a_take_profit_that_the_market_has_passed_takes_on_arrival() -> None:
    rig = approved()
    rig.prints("100.5", "99.9")
    rig.print("101.5")  # the ladder lands above TP1
    (fill,) = rig.filled(Leg.TP1)
    assert (fill.price_usd, fill.liquidity) == (101, Liquidity.TAKER)
    assert fill.fee_usd == Decimal("0.202")  # 4 bp of 505


def test_of_two_exits_at_one_print_the_stop_comes_first() -> None:
    rig = approved()
    rig.prints("100.5", "99.9", "100.2", "98.9")
    rig.print("104")
    assert [it.leg for it in rig.events(OrderFilled)] == [Leg.ENTRY, Leg.STOP]


def test_the_venue_has_no_oco() -> None:
    rig = approved()
    rig.prints("100.5", "99.9", "100.2", "98.9", "98.9")
    assert rig.position() == 0
    assert {it.leg for it in rig.book().orders} == {Leg.TP1, Leg.TP2, Leg.TP3}
    rig.print("105", after_ms=100)  # before the sweep lands: reduce-only, so nothing fills
    assert rig.position() == 0


# Replace and cancel


def stale(rig: Rig) -> Rig:
    """Bring the entry to where a replace to 100.199 is on its way."""
    rig.print("100.5")
    rig.print("100.2", after_ms=30_000)
    return rig


def test_a_resting_entry_that_the_market_left_is_called_stale() -> None:
    rig = approved()
    rig.print("100.5")  # placed
    rig.print("100.03", after_ms=30_000)  # 3 bp: not more than the distance
    assert rig.events(EntryWentStale) == []
    rig.print("100.04", after_ms=1)
    (event,) = rig.events(EntryWentStale)
    assert (event.last_price_usd, event.resting_ms) == (Decimal("100.04"), 30_001)


def test_a_replace_keeps_the_unfilled_remainder_and_the_age_starts_anew() -> None:
    rig = approved()
    rig.print("100.5")
    rig.print("99.9", quantity="4")
    rig.print("100.2", after_ms=30_000)
    rig.print("100.2")
    (moved,) = rig.events(OrderReplaced)
    assert (moved.generation, moved.price_usd) == (1, Decimal("100.199"))
    entry = rig.held(Leg.ENTRY)
    assert entry is not None
    assert entry.unfilled_base == 6
    assert entry.since_ms == BEGIN_MS + rig.now_ms


def test_a_fill_before_a_replace_lands_counts_and_the_replace_fails() -> None:
    rig = stale(approved())
    rig.print("99.9", after_ms=100)  # filled at 100 before the replace lands
    rig.print("100.2")
    rejected = rig.events(OrderRejected)[0]
    assert (rejected.leg, rejected.code) == (Leg.ENTRY, 6061)
    assert rig.position() == 10


def test_a_replace_that_would_cross_leaves_the_old_order() -> None:
    rig = stale(approved())
    rig.print("100.1")
    rejected = rig.events(OrderRejected)[0]
    assert rejected.code == 6057
    entry = rig.held(Leg.ENTRY)
    assert entry is not None
    assert (entry.price_usd, entry.generation) == (100, 0)


def test_a_replace_of_another_generation_fails() -> None:
    rig = stale(approved())
    late = next(it for it in rig.log if isinstance(it.event, ReplaceIntended))
    rig.print("100.2")
    assert isinstance(late.event, ReplaceIntended)
    rig.standing.venue.on_intent(late, late.event)  # the same command once more
    assert types(rig.print("100.2"))[0] == "order_rejected"
    assert rig.events(OrderRejected)[0].code == 6061


def test_a_triggered_stop_is_not_moved() -> None:
    rig = approved()
    rig.prints("100.5", "99.9", "100.2")
    rig.print("101.5")  # TP1: the stop is to move to break-even
    rig.print("98.9", after_ms=100)  # but fires first
    rig.print("98.9", after_ms=300)
    rejected = rig.events(OrderRejected)[0]
    assert (rejected.leg, rejected.code) == (Leg.STOP, 6110)
    rig.print("98.9")
    assert rig.position() == 0


def test_a_fill_before_a_cancel_lands_counts() -> None:
    rig = approved()
    rig.print("100.5")
    rig.record(a_kill())
    rig.print("99.9", after_ms=399)
    assert rig.position() == 10
    assert (
        types(rig.print("99.95", after_ms=10)) == []
    )  # the cancel finds nothing, and says nothing


def test_a_cancel_that_landed_saves_from_the_print_at_which_it_landed() -> None:
    rig = approved()
    rig.print("100.5")
    entry = rig.held(Leg.ENTRY)
    assert entry is not None
    rig.record(a_cancel(entry.client_order_id))
    rig.print("90", after_ms=400)
    assert rig.filled(Leg.ENTRY) == []


# The clock


def test_a_print_that_came_before_changes_nothing() -> None:
    rig = approved()
    rig.print("100.5")
    before = rig.standing.venue.dump()
    again = a_print(rig.trade_id, "50", milliseconds=rig.now_ms)
    assert rig.standing.venue.on_print(again) == []
    assert rig.standing.venue.dump() == before


def test_a_late_print_does_not_turn_the_clock_back() -> None:
    rig = approved()
    rig.print("100.5")
    rig.print("99.9", after_ms=-900)
    (fill,) = rig.events(OrderFilled)
    assert fill.clock.at == at(2_000)


@pytest.mark.parametrize(
    ("price", "quantity"), [("NaN", "1"), ("-1", "1"), ("1e5", "1"), ("1", "0")]
)
def test_a_print_without_positive_numbers_changes_nothing(price: str, quantity: str) -> None:
    rig = approved()
    trade = Trade(i=99, t=BEGIN_MS + 5_000, p=price, q=quantity, m=True)
    with pytest.raises(BadPrint):
        rig.standing.venue.on_print(trade)
    assert rig.standing.venue.last_trade_id == rig.trade_id


def test_accounts_do_not_see_each_other() -> None:
    rig = Rig(accounts=("b", "a"))
    rig.print("100.5")
    for account in ("b", "a"):
        rig.record(an_approval(account=account, milliseconds=rig.now_ms))
    rig.prints("100.5")
    rig.print("99.9", quantity="10")
    fills = rig.events(OrderFilled)
    assert [(it.account, it.quantity_base) for it in fills] == [("a", 10), ("b", 10)]


# Restart and port


def test_the_venue_is_a_fold_of_the_log() -> None:
    rig = approved(Rig(rules=PaperRules(fees=FEES["drift"])))
    rig.prints("100.5", "99.9", "100.2", "101.5", "101.4", "100", "99.9")
    rebuilt = Rig(rules=rig.rules, accounts=()).standing
    for recorded in rig.log:
        rebuilt.fold(recorded)
    venue = PaperVenue(rig.rules)
    venue.load(rig.standing.venue.dump())
    assert rebuilt.venue.book("local") == rig.book() == venue.book("local")
    assert venue.last_trade_id == rig.trade_id


def test_the_snapshot_shows_what_the_venue_holds() -> None:
    rig = approved()
    rig.prints("100.5", "99.9", "100.2")
    venue: Venue = rig.standing.venue
    snapshot = asyncio.run(venue.snapshot(AccountId("local"), min_slot=rig.trade_id))
    assert snapshot.slot == rig.trade_id
    assert (snapshot.position_base, snapshot.average_entry_usd) == (10, 100)
    assert [it.leg for it in snapshot.orders] == [Leg.STOP, Leg.TP1, Leg.TP2, Leg.TP3]
    assert asyncio.run(venue.snapshot(AccountId("nobody"))).orders == ()
    with pytest.raises(SnapshotTooOld, match="expected a snapshot at trade 99 or later, found 4"):
        asyncio.run(venue.snapshot(AccountId("local"), min_slot=99))


def test_refusals_have_classes() -> None:
    venue = PaperVenue(PaperRules())
    assert venue.classify(VenueError(6057, "")) is Action.REPLAN_PRICE
    assert venue.classify(VenueError(6061, "")) is Action.REREAD
    assert venue.classify(VenueError(2003, "")) is Action.STOP_ALL
    assert venue.classify(VenueError(1, "")) is Action.GIVE_UP
    assert venue.capabilities.stop_covers_all
