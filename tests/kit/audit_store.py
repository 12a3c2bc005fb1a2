"""Event stores for tests: a migrated database per test, and a fake that keeps rows in a list."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import pytest
from sqlalchemy import Engine

from audit.domain.chain import GENESIS
from audit.domain.verification import Linked
from audit.store.database import open_engine
from audit.store.events import Batch, DataRefused, EventStore, Head, IdTaken, Row, StoreUnavailable
from audit.store.schema import migrate
from kit.postgres import PostgresServer

GUARDS_OFF = (
    "alter event trigger audit_refuse_drop disable",
    "alter event trigger audit_refuse_alter disable",
    "alter table audit.events disable trigger all",
    "set session_replication_role = replica",
)
"""What a superuser does who wants to change the past."""
UNSTORABLE = b"1e999999"
"""A number that FakeStore, like jsonb, cannot hold."""


@dataclass
class Database:
    """One database of the tests' PostgreSQL."""

    server: PostgresServer
    name: str

    @property
    def dsn(self) -> str:
        """Give the address."""
        return self.server.dsn(self.name)


@pytest.fixture(scope="session")
def migrated(postgres: PostgresServer) -> str:
    """Give the name of a database with an empty event store, to copy."""
    name = postgres.create_database()
    engine = open_engine(postgres.dsn(name), statement_s_max=30, as_writer=False)
    migrate(engine)
    engine.dispose()
    return name


@pytest.fixture
def database(postgres: PostgresServer, migrated: str) -> Generator[Database]:
    """Give a database with an empty event store."""
    name = postgres.create_database(template=migrated)
    yield Database(postgres, name)
    if not postgres.is_running:
        postgres.start()
    postgres.drop_database(name)


@pytest.fixture
def engine(database: Database) -> Generator[Engine]:
    """Give connections to the test's database, with the archive's rights."""
    engine = open_engine(database.dsn, statement_s_max=30)
    yield engine
    engine.dispose()


@pytest.fixture
def store(engine: Engine) -> EventStore:
    """Give the event store of the test's database."""
    return EventStore(engine)


@dataclass
class FakeStore:
    """Keeps rows in a list, with the rules of the real one; can be down, or lose its answer."""

    rows: list[Row] = field(default_factory=list[Row])
    is_down: bool = False
    loses_answers: int = 0
    """Appends that are done and then fail, as when a connection breaks during the commit."""
    batches: list[int] = field(default_factory=list[int])

    def head(self) -> Head:
        """Do as EventStore.head."""
        self._require_up()
        if not self.rows:
            return Head(0, GENESIS)
        newest = self.rows[-1]
        return Head(newest.entry.position, newest.hash, newest.entry.recorded_at)

    def at(self, position: int) -> Linked | None:
        """Do as EventStore.at."""
        self._require_up()
        found = [row for row in self.rows if row.entry.position == position]
        return Linked(*found[0][:3]) if found else None

    def positions_of(self, ids: Sequence[UUID]) -> dict[UUID, int]:
        """Do as EventStore.positions_of."""
        self._require_up()
        return {row.entry.id: row.entry.position for row in self.rows if row.entry.id in ids}

    def refused_data(self, rows: Sequence[Row]) -> list[int]:
        """Do as EventStore.refused_data."""
        return [row.entry.position for row in rows if UNSTORABLE in (row.entry.data or b"")]

    def prepare(self, rows: Sequence[Row]) -> Batch:
        """Do as EventStore.prepare."""
        return Batch(rows, b"")

    def append(self, batch: Batch) -> None:
        """Do as EventStore.append."""
        added = list(batch.rows)
        self._require_up()
        ids = [row.entry.id for row in (*self.rows, *added)]
        if len(set(ids)) < len(ids):
            raise IdTaken("expected ids that are new")
        if self.refused_data(added):
            raise DataRefused("value overflows numeric format")
        self.rows += added
        self.batches.append(len(added))
        if self.loses_answers:
            self.loses_answers -= 1
            raise StoreUnavailable("the connection was lost")

    def _require_up(self) -> None:
        if self.is_down:
            raise StoreUnavailable("connection refused")
