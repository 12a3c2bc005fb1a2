"""The archive: decoding, chaining, writing and projecting, against a bare COPY of the same rows.

The floor is the driver's COPY of rows that lie ready (its `write_row`, in its default text
format), 1000 to a transaction, into a table with the same columns, a primary key and the unique
id: no chain, no check, no projection. The same in the binary format, which is faster and which the
archive uses, is given beside it. PostgreSQL syncs every commit in all of them. Replay is decoding
and folding with three small cores.
"""

import asyncio
import gc
import statistics
import sys
import time
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager

import psycopg
from psycopg.adapt import Dumper

from audit.app import SWITCH_S
from audit.domain.chain import GENESIS
from audit.handlers import Archiver
from audit.replay import archived, replay
from audit.store.database import open_engine
from audit.store.events import EventStore, Head, Row
from audit.store.schema import migrate
from chassis.log import RawFollower, RawMessage
from kit.audit_history import JudgingCore, history, messages
from kit.audit_store import FakeStore
from kit.postgres import PostgresServer, running_postgres

EVENTS = 20_000
BATCH = 1000
ROUNDS = 5
_HANDOUT = 256
_SETUPS = EVENTS // 100
_COLUMNS = {
    "position": "bigint",
    "prev_hash": "bytea",
    "hash": "bytea",
    "id": "uuid",
    "type": "text",
    "version": "integer",
    "subject": "text",
    "source": "text",
    "correlation_id": "uuid",
    "causation_id": "uuid",
    "occurred_at": "timestamptz",
    "recorded_at": "timestamptz",
    "defect": "text",
    "headers": "bytea",
    "data": "jsonb",
    "bytes": "bytea",
}
_BARE = f"""
create table bare (
    {", ".join(f"{name} {kind}" for name, kind in _COLUMNS.items())},
    primary key (position), unique (id)
)
"""


class _JsonText(Dumper):
    """JSON that is text already; the driver would write it as a string in JSON."""

    format = psycopg.pq.Format.BINARY
    oid = psycopg.adapters.types["jsonb"].oid

    def dump(self, obj: bytes) -> bytes:
        return b"\x01" + obj


def run() -> dict[str, float]:
    """Measure in alternating rounds; give the medians, and print them."""
    found = messages(history(_SETUPS, bars=60))[:EVENTS]
    ours: list[float] = []
    floors: list[float] = []
    binary: list[float] = []
    replayed: list[float] = []
    with running_postgres(is_durable=True) as server:
        template = server.create_database()
        engine = open_engine(server.dsn(template), statement_s_max=60, as_writer=False)
        migrate(engine)
        engine.dispose()
        rows = _rows(found)
        gc.collect()
        gc.freeze()  # a service holds no such list of messages
        sys.setswitchinterval(SWITCH_S)  # as the service does
        for _ in range(ROUNDS):
            floors.append(_floor(server, rows, is_binary=False))
            binary.append(_floor(server, rows, is_binary=True))
            name = server.create_database(template=template)
            ours.append(_archive(server.dsn(name), found))
            replayed.append(_replay(server.dsn(name)))
    figures = {
        "audit_events_per_s": statistics.median(ours),
        "copy_events_per_s": statistics.median(floors),
        "copy_binary_events_per_s": statistics.median(binary),
        "ratio": statistics.median(a / b for a, b in zip(ours, floors, strict=True)),
        "replay_events_per_s": statistics.median(replayed),
    }
    print(", ".join(f"{name} {figure:,.2f}" for name, figure in figures.items()))
    return figures


def _rows(found: Sequence[RawMessage]) -> list[Row]:
    archiver = Archiver(_NoLog(found), FakeStore(), batch_max=BATCH)
    return list(archiver.chain(found, Head(0, GENESIS)))


def _floor(server: PostgresServer, rows: Sequence[Row], *, is_binary: bool) -> float:
    tuples = [(it[0], row.prev_hash, row.hash, *it[1:]) for row in rows for it in (row.entry,)]
    statement = "copy bare from stdin (format binary)" if is_binary else "copy bare from stdin"
    if not is_binary:
        tuples = [(*it[:14], None if it[14] is None else it[14].decode(), it[15]) for it in tuples]
    with psycopg.connect(server.dsn(server.create_database())) as connection:
        connection.execute(_BARE.encode())
        connection.commit()
        begin = time.perf_counter()
        for start in range(0, len(tuples), BATCH):
            with connection.cursor() as cursor:
                if is_binary:
                    cursor.adapters.register_dumper(bytes, _JsonText)
                with cursor.copy(statement.encode()) as copy:
                    if is_binary:
                        copy.set_types(list(_COLUMNS.values()))
                    for values in tuples[start : start + BATCH]:
                        copy.write_row(values)
            connection.commit()
        return len(rows) / (time.perf_counter() - begin)


def _archive(dsn: str, found: Sequence[RawMessage]) -> float:
    engine = open_engine(dsn, statement_s_max=60)
    log = _NoLog(found)
    archiver = Archiver(log, EventStore(engine), batch_max=BATCH)
    begin = time.perf_counter()
    asyncio.run(archiver.run(log.done))
    seconds = time.perf_counter() - begin
    engine.dispose()
    return len(found) / seconds


def _replay(dsn: str) -> float:
    engine = open_engine(dsn, statement_s_max=60)
    cores = {name: JudgingCore() for name in ("one", "two", "three")}
    result = asyncio.run(replay(archived(engine), cores))
    engine.dispose()
    if result.difference is not None:
        raise AssertionError(f"expected no difference, found {result.difference}")
    return result.events / result.seconds


class _NoLog:
    """Hands out messages as the log's follower does, and ends when all are done."""

    def __init__(self, found: Sequence[RawMessage]) -> None:
        self.done = asyncio.Event()
        self._found = found

    async def head(self) -> int:
        return len(self._found)

    async def read_raw(
        self, *, after: int = 0, until: int | None = None, subjects: Sequence[str] = ()
    ) -> AsyncIterator[RawMessage]:
        del subjects
        for message in self._found[after:until]:
            yield message

    @asynccontextmanager
    async def follow_raw(self, consumer: str, *, after: int) -> AsyncGenerator[RawFollower]:
        del consumer
        yield _Follower(self._found, self.done, after)


class _Follower:
    def __init__(self, found: Sequence[RawMessage], done: asyncio.Event, after: int) -> None:
        self._found, self._done, self._next = found, done, after

    async def next(self, timeout_s: float | None = None) -> list[RawMessage]:
        del timeout_s
        await asyncio.sleep(0)
        handed = list(self._found[self._next : self._next + _HANDOUT])
        self._next += len(handed)
        return handed

    def acknowledge(self, position: int) -> None:
        if position == len(self._found):
            self._done.set()


if __name__ == "__main__":
    run()
