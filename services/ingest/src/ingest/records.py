"""What ingest appends to the log: openings, gaps, refusals and the feed's health, each once.

Ids derive from what an event tells about, so an append that comes again changes nothing; beyond
the log's dedupe window, what the log held at the start is remembered.
"""

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

import structlog

from chassis.log import Appended
from chassis.settings import ConfigurationError
from contracts.event import Draft, Recorded
from contracts.feed import FeedOpened
from contracts.ids import EventId
from contracts.values import from_millis
from ingest.domain.drafts import Clock, FeedDrafts
from ingest.domain.items import Missed, Recovered, Refused, Stalled
from ingest.domain.sequence import Gap
from ingest.domain.source import Source
from ingest.domain.totals import Totals

REFUSALS_MAX = 1_000
"""Events about refused frames of one recording; or of a live feed, in a row."""
REFUSAL_REFILL_S = 60.0
"""A live feed may tell about one more refused frame after this time."""
PARKED_BYTES_MAX = 512 * 1024

_log = structlog.get_logger()


class AppendsAndReads(Protocol):
    """What of the log is needed here."""

    async def append(self, drafts: Sequence[Draft]) -> list[Appended]: ...

    def read(self, *, subjects: Sequence[str] = ()) -> AsyncIterator[Recorded]: ...


class Parks(Protocol):
    """What of the dead letters is needed here."""

    async def park(self, *, what: str, reason: str, body: bytes, origin: str = "") -> None: ...


class OpenedBefore:
    """What the log holds of feeds at the start."""

    def __init__(self) -> None:
        self.opening: FeedOpened | None = None
        self.ids: set[EventId] = set()


async def read_openings(log: AppendsAndReads) -> OpenedBefore:
    """Read which feed this log belongs to, and what was told about it."""
    before = OpenedBefore()
    async for recorded in log.read(subjects=["feed.>"]):
        if isinstance(recorded.event, FeedOpened) and before.opening is None:
            before.opening = recorded.event
        if not recorded.event.is_process:
            before.ids.add(recorded.id)
    return before


class FeedRecords:
    """Appends what happens on one feed."""

    def __init__(
        self,
        source: Source,
        *,
        log: AppendsAndReads,
        dead_letters: Parks,
        before: OpenedBefore,
        now: Clock,
    ) -> None:
        self._source = source
        self._drafts = FeedDrafts(source)
        self._log = log
        self._dead_letters = dead_letters
        self._before = before
        self._known = before.ids
        self._now = now
        self._refusals_left = float(REFUSALS_MAX)
        self._refilled_at = now()

    @property
    def has_ended(self) -> bool:
        """Say whether the log holds the end of the recording."""
        return self._drafts.ended_id in self._known

    async def open(self) -> None:
        """Record that the feed begins; refuse a log that holds another feed."""
        held = self._before.opening
        if held is not None and held.identity != self._source.identity:
            raise ConfigurationError(
                f"expected a log of {self._source.description} ({self._source.identity}), "
                f"but this log holds {held.description} ({held.identity}); use another data folder"
            )
        if held is None:
            await self._append(self._drafts.opened())

    async def gap(self, gap: Gap) -> None:
        """Record missing trades; to be awaited before the trade behind them is published."""
        _log.warning(
            "trade_gap_detected",
            first_missing_id=gap.first_missing_id,
            last_missing_id=gap.last_missing_id,
        )
        await self._append(self._drafts.gap(gap))

    async def refused(self, refused: Refused, *, at_ms: int) -> None:
        """Park a frame that could not be read, and record that.

        On a recording the time is that of the tick before it, so that every run tells the same.
        """
        if self._source.is_replayable:
            if refused.ordinal > REFUSALS_MAX:
                _tell_suppressed(refused)
                return
            draft = self._drafts.refused(refused, from_millis(at_ms), occasion="")
        else:
            at = self._now()
            if not self._may_tell():
                _tell_suppressed(refused)
                return
            draft = self._drafts.refused(refused, at, occasion=at.isoformat())
        if draft.id in self._known:
            return
        _log.warning("frame_refused", origin=refused.origin, reason=refused.reason)
        await self._dead_letters.park(
            what="frame",
            reason=refused.reason,
            body=refused.frame[:PARKED_BYTES_MAX],
            origin=refused.origin,
        )
        await self._append(draft)

    async def stalled(self, stalled: Stalled) -> None:
        """Record that a stream went silent."""
        _log.warning("feed_stalled", stream=stalled.stream, reason=stalled.reason)
        await self._append(self._drafts.stalled(stalled, self._now()))

    async def recovered(self, recovered: Recovered) -> None:
        """Record that a stream flows again."""
        _log.info("feed_recovered", stream=recovered.stream, stalled_ms=recovered.stalled_ms)
        await self._append(self._drafts.recovered(recovered, self._now()))

    async def missed(self, missed: Missed) -> None:
        """Record that the session has no beginning, and why."""
        _log.warning("history_missed", reason=missed.reason)
        await self._append(self._drafts.missed(missed, self._now()))

    async def ended(self, totals: Totals) -> None:
        """Record the end of a recording, with its totals."""
        _log.info("tape_ended", trades=totals.trades, gaps=totals.gaps)
        await self._append(self._drafts.ended(totals))

    async def _append(self, draft: Draft) -> None:
        if draft.id in self._known:
            return
        await self._log.append([draft])
        if not draft.event.is_process:
            self._known.add(draft.id)

    def _may_tell(self) -> bool:
        at = self._now()
        earned = (at - self._refilled_at).total_seconds() / REFUSAL_REFILL_S
        self._refusals_left = min(float(REFUSALS_MAX), self._refusals_left + max(0.0, earned))
        self._refilled_at = at
        if self._refusals_left < 1:
            return False
        self._refusals_left -= 1
        return True


def _tell_suppressed(refused: Refused) -> None:
    if refused.ordinal % REFUSALS_MAX == 1:
        _log.warning("refusals_suppressed", so_far=refused.ordinal, reason=refused.reason)
