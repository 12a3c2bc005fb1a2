"""Liquidations over price and time: each cell sums those of one step of both, by side."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_FLOOR, Decimal

from contracts.values import from_millis
from gateway.domain.gauges import KEPT_MS, ForcedTrade

STEP_MS = 600_000
"""Ten minutes of the market's own time: 24 steps in four hours."""
ROWS_MAX = 24
_STEP_BPS_MIN = Decimal(5)
"""A step of the price, unless the range needs a wider one (market-data.md 4)."""
_BPS = Decimal(10_000)
_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """What was liquidated from a time and a price on, one step of each."""

    at: datetime
    price_usd: Decimal
    long_usd: Decimal
    short_usd: Decimal
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Heatmap:
    """The cells that hold something, the oldest first, then from the lowest price up."""

    begins_at: datetime
    ends_at: datetime
    step: timedelta
    price_step_usd: Decimal
    cells: tuple[Cell, ...]


def heatmap(forced: Sequence[ForcedTrade], *, now_ms: int, tick_usd: Decimal) -> Heatmap:
    """Map the liquidations of the last four hours."""
    end_ms = (now_ms // STEP_MS + 1) * STEP_MS
    begin_ms = end_ms - KEPT_MS
    shown = [one for one in forced if one.at_ms >= begin_ms]
    width = price_step_usd([one.price_usd for one in shown], tick_usd=tick_usd)
    cells: dict[tuple[int, Decimal], list[ForcedTrade]] = {}
    for one in shown:
        at_ms = one.at_ms // STEP_MS * STEP_MS
        cells.setdefault((at_ms, _floor(one.price_usd, width)), []).append(one)
    return Heatmap(
        begins_at=from_millis(begin_ms),
        ends_at=from_millis(end_ms),
        step=timedelta(milliseconds=STEP_MS),
        price_step_usd=width,
        cells=tuple(_cell(at_ms, low, ones) for (at_ms, low), ones in sorted(cells.items())),
    )


def price_step_usd(prices: Sequence[Decimal], *, tick_usd: Decimal) -> Decimal:
    """Give a step in whole ticks, of 5 bps at least, that needs no more than `ROWS_MAX` rows."""
    if not prices:
        return tick_usd
    wish = max(prices) * _STEP_BPS_MIN / _BPS
    step = max(tick_usd, (wish / tick_usd).to_integral_value(ROUND_FLOOR) * tick_usd)
    while (_floor(max(prices), step) - _floor(min(prices), step)) / step >= ROWS_MAX:
        step *= 2
    return step


def _cell(at_ms: int, low: Decimal, ones: Sequence[ForcedTrade]) -> Cell:
    return Cell(
        at=from_millis(at_ms),
        price_usd=low,
        long_usd=sum((one.usd for one in ones if one.is_long), _ZERO),
        short_usd=sum((one.usd for one in ones if not one.is_long), _ZERO),
        count=len(ones),
    )


def _floor(price: Decimal, step: Decimal) -> Decimal:
    return (price / step).to_integral_value(ROUND_FLOOR) * step
