"""The use cases: an event of the log is heard, a print is worked, and both lead to turns.

Write-ahead: what a turn observed and decided is one append, on the log's disk before the venue
hears of it. Nothing else is in flight meanwhile, so every crash leaves a log that the restart
continues as if nothing had happened.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol

import structlog

from chassis.checkpoints import CheckpointTooLarge
from chassis.market import MarketMessage
from contracts.event import Draft, Recorded
from contracts.ids import MarketId, derive_root_id
from contracts.minutes import EARLIEST_MS, minute_of
from contracts.routes import subject_of
from contracts.ticks import TapeEnd, Tick, Trade
from contracts.values import from_millis
from contracts.venue import VenueAdvanced
from execution.domain.state import VENUE
from execution.engine import Engine, Turn
from execution.progress import ForeignFeed
from execution.recorder import NewsFirst, Recorder
from execution.recovery import CHECKPOINT
from execution.standing import VERSION, Standing, mark_of
from execution.status import status_of
from execution.ticks import ID_JUMP_MAX, BadTick, Soundness, decode_ticks, require_plausible
from execution.venues.paper.chain import PaperChain
from execution.venues.paper.prints import BadPrint

WaitForLog = Callable[[], Awaitable[None]]
_BATCH_MAX = 400
"""Most events of one append."""
IDLE_WAKE_MS = 5_000
"""How often, in chain time, an account is looked at that only waits for the market."""

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
        ready: Callable[[bool, str], None],
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
        self._is_turning = False
        self._is_settled = False
        """Whether turns were taken for everybody, and since then for whoever heard something."""
        self._ready = ready
        self._say_ready()

    @property
    def position(self) -> int:
        """Give the position of the last event folded."""
        return self._standing.position

    @property
    def has_feed(self) -> bool:
        """Say whether the log has a feed: before that no print can be placed."""
        return self._standing.progress.feed is not None

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
        if drafts:
            await self._record(drafts)
        await self._turn_all(wait_for_log, heard_by=getattr(recorded.event, "account", None))

    async def work(self, messages: Sequence[MarketMessage], wait_for_log: WaitForLog) -> None:
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
        """Keep the place in the log, unless the venue has not come to it yet."""
        standing = self._standing
        if standing.is_reworking or standing.position == self._checkpointed:
            return
        self._checkpointed = standing.position
        state = standing.save(ahead=self._recorder.ahead)
        try:
            await self._checkpoints.save(
                CHECKPOINT, version=VERSION, position=standing.position, state=state
            )
        except CheckpointTooLarge as error:
            _log.warning("checkpoint_not_kept", reason=str(error))

    async def _work_tick(self, tick: Tick | ValueError, wait_for_log: WaitForLog) -> None:
        progress, venue = self._standing.progress, self._venue
        if isinstance(tick, ValueError):
            raise BadTick(str(tick))
        if isinstance(tick, TapeEnd):
            await self._end(tick, wait_for_log)
            return
        if progress.open_ms is None:
            require_plausible(tick, open_minute_ms=None)
            self._soundness.require(tick)
            progress.begin(tick.t)
        if not self._is_new(tick):
            return
        if self._standing.is_reworking:
            if self._standing.rework(tick):
                return
            self._say_ready()
            await self._turn_all(wait_for_log)
        is_closing = tick.t >= progress.closes_ms or tick.t < EARLIEST_MS
        if is_closing:
            require_plausible(tick, open_minute_ms=progress.open_ms)
        await self._advance(tick.t, wait_for_log)
        if is_closing:
            await self._close_minutes(tick, wait_for_log)
        while progress.is_behind:
            await wait_for_log()
        venue.on_print(tick)
        await self._turn_all(wait_for_log)

    def _is_new(self, trade: Trade) -> bool:
        """Say whether a print was not worked yet; raise BadTick when it cannot be true."""
        last_id = self._venue.last_trade_id
        if last_id is not None and trade.i <= last_id:
            return False
        if last_id is not None and trade.i - last_id > ID_JUMP_MAX:
            raise BadTick(f"expected a trade soon after {last_id}, found {trade.i}")
        self._soundness.require(trade)
        return True

    async def _advance(self, to_ms: int, wait_for_log: WaitForLog) -> None:
        """Let chain time reach a print's, stopping wherever something is due on the way."""
        venue = self._venue
        while (due := self._due_ms()) is not None and due < to_ms:
            venue.advance(due)
            await self._turn_all(wait_for_log)

    def _due_ms(self) -> int | None:
        """Give the chain time at which to look next, if no print comes; None while all is idle, and
        before the first print: the chain's time begins with it.
        """
        venue, states = self._venue, self._standing.planner.state.accounts.values()
        has_begun = venue.last_trade_id is not None
        if not has_begun or (venue.is_idle and all(it.is_idle for it in states)):
            return None
        now, slot_ms = venue.now_ms, self._standing.rules.slot_ms
        is_moving = any(it.transactions or it.heard or it.timers.is_running for it in states)
        step = slot_ms if is_moving else IDLE_WAKE_MS
        wake = (now // step + 1) * step
        due = venue.next_due_ms()
        return wake if due is None else min(wake, max(due, now + 1))

    async def _turn_all(self, wait_for_log: WaitForLog, *, heard_by: str | None = None) -> None:
        """Take turns until nothing is to be done at this moment.

        `heard_by` names the one account for which something may have changed since turns were
        taken last. Accounts do not see each other, so nobody else is looked at again.
        """
        standing = self._standing
        engine = standing.engine
        if engine is None or self._is_turning or standing.is_reworking:
            return
        if self._venue.last_trade_id is None:
            return  # Without a price the venue shows nothing yet.
        names = self._awake()
        if heard_by is not None and self._is_settled:
            names = [it for it in names if it == heard_by]
        self._is_turning, self._is_settled = True, False
        try:
            while names:
                names = await self._turn_once(engine, names, wait_for_log)
            self._is_settled = True
        finally:
            self._is_turning = False

    async def _turn_once(
        self, engine: Engine, names: Sequence[str], wait_for_log: WaitForLog
    ) -> list[str]:
        """Record one round of turns; name the accounts that may have another one."""
        turns = [turn for account in names if (turn := engine.turn(account)) is not None]
        for batch in _batches(turns):
            try:
                await self._record([draft for turn in batch for draft in turn.drafts])
            except NewsFirst:
                await wait_for_log()
                return self._awake()
            for turn in batch:
                engine.cursors[turn.account] = turn.cursor
                for transaction in turn.transactions:
                    self._venue.submit(transaction)
        if turns:
            self._show(status_of(self._standing))
        return [turn.account for turn in turns]

    def _awake(self) -> list[str]:
        """Name the accounts for which something may have to be done."""
        venue = self._venue
        return [
            name
            for name, state in sorted(self._standing.planner.state.accounts.items())
            if not (state.is_idle and venue.is_account_idle(name))
        ]

    async def _record(self, drafts: Sequence[Draft]) -> None:
        for recorded in await self._recorder.record(drafts):
            self._standing.fold_own(recorded)

    @property
    def _venue(self) -> PaperChain:
        venue = self._standing.venue
        if venue is None:
            raise RuntimeError("expected a venue once there is a feed, found none")
        return venue

    async def _close_minutes(self, trade: Trade, wait_for_log: WaitForLog) -> None:
        """Say that all prints before this one are worked; wait for what is decided on them."""
        progress = self._standing.progress
        if progress.is_ended:
            raise BadTick(f"expected no trade after the end of the tape, found trade {trade.i}")
        self._venue.advance(trade.t)
        await self._turn_all(wait_for_log)
        newest_ms = progress.newest_closed_by(trade.t)
        await self._record([self._advanced(newest_ms, closed_ms=trade.t)])
        self._show(status_of(self._standing))

    async def _end(self, end: TapeEnd, wait_for_log: WaitForLog) -> None:
        """Say that the whole tape is worked; nothing is decided on its last, unfinished bar."""
        progress, venue = self._standing.progress, self._venue
        if progress.is_ended or progress.open_ms is None:
            return
        last_id = venue.last_trade_id or 0
        if end.i < last_id:
            raise BadTick(f"expected the tape to end at trade {last_id}, found {end.i}")
        require_plausible(end, open_minute_ms=progress.open_ms)
        self._standing.finish_rework()
        await self._turn_all(wait_for_log)
        newest_ms = max(progress.open_ms, minute_of(venue.now_ms))
        await self._record([self._advanced(newest_ms, closed_ms=end.t)])
        self._show(status_of(self._standing))

    def _advanced(self, newest_ms: int, *, closed_ms: int) -> Draft:
        feed = self._standing.progress.feed
        market = MarketId("" if feed is None else feed.market)
        event = VenueAdvanced(
            venue=VENUE,
            market=market,
            minute=from_millis(newest_ms),
            closed_at=from_millis(closed_ms),
            last_trade_id=self._venue.last_trade_id or 0,
        )
        identity = derive_root_id(event.event_type, VENUE, market, newest_ms)
        return Draft(
            event=event,
            id=identity,
            subject=subject_of(event),
            occurred_at=event.closed_at,
            correlation_id=identity,
        )

    def _say_ready(self) -> None:
        is_clean = not self._standing.is_reworking
        self._ready(is_clean, "" if is_clean else "working through the prints again")

    async def _park(self, message: MarketMessage, reason: Exception) -> None:
        self.parked += 1
        origin = f"{message.subject} at {message.sequence} of the market stream"
        _log.warning("tick_parked", reason=str(reason), origin=origin)
        await self._dead_letters.park(
            what="tick", reason=str(reason), body=message.body, origin=origin
        )

    async def _checkpoint_if_due(self) -> None:
        if self._standing.position - self._checkpointed >= self._checkpoint_events:
            await self.checkpoint()


def _batches(turns: Sequence[Turn]) -> list[list[Turn]]:
    """Put as many turns in one append as fit."""
    batches: list[list[Turn]] = []
    size = 0
    for turn in turns:
        size += len(turn.drafts)
        if not batches or size > _BATCH_MAX:
            batches.append([])
            size = len(turn.drafts)
        batches[-1].append(turn)
    return batches
