"""The events table: appended to by COPY, a batch and what it projects to in one transaction."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, cast
from uuid import UUID

import psycopg
import sqlalchemy.exc
from psycopg import sql
from sqlalchemy import Connection, Engine, Text, bindparam, func, select

from audit.domain.chain import GENESIS
from audit.domain.entry import Entry
from audit.domain.verification import Linked
from audit.store import projections
from audit.store.binary_copy import COLUMNS, pack
from audit.store.tables import events
from contracts.event import Recorded

_COPY = sql.SQL("copy audit.events ({}) from stdin (format binary)").format(
    sql.SQL(", ").join(map(sql.Identifier, COLUMNS))
)
_READ = (*Linked._fields[1:], *(name for name in Entry._fields if name != "body"), "bytes")
_SELECT = sql.SQL(
    "select {} from audit.events where position > %s order by position limit %s"
).format(
    sql.SQL(", ").join(
        sql.SQL("data::text") if name == "data" else sql.Identifier(name) for name in _READ
    )
)
_PASSING = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    psycopg.errors.ReadOnlySqlTransaction,
    # A database that is being made, or restored.
    psycopg.errors.InvalidSchemaName,
    psycopg.errors.UndefinedTable,
    sqlalchemy.exc.TimeoutError,
)
WRITER_LOCK = 0x77726974
"""Held by who writes events or projections, until its transaction ends."""


class StoreUnavailable(Exception):
    """PostgreSQL cannot be reached, or cannot do it now; trying again later may help."""


class StoreTooSlow(StoreUnavailable):
    """A statement took longer than it may."""


class IdTaken(Exception):
    """An event of the batch has an id that another row has too."""


class DataRefused(Exception):
    """An event of the batch has JSON that PostgreSQL cannot hold."""


@dataclass(frozen=True, slots=True)
class Head:
    """The newest row; position 0 and the genesis hash when there is none."""

    position: int
    hash: bytes
    recorded_at: datetime | None = None


class Row(NamedTuple):
    """A row to be written, with its event when that is projected."""

    entry: Entry
    prev_hash: bytes
    hash: bytes
    recorded: Recorded | None


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows that are ready to be written in one transaction."""

    rows: Sequence[Row]
    payload: bytes

    @property
    def head(self) -> Head:
        """Give the newest of its rows."""
        newest = self.rows[-1]
        return Head(newest.entry.position, newest.hash, newest.entry.recorded_at)


@contextmanager
def transaction(engine: Engine) -> Generator[Connection]:
    """Run one transaction; raise StoreUnavailable for what may pass."""
    with transient(engine), engine.begin() as connection:
        yield connection


@contextmanager
def transient(engine: Engine) -> Generator[None]:
    """Raise StoreUnavailable for what may pass, and forget the engine's connections."""
    try:
        yield
    except (psycopg.Error, sqlalchemy.exc.DBAPIError, sqlalchemy.exc.TimeoutError) as error:
        cause = getattr(error, "orig", error)
        if isinstance(cause, psycopg.errors.QueryCanceled):
            raise StoreTooSlow(_first_line(cause)) from error
        if not isinstance(cause, _PASSING):
            raise
        engine.dispose()
        raise StoreUnavailable(_first_line(cause)) from error


class EventStore:
    """Appends to the archive and reads it back."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def head(self) -> Head:
        """Give the newest row's place in the chain."""
        with transaction(self._engine) as connection:
            return head_of(connection)

    def at(self, position: int) -> Linked | None:
        """Give the row at a position."""
        with transaction(self._engine) as connection:
            return next(iter(read(connection, after=position - 1, limit=1)), None)

    def positions_of(self, ids: Sequence[UUID]) -> dict[UUID, int]:
        """Give where ids are recorded already."""
        query = select(events.c.id, events.c.position).where(events.c.id.in_(ids))
        with transaction(self._engine) as connection:
            return {row.id: row.position for row in connection.execute(query)}

    def refused_data(self, rows: Sequence[Row]) -> list[int]:
        """Give the positions of rows with JSON that PostgreSQL cannot hold."""
        query = select(func.pg_input_is_valid(bindparam("data", type_=Text), "jsonb"))
        with transaction(self._engine) as connection:
            return [
                row.entry.position
                for row in rows
                if row.entry.data is not None
                and not connection.execute(query, {"data": row.entry.data.decode()}).scalar_one()
            ]

    def prepare(self, rows: Sequence[Row]) -> Batch:
        """Make rows ready to be written; needs no connection, and much of the time."""
        return Batch(rows, pack(row[:3] for row in rows))

    def append(self, batch: Batch) -> None:
        """Add rows and fold their events into the projections, all or nothing.

        Raises IdTaken and DataRefused; and StoreUnavailable with an unknown outcome, after which
        the head says what was written.
        """
        with transaction(self._engine) as connection:
            driver = driver_of(connection)
            try:
                with driver.cursor() as cursor:
                    cursor.execute("select pg_advisory_xact_lock(%s)", [WRITER_LOCK])
                    with cursor.copy(_COPY) as copy:
                        copy.write(batch.payload)
            except psycopg.errors.UniqueViolation as error:
                if error.diag.constraint_name == "events_id_is_unique":
                    raise IdTaken(str(error.diag.message_detail)) from None
                raise StoreUnavailable(f"another writer was here: {_first_line(error)}") from error
            except psycopg.DataError as error:
                raise DataRefused(_first_line(error)) from None
            recorded = [row.recorded for row in batch.rows if row.recorded is not None]
            projections.advance(driver, recorded)


def driver_of(connection: Connection) -> psycopg.Connection:
    """Give the driver's connection, for what the query builder does not do or not fast."""
    return cast(psycopg.Connection, connection.connection.driver_connection)


def head_of(connection: Connection) -> Head:
    """Give the newest row's place in the chain, as the transaction sees it."""
    query = select(events.c.position, events.c.hash, events.c.recorded_at)
    row = connection.execute(query.order_by(events.c.position.desc()).limit(1)).one_or_none()
    return Head(0, GENESIS) if row is None else Head(row.position, row.hash, row.recorded_at)


def read(connection: Connection, *, after: int, limit: int) -> list[Linked]:
    """Give rows in position order, as the transaction sees them."""
    # Without the query builder, whose rows take three times as long.
    with driver_of(connection).cursor(binary=True) as cursor:
        cursor.execute(_SELECT, [after, limit])
        return [_row(values) for values in cursor]


def _row(values: tuple[Any, ...]) -> Linked:  # Any: a row's columns are of many types.
    prev_hash, row_hash, *columns, data, body = values
    entry = Entry._make((*columns, None if data is None else data.encode(), body))
    return Linked(entry, prev_hash, row_hash)


def _first_line(error: BaseException | None) -> str:
    return str(error).partition("\n")[0][:300]
