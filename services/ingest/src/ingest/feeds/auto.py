"""The choice of `auto`: live when the exchange can be heard, else synthetic, and said so."""

import structlog

from contracts.feed import FeedKind, FeedOpened
from contracts.ids import Symbol
from ingest.feeds.probe import hear_trade
from ingest.settings import FeedChoice, IngestSettings

_log = structlog.get_logger()


async def choose(settings: IngestSettings, held: FeedOpened | None) -> FeedKind:
    """Give the kind of feed to open. What the log holds already is not chosen again."""
    if settings.feed is not FeedChoice.AUTO:
        return FeedKind(settings.feed)
    if held is not None:
        return held.kind
    reason = await hear_trade(
        settings.binance_ws_url,
        Symbol(settings.feed_symbol),
        within_s=settings.auto_probe_seconds,
    )
    if reason is None:
        return FeedKind.BINANCE
    _log.warning("feed_goes_synthetic", reason=reason)
    return FeedKind.SYNTHETIC
