"""Signals over the streams in memory: run, killed at any step of the event loop, run again."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from contracts import subjects
from contracts.codec import canonical
from contracts.minute import MinuteClosed
from contracts.signal import EntrySignaled, EntryWithheld
from contracts.ticks import Tick, encode_tick
from kit.memory import InMemoryCheckpoints, InMemoryDeadLetters, InMemoryLog, InMemoryMarket
from kit.signals_minutes import SYMBOL, VENUE, a_feed, feed_draft
from signals.app import run

TRADES = subjects.trades(VENUE, SYMBOL)
WAIT_S_MAX = 60.0


@dataclass
class Stage:
    """One log, one market stream, one bucket, and what the service says about itself."""

    log: InMemoryLog
    market: InMemoryMarket
    checkpoints: InMemoryCheckpoints
    dead_letters: InMemoryDeadLetters = field(default_factory=InMemoryDeadLetters)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    tellers: list[Callable[[], Mapping[str, object]]] = field(
        default_factory=list[Callable[[], Mapping[str, object]]]
    )
    is_ready: bool = False
    reason: str = ""
    service: asyncio.Task[None] | None = None

    def ready(self, state: bool, reason: str = "") -> None:
        """Do as Runtime.ready."""
        self.is_ready, self.reason = state, reason

    def show_when_asked(self, tell: Callable[[], Mapping[str, object]]) -> None:
        """Do as Runtime.show_when_asked."""
        self.tellers.append(tell)

    @property
    def status(self) -> dict[str, object]:
        """Give what the service says of itself now."""
        return {name: value for tell in self.tellers for name, value in tell().items()}

    @property
    def minutes(self) -> list[MinuteClosed]:
        """Give the minutes in the log."""
        return [it.event for it in self.log.recorded if isinstance(it.event, MinuteClosed)]

    @property
    def decisions(self) -> list[EntrySignaled | EntryWithheld]:
        """Give the decisions in the log."""
        return [
            it.event
            for it in self.log.recorded
            if isinstance(it.event, EntrySignaled | EntryWithheld)
        ]

    @property
    def canonical_log(self) -> list[bytes]:
        """Give what happened, byte for byte."""
        return [canonical(event) for event in self.log.recorded]

    async def publish(self, ticks: Sequence[Tick], *, subject: str = TRADES) -> None:
        """Put ticks into the market stream."""
        for tick in ticks:
            await self.market.put(subject, encode_tick(tick))

    async def open_feed(self) -> None:
        """Let ingest open the SOLUSDT feed."""
        await self.log.as_service("ingest").append([feed_draft(a_feed())])

    async def until_ended(self) -> None:
        """Wait until the log has the end of the tape, and its decision."""
        async with asyncio.timeout(WAIT_S_MAX):
            while not self._is_ended():
                await self._turn()

    async def until_folded(self) -> None:
        """Wait until every message of the market stream is acknowledged."""
        async with asyncio.timeout(WAIT_S_MAX):
            while (await self.market.lags()).get("signals-fold-trades") != 0:
                await self._turn()

    async def _turn(self) -> None:
        """Let the event loop turn; raise what ended the service."""
        if self.service is not None and self.service.done():
            self.service.result()
        await asyncio.sleep(0)

    def _is_ended(self) -> bool:
        if not self.status.get("is_tape_ended"):
            return False
        minutes, decisions = self.minutes, self.decisions
        return bool(minutes) and not minutes[-1].is_complete and len(minutes) == len(decisions)


async def a_stage(*, is_open: bool = True) -> Stage:
    """Give an empty stage, with the SOLUSDT feed opened in its log."""
    log = InMemoryLog(service="signals")
    stage = Stage(log, InMemoryMarket(), InMemoryCheckpoints(log))
    if is_open:
        await stage.open_feed()
    return stage


@asynccontextmanager
async def running(
    stage: Stage, *, checkpoint_minutes: int = 2
) -> AsyncGenerator[asyncio.Task[None], None]:
    """Run the service; kill it where the context ends, if it still runs."""
    stage.stopping = asyncio.Event()
    stage.tellers.clear()
    task = asyncio.create_task(run(stage, checkpoint_minutes=checkpoint_minutes))
    stage.service = task
    try:
        yield task
    finally:
        if not task.done():
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


async def steps(count: int) -> None:
    """Let the event loop turn."""
    for _ in range(count):
        await asyncio.sleep(0)
