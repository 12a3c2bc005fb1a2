"""The use cases: an event of the log is heard, a print is worked, and both lead to turns."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import structlog

from chassis.checkpoints import Keeps, keep
from chassis.fold import require_deciding
from chassis.market import MarketMessage
from contracts.event import Draft, Recorded
from contracts.ids import MarketId
from contracts.minutes import EARLIEST_MS, minute_of
from contracts.ticks import TapeEnd, Tick, Trade
from execution.live_time import LiveTime
from execution.recorder import Recorder
from execution.recovery import CHECKPOINT
from execution.signing.cabinet import KeyCabinet
from execution.standing import VERSION, Standing, mark_of
from execution.status import status_of
from execution.ticks import (
    ID_JUMP_MAX,
    BadTick,
    Soundness,
    decode_ticks,
    require_plausible,
    require_subject,
)
from execution.turning import Turns, WaitForLog
from execution.venue_time import advanced, time_passed
from execution.venues.paper.prints import BadPrint

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
        cabinet: KeyCabinet | None = None,
        dead_letters: Parks,
        checkpoints: Keeps,
        checkpoint_events: int,
        ready: Callable[[bool, str], None],
        clock: Callable[[], float],
    ) -> None:
        """Open the desk; `clock` counts seconds and never goes back.

        Without a cabinet no delegate key can be kept.
        """
        self._parked = 0
        self._standing = standing
        self._recorder = recorder
        self._dead_letters = dead_letters
        self._checkpoints = checkpoints
        self._checkpoint_events = checkpoint_events
        self._checkpointed = standing.position
        self._turns = Turns(standing, recorder, cabinet=cabinet)
        self._soundness = Soundness()
        self._ready = ready
        self._live = LiveTime(clock)
        if standing.venue is not None:
            self._live.came_to(standing.venue.now_ms)
        self._say_ready()

    @property
    def position(self) -> int:
        """Give the position of the last event folded."""
        return self._standing.position

    def status(self) -> dict[str, object]:
        """Give what the service shows of itself now, as JSON values."""
        return status_of(self._standing, parked=self._parked)

    async def handle_event(self, recorded: Recorded, wait_for_log: WaitForLog) -> None:
        """Fold an event of the log, and take the turns that it leads to.

        Raises AnotherWriter for an event that only this process should have written.
        """
        if self._recorder.is_own(recorded):
            self._standing.position = max(self._standing.position, recorded.position)
            return
        self._recorder.require_alone(recorded)
        self._recorder.observe(recorded)
        drafts = self._standing.fold(recorded)
        require_deciding(self._standing.planner)
        if drafts:
            await self._turns.record(drafts)
        await self.pass_time(wait_for_log)
        heard_by = getattr(recorded.event, "account", None)
        await self._turns.take_all(wait_for_log, heard_by=heard_by)

    def wake_s(self) -> float | None:
        """Give in how many seconds time has to pass without a print; None while it need not."""
        return self._live.next_step_s(self._turns.venue.now_ms) if self._may_step else None

    async def pass_time(self, wait_for_log: WaitForLog) -> None:
        """Let the chain go on without a print, when it is time and something is on its way.

        Turns follow at each step.
        """
        to_ms = self._live.step(self._turns.venue.now_ms) if self._may_step else None
        if to_ms is None:
            return
        await self._turns.record([time_passed(self._standing, to_ms)])
        self._turns.venue.advance(to_ms)
        await self._turns.take_all(wait_for_log)

    async def work(self, messages: Sequence[MarketMessage], wait_for_log: WaitForLog) -> None:
        """Work through a batch of the market stream; park what cannot be read and what another
        feed said.
        """
        standing = self._standing
        while (feed := standing.progress.feed) is None:
            await wait_for_log()
        ours = [message for message in messages if message.subject == feed.subject]
        for message, tick in zip(messages, decode_ticks(messages), strict=True):
            try:
                require_subject(message, feed.subject)
                await self._work_tick(tick, wait_for_log)
            except (BadTick, BadPrint) as bad:
                await self._park(message, bad)
        if ours and standing.venue is not None:
            self._live.came_to(standing.venue.now_ms)
        mark = mark_of(ours[0]) if ours else None
        if mark is not None:
            standing.hint = mark
        await self._checkpoint_if_due()

    async def checkpoint(self) -> None:
        """Keep the place in the log, unless the venue has not come to it yet."""
        standing = self._standing
        if standing.is_reworking or standing.position == self._checkpointed:
            return
        self._checkpointed = standing.position
        await keep(
            self._checkpoints,
            CHECKPOINT,
            version=VERSION,
            position=standing.position,
            state=standing.save(ahead=self._recorder.ahead),
        )

    async def _work_tick(self, tick: Tick | ValueError, wait_for_log: WaitForLog) -> None:
        progress, venue = self._standing.progress, self._turns.venue
        if isinstance(tick, ValueError):
            raise BadTick(str(tick))
        if isinstance(tick, TapeEnd):
            await self._end(tick, wait_for_log)
            return
        if progress.open_ms is None:
            require_plausible(tick, open_minute_ms=None)
            self._soundness.require(tick)
            progress.begin(tick.t)
        if not (self._is_new(tick) or self._standing.is_reworking):
            return
        if self._standing.is_reworking and await self._rework(tick, wait_for_log):
            return
        is_closing = tick.t >= progress.closes_ms or tick.t < EARLIEST_MS
        if is_closing:
            require_plausible(tick, open_minute_ms=progress.open_ms)
        await self._turns.advance_to(tick.t, wait_for_log)
        if is_closing:
            await self._close_minutes(tick, wait_for_log)
        while progress.is_behind:
            await wait_for_log()
        venue.on_print(tick)
        await self._turns.take_all(wait_for_log)

    async def _rework(self, trade: Trade, wait_for_log: WaitForLog) -> bool:
        """Work a print that the log is past already; say whether it was one."""
        is_known = self._standing.rework(trade)
        if not self._standing.is_reworking:
            self._say_ready()
            await self._turns.take_all(wait_for_log)
        return is_known

    def _is_new(self, trade: Trade) -> bool:
        """Say whether a print was not worked yet; raise BadTick when it cannot be true."""
        last_id = self._turns.venue.last_trade_id
        if last_id is not None and trade.i <= last_id:
            return False
        if last_id is not None and trade.i - last_id > ID_JUMP_MAX:
            raise BadTick(f"expected a trade soon after {last_id}, found {trade.i}")
        self._soundness.require(trade)
        return True

    @property
    def _may_step(self) -> bool:
        """Say whether chain time may pass without prints: not on a feed that can be replayed."""
        standing = self._standing
        feed, venue = standing.progress.feed, standing.venue
        if feed is None or feed.is_replayable or venue is None or venue.last_trade_id is None:
            return False
        return self._turns.is_moving and not (standing.is_reworking or self._turns.is_turning)

    async def _close_minutes(self, trade: Trade, wait_for_log: WaitForLog) -> None:
        """Say that all prints before this one are worked; wait for what is decided on them."""
        progress = self._standing.progress
        if progress.is_ended:
            raise BadTick(f"expected no trade after the end of the tape, found trade {trade.i}")
        self._turns.venue.advance(trade.t)
        await self._turns.take_all(wait_for_log)
        newest_ms = progress.newest_closed_by(trade.t)
        await self._turns.record([self._advanced(newest_ms, closed_ms=trade.t)])

    async def _end(self, end: TapeEnd, wait_for_log: WaitForLog) -> None:
        """Say that the whole tape is worked; nothing is decided on its last, unfinished bar."""
        progress, venue = self._standing.progress, self._turns.venue
        if progress.is_ended or progress.open_ms is None:
            return
        last_id = venue.last_trade_id or 0
        if end.i < last_id:
            raise BadTick(f"expected the tape to end at trade {last_id}, found {end.i}")
        require_plausible(end, open_minute_ms=progress.open_ms)
        self._standing.finish_rework()
        await self._turns.take_all(wait_for_log)
        newest_ms = max(progress.open_ms, minute_of(venue.now_ms))
        await self._turns.record([self._advanced(newest_ms, closed_ms=end.t)])

    def _advanced(self, newest_ms: int, *, closed_ms: int) -> Draft:
        market = MarketId(self._standing.planner.state.market or "")
        last_id = self._turns.venue.last_trade_id or 0
        return advanced(market, newest_ms, closed_ms=closed_ms, last_trade_id=last_id)

    def _say_ready(self) -> None:
        is_clean = not self._standing.is_reworking
        self._ready(is_clean, "" if is_clean else "working through the prints again")

    async def _park(self, message: MarketMessage, reason: Exception) -> None:
        self._parked += 1
        origin = f"{message.subject} at {message.sequence} of the market stream"
        _log.warning("tick_parked", reason=str(reason), origin=origin)
        await self._dead_letters.park(
            what="tick", reason=str(reason), body=message.body, origin=origin
        )

    async def _checkpoint_if_due(self) -> None:
        if self._standing.position - self._checkpointed >= self._checkpoint_events:
            await self.checkpoint()
