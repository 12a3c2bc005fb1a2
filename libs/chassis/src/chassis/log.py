"""The log: one total order of events, appended to and followed.

An append returns only when the event is on the server's disk, and never gives up on an outage. A
follower hands out every event once, in position order, whatever happens to the server.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol

from chassis import jetstream, reading
from chassis.appender import Appender
from chassis.appends import Appended, AppendRefused, LogFull, VersionConflict
from chassis.connection import Connection
from chassis.consumers import FollowerReplaced, pull_spec
from chassis.metrics import Metrics
from chassis.pull import Pull
from chassis.reading import LogForked, LogGap, RawMessage, Resume, decode
from contracts.codec import UndecodableMessage
from contracts.event import Draft, Recorded
from contracts.subjects import StreamName
from contracts.subjects import consumer as consumer_spec

__all__ = [
    "AppendRefused",
    "Appended",
    "Follower",
    "FollowerReplaced",
    "Log",
    "LogClient",
    "LogForked",
    "LogFull",
    "LogGap",
    "RawFollower",
    "RawMessage",
    "VersionConflict",
]


class Follower(Protocol):
    """Hands out events in position order, each once."""

    async def next(self, timeout_s: float | None = None) -> list[Recorded]:
        """Give what is there, at least one event; an empty list only when the time is over.

        Raises codec.UndecodableMessage at the message that is not an event, after those before.
        """
        ...

    def acknowledge(self, position: int) -> None:
        """Say that everything up to here is done. Feeds the lag; does not wait."""
        ...


class RawFollower(Protocol):
    """Hands out messages in position order, each once, whatever is in them."""

    async def next(self, timeout_s: float | None = None) -> list[RawMessage]:
        """Give what is there, at least one message; an empty list only when the time is over."""
        ...

    def acknowledge(self, position: int) -> None:
        """Say that everything up to here is done. Feeds the lag; does not wait."""
        ...


class Log(Protocol):
    """The LOG stream, as a service sees it."""

    async def append(
        self,
        drafts: Sequence[Draft],
        *,
        expected_last: Mapping[str, int] | None = None,
        guards: Mapping[str, int] | None = None,
    ) -> list[Appended]:
        """Record all drafts or none; return when they are on disk.

        Waits out every outage, with the same ids, until the outcome is known. `expected_last`
        gives the last position of subjects among the drafts, 0 for none; `guards` that of filters
        that others write, such as `control.>`: at most one for each draft that expects nothing
        itself (ADR 7). Appends in flight at the
        same time may be recorded in any order. Raises VersionConflict, LogFull, AppendRefused.
        """
        ...

    async def head(self) -> int:
        """Give the last position; 0 when the log is empty."""
        ...

    async def size(self) -> tuple[int, int]:
        """Give the bytes that the log holds, and how many it takes before it is full."""
        ...

    async def last(self, subject: str) -> Recorded | None:
        """Give the last event on a subject."""
        ...

    async def last_position(self, subjects: str) -> int:
        """Give the position of the last event on the subjects of a filter; 0 when there is none.

        Every event that was acknowledged before the call counts.
        """
        ...

    def read(
        self, *, after: int = 0, until: int | None = None, subjects: Sequence[str] = ()
    ) -> AsyncIterator[Recorded]:
        """Give the events after `after` until `until`, or until the head at the call.

        `subjects` are filters that do not overlap; none means all, and then a hole raises LogGap.
        """
        ...

    def read_raw(
        self, *, after: int = 0, until: int | None = None, subjects: Sequence[str] = ()
    ) -> AsyncIterator[RawMessage]:
        """Do as `read`, without decoding."""
        ...

    def follow(self, consumer: str, *, after: int) -> AbstractAsyncContextManager[Follower]:
        """Follow from `after` + 1 on, under a name of contracts.subjects.CONSUMERS.

        Whoever followed under the name before gets FollowerReplaced, unless the name is for each
        process. A follower of everything raises LogGap at a hole.
        """
        ...

    def follow_raw(self, consumer: str, *, after: int) -> AbstractAsyncContextManager[RawFollower]:
        """Do as `follow`, without decoding."""
        ...


class LogClient:
    """The Log on a NATS server, as one service."""

    def __init__(
        self, connection: Connection, *, service: str, metrics: Metrics | None = None
    ) -> None:
        self._connection = connection
        self._metrics = metrics or Metrics()
        self._appender = Appender(connection, service=service, metrics=self._metrics)
        self._followers: list[Pull[RawMessage]] = []

    @property
    def position(self) -> int:
        """Give how far the followers of this process are: the last position handed out."""
        return max((pull.handed_out for pull in self._followers), default=0)

    @property
    def lag(self) -> int:
        """Give how many messages wait for the followers of this process, as far as known."""
        return max((pull.lag for pull in self._followers), default=0)

    @property
    def append_waits_s(self) -> float:
        """Give how long the oldest append in flight has been waiting for its answer."""
        return self._appender.waits_s

    async def append(
        self,
        drafts: Sequence[Draft],
        *,
        expected_last: Mapping[str, int] | None = None,
        guards: Mapping[str, int] | None = None,
    ) -> list[Appended]:
        """Do as Log.append."""
        return await self._appender.append(drafts, expected_last=expected_last, guards=guards)

    async def head(self) -> int:
        """Do as Log.head."""
        return await jetstream.last_sequence(self._connection, StreamName.LOG)

    async def size(self) -> tuple[int, int]:
        """Do as Log.size."""
        return await jetstream.size(self._connection, StreamName.LOG)

    async def last(self, subject: str) -> Recorded | None:
        """Do as Log.last."""
        message = await reading.stored(self._connection, {"last_by_subj": subject})
        return None if message is None else decode(message)

    async def last_position(self, subjects: str) -> int:
        """Do as Log.last_position."""
        return await reading.last_position(self._connection, subjects)

    async def read(
        self, *, after: int = 0, until: int | None = None, subjects: Sequence[str] = ()
    ) -> AsyncIterator[Recorded]:
        """Do as Log.read."""
        async for message in self.read_raw(after=after, until=until, subjects=subjects):
            yield decode(message)

    def read_raw(
        self, *, after: int = 0, until: int | None = None, subjects: Sequence[str] = ()
    ) -> AsyncIterator[RawMessage]:
        """Do as Log.read_raw."""
        return reading.read_raw(self._connection, after=after, until=until, subjects=subjects)

    @asynccontextmanager
    async def follow_raw(self, consumer: str, *, after: int) -> AsyncGenerator[RawFollower, None]:
        """Do as Log.follow_raw."""
        spec = consumer_spec(consumer)
        resume = Resume(self._connection)
        pull = Pull(
            self._connection,
            pull_spec(spec, window=reading.WINDOW),
            after=after,
            make=reading.make_raw,
            resume=resume,
            hole=None if spec.filters else reading.hole,
        )
        async with pull:
            self._followers.append(pull)
            try:
                yield _RawLogFollower(pull, resume, consumer=consumer, metrics=self._metrics)
            finally:
                self._followers.remove(pull)

    @asynccontextmanager
    async def follow(self, consumer: str, *, after: int) -> AsyncGenerator[Follower, None]:
        """Do as Log.follow."""
        async with self.follow_raw(consumer, after=after) as raw:
            yield _LogFollower(raw)


class _RawLogFollower:
    def __init__(
        self, pull: Pull[RawMessage], resume: Resume, *, consumer: str, metrics: Metrics
    ) -> None:
        self._pull = pull
        self._resume = resume
        self._consumer = consumer
        self._metrics = metrics
        self._recreated = 0
        metrics.follow(consumer, position=lambda: pull.handed_out, lag=lambda: pull.lag)

    async def next(self, timeout_s: float | None = None) -> list[RawMessage]:
        messages = await self._pull.next(timeout_s)
        if messages:
            self._resume.saw(messages[-1])
        while self._recreated < self._pull.recreated:
            self._recreated += 1
            self._metrics.recreated(self._consumer)
        return messages

    def acknowledge(self, position: int) -> None:
        self._pull.acknowledge(position)


class _LogFollower:
    """Decodes; an undecodable message stops it at that message, after those before."""

    def __init__(self, raw: RawFollower) -> None:
        self._raw = raw
        self._failure: UndecodableMessage | None = None

    async def next(self, timeout_s: float | None = None) -> list[Recorded]:
        if self._failure is not None:
            raise self._failure
        events: list[Recorded] = []
        for message in await self._raw.next(timeout_s):
            try:
                events.append(decode(message))
            except UndecodableMessage as error:
                self._failure = error
                break
        if self._failure is not None and not events:
            raise self._failure
        return events

    def acknowledge(self, position: int) -> None:
        self._raw.acknowledge(position)
