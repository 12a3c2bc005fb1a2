"""Markouts: where the market stood some seconds after each fill.

A mark is the price of the last print, in the feed's order, that was at most so many seconds after
the fill. It is not known when no print shows that so much time has passed, or when that print is
older than `AGE_MS_MAX`: then the feed was silent, or lacks prints.
"""

import heapq
from collections.abc import Iterable
from decimal import Decimal

from audit.domain.trades.rows import Fill, bps_of
from contracts.ticks import Trade
from contracts.values import to_millis

HORIZONS_S = (1, 5, 60)
AGE_MS_MAX = 60_000


class Markouts:
    """Fills that wait for prints; mutates, because it sees every print."""

    def __init__(self, fills: Iterable[Fill]) -> None:
        self._waiting: list[tuple[int, int, int, Fill]] = []
        for number, fill in enumerate(fills):
            for seconds in HORIZONS_S:
                fill.markouts_bps[seconds] = None
                at_ms = to_millis(fill.at) + seconds * 1_000
                heapq.heappush(self._waiting, (at_ms, number, seconds, fill))
        self._last: Trade | None = None
        self.prints = 0

    @property
    def is_done(self) -> bool:
        """Say whether no fill waits any more."""
        return not self._waiting

    def see(self, trade: Trade) -> None:
        """Take the next print of the feed; prints that come again are passed over."""
        last = self._last
        if last is not None and trade.i <= last.i:
            return
        while self._waiting and self._waiting[0][0] < trade.t:
            at_ms, _, seconds, fill = heapq.heappop(self._waiting)
            if last is not None and at_ms - last.t <= AGE_MS_MAX:
                moved = Decimal(last.p) - fill.price_usd
                fill.markouts_bps[seconds] = bps_of(fill.side.sign * moved, fill.price_usd)
        self._last = trade
        self.prints += 1
