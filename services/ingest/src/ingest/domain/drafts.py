"""The events that ingest appends, with ids that derive from what they tell about."""

import hashlib
from collections.abc import Callable
from datetime import datetime

from contracts import subjects
from contracts.event import Draft, Event
from contracts.feed import (
    FeedOpened,
    FeedRecovered,
    FeedStalled,
    FrameRefused,
    HistoryMissed,
    TapeEnded,
    TradeGapDetected,
)
from contracts.ids import EventId, derive_root_id
from contracts.values import from_millis
from ingest.domain.items import Missed, Recovered, Refused, Stalled
from ingest.domain.sequence import Gap
from ingest.domain.source import Source
from ingest.domain.totals import Totals

NOTE_MAX = 500
ORIGIN_MAX = 300


class FeedDrafts:
    """Builds the drafts of one feed."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.subject = subjects.feed(source.venue, source.symbol)

    def opened(self) -> Draft:
        """Say that the feed begins."""
        source = self._source
        return self._draft(
            FeedOpened(
                venue=source.venue,
                symbol=source.symbol,
                market=source.market,
                kind=source.kind,
                identity=source.identity,
                is_replayable=source.is_replayable,
                description=source.description[:NOTE_MAX],
            ),
            source.begins_at,
            source.identity,
        )

    def gap(self, gap: Gap) -> Draft:
        """Say which trades are missing; it happened when the next trade revealed it."""
        source = self._source
        return self._draft(
            TradeGapDetected(
                venue=source.venue,
                symbol=source.symbol,
                first_missing_id=gap.first_missing_id,
                last_missing_id=gap.last_missing_id,
                missing_trades=gap.missing_trades,
                before_at=from_millis(gap.before_ms),
                after_at=from_millis(gap.after_ms),
            ),
            from_millis(gap.after_ms),
            source.venue,
            source.symbol,
            gap.first_missing_id,
            gap.last_missing_id,
        )

    def refused(self, refused: Refused, at: datetime, *, occasion: str) -> Draft:
        """Say that a frame could not be read. `occasion` tells equal frames of an origin apart."""
        source = self._source
        digest = hashlib.sha256(refused.frame).hexdigest()
        return self._draft(
            FrameRefused(
                venue=source.venue,
                symbol=source.symbol,
                reason=refused.reason[:NOTE_MAX],
                frame_sha256=digest,
                frame_bytes=len(refused.frame),
                origin=refused.origin[:ORIGIN_MAX],
            ),
            at,
            source.identity,
            refused.origin,
            digest,
            occasion,
        )

    def stalled(self, stalled: Stalled, at: datetime) -> Draft:
        """Say that a stream went silent or lost its connection."""
        source = self._source
        return self._draft(
            FeedStalled(
                venue=source.venue,
                symbol=source.symbol,
                stream=stalled.stream,
                reason=stalled.reason[:NOTE_MAX],
                silence_ms=stalled.silence_ms,
            ),
            at,
            source.identity,
            stalled.stream,
            at.isoformat(),
        )

    def recovered(self, recovered: Recovered, at: datetime) -> Draft:
        """Say that a stalled stream flows again."""
        source = self._source
        return self._draft(
            FeedRecovered(
                venue=source.venue,
                symbol=source.symbol,
                stream=recovered.stream,
                stalled_ms=recovered.stalled_ms,
            ),
            at,
            source.identity,
            recovered.stream,
            at.isoformat(),
        )

    def missed(self, missed: Missed, at: datetime) -> Draft:
        """Say that what was before the first trade could not be had."""
        source = self._source
        return self._draft(
            HistoryMissed(
                venue=source.venue, symbol=source.symbol, reason=missed.reason[:NOTE_MAX]
            ),
            at,
            source.identity,
            at.isoformat(),
        )

    def ended(self, totals: Totals) -> Draft:
        """Say that the recording was published to its end."""
        source = self._source
        at = from_millis(totals.last_ms) if totals.trades else source.begins_at
        return self._draft(
            TapeEnded(
                venue=source.venue,
                symbol=source.symbol,
                trades=totals.trades,
                quantity_base=totals.quantity_base,
                first_trade_id=totals.first_trade_id,
                last_trade_id=totals.last_trade_id,
                gaps=totals.gaps,
                missing_trades=totals.missing_trades,
                is_truncated=totals.is_truncated,
            ),
            at,
            source.identity,
        )

    @property
    def ended_id(self) -> EventId:
        """Give the id that `ended` has, whatever the totals."""
        return derive_root_id(TapeEnded.event_type, self._source.identity)

    def _draft(self, event: Event, at: datetime, *key: str | int) -> Draft:
        event_id = derive_root_id(event.event_type, *key)
        return Draft(
            event=event,
            id=event_id,
            subject=self.subject,
            occurred_at=at,
            correlation_id=event_id,
        )


Clock = Callable[[], datetime]
"""Gives the wall time in UTC; only for what no exchange time tells about."""
