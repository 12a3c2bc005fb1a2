"""The use cases on a chain: an event is heard, a print closes a bar, the chain shows something new.

Each leads to turns: what is due is decided, recorded, and then sent. The chain's time is its own; a
print only says that bars are closed, and that is recorded once the chain was read after it.
"""

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import structlog

from chassis.checkpoints import Keeps, keep
from chassis.fold import require_deciding
from chassis.market import MarketMessage
from contracts.event import Draft, Recorded
from contracts.ids import MarketId
from contracts.manual import TransactionOffered
from contracts.minutes import EARLIEST_MS, minute_of
from contracts.ticks import TapeEnd, Tick
from execution.domain.state import require_venue
from execution.engine import Engine, transaction_of
from execution.handlers import Parks
from execution.onchain.delegate import DelegateSigner
from execution.onchain.hand import OwnersHand
from execution.onchain.standing import VERSION, ChainStanding
from execution.onchain.status import status_of
from execution.owning import Owning
from execution.recorder import NewsFirst, Recorder
from execution.recovery import CHECKPOINT
from execution.signing.cabinet import KeyCabinet
from execution.ticks import BadTick, Soundness, decode_ticks, require_plausible, require_subject
from execution.venue_time import advanced
from execution.venues.drift.chain import DriftChain

TURNS_MAX = 20
"""Most turns in a row at one moment; whatever is left is due at the next look at the chain."""

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Closing:
    """Bars that a print has closed, and that nobody was told of yet."""

    newest_ms: int
    closed_ms: int
    last_trade_id: int
    heard_at: float


class ChainDesk:
    """Works one account on one chain, in the order of what comes."""

    def __init__(
        self,
        standing: ChainStanding,
        recorder: Recorder,
        chain: DriftChain,
        signer: DelegateSigner,
        *,
        cabinet: KeyCabinet,
        dead_letters: Parks,
        checkpoints: Keeps,
        checkpoint_events: int,
        ready: Callable[[bool, str], None],
        clock: Callable[[], float],
    ) -> None:
        """Open the desk; transactions whose fate is open are sent again."""
        self.chain = chain
        self._standing = standing
        self._recorder = recorder
        self._signer = signer
        self._dead_letters = dead_letters
        self._checkpoints = checkpoints
        self._checkpoint_events = checkpoint_events
        self._checkpointed = standing.position
        self._ready, self._clock = ready, clock
        self._hand = OwnersHand(chain)
        self._engine = Engine(standing.planner, chain, signer, self._hand)
        self._soundness = Soundness()
        self._closing: _Closing | None = None
        self._parked = 0
        self._owning = Owning(standing, cabinet, self._record)
        self._owning.open_keys()
        for event in (*standing.flying.values(), *standing.owners.values()):
            chain.submit(transaction_of(event))
        cursor = standing.cursor(chain.account)
        if cursor is not None:
            self._engine.cursors[chain.account] = cursor
        require_venue(standing.planner.state, chain.venue.cluster)
        self._say_ready()

    async def handle_event(self, recorded: Recorded) -> None:
        """Fold an event of the log, and take the turns that it leads to.

        Raises AnotherWriter for an event that only this process should have written, and
        ForeignVenue for an account that is not on this chain.
        """
        if self._recorder.is_own(recorded):
            self._standing.position = max(self._standing.position, recorded.position)
            return
        self._recorder.require_alone(recorded)
        self._recorder.observe(recorded)
        drafts = self._standing.fold(recorded)
        require_deciding(self._standing.planner)
        require_venue(self._standing.planner.state, self.chain.venue.cluster)
        if drafts:
            await self._record(drafts)
        await self._settle()
        await self._take_turns()

    async def look(self) -> None:
        """Take the turns that what the chain shows leads to, and say which bars are closed."""
        self._say_ready()
        await self._settle()
        if not self.chain.is_ready:
            return
        cursors = self._engine.cursors
        cursors.setdefault(self.chain.account, self.chain.after)
        await self._take_turns()
        closing = self._closing
        if closing is not None and self.chain.began_at >= closing.heard_at:
            self._closing = None
            await self._record([self._advanced(closing)])
        await self._checkpoint_if_due()

    async def work(self, messages: Sequence[MarketMessage]) -> None:
        """See which bars prints close; park what cannot be read and what another feed said."""
        feed = self._standing.progress.feed
        if feed is None:
            return
        for message, tick in zip(messages, decode_ticks(messages), strict=True):
            try:
                require_subject(message, feed.subject)
                self._work_tick(tick)
            except BadTick as bad:
                await self._park(message, bad)

    async def checkpoint(self) -> None:
        """Keep the place in the log."""
        standing = self._standing
        if standing.position == self._checkpointed:
            return
        self._checkpointed = standing.position
        await keep(
            self._checkpoints,
            CHECKPOINT,
            version=VERSION,
            position=standing.position,
            state=standing.save(ahead=self._recorder.ahead),
        )

    def _work_tick(self, tick: Tick | ValueError) -> None:
        progress = self._standing.progress
        if isinstance(tick, ValueError):
            raise BadTick(str(tick))
        if isinstance(tick, TapeEnd):
            self._end(tick)
            return
        if progress.is_ended:
            raise BadTick(f"expected no trade after the end of the tape, found trade {tick.i}")
        if progress.open_ms is None:
            require_plausible(tick, open_minute_ms=None)
            self._soundness.require(tick)
            progress.begin(tick.t)
        if self._closing is not None or EARLIEST_MS <= tick.t < progress.closes_ms:
            return
        require_plausible(tick, open_minute_ms=progress.open_ms)
        self._soundness.require(tick)
        newest_ms = progress.newest_closed_by(tick.t)
        self._closing = _Closing(newest_ms, tick.t, max(0, tick.i - 1), self._clock())
        self.chain.wake()

    def _end(self, end: TapeEnd) -> None:
        """Close the last, unfinished bar; nothing is decided on it. The chain goes on."""
        progress = self._standing.progress
        if progress.is_ended or progress.open_ms is None:
            return
        require_plausible(end, open_minute_ms=progress.open_ms)
        newest_ms = max(progress.open_ms, minute_of(end.t))
        self._closing = _Closing(newest_ms, end.t, end.i, self._clock())
        self.chain.wake()

    async def _settle(self) -> None:
        """Do what the account's owner asks for; while the nodes are silent, keys only end."""
        owned = self.chain.owned
        if owned.is_current:
            await self._owning.settle(owned)
        elif owned.is_read:
            await self._owning.end_keys(owned)

    async def _take_turns(self) -> None:
        """Take turns until nothing is to be done at this moment."""
        account = self.chain.account
        if account not in self._standing.planner.state.accounts or not self._is_begun:
            return
        for _ in range(TURNS_MAX):
            if not self.chain.is_ready or not await self._take_turn(account):
                return

    async def _take_turn(self, account: str) -> bool:
        """Record one turn, and send what it signed; say whether another one may follow."""
        considered = self._engine.consider(account)
        if considered is None:
            return False
        if considered.sends:
            await self._signer.prepare(account, self.chain.venue.market)
        turn = self._engine.sign(considered)
        drafts = turn.drafts if turn.transactions else await self._rehearsed(turn.drafts)
        try:
            await self._record(drafts)
        except NewsFirst:
            return False  # What is not heard yet is on its way, and leads to a turn.
        self._engine.cursors[account] = turn.cursor
        for transaction in turn.transactions:
            self.chain.submit(transaction)
        return True

    async def _rehearsed(self, drafts: Sequence[Draft]) -> Sequence[Draft]:
        """Let a node run what is offered; beside what is to be sent nothing is asked."""
        told: list[Draft] = []
        for draft in drafts:
            offered = draft.event
            if isinstance(offered, TransactionOffered):
                found = await self._hand.rehearse(base64.b64decode(offered.message))
                offered = offered.model_copy(update={"rehearsed": found})
                told.append(replace(draft, event=offered))
            else:
                told.append(draft)
        return told

    @property
    def _is_begun(self) -> bool:
        """Say whether it is known from where on the chain's records are news."""
        return self.chain.account in self._engine.cursors

    async def _record(self, drafts: Sequence[Draft]) -> None:
        for recorded in await self._recorder.record(drafts):
            self._standing.fold_own(recorded)

    def _advanced(self, closing: _Closing) -> Draft:
        return advanced(
            MarketId(self.chain.venue.market),
            closing.newest_ms,
            venue=self.chain.venue.cluster,
            closed_ms=closing.closed_ms,
            last_trade_id=closing.last_trade_id,
        )

    def _say_ready(self) -> None:
        is_ready = self.chain.is_ready
        self._ready(is_ready, "" if is_ready else self.chain.waits_for)

    def status(self) -> Mapping[str, object]:
        """Say where the desk stands, as JSON values."""
        return status_of(self._standing, self.chain, parked=self._parked)

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
