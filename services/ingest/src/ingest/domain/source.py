"""Where ticks come from: what a feed says about itself before the first one."""

from dataclasses import dataclass
from datetime import datetime

from contracts.feed import FeedKind
from contracts.ids import MarketId, SourceVenue, Symbol

BINANCE_USDM = SourceVenue("binance-usdm")
BINANCE_SPOT = SourceVenue("binance-spot")
SYNTHETIC = SourceVenue("synthetic")


@dataclass(frozen=True, slots=True)
class Source:
    """A feed's identity; two feeds with equal `identity` give the same ticks."""

    venue: SourceVenue
    symbol: Symbol
    market: MarketId
    kind: FeedKind
    identity: str
    is_replayable: bool
    description: str
    begins_at: datetime
    """Exchange time of the first tick; of a live feed, when it was opened."""
