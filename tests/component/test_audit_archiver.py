"""The archiver over an in-memory log and a store that can be down."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

import pytest

from audit.domain.chain import GENESIS
from audit.domain.entry import ID_TAKEN
from audit.domain.verification import Linked, differences_of_row
from audit.handlers import Archiver
from chassis.log import LogGap, RawFollower, RawMessage
from chassis.settings import ConfigurationError
from contracts.event import Draft
from kit.audit_history import history, messages
from kit.audit_store import UNSTORABLE, FakeStore
from kit.memory import InMemoryLog


async def a_log(drafts: list[Draft]) -> InMemoryLog:
    """Give a log that holds these drafts."""
    log = InMemoryLog()
    for draft in drafts:
        await log.as_service(draft.event.owner).append([draft])
    return log


@asynccontextmanager
async def archiving(
    log: InMemoryLog, store: FakeStore, *, batch_max: int = 1000
) -> AsyncGenerator[Archiver]:
    """Archive for as long as the block lasts."""
    stopping = asyncio.Event()
    archiver = Archiver(log, store, batch_max=batch_max)
    running = asyncio.create_task(archiver.run(stopping))
    try:
        yield archiver
    finally:
        stopping.set()
        await running


async def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition."""
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110  Nobody tells.
            await asyncio.sleep(0.005)


def require_whole(store: FakeStore, last: int) -> None:
    """Require every message until `last`, once, in order, chained."""
    before: Linked | None = None
    assert len(store.rows) == last
    for row in store.rows:
        linked = Linked(row.entry, row.prev_hash, row.hash)
        assert differences_of_row(linked, before=before) == []
        before = linked


@pytest.mark.parametrize("batch_max", [1, 7, 1000])
async def test_the_whole_log_is_archived_in_order(batch_max: int) -> None:
    log, store = await a_log(list(history(8))), FakeStore()

    async with archiving(log, store, batch_max=batch_max) as archiver:
        await until(lambda: len(store.rows) == len(log.recorded))

    require_whole(store, len(log.recorded))
    assert store.rows[0].prev_hash == GENESIS
    assert max(store.batches) <= batch_max
    assert archiver.progress.head == store.head()
    assert archiver.progress.problem == ""


async def test_a_store_that_is_down_is_waited_for_and_caught_up_with() -> None:
    drafts = list(history(30))
    log, store = await a_log(drafts[:50]), FakeStore()

    async with archiving(log, store) as archiver:
        await until(lambda: len(store.rows) == 50)
        store.is_down = True
        for draft in drafts[50:]:
            await log.as_service(draft.event.owner).append([draft])
        await until(lambda: "connection refused" in archiver.progress.problem)
        assert len(store.rows) == 50
        store.is_down = False
        await until(lambda: len(store.rows) == len(drafts))
        assert archiver.progress.problem == ""

    require_whole(store, len(log.recorded))


async def test_a_lost_answer_neither_doubles_nor_loses() -> None:
    log, store = await a_log(list(history(30))), FakeStore(loses_answers=4)

    async with archiving(log, store, batch_max=40):
        await until(lambda: len(store.rows) == len(log.recorded))

    require_whole(store, len(log.recorded))


async def test_a_crash_between_the_commit_and_the_ack_doubles_nothing() -> None:
    class Crash(BaseException):
        pass

    class CrashingFollower:
        def __init__(self, follower: RawFollower) -> None:
            self._follower = follower

        async def next(self, timeout_s: float | None = None) -> list[RawMessage]:
            return await self._follower.next(timeout_s)

        def acknowledge(self, position: int) -> None:
            raise Crash(position)

    class CrashingLog(InMemoryLog):
        @asynccontextmanager
        async def follow_raw(self, consumer: str, *, after: int) -> AsyncGenerator[RawFollower]:
            async with super().follow_raw(consumer, after=after) as follower:
                yield CrashingFollower(follower)

    log, store = await a_log(list(history(10))), FakeStore()
    crashing = CrashingLog.__new__(CrashingLog)
    crashing.__dict__.update(log.__dict__)
    crashes = 0
    while len(store.rows) < len(log.recorded):
        with pytest.raises(Crash):
            await Archiver(crashing, store, batch_max=13).run(asyncio.Event())
        crashes += 1

    assert crashes > 5
    require_whole(store, len(log.recorded))


async def test_a_store_restored_from_an_older_backup_is_continued() -> None:
    log, store = await a_log(list(history(20))), FakeStore()
    async with archiving(log, store) as archiver:
        await until(lambda: len(store.rows) == len(log.recorded))
        store.is_down = True
        last = await log.put_raw("process.x", {}, b"{}")
        await until(lambda: bool(archiver.progress.problem))
        del store.rows[70:]
        store.is_down = False
        await until(lambda: len(store.rows) == last)

    positions = [row.entry.position for row in store.rows]
    assert positions == list(range(1, len(positions) + 1))


async def test_a_message_that_is_no_event_is_archived_and_counted() -> None:
    log, store = await a_log(list(history(1))), FakeStore()
    await log.put_raw("process.x", {"ce-type": "tea_served"}, b"\xff\0")
    last = await log.put_raw("process.x", {}, b"")

    async with archiving(log, store) as archiver:
        await until(lambda: len(store.rows) == last)

    assert archiver.progress.undecodable == 2
    assert [row.entry.type for row in store.rows[-2:]] == ["tea_served", "undecodable"]
    assert store.rows[-2].entry.body == b"\xff\0"


async def test_an_id_that_stands_twice_in_the_log_is_archived_under_another() -> None:
    drafts = list(history(2))
    log, store = await a_log(drafts), FakeStore()
    again = messages(drafts)[3]
    await log.put_raw(again.subject, again.headers, again.body)
    last = await log.put_raw(again.subject, again.headers, again.body)

    async with archiving(log, store) as archiver:
        await until(lambda: len(store.rows) == last)

    assert [row.entry.defect for row in store.rows[-2:]] == [f"{ID_TAKEN} 4"] * 2
    assert archiver.progress.undecodable == 2
    require_whole(store, last)


async def test_json_that_the_store_cannot_hold_is_archived_as_bytes() -> None:
    drafts = list(history(2))
    log, store = await a_log(drafts), FakeStore()
    bar = messages(drafts)[0]
    other = {**bar.headers, "ce-id": "0a142183-bd14-5960-9875-a7a8a8ab4963"}
    last = await log.put_raw(bar.subject, other, b'{"price": ' + UNSTORABLE + b"}")

    async with archiving(log, store):
        await until(lambda: len(store.rows) == last)

    assert store.rows[-1].entry.defect == "JSON that PostgreSQL cannot hold"
    assert store.rows[-1].entry.data is None


async def test_a_gap_in_the_log_stops_the_archive_after_what_is_whole() -> None:
    class HoledLog(InMemoryLog):
        @asynccontextmanager
        async def follow_raw(self, consumer: str, *, after: int) -> AsyncGenerator[RawFollower]:
            yield Holed(after)

    class Holed:
        def __init__(self, after: int) -> None:
            self._left = [m for m in messages(history(3)) if m.position > after]

        async def next(self, timeout_s: float | None = None) -> list[RawMessage]:
            del timeout_s
            return [message for message in self._left if message.position != 8]

        def acknowledge(self, position: int) -> None:
            del position

    store = FakeStore()
    with pytest.raises(LogGap, match="expected position 8 of the log, found 9"):
        await Archiver(HoledLog(), store, batch_max=1000).run(asyncio.Event())

    assert store.head().position == 7


async def test_a_log_that_begins_later_is_refused_before_anything_is_written() -> None:
    class CutLog(InMemoryLog):
        @asynccontextmanager
        async def follow_raw(self, consumer: str, *, after: int) -> AsyncGenerator[RawFollower]:
            yield Cut()

    class Cut:
        async def next(self, timeout_s: float | None = None) -> list[RawMessage]:
            del timeout_s
            return messages(history(1))[3:]

        def acknowledge(self, position: int) -> None:
            del position

    store = FakeStore()
    with pytest.raises(LogGap, match="expected position 1 of the log, found 4"):
        await Archiver(CutLog(), store, batch_max=10).run(asyncio.Event())

    assert store.rows == []


async def test_a_store_that_is_ahead_of_the_log_is_refused() -> None:
    full, store = await a_log(list(history(3))), FakeStore()
    async with archiving(full, store):
        await until(lambda: len(store.rows) == len(full.recorded))
    short = await a_log(list(history(3))[:5])

    with pytest.raises(ConfigurationError, match=r"at most the 5 events .*found \d+"):
        await Archiver(short, store, batch_max=1000).run(asyncio.Event())


async def test_a_store_of_another_log_is_refused_by_its_newest_event() -> None:
    drafts = list(history(3))
    full, store = await a_log(drafts), FakeStore()
    async with archiving(full, store):
        await until(lambda: len(store.rows) == len(full.recorded))
    other = await a_log([*drafts[1:], *list(history(4))[len(drafts) :], drafts[0]])

    with pytest.raises(ConfigurationError, match="they belong to different data"):
        await Archiver(other, store, batch_max=1000).run(asyncio.Event())
