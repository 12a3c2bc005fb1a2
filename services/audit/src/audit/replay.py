"""`audit replay`: derive every decision once more from the recorded inputs, and compare."""

import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from importlib.metadata import entry_points

from sqlalchemy import Engine

from audit.domain.comparison import CoreComparison, Pending, Span
from audit.domain.entry import Entry, Message, message_of, recorded_of
from audit.domain.verification import Difference
from audit.store.events import read, transaction
from chassis.log import Log
from contracts import codec
from contracts.core import CORES_GROUP, Core

_CHUNK_ROWS = 2000
PENDING_MAX = timedelta(minutes=10)
"""A decision that is missing for longer, on the log's clock, is not on its way."""


class UnreadableRow(Exception):
    """A row of the archive cannot be made a message again; `verify` says what is wrong with it."""


class NoSuchCore(Exception):
    """No installed service offers a core by that name."""


@dataclass(slots=True)
class Replayed:
    """What was replayed and what was found."""

    comparisons: list[CoreComparison]
    events: int = 0
    first: int = 0
    last: int = 0
    head_at: datetime | None = None
    unreadable: int = 0
    first_unreadable: str = ""
    seconds: float = 0.0
    pending: list[tuple[str, Pending]] = field(default_factory=list[tuple[str, Pending]])

    @property
    def difference(self) -> Difference | None:
        """Give the first difference of all cores."""
        found = [it.difference for it in self.comparisons if it.difference is not None]
        return min(found, key=lambda difference: difference.position, default=None)

    @property
    def unjudged(self) -> list[tuple[CoreComparison, Span]]:
        """Give what other rules than ours decided."""
        return [(it, span) for it in self.comparisons for span in it.spans if span.decisions]

    @property
    def overdue(self) -> list[tuple[str, Pending]]:
        """Give what should have been decided long before the log ends."""
        head_at = self.head_at
        if head_at is None:
            return []
        return [it for it in self.pending if head_at - it[1].cause_recorded_at > PENDING_MAX]

    @property
    def is_judged(self) -> bool:
        """Say whether every decision was compared."""
        return not (self.unjudged or self.overdue or self.unreadable)


def load_cores(wanted: Sequence[str] = ()) -> dict[str, Core]:
    """Make the cores that installed services offer; raise NoSuchCore for a name that is not."""
    offered = {point.name: point for point in entry_points(group=CORES_GROUP)}
    missing = [name for name in wanted if name not in offered]
    if missing or not offered:
        raise NoSuchCore(
            f"expected cores of {', '.join(sorted(offered)) or 'an installed service'},"
            f" found {', '.join(missing) or 'none'}"
        )
    return {name: offered[name].load()() for name in sorted(wanted or offered)}


async def replay(source: AsyncIterator[Sequence[Message]], cores: Mapping[str, Core]) -> Replayed:
    """Feed everything recorded to each core and compare what it answers.

    A core has the name of the service that decides with it.
    """
    result = Replayed([CoreComparison(name, core) for name, core in cores.items()])
    begin = time.perf_counter()
    async for messages in source:
        for message in messages:
            _step(message, result)
    for comparison in result.comparisons:
        result.pending += [(comparison.name, each) for each in comparison.finish()]
    result.seconds = time.perf_counter() - begin
    return result


async def archived(engine: Engine) -> AsyncIterator[Sequence[Message]]:
    """Give what PostgreSQL holds, oldest first."""
    after = 0
    with transaction(engine) as connection:
        connection.exec_driver_sql("set transaction isolation level repeatable read, read only")
        while rows := read(connection, after=after, limit=_CHUNK_ROWS):
            yield [_restored(row.entry) for row in rows]
            after = rows[-1].entry.position


def _restored(entry: Entry) -> Message:
    try:
        return message_of(entry)
    except ValueError as error:
        raise UnreadableRow(
            f"position {entry.position}: expected header lines, found {error}"
        ) from None


async def streamed(log: Log) -> AsyncIterator[Sequence[Message]]:
    """Give what the stream holds, oldest first."""
    async for message in log.read_raw():
        yield (message,)


def _step(message: Message, result: Replayed) -> None:
    result.events += 1
    result.first = result.first or message.position
    result.last, result.head_at = message.position, message.recorded_at
    try:
        recorded = recorded_of(message)
    except codec.UndecodableMessage as error:
        result.unreadable += 1
        result.first_unreadable = result.first_unreadable or f"position {message.position}: {error}"
        return
    for comparison in result.comparisons:
        comparison.step(recorded)
