"""Answers from the event store: one read-only transaction each, pages by position."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel
from sqlalchemy import Column, Connection, Engine, Select, Text, cast, select

from audit.store.events import head_of, transaction
from audit.store.projections import parse
from audit.store.tables import events, fills, orders, positions, transactions, verdicts
from contracts.queries import (
    EventRow,
    EventsAnswer,
    EventsQuery,
    FillRow,
    FillsAnswer,
    FillsQuery,
    HeadAnswer,
    HeadQuery,
    Order,
    OrderRow,
    OrdersAnswer,
    OrdersQuery,
    PositionRow,
    PositionsAnswer,
    PositionsQuery,
    TransactionRow,
    TransactionsAnswer,
    TransactionsQuery,
    VerdictRow,
    VerdictsAnswer,
    VerdictsQuery,
)

_Row = TypeVar("_Row", bound=BaseModel)
_EVENT_COLUMNS = [events.c[name] for name in EventRow.model_fields]


class QueryStore:
    """Answers queries; every call may block and may raise StoreUnavailable."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def head(self, _: HeadQuery) -> HeadAnswer:
        """Tell how far the archive is."""
        with transaction(self._engine) as connection:
            head = head_of(connection)
        return HeadAnswer(
            position=head.position, hash=head.hash.hex(), recorded_at=head.recorded_at
        )

    def events(self, query: EventsQuery) -> EventsAnswer:
        """Give a page of events."""
        position = events.c.position
        statement = select(*_EVENT_COLUMNS)
        if query.types:
            statement = statement.where(events.c.type.in_(query.types))
        if query.subject_prefix:
            statement = statement.where(
                events.c.subject.startswith(query.subject_prefix, autoescape=True)
            )
        if query.correlation_id is not None:
            statement = statement.where(events.c.correlation_id == query.correlation_id)
        if query.text:
            data = cast(events.c.data, Text)
            statement = statement.where(data.icontains(query.text, autoescape=True))
        if query.after is not None:
            statement = statement.where(position > query.after)
        if query.before is not None:
            statement = statement.where(position < query.before)
        is_forward = query.after is not None and query.before is None
        if query.order is not None:
            is_forward = query.order is Order.OLDEST_FIRST
        statement = statement.order_by(position.asc() if is_forward else position.desc())
        with transaction(self._engine) as connection:
            items = _page(connection, statement, query.limit, EventRow)
            head = head_of(connection).position
        return EventsAnswer(
            events=items, next=_next([row.position for row in items], query.limit), head=head
        )

    def orders(self, query: OrdersQuery) -> OrdersAnswer:
        """Give a page of orders."""
        position = orders.c.intended_position
        wanted = {"account": query.account, "market": query.market, "setup": query.setup}
        statement = _where(select(orders), wanted, position, query.before)
        with transaction(self._engine) as connection:
            items = _page(connection, statement, query.limit, OrderRow)
            head = head_of(connection).position
        following = _next([row.intended_position for row in items], query.limit)
        return OrdersAnswer(orders=items, next=following, head=head)

    def fills(self, query: FillsQuery) -> FillsAnswer:
        """Give a page of fills."""
        wanted = {"account": query.account, "market": query.market, "setup": query.setup}
        statement = _where(select(fills), wanted, fills.c.position, query.before)
        with transaction(self._engine) as connection:
            items = _page(connection, statement, query.limit, FillRow)
            head = head_of(connection).position
        following = _next([row.position for row in items], query.limit)
        return FillsAnswer(fills=items, next=following, head=head)

    def positions(self, query: PositionsQuery) -> PositionsAnswer:
        """Give the trading positions."""
        statement = select(positions).order_by(positions.c.account, positions.c.market)
        if query.account is not None:
            statement = statement.where(positions.c.account == query.account)
        with transaction(self._engine) as connection:
            rows = connection.execute(statement).mappings()
            items = tuple(parse(row, PositionRow) for row in rows)
            head = head_of(connection).position
        return PositionsAnswer(positions=items, head=head)

    def transactions(self, query: TransactionsQuery) -> TransactionsAnswer:
        """Give a page of transactions."""
        position = transactions.c.planned_position
        wanted = {
            "account": query.account,
            "market": query.market,
            "setup": query.setup,
            "signature": query.signature,
        }
        statement = _where(select(transactions), wanted, position, query.before)
        with transaction(self._engine) as connection:
            items = _page(connection, statement, query.limit, TransactionRow)
            head = head_of(connection).position
        following = _next([row.planned_position for row in items], query.limit)
        return TransactionsAnswer(transactions=items, next=following, head=head)

    def verdicts(self, query: VerdictsQuery) -> VerdictsAnswer:
        """Give a page of verdicts."""
        wanted = {
            "account": query.account,
            "market": query.market,
            "proposal": query.proposal,
            "is_approved": query.is_approved,
        }
        statement = _where(select(verdicts), wanted, verdicts.c.position, query.before)
        with transaction(self._engine) as connection:
            items = _page(connection, statement, query.limit, VerdictRow)
            head = head_of(connection).position
        following = _next([row.position for row in items], query.limit)
        return VerdictsAnswer(verdicts=items, next=following, head=head)


def _where(
    statement: Select[Any],
    wanted: Mapping[str, object],
    position: Column[Any],
    before: int | None,
) -> Select[Any]:
    """Keep the rows with these values and older than `before`, the newest first."""
    for name, value in wanted.items():
        if value is not None:
            statement = statement.where(statement.selected_columns[name] == value)
    if before is not None:
        statement = statement.where(position < before)
    return statement.order_by(position.desc())


def _page(
    connection: Connection, statement: Select[Any], limit: int, model: type[_Row]
) -> tuple[_Row, ...]:
    rows = connection.execute(statement.limit(limit)).mappings()
    return tuple(parse(row, model) for row in rows)


def _next(positions_shown: Sequence[int], limit: int) -> int | None:
    return positions_shown[-1] if len(positions_shown) == limit else None
