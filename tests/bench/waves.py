"""A tape on which the strategy signals every six minutes: a square wave about its own VWAP.

Each half wave holds one side of VWAP for six bars, which is what makes the other side lost; the
first two of the next half wave, with the flow behind them, take it back and confirm. The third bar
dips to where the entry rests, and the last one runs through the stop, so that the setup is over
when the next one comes.
"""

from collections.abc import Iterator
from datetime import UTC, datetime

from contracts.minutes import MINUTE_MS
from contracts.ticks import Trade
from contracts.values import to_millis

BEGIN_MS = to_millis(datetime(2026, 3, 2, tzinfo=UTC))
"""The anchor of a session, so that entries are not withheld for want of it."""
WARM_UP_MINUTES = 75
"""ATR(14, 5m) needs them; before that nothing is signaled."""
MINUTES_PER_SIGNAL = 6
_TRADES_PER_MINUTE = 12
_MIDDLE_CENTS = 15_000
_SWING_CENTS = 40
_DIP_CENTS = 10
_RUN_CENTS = 30


_STEP_MS = MINUTE_MS // _TRADES_PER_MINUTE
_FIRST_MS = 700
"""Of a minute's first trade, late enough to close the bar before."""


def square_wave(minutes: int) -> Iterator[Trade]:
    """Give the trades of so many minutes."""
    for number in range(minutes * _TRADES_PER_MINUTE):
        minute, place = divmod(number, _TRADES_PER_MINUTE)
        half, bar = divmod(minute, MINUTES_PER_SIGNAL)
        side = 1 if half % 2 else -1
        cents = _MIDDLE_CENTS + side * (_SWING_CENTS + min(bar, 1) * 2 + _excursion(bar, place))
        is_buy = side > 0 if place % 4 else side < 0
        yield Trade(
            i=1_000 + number,
            t=BEGIN_MS + _FIRST_MS + number * _STEP_MS,
            p=f"{cents // 100}.{cents % 100:02}",
            q="200",
            m=not is_buy,
        )


def number_at(time_ms: int) -> int:
    """Give the place on the tape, from 0, of the trade at a time."""
    return (time_ms - BEGIN_MS - _FIRST_MS) // _STEP_MS


def _excursion(bar: int, place: int) -> int:
    """Give how far the price is from its side's level, in cents of the side's direction."""
    if bar == 2 and place == _TRADES_PER_MINUTE // 2:
        return -_DIP_CENTS
    if bar == MINUTES_PER_SIGNAL - 1 and place == _TRADES_PER_MINUTE // 2:
        return -2 * _SWING_CENTS - _RUN_CENTS
    return 0
