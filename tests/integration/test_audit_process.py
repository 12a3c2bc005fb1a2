"""The audit process between a real nats-server and a real PostgreSQL, on bad days."""

import asyncio
import json
import random
import signal
from collections.abc import AsyncGenerator
from itertools import islice
from pathlib import Path

import psycopg
import pytest

from audit import cli
from contracts import queries
from contracts.event import Draft
from kit.audit_history import history
from kit.audit_process import AuditProcess, Outside, audit_process, outside
from kit.audit_rig import verified
from kit.audit_store import Database
from kit.servers import NatsServer, nats_server


@pytest.fixture
async def server(tmp_path: Path) -> AsyncGenerator[NatsServer]:
    async with nats_server(tmp_path / "nats") as running:
        yield running


@pytest.fixture
async def others(server: NatsServer) -> AsyncGenerator[Outside]:
    async with outside(server) as found:
        yield found


@pytest.fixture
async def process(
    server: NatsServer, others: Outside, database: Database, tmp_path: Path
) -> AsyncGenerator[AuditProcess]:
    del others  # it makes the streams first
    async with audit_process(server, database, tmp_path) as running:
        yield running


def drafts(setups: int) -> list[Draft]:
    return list(history(setups))


async def test_queries_are_answered_and_poisoned_ones_too(
    process: AuditProcess, others: Outside
) -> None:
    await others.record(drafts(3))
    head = await others.archived()

    for body in (b"{", b"\xff\x00\x01", b'{"limit": "many"}', b"[" * 5000):
        error = json.loads(await others.ask(queries.EVENTS, body))["error"]
        assert error["code"] == "bad_request"
    events = queries.EventsAnswer.model_validate_json(
        await others.ask(queries.EVENTS, b'{"types": ["order_filled"], "limit": 2}')
    )
    verdicts = queries.VerdictsAnswer.model_validate_json(await others.ask(queries.VERDICTS))
    orders = queries.OrdersAnswer.model_validate_json(await others.ask(queries.ORDERS))
    fills = queries.FillsAnswer.model_validate_json(await others.ask(queries.FILLS))
    positions = queries.PositionsAnswer.model_validate_json(await others.ask(queries.POSITIONS))
    transactions = queries.TransactionsAnswer.model_validate_json(
        await others.ask(queries.TRANSACTIONS)
    )

    assert len(events.events) == 2
    assert len(verdicts.verdicts) == 3
    assert (len(orders.orders), len(fills.fills), len(positions.positions)) == (6, 6, 1)
    assert len(transactions.transactions) == 8
    status = await others.status()
    assert status["ready"] is True
    assert status["archived"] == head.position
    assert status["chain_head"] == head.hash


async def test_postgresql_that_is_stopped_is_waited_for_and_caught_up_with(
    process: AuditProcess, others: Outside, database: Database
) -> None:
    every = drafts(60)
    await others.record(every[:100])
    await others.archived()

    database.server.stop()
    growing = asyncio.create_task(others.record(every[100:]))
    await asyncio.sleep(5.5)
    await growing
    status = await others.status()
    answer = json.loads(await others.ask(queries.EVENTS, timeout_s=8))
    database.server.start()
    await others.archived()

    assert status["ready"] is False
    assert "PostgreSQL is unavailable" in status["reason"]
    assert status["archive_lag"] > 0
    assert answer["error"]["code"] == "unavailable"
    found = await verified(database, stream=others.log)
    assert found.differences == []
    assert found.not_archived == 0
    await process.says("archive_unavailable", "archive_late", "archive_caught_up")
    assert (await others.status())["ready"] is True


async def test_kill_9_of_audit_and_of_postgresql_at_any_moment_neither_loses_nor_doubles(
    process: AuditProcess, others: Outside, database: Database
) -> None:
    chance = random.Random(20260302)
    every = iter(drafts(80))
    for round_ in range(4):
        growing = asyncio.create_task(others.record(list(islice(every, 250))))
        await others.archived(await others.log.head() + chance.randrange(1, 120))
        await asyncio.sleep(chance.random() * 0.05)
        if round_ % 2:
            database.server.kill()
        await process.end(signal.SIGKILL)
        process.start()
        await growing
        database.server.start()
    await others.archived()

    found = await verified(database, stream=others.log)

    assert found.differences == []
    assert found.rows == found.last == found.stream_compared


async def test_sigterm_ends_it_in_order_and_a_new_one_goes_on(
    process: AuditProcess, others: Outside, database: Database
) -> None:
    await others.record(drafts(2))
    await others.archived()

    assert await process.end(signal.SIGTERM) == 0
    process.start()
    await others.archived()

    events = [recorded.event.event_type async for recorded in others.log.read()]
    assert events.count("service_started") == 2
    assert events.count("service_stopped") == 1
    assert (await verified(database, stream=others.log)).differences == []


async def test_a_database_of_another_log_ends_it_with_one_clear_line(
    process: AuditProcess, others: Outside, database: Database, tmp_path: Path
) -> None:
    await others.record(drafts(4))
    await others.archived()
    await process.end(signal.SIGTERM)
    async with nats_server(tmp_path / "other") as empty, outside(empty) as there:
        await there.record(drafts(1))
        other = AuditProcess(tmp_path, empty.url, database.dsn)
        other.start()
        assert await other.ended() == 78

    error = process.said[-1]
    assert "they belong to different data" in next(
        line["error"] for line in process.said if line["event"] == "configuration_error"
    ), error


@pytest.mark.parametrize(
    ("dsn", "says"),
    [
        ("postgresql://user:s3cret@host:port:9/db?x", "expected a PostgreSQL connection string"),
        ("", "POSTGRES_DSN"),
    ],
)
async def test_a_bad_setting_ends_it_without_showing_a_password(
    server: NatsServer, others: Outside, tmp_path: Path, dsn: str, says: str
) -> None:
    del others
    process = AuditProcess(tmp_path, server.url, dsn)
    process.start()

    assert await process.ended() == 78
    text = (tmp_path / "audit.log").read_text()
    assert says in text
    assert "s3cret" not in text


async def test_a_backup_restored_under_a_stopped_audit_is_continued(
    process: AuditProcess, others: Outside, database: Database, tmp_path: Path
) -> None:
    every = drafts(8)
    await others.record(every[:40])
    await others.archived()
    backup = tmp_path / "backup"
    database.server.dump_database(database.name, backup)
    await others.record(every[40:])
    await others.archived()
    await process.end(signal.SIGTERM)

    database.server.restore_database(database.name, backup)
    process.start()
    await others.archived()

    found = await verified(database, stream=others.log)
    assert found.differences == []
    assert found.not_archived == 0
    with (
        psycopg.connect(database.dsn) as connection,
        pytest.raises(psycopg.Error, match="append-only"),
    ):
        connection.execute("truncate audit.events")


async def test_the_commands_end_with_their_codes(
    process: AuditProcess,
    others: Outside,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    await others.record(drafts(3))
    head = await others.archived()
    monkeypatch.setenv("NATS_URL", process.nats_url)
    monkeypatch.setenv("POSTGRES_DSN", process.dsn)

    async def command(*arguments: str) -> tuple[int, str]:
        code = await asyncio.to_thread(cli.execute, cli.parser().parse_args(arguments))
        said = capsys.readouterr()
        return code, said.out + said.err

    code, said = await command("verify", f"--expect-head={head.position}:{head.hash}")
    assert (code, said.splitlines()[-1]) == (0, "clean")
    assert f"chain head   {head.position}:{head.hash}" in said
    assert await command("migrate") == (0, "the schema is at revision 0001\n")
    assert await command("rebuild") == (
        0,
        "rebuilt 6 orders, 6 fills, 1 positions, 8 transactions, 3 verdicts\n",
    )
    code, said = await command("replay", "--from-stream", "--core", "risk")
    assert code == 1  # nobody's rules approve what the script approved
    assert "first difference: position 6: risk:" in said
    code, said = await command("replay", "--core", "tea")
    assert (code, "execution, risk, signals" in said) == (2, True)
    with psycopg.connect(database.dsn) as connection:
        connection.execute("delete from audit.positions")
    code, said = await command("verify", "--no-stream")
    assert code == 1
    assert "positions: expected a row ('local', 'sol-perp'), found none" in said
    monkeypatch.setenv("POSTGRES_DSN", "postgresql://postgres@/x?host=/nowhere")
    code, said = await command("verify", "--no-stream")
    assert (code, "audit verify could not run" in said) == (2, True)
    monkeypatch.delenv("POSTGRES_DSN")
    code, said = await command("verify", "--no-stream")
    assert (code, "POSTGRES_DSN" in said) == (2, True)


def test_a_misspelled_command_could_not_run() -> None:
    for arguments in (["verify", "--expect-head", "12"], ["explain"]):
        with pytest.raises(SystemExit) as ending:
            cli.main(arguments)
        assert ending.value.code == 2
