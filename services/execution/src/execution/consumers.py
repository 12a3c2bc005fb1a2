"""In: the log and the market stream, merged into one order of handling.

One task handles everything: an event of the log as soon as it is there, prints in batches
between, time on a live feed when neither comes. Where a print has to wait for the log, only the
log is heard until the wait is over.
"""

import asyncio
from collections import deque
from typing import Any

import structlog

from chassis.log import Follower, Log
from chassis.market import Market, MarketFollower, MarketMessage
from chassis.telemetry import handling
from contracts.event import Recorded
from execution.handlers import Desk
from execution.recovery import LOG_CONSUMER
from execution.standing import Mark

MARKET_CONSUMER = "execution-work-prints"
HINT_WAIT_S = 2.0
"""How long the print of a hint may take: it is there already, or the stream has lost it."""

_log = structlog.get_logger()


class Stopped(Exception):
    """We are to stop; what is not acknowledged comes again."""


class HintRefused(Exception):
    """The market stream does not begin where the checkpoint says."""


async def follow(
    log: Log, market: Market, desk: Desk, *, hint: Mark | None, stopping: asyncio.Event
) -> None:
    """Handle the log and the market stream until we are to stop."""
    async with log.follow(LOG_CONSUMER, after=desk.position) as events:
        merge = _Merge(desk, events, stopping)
        try:
            if hint is not None:
                try:
                    await _follow_market(market, merge, hint)
                except HintRefused:
                    _log.warning("market_hint_refused", expected=str(hint))
            await _follow_market(market, merge, None)
        except Stopped:
            pass
        finally:
            await merge.close()


async def _follow_market(market: Market, merge: "_Merge", hint: Mark | None) -> None:
    """Follow from a hint, or from the beginning; raise HintRefused when it no longer holds."""
    after = 0 if hint is None else hint.sequence - 1
    async with market.follow(MARKET_CONSUMER, after=after) as prints:
        await merge.run(prints, hint)


class _Merge:
    """Both followers, with at most one request under way at each."""

    def __init__(self, desk: Desk, events: Follower, stopping: asyncio.Event) -> None:
        self._desk = desk
        self._events = events
        self._next_events: asyncio.Task[list[Recorded]] | None = None
        self._queue: deque[Recorded] = deque()
        self._stop = asyncio.create_task(stopping.wait())

    async def run(self, prints: MarketFollower, hint: Mark | None) -> None:
        """Handle what comes, the log first; raise Stopped at the end."""
        next_prints = asyncio.create_task(prints.next(_wait_s(hint)))
        try:
            while True:
                if not self._queue:
                    await self._wait_for(next_prints, timeout_s=self._desk.wake_s())
                if self._queue or self._has_events:
                    await self._handle_events()
                elif next_prints.done():
                    messages = next_prints.result()
                    if hint is not None and not hint.is_first_of(messages):
                        raise HintRefused
                    hint = None
                    await self._work(messages, prints)
                    next_prints = asyncio.create_task(prints.next())
                else:
                    await self._desk.pass_time(self.wait_for_log)
        finally:
            await _cancel(next_prints)

    async def wait_for_log(self) -> None:
        """Handle the next event of the log; raise Stopped when we are to stop.

        May be asked for while an event is handled: the next one is then the one behind it.
        """
        while not self._queue:
            await self._wait_for()
            self._enqueue()
        await self._handle_next()

    async def close(self) -> None:
        """Give up what is under way."""
        await _cancel(self._stop)
        if self._next_events is not None:
            await _cancel(self._next_events)

    @property
    def _has_events(self) -> bool:
        return self._next_events is not None and self._next_events.done()

    async def _wait_for(
        self, *others: "asyncio.Task[list[MarketMessage]]", timeout_s: float | None = None
    ) -> None:
        if self._next_events is None:
            self._next_events = asyncio.create_task(self._events.next())
        await asyncio.wait(
            {self._next_events, self._stop, *others},
            timeout=timeout_s,
            return_when=asyncio.FIRST_COMPLETED,
        )
        if self._stop.done():
            raise Stopped

    async def _handle_events(self) -> None:
        self._enqueue()
        while self._queue:
            await self._handle_next()

    def _enqueue(self) -> None:
        if self._next_events is not None and self._next_events.done():
            self._queue.extend(self._next_events.result())
            self._next_events = None

    async def _handle_next(self) -> None:
        event = self._queue.popleft()
        with handling(event):
            await self._desk.handle_event(event, self.wait_for_log)
        self._events.acknowledge(event.position)

    async def _work(self, messages: list[MarketMessage], prints: MarketFollower) -> None:
        await self._desk.work(messages, self.wait_for_log)
        prints.acknowledge(messages[-1].sequence)


def _wait_s(hint: Mark | None) -> float | None:
    """Bound the first wait when we ask for what the stream may have lost."""
    return None if hint is None else HINT_WAIT_S


async def _cancel(task: "asyncio.Task[Any]") -> None:
    task.cancel()
    await asyncio.wait({task})
