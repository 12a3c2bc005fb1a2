"""The market stream: raw ticks, published in a window and followed in batches.

MARKET acknowledges before the disk, so the last moments before a kill may be lost or may come
again; trade ids make both harmless.
"""

import asyncio
import zlib
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Protocol
from uuid import uuid4

import nats.errors

from chassis import jetstream
from chassis.connection import Connection
from chassis.consumers import Delivery, PullSpec, pull_spec
from chassis.jetstream import JetStreamError
from chassis.metrics import Metrics
from chassis.pull import Pull
from chassis.wire import Message
from contracts.subjects import CONSUMERS, StreamName
from contracts.subjects import consumer as consumer_spec

_WINDOW = 2048
"""Of a follower: most messages asked for or waiting."""
_ANSWER_S_MAX = 5.0
"""Without an acknowledgement for this long, the outcome counts as unknown."""
_REMEMBER_EVERY = 16
_REMEMBERED_MAX = 4096
"""A follower can prove its place over the last 65,536 messages."""


@dataclass(frozen=True, slots=True)
class MarketMessage:
    """A message of MARKET; `sequence` is the stream's."""

    sequence: int
    subject: str
    body: bytes


class MarketInterrupted(Exception):
    """The server went away: what was acknowledged, or not, is unknown.

    Ask `last(subject)` and publish again, in a new publisher, from there.
    """


class MarketPublisher(Protocol):
    """Publishes in order, with a bounded number of messages not yet acknowledged."""

    async def publish(self, subject: str, body: bytes) -> None:
        """Send a message; wait while the window is full. Raises MarketInterrupted."""
        ...

    async def flush(self) -> None:
        """Wait until everything sent is acknowledged. Raises MarketInterrupted."""
        ...


class MarketFollower(Protocol):
    """Hands out messages in order; after a server restart some may come again."""

    async def next(self, timeout_s: float | None = None) -> list[MarketMessage]:
        """Give what is there, at least one message; an empty list only when the time is over."""
        ...

    def acknowledge(self, sequence: int) -> None:
        """Say that everything up to here is done. Feeds the lag; does not wait."""
        ...


class Market(Protocol):
    """The MARKET stream, as a service sees it."""

    def publisher(self, *, window: int = 512) -> AbstractAsyncContextManager[MarketPublisher]:
        """Open a publisher; leaving it waits for the acknowledgements."""
        ...

    async def last(self, subject: str) -> MarketMessage | None:
        """Give the last message on a subject."""
        ...

    def read(self, subject: str) -> AsyncIterator[MarketMessage]:
        """Give what the stream holds on a subject at the call, oldest first, and leave no trace."""
        ...

    def follow(self, consumer: str, *, after: int) -> AbstractAsyncContextManager[MarketFollower]:
        """Follow from `after` + 1 on, under a name of contracts.subjects.CONSUMERS.

        May deliver messages again after a server restart; consumers dedupe by trade id.
        """
        ...

    async def lags(self) -> dict[str, int]:
        """Give each consumer's number of messages not yet acknowledged.

        A consumer that is not there yet is absent, as are those that each process has for itself.
        """
        ...


class MarketClient:
    """The Market on a NATS server."""

    def __init__(self, connection: Connection, *, metrics: Metrics | None = None) -> None:
        self._connection = connection
        self._metrics = metrics or Metrics()

    @asynccontextmanager
    async def publisher(self, *, window: int = 512) -> AsyncGenerator[MarketPublisher, None]:
        """Do as Market.publisher."""
        async with self._connection.beside() as connection:
            publisher = _Publisher(connection, window=window)
            await publisher.open()
            yield publisher
            await publisher.flush()

    async def last(self, subject: str) -> MarketMessage | None:
        """Do as Market.last."""
        return await _stored(self._connection, {"last_by_subj": subject})

    async def read(self, subject: str) -> AsyncIterator[MarketMessage]:
        """Do as Market.read."""
        last = await self.last(subject)
        if last is None:
            return
        spec = PullSpec(
            stream=StreamName.MARKET,
            consumer=f"read-{uuid4().hex}",
            filters=(subject,),
            is_durable=False,
            window=_WINDOW,
        )
        memory = _Memory(self._connection)
        async with Pull(self._connection, spec, after=0, make=_make, resume=memory.resume) as pull:
            while True:
                messages = await pull.next()
                memory.saw(messages)
                for message in messages:
                    yield message
                    if message.sequence >= last.sequence:
                        return

    @asynccontextmanager
    async def follow(self, consumer: str, *, after: int) -> AsyncGenerator[MarketFollower, None]:
        """Do as Market.follow."""
        spec = consumer_spec(consumer)
        async with self._connection.beside() as connection:
            memory = _Memory(connection)
            pull = Pull(
                connection,
                pull_spec(spec, window=_WINDOW),
                after=after,
                make=_make,
                resume=memory.resume,
            )
            async with pull:
                yield _Follower(pull, memory, consumer=consumer, metrics=self._metrics)

    async def lags(self) -> dict[str, int]:
        """Do as Market.lags."""
        lags: dict[str, int] = {}
        for spec in CONSUMERS:
            if spec.stream is not StreamName.MARKET or spec.is_for_each:
                continue
            try:
                info = await jetstream.insist_call(
                    self._connection, f"CONSUMER.INFO.{spec.stream}.{spec.name}"
                )
            except JetStreamError as error:
                if error.err_code != jetstream.CONSUMER_NOT_FOUND:
                    raise
                continue
            lags[spec.name] = int(info["num_pending"]) + int(info["num_ack_pending"])
        return lags


class _Publisher:
    """Counts acknowledgements over one inbox: they come in order."""

    def __init__(self, connection: Connection, *, window: int) -> None:
        self._connection = connection
        self._window = window
        self._sent = 0
        self._acknowledged = 0
        self._failure: Exception | None = None
        self._moved = asyncio.Event()
        self._wire = connection.wire
        self._inbox = connection.client.new_inbox()

    async def open(self) -> None:
        """Begin to hear acknowledgements and outages."""
        self._connection.listen(self._on_connection)
        await self._connection.subscribe(self._inbox, self._on_answer)

    async def publish(self, subject: str, body: bytes) -> None:
        if self._failure is not None or self._sent - self._acknowledged >= self._window:
            await self._until(self._sent - self._window + 1)
        try:
            self._wire.send(subject, body, reply=self._inbox)
            if self._wire.is_full:
                await self._wire.flush()
        except nats.errors.Error as error:
            raise self._interrupt(f"expected to send, found {error}") from None
        self._sent += 1

    async def flush(self) -> None:
        await self._until(self._sent)

    async def _until(self, acknowledged: int) -> None:
        """Wait until so many are acknowledged."""
        while self._acknowledged < acknowledged or self._failure is not None:
            if self._failure is not None:
                raise self._failure
            before = self._acknowledged
            self._moved.clear()
            try:
                async with asyncio.timeout(_ANSWER_S_MAX):
                    await self._moved.wait()
            except TimeoutError:
                if self._acknowledged == before:
                    self._interrupt(f"expected an acknowledgement in {_ANSWER_S_MAX} s, found none")

    def _on_answer(self, message: Message) -> None:
        if b'"error"' in message.data or not message.data:
            self._interrupt(f"expected MARKET to take a message, found {message.data!r:.200}")
        else:
            self._acknowledged += 1
        self._moved.set()

    def _on_connection(self, is_up: bool) -> None:  # noqa: FBT001  The listener's one argument.
        del is_up
        self._interrupt("expected one connection, found that the server went away")

    def _interrupt(self, why: str) -> Exception:
        if self._failure is None:
            self._failure = self._connection.failure or MarketInterrupted(why)
        self._moved.set()
        return self._failure


class _Memory:
    """Remembers what was handed out, to find the last place that the stream provably still has.

    MARKET may lose its tail when the server is killed, and fill the same sequences with other
    messages. So every place before the loss holds what it held, and every place after does not.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._seen: deque[tuple[int, int]] = deque(maxlen=_REMEMBERED_MAX)
        self._last: tuple[int, int] | None = None

    def saw(self, messages: list[MarketMessage]) -> None:
        """Remember messages that were handed out."""
        for message in messages:
            if message.sequence % _REMEMBER_EVERY == 0:
                self._seen.append((message.sequence, _digest(message)))
        self._last = (messages[-1].sequence, _digest(messages[-1]))

    async def resume(self, handed_out: int) -> int:
        """Give the newest sequence handed out that still holds what it held, or 0."""
        if self._last is None:
            head = await jetstream.last_sequence(self._connection, StreamName.MARKET)
            return min(handed_out, head)
        seen = sorted({*self._seen, self._last})
        low, high = 0, len(seen)
        while low < high:
            # Everything before `low` is proved, everything from `high` on is lost.
            middle = (low + high) // 2 if high < len(seen) or low else len(seen) - 1
            sequence, digest = seen[middle]
            now = await _stored(self._connection, {"seq": sequence})
            if now is not None and _digest(now) == digest:
                low = middle + 1
            else:
                high = middle
        self._seen = deque(seen[:low], maxlen=_REMEMBERED_MAX)
        self._last = seen[low - 1] if low else None
        return seen[low - 1][0] if low else 0


class _Follower:
    def __init__(
        self, pull: Pull[MarketMessage], memory: _Memory, *, consumer: str, metrics: Metrics
    ) -> None:
        self._pull = pull
        self._memory = memory
        self._consumer = consumer
        self._metrics = metrics
        self._recreated = 0
        metrics.follow(consumer, position=lambda: pull.handed_out, lag=lambda: pull.lag)

    async def next(self, timeout_s: float | None = None) -> list[MarketMessage]:
        messages = await self._pull.next(timeout_s)
        if messages:
            self._memory.saw(messages)
        while self._recreated < self._pull.recreated:
            self._recreated += 1
            self._metrics.recreated(self._consumer)
        return messages

    def acknowledge(self, sequence: int) -> None:
        self._pull.acknowledge(sequence)


def _make(message: Message, delivery: Delivery) -> MarketMessage:
    return MarketMessage(delivery.sequence, message.subject, message.data)


def _digest(message: MarketMessage) -> int:
    return zlib.crc32(message.body, zlib.crc32(message.subject.encode()))


async def _stored(connection: Connection, query: dict[str, str | int]) -> MarketMessage | None:
    message = await jetstream.stored(connection, StreamName.MARKET, query)
    if message is None:
        return None
    headers = message.headers
    return MarketMessage(int(headers["Nats-Sequence"]), headers["Nats-Subject"], message.data)
