"""The projections' tables: advanced with each batch, rebuilt from all events."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import psycopg
from psycopg import sql
from psycopg.rows import dict_row
from pydantic import BaseModel
from sqlalchemy import Connection, Table, delete

from audit.domain.projections import Projections, keys_of
from audit.store.tables import fills, orders, positions, verdicts
from contracts.event import Recorded
from contracts.queries import FillRow, OrderRow, PositionRow, VerdictRow

_Row = TypeVar("_Row", bound=BaseModel)
_KNOWN_ORDERS = "select * from audit.orders where client_order_id = any(%s)"
_KNOWN_POSITIONS = (
    "select * from audit.positions"
    " where (account, market) in (select * from unnest(%s::text[], %s::text[]))"
)
TABLES: tuple[tuple[Table, type[BaseModel]], ...] = (
    (orders, OrderRow),
    (fills, FillRow),
    (positions, PositionRow),
    (verdicts, VerdictRow),
)


def _replacing(table: Table) -> sql.Composed:
    """Give the statement that takes rows as one JSON array, by far the fastest way in."""
    name = sql.Identifier(table.schema or "", table.name)
    keys = [column.name for column in table.primary_key]
    changes = [
        sql.SQL("{0} = excluded.{0}").format(sql.Identifier(column.name))
        for column in table.columns
        if column.name not in keys
    ]
    return sql.SQL(
        "insert into {0} select * from jsonb_populate_recordset(null::{0}, %s::jsonb)"
        " on conflict ({1}) do update set {2}"
    ).format(name, sql.SQL(", ").join(map(sql.Identifier, keys)), sql.SQL(", ").join(changes))


_REPLACE = {table.name: _replacing(table) for table, _ in TABLES}


def advance(connection: psycopg.Connection, recorded: Sequence[Recorded]) -> None:
    """Fold a batch of events into the tables."""
    if not recorded:
        return
    keys = keys_of(recorded)
    state = Projections()
    with connection.cursor(row_factory=dict_row, binary=True) as cursor:
        if keys.orders:
            cursor.execute(_KNOWN_ORDERS, [list(keys.orders)])
            state.orders = {row["client_order_id"]: parse(row, OrderRow) for row in cursor}
        if keys.positions:
            accounts, markets = zip(*keys.positions, strict=True)
            cursor.execute(_KNOWN_POSITIONS, [list(accounts), list(markets)])
            state.positions = {
                (row["account"], row["market"]): parse(row, PositionRow) for row in cursor
            }
    for event in recorded:
        state.fold(event)
    write(connection, state)


def write(connection: psycopg.Connection, state: Projections) -> None:
    """Insert what is new and replace what changed."""
    with connection.pipeline():
        for table, changed in (
            (orders, state.orders.values()),
            (positions, state.positions.values()),
            (fills, state.fills),
            (verdicts, state.verdicts),
        ):
            values = [row.model_dump_json() for row in changed]
            if values:
                connection.execute(_REPLACE[table.name], [f"[{','.join(values)}]"])


def clear(connection: Connection) -> None:
    """Empty the tables, to be written anew in the same transaction."""
    for table, _ in TABLES:
        connection.execute(delete(table))


def parse(row: Mapping[Any, Any], model: type[_Row]) -> _Row:
    """Give a table's row as the row of an answer."""
    return model.model_validate(dict(row), strict=False)
