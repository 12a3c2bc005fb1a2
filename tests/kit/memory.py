"""The log, the market stream and the checkpoints in memory.

They behave like the real ones (tests/contract runs one suite on both), in one process, without
a clock or randomness: one event loop and the same calls give the same order. Where the real
server takes time, these yield once to the loop, so that concurrency stays visible.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from chassis.appender import check_drafts
from chassis.appends import Appended, AppendRefused, LogFull, VersionConflict
from chassis.log import Follower, LogGap, RawFollower, RawMessage
from chassis.reading import decode
from contracts import codec, subjects
from contracts.event import Draft, Recorded
from kit.chassis_memory_market import InMemoryMarket
from kit.chassis_memory_stores import InMemoryCheckpoints, InMemoryDeadLetters, Parked
from kit.chassis_memory_stream import Cursor, Stream, fits, matches

__all__ = [
    "InMemoryCheckpoints",
    "InMemoryDeadLetters",
    "InMemoryLog",
    "InMemoryMarket",
    "Parked",
    "matches",
]

_BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
_LOG = next(spec for spec in subjects.STREAMS if spec.name is subjects.StreamName.LOG)
_YIELD_EVERY = 64
"""Messages of a read between two turns of the event loop."""


@dataclass
class _LogState(Stream[RawMessage]):
    positions: dict[str, int] = field(default_factory=dict[str, int])
    last_on: dict[str, int] = field(default_factory=dict[str, int])


class InMemoryLog:
    """A Log over a list. `as_service` gives another service's view of the same log.

    `pause()` makes appends wait until `resume()`, as an outage does; `messages_max` makes it
    full; `put_raw` puts in what no service would.
    """

    def __init__(self, *, service: str = "gateway", messages_max: int = 0) -> None:
        self.service = service
        self._state = _LogState()
        self._messages_max = [messages_max]
        self._up = asyncio.Event()
        self._up.set()
        self._waiting = [0]

    def as_service(self, service: str) -> "InMemoryLog":
        """Give the same log, written as another service."""
        other = InMemoryLog.__new__(InMemoryLog)
        other.__dict__.update(self.__dict__)
        other.service = service
        return other

    def pause(self) -> None:
        """Begin an outage: appends and reads wait."""
        self._up.clear()

    def resume(self) -> None:
        """End an outage."""
        self._up.set()

    @property
    def waiting(self) -> int:
        """Give the number of appends that wait for the end of an outage."""
        return self._waiting[0]

    def limit(self, messages_max: int) -> None:
        """Let the log be full at this many messages; 0 is no limit."""
        self._messages_max[0] = messages_max

    async def put_raw(self, subject: str, headers: Mapping[str, str], body: bytes) -> int:
        """Put a message into the log as it is; give its position."""
        position = len(self._state.messages) + 1
        self._state.messages.append(
            RawMessage(
                position=position,
                subject=subject,
                headers=dict(headers),
                body=body,
                recorded_at=_BEGIN + timedelta(milliseconds=position),
            )
        )
        self._state.last_on[subject] = position
        await self._state.announce()
        return position

    @property
    def recorded(self) -> list[Recorded]:
        """Give all events, decoded."""
        return [decode(message) for message in self._state.messages]

    def lag(self, consumer: str) -> int:
        """Give the number of messages that a consumer has not acknowledged."""
        cursor = self._state.cursors[consumer]
        filters = subjects.consumer(consumer).filters
        return sum(
            fits(filters, message.subject)
            for message in self._state.messages[cursor.acknowledged :]
        )

    async def append(
        self,
        drafts: Sequence[Draft],
        *,
        expected_last: Mapping[str, int] | None = None,
        guards: Mapping[str, int] | None = None,
    ) -> list[Appended]:
        """Do as Log.append."""
        messages = [(draft, *codec.encode(draft, source=self.service)) for draft in drafts]
        expected = dict(expected_last or {})
        check_drafts(drafts, expected, guards or {})
        _require_fit(drafts)
        await asyncio.sleep(0)
        self._waiting[0] += 1
        try:
            await self._up.wait()
        finally:
            self._waiting[0] -= 1
        state = self._state
        known = [state.positions.get(str(draft.id)) for draft in drafts]
        if drafts and all(position is not None for position in known):
            return [Appended(position or 0, is_duplicate=True) for position in known]
        for subject, position in expected.items():
            found = state.last_on.get(subject, 0)
            if found != position:
                raise VersionConflict(subject=subject, expected=position, found=found)
        for filter_, position in (guards or {}).items():
            prefix = filter_.removesuffix(">")
            found = max(
                (at for name, at in state.last_on.items() if name.startswith(prefix)), default=0
            )
            if found != position:
                raise VersionConflict(subject=filter_, expected=position, found=found)
        limit = self._messages_max[0]
        if limit and len(state.messages) + len(drafts) > limit:
            raise LogFull(
                f"expected room for {len(drafts)} messages, found maximum messages exceeded"
            )
        answers: list[Appended] = []
        for (draft, headers, body), position in zip(messages, known, strict=True):
            if position is None:
                new = len(state.messages) + 1
                state.messages.append(
                    RawMessage(
                        position=new,
                        subject=draft.subject,
                        headers=headers,
                        body=body,
                        recorded_at=_BEGIN + timedelta(milliseconds=new),
                    )
                )
                state.positions[str(draft.id)] = new
                state.last_on[draft.subject] = new
            answers.append(
                Appended(state.positions[str(draft.id)], is_duplicate=position is not None)
            )
        await state.announce()
        return answers

    async def head(self) -> int:
        """Do as Log.head."""
        await asyncio.sleep(0)
        await self._up.wait()
        return len(self._state.messages)

    async def size(self) -> tuple[int, int]:
        """Do as Log.size."""
        await self.head()
        return sum(len(it.body) for it in self._state.messages), _LOG.bytes_max

    async def last(self, subject: str) -> Recorded | None:
        """Do as Log.last."""
        await asyncio.sleep(0)
        await self._up.wait()
        position = self._state.last_on.get(subject)
        return None if position is None else decode(self._state.messages[position - 1])

    async def last_position(self, subjects: str) -> int:
        """Do as Log.last_position."""
        await asyncio.sleep(0)
        await self._up.wait()
        positions = self._state.last_on.items()
        return max((at for subject, at in positions if fits([subjects], subject)), default=0)

    async def read_raw(
        self, *, after: int = 0, until: int | None = None, subjects: Sequence[str] = ()
    ) -> AsyncIterator[RawMessage]:
        """Do as Log.read_raw."""
        await self._up.wait()
        end = len(self._state.messages) if until is None else until
        for message in self._state.messages[after:end]:
            if message.position % _YIELD_EVERY == 0:
                await asyncio.sleep(0)
            if fits(subjects, message.subject):
                yield message

    async def read(
        self, *, after: int = 0, until: int | None = None, subjects: Sequence[str] = ()
    ) -> AsyncIterator[Recorded]:
        """Do as Log.read."""
        async for message in self.read_raw(after=after, until=until, subjects=subjects):
            yield decode(message)

    @asynccontextmanager
    async def follow_raw(self, consumer: str, *, after: int) -> AsyncGenerator[RawFollower, None]:
        """Do as Log.follow_raw."""
        spec = subjects.consumer(consumer)
        if after > len(self._state.messages):
            raise LogGap(expected=after, found=len(self._state.messages))
        cursor = await self._state.open(spec, after=after)
        yield _MemoryRawFollower(self._state, cursor, spec.filters)

    @asynccontextmanager
    async def follow(self, consumer: str, *, after: int) -> AsyncGenerator[Follower, None]:
        """Do as Log.follow."""
        async with self.follow_raw(consumer, after=after) as raw:
            yield _MemoryFollower(raw)


def _require_fit(drafts: Sequence[Draft]) -> None:
    for draft in drafts:
        if not fits(_LOG.subjects, draft.subject):
            raise AppendRefused(f"expected a subject of LOG, found {draft.subject}")
        size = len(codec.body_of(draft.event))
        if size > _LOG.message_bytes_max:
            raise AppendRefused(f"expected at most {_LOG.message_bytes_max} bytes, found {size}")


class _MemoryRawFollower:
    def __init__(
        self, state: _LogState, cursor: Cursor[RawMessage], filters: tuple[str, ...]
    ) -> None:
        self._state = state
        self._cursor = cursor
        self._filters = filters

    async def next(self, timeout_s: float | None = None) -> list[RawMessage]:
        return await self._state.take(
            self._cursor, lambda message: fits(self._filters, message.subject), timeout_s
        )

    def acknowledge(self, position: int) -> None:
        self._cursor.acknowledged = max(self._cursor.acknowledged, position)


class _MemoryFollower:
    def __init__(self, raw: RawFollower) -> None:
        self._raw = raw
        self._failure: codec.UndecodableMessage | None = None

    async def next(self, timeout_s: float | None = None) -> list[Recorded]:
        if self._failure is not None:
            raise self._failure
        events: list[Recorded] = []
        for message in await self._raw.next(timeout_s):
            try:
                events.append(decode(message))
            except codec.UndecodableMessage as error:
                self._failure = error
                break
        if self._failure is not None and not events:
            raise self._failure
        return events

    def acknowledge(self, position: int) -> None:
        self._raw.acknowledge(position)
