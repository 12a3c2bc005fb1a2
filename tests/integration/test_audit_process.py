"""The audit process between a real nats-server and a real PostgreSQL, on bad days."""

import asyncio
import json
import random
import signal
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager
from itertools import islice
from pathlib import Path

import psycopg
import pytest

from audit import cli
from chassis.market import MarketClient
from contracts import queries
from contracts.event import Draft
from contracts.ticks import Trade, encode_tick
from contracts.values import to_millis
from contracts.verdict import OrderApproved
from kit.audit_history import history
from kit.audit_life import BEGIN
from kit.audit_process import Outside, outside
from kit.audit_rig import a_log, archived, archiving, caught_up, verified
from kit.audit_store import GUARDS_OFF, Database
from kit.ingest_frames import frame_lines, raw_trade
from kit.risk_events import a_feed
from kit.servers import NatsServer, nats_server
from kit.service_process import ServiceProcess, service_process
from kit.starts import a_start_draft
from kit.zygote import Zygote


@pytest.fixture
async def server(tmp_path: Path) -> AsyncGenerator[NatsServer]:
    async with nats_server(tmp_path / "nats") as running:
        yield running


@pytest.fixture
async def others(server: NatsServer) -> AsyncGenerator[Outside]:
    async with outside(server) as found:
        yield found


Audit = Callable[[str, str], AbstractAsyncContextManager[ServiceProcess]]


@pytest.fixture
def audit(zygote: Zygote, tmp_path: Path) -> Audit:
    """Give what runs an audit of a log in a database until its context ends."""

    def run(nats_url: str, dsn: str) -> AbstractAsyncContextManager[ServiceProcess]:
        environment = {"NATS_URL": nats_url, "POSTGRES_DSN": dsn}
        return service_process(zygote, "audit", tmp_path / "audit.log", **environment)

    return run


@pytest.fixture
async def process(
    audit: Audit, server: NatsServer, others: Outside, database: Database
) -> AsyncGenerator[ServiceProcess]:
    async with audit(server.url, database.dsn) as running:
        await others.started(1)
        yield running


def drafts(setups: int) -> list[Draft]:
    return list(history(setups))


async def test_queries_are_answered_and_poisoned_ones_too(
    process: ServiceProcess, others: Outside
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
    while (status := await others.status())["archived"] < head.position:
        pass  # It tells what is committed right after it is.
    assert status["ready"] is True
    assert status["archived"] == head.position
    assert status["chain_head"] == head.hash


async def test_postgresql_that_is_stopped_is_waited_for_and_caught_up_with(
    process: ServiceProcess, others: Outside, database: Database
) -> None:
    every = drafts(60)
    await others.record(every[:100])
    await others.archived()

    async with database.server.away():
        await others.record(every[100:])
        await process.says("archive_unavailable", "archive_late")
        status = await others.status()
        answer = json.loads(await others.ask(queries.EVENTS))
    await others.archived()

    assert status["ready"] is False
    assert "PostgreSQL is unavailable" in status["reason"]
    assert status["archive_lag"] > 0
    assert answer["error"]["code"] == "unavailable"
    found = await verified(database, stream=others.log)
    assert found.differences == []
    assert found.not_archived == 0
    await process.says("archive_caught_up")
    assert (await others.status())["ready"] is True


async def test_kill_9_of_audit_and_of_postgresql_at_any_moment_neither_loses_nor_doubles(
    process: ServiceProcess, others: Outside, database: Database
) -> None:
    chance = random.Random(20260302)
    every = iter(drafts(80))
    for round_ in range(4):
        growing = asyncio.create_task(others.record(list(islice(every, 250))))
        await others.archived(await others.log.head() + chance.randrange(1, 120))
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
    process: ServiceProcess, others: Outside, database: Database
) -> None:
    await others.record(drafts(2))
    await others.archived()

    assert await process.end(signal.SIGTERM) == 0
    process.start()
    await others.started(2)
    await others.archived()

    events = [recorded.event.event_type async for recorded in others.log.read()]
    assert events.count("service_started") == 2
    assert events.count("service_stopped") == 1
    assert (await verified(database, stream=others.log)).differences == []


async def test_a_database_of_another_log_ends_it_with_one_clear_line(
    audit: Audit, process: ServiceProcess, others: Outside, database: Database, tmp_path: Path
) -> None:
    await others.record(drafts(4))
    await others.archived()
    await process.end(signal.SIGTERM)
    async with nats_server(tmp_path / "other") as empty, outside(empty) as there:
        await there.record(drafts(1))
        async with audit(empty.url, database.dsn) as other:
            assert await other.ended() == 78

    [error] = [line["error"] for line in other.said if line["event"] == "configuration_error"]
    assert "they belong to different data" in error


@pytest.mark.parametrize(
    ("dsn", "says"),
    [
        ("postgresql://user:s3cret@host:port:9/db?x", "expected a PostgreSQL connection string"),
        ("", "POSTGRES_DSN"),
    ],
)
async def test_a_bad_setting_ends_it_without_showing_a_password(
    audit: Audit, server: NatsServer, others: Outside, dsn: str, says: str
) -> None:
    del others
    async with audit(server.url, dsn) as process:
        assert await process.ended() == 78
    assert says in process.text
    assert "s3cret" not in process.text


async def test_a_backup_restored_under_a_stopped_audit_is_continued(
    process: ServiceProcess, others: Outside, database: Database, tmp_path: Path
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
    await others.started(2)
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
    process: ServiceProcess,
    others: Outside,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    await others.record(drafts(3))
    head = await others.archived()
    for name, value in process.environment.items():
        monkeypatch.setenv(name, value)

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
        "rebuilt orders 6, fills 6, positions 1, transactions 8, verdicts 3\n",
    )
    code, said = await command("replay", "--from-stream", "--core", "risk")
    assert code == 1  # nobody's rules approve what the script approved
    log = [it async for it in others.log.read()]
    approved = next(it.position for it in log if isinstance(it.event, OrderApproved))
    assert f"first difference: position {approved}: risk:" in said
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


async def test_what_cannot_be_judged_ends_with_a_code_of_its_own(
    others: Outside,
    server: NatsServer,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    await others.record([a_start_draft("risk", "risk-0"), *drafts(3)])
    monkeypatch.setenv("NATS_URL", server.url)
    arguments = cli.parser().parse_args(["replay", "--from-stream", "--core", "risk"])
    code = await asyncio.to_thread(cli.execute, arguments)
    said = capsys.readouterr().out.splitlines()
    assert (code, said[-1]) == (3, "not judged: 3 decisions of other policies")
    assert "made by policy risk-0 of build aaaaaaaaaaaa, started at 1" in said[-2]

    log = await a_log(history(1))
    await log.put_raw("process.x", {"ce-type": "tea_served"}, b"\xff")
    async with archiving(log, database) as archiver:
        await caught_up(archiver, log)
    monkeypatch.setenv("POSTGRES_DSN", database.dsn)
    arguments = cli.parser().parse_args(["verify", "--no-stream"])
    code = await asyncio.to_thread(cli.execute, arguments)
    said = capsys.readouterr().out.splitlines()
    assert (code, said[-1]) == (3, "not judged: 1 message")


@pytest.mark.parametrize("headers", [b"\xff", b"no colon"])
async def test_a_replay_of_headers_that_cannot_be_read_could_not_run_and_says_where(
    headers: bytes,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    await archived(drafts(2), database)
    with psycopg.connect(database.dsn) as connection:
        for statement in GUARDS_OFF:
            connection.execute(statement.encode())
        spoil = "update audit.events set headers = %s where position = 7"
        connection.execute(spoil, [headers])
    monkeypatch.setenv("POSTGRES_DSN", database.dsn)

    code = await asyncio.to_thread(cli.execute, cli.parser().parse_args(["replay"]))

    said = capsys.readouterr()
    assert (code, said.out) == (2, "")
    assert said.err.startswith(
        "audit replay could not run: position 7: expected header lines, found "
    )
    assert said.err.count("\n") == 1


async def test_trades_are_reported_from_the_archive_the_stream_and_a_tape(
    process: ServiceProcess,
    others: Outside,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    ticks = [
        Trade(i=number, t=to_millis(BEGIN) + 500 * number, p="99.5", q="1", m=True)
        for number in range(1, 3_000)
    ]
    tape = tmp_path / "solusdt"
    tape.write_bytes(frame_lines(raw_trade(it.i, T=it.t, p=it.p, q=it.q, m=it.m) for it in ticks))
    await others.record([a_feed(is_replayable=False), *drafts(2)])
    async with MarketClient(others.connection).publisher() as publisher:
        for tick in ticks:
            await publisher.publish("trades.binance-usdm.solusdt", encode_tick(tick))
    await others.archived()
    for name, value in process.environment.items():
        monkeypatch.setenv(name, value)

    async def command(*arguments: str) -> tuple[int, str]:
        code = await asyncio.to_thread(cli.execute, cli.parser().parse_args(["trades", *arguments]))
        said = capsys.readouterr()
        return code, said.out + said.err

    code, said = await command()
    assert (code, said.splitlines()[-1]) == (0, "clean")
    assert "of PostgreSQL, positions 1 to " in said
    assert "of the market stream" in said
    reports = [json.loads((await command("--json", *it))[1]) for it in ([], ["--from-stream"])]
    assert reports[0]["setups"] == reports[1]["setups"]
    assert reports[0]["setups"][0]["fills"][0]["markouts_bps"]["60"] == "-50"  # 99.5 after 100
    code, said = await command("--json", "--tape", str(tape))
    assert (code, json.loads(said)["setups"]) == (0, reports[0]["setups"])
    code, said = await command("--tape", str(tmp_path / "none"))
    assert code == 2
    assert said.startswith("audit trades could not run: expected a tape at ")
    assert said.count("\n") == 1


def test_a_misspelled_command_could_not_run() -> None:
    for arguments in (["verify", "--expect-head", "12"], ["explain"]):
        with pytest.raises(SystemExit) as ending:
            cli.main(arguments)
        assert ending.value.code == 2
