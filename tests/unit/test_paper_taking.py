"""Stops fire, and takers take, at modelled prices (execution.md 2.7, 2.8, 2.11)."""

from decimal import Decimal

import pytest

from contracts.order import CancelReason
from contracts.values import Liquidity, OrderKind, Side, from_millis
from contracts.venue import MarketStatus
from execution.venues.paper.codes import Code
from execution.venues.port import (
    EndedRecord,
    FeeRecord,
    FilledRecord,
    PlacedRecord,
    TriggeredRecord,
)
from kit.paper_chain import (
    ACCOUNT,
    BEGIN_MS,
    LONG,
    SHORT,
    Desk,
    a_cancel,
    a_stop,
    a_take,
    a_target,
    a_trigger,
    an_order,
    calm,
    ids,
    long_position,
)


def short_position(desk: Desk, quantity: str = "1") -> None:
    desk.place(an_order(SHORT, "100.01", quantity))
    desk.buy("100.011", quantity)
    assert desk.seen.position_base == -Decimal(quantity)


# Firing


@pytest.mark.parametrize(
    ("price", "is_fired"), [("98.001", False), ("98", False), ("97.999", True)]
)
def test_a_stop_of_a_long_fires_strictly_below_its_price(price: str, *, is_fired: bool) -> None:
    desk = Desk()
    long_position(desk)
    desk.place(a_stop(SHORT, "98"))
    desk.sell(price)
    desk.wait(10_000)
    assert bool(desk.told(TriggeredRecord)) is is_fired
    assert (desk.seen.position_base == 0) is is_fired


@pytest.mark.parametrize(("price", "is_fired"), [("102", False), ("102.001", True)])
def test_a_stop_of_a_short_fires_strictly_above_its_price(price: str, *, is_fired: bool) -> None:
    desk = Desk()
    short_position(desk)
    desk.place(a_stop(LONG, "102"))
    desk.buy(price)
    desk.wait(10_000)
    assert bool(desk.told(TriggeredRecord)) is is_fired
    assert (desk.seen.position_base == 0) is is_fired


def test_a_stop_waits_for_its_keeper_and_its_auction() -> None:
    desk = Desk(calm(auction_slots=20))
    long_position(desk)
    (stop,) = desk.place(a_stop(SHORT, "98"))
    desk.sell("97.9")
    desk.wait(999)
    assert desk.told(TriggeredRecord) == []
    desk.wait(1)
    (fired,) = desk.told(TriggeredRecord)
    assert (fired.venue_order_id, fired.trigger_price_usd) == (stop, Decimal("97.9"))
    (order,) = desk.seen.orders
    assert order.is_triggered
    desk.wait(399)
    assert len(desk.fills) == 1  # the entry's; an auction's first slot is 400 ms away
    desk.wait(20 * 400)
    assert len(desk.fills) == 2
    assert desk.fills[1].remaining_base == 0


def test_a_stop_fills_where_the_market_is_then_less_spread_and_impact() -> None:
    desk = Desk()
    long_position(desk, "10")
    desk.place(a_stop(SHORT, "98"))
    desk.sell("97.9")
    desk.sell("97", after_ms=500)
    desk.wait(500)
    fill = desk.fills[-1]
    # 97 less 2 bp; 970 USD of 250,000 a percent: 0.388 bp -> 96.97684, down to the tick
    assert (fill.price_usd, fill.liquidity) == (Decimal("96.976"), Liquidity.TAKER)
    assert fill.fee_usd == Decimal("0.387904")  # 4 bp of 969.76
    assert fill.position_after_base == 0


def test_a_fired_stop_pays_the_takers_fee_and_the_flat_fee_for_its_firing_and_its_end() -> None:
    desk = Desk()
    long_position(desk)
    desk.place(a_stop(SHORT, "98"))
    desk.sell("97.9")
    desk.wait(1_000)
    cent = Decimal("0.01")
    fees = [(it.reason, it.fee_usd) for it in desk.told(FeeRecord)]
    assert fees == [("trigger", cent), ("reduce-only", cent)]
    kinds = [type(it) for it in desk.all_records[-4:]]
    assert kinds == [TriggeredRecord, FeeRecord, FilledRecord, FeeRecord]


def test_of_a_fired_stop_with_a_size_nothing_is_left_to_be_ended_for_a_fee() -> None:
    desk = Desk()
    long_position(desk)
    desk.place(a_stop(SHORT, "98", "1"))
    desk.sell("97.9")
    desk.wait(1_000)
    assert desk.seen.position_base == 0
    assert [it.reason for it in desk.told(FeeRecord)] == ["trigger"]


def test_a_keeper_without_delay_acts_at_the_print() -> None:
    desk = Desk(calm(keeper_ms=((0, 0), (1_000, 0))))
    long_position(desk)
    desk.place(a_stop(SHORT, "98"))
    desk.sell("97.9")
    assert desk.seen.position_base == 0
    assert desk.told(TriggeredRecord)[0].trade_id == desk.trade_id


def test_a_keeper_that_finds_the_market_back_does_nothing() -> None:
    desk = Desk()
    long_position(desk)
    desk.place(a_stop(SHORT, "98"))
    desk.sell("97.9")
    desk.buy("98.5", after_ms=500)
    desk.wait(10_000)
    assert desk.told(TriggeredRecord) == []
    desk.sell("97.9")  # and the next time it is noticed again
    desk.wait(1_000)
    assert len(desk.told(TriggeredRecord)) == 1


def test_a_stop_that_is_beyond_the_market_when_it_comes_is_noticed_at_once() -> None:
    desk = Desk()
    long_position(desk)
    desk.place(a_stop(SHORT, "101"))
    desk.wait(1_000)
    assert desk.seen.position_base == 0


def test_a_stop_fills_in_parts_when_it_is_large() -> None:
    desk = Desk(calm(auction_fill_usd_max=Decimal(49_000)))
    long_position(desk, "1100")
    desk.place(a_stop(SHORT, "98.01"))
    desk.sell("98")
    desk.wait(1_000)
    assert [it.quantity_base for it in desk.fills[1:]] == [500]  # 49,000 USD of 98 each
    assert desk.fills[1].remaining_base == 600
    desk.wait(2_000)
    assert [it.quantity_base for it in desk.fills[1:]] == [500, 500, 100]


def test_a_stop_fill_is_bounded() -> None:
    desk = Desk(calm(taker_bound_bps=Decimal(3)))
    long_position(desk, "100")
    desk.place(a_stop(SHORT, "98.01"))
    desk.sell("98")
    desk.wait(1_000)
    # 97.9706, on the tick 97.971: 295 ppm less 200 of spread buy 95 of 10,000 of 250,000 USD
    assert desk.fills[1].price_usd == Decimal("97.971")
    assert desk.fills[1].quantity_base == Decimal("24.23")  # 2,375 USD of 98 each


@pytest.mark.parametrize("status", [MarketStatus.PAUSED, MarketStatus.FILLS_PAUSED])
def test_no_stop_fires_while_the_market_is_paused(status: MarketStatus) -> None:
    desk = Desk()
    long_position(desk)
    desk.place(a_stop(SHORT, "98"))
    desk.chain.set_status(status)
    desk.sell("97")
    desk.wait(10_000)
    assert desk.told(TriggeredRecord) == []
    desk.chain.set_status(MarketStatus.ACTIVE)
    desk.wait(1_000)
    assert desk.seen.position_base == 0


def test_no_stop_fires_on_a_stale_oracle() -> None:
    desk = Desk()
    long_position(desk)
    (stop,) = desk.place(a_stop(SHORT, "98"))
    desk.sell("97")
    desk.chain.weather.oracle_is_frozen = True
    desk.chain.weather.keeper_is_down = True
    desk.wait(121 * 400)
    desk.chain.weather.keeper_is_down = False
    assert desk.code(a_trigger(stop)) == Code.INVALID_ORACLE
    desk.wait(10_000)
    assert desk.told(TriggeredRecord) == []
    desk.chain.weather.oracle_is_frozen = False
    desk.sell("97")
    desk.wait(1_000)
    assert desk.seen.position_base == 0


# Firing by ourselves


def test_we_fire_our_own_stop_without_the_flat_fee() -> None:
    desk = Desk()
    long_position(desk)
    (stop,) = desk.place(a_stop(SHORT, "98"))
    desk.chain.weather.keeper_is_down = True
    desk.sell("97.9")
    assert desk.code(a_trigger(stop)) is None
    assert desk.told(FeeRecord) == []
    assert desk.told(TriggeredRecord)[0].trigger_price_usd == Decimal("97.9")


@pytest.mark.parametrize(
    ("side", "price", "code"),
    [
        (SHORT, "98", Code.TRIGGER_CONDITION_UNMET),
        (SHORT, "97.999", None),
        (LONG, "98", Code.TRIGGER_CONDITION_UNMET),
        (LONG, "98.001", None),
    ],
)
def test_our_own_trigger_needs_the_strict_condition(
    side: Side, price: str, code: Code | None
) -> None:
    desk = Desk()
    (stop,) = desk.place(a_stop(side, "98"))
    desk.sell(price)
    assert desk.code(a_trigger(stop)) == code


def test_what_is_no_stop_or_not_open_cannot_be_fired() -> None:
    desk = Desk()
    entry, stop = desk.place(an_order(), a_stop())
    assert desk.code(a_trigger(entry)) == Code.NOT_TRIGGERABLE
    desk.place(a_cancel(stop))
    assert desk.code(a_trigger(stop)) == Code.ORDER_NOT_OPEN


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (MarketStatus.PAUSED, Code.PLACING_PAUSED),
        (MarketStatus.FILLS_PAUSED, Code.FILLING_PAUSED),
        (MarketStatus.HALTED, Code.EXCHANGE_PAUSED),
    ],
)
def test_our_own_trigger_is_refused_while_the_market_is_paused(
    status: MarketStatus, code: Code
) -> None:
    desk = Desk()
    (stop,) = desk.place(a_stop(SHORT, "98"))
    desk.sell("97")
    desk.chain.set_status(status)
    assert desk.code(a_trigger(stop)) == code


# A stop without a position, and stops with a time


def test_a_stop_that_fires_while_flat_is_taken_off_and_the_next_fill_is_naked() -> None:
    desk = Desk()
    desk.place(an_order(LONG, "99.9", "2"), a_stop(SHORT, "99.5"))
    desk.buy("99.4")  # a gap that no seller printed: the entry does not fill
    desk.wait(1_000)
    ended = desk.told(EndedRecord)
    assert [(it.user_order_id, it.reason) for it in ended] == [(48, CancelReason.REDUCE_ONLY)]
    assert [it.reason for it in desk.told(FeeRecord)] == ["trigger", "reduce-only"]
    desk.sell("99.3", "2")
    assert desk.seen.position_base == 2
    assert desk.seen.orders == ()


def test_a_stop_never_expires() -> None:
    desk = Desk()
    long_position(desk)
    desk.place(a_stop(SHORT, "98"))
    desk.wait(7 * 24 * 3_600_000)
    desk.sell("97")
    desk.wait(1_000)
    assert desk.seen.position_base == 0


def test_a_stop_with_a_time_stays_open_after_it_and_nobody_fires_it() -> None:
    desk = Desk()
    long_position(desk)
    (stop,) = desk.place(a_stop(SHORT, "98", expires_ms=5_000))
    desk.wait(60_000)
    desk.sell("97")
    desk.wait(60_000)
    assert ids(desk) == [stop]
    assert desk.told(TriggeredRecord) == []
    assert desk.seen.position_base == 1


def test_a_fired_stop_is_forgotten_when_its_time_ends_in_the_auction() -> None:
    desk = Desk(calm(auction_slots=20))
    long_position(desk)
    (stop,) = desk.place(a_stop(SHORT, "98", expires_ms=2_000))
    desk.sell("97", after_ms=800)
    desk.wait(60_000)
    assert len(desk.told(TriggeredRecord)) == 1
    assert desk.seen.position_base == 1
    assert ids(desk) == [stop]


def test_placing_does_not_expire_a_stop() -> None:
    desk = Desk()
    (stop,) = desk.place(a_stop(SHORT, "98", expires_ms=500))
    desk.wait(1_000)
    desk.place(an_order())
    assert stop in ids(desk)


# No OCO


def test_a_takers_fill_that_closes_everything_takes_off_the_other_stops() -> None:
    desk = Desk()
    long_position(desk)
    first, second = desk.place(a_stop(SHORT, "98", number=48), a_stop(SHORT, "97", number=49))
    desk.sell("97.9")
    desk.wait(1_000)
    assert desk.seen.position_base == 0
    assert desk.seen.orders == ()
    (ended,) = desk.told(EndedRecord)
    assert (ended.venue_order_id, ended.reason) == (second, CancelReason.REDUCE_ONLY)
    fees = [(it.venue_order_id, it.reason) for it in desk.told(FeeRecord)]
    assert fees == [(first, "trigger"), (first, "reduce-only")]  # none for what is swept


def test_a_stop_that_was_fired_is_not_swept_but_taken_off_for_a_fee() -> None:
    desk = Desk()
    long_position(desk)
    first, second = desk.place(a_stop(SHORT, "98", number=48), a_stop(SHORT, "97.9", number=49))
    desk.sell("97.9")
    desk.chain.weather.keeper_is_down = True
    desk.sell("97.8")
    assert desk.code(a_trigger(second)) is None  # it is in its auction, where nobody comes
    desk.place(a_take(SHORT, "90", "1"))
    assert ids(desk) == [second]  # the other one was swept
    desk.chain.weather.keeper_is_down = False
    desk.wait(1_000)
    assert [it.venue_order_id for it in desk.told(EndedRecord)] == [first, second]
    assert [it.reason for it in desk.told(FeeRecord)] == ["reduce-only"]


def test_a_stop_out_leaves_the_targets_and_so_the_other_stops() -> None:
    desk = Desk()
    long_position(desk)
    _, second, target = desk.place(
        a_stop(SHORT, "98", number=48), a_stop(SHORT, "97", number=49), a_target(SHORT, "101")
    )
    desk.sell("97.9")
    desk.wait(1_000)
    assert desk.seen.position_base == 0
    assert ids(desk) == [second, target]


# Taking at once


def test_taking_at_once_fills_at_the_modelled_price_and_leaves_no_order() -> None:
    desk = Desk()
    long_position(desk, "10")
    desk.place(a_take(SHORT, "99", "10"))
    fill = desk.fills[-1]
    # 99.999 less 2 bp and 999.99 USD of impact, 0.4 bp: 99.97500…, down to the tick
    assert (fill.price_usd, fill.quantity_base) == (Decimal("99.975"), 10)
    assert fill.liquidity is Liquidity.TAKER
    assert desk.seen.orders == ()
    assert [type(it) for it in desk.all_records[-2:]] == [PlacedRecord, FilledRecord]


def test_taking_at_once_takes_a_part_up_to_its_price_and_ends() -> None:
    desk = Desk()
    long_position(desk, "100")
    desk.sell("100")
    desk.place(a_take(SHORT, "99.97", "100"))
    fill, ended = desk.fills[-1], desk.told(EndedRecord)[-1]
    assert (fill.price_usd, fill.quantity_base) == (Decimal("99.97"), 25)  # 1 bp of impact
    assert (ended.reason, ended.unfilled_base) == (CancelReason.EXPIRED, 75)
    assert desk.seen.position_base == 75


def test_an_exit_at_once_without_an_offer_is_refused() -> None:
    desk = Desk()
    long_position(desk)
    assert desk.code(a_take(SHORT, "100", "1")) == Code.IMPOSSIBLE_FILL
    assert desk.seen.position_base == 1
    assert desk.told(EndedRecord) == []


def test_an_exit_at_once_with_nothing_to_close_is_no_error() -> None:
    desk = Desk()
    assert desk.code(a_take(SHORT, "99", "1")) is None
    assert [it.reason for it in desk.told(EndedRecord)] == [CancelReason.REDUCE_ONLY]


def test_an_exit_at_once_whose_time_is_over_finds_no_order() -> None:
    desk = Desk()
    long_position(desk)
    late = a_take(SHORT, "99", "1").model_copy(update={"expires_at": from_millis(BEGIN_MS - 1_000)})
    assert desk.code(late) == Code.ORDER_DOES_NOT_EXIST
    assert desk.seen.position_base == 1


def test_taking_at_once_is_capped_to_the_position_and_never_flips_it() -> None:
    desk = Desk()
    long_position(desk, "1")
    desk.place(a_take(SHORT, "99", "5"))
    assert desk.seen.position_base == 0
    ended = desk.told(EndedRecord)[-1]
    assert (ended.reason, ended.unfilled_base) == (CancelReason.REDUCE_ONLY, 4)
    assert desk.told(FeeRecord) == []


def test_taking_at_once_while_flat_does_nothing() -> None:
    desk = Desk()
    assert desk.code(a_take(SHORT, "99", "1")) is None
    assert desk.fills == []
    assert desk.told(EndedRecord)[-1].reason is CancelReason.REDUCE_ONLY


def test_a_taker_that_is_not_reduce_only_opens_a_position() -> None:
    desk = Desk()
    desk.place(a_take(LONG, "101", "2", reduce_only=False))
    assert desk.seen.position_base == 2


def test_the_owner_may_take_by_hand() -> None:
    desk = Desk()
    desk.chain.place_foreign(
        ACCOUNT,
        side=SHORT,
        kind=OrderKind.IMMEDIATE_OR_CANCEL,
        price_usd=Decimal(99),
        quantity_base=Decimal(3),
    )
    assert desk.seen.position_base == -3
    assert {it.user_order_id for it in desk.fills} == {0}


@pytest.mark.parametrize("side", [LONG, SHORT])
def test_a_taker_pays_the_worse_of_mark_and_last_price(side: Side) -> None:
    desk = Desk()
    desk.chain.weather.oracle_is_frozen = True
    desk.print("101" if side is LONG else "99", seller=side is SHORT)
    desk.place(a_take(side, "104" if side is LONG else "96", "1", reduce_only=False))
    worse = Decimal(101) if side is LONG else Decimal(99)
    assert side.sign * (desk.fills[0].price_usd - worse) > 0
