"""Mark price, funding and liquidations as the page shows them: a fold over ticks.

An empty text of the exchange is "not given" and stays unknown; it is never zero.
"""

from collections import deque
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from contracts.ticks import Liquidation, MarkPrice
from contracts.values import from_millis, parse_decimal

WINDOW_MS = 3_600_000
"""Liquidations are summed over the last hour of the market's own time."""
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


class Gauges:
    """Folds ticks in order."""

    def __init__(self) -> None:
        """Begin without having heard anything."""
        self.mark: Mark | None = None
        self.refused = 0
        self.has_forced = False
        """Whether a liquidation was ever heard."""
        self._window: deque[tuple[int, bool, Decimal]] = deque()
        """Time, whether a long was liquidated, and USD."""
        self._now_ms = 0
        self._is_cut_until_ms = 0

    def take(self, tick: MarkPrice | Liquidation) -> None:
        """Fold one tick; one whose numbers are none is counted as refused."""
        try:
            if isinstance(tick, MarkPrice):
                self.mark = _mark(tick)
            else:
                self._force(tick)
        except (ValueError, OverflowError):
            self.refused += 1
            return
        self._now_ms = max(self._now_ms, tick.t)
        while self._window and self._window[0][0] <= self._now_ms - WINDOW_MS:
            self._window.popleft()

    @property
    def now(self) -> datetime | None:
        """Give how far the market has come in its own time."""
        return from_millis(self._now_ms) if self._now_ms else None

    def forced(self) -> Forced:
        """Give what was liquidated in the last hour."""
        longs = sum((usd for _, is_long, usd in self._window if is_long), _ZERO)
        shorts = sum((usd for _, is_long, usd in self._window if not is_long), _ZERO)
        return Forced(
            long_usd=longs,
            short_usd=shorts,
            count=len(self._window),
            last_at=from_millis(self._window[-1][0]) if self._window else None,
            is_cut=self._is_cut_until_ms > self._now_ms,
        )

    def _force(self, tick: Liquidation) -> None:
        from_millis(tick.t)  # Raises for a time that is none.
        usd = _above(tick.p) * _above(tick.q)
        self.has_forced = True
        self._window.append((tick.t, tick.side == "long", usd))
        if len(self._window) > FORCED_MAX:
            at_ms, _, _ = self._window.popleft()
            self._is_cut_until_ms = at_ms + WINDOW_MS


def _mark(tick: MarkPrice) -> Mark:
    return Mark(
        at=from_millis(tick.t),
        mark_usd=_above(tick.mark),
        index_usd=_above(tick.index) if tick.index else None,
        funding_rate=parse_decimal(tick.funding) if tick.funding else None,
        next_funding_at=from_millis(tick.next_funding) if tick.next_funding else None,
    )


def _above(text: str) -> Decimal:
    number = parse_decimal(text)
    if number <= 0:
        raise ValueError(f"expected a number above zero, found {text:.40}")
    return number
