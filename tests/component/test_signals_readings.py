"""What each way of reading the definition of a reclaim gives on 30 days of SOL 1m bars (ADR 9).

The bars have no trades, so V is made of typical prices and the CVD leg is left out; market-data.md
4 counted 341 signals (160 long) in the same way.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache

import pytest

from contracts.sessions import DAY_MS
from contracts.signal import Phase, WithheldReason
from contracts.values import Side, to_millis
from kit.signals_recordings import sol_candles
from signals.domain.indicators import Bar, FiveMinutes, Session
from signals.domain.reclaim import (
    ANCHOR_MINUTES_MIN,
    PRIOR_VOLUMES,
    Episode,
    Reading,
    Step,
    Window,
    advance,
    band,
    reading_of,
    reflected,
    spent,
)
from signals.domain.units import PRICE_PLACES, TICK_PLACES, TURNOVER_PLACES, to_units


@dataclass(frozen=True, slots=True)
class Seen:
    """A bar as the machines see it, and what other readings would compare it to."""

    reading: Reading
    is_first_of_session: bool
    vwap_before: int
    atr_before: int
    latest_volumes: tuple[int, ...]
    """Of the 20 bars before this one."""


def sol_bars() -> list[Bar]:
    """Give the SOLUSDT minutes, with the typical price for the trades that they do not have."""
    bars: list[Bar] = []
    for candle in sol_candles("1m"):
        high, low, close = (
            to_units(Decimal(repr(price)), PRICE_PLACES)
            for price in (candle.high, candle.low, candle.close)
        )
        volume = to_units(Decimal(repr(candle.volume)), TICK_PLACES)
        shift = 10 ** (PRICE_PLACES + TICK_PLACES - TURNOVER_PLACES)
        turnover = (high + low + close) * volume // (3 * shift)
        bars.append(Bar(to_millis(candle.minute), high, low, close, volume, 1, turnover, 0, 1, 0))
    return bars


@cache
def seen() -> tuple[Seen, ...]:
    """Give every bar from which on the indicators are warm."""
    found: list[Seen] = []
    session, series, volumes = Session(), FiveMinutes(), list[int]()
    for bar in sol_bars():
        before, session = session, session.add(bar)
        atr_before, series = series.atr.value, series.add(bar)
        vwap, atr = session.vwap, series.atr.value
        if vwap is not None and atr is not None:
            reading = reading_of(
                bar,
                vwap=vwap,
                atr=atr,
                volumes=tuple(volumes[-PRIOR_VOLUMES - 1 :]),
                before_delta=0,
                is_anchor_young=bar.minute_ms % DAY_MS < ANCHOR_MINUTES_MIN * 60_000,
            )
            found.append(
                Seen(
                    replace(reading, delta=1),
                    is_first_of_session=session.since_ms != before.since_ms,
                    vwap_before=before.vwap or vwap,
                    atr_before=atr if atr_before is None else atr_before,
                    latest_volumes=tuple(volumes[-PRIOR_VOLUMES:]),
                )
            )
        volumes.append(bar.volume)
    return tuple(found)


Look = Callable[[Seen], Reading]
Follow = Callable[[Step, Reading], Episode]


def as_it_is(bar: Seen) -> Reading:
    return bar.reading


def on(step: Step, _: Reading) -> Episode:
    """Go on as the core does."""
    return spent(step.episode) if step.reason is None else step.episode


def count(look: Look = as_it_is, follow: Follow = on, *, carries: bool = False) -> tuple[int, int]:
    """Count the signals, and those that are long; a new session starts anew unless it `carries`."""
    signals: Counter[Side] = Counter()
    episodes = {side: Episode() for side in Side}
    for bar in seen():
        if bar.is_first_of_session and not carries:
            episodes = {side: Episode() for side in Side}
        reading = look(bar)
        for side in Side:
            # The reflection reflects the delta, which is left out.
            mine = reading if side is Side.LONG else replace(reflected(reading), delta=1)
            step = advance(episodes[side], mine)
            episodes[side] = follow(step, mine)
            signals[side] += step.reason is None
    return signals.total(), signals[Side.LONG]


def test_the_machine_on_30_days_of_sol() -> None:
    assert count() == (309, 148)


def lost_again(*reasons: WithheldReason) -> Follow:
    """Let an episode that ended be LOST once more, with the bars since it was."""

    def follow(step: Step, bar: Reading) -> Episode:
        if step.reason not in reasons or step.episode.phase is Phase.LOST:
            return on(step, bar)
        window = step.episode.run or Window(1, bar.low, bar.silence_ms_max, bar.missing_trades)
        return replace(step.episode, phase=Phase.LOST, window=window)

    return follow


def forgetting_the_run(step: Step, bar: Reading) -> Episode:
    """Count five new closes after the end of an episode."""
    if step.reason not in (
        WithheldReason.RECLAIM_INVALIDATED,
        WithheldReason.CONFIRMATION_TIMED_OUT,
    ):
        return on(step, bar)
    fresh = advance(Episode(phase=Phase.SPENT), bar).episode
    return replace(fresh, phase=Phase.SPENT, window=None)


def confirmed_by_later_closes(step: Step, bar: Reading) -> Episode:
    """Let the cross not be one of the two closes."""
    episode = on(step, bar)
    is_cross = episode.phase is Phase.CROSSED and episode.bars_since_cross == 0
    return replace(episode, was_above=False) if is_cross else episode


def counting_the_cross(step: Step, bar: Reading) -> Episode:
    """Let the cross be the first of the 15 bars."""
    episode = on(step, bar)
    is_cross = episode.phase is Phase.CROSSED and episode.bars_since_cross == 0
    return replace(episode, bars_since_cross=1) if is_cross else episode


def spent_by_what_is_suppressed(step: Step, bar: Reading) -> Episode:
    """Let a suppressed signal be the one of its episode."""
    is_suppressed = step.reason is WithheldReason.ANCHOR_TOO_YOUNG
    return spent(step.episode) if is_suppressed else on(step, bar)


def idle_while_the_anchor_is_young(step: Step, bar: Reading) -> Episode:
    """Let nothing begin in the first half hour."""
    return Episode() if bar.is_anchor_young else on(step, bar)


def with_vwap_before(bar: Seen) -> Reading:
    reading, vwap = bar.reading, bar.vwap_before
    return replace(reading, vwap=vwap, band=band(vwap=vwap, atr=reading.atr))


def with_atr_before(bar: Seen) -> Reading:
    reading, atr = bar.reading, bar.atr_before
    return replace(reading, atr=atr, band=band(vwap=reading.vwap, atr=atr))


def with_latest_volumes(bar: Seen) -> Reading:
    return replace(bar.reading, prior_volumes=bar.latest_volumes)


def with_the_smaller_volume(bar: Seen) -> Reading:
    """Let each of the two bars have the volume."""
    reading = bar.reading
    smaller = min(reading.volume, reading.before_volume)
    return replace(reading, volume=smaller, before_volume=smaller)


OTHERS: dict[str, tuple[Callable[[], tuple[int, int]], tuple[int, int]]] = {
    "1 V without the bar": (lambda: count(with_vwap_before), (310, 148)),
    "1 A of the five minutes before": (lambda: count(with_atr_before), (309, 148)),
    "2 five new closes": (lambda: count(follow=forgetting_the_run), (308, 147)),
    "3 two closes after the cross": (lambda: count(follow=confirmed_by_later_closes), (258, 128)),
    "4 the cross is one of the 15": (lambda: count(follow=counting_the_cross), (309, 148)),
    "5 volume in each bar": (lambda: count(with_the_smaller_volume), (264, 129)),
    "5 the 20 bars before each": (lambda: count(with_latest_volumes), (305, 146)),
    "6 LOST again by price": (
        lambda: count(follow=lost_again(WithheldReason.RECLAIM_INVALIDATED)),
        (348, 168),
    ),
    "6 LOST again by price or time": (
        lambda: count(
            follow=lost_again(
                WithheldReason.RECLAIM_INVALIDATED, WithheldReason.CONFIRMATION_TIMED_OUT
            )
        ),
        (351, 169),
    ),
    "7 spent when suppressed": (lambda: count(follow=spent_by_what_is_suppressed), (303, 145)),
    "7 idle while young": (lambda: count(follow=idle_while_the_anchor_is_young), (297, 141)),
    "9 on over midnight": (lambda: count(carries=True), (309, 148)),
}


@pytest.mark.soak
@pytest.mark.parametrize("reading", OTHERS)
def test_what_another_reading_would_give(reading: str) -> None:
    counted, expected = OTHERS[reading]

    assert counted() == expected
