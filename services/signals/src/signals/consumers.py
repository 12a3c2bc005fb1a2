"""In: the market stream's trades and the log's feed, each in its own order."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import structlog

from chassis.fold import require_deciding
from chassis.log import Log
from chassis.market import Market, MarketFollower, MarketMessage
from signals.handlers import Folded, FoldTrades, RecordMinutes
from signals.recovery import LOG_CONSUMER
from signals.standing import Mark, Standing

MARKET_CONSUMER = "signals-fold-trades"
WAIT_S = 0.2
"""How long a quiet stream keeps us from noticing that we are to stop."""
BATCHES_WAITING_MAX = 256
"""Batches of messages that may be folded and not yet recorded."""

_log = structlog.get_logger()


@asynccontextmanager
async def together() -> AsyncGenerator[asyncio.TaskGroup, None]:
    """Run tasks until all are done; raise the first failure as it is, the others are canceled."""
    try:
        async with asyncio.TaskGroup() as tasks:
            yield tasks
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from failures


async def follow_log(
    log: Log, standing: Standing, *, is_bound: asyncio.Event, stopping: asyncio.Event
) -> None:
    """Bind the core to the log's feed; refuse a second one for as long as we run.

    Sets `is_bound` when there is a feed, or when we are to stop. Raises ForeignMarket, and
    FollowerReplaced when a process with other rules took over. Our own events come back here and
    are passed over.
    """
    async with log.follow(LOG_CONSUMER, after=standing.position) as follower:
        while not stopping.is_set():
            if standing.is_bound:
                is_bound.set()
            for recorded in await follower.next(WAIT_S):
                if recorded.event.owner != "signals":
                    standing.core.step(recorded)
                    require_deciding(standing.core)
                follower.acknowledge(recorded.position)
    is_bound.set()


@dataclass(frozen=True, slots=True)
class FollowTrades:
    """Folds on one side and records on the other, so that neither waits for nothing."""

    market: Market
    fold: FoldTrades
    record: RecordMinutes
    stopping: asyncio.Event
    on_recorded: Callable[[], None]

    async def run(self, hint: Mark | None) -> None:
        """Fold trades from the hint on, or from the beginning when it no longer holds.

        Ends when we are to stop; then everything folded is recorded.
        """
        if hint is not None:
            async with self.market.follow(MARKET_CONSUMER, after=hint.sequence - 1) as follower:
                messages = await self._first(follower, hint)
                if hint.is_first_of(messages) or self.stopping.is_set():
                    await self._pump(follower, messages)
                    return
            _log.warning("market_hint_refused", expected=str(hint))
        async with self.market.follow(MARKET_CONSUMER, after=0) as follower:
            await self._pump(follower, [])

    async def _first(self, follower: MarketFollower, hint: Mark) -> list[MarketMessage]:
        """Wait for the first messages; none when the stream has lost what we ask for."""
        while not self.stopping.is_set():
            messages = await follower.next(WAIT_S)
            if messages:
                return messages
            last = await self.market.last(self.fold.subject)
            if last is None or last.sequence < hint.sequence:
                break
        return []

    async def _pump(self, follower: MarketFollower, messages: list[MarketMessage]) -> None:
        batches = asyncio.Queue[Folded | None](BATCHES_WAITING_MAX)
        async with together() as tasks:
            tasks.create_task(self._record(batches, follower))
            while not self.stopping.is_set():
                if messages:
                    await batches.put(await self.fold.handle(messages))
                messages = await follower.next(WAIT_S)
            await batches.put(None)

    async def _record(
        self, batches: asyncio.Queue[Folded | None], follower: MarketFollower
    ) -> None:
        """Record all that waits at once, and acknowledge it; end at None."""
        batch: Folded | None = await batches.get()
        while batch is not None:
            minutes, sequence = list(batch.minutes), batch.sequence
            while not batches.empty():
                batch = batches.get_nowait()
                if batch is None:
                    break
                minutes += batch.minutes
                sequence = batch.sequence
            await self.record.handle(minutes)
            follower.acknowledge(sequence)
            self.on_recorded()
            if batch is not None:
                batch = await batches.get()
