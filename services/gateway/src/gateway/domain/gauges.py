"""Mark price, funding and liquidations as the page shows them: a fold over ticks.

An empty text of the exchange is "not given" and stays unknown; it is never zero.
"""

from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from contracts.ticks import Liquidation, MarkPrice
from contracts.values import from_millis, parse_decimal

WINDOW_MS = 3_600_000
"""Liquidations are summed over the last hour of the market's own time."""
KEPT_MS = 4 * WINDOW_MS
"""They are mapped over price and time for longer."""
FORCED_MAX = 10_000
"""Liquidations kept; of more the oldest are forgotten, and the sum says so."""
_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Mark:
    """The venue's fair price, the index that it follows, and the funding rate; None: not given."""

    at: datetime
    mark_usd: Decimal
    index_usd: Decimal | None
    funding_rate: Decimal | None
    """Paid by longs to shorts per funding interval, as a part of the notional."""
    next_funding_at: datetime | None
    funding_interval: timedelta | None = None
    """Between two times of funding that were seen; None while only one was."""

    @property
    def basis_usd(self) -> Decimal | None:
        """Give mark minus index."""
        return None if self.index_usd is None else self.mark_usd - self.index_usd


@dataclass(frozen=True, slots=True)
class Forced:
    """Positions that were liquidated within the window, in USD of their fills."""

    long_usd: Decimal = _ZERO
    short_usd: Decimal = _ZERO
    count: int = 0
    last_at: datetime | None = None
    is_cut: bool = False
    """Whether there were more than are kept."""


@dataclass(frozen=True, slots=True)
class ForcedTrade:
    """One liquidation, at the average price of its fill."""

    at_ms: int
    is_long: bool
    """Whether a long was liquidated."""
    price_usd: Decimal
    usd: Decimal


class Gauges:
    """Folds ticks in order."""

    def __init__(self) -> None:
        """Begin without having heard anything."""
        self.mark: Mark | None = None
        self.refused = 0
        self.has_forced = False
        """Whether a liquidation was ever heard."""
        self._window: deque[ForcedTrade] = deque()
        self._now_ms = 0
        self._cut_ms: int | None = None
        """Time of the newest one that was forgotten too early."""

    def take(self, tick: MarkPrice | Liquidation) -> None:
        """Fold one tick; one whose numbers are none is counted as refused."""
        try:
            if isinstance(tick, MarkPrice):
                self.mark = _mark(tick, self.mark)
            else:
                self._force(tick)
        except (ValueError, OverflowError):
            self.refused += 1
            return
        self._now_ms = max(self._now_ms, tick.t)
        while self._window and self._window[0].at_ms <= self._now_ms - KEPT_MS:
            self._window.popleft()

    @property
    def now(self) -> datetime | None:
        """Give how far the market has come in its own time."""
        return from_millis(self._now_ms) if self._now_ms else None

    @property
    def kept(self) -> tuple[ForcedTrade, ...]:
        """Give the liquidations of the last `KEPT_MS`, the oldest first."""
        return tuple(self._window)

    def is_cut(self, window_ms: int) -> bool:
        """Say whether there were more in a window than are kept."""
        return self._cut_ms is not None and self._cut_ms > self._now_ms - window_ms

    def forced(self) -> Forced:
        """Give what was liquidated in the last hour."""
        window = [one for one in self._window if one.at_ms > self._now_ms - WINDOW_MS]
        return Forced(
            long_usd=sum((one.usd for one in window if one.is_long), _ZERO),
            short_usd=sum((one.usd for one in window if not one.is_long), _ZERO),
            count=len(window),
            last_at=from_millis(window[-1].at_ms) if window else None,
            is_cut=self.is_cut(WINDOW_MS),
        )

    def _force(self, tick: Liquidation) -> None:
        from_millis(tick.t)  # Raises for a time that is none.
        price = _above(tick.p)
        usd = price * _above(tick.q)
        self.has_forced = True
        self._window.append(ForcedTrade(tick.t, tick.side == "long", price, usd))
        if len(self._window) > FORCED_MAX:
            self._cut_ms = self._window.popleft().at_ms


def _mark(tick: MarkPrice, before: Mark | None) -> Mark:
    due = from_millis(tick.next_funding) if tick.next_funding else None
    return Mark(
        at=from_millis(tick.t),
        mark_usd=_above(tick.mark),
        index_usd=_above(tick.index) if tick.index else None,
        funding_rate=parse_decimal(tick.funding) if tick.funding else None,
        next_funding_at=due,
        funding_interval=_interval(due, before),
    )


def _interval(due: datetime | None, before: Mark | None) -> timedelta | None:
    """Give the time between two fundings: from the one that was due to the one that is."""
    if before is None:
        return None
    if due is None or before.next_funding_at is None or due <= before.next_funding_at:
        return before.funding_interval
    return due - before.next_funding_at


def _above(text: str) -> Decimal:
    number = parse_decimal(text)
    if number <= 0:
        raise ValueError(f"expected a number above zero, found {text:.40}")
    return number
