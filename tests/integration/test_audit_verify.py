# ruff: noqa: S608 - positions are numbers of this file
"""`audit verify` against every way of tampering that we could think of."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import psycopg
import pytest
from psycopg.types.json import Jsonb

from audit.domain.chain import link
from audit.domain.entry import ID_TAKEN, Entry, irregular, message_of
from audit.rebuild import rebuild
from audit.store.database import open_engine
from audit.store.events import read, transaction
from audit.verify import NotedHead
from chassis.log import LogGap, RawMessage
from contracts.control import KillLevel, KillSwitchEngaged
from contracts.ids import derive_root_id
from contracts.verdict import OrderApproved
from kit.audit_history import history
from kit.audit_life import BEGIN, a_draft
from kit.audit_rig import a_log, archived, archiving, caught_up, verified, verified_after
from kit.audit_store import GUARDS_OFF, Database
from kit.memory import InMemoryLog
from kit.postgres import PostgresServer
from kit.starts import a_start_draft

SETUPS = 4
BAR = 34  # the first bar of the second setup; nothing is projected from it
FILL = 14  # the first
LAST = 105


@pytest.fixture(scope="module")
def archive(postgres: PostgresServer, migrated: str) -> Database:
    """Give an archive that tests read, or change in a transaction that they take back."""
    database = Database(postgres, postgres.create_database(template=migrated))
    asyncio.run(archived(history(SETUPS), database))
    return database


@pytest.fixture
async def stream() -> InMemoryLog:
    """Give the log that `archive` is of."""
    return await a_log(history(SETUPS))


async def test_an_archive_that_nobody_touched_is_clean(
    archive: Database, stream: InMemoryLog
) -> None:
    found = await verified(archive, stream=stream)

    assert found.differences == []
    assert (found.rows, found.first, found.last) == (LAST, 1, LAST)
    assert (found.stream_first, found.stream_compared) == (1, LAST)
    assert found.projected == {
        "orders": 9,
        "fills": 9,
        "positions": 1,
        "transactions": 12,
        "verdicts": 4,
    }


async def test_an_empty_archive_is_clean(database: Database) -> None:
    assert (await verified(database, stream=InMemoryLog())).differences == []


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ("id = gen_random_uuid()", "id"),
        ("type = 'minute_opened'", "type"),
        ("version = 2", "version"),
        ("version = null", "version"),
        ("subject = 'market.minute.btc-perp'", "hash"),
        ("source = 'risk'", "source"),
        ("correlation_id = gen_random_uuid()", "correlation_id"),
        ("causation_id = gen_random_uuid()", "causation_id"),
        ("occurred_at = occurred_at + interval '1 microsecond'", "occurred_at"),
        ("recorded_at = recorded_at + interval '1 microsecond'", "hash"),
        ("defect = 'none'", "hash"),
        ("headers = headers || 'x'::bytea", "hash"),
        ("headers = replace(encode(headers, 'escape'), 'signals', 'risk')::bytea", "hash"),
        ("headers = ''", "hash"),
        ("data = jsonb_set(data, '{close_usd}', '\"171.6\"')", "data"),
        ("data = data - 'is_complete'", "data"),
        ("data = jsonb_set(data, '{is_complete}', '1')", "data"),
        ("data = null", "data"),
        ("bytes = bytes || ' '::bytea", "hash"),
        ("bytes = ''", "hash"),
        ("hash = sha256(hash)", "hash"),
        ("prev_hash = sha256(hash)", "prev_hash"),
    ],
)
async def test_a_change_of_any_column_is_found_at_its_position(
    archive: Database, stream: InMemoryLog, change: str, what: str
) -> None:
    statement = f"update audit.events set {change} where position = {BAR}"

    alone = await verified_after(archive, statement)
    beside = await verified_after(archive, statement, stream=stream)

    assert alone.differences[0].position == beside.differences[0].position == BAR
    assert what in [found.what for found in alone.differences if found.position == BAR]


async def test_the_stream_names_what_was_changed_in_a_message(
    archive: Database, stream: InMemoryLog
) -> None:
    statement = f"update audit.events set bytes = '{{}}', data = '{{}}' where position = {BAR}"

    found = await verified_after(archive, statement, stream=stream)

    assert "stream: bytes" in [each.what for each in found.differences if each.position == BAR]


@pytest.mark.parametrize("with_stream", [False, True])
async def test_a_missing_row_is_a_gap_at_its_position(
    archive: Database, stream: InMemoryLog, with_stream: bool
) -> None:
    statement = f"delete from audit.events where position = {BAR}"

    found = await verified_after(archive, statement, stream=stream if with_stream else None)

    first = found.differences[0]
    assert (first.position, first.what, first.found) == (BAR, "row", f"the next at {BAR + 1}")


async def test_a_missing_first_row_is_a_gap(archive: Database) -> None:
    found = await verified_after(archive, "delete from audit.events where position < 3")

    assert (found.differences[0].position, found.differences[0].found) == (1, "the next at 3")


async def test_two_rows_that_changed_places_are_found_at_the_first(archive: Database) -> None:
    found = await verified_after(
        archive,
        f"update audit.events set position = 1000 where position = {BAR}",
        f"update audit.events set position = {BAR} where position = {BAR + 1}",
        f"update audit.events set position = {BAR + 1} where position = 1000",
    )

    assert found.differences[0].position == BAR


async def test_an_id_that_stands_twice_is_found_where_it_came_second(archive: Database) -> None:
    found = await verified_after(
        archive,
        "alter table audit.events drop constraint events_id_is_unique",
        "update audit.events set id = (select id from audit.events where position = 3)"
        f" where position = {BAR}",
    )

    assert {(each.position, each.what) for each in found.differences} >= {(BAR, "id")}
    assert any("it again" in each.found for each in found.differences)


async def test_a_truncated_tail_shows_in_the_projections_and_in_a_noted_head(
    archive: Database,
) -> None:
    whole = await verified(archive)
    statement = f"delete from audit.events where position > {LAST - 30}"

    found = await verified_after(archive, statement, noted=NotedHead(whole.last, whole.head_hash))

    kinds = {each.what.split()[0] for each in found.differences}
    assert kinds >= {"verdicts", "orders", "transactions", "noted"}
    last = found.differences[-1]
    assert (last.position, last.what) == (LAST, "noted head")


async def test_a_truncated_tail_of_bars_alone_shows_only_in_a_noted_head(
    database: Database,
) -> None:
    """What nothing is projected from can be cut off unseen; the archiver brings it again."""
    drafts = [d for d in history(SETUPS) if d.subject.startswith(("market.", "signals."))]
    log = await archived(drafts, database)
    whole = await verified(database)
    cut = "delete from audit.events where position > 10"

    beside = await verified_after(database, cut, stream=log)
    noted = await verified_after(database, cut, noted=NotedHead(whole.last, whole.head_hash))

    assert (beside.differences, beside.not_archived) == ([], whole.last - 10)
    assert noted.differences[0].position == whole.last


async def test_a_past_that_was_rewritten_whole_shows_in_the_stream_and_in_a_noted_head(
    database: Database, stream: InMemoryLog
) -> None:
    await archived(history(SETUPS), database)
    whole = await verified(database)
    _rewrite(database, position=BAR)

    alone = await verified(database)
    beside = await verified(database, stream=stream)
    noted = await verified(database, noted=NotedHead(whole.last, whole.head_hash))

    assert alone.differences == []
    assert {(each.position, each.what) for each in beside.differences} == {(BAR, "stream: bytes")}
    assert [each.what for each in noted.differences] == ["noted head"]


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ("update audit.orders set filled_base = 3 where filled_base = 10", "orders"),
        ("update audit.orders set status = 'resting' where leg = 'tp1'", "orders"),
        ("delete from audit.orders where leg = 'stop'", "orders"),
        ("update audit.positions set realized_pnl_usd = 5", "positions"),
        ("delete from audit.positions", "positions"),
        ("update audit.positions set funding_usd = 0", "positions"),
        ("update audit.positions set venue_fees_usd = 0", "positions"),
        (f"update audit.fills set fee_usd = 0 where position = {FILL}", "fills"),
        (f"update audit.fills set kind = 'foreign' where position = {FILL}", "fills"),
        (f"delete from audit.fills where position = {FILL}", "fills"),
        (f"update audit.fills set position = 1000000 where position = {FILL}", "fills"),
        ("update audit.transactions set fee_lamports = 1 where attempt = 2", "transactions"),
        ("update audit.transactions set status = 'landed' where status = 'dead'", "transactions"),
        ("update audit.transactions set intents = '{}'", "transactions"),
        ("delete from audit.transactions where attempt = 2", "transactions"),
        ("update audit.verdicts set findings = '[]' where position = 6", "verdicts"),
        ("update audit.verdicts set headline = 'eve' where position = 6", "verdicts"),
        ("update audit.orders set leg = 'eve' where leg = 'tp1'", "orders"),
        ("update audit.verdicts set is_approved = false where position = 6", "verdicts"),
    ],
)
async def test_a_projection_that_is_not_what_the_events_fold_to_is_found(
    archive: Database, change: str, what: str
) -> None:
    found = (await verified_after(archive, change)).differences[0]

    assert found.what.startswith(what)
    assert 0 < found.position <= LAST


async def test_a_stream_that_no_longer_holds_the_beginning_is_compared_from_where_it_does(
    archive: Database, stream: InMemoryLog
) -> None:
    class CutLog(InMemoryLog):
        async def read_raw(
            self, *, after: int = 0, until: int | None = None, subjects: Sequence[str] = ()
        ) -> AsyncIterator[RawMessage]:
            if after < 20:
                raise LogGap(expected=after + 1, found=21)
            async for message in super().read_raw(after=after, until=until, subjects=subjects):
                yield message

    cut = CutLog.__new__(CutLog)
    cut.__dict__.update(stream.__dict__)

    found = await verified(archive, stream=cut)

    assert found.differences == []
    assert (found.stream_first, found.stream_compared) == (21, LAST - 20)


async def test_a_stream_that_ends_before_the_archive_is_a_difference(archive: Database) -> None:
    short = await a_log(list(history(SETUPS))[:30])

    found = (await verified(archive, stream=short)).differences[0]

    assert (found.position, found.what) == (31, "stream")


async def test_what_is_no_event_is_noted_and_no_difference(database: Database) -> None:
    log = await a_log(history(1))
    await log.put_raw("process.x", {"ce-type": "tea_served"}, b"\xff")
    (bar,) = [message async for message in log.read_raw(until=1)]
    await log.put_raw(bar.subject, bar.headers, bar.body)
    await log.put_raw(bar.subject, {**bar.headers, "ce-id": "0" * 32}, b'{"venue": 1}')
    async with archiving(log, database) as archiver:
        await caught_up(archiver, log)

    found = await verified(database, stream=log)

    assert found.differences == []
    assert found.irregular == 2  # the unknown type, and the bar's id a second time
    assert found.unreadable == 2  # the unknown type, and a bar that is none
    assert found.first_unreadable.startswith("position 34: expected a known event type")


async def test_an_event_that_is_declared_to_be_none_is_missed_in_the_projections(
    database: Database,
) -> None:
    """The chain is whole and every message as in the stream: only the remark is a lie."""
    log = await archived(history(1), database)
    _rewrite(database, position=FILL, defect="expected a known event type, found 'x'")
    with psycopg.connect(database.dsn) as connection:
        connection.execute(b"delete from audit.fills where position = %s", [FILL])

    found = await verified(database, stream=log)

    assert [str(it) for it in found.differences] == [
        f"position {FILL}: fills: expected a row {FILL}, found none"
    ]


async def test_what_an_older_build_could_not_read_is_judged_and_can_be_rebuilt(
    database: Database,
) -> None:
    kill = KillSwitchEngaged(account=None, level=KillLevel.FLATTEN, reason="", by="a person")
    kill_id = derive_root_id("kill")
    log = await archived([a_draft(kill, kill_id, kill_id, None, BEGIN), *history(1)], database)
    _rewrite(database, position=1, defect="expected a known event type, found 'x'")
    _rewrite(database, position=FILL + 1, defect="expected a known event type, found 'x'")
    engine = open_engine(database.dsn, statement_s_max=30)
    rebuild(engine)
    engine.dispose()

    found = await verified(database, stream=log)

    assert found.irregular == 2
    assert [it.expected for it in found.differences] == [
        "no more exposure while the kill at 1 stands"
    ]


async def test_an_id_that_is_said_to_be_taken_is_that_of_the_same_event(
    database: Database,
) -> None:
    log = await a_log(history(1))
    signed = [it async for it in log.read_raw() if it.headers["ce-type"] == "transaction_signed"]
    (bar,) = [message async for message in log.read_raw(until=1)]
    await log.put_raw(
        signed[0].subject, {**signed[0].headers, "ce-id": bar.headers["ce-id"]}, signed[0].body
    )
    await log.put_raw(bar.subject, bar.headers, bar.body)
    async with archiving(log, database) as archiver:
        await caught_up(archiver, log)
    end = await log.head()

    found = await verified(database, stream=log)
    _rewrite(database, position=FILL, defect="id already recorded at position 1")
    lied = await verified(database, stream=log)

    assert [str(it) for it in found.differences] == [
        f"position {end - 1}: id: expected the event at 1 again, found another one"
    ]
    assert (FILL, "id") in [(it.position, it.what) for it in lied.differences]


@pytest.mark.parametrize("table", ["fills", "verdicts", "events"])
async def test_a_row_before_the_first_position_is_found(archive: Database, table: str) -> None:
    found = await verified_after(
        archive,
        "alter table audit.events drop constraint events_begin_at_one",
        f"create temp table forged as select * from audit.{table} order by position limit 1",
        "update forged set position = -7, id = gen_random_uuid()",
        f"insert into audit.{table} select * from forged",
    )

    expected = "row" if table == "events" else table
    assert expected in [it.what for it in found.differences if it.position in (-7, 1)]


async def test_what_somebody_else_wrote_or_put_elsewhere_is_a_difference(
    database: Database,
) -> None:
    log = await a_log(history(1))
    (bar, withheld) = [message async for message in log.read_raw(until=2)]
    strange = {**bar.headers, "ce-id": "0" * 32, "ce-source": "gateway"}
    await log.put_raw(bar.subject, strange, bar.body)
    await log.put_raw("signals.btc-perp", {**withheld.headers, "ce-id": "1" * 32}, withheld.body)
    stopped = a_start_draft("risk", "risk-3")
    await log.as_service("signals").append([stopped])
    async with archiving(log, database) as archiver:
        await caught_up(archiver, log)
    end = await log.head()

    found = await verified(database, stream=log)

    assert [str(each) for each in found.differences] == [
        f"position {end - 2}: minute_closed source: expected 'signals', found 'gateway'",
        (
            f"position {end - 1}: entry_withheld subject: expected 'signals.sol-perp', found"
            " 'signals.btc-perp'"
        ),
        f"position {end}: service_started source: expected 'risk', found 'signals'",
    ]


async def test_what_stands_there_without_permission_is_named_by_its_position(
    database: Database,
) -> None:
    """The archive is whole and equal to the stream; it is what was recorded that is wrong."""
    drafts = [d for d in history(1) if not isinstance(d.event, OrderApproved)]
    kill = KillSwitchEngaged(account=None, level=KillLevel.FLATTEN, reason="", by="a person")
    kill_id = derive_root_id("kill")
    log = await archived([a_draft(kill, kill_id, kill_id, None, BEGIN), *drafts], database)

    found = await verified(database, stream=log)

    assert [(each.position, each.what) for each in found.differences] == [
        (7, "order_intended"),
        (8, "order_intended"),
        (10, "transaction_signed"),
        (16, "order_intended"),
    ]
    assert found.differences[2].expected == "no more exposure while the kill at 1 stands"


def _rewrite(database: Database, *, position: int, defect: str | None = None) -> None:
    """Change an event, or declare it to be none, and compute the whole chain after it anew, as a
    careful forger would.
    """
    engine = open_engine(database.dsn, statement_s_max=30)
    with transaction(engine) as connection:
        rows = read(connection, after=position - 1, limit=1000)
    engine.dispose()
    previous = rows[0].prev_hash
    with psycopg.connect(database.dsn) as connection:
        for statement in GUARDS_OFF:
            connection.execute(statement.encode())
        for row in rows:
            entry = row.entry
            if entry.position == position and defect is None:
                entry = entry._replace(body=entry.body.replace(b"171.9", b"172.9"))
                assert entry != row.entry
            elif entry.position == position and defect is not None:
                entry = irregular(
                    message_of(entry), defect=defect, is_id_taken=defect.startswith(ID_TAKEN)
                )
            _put(connection, row.entry, entry, previous)
            previous = link(previous, entry)


def _put(connection: psycopg.Connection, before: Entry, entry: Entry, previous: bytes) -> None:
    names = [name for name in Entry._fields if name not in ("position", "data", "body")]
    changed = [name for name in names if getattr(before, name) != getattr(entry, name)]
    columns = ", ".join(f"{name} = %s" for name in (*changed, "prev_hash", "hash", "bytes", "data"))
    connection.execute(
        f"update audit.events set {columns} where position = %s".encode(),
        [
            *(getattr(entry, name) for name in changed),
            previous,
            link(previous, entry),
            entry.body,
            None if entry.data is None else Jsonb(entry.body.decode(), dumps=str),
            entry.position,
        ],
    )
