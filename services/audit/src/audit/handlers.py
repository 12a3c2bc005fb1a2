"""The archiver: follows the log into the store, without a gap and without judging.

What is archived is decided by the store alone: after every failure the newest row is read again,
and the log is followed from there. So an unknown outcome, a restart and a restored backup are the
same case. While one batch is being written, the next is read, chained and packed.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass
from typing import Any, Protocol, Self
from uuid import UUID

import structlog

from audit.domain.chain import link
from audit.domain.entry import ID_TAKEN, differing_fields, entry_of, irregular
from audit.domain.verification import Linked
from audit.store.events import Batch, DataRefused, Head, IdTaken, Row, StoreUnavailable
from chassis.log import LogGap, RawFollower, RawMessage
from chassis.settings import ConfigurationError

CONSUMER = "audit-archive-log"
_PAUSE_S_FIRST = 0.1
_PAUSE_S_MAX = 2.0
_LOOK_S = 0.25
"""Longest time until a stop is noticed."""

_log = structlog.get_logger()


class Store(Protocol):
    """Where rows go; every call may block and may raise StoreUnavailable."""

    def head(self) -> Head: ...

    def at(self, position: int) -> Linked | None: ...

    def positions_of(self, ids: Sequence[UUID]) -> dict[UUID, int]: ...

    def refused_data(self, rows: Sequence[Row]) -> list[int]: ...

    def prepare(self, rows: Sequence[Row]) -> Batch: ...

    def append(self, batch: Batch) -> None: ...


class RawLog(Protocol):
    """What the archiver needs of the log."""

    async def head(self) -> int: ...

    def read_raw(
        self, *, after: int = 0, until: int | None = None, subjects: Sequence[str] = ()
    ) -> AsyncIterator[RawMessage]: ...

    def follow_raw(
        self, consumer: str, *, after: int
    ) -> AbstractAsyncContextManager[RawFollower]: ...


@dataclass(slots=True)
class Progress:
    """How far the archive is, for people and metrics."""

    head: Head
    problem: str = "starting"
    """Why nothing is archived now; empty when all is well."""
    events: int = 0
    """Rows written by this process."""
    undecodable: int = 0


class UnexplainedRefusal(Exception):
    """PostgreSQL refused a batch for a reason that no row shows."""


class Archiver:
    """Archives the log until it is told to stop."""

    def __init__(
        self,
        log: RawLog,
        store: Store,
        *,
        batch_max: int,
        on_change: Callable[[Progress], None] = lambda _: None,
    ) -> None:
        self.progress = Progress(Head(0, b""))
        self._log = log
        self._store = store
        self._batch_max = batch_max
        self._on_change = on_change
        self._pause_s = _PAUSE_S_FIRST
        self._id_taken: dict[int, int] = {}
        """Positions of messages with an id that another position has: that one."""
        self._data_refused: set[int] = set()
        """Positions of messages with JSON that the store cannot hold."""

    async def run(self, stopping: asyncio.Event) -> None:
        """Archive until `stopping`, waiting out every outage of the store.

        Raises LogGap at a missing position, and ConfigurationError when the store holds another
        log than this.
        """
        while not stopping.is_set():
            try:
                head = await asyncio.to_thread(self._store.head)
                await self._require_same_log(head)
                self._say(head=head, problem="")
                await self._archive_after(head, stopping)
            except (IdTaken, DataRefused):
                continue  # what is known now changes the rows: begin again
            except StoreUnavailable as error:
                if not self.progress.problem:
                    _log.warning("archive_unavailable", reason=str(error))
                self._say(problem=f"PostgreSQL is unavailable: {error}")
                await wait_or_stop(stopping, self._pause_s)
                self._pause_s = min(self._pause_s * 2, _PAUSE_S_MAX)

    async def _archive_after(self, head: Head, stopping: asyncio.Event) -> None:
        async with (
            self._log.follow_raw(CONSUMER, after=head.position) as follower,
            _OneAtATime() as writing,
        ):
            async for messages in _batches(follower, self._batch_max, stopping):
                gap = _gap(messages, head)
                whole = messages if gap is None else messages[: gap.expected - head.position - 1]
                if whole:
                    batch = await asyncio.to_thread(self._prepare, whole, head)
                    await writing.begin(self._write(batch, follower))
                    head = batch.head
                else:
                    await writing.end()
                if gap is not None:
                    await writing.end()
                    _log.critical("archive_stopped", expected=gap.expected, found=gap.found)
                    raise gap
            await writing.end()

    def _prepare(self, messages: Sequence[RawMessage], head: Head) -> Batch:
        return self._store.prepare(list(self.chain(messages, head)))

    async def _write(self, batch: Batch, follower: RawFollower) -> None:
        try:
            await asyncio.to_thread(self._store.append, batch)
        except IdTaken:
            await asyncio.to_thread(self._find_taken_ids, batch.rows)
            raise
        except DataRefused as error:
            refused = await asyncio.to_thread(self._store.refused_data, batch.rows)
            if not refused:
                raise UnexplainedRefusal(f"expected JSON that is refused, found {error}") from None
            self._data_refused.update(refused)
            raise
        follower.acknowledge(batch.head.position)
        self._pause_s = _PAUSE_S_FIRST
        self._count(batch.rows)
        self._say(head=batch.head)

    def chain(self, messages: Sequence[RawMessage], head: Head) -> Iterator[Row]:
        """Give the rows of messages that follow a row, each made when it is taken."""
        previous = head.hash
        for message in messages:
            row = self._row(message, previous)
            previous = row.hash
            yield row

    def _row(self, message: RawMessage, previous: bytes) -> Row:
        recorded = None
        if message.position in self._id_taken:
            first = self._id_taken[message.position]
            entry = irregular(message, defect=f"{ID_TAKEN} {first}", is_id_taken=True)
        elif message.position in self._data_refused:
            entry = irregular(message, defect="JSON that PostgreSQL cannot hold")
        else:
            entry, recorded = entry_of(message)
        return Row(entry, previous, link(previous, entry), recorded)

    def _count(self, rows: Sequence[Row]) -> None:
        defects = [row.entry for row in rows if row.entry.defect is not None]
        if defects:
            _log.error(
                "messages_undecodable",
                count=len(defects),
                first_position=defects[0].position,
                first_reason=defects[0].defect,
            )
        self.progress.events += len(rows)
        self.progress.undecodable += len(defects)

    def _find_taken_ids(self, rows: Sequence[Row]) -> None:
        taken = self._store.positions_of([row.entry.id for row in rows])
        for row in rows:
            first = taken.setdefault(row.entry.id, row.entry.position)
            if first != row.entry.position:
                self._id_taken[row.entry.position] = first

    async def _require_same_log(self, head: Head) -> None:
        if head.position == 0:
            return
        end = await self._log.head()
        if head.position > end:
            raise ConfigurationError(
                f"expected PostgreSQL to hold at most the {end} events of the log, found"
                f" {head.position}: they belong to different data"
            )
        row = await asyncio.to_thread(self._store.at, head.position)
        with suppress(LogGap):  # what the log holds no longer cannot be compared
            async for raw in self._log.read_raw(after=head.position - 1, until=head.position):
                if row is not None and differing_fields(row.entry, raw):
                    raise ConfigurationError(
                        f"expected at position {head.position} the log's message"
                        f" {raw.headers.get('ce-id')}, found {row.entry.id} in PostgreSQL:"
                        " they belong to different data"
                    )

    def _say(self, *, head: Head | None = None, problem: str | None = None) -> None:
        if head is not None:
            self.progress.head = head
        if problem is not None:
            self.progress.problem = problem
        self._on_change(self.progress)


class _OneAtATime:
    """Work beside the caller's own; none outlives the block."""

    def __init__(self) -> None:
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def begin(self, work: Coroutine[Any, Any, None]) -> None:
        """Begin this work after the work before; raise what went wrong in that."""
        try:
            await self.end()
        except BaseException:
            work.close()
            raise
        self._task = asyncio.create_task(work)

    async def end(self) -> None:
        """Wait for the work; raise what went wrong in it."""
        task, self._task = self._task, None
        if task is not None:
            await task

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)


async def _batches(
    follower: RawFollower, batch_max: int, stopping: asyncio.Event
) -> AsyncIterator[list[RawMessage]]:
    """Give what is there, or nothing after a while; a follower hands out less than a batch."""
    waiting: list[RawMessage] = []
    while not stopping.is_set():
        waiting += await follower.next(0 if waiting else _LOOK_S)
        while 0 < len(waiting) < batch_max and (more := await follower.next(0)):
            waiting += more
        yield waiting[:batch_max]
        del waiting[:batch_max]


def _gap(messages: Sequence[RawMessage], head: Head) -> LogGap | None:
    for expected, message in enumerate(messages, start=head.position + 1):
        if message.position != expected:
            return LogGap(expected=expected, found=message.position)
    return None


async def wait_or_stop(stopping: asyncio.Event, seconds: float) -> None:
    """Wait this long, or until `stopping`."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stopping.wait()
