"""What a recording adds up to: the figures that consumers of its ticks must reach as well."""

from dataclasses import dataclass
from decimal import Context, Decimal

from contracts.ticks import Trade
from ingest.domain.sequence import Gap

_EXACT = Context(prec=60)
"""Enough digits for any sum of quantities of 18 digits before and after the point."""


@dataclass(frozen=True, slots=True)
class Totals:
    """The sums over a whole recording, each trade counted once."""

    trades: int
    quantity_base: Decimal
    first_trade_id: int
    last_trade_id: int
    first_ms: int
    last_ms: int
    """Exchange time of the last trade."""
    gaps: int
    missing_trades: int
    is_truncated: bool


class TotalsCounter:
    """Adds up trades; mutates, because it sees every one."""

    def __init__(self) -> None:
        self.is_truncated = False
        self._trades = 0
        self._quantity = Decimal(0)
        self._first: Trade | None = None
        self._last: Trade | None = None
        self._gaps = 0
        self._missing_trades = 0

    def add(self, trade: Trade) -> None:
        """Count a trade."""
        if self._first is None:
            self._first = trade
        self._last = trade
        self._trades += 1
        self._quantity = _EXACT.add(self._quantity, Decimal(trade.q))

    def add_gap(self, gap: Gap) -> None:
        """Count a gap."""
        self._gaps += 1
        self._missing_trades += gap.missing_trades

    def totals(self) -> Totals:
        """Give the sums so far; ids and times are 0 where there was no trade."""
        return Totals(
            trades=self._trades,
            quantity_base=self._quantity,
            first_trade_id=0 if self._first is None else self._first.i,
            last_trade_id=0 if self._last is None else self._last.i,
            first_ms=0 if self._first is None else self._first.t,
            last_ms=0 if self._last is None else self._last.t,
            gaps=self._gaps,
            missing_trades=self._missing_trades,
            is_truncated=self.is_truncated,
        )
