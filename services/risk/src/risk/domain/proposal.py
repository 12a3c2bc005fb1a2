"""What risk judges: a signal for every account, or one account's order by hand, in one shape."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from contracts.control import ManualOrderRequested
from contracts.ids import EventId
from contracts.signal import EntrySignaled
from contracts.values import Side
from contracts.verdict import ENTRY_CHASE_R_MAX


@dataclass(frozen=True, slots=True)
class Features:
    """The last that the strategy said about a market: what an order by hand is judged with."""

    minute: datetime
    atr_5m_usd: Decimal | None
    source: EventId


@dataclass(frozen=True, slots=True)
class Marker:
    """How far a venue has worked a market: every fill before `closed_at` is in the log."""

    closed_at: datetime
    source: EventId


@dataclass(frozen=True, slots=True)
class ManualTerms:
    """What only an order by hand brings."""

    quantity_base: Decimal
    leverage: Decimal
    venue: str
    requested_at: datetime | None
    """When the person asked, on a clock that the market's can be compared with; None on a feed
    that is replayed, whose time has nothing to do with the person's."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A setup to judge."""

    id: EventId
    market: str
    side: Side
    entry_price_usd: Decimal
    stop_price_usd: Decimal
    tp_prices_usd: tuple[Decimal, Decimal, Decimal]
    closed_at: datetime
    """Market time of the data that it rests on."""
    atr_5m_usd: Decimal | None
    atr_source: EventId | None
    missing_trades: int | None
    """In the strategy's window; None for an order by hand, which rests on no window."""
    manual: ManualTerms | None

    @property
    def stop_distance_usd(self) -> Decimal:
        """Give the distance from the entry to the stop, never negative."""
        return abs(self.entry_price_usd - self.stop_price_usd)

    @property
    def chase_distance_usd(self) -> Decimal:
        """Give how much farther from the stop execution may move the entry."""
        return self.stop_distance_usd * ENTRY_CHASE_R_MAX


def from_signal(event: EntrySignaled, *, event_id: EventId) -> Proposal:
    """Give the proposal that a signal makes to every account."""
    return Proposal(
        id=event_id,
        market=event.market,
        side=event.side,
        entry_price_usd=event.entry_price_usd,
        stop_price_usd=event.stop_price_usd,
        tp_prices_usd=event.tp_prices_usd,
        closed_at=event.closed_at,
        atr_5m_usd=event.features.atr_5m_usd,
        atr_source=event_id,
        missing_trades=event.missing_trades_in_window,
        manual=None,
    )


def from_manual_order(
    event: ManualOrderRequested,
    *,
    event_id: EventId,
    requested_at: datetime,
    is_live: bool,
    marker: Marker | None,
    features: Features | None,
) -> Proposal:
    """Give the proposal that a person makes to one account, on the market as last known."""
    return Proposal(
        id=event_id,
        market=event.market,
        side=event.side,
        entry_price_usd=event.entry_price_usd,
        stop_price_usd=event.stop_price_usd,
        tp_prices_usd=event.tp_prices_usd,
        closed_at=requested_at if marker is None else marker.closed_at,
        atr_5m_usd=None if features is None else features.atr_5m_usd,
        atr_source=None if features is None else features.source,
        missing_trades=None,
        manual=ManualTerms(
            quantity_base=event.quantity_base,
            leverage=event.leverage,
            venue=event.venue,
            requested_at=requested_at if is_live else None,
        ),
    )
