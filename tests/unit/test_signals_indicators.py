from collections.abc import Sequence
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import talib
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.sessions import DAY_MS
from contracts.values import to_millis
from kit.signals_recordings import Candle, sol_candles
from signals.domain.indicators import (
    PERIOD,
    Atr,
    Bar,
    FiveMinutes,
    Rsi,
    Session,
    Wilder,
    price_usd,
)
from signals.domain.units import PRICE_PLACES, TICK_PLACES, Inexact, divide, from_units, to_units

TOLERANCE = 1e-9


def units(price: float) -> int:
    return to_units(Decimal(repr(price)), PRICE_PLACES)


def a_bar(
    minute: int = 0,
    close: int = 100,
    *,
    high: int | None = None,
    low: int | None = None,
    volume: int = 10,
    delta: int = 0,
    turnover: int = 1_000,
) -> Bar:
    return Bar(
        minute_ms=minute * 60_000,
        high=close if high is None else high,
        low=close if low is None else low,
        close=close,
        volume=volume,
        delta=delta,
        turnover=turnover,
        silence_ms_max=0,
        trades=1,
        missing_trades=0,
    )


def bar_of(candle: Candle) -> Bar:
    return Bar(
        minute_ms=to_millis(candle.minute),
        high=units(candle.high),
        low=units(candle.low),
        close=units(candle.close),
        volume=to_units(Decimal(repr(candle.volume)), TICK_PLACES),
        delta=0,
        turnover=0,
        silence_ms_max=0,
        trades=1,
        missing_trades=0,
    )


def rsi_of(closes: Sequence[float]) -> list[Decimal | None]:
    rsi, values = Rsi(), list[Decimal | None]()
    for close in closes:
        rsi = rsi.add(units(close))
        values.append(rsi.value)
    return values


def atr_of(bars: Sequence[tuple[float, float, float]]) -> list[int | None]:
    atr, values = Atr(), list[int | None]()
    for high, low, close in bars:
        atr = atr.add(high=units(high), low=units(low), close=units(close))
        values.append(atr.value)
    return values


def assert_same(ours: Sequence[Decimal | None], reference: Any, *, first: int) -> None:
    """Compare with TA-Lib, which marks what is not warm with NaN."""
    assert len(ours) == len(reference)
    for index, (own, other) in enumerate(zip(ours, reference, strict=True)):
        if index < first:
            assert own is None
            assert np.isnan(other)
        else:
            assert own is not None
            assert abs(float(own) - other) < TOLERANCE, f"at {index}"


def test_rsi_equals_ta_lib_on_a_month_of_minutes() -> None:
    closes = [candle.close for candle in sol_candles("1m")]

    assert len(closes) == 43_200
    assert_same(rsi_of(closes), talib.RSI(np.array(closes), PERIOD), first=14)


def test_atr_equals_ta_lib_on_five_minute_bars_made_of_a_month_of_minutes() -> None:
    series, ours = FiveMinutes(), list[Decimal | None]()
    for candle in sol_candles("1m"):
        before, series = series.atr, series.add(bar_of(candle))
        if series.atr is not before:
            value = series.atr.value
            ours.append(None if value is None else price_usd(value))
    groups: dict[int, list[Candle]] = {}
    for candle in sol_candles("1m"):
        groups.setdefault(to_millis(candle.minute) // 300_000, []).append(candle)
    whole = [group for group in groups.values() if len(group) == 5]
    high = np.array([max(candle.high for candle in group) for group in whole])
    low = np.array([min(candle.low for candle in group) for group in whole])
    close = np.array([group[-1].close for group in whole])

    assert len(ours) == 8_639  # 43,200 minutes from 15:33 on; the first bar and the last are cut
    assert_same(ours, talib.ATR(high, low, close, PERIOD), first=14)


def test_atr_equals_ta_lib_on_a_month_of_five_minute_bars() -> None:
    bars = [(candle.high, candle.low, candle.close) for candle in sol_candles("5m")]
    high, low, close = (np.array(column) for column in zip(*bars, strict=True))

    ours = [None if value is None else price_usd(value) for value in atr_of(bars)]

    assert_same(ours, talib.ATR(high, low, close, PERIOD), first=14)


prices = st.integers(1, 100_000).map(lambda cents: cents / 100)


@given(st.lists(prices, min_size=16, max_size=120))
@settings(deadline=None)
def test_rsi_equals_ta_lib_on_any_closes(closes: list[float]) -> None:
    expected = talib.RSI(np.array(closes), PERIOD)
    if len(set(closes)) == 1:
        # TA-Lib says 0 when nothing moves; we say that neither side is stronger.
        assert rsi_of(closes)[14:] == [Decimal(50)] * (len(closes) - 14)
    else:
        moved = next(i for i, close in enumerate(closes) if close != closes[0])
        assert_same(rsi_of(closes)[max(14, moved) :], expected[max(14, moved) :], first=0)


@given(st.lists(st.tuples(prices, prices, prices), min_size=16, max_size=120))
@settings(deadline=None)
def test_atr_equals_ta_lib_on_any_bars(bars: list[tuple[float, float, float]]) -> None:
    sorted_bars = [(max(bar), min(bar), sorted(bar)[1]) for bar in bars]
    high, low, close = (np.array(column) for column in zip(*sorted_bars, strict=True))

    ours = [None if value is None else price_usd(value) for value in atr_of(sorted_bars)]

    assert_same(ours, talib.ATR(high, low, close, PERIOD), first=14)


def test_rsi_of_a_flat_series_is_50() -> None:
    assert rsi_of([7.5] * 40) == [None] * 14 + [Decimal(50)] * 26


def test_rsi_of_a_series_that_only_rises_is_100_and_only_falls_is_0() -> None:
    assert rsi_of([1.0 + i for i in range(30)])[-1] == 100
    assert rsi_of([100.0 - i for i in range(30)])[-1] == 0


def test_rsi_starts_after_14_changes_and_atr_at_the_15th_bar() -> None:
    rising = [1.0 + i for i in range(16)]

    assert [value is None for value in rsi_of(rising)] == [True] * 14 + [False] * 2
    warm = [value is None for value in atr_of([(x, x, x) for x in rising])]
    assert warm == [True] * 14 + [False] * 2


def test_wilders_average_starts_with_the_mean_and_then_moves_by_a_fourteenth() -> None:
    average = Wilder()
    for value in range(1, 15):
        assert average.average is None
        average = average.add(value)

    assert average.average == Decimal("7.5")  # (1 + ... + 14) / 14
    assert average.add(35).average == Decimal("132.5") / 14  # (13 x 7.5 + 35) / 14


def test_the_decimal_context_of_the_thread_does_not_matter() -> None:
    closes = [100 + (i * 37 % 11) / 7 for i in range(200)]
    closes = [round(close, 4) for close in closes]
    expected = rsi_of(closes)

    with localcontext() as context:
        context.prec = 5
        assert rsi_of(closes) == expected


def test_a_five_minute_bar_that_a_feed_starts_in_the_middle_of_does_not_count() -> None:
    series = FiveMinutes()
    for minute in (2, 3, 4):
        series = series.add(a_bar(minute))
    assert series.atr == Atr()

    for minute in range(5, 10):
        series = series.add(a_bar(minute, close=minute))
    assert series.atr == Atr(close=9)


def test_a_five_minute_bar_spans_the_range_of_its_minutes() -> None:
    series = FiveMinutes(atr=Atr(close=100))
    for minute, (high, low) in enumerate([(101, 99), (107, 100), (103, 94), (100, 99), (102, 98)]):
        series = series.add(a_bar(minute, high=high, low=low, close=100))

    assert series.atr.average.total == 107 - 94


def test_vwap_and_cvd_start_anew_at_midnight_utc() -> None:
    minutes_of_day = DAY_MS // 60_000
    session = Session().add(a_bar(minutes_of_day - 1, volume=100, delta=40, turnover=1))
    assert (session.volume, session.delta) == (100, 40)

    session = session.add(a_bar(minutes_of_day, volume=7, delta=-3, turnover=5))
    assert (session.since_ms, session.volume, session.delta) == (DAY_MS, 7, -3)


def test_there_is_no_vwap_before_the_first_trade_of_a_session() -> None:
    assert Session().vwap is None
    assert Session().add(a_bar(volume=0, turnover=0)).vwap is None


trade = st.tuples(st.integers(1, 10**13), st.integers(1, 10**12))


@given(st.lists(trade, min_size=1, max_size=50))
@settings(deadline=None)
def test_vwap_is_exact_to_the_last_place(trades: list[tuple[int, int]]) -> None:
    session = Session()
    for price, quantity in trades:
        session = session.add(a_bar(volume=quantity, turnover=price * quantity))
    turnover = sum(price * quantity for price, quantity in trades)
    exact = Fraction(turnover, sum(quantity for _, quantity in trades) * 10**TICK_PLACES)

    assert session.vwap is not None
    assert abs(Fraction(price_usd(session.vwap)) - exact) <= Fraction(1, 2 * 10**PRICE_PLACES)


@given(st.integers(-(10**30), 10**30), st.integers(1, 10**15))
@settings(deadline=None)
def test_division_rounds_to_the_nearest_and_ties_to_even(numerator: int, denominator: int) -> None:
    assert divide(numerator, denominator) == round(Fraction(numerator, denominator))


@given(
    st.decimals(
        allow_nan=False, allow_infinity=False, places=8, min_value=-(10**12), max_value=10**12
    )
)
@settings(deadline=None)
def test_units_are_exact_both_ways(value: Decimal) -> None:
    assert from_units(to_units(value, 8), 8) == value


def test_more_decimals_than_we_keep_are_refused() -> None:
    with pytest.raises(Inexact, match="expected at most 8 decimal places, found 1E-9"):
        to_units(Decimal("0.000000001"), 8)
