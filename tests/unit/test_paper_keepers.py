"""What strangers do to an account for a fee: reap, force-cancel, liquidate (execution.md 2.9)."""

from decimal import Decimal

import pytest

from contracts.order import CancelReason
from contracts.venue import MarketStatus
from execution.venues.paper.codes import Code
from execution.venues.port import EndedRecord, FeeRecord, LiquidatedRecord
from kit.paper_chain import (
    LONG,
    SHORT,
    Desk,
    a_cancel,
    a_stop,
    a_take,
    a_target,
    an_order,
    long_position,
)


def test_an_order_whose_time_is_over_is_reaped_15_to_25_seconds_later_for_a_fee() -> None:
    desk = Desk()
    for number in range(1, 6):
        desk.place(an_order(LONG, "99", number=number, expires_ms=1_000))
    desk.wait(1_000 + 14_999)
    assert len(desk.seen.orders) == 5
    desk.wait(10_001)
    assert desk.seen.orders == ()
    ended = desk.told(EndedRecord)
    assert {it.reason for it in ended} == {CancelReason.EXPIRED}
    assert len({it.at_ms for it in ended}) > 1
    assert [(it.reason, it.fee_usd) for it in desk.told(FeeRecord)] == [
        ("expired", Decimal("0.01"))
    ] * 5


def test_no_keeper_reaps_while_all_are_down() -> None:
    desk = Desk()
    desk.place(an_order(LONG, "99", expires_ms=1_000))
    desk.chain.weather.keeper_is_down = True
    desk.wait(60_000)
    assert len(desk.seen.orders) == 1
    desk.chain.weather.keeper_is_down = False
    desk.wait(1_000)
    assert desk.seen.orders == ()


def test_below_initial_margin_what_adds_risk_is_taken_off_for_a_fee_and_exits_stay() -> None:
    desk = Desk(deposit="1000")
    long_position(desk, "100")
    desk.place(
        an_order(LONG, "95", "90", number=1),
        a_target(SHORT, "105", "100"),
        a_stop(SHORT, "90"),
    )
    desk.sell("98.9")  # 890 USD left; 190 SOL ask for 939
    desk.wait(1_000)
    (ended,) = desk.told(EndedRecord)
    assert (ended.user_order_id, ended.reason) == (1, CancelReason.BREACHED_LIMITS)
    assert desk.told(FeeRecord)[0].reason == "breached-limits"
    assert len(desk.seen.orders) == 2


def test_margin_that_recovers_in_time_is_left_alone() -> None:
    desk = Desk(deposit="1000")
    long_position(desk, "100")
    desk.place(an_order(LONG, "95", "90", number=1))
    desk.sell("98.9")
    desk.buy("100", after_ms=500)
    desk.wait(60_000)
    assert desk.told(EndedRecord) == []


def test_a_margin_call_is_off_once_there_is_nothing_left() -> None:
    desk = Desk(deposit="1000")
    (order_id,) = desk.place(an_order(LONG, "99", "199"))
    desk.buy("101")  # 5 % of 199 * 101 USD are more than there is
    assert desk.chain.next_due_ms() == desk.time_ms + 1_000
    desk.place(a_cancel(order_id))
    assert desk.chain.next_due_ms() is None
    desk.place(a_stop())
    assert desk.chain.next_due_ms() is None


def test_below_maintenance_not_even_an_exit_is_placed() -> None:
    desk = Desk(deposit="1000")
    long_position(desk, "190")
    desk.sell("97.6")
    assert desk.code(a_take(SHORT, "90", "190")) == Code.INSUFFICIENT_COLLATERAL


# Liquidation


def liquidated(deposit: str = "1000") -> Desk:
    desk = Desk(deposit=deposit)
    long_position(desk, "190")
    desk.place(a_target(SHORT, "105", "100"), a_stop(SHORT, "90"))
    desk.sell("97.6")  # 1,000 - 190 * 2.4 = 544 USD; maintenance is 556
    return desk


def test_a_liquidation_cancels_all_orders_and_takes_over_a_part_at_a_time() -> None:
    desk = liquidated()
    desk.wait(1_000)
    assert [it.reason for it in desk.told(EndedRecord)] == [CancelReason.LIQUIDATION] * 2
    assert desk.told(FeeRecord) == []
    (taken,) = desk.told(LiquidatedRecord)
    assert (taken.side, taken.quantity_base) == (SHORT, Decimal("47.5"))  # a quarter of 190
    assert taken.price_usd == Decimal("96.868")  # 97.6 less 0.75 %
    assert taken.fee_usd == Decimal("34.509225")  # 0.75 % of 47.5 * 96.868, for the insurance
    assert desk.seen.position_base == taken.position_after_base == Decimal("142.5")
    assert desk.seen.orders == ()


def test_while_it_is_being_liquidated_an_account_places_nothing() -> None:
    desk = liquidated()
    desk.wait(1_000)
    assert desk.seen.is_liquidating
    assert desk.code(a_stop()) == Code.BEING_LIQUIDATED
    desk.wait(10_000)
    assert not desk.seen.is_liquidating
    assert desk.code(a_stop()) is None


def test_a_liquidation_ends_when_equity_is_above_maintenance_and_its_buffer() -> None:
    desk = liquidated()
    desk.wait(10_000)
    seen = desk.seen
    taken = [it.quantity_base for it in desk.told(LiquidatedRecord)]
    assert taken == [Decimal(it) for it in ("47.5", "35.63", "26.72", "2.02")]  # quarters, rest
    notional = seen.position_base * Decimal("97.6")
    assert notional > 0
    assert seen.cash_usd + notional >= notional * Decimal("0.05")  # 3 % and 2 %


def test_a_liquidation_waits_for_its_keeper_and_a_recovery_prevents_it() -> None:
    desk = liquidated()
    desk.wait(999)
    assert desk.told(LiquidatedRecord) == []
    desk.buy("100", after_ms=0)
    desk.wait(60_000)
    assert desk.told(LiquidatedRecord) == []
    assert len(desk.seen.orders) == 2


@pytest.mark.parametrize("what", ["keeper", "oracle", "halt"])
def test_nobody_is_liquidated_without_keepers_or_on_a_stale_oracle_or_while_halted(
    what: str,
) -> None:
    desk = liquidated()
    if what == "keeper":
        desk.chain.weather.keeper_is_down = True
    elif what == "halt":
        desk.chain.set_status(MarketStatus.HALTED)
    else:
        desk.chain.weather.keeper_is_down = True
        desk.chain.weather.oracle_is_frozen = True
        desk.wait(121 * 400)
        desk.chain.weather.keeper_is_down = False
    desk.wait(10_000)
    assert desk.told(LiquidatedRecord) == []


def test_a_loss_beyond_the_deposit_takes_over_everything_and_bankrupts() -> None:
    desk = Desk(deposit="1000")
    long_position(desk, "190")
    desk.sell("90")
    desk.wait(60_000)
    assert desk.seen.position_base == 0
    assert desk.seen.cash_usd < 0
    assert not desk.seen.is_liquidating
    assert desk.code(a_stop()) == Code.BANKRUPT


def test_the_liquidation_price_is_where_maintenance_is_met() -> None:
    desk = Desk(deposit="1000")
    long_position(desk, "190")
    price = desk.seen.liquidation_usd
    assert price is not None
    equity = desk.seen.cash_usd + 190 * price
    assert equity == pytest.approx(190 * price * Decimal("0.03"), abs=Decimal("0.001"))
    desk.place(a_take(SHORT, "90", "190"))
    assert desk.seen.liquidation_usd is None
    desk.place(an_order(SHORT, "100", "190"))
    desk.buy("100.1", "190")
    price = desk.seen.liquidation_usd
    assert price is not None
    assert price > 100


def test_a_position_that_its_deposit_covers_has_no_liquidation_price() -> None:
    desk = Desk()
    long_position(desk, "1")
    assert desk.seen.liquidation_usd is None
