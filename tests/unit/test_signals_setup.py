from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.markets import MARKETS
from contracts.values import Side
from signals.domain.setup import Setup, plan_setup
from signals.domain.units import PRICE_PLACES, to_units

TICK = Decimal("0.01")


def usd(text: str | Decimal) -> int:
    return to_units(Decimal(text), PRICE_PLACES)


def a_setup(side: Side = Side.LONG, **changes: Any) -> Setup | None:
    """Give the setup of a close at 100 with an ATR of 1 and an extreme at 99 (short: 101)."""
    given = {"close": "100", "extreme": "99" if side is Side.LONG else "101", "atr": "1"} | changes
    return plan_setup(
        side,
        close=usd(given["close"]),
        extreme=usd(given["extreme"]),
        atr=usd(given["atr"]),
        tick_usd=TICK,
    )


def test_a_long_stops_a_tenth_of_the_atr_below_the_low_and_takes_profit_by_its_risk() -> None:
    setup = a_setup()

    assert setup is not None
    assert setup.entry_price_usd == Decimal(100)
    assert setup.stop_price_usd == Decimal("98.9")  # 99 - 0.1 x 1
    # The risk is 1.1.
    assert setup.tp_prices_usd == (Decimal("101.1"), Decimal("102.2"), Decimal("103.3"))


def test_a_short_is_the_mirror() -> None:
    setup = a_setup(Side.SHORT)

    assert setup is not None
    assert setup.stop_price_usd == Decimal("101.1")
    assert setup.tp_prices_usd == (Decimal("98.9"), Decimal("97.8"), Decimal("96.7"))


@pytest.mark.parametrize(
    ("extreme", "stop"),
    [("99.9", "99.5"), ("100.5", "99.5"), ("99.6", "99.5"), ("98.1", "98"), ("90", "98")],
    ids=["too near", "above the entry", "just at half", "just at two", "too far"],
)
def test_the_stop_is_between_half_and_two_atr_away(extreme: str, stop: str) -> None:
    setup = a_setup(extreme=extreme)

    assert setup is not None
    assert setup.stop_price_usd == Decimal(stop)


def test_the_entry_rests_and_the_stop_is_rounded_away_from_it() -> None:
    long, short = a_setup(close="100.017"), a_setup(Side.SHORT, close="100.013")

    assert long is not None
    assert short is not None
    assert long.entry_price_usd == Decimal("100.01")
    assert short.entry_price_usd == Decimal("100.02")
    narrow = a_setup(atr="0.333", extreme="99.9")
    assert narrow is not None
    assert narrow.stop_price_usd == Decimal("99.83")  # 100 - 0.1665 = 99.8335


@pytest.mark.parametrize("atr", ["0", "0.0199"])
def test_a_stop_less_than_a_tick_away_is_no_setup(atr: str) -> None:
    assert a_setup(atr=atr, extreme="100") is None
    assert a_setup(atr="0.02", extreme="100") is not None


def test_a_take_profit_below_zero_is_no_setup() -> None:
    assert a_setup(Side.SHORT, close="5", extreme="9", atr="3") is None


@given(
    st.sampled_from(MARKETS),
    st.sampled_from(Side),
    st.integers(10**10, 10**15),
    st.integers(-(10**12), 10**12),
    st.integers(0, 10**12),
)
@settings(deadline=None)
def test_a_setup_is_ordered_on_the_grid_and_bounded(
    market: Any, side: Side, close: int, beyond: int, atr: int
) -> None:
    tick = usd(market.tick_usd)
    setup = plan_setup(
        side, close=close, extreme=close - side.sign * beyond, atr=atr, tick_usd=market.tick_usd
    )

    if setup is None:
        return
    ladder = [setup.stop_price_usd, setup.entry_price_usd, *setup.tp_prices_usd]
    assert ladder == sorted(ladder, reverse=side is Side.SHORT)
    assert len(set(ladder)) == 5
    assert all(usd(price) % tick == 0 for price in ladder)
    assert 0 <= side.sign * (close - usd(setup.entry_price_usd)) < tick
    risk = abs(usd(setup.entry_price_usd) - usd(setup.stop_price_usd))
    assert 5 * atr <= 10 * risk < 20 * atr + 10 * tick


@given(st.integers(10**10, 10**13), st.integers(-(10**11), 10**11), st.integers(0, 10**11))
@settings(deadline=None)
def test_reflecting_prices_about_a_grid_point_mirrors_the_setup(
    close: int, beyond: int, atr: int
) -> None:
    about = Decimal(20_000)
    extreme = close - beyond
    long = plan_setup(Side.LONG, close=close, extreme=extreme, atr=atr, tick_usd=TICK)
    short = plan_setup(
        Side.SHORT, close=usd(about) - close, extreme=usd(about) - extreme, atr=atr, tick_usd=TICK
    )

    if long is None or short is None:
        assert long is short or min(close - beyond, close) < 4 * atr
    else:
        assert short.entry_price_usd == about - long.entry_price_usd
        assert short.stop_price_usd == about - long.stop_price_usd
        assert short.tp_prices_usd == tuple(about - price for price in long.tp_prices_usd)
