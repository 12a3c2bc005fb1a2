"""The event store in a real PostgreSQL: what goes in, what cannot be done to it, what comes out."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise
from uuid import UUID

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, text

from audit.domain.chain import GENESIS, link
from audit.domain.entry import entry_of, message_of
from audit.handlers import Store
from audit.rebuild import rebuild
from audit.store.database import open_engine
from audit.store.events import (
    DataRefused,
    EventStore,
    Head,
    IdTaken,
    Row,
    StoreUnavailable,
    read,
    transaction,
)
from audit.store.queries import QueryStore
from audit.store.schema import migrate
from audit.store.tables import SCHEMA, metadata
from chassis.log import RawMessage
from chassis.settings import ConfigurationError
from contracts.ids import derive_root_id
from contracts.order import CancelReason, OrderFilled, OrderIntended, SideCancelIntended
from contracts.queries import (
    EventsQuery,
    FillKind,
    FillsQuery,
    HeadQuery,
    Order,
    OrdersQuery,
    OrderStatus,
    PositionsQuery,
    TransactionsQuery,
    TransactionStatus,
    VerdictsQuery,
)
from contracts.values import Leg, Side, VenueClock
from contracts.venue import ForeignOrderFilled
from kit.audit_history import history, messages
from kit.audit_life import ACCOUNT, BEGIN, MARKET
from kit.audit_store import UNSTORABLE, Database, FakeStore
from kit.postgres import PostgresServer


def chained(found: Sequence[RawMessage], previous: bytes = GENESIS) -> list[Row]:
    """Give the rows of messages that follow a hash."""
    rows: list[Row] = []
    for message in found:
        entry, recorded = entry_of(message)
        rows.append(Row(entry, previous, link(previous, entry), recorded))
        previous = rows[-1].hash
    return rows


def fill(store: Store, rows: Sequence[Row], *, batch: int = 1000) -> None:
    """Append rows in batches."""
    for start in range(0, len(rows), batch):
        store.append(store.prepare(rows[start : start + batch]))


@pytest.fixture(params=["fake", "real"])
def either(request: pytest.FixtureRequest, store: EventStore) -> Store:
    """Give the fake that component tests use, and the real store: both keep the same promises."""
    return FakeStore() if request.param == "fake" else store


def test_a_store_begins_empty_and_gives_back_what_was_appended(either: Store) -> None:
    rows = chained(messages(history(1)))
    assert either.head() == Head(0, GENESIS)
    assert either.at(1) is None

    fill(either, rows, batch=5)

    assert either.head() == Head(33, rows[-1].hash, rows[-1].entry.recorded_at)
    fourth = either.at(4)
    assert fourth is not None
    assert fourth.hash == rows[3].hash
    assert fourth.entry.body == rows[3].entry.body
    known = either.positions_of([rows[3].entry.id, UUID(int=0)])
    assert known == {rows[3].entry.id: 4}


def test_a_batch_with_a_taken_id_is_refused_whole(either: Store) -> None:
    rows = chained(messages(history(1)))
    fill(either, rows[:5])
    again = rows[6].entry._replace(id=rows[2].entry.id)

    with pytest.raises(IdTaken):
        either.append(either.prepare([rows[5], rows[6]._replace(entry=again)]))

    assert either.head().position == 5


def test_a_batch_with_json_that_cannot_be_held_is_refused_whole(either: Store) -> None:
    rows = chained(messages(history(1)))
    fill(either, rows[:5])
    huge = rows[6].entry._replace(data=b'{"price": ' + UNSTORABLE + b"}")
    batch = either.prepare([rows[5], rows[6]._replace(entry=huge)])

    with pytest.raises(DataRefused):
        either.append(batch)

    assert either.head().position == 5
    assert either.refused_data(batch.rows) == [7]


@pytest.mark.parametrize("batch", [1, 2, 7, 100, 1000])
def test_what_is_appended_in_batches_of_any_size_is_read_back(
    store: EventStore, engine: Engine, batch: int
) -> None:
    found = messages(history(4))

    fill(store, chained(found), batch=batch)

    with transaction(engine) as connection:
        rows = read(connection, after=0, limit=1000)
    assert [message_of(row.entry).body for row in rows] == [message.body for message in found]
    assert [dict(message_of(row.entry).headers) for row in rows] == [m.headers for m in found]
    assert [row.entry.recorded_at for row in rows] == [m.recorded_at for m in found]
    assert store.head().position == len(found)
    assert store.head().hash == rows[-1].hash
    projected = QueryStore(engine)
    assert len(projected.verdicts(VerdictsQuery()).verdicts) == 4
    assert projected.positions(PositionsQuery()).positions[0].fills == 9  # three setups of three


def test_the_tables_are_those_of_the_migrations(database: Database) -> None:
    engine = open_engine(database.dsn, statement_s_max=30, as_writer=False)
    with engine.connect() as connection:
        options = {"include_schemas": True, "version_table_schema": SCHEMA}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, metadata) == []
    engine.dispose()


def test_a_migrated_database_is_left_as_it_is(database: Database) -> None:
    engine = open_engine(database.dsn, statement_s_max=30, as_writer=False)
    assert migrate(engine) == migrate(engine) == "0001"
    engine.dispose()


def test_a_database_of_a_newer_build_is_refused(database: Database) -> None:
    with psycopg.connect(database.dsn) as connection:
        connection.execute("update audit.alembic_version set version_num = '9999'")
    engine = open_engine(database.dsn, statement_s_max=30, as_writer=False)

    with pytest.raises(ConfigurationError, match="revision 0001 or older, found 9999"):
        migrate(engine)
    engine.dispose()


def test_a_database_that_is_not_in_utf8_is_refused(postgres: PostgresServer) -> None:
    with psycopg.connect(postgres.dsn(), autocommit=True) as connection:
        connection.execute("create database ascii template template0 encoding 'SQL_ASCII'")
    engine = open_engine(postgres.dsn("ascii"), statement_s_max=30, as_writer=False)

    with pytest.raises(ConfigurationError, match="expected a database in UTF8, found SQL_ASCII"):
        migrate(engine)
    engine.dispose()


def test_a_bad_connection_string_is_refused_without_showing_it() -> None:
    with pytest.raises(ConfigurationError) as refusal:
        open_engine("postgresql://user:s3cret@host:port:9/db?x", statement_s_max=30)

    assert "s3cret" not in str(refusal.value)


def test_the_service_writes_with_a_role_that_can_only_add(engine: Engine) -> None:
    with engine.connect() as connection:
        assert connection.execute(text("select current_user")).scalar_one() == (
            "perp_desk_audit_writer"
        )
        for statement in (
            "update audit.events set type = 'x'",
            "delete from audit.events",
            "truncate audit.events",
            "drop table audit.events",
            "alter table audit.events disable trigger all",
        ):
            with pytest.raises(Exception, match=r"permission denied|must be owner"):
                connection.execute(text(statement))
            connection.rollback()


REFUSED = (
    "update audit.events set type = 'x'",
    "delete from audit.events where position = 2",
    "truncate audit.events",
    "truncate audit.events cascade",
    "drop table audit.events",
    "drop schema audit cascade",
    "drop trigger refuse_change on audit.events",
    "drop function audit_guard.refuse_change() cascade",
    "alter table audit.events disable trigger all",
    "alter table audit.events drop column data",
    "alter table audit.events drop constraint events_begin_at_one",
    "drop trigger require_succession on audit.events",
    "alter table audit.events rename to other",
    "alter table audit.events set schema public",
    "alter schema audit rename to other",
    "create rule quiet as on insert to audit.events do instead nothing",
    (
        "create or replace function audit_guard.refuse_change() returns trigger language plpgsql"
        " as $$ begin return null; end $$"
    ),
)


@pytest.mark.parametrize("role", ["replica", "origin"])
def test_even_a_superuser_is_refused_by_the_guards(
    database: Database, store: EventStore, role: str
) -> None:
    fill(store, chained(messages(history(1))))

    with psycopg.connect(database.dsn, autocommit=True) as connection:
        connection.execute(f"set session_replication_role = {role}".encode())
        for statement in REFUSED:
            with pytest.raises(psycopg.Error, match=r"audit\.events is append-only"):
                connection.execute(statement.encode())

    assert store.head().position == 33


def test_a_gap_a_fork_and_a_false_start_cannot_be_written(store: EventStore) -> None:
    rows = chained(messages(history(2)))
    store.append(store.prepare(rows[:5]))

    for wrong in (
        rows[6:8],  # a gap
        [rows[5]._replace(prev_hash=bytes(32))],  # another past
        [rows[0]._replace(entry=rows[0].entry._replace(position=0))],  # before the first
    ):
        with pytest.raises(psycopg.errors.IntegrityError):
            store.append(store.prepare(wrong))

    assert store.head().position == 5


def test_an_id_that_is_there_already_is_named_and_nothing_is_written(store: EventStore) -> None:
    rows = chained(messages(history(2)))
    store.append(store.prepare(rows[:5]))
    again = rows[5].entry._replace(id=rows[2].entry.id)

    with pytest.raises(IdTaken):
        fill(store, [Row(again, rows[5].prev_hash, link(rows[5].prev_hash, again), None)])

    assert store.head().position == 5
    assert store.positions_of([again.id]) == {again.id: 3}


def test_a_second_writer_of_the_same_position_is_told_to_look_again(store: EventStore) -> None:
    rows = chained(messages(history(2)))
    store.append(store.prepare(rows[:5]))
    other = rows[4].entry._replace(id=rows[9].entry.id)

    with pytest.raises(StoreUnavailable, match="another writer was here"):
        fill(store, [Row(other, rows[4].prev_hash, link(rows[4].prev_hash, other), None)])


def test_what_jsonb_cannot_hold_is_found(store: EventStore) -> None:
    rows = chained(messages(history(1)))
    entries = [
        row.entry._replace(data=data)
        for row, data in zip(
            rows, (b'{"a": 1}', b"1e999999", b'"\\ud800"', b"[" * 90), strict=False
        )
    ]

    refused = store.refused_data([Row(entry, b"", b"", None) for entry in entries])

    assert refused == [2, 3, 4]


def test_a_rebuild_gives_the_same_projections(store: EventStore, engine: Engine) -> None:
    fill(store, chained(messages(history(7))), batch=9)
    before = _projected(engine)
    with engine.begin() as connection:
        connection.execute(text("delete from audit.fills where position < 60"))
        connection.execute(text("update audit.orders set filled_base = 1"))
        connection.execute(text("delete from audit.transactions where attempt = 2"))

    counts = rebuild(engine)

    assert _projected(engine) == before
    # 7 setups of which 2 are denied; 3 orders, 3 fills and 4 transactions each
    assert counts == {
        "orders": 15,
        "fills": 15,
        "positions": 1,
        "transactions": 20,
        "verdicts": 7,
    }


def test_events_are_answered_in_pages_in_both_directions(store: EventStore, engine: Engine) -> None:
    found = messages(history(6))
    fill(store, chained(found))
    queries = QueryStore(engine)

    newest = queries.events(EventsQuery(limit=10))
    older = queries.events(EventsQuery(limit=500, before=newest.next))
    oldest = queries.events(EventsQuery(limit=10, after=0))
    descending = queries.events(EventsQuery(limit=3, after=0, order=Order.NEWEST_FIRST))

    everything = [row.position for row in (*newest.events, *older.events)]
    assert everything == list(range(len(found), 0, -1))
    assert older.next is None
    assert [row.position for row in oldest.events] == list(range(1, 11))
    assert oldest.next == 10
    assert [row.position for row in descending.events] == everything[:3]
    assert newest.head == len(found)


def test_events_are_found_by_type_subject_correlation_and_text(
    store: EventStore, engine: Engine
) -> None:
    found = messages(history(6))
    fill(store, chained(found))
    queries = QueryStore(engine)

    kinds = queries.events(EventsQuery(types=("order_denied", "order_approved"))).events
    subjects = queries.events(EventsQuery(subject_prefix="market.minute.")).events
    escaped = queries.events(EventsQuery(subject_prefix="market%")).events
    chain = queries.events(EventsQuery(correlation_id=kinds[-1].correlation_id)).events
    spoken = queries.events(EventsQuery(text="SETUP 3 ")).events

    assert len(kinds) == 6
    assert {row.type for row in subjects} == {"minute_closed"}
    assert escaped == ()
    assert len(chain) == 29  # the proposal, its verdict, the order life of 27
    assert [row.data["notes"] for row in spoken] == ['setup 3 \\ "quoted" – été']


def test_orders_fills_positions_and_verdicts_are_answered(
    store: EventStore, engine: Engine
) -> None:
    found = messages(history(6))
    fill(store, chained(found))
    queries = QueryStore(engine)

    orders = queries.orders(OrdersQuery(account=ACCOUNT, market=MARKET, limit=5))
    others = queries.orders(OrdersQuery(before=orders.next))
    setup = orders.orders[0].setup
    fills = queries.fills(FillsQuery(setup=setup)).fills
    (position,) = queries.positions(PositionsQuery(account=ACCOUNT)).positions
    denied = queries.verdicts(VerdictsQuery(is_approved=False)).verdicts

    assert len(orders.orders) + len(others.orders) == 12  # three for each of four setups
    assert {row.status for row in others.orders} == {OrderStatus.FILLED, OrderStatus.CANCELED}
    assert [str(row.quantity_base) for row in fills] == ["10", "6", "4"]
    assert position.fills == 12
    assert position.venue_fees_usd == Decimal("0.04")  # four setups, 0.01 each
    assert position.funding_usd == Decimal("-0.2")
    assert len(denied) == 2
    assert denied[0].findings[0].inputs == (denied[0].proposal,)
    assert queries.orders(OrdersQuery(account="nobody")).orders == ()
    assert queries.head(HeadQuery()).position == len(found)


def test_transactions_are_answered_in_pages_and_by_signature(
    store: EventStore, engine: Engine
) -> None:
    fill(store, chained(messages(history(3))))
    queries = QueryStore(engine)

    newest = queries.transactions(TransactionsQuery(account=ACCOUNT, market=MARKET, limit=3))
    older = queries.transactions(TransactionsQuery(before=newest.next))
    one = older.transactions[0]
    by_signature = queries.transactions(TransactionsQuery(signature=one.signature)).transactions
    of_setup = queries.transactions(TransactionsQuery(setup=one.setup)).transactions

    positions = [row.planned_position for row in (*newest.transactions, *older.transactions)]
    assert positions == sorted(positions, reverse=True)
    assert len(positions) == 8  # four for each of two setups
    assert older.next is None
    assert by_signature == (one,)
    assert [row.attempt for row in of_setup] == [1, 2, 1, 1]
    assert [row.status for row in of_setup].count(TransactionStatus.DEAD) == 1
    assert queries.transactions(TransactionsQuery(signature="1")).transactions == ()


def test_a_cancel_of_a_side_reaches_the_orders_of_batches_before(
    store: EventStore, engine: Engine
) -> None:
    drafts = list(history(1))
    intended = [draft for draft in drafts if isinstance(draft.event, OrderIntended)]
    event = SideCancelIntended(
        account=ACCOUNT, market=MARKET, setup=None, side=Side.SHORT, reason=CancelReason.KILL_SWITCH
    )
    cancel = replace(intended[0], event=event, id=derive_root_id("cancel"))

    fill(store, chained(messages([*intended, cancel])), batch=1)

    orders = QueryStore(engine).orders(OrdersQuery()).orders
    assert {row.leg: row.status for row in orders} == {
        Leg.ENTRY: OrderStatus.INTENDED,
        Leg.STOP: OrderStatus.CANCELING,
        Leg.TP1: OrderStatus.CANCELING,
    }


def test_fills_that_are_not_of_our_orders_and_huge_numbers_are_stored(
    store: EventStore, engine: Engine
) -> None:
    huge = 10**30
    ours = next(draft for draft in history(1) if isinstance(draft.event, OrderFilled))
    theirs = ForeignOrderFilled(
        account=ACCOUNT,
        market=MARKET,
        fill_id="theirs",
        venue_order_id=huge,
        side=Side.SHORT,
        price_usd=Decimal(98),
        quantity_base=Decimal(1),
        fee_usd=Decimal("0.1"),
        realized_pnl_usd=Decimal(0),
        position_after_base=Decimal(-1),
        clock=VenueClock(at=BEGIN, slot=huge),
    )

    fill(store, chained(messages([replace(ours, event=theirs, id=derive_root_id("theirs"))])))

    (row,) = QueryStore(engine).fills(FillsQuery()).fills
    assert (row.kind, row.venue_order_id) == (FillKind.FOREIGN, huge)
    assert (row.client_order_id, row.setup, row.leg, row.liquidity) == (None, None, None, None)


def test_an_empty_store_answers(engine: Engine) -> None:
    queries = QueryStore(engine)

    assert queries.head(HeadQuery()).position == 0
    assert queries.events(EventsQuery()).events == ()


def test_positions_of_rows_are_contiguous(store: EventStore, engine: Engine) -> None:
    fill(store, chained(messages(history(3))), batch=4)
    with transaction(engine) as connection:
        rows = read(connection, after=0, limit=1000)

    assert all(b.entry.position == a.entry.position + 1 for a, b in pairwise(rows))


def _projected(engine: Engine) -> list[object]:
    queries = QueryStore(engine)
    return [
        queries.orders(OrdersQuery(limit=500)),
        queries.fills(FillsQuery(limit=500)),
        queries.positions(PositionsQuery()),
        queries.transactions(TransactionsQuery(limit=500)),
        queries.verdicts(VerdictsQuery(limit=500)),
    ]
