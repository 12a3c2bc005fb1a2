"""Prices and sizes on the grid, the ladder, break-even."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.values import Liquidity, Side
from execution.domain.policy import POLICY
from execution.domain.pricing import (
    aggressive_limit,
    break_even_trigger,
    ceil_to,
    floor_to,
    inside_book,
    ladder,
    passive_limit,
    stop_trigger,
)
from execution.venues.paper.fees import FEES

TICK = Decimal("0.001")
STEP = Decimal("0.01")
prices = st.decimals(min_value=1, max_value=100_000, places=6)
sizes = st.integers(1, 10_000_000).map(lambda steps: steps * STEP)
sides = st.sampled_from(Side)


@given(sizes)
def test_the_ladder_sums_to_the_quantity_and_no_leg_is_below_a_step(quantity: Decimal) -> None:
    parts = ladder(quantity, STEP, POLICY.ladder_weights_pct)
    assert sum(parts) == quantity
    assert min(parts) >= STEP
    assert all(part % STEP == 0 for part in parts)


@pytest.mark.parametrize(
    ("quantity", "expected"),
    [
        ("10", ["5", "3", "2"]),
        ("0.99", ["0.49", "0.29", "0.21"]),  # floored twice; the last takes what is left
        ("0.04", ["0.02", "0.01", "0.01"]),
        ("0.03", ["0.01", "0.02"]),  # 30 % of 0.03 is below a step: two legs
        ("0.02", ["0.01", "0.01"]),
        ("0.01", ["0.01"]),
    ],
)
def test_a_small_position_gets_fewer_legs(quantity: str, expected: list[str]) -> None:
    parts = ladder(Decimal(quantity), STEP, POLICY.ladder_weights_pct)
    assert parts == [Decimal(part) for part in expected]


@given(prices, sides)
def test_a_limit_is_rounded_away_from_the_market_by_less_than_a_tick(
    price: Decimal, side: Side
) -> None:
    limit = passive_limit(side, price, TICK)
    assert limit % TICK == 0
    assert 0 <= side.sign * (price - limit) < TICK


@given(prices, sides)
def test_a_stop_is_rounded_so_that_it_triggers_earlier(price: Decimal, side: Side) -> None:
    trigger = stop_trigger(side, price, TICK)
    assert trigger % TICK == 0
    assert 0 <= side.sign * (trigger - price) < TICK


@given(prices, sides)
def test_the_worst_price_of_a_taker_is_rounded_toward_the_market_by_less_than_a_tick(
    price: Decimal, side: Side
) -> None:
    worst = aggressive_limit(side, price, TICK)
    assert worst % TICK == 0
    assert 0 <= side.sign * (worst - price) < TICK


def test_the_worst_price_of_a_seller_is_a_tick_at_least() -> None:
    assert aggressive_limit(Side.SHORT, Decimal("0.0004"), TICK) == TICK


@given(prices, prices, st.decimals(min_value=0, max_value=10, places=6), sides)
def test_inside_the_book_is_the_nearest_price_at_which_an_order_rests(
    wish: Decimal, bid: Decimal, spread: Decimal, side: Side
) -> None:
    ask = bid + spread
    price = inside_book(side, wish, bid_usd=bid, ask_usd=ask, tick_usd=TICK)
    assert price % TICK == 0
    # It rests: a whole tick off whoever would take it…
    opposite = ask if side is Side.LONG else bid
    assert side.sign * (opposite - price) >= TICK
    # …it is no better than wished, and one tick nearer would be, or would not rest.
    assert side.sign * (wish - price) >= 0
    nearer = price + side.sign * TICK
    assert side.sign * (wish - nearer) < 0 or side.sign * (opposite - nearer) < TICK


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        ((30, 20), ["0.6", "0.4"]),  # tp1 is done: the others share what is left by their weights
        ((50, 20), ["0.71", "0.29"]),  # 50 / 70 of 1 is 0.714…, floored to the step
        ((20,), ["1"]),
    ],
)
def test_the_legs_that_are_missing_share_the_position_by_their_weights(
    weights: tuple[int, ...], expected: list[str]
) -> None:
    assert ladder(Decimal(1), STEP, weights) == [Decimal(part) for part in expected]


@given(prices, sides, st.integers(1, 1_000_000).map(lambda steps: steps * STEP))
def test_a_stop_at_break_even_that_fills_with_its_slippage_loses_nothing(
    cost: Decimal, side: Side, quantity: Decimal
) -> None:
    trigger = break_even_trigger(
        side,
        cost,
        tick_usd=TICK,
        fee_bps=POLICY.exit_fee_bps,
        slippage_bps=POLICY.exit_slippage_bps,
    )
    slip = POLICY.exit_slippage_bps / 10_000
    # The fill, as the paper venue makes it: slippage on the trigger, then the grid against us.
    if side is Side.LONG:
        price = floor_to(trigger * (1 - slip), TICK)
    else:
        price = ceil_to(trigger * (1 + slip), TICK)
    fee = FEES["velocity"].fee_usd(price * quantity, Liquidity.TAKER)
    pnl = side.sign * (price - cost) * quantity - fee
    assert pnl > Decimal("-0.000001")  # the venue rounds its fee up to this unit


def test_a_fee_is_rounded_up_and_a_rebate_down() -> None:
    velocity = FEES["velocity"]
    # 4 bp of 0.001 is 0.0000004 and 0.25 bp of it 0.000000025: both round in the venue's favor.
    assert velocity.fee_usd(Decimal("0.001"), Liquidity.TAKER) == Decimal("0.000001")
    assert velocity.fee_usd(Decimal("0.001"), Liquidity.MAKER) == 0
    assert velocity.fee_usd(Decimal(1000), Liquidity.TAKER) == Decimal("0.4")
    assert velocity.fee_usd(Decimal(1000), Liquidity.MAKER) == Decimal("-0.025")
    assert FEES["drift"].fee_usd(Decimal(1000), Liquidity.TAKER) == 1
    assert FEES["drift"].fee_usd(Decimal(1000), Liquidity.MAKER) == Decimal("-0.2")
