"""Bad days: servers that are gone, messages and files that lie. The rest goes on, and says so."""

import asyncio
from pathlib import Path

import pytest
from nats.js import JetStreamContext

from chassis.connection import Connection, connect
from chassis.settings import ServiceSettings
from contracts.feed import FrameRefused, TapeEnded
from kit.cuts import cut_ticks
from kit.postgres import PostgresServer
from kit.runs import Run, run_tape
from kit.servers import NatsServer
from kit.stack import Stack, domain_log, first_difference, read_log
from kit.zygote import Zygote

# 2025-06-22 00:00 to 02:50 UTC, as in test_kill.
FROM_MS = 1_750_550_400_000
UNTIL_MS = 1_750_560_600_000


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Cut the tape once."""
    return cut_ticks(
        tmp_path_factory.mktemp("tape") / "LTCUSDT_cut.csv", from_ms=FROM_MS, until_ms=UNTIL_MS
    )


@pytest.fixture(scope="module")
def undisturbed(
    tape: Path,
    tmp_path_factory: pytest.TempPathFactory,
    zygote: Zygote,
    postgres: PostgresServer,
) -> Run:
    """Run the tape once without any harm."""
    folder = tmp_path_factory.mktemp("undisturbed")
    return asyncio.run(run_tape(folder, str(tape), zygote=zygote, postgres=postgres))


def require_same(undisturbed: Run, run: Run) -> None:
    """Assert that both runs left one domain log, archived without a gap."""
    assert first_difference(domain_log(undisturbed.events), domain_log(run.events)) is None
    count = len(run.events)
    assert run.archived == (1, count, count, count)
    assert run.deaths == []


@pytest.mark.timeout(120)
async def test_trading_goes_on_without_postgresql_and_the_archive_catches_up(
    tape: Path, undisturbed: Run, tmp_path: Path, zygote: Zygote, postgres: PostgresServer
) -> None:
    heads: list[int] = []

    async def disturb(stack: Stack) -> None:
        await asyncio.sleep(0.8)
        await asyncio.to_thread(postgres.stop)
        heads.append(await head_of(stack.nats))
        for _ in range(100):
            await asyncio.sleep(0.1)
            heads.append(await head_of(stack.nats))
            if heads[-1] > heads[0] + 200:
                break
        await asyncio.to_thread(postgres.start)

    run = await run_tape(tmp_path, str(tape), zygote=zygote, postgres=postgres, disturb=disturb)
    assert heads[-1] > heads[0] + 200
    require_same(undisturbed, run)


@pytest.mark.timeout(120)
async def test_everything_resumes_by_itself_after_nats_was_gone(
    tape: Path, undisturbed: Run, tmp_path: Path, zygote: Zygote, postgres: PostgresServer
) -> None:
    async def disturb(stack: Stack) -> None:
        await asyncio.sleep(1.2)
        await stack.nats.kill()
        await asyncio.sleep(6)
        assert stack.deaths == []
        await stack.nats.start()

    run = await run_tape(tmp_path, str(tape), zygote=zygote, postgres=postgres, disturb=disturb)
    require_same(undisturbed, run)


@pytest.mark.timeout(120)
async def test_a_wrong_checkpoint_is_refused_by_name_and_costs_nothing_but_time(
    tape: Path, undisturbed: Run, tmp_path: Path, zygote: Zygote, postgres: PostgresServer
) -> None:
    names: list[str] = []

    async def disturb(stack: Stack) -> None:
        await asyncio.sleep(1.5)
        connection = await connect(ServiceSettings(nats_url=stack.nats.url), service="test")
        bucket = await jetstream_of(connection).key_value("checkpoints")
        for name in ("signals", "risk", "execution"):
            await bucket.put(name, b'{"position": 10, "state": "who knows"}')
            names.append(name)
            stack.kill(name)
        await connection.close()

    run = await run_tape(tmp_path, str(tape), zygote=zygote, postgres=postgres, disturb=disturb)
    require_same(undisturbed, run)
    for name in names:
        assert any("checkpoint_refused" in line for line in lines_of(tmp_path / f"{name}.log"))


@pytest.mark.timeout(120)
async def test_poison_in_either_stream_stops_nobody_who_does_not_need_it(
    tape: Path, undisturbed: Run, tmp_path: Path, zygote: Zygote, postgres: PostgresServer
) -> None:
    async def disturb(stack: Stack) -> None:
        await asyncio.sleep(1.0)
        connection = await connect(ServiceSettings(nats_url=stack.nats.url), service="test")
        stream = jetstream_of(connection)
        for body in (b"", b"{", b'{"k":"trade","i":1,"t":2,"p":"NaN","q":"-1","m":true}'):
            await stream.publish("trades.binance-spot.ltcusdt", body)
        headers = {"ce-id": "not-a-uuid", "ce-type": "service_started", "event_version": "999"}
        await stream.publish("process.stranger", b'{"poison": true}', headers=headers)
        await stream.publish("process.stranger", b"\xff\xfe", headers=None)
        await connection.close()

    # The poison itself cannot be decoded, so the log is compared without its subject.
    run = await run_tape(
        tmp_path,
        str(tape),
        zygote=zygote,
        postgres=postgres,
        disturb=disturb,
        ignore=("process.stranger",),
    )
    assert first_difference(domain_log(undisturbed.events), domain_log(run.events)) is None
    assert run.archived[1] == run.archived[2] == len(run.events) + 2
    assert run.deaths == []


@pytest.mark.timeout(120)
async def test_a_recording_with_bad_lines_and_a_cut_end_plays_what_is_good(
    tape: Path, tmp_path: Path, zygote: Zygote, postgres: PostgresServer
) -> None:
    lines = lines_of(tape)[:1500]
    bad = {
        200: "1750550999999,NaN,1.5,buy,1\n",
        400: "1750550999999,-83.2,1.5,buy,1\n",
        600: "1750550999999,83.2,0,buy,1\n",
        800: "1750550999999,83\n",
        1000: "\n",
    }
    spoiled = [bad.get(number, "") + line for number, line in enumerate(lines)]
    path = tmp_path / "LTCUSDT_spoiled.csv"
    write(path, "".join(spoiled) + lines[-1][:18])

    run = await run_tape(tmp_path / "run", str(path), zygote=zygote, postgres=postgres)

    (ended,) = [r.event for r in run.events if isinstance(r.event, TapeEnded)]
    assert ended.trades == len(lines) - 1
    assert ended.is_truncated
    refused = [r.event for r in run.events if isinstance(r.event, FrameRefused)]
    assert len(refused) >= 5
    assert all("LTCUSDT_spoiled.csv" in it.origin for it in refused)
    assert run.deaths == []


def jetstream_of(connection: Connection) -> JetStreamContext:
    """Give nats-py's own JetStream client: what a stranger would use."""
    return JetStreamContext(connection.client)


def lines_of(path: Path) -> list[str]:
    """Give the lines of a file with their ends."""
    return path.read_text(encoding="utf-8").splitlines(keepends=True)


def write(path: Path, text: str) -> None:
    """Write a file."""
    path.write_text(text, encoding="utf-8")


async def head_of(nats: NatsServer) -> int:
    """Give the log's last position."""
    return (await read_log(nats))[-1].position
