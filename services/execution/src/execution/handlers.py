"""The use cases: an event of the log leads to intents, a print leads to observations.

Write-ahead: an intent is on the log's disk, and has come back from there, before the venue sees
it; the observations of one print are one append, and have come back and been answered before the
next print is worked. So one batch is in flight at a time, and every crash leaves a log that the
restart continues as if nothing had happened.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol

import structlog

from chassis.checkpoints import CheckpointTooLarge
from chassis.market import MarketMessage
from contracts.event import Draft, Recorded
from contracts.ids import MarketId, derive_root_id
from contracts.minutes import EARLIEST_MS, minute_of
from contracts.order import VenueAdvanced
from contracts.routes import subject_of
from contracts.ticks import TapeEnd, Tick, Trade
from contracts.values import from_millis
from execution.domain.state import VENUE
from execution.progress import ForeignFeed
from execution.recorder import Recorder
from execution.recovery import CHECKPOINT
from execution.standing import VERSION, Standing, mark_of
from execution.status import status_of
from execution.ticks import ID_JUMP_MAX, BadTick, Soundness, decode_ticks, require_plausible
from execution.venues.paper.rules import BadPrint

_log = structlog.get_logger()


class Parks(Protocol):
    """Where messages go that cannot be handled."""

    async def park(
        self,
        *,
        what: str,
        reason: str,
        body: bytes,
        headers: Mapping[str, str] | None = None,
        origin: str = "",
    ) -> None: ...


class Keeps(Protocol):
    """Where checkpoints go."""

    async def save(self, name: str, *, version: str, position: int, state: bytes) -> None: ...


class Desk:
    """Works one log and one feed, in order.

    `wait_for_log` handles what the log brings next; it returns when there was something, and
    raises when we are to stop.
    """

    def __init__(
        self,
        standing: Standing,
        recorder: Recorder,
        *,
        dead_letters: Parks,
        checkpoints: Keeps,
        checkpoint_events: int,
        show: Callable[[Mapping[str, object]], None],
    ) -> None:
        self.parked = 0
        self._standing = standing
        self._recorder = recorder
        self._dead_letters = dead_letters
        self._checkpoints = checkpoints
        self._checkpoint_events = checkpoint_events
        self._checkpointed = standing.position
        self._show = show
        self._soundness = Soundness()

    @property
    def position(self) -> int:
        """Give the position of the last event folded."""
        return self._standing.position

    @property
    def has_feed(self) -> bool:
        """Say whether the log has a feed: before that no print can be placed."""
        return self._standing.progress.feed is not None

    async def handle_event(self, recorded: Recorded) -> None:
        """Fold an event of the log and record the intents that it leads to."""
        self._recorder.observe(recorded)
        drafts = self._standing.fold(recorded)
        if drafts:
            await self._recorder.record(drafts)
            self._show(status_of(self._standing))

    async def work(
        self, messages: Sequence[MarketMessage], wait_for_log: Callable[[], Awaitable[None]]
    ) -> None:
        """Work through a batch of the market stream."""
        standing = self._standing
        while not self.has_feed:
            await wait_for_log()
        feed = standing.progress.feed
        subject = "" if feed is None else feed.subject
        for message, tick in zip(messages, decode_ticks(messages), strict=True):
            if message.subject != subject:
                raise ForeignFeed(
                    f"expected only {subject} in the market stream, found {message.subject}"
                )
            try:
                await self._work_tick(tick, wait_for_log)
            except (BadTick, BadPrint) as bad:
                await self._park(message, bad)
        mark = mark_of(messages[0])
        if mark is not None:
            standing.hint = mark
        await self._checkpoint_if_due()

    async def checkpoint(self) -> None:
        """Keep the place in the log, unless something is on its way there."""
        standing = self._standing
        if not self._recorder.is_settled or standing.position == self._checkpointed:
            return
        self._checkpointed = standing.position
        try:
            await self._checkpoints.save(
                CHECKPOINT, version=VERSION, position=standing.position, state=standing.save()
            )
        except CheckpointTooLarge as error:
            _log.warning("checkpoint_not_kept", reason=str(error))

    async def _work_tick(
        self, tick: Tick | ValueError, wait_for_log: Callable[[], Awaitable[None]]
    ) -> None:
        progress, venue = self._standing.progress, self._standing.venue
        if isinstance(tick, ValueError):
            raise BadTick(str(tick))
        if isinstance(tick, TapeEnd):
            await self._end(tick, wait_for_log)
            return
        if progress.open_ms is None:
            require_plausible(tick, open_minute_ms=None)
            self._soundness.require(tick)
            progress.begin(tick.t)
        last_id = venue.last_trade_id
        if last_id is not None and tick.i <= last_id:
            return
        if last_id is not None and tick.i - last_id > ID_JUMP_MAX:
            raise BadTick(f"expected a trade soon after {last_id}, found {tick.i}")
        self._soundness.require(tick)
        if tick.t >= progress.closes_ms or tick.t < EARLIEST_MS:
            await self._close_minutes(tick, wait_for_log)
        if progress.is_behind or not self._recorder.is_settled:
            await self._settle(wait_for_log)
        if venue.is_idle:
            venue.pass_over(tick.i, tick.t)
            return
        drafts = venue.on_print(tick)
        if drafts:
            self._standing.unreturned.update(draft.id for draft in drafts)
            await self._recorder.record(drafts)
            await self._settle(wait_for_log)
            self._show(status_of(self._standing))

    async def _close_minutes(
        self, trade: Trade, wait_for_log: Callable[[], Awaitable[None]]
    ) -> None:
        """Say that all prints before this one are worked; wait for what is decided on them."""
        progress = self._standing.progress
        if progress.is_ended:
            raise BadTick(f"expected no trade after the end of the tape, found trade {trade.i}")
        require_plausible(trade, open_minute_ms=progress.open_ms)
        newest_ms = progress.newest_closed_by(trade.t)
        await self._recorder.record([self._advanced(newest_ms, closed_ms=trade.t)])
        await self._settle(wait_for_log)
        self._show(status_of(self._standing))

    async def _end(self, end: TapeEnd, wait_for_log: Callable[[], Awaitable[None]]) -> None:
        """Say that the whole tape is worked; nothing is decided on its last, unfinished bar."""
        progress, venue = self._standing.progress, self._standing.venue
        if progress.is_ended or progress.open_ms is None:
            return
        last_id = venue.last_trade_id or 0
        if end.i < last_id:
            raise BadTick(f"expected the tape to end at trade {last_id}, found {end.i}")
        require_plausible(end, open_minute_ms=progress.open_ms)
        newest_ms = max(progress.open_ms, minute_of(venue.now_ms))
        await self._recorder.record([self._advanced(newest_ms, closed_ms=end.t)])
        while not self._recorder.is_settled:
            await wait_for_log()
        self._show(status_of(self._standing))

    def _advanced(self, newest_ms: int, *, closed_ms: int) -> Draft:
        feed = self._standing.progress.feed
        market = MarketId("" if feed is None else feed.market)
        event = VenueAdvanced(
            venue=VENUE,
            market=market,
            minute=from_millis(newest_ms),
            closed_at=from_millis(closed_ms),
            last_trade_id=self._standing.venue.last_trade_id or 0,
        )
        identity = derive_root_id(event.event_type, VENUE, market, newest_ms)
        return Draft(
            event=event,
            id=identity,
            subject=subject_of(event),
            occurred_at=event.closed_at,
            correlation_id=identity,
        )

    async def _settle(self, wait_for_log: Callable[[], Awaitable[None]]) -> None:
        """Wait until what we recorded is back and answered, and nothing has to be decided first."""
        while not self._recorder.is_settled or self._standing.progress.is_behind:
            await wait_for_log()

    async def _park(self, message: MarketMessage, reason: ValueError) -> None:
        self.parked += 1
        origin = f"{message.subject} at {message.sequence} of the market stream"
        _log.warning("tick_parked", reason=str(reason), origin=origin)
        await self._dead_letters.park(
            what="tick", reason=str(reason), body=message.body, origin=origin
        )

    async def _checkpoint_if_due(self) -> None:
        if self._standing.position - self._checkpointed >= self._checkpoint_events:
            await self.checkpoint()
