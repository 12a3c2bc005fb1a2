"""The projections' tables: advanced with each batch, rebuilt from all events."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, TypeVar

import psycopg
from psycopg import sql
from psycopg.rows import dict_row
from pydantic import BaseModel
from sqlalchemy import Connection, Table, delete

from audit.domain.projections import Changes, Keys, MarketKey, Projections, keys_of
from audit.store.tables import fills, orders, positions, transactions, verdicts
from contracts.event import Recorded
from contracts.queries import (
    FillRow,
    OrderRow,
    OrderStatus,
    PositionRow,
    TransactionRow,
    VerdictRow,
)

_Row = TypeVar("_Row", bound=BaseModel)
_KNOWN_ORDERS = "select * from audit.orders where client_order_id = any(%s)"
_OPEN_ORDERS = (
    "select * from audit.orders where not status = any(%s)"
    " and (account, market) in (select * from unnest(%s::text[], %s::text[]))"
)
_KNOWN_POSITIONS = (
    "select * from audit.positions"
    " where (account, market) in (select * from unnest(%s::text[], %s::text[]))"
)
_KNOWN_TRANSACTIONS = "select * from audit.transactions where id = any(%s)"
_OVER = [status.value for status in OrderStatus if status.is_over]
TABLES: tuple[tuple[Table, type[BaseModel]], ...] = (
    (orders, OrderRow),
    (fills, FillRow),
    (positions, PositionRow),
    (transactions, TransactionRow),
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
    state = _known(connection, keys_of(recorded))
    for event in recorded:
        state.fold(event)
    write(connection, state.take())


def _known(connection: psycopg.Connection, keys: Keys) -> Projections:
    """Give the rows that the events with these keys may change."""
    state = Projections()
    with connection.cursor(row_factory=dict_row, binary=True) as cursor:
        if keys.orders:
            cursor.execute(_KNOWN_ORDERS, [list(keys.orders)])
            state.orders |= {row["client_order_id"]: parse(row, OrderRow) for row in cursor}
        if keys.markets_of_orders:
            cursor.execute(_OPEN_ORDERS, [_OVER, *_columns(keys.markets_of_orders)])
            state.orders |= {row["client_order_id"]: parse(row, OrderRow) for row in cursor}
        if keys.positions:
            cursor.execute(_KNOWN_POSITIONS, _columns(keys.positions))
            state.positions |= {
                (row["account"], row["market"]): parse(row, PositionRow) for row in cursor
            }
        if keys.transactions:
            cursor.execute(_KNOWN_TRANSACTIONS, [list(keys.transactions)])
            state.transactions |= {row["id"]: parse(row, TransactionRow) for row in cursor}
    return state


def _columns(keys: Collection[MarketKey]) -> list[list[str]]:
    return [list(column) for column in zip(*keys, strict=True)]


def write(connection: psycopg.Connection, changes: Changes) -> None:
    """Insert what is new and replace what changed."""
    with connection.pipeline():
        for table, changed in (
            (orders, changes.orders),
            (positions, changes.positions),
            (transactions, changes.transactions),
            (fills, changes.fills),
            (verdicts, changes.verdicts),
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
