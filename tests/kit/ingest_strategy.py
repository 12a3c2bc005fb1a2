"""What the strategy of signals makes of ticks, and what then becomes of its entries."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from contracts.ids import MarketId, SourceVenue, Symbol
from contracts.signal import EntrySignaled, EntryWithheld
from contracts.ticks import Trade
from signals.domain.bars import TickFold
from signals.domain.core import State, decide

LATENCY_MS = 1_000
LIFE_MS = 300_000


@dataclass
class Entry:
    """An entry and what the prints after it did; times in ms after the signal."""

    signal: EntrySignaled
    at_ms: int
    filled_ms: int | None = None
    """A print went strictly through the entry price."""
    reached_ms: list[int] = field(default_factory=list[int])
    """Take-profits, in order."""
    stopped_ms: int | None = None

    def see(self, trade: Trade) -> None:
        """Look at one print."""
        sign, price = self.signal.side.sign, Decimal(trade.p)
        after_ms = trade.t - self.at_ms
        if self.filled_ms is None:
            if LATENCY_MS <= after_ms <= LIFE_MS and sign * (
                self.signal.entry_price_usd - price
            ) > Decimal(0):
                self.filled_ms = after_ms
            return
        if self.stopped_ms is None and sign * (price - self.signal.stop_price_usd) <= 0:
            self.stopped_ms = after_ms
        targets = self.signal.tp_prices_usd
        while (
            self.stopped_ms is None
            and len(self.reached_ms) < len(targets)
            and sign * (price - targets[len(self.reached_ms)]) > 0
        ):
            self.reached_ms.append(after_ms)


@dataclass
class Judged:
    """Everything that the strategy said."""

    entries: list[Entry] = field(default_factory=list[Entry])
    withheld: list[EntryWithheld] = field(default_factory=list[EntryWithheld])


def judge(trades: Iterable[Trade], *, venue: str, symbol: str, market: str) -> Judged:
    """Fold trades as the signals service does."""
    fold = TickFold(venue=SourceVenue(venue), symbol=Symbol(symbol), market=MarketId(market))
    state, judged = State(), Judged()
    for trade in trades:
        for entry in judged.entries[-4:]:
            entry.see(trade)
        for minute in fold.fold(trade):
            state, event = decide(state, minute)
            if isinstance(event, EntrySignaled):
                judged.entries.append(Entry(event, trade.t))
            else:
                judged.withheld.append(event)
    return judged
