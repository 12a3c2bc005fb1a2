"""The market stream in memory."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

from chassis.market import MarketInterrupted, MarketMessage
from contracts import subjects
from kit.chassis_memory_stream import Cursor, Stream, fits


class InMemoryMarket:
    """A Market over a list. `interrupt` stands for a kill -9 of the server."""

    def __init__(self) -> None:
        self._state = Stream[MarketMessage]()
        self._epoch = 0
        self.takes = True
        """A server with a full disk takes nothing, and does not say so."""

    @property
    def messages(self) -> list[MarketMessage]:
        """Give all messages."""
        return list(self._state.messages)

    async def interrupt(self, *, lost: int = 0, redelivered: int = 0) -> None:
        """Lose the last `lost` messages, interrupt publishers, let followers hear some again."""
        self._epoch += 1
        del self._state.messages[len(self._state.messages) - lost :]
        end = len(self._state.messages)
        for cursor in self._state.cursors.values():
            cursor.delivered = max(0, min(cursor.delivered, end) - redelivered)
            cursor.acknowledged = min(cursor.acknowledged, cursor.delivered)
        await self._state.announce()

    @asynccontextmanager
    async def publisher(self, *, window: int = 512) -> AsyncGenerator["_MemoryPublisher", None]:
        """Do as Market.publisher."""
        publisher = _MemoryPublisher(self, window=window)
        yield publisher
        await publisher.flush()

    async def last(self, subject: str) -> MarketMessage | None:
        """Do as Market.last."""
        await asyncio.sleep(0)
        found = (m for m in reversed(self._state.messages) if m.subject == subject)
        return next(found, None)

    async def read(self, subject: str) -> AsyncIterator[MarketMessage]:
        """Do as Market.read."""
        await asyncio.sleep(0)
        for message in self.messages:
            if message.subject == subject:
                yield message

    @asynccontextmanager
    async def follow(
        self, consumer: str, *, after: int
    ) -> AsyncGenerator["_MemoryMarketFollower", None]:
        """Do as Market.follow."""
        spec = subjects.consumer(consumer)
        cursor = await self._state.open(spec, after=min(after, len(self._state.messages)))
        yield _MemoryMarketFollower(self._state, cursor, spec.filters)

    async def lags(self) -> dict[str, int]:
        """Do as Market.lags."""
        await asyncio.sleep(0)
        followed = [spec for spec in subjects.CONSUMERS if spec.name in self._state.cursors]
        return {
            spec.name: sum(
                fits(spec.filters, message.subject)
                for message in self._state.messages[self._state.cursors[spec.name].acknowledged :]
            )
            for spec in followed
        }

    def epoch(self) -> int:
        """Give the number of interruptions so far."""
        return self._epoch

    async def put(self, subject: str, body: bytes) -> int:
        """Store a message; give its sequence."""
        spec = next(s for s in subjects.STREAMS if s.name is subjects.StreamName.MARKET)
        if not fits(spec.subjects, subject):
            raise ValueError(f"expected a subject of MARKET, found {subject}")
        sequence = len(self._state.messages) + 1
        self._state.messages.append(MarketMessage(sequence, subject, body))
        await self._state.announce()
        return sequence


class _MemoryPublisher:
    def __init__(self, market: InMemoryMarket, *, window: int) -> None:
        self._market = market
        self._window = window
        self._epoch = market.epoch()

    async def publish(self, subject: str, body: bytes) -> None:
        await asyncio.sleep(0)
        self._require_same_server()
        if self._market.takes:
            await self._market.put(subject, body)

    async def flush(self) -> None:
        await asyncio.sleep(0)
        self._require_same_server()
        if not self._market.takes:
            raise MarketInterrupted("expected an acknowledgement, found none")

    def _require_same_server(self) -> None:
        if self._market.epoch() != self._epoch:
            raise MarketInterrupted("expected one connection, found that the server went away")


class _MemoryMarketFollower:
    def __init__(
        self,
        state: Stream[MarketMessage],
        cursor: Cursor[MarketMessage],
        filters: tuple[str, ...],
    ) -> None:
        self._state = state
        self._cursor = cursor
        self._filters = filters

    async def next(self, timeout_s: float | None = None) -> list[MarketMessage]:
        return await self._state.take(
            self._cursor, lambda message: fits(self._filters, message.subject), timeout_s
        )

    def acknowledge(self, sequence: int) -> None:
        self._cursor.acknowledged = max(self._cursor.acknowledged, sequence)
