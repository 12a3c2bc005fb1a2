"""Turns: what is due is decided, recorded, and then sent, at every moment of the chain.

Write-ahead: what a turn observed and decided is one append, on the log's disk before the venue
hears of it. Nothing else is in flight meanwhile, so every crash leaves a log that the restart
continues as if nothing had happened.
"""

from collections.abc import Awaitable, Callable, Sequence

from contracts.event import Draft
from execution.engine import Engine, Turn
from execution.owning import Owning
from execution.recorder import NewsFirst, Recorder
from execution.signing.cabinet import KeyCabinet
from execution.standing import Standing
from execution.venues.paper.chain import PaperChain
from execution.venues.paper.owned import PaperOwned

WaitForLog = Callable[[], Awaitable[None]]
_BATCH_MAX = 400
"""Most events of one append."""
IDLE_WAKE_MS = 5_000
"""How often, in chain time, an account is looked at that only waits for the market."""


class Turns:
    """Takes turns for all accounts of one venue.

    `wait_for_log` handles what the log brings next; it returns when there was something, and
    raises when we are to stop.
    """

    def __init__(
        self,
        standing: Standing,
        recorder: Recorder,
        *,
        cabinet: KeyCabinet | None,
    ) -> None:
        """Take turns from where the service stands."""
        self._owning = Owning(standing, cabinet, self.record)
        self.is_turning = False
        self._is_settled = False
        """Whether turns were taken for everybody, and since then for whoever heard something."""
        self._standing = standing
        self._recorder = recorder

    @property
    def venue(self) -> PaperChain:
        """Give the chain; raise RuntimeError before there is a feed."""
        venue = self._standing.venue
        if venue is None:
            raise RuntimeError("expected a venue once there is a feed, found none")
        return venue

    async def record(self, drafts: Sequence[Draft]) -> None:
        """Append drafts, all or none, and fold them."""
        for recorded in await self._recorder.record(drafts):
            self._standing.fold_own(recorded)

    async def take_all(self, wait_for_log: WaitForLog, *, heard_by: str | None = None) -> None:
        """Take turns until nothing is to be done at this moment.

        `heard_by` names the one account for which something may have changed since turns were
        taken last. Accounts do not see each other, so nobody else is looked at again.
        """
        standing = self._standing
        engine = standing.engine
        if engine is None or self.is_turning or standing.is_reworking:
            return
        if self.venue.last_trade_id is None:
            return  # Without a price the venue shows nothing yet.
        names = self._awake()
        if heard_by is not None and self._is_settled:
            names = [it for it in names if it == heard_by]
        self.is_turning, self._is_settled = True, False
        try:
            await self._take_until_done(engine, names, wait_for_log)
            owned = PaperOwned(self.venue, standing.rules.slot_ms)
            while names := await self._owning.settle(owned):
                # Who may sign has changed: that alone may be a reason to act, or to stand still.
                await self._take_until_done(engine, names, wait_for_log)
            self._is_settled = True
        finally:
            self.is_turning = False

    async def _take_until_done(
        self, engine: Engine, names: list[str], wait_for_log: WaitForLog
    ) -> None:
        while names:
            names = await self._take_once(engine, names, wait_for_log)

    async def _take_once(
        self, engine: Engine, names: Sequence[str], wait_for_log: WaitForLog
    ) -> list[str]:
        """Record one round of turns; name the accounts that may have another one."""
        turns = [turn for account in names if (turn := engine.turn(account)) is not None]
        for batch in _batches(turns):
            try:
                await self.record([draft for turn in batch for draft in turn.drafts])
            except NewsFirst:
                await wait_for_log()
                return self._awake()
            for turn in batch:
                engine.cursors[turn.account] = turn.cursor
                for transaction in turn.transactions:
                    self.venue.submit(transaction)
        return [turn.account for turn in turns]

    def _awake(self) -> list[str]:
        """Name the accounts for which something may have to be done."""
        venue = self.venue
        return [
            name
            for name, state in sorted(self._standing.planner.state.accounts.items())
            if state.is_held or not (state.is_idle and venue.is_account_idle(name))
        ]

    async def advance_to(self, to_ms: int, wait_for_log: WaitForLog) -> None:
        """Let chain time reach a print's, stopping wherever something is due on the way."""
        venue = self.venue
        while (due := self._due_ms()) is not None and due < to_ms:
            venue.advance(due)
            await self.take_all(wait_for_log)

    def _due_ms(self) -> int | None:
        """Give the chain time at which to look next, if no print comes; None while all is idle, and
        before the first print: the chain's time begins with it.
        """
        venue, states = self.venue, self._standing.planner.state.accounts.values()
        has_begun = venue.last_trade_id is not None
        if not has_begun or (venue.is_idle and all(it.is_idle for it in states)):
            return None
        now, slot_ms = venue.now_ms, self._standing.rules.slot_ms
        step = slot_ms if self.is_moving else IDLE_WAKE_MS
        wake = (now // step + 1) * step
        due = venue.next_due_ms()
        return wake if due is None else min(wake, max(due, now + 1))

    @property
    def is_moving(self) -> bool:
        """Say whether something is on its way, or may not last."""
        states = self._standing.planner.state.accounts.values()
        return self._owning.is_moving or any(
            it.transactions or it.heard or it.timers.is_running for it in states
        )


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
