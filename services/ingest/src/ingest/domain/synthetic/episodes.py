"""The episodes that a synthetic day is made of, and their order.

A setup loses the session VWAP in a flush (longs are liquidated), rests below it, and takes it
back with volume and buying: the VWAP reclaim of market-data.md 4. `sign` +1 is that, -1 its
mirror. Between setups the price walks back to the VWAP with the flow against it, so that the
walk itself confirms nothing.
"""

from enum import StrEnum
from typing import Literal

from ingest.domain.synthetic.plan import Chance, DayPlanner, ForcedTrade, Loss, MinutePlan

WARM_UP_MIN = 68
"""Quiet minutes of a day before its first setup, whose flush begins 18 minutes later: ATR(14, 5m)
needs 75."""
SETTLING_MIN = 18
"""Longer than the 15 bars in which a cross can be confirmed."""
CLOSING_MIN = 75
"""Minutes at the end of a day in which the price walks to the next day's open."""
BASE_CENTS = 15_000.0
OPEN_SPREAD_CENTS = 600.0


class Episode(StrEnum):
    """What may happen."""

    LONG_WIN = "long_win"
    SHORT_WIN = "short_win"
    LONG_STOP = "long_stop"
    SHORT_STOP = "short_stop"
    LONG_WITH_GAP = "long_with_gap"
    """A setup with lost trades and silence inside: it must not be trusted."""
    CASCADE = "cascade"
    """Liquidations feed on each other; the VWAP is not taken back."""
    TREND_UP = "trend_up"
    TREND_DOWN = "trend_down"
    QUIET = "quiet"


FIRST_DAY = (
    Episode.LONG_WIN,
    Episode.SHORT_WIN,
    Episode.LONG_STOP,
    Episode.LONG_WITH_GAP,
    Episode.SHORT_STOP,
    Episode.CASCADE,
)


def open_cents(day: int, chance: Chance) -> float:
    """Give the price at which a day opens."""
    drawn = chance.random()
    return BASE_CENTS if day == 0 else BASE_CENTS + int((drawn - 0.5) * OPEN_SPREAD_CENTS)


def plan_day(
    day: int, *, opens_at: float, next_opens_at: float, chance: Chance
) -> tuple[MinutePlan, ...]:
    """Plan all minutes of a day, from its open to the next day's."""
    planner = DayPlanner(open_cents=opens_at, chance=chance)
    _range(planner, WARM_UP_MIN, around=opens_at + 6)
    order = list(FIRST_DAY) if day == 0 else []
    while planner.left > CLOSING_MIN + 90:
        if not order:
            order = _shuffled(list(Episode), chance)
        _play(planner, order.pop(0))
    while planner.left > CLOSING_MIN:
        _range(planner, 1, around=planner.price)
    _walk(planner, CLOSING_MIN, to=next_opens_at)
    return tuple(planner.minutes)


def _play(planner: DayPlanner, episode: Episode) -> None:
    match episode:
        case Episode.LONG_WIN:
            _setup(planner, +1)
            _run(planner, +1)
        case Episode.SHORT_WIN:
            _setup(planner, -1)
            _run(planner, -1)
        case Episode.LONG_STOP:
            _setup(planner, +1)
            _fail(planner, +1)
        case Episode.SHORT_STOP:
            _setup(planner, -1)
            _fail(planner, -1)
        case Episode.LONG_WITH_GAP:
            _setup(planner, +1, loss=Loss(at_s=12, silence_s=41, trades=57))
            _run(planner, +1)
        case Episode.CASCADE:
            _settle(planner, +1)
            _cascade(planner)
        case Episode.TREND_UP:
            _walk(planner, 40, to=planner.price + 160)
        case Episode.TREND_DOWN:
            _walk(planner, 40, to=planner.price - 160)
        case Episode.QUIET:
            _range(planner, 30, around=planner.price)


def _range(planner: DayPlanner, minutes: int, *, around: float) -> None:
    for _ in range(minutes):
        planner.minute(around + planner.shake(11), buys=0.5, noise=5)


def _walk(planner: DayPlanner, minutes: int, *, to: float) -> None:
    """Go to a price with the flow against the move."""
    start = planner.price
    buys = 0.42 if to > start else 0.58
    for minute in range(1, minutes + 1):
        shake = planner.shake(6) if minute < minutes else 0.0
        planner.minute(start + (to - start) * minute / minutes + shake, buys=buys, size=900)


def _setup(planner: DayPlanner, sign: int, *, loss: Loss | None = None) -> None:
    """Lose the VWAP, rest beyond it, take it back, and confirm with volume and flow."""
    _settle(planner, sign)
    vwap = planner.vwap
    side: Literal["long", "short"] = "long" if sign > 0 else "short"
    for minute, depth in enumerate((-20, -42, -70, -92, -108, -112)):
        forced = tuple(
            ForcedTrade(8 + 9 * index + planner.shake(3), side, 4_000 + int(planner.shake(3_500)))
            for index in range(min(minute, 4))
        )
        planner.minute(
            vwap + sign * depth,
            trades=210,
            size=1300,
            buys=0.5 - sign * 0.22,
            noise=7,
            forced=forced,
        )
    for minute, depth in enumerate((-106, -110, -104, -100, -103, -96, -92)):
        planner.minute(
            vwap + sign * depth, buys=0.5 - sign * 0.02, loss=loss if minute == 3 else None
        )
    for depth in (-70, -46, -24):
        planner.minute(vwap + sign * depth, trades=200, size=1400, buys=0.5 + sign * 0.16, noise=5)
    level = planner.vwap
    for depth in (12, 17, 22, 26):
        _dipping(planner, level + sign * depth, sign)


def _settle(planner: DayPlanner, sign: int) -> None:
    """Wait just beyond the VWAP, the flow against it: a mirrored setup that was on times out."""
    distance = abs(planner.vwap - planner.price)
    _walk(planner, int(distance / 14), to=planner.vwap - sign * 8)
    for _ in range(SETTLING_MIN):
        close = planner.vwap - sign * 9 + planner.shake(3)
        planner.minute(close, size=900, buys=0.5 + sign * 0.07, noise=4)


def _dipping(planner: DayPlanner, close: float, sign: int) -> None:
    """Close beyond, after a dip through the close before: there a resting entry fills."""
    start = planner.price
    planner.minute(
        close,
        trades=270,
        size=1900,
        buys=0.5 + sign * 0.2,
        noise=2,
        via=(
            (5, start + sign * 5),
            (14, start + sign * 3),
            (26, start - sign * 9),
            (34, start - sign * 9),
        ),
    )


def _run(planner: DayPlanner, sign: int) -> None:
    """Go with the setup, far enough for all of its targets."""
    start = planner.price
    for minute in range(1, 27):
        planner.minute(
            start + sign * 15 * minute + planner.shake(4),
            trades=170,
            buys=0.5 + sign * 0.1,
            noise=4,
        )
    _range(planner, 6, around=planner.price)


def _fail(planner: DayPlanner, sign: int) -> None:
    """Turn against the setup, through where it is wrong."""
    start = planner.price
    for minute in range(1, 17):
        planner.minute(
            start - sign * 13 * minute + planner.shake(4),
            trades=160,
            buys=0.5 - sign * 0.1,
            noise=4,
        )
    _range(planner, 10, around=planner.price)


def _cascade(planner: DayPlanner) -> None:
    start = planner.price
    for minute in range(1, 9):
        forced = tuple(
            ForcedTrade(
                3 + 4.5 * index + planner.shake(1.5), "long", 9_000 + int(planner.shake(8_000))
            )
            for index in range(3 + minute // 2 * 2)
        )
        planner.minute(
            start - 24 * minute, trades=280, size=1800, buys=0.24, noise=9, forced=forced
        )
    for minute in range(1, 15):
        planner.minute(start - 192 + 5 * minute + planner.shake(6), trades=150, buys=0.48)


def _shuffled(episodes: list[Episode], chance: Chance) -> list[Episode]:
    for last in range(len(episodes) - 1, 0, -1):
        other = int(chance.random() * (last + 1))
        episodes[last], episodes[other] = episodes[other], episodes[last]
    return episodes
