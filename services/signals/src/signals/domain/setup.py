"""Entry, stop and take-profits of a signal, on the market's price grid.

For a long (a short is the mirror), with A the ATR(14, 5m):

    entry  = the close, rounded down to the tick, so that it rests
    stop   = the lowest low since LOST began less 0.1 A, at least 0.5 A and at most 2 A from the
             entry, then rounded away from the entry to the tick
    R      = entry - stop;  take-profits = entry + R, + 2 R, + 3 R

Entry and stop are on the grid, so the take-profits are. Rounding may put the stop up to a tick
further than 2 A.
"""

from dataclasses import dataclass
from decimal import Decimal

from contracts.values import Side
from signals.domain.indicators import price_usd
from signals.domain.units import PRICE_PLACES, to_units


@dataclass(frozen=True, slots=True)
class Setup:
    """Where to enter, where the idea is wrong, and where it takes profit, in USD."""

    side: Side
    entry_price_usd: Decimal
    stop_price_usd: Decimal
    tp_prices_usd: tuple[Decimal, Decimal, Decimal]


def plan_setup(
    side: Side, *, close: int, extreme: int, atr: int, tick_usd: Decimal
) -> Setup | None:
    """Give the setup; None when the stop would be less than a tick away or a price not positive.

    `close`, `extreme` and `atr` are in the indicators' units; `extreme` is the lowest low (short:
    the highest high) since LOST began.
    """
    tick = to_units(tick_usd, PRICE_PLACES)
    sign = side.sign
    entry = _down(sign * close, tick)
    # In tenths of a unit, so that 0.1 A and 0.5 A are whole.
    wanted = 10 * (entry - sign * extreme) + atr
    distance = min(max(wanted, 5 * atr), 20 * atr)
    if distance < 10 * tick:
        return None
    stop = _down(10 * entry - distance, 10 * tick) // 10
    risk = entry - stop
    prices = [sign * it for it in (entry, stop, entry + risk, entry + 2 * risk, entry + 3 * risk)]
    if min(prices) <= 0:
        return None
    entry_usd, stop_usd, tp1, tp2, tp3 = map(price_usd, prices)
    return Setup(side, entry_usd, stop_usd, (tp1, tp2, tp3))


def _down(value: int, step: int) -> int:
    return value // step * step
