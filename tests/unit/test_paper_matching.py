"""Resting orders of the paper chain fill from prints alone (execution.md 7.1, 7.2)."""

from decimal import Decimal

import pytest

from contracts.order import CancelReason
from contracts.values import Liquidity, OrderKind, Side
from contracts.venue import MarketStatus
from execution.venues.port import EndedRecord, FeeRecord
from kit.paper_chain import (
    ACCOUNT,
    LONG,
    SHORT,
    Desk,
    a_cancel,
    a_stop,
    a_target,
    an_order,
    calm,
    long_position,
)


@pytest.mark.parametrize(
    ("side", "ours", "through", "is_sell"),
    [(LONG, "99", "98.999", True), (SHORT, "101", "101.001", False)],
)
def test_a_print_through_our_price_fills_at_our_price_as_maker(
    side: Side, ours: str, through: str, *, is_sell: bool
) -> None:
    desk = Desk()
    desk.place(an_order(side, ours, "2"))
    desk.print(through, "0.5", seller=not is_sell)  # the other aggressor
    assert desk.fills == []
    desk.print(through, "0.5", seller=is_sell)
    (fill,) = desk.fills
    assert (fill.price_usd, fill.quantity_base, fill.side) == (Decimal(ours), Decimal("0.5"), side)
    assert (fill.liquidity, fill.remaining_base) == (Liquidity.MAKER, Decimal("1.5"))
    assert fill.position_after_base == side.sign * Decimal("0.5")
    assert desk.seen.orders[0].filled_base == Decimal("0.5")


def test_an_order_is_never_filled_beyond_its_size() -> None:
    desk = Desk()
    desk.place(an_order(LONG, "99", "2"))
    desk.sell("98", "5")
    (fill,) = desk.fills
    assert (fill.quantity_base, fill.remaining_base) == (2, 0)
    assert desk.seen.orders == ()


def test_a_print_at_our_price_wears_off_the_queue_first() -> None:
    desk = Desk(calm(queue_ahead_usd=Decimal(990)))
    desk.place(an_order(LONG, "99", "2"))
    desk.sell("99", "9")
    assert desk.chain.held_orders(ACCOUNT)[0].queue_ahead_usd == 99  # 990 - 9 * 99
    assert desk.fills == []
    desk.sell("99", "1.5")  # 1 SOL for the queue, half a SOL for us
    assert [it.quantity_base for it in desk.fills] == [Decimal("0.5")]


def test_a_print_through_our_price_does_not_wait_for_the_queue() -> None:
    desk = Desk(calm(queue_ahead_usd=Decimal(990)))
    desk.place(an_order(LONG, "99", "2"))
    desk.sell("98.999", "1")
    assert [it.quantity_base for it in desk.fills] == [1]
    assert desk.chain.held_orders(ACCOUNT)[0].queue_ahead_usd == 990


def test_only_the_venues_part_of_a_print_reaches_us_and_wears_off_the_queue() -> None:
    desk = Desk(calm(participation=Decimal("0.02"), queue_ahead_usd=Decimal(99)))
    desk.place(an_order(LONG, "99", "2"))
    desk.sell("99", "50")  # 1 SOL of the venue: the queue
    desk.sell("99", "25")
    assert [it.quantity_base for it in desk.fills] == [Decimal("0.5")]


def test_small_prints_add_up_to_a_step() -> None:
    desk = Desk(calm(participation=Decimal("0.02")))
    desk.place(an_order(LONG, "99", "2"))
    for _ in range(4):
        desk.sell("98", "0.1")  # 0.002 SOL each
    assert desk.fills == []
    desk.sell("98", "0.13")  # 0.0106 together
    assert [it.quantity_base for it in desk.fills] == [Decimal("0.01")]
    desk.sell("98", "0.47")  # and 0.0006 carried on
    assert [it.quantity_base for it in desk.fills] == [Decimal("0.01")] * 2


def test_what_reaches_an_order_adds_up_until_it_is_worth_a_fill() -> None:
    desk = Desk(calm(fill_usd_min=Decimal(198)))
    desk.place(an_order(LONG, "99", "5"))
    desk.sell("98", "1.99")
    assert desk.fills == []
    desk.sell("98", "0.51")
    assert [it.quantity_base for it in desk.fills] == [Decimal("2.5")]
    desk.sell("98", "1.5")
    assert len(desk.fills) == 1
    desk.sell("98", "1")  # less than that, but all that is left
    assert [it.quantity_base for it in desk.fills] == [Decimal("2.5"), Decimal("2.5")]


def test_one_print_is_shared_by_our_orders_the_best_price_first() -> None:
    desk = Desk()
    low, high = desk.place(
        an_order(LONG, "98.9", "2", number=1), an_order(LONG, "99", "2", number=2)
    )
    desk.sell("98", "3")
    assert [(it.venue_order_id, it.quantity_base) for it in desk.fills] == [(high, 2), (low, 1)]


def test_the_print_at_which_an_order_lands_does_not_fill_it() -> None:
    desk = Desk()
    desk.place(an_order(LONG, "99"))
    desk.sell("98", after_ms=0)
    assert desk.fills == []
    desk.sell("98", after_ms=1)
    assert len(desk.fills) == 1


def test_a_late_print_from_before_an_order_does_not_fill_it() -> None:
    desk = Desk()
    desk.wait(1_000)
    desk.place(an_order(LONG, "99"))
    desk.sell("98", after_ms=-500)
    assert desk.fills == []


@pytest.mark.parametrize(("after_ms", "fills"), [(1_000, 1), (1_001, 0)])
def test_the_order_s_time_is_a_hard_fence(after_ms: int, fills: int) -> None:
    desk = Desk()
    desk.place(an_order(LONG, "99", expires_ms=1_000))
    desk.sell("98", after_ms=after_ms)
    assert len(desk.fills) == fills


def test_an_order_fills_until_its_cancel_lands() -> None:
    desk = Desk(calm(landing_ms=((0, 800), (1_000, 800))))
    desk.send(an_order(LONG, "99", "2"))
    desk.wait(800)
    (order,) = desk.seen.orders
    desk.send(a_cancel(order.venue_order_id))
    desk.sell("98", "1", after_ms=799)
    assert len(desk.fills) == 1
    desk.sell("98", "1", after_ms=1)
    assert len(desk.fills) == 1
    assert desk.told(EndedRecord)[0].unfilled_base == 1


@pytest.mark.parametrize(
    ("status", "fills"),
    [
        (MarketStatus.FILLS_PAUSED, 0),
        (MarketStatus.PAUSED, 0),
        (MarketStatus.HALTED, 0),
        (MarketStatus.ACTIVE, 1),
    ],
)
def test_nothing_fills_while_the_market_is_paused(status: MarketStatus, fills: int) -> None:
    desk = Desk()
    desk.place(an_order(LONG, "99"))
    desk.chain.set_status(status)
    desk.sell("98")
    assert len(desk.fills) == fills


def test_a_basis_moves_the_prints_and_rounds_them_so_that_they_reach_less() -> None:
    desk = Desk(calm(basis_bps=Decimal("0.01")))  # 99 is 99.000099 at the venue: 99.001
    desk.place(an_order(LONG, "99"))
    desk.sell("98.999")  # 98.99909…, rounded up: 99, a touch, but nobody is before us
    assert len(desk.fills) == 1
    other = Desk(calm(basis_bps=Decimal("0.01"), queue_ahead_usd=Decimal(10_000)))
    other.place(an_order(LONG, "99"))
    other.sell("98.999")
    assert other.fills == []
    other.sell("98.998")
    assert len(other.fills) == 1


# Reduce-only


def test_a_reduce_only_fill_is_capped_to_the_position() -> None:
    desk = Desk()
    long_position(desk, "1")
    (target,) = desk.place(a_target(SHORT, "101", "3"))
    desk.buy("101.5", "5")
    assert [(it.side, it.quantity_base) for it in desk.fills] == [(LONG, 1), (SHORT, 1)]
    assert desk.seen.position_base == 0
    assert [it.venue_order_id for it in desk.seen.orders] == [target]  # its remainder rests


def test_a_reduce_only_order_with_nothing_to_reduce_is_taken_off_for_a_fee_when_touched() -> None:
    desk = Desk()
    (target,) = desk.place(a_target(SHORT, "101"))
    desk.buy("100.9")
    assert len(desk.seen.orders) == 1
    desk.buy("101.001")
    (ended,) = desk.told(EndedRecord)
    assert (ended.venue_order_id, ended.reason) == (target, CancelReason.REDUCE_ONLY)
    (fee,) = desk.told(FeeRecord)
    assert (fee.reason, fee.fee_usd) == ("reduce-only", Decimal("0.01"))
    assert desk.seen.cash_usd == Decimal("9999.99")


def test_who_takes_from_us_takes_off_what_cannot_fill_any_more_whatever_its_price() -> None:
    desk = Desk()
    desk.place(
        an_order(SHORT, "101", number=16),
        an_order(SHORT, "105", number=17, expires_ms=1_000),
        a_target(SHORT, "106"),
        an_order(LONG, "95", number=18, expires_ms=1_000),
    )
    desk.wait(2_000)
    desk.buy("101", "0.5")
    assert [it.user_order_id for it in desk.seen.orders] == [16, 18]
    assert [it.reason for it in desk.told(FeeRecord)] == ["expired", "reduce-only"]
    assert desk.seen.position_base == Decimal("-0.5")


def test_what_a_print_leaves_nothing_to_reduce_stays_until_the_next() -> None:
    desk = Desk()
    long_position(desk)
    desk.place(a_target(SHORT, "101", number=112), a_target(SHORT, "101.5", number=113))
    desk.buy("102", "5")
    assert desk.seen.position_base == 0
    assert [it.user_order_id for it in desk.seen.orders] == [113]
    desk.buy("102", "5")
    assert desk.seen.orders == ()


def test_a_reduce_only_order_on_the_position_s_own_side_is_taken_off_too() -> None:
    desk = Desk()
    long_position(desk, "1")
    desk.place(an_order(LONG, "99", reduce_only=True, number=9))
    desk.sell("98")
    assert desk.told(EndedRecord)[0].reason is CancelReason.REDUCE_ONLY
    assert desk.seen.position_base == 1


def test_a_makers_fill_that_closes_the_position_leaves_the_stop() -> None:
    desk = Desk()
    long_position(desk, "1")
    stop, _ = desk.place(a_stop(SHORT, "98"), a_target(SHORT, "101", "1"))
    desk.buy("101.5")
    assert desk.seen.position_base == 0
    assert [it.venue_order_id for it in desk.seen.orders] == [stop]


def test_an_orphaned_stop_binds_to_the_next_position() -> None:
    desk = Desk()
    desk.place(a_stop(SHORT, "99"))
    long_position(desk, "2")
    desk.sell("98.9")
    desk.wait(1_000)
    assert desk.seen.position_base == 0


# The venue's limits


def test_an_order_far_beyond_the_oracle_is_taken_off_for_a_fee() -> None:
    desk = Desk()
    desk.place(an_order(LONG, "99"))
    desk.sell("94.28")  # 99 is more than 5 % above it
    (ended,) = desk.told(EndedRecord)
    assert (ended.reason, ended.unfilled_base) == (CancelReason.BREACHED_LIMITS, 1)
    assert desk.told(FeeRecord)[0].reason == "breached-limits"
    assert desk.fills == []


def test_a_fill_that_margin_does_not_allow_does_not_happen() -> None:
    rules = calm(keeper_ms=((0, 60_000), (1_000, 60_000)))  # nobody takes the order off
    desk = Desk(rules, deposit="1000")
    desk.place(an_order(LONG, "99.9", "199"))  # initial: 995 of 1,000 USD
    desk.sell("95.2", "199")
    # the fill would lose 4.7 * 199 = 935 USD at once: 65 left, 758 needed
    assert desk.fills == []
    assert len(desk.seen.orders) == 1


def test_an_order_shows_where_it_was_placed() -> None:
    desk = Desk(calm(queue_ahead_usd=Decimal(500)))
    desk.place(
        an_order(LONG, "99", number=1), an_order(SHORT, "102", kind=OrderKind.LIMIT, number=2)
    )
    buy, sell = desk.chain.held_orders(ACCOUNT)
    assert (buy.distance_bps, sell.distance_bps) == (100, 200)
    assert buy.queue_ahead_usd == 500
