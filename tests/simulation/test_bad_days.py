"""Bad days: servers that are gone, messages and files that lie. The rest goes on, and says so."""

import asyncio
from pathlib import Path

import pytest
from nats.js import JetStreamContext

from contracts.feed import FrameRefused, TapeEnded
from kit.postgres import PostgresServer
from kit.runs import Run, run_tape
from kit.stack import Stack, domain_log, first_difference, reader
from kit.zygote import Zygote

UNHURRIED = "1200"
"""A speed at which the tape takes 9 s, so that a bad day begins in the midst of it."""
MIDST = 100
"""A position of the log where trading is well under way, after 2 of these 9 s."""

POSTGRES_GONE_S = 60
NATS_GONE_S = 135
"""nats-py by itself gives up after 60 attempts that are two seconds apart, and is silent then."""


def require_same(undisturbed: Run, run: Run) -> None:
    """Assert that both runs left one domain log, archived without a gap."""
    assert first_difference(domain_log(undisturbed.events), domain_log(run.events)) is None
    count = len(run.events)
    assert run.archived == (1, count, count, count)
    assert run.deaths == []


@pytest.mark.timeout(300)
async def test_trading_goes_on_without_postgresql_and_the_archive_catches_up(
    tape: Path, undisturbed: Run, tmp_path: Path, zygote: Zygote, postgres: PostgresServer
) -> None:
    async def disturb(stack: Stack) -> None:
        await stack.reaches(MIDST)
        stack.end("ingest")
        async with postgres.away():
            begin = await stack.head()
            stack.hurry()
            await stack.reaches(begin + 200)

    run = await run_tape(
        tmp_path, str(tape), zygote=zygote, postgres=postgres, speed=UNHURRIED, disturb=disturb
    )
    require_same(undisturbed, run)


@pytest.mark.timeout(300)
async def test_everything_resumes_by_itself_after_nats_was_gone(
    tape: Path, undisturbed: Run, tmp_path: Path, zygote: Zygote, postgres: PostgresServer
) -> None:
    async def disturb(stack: Stack) -> None:
        await stack.reaches(MIDST)
        await stack.nats.kill()
        await stack.all_say("waiting_for_nats")
        await stack.nats.start()
        await stack.reaches(await stack.head() + 20)
        stack.hurry()

    run = await run_tape(
        tmp_path, str(tape), zygote=zygote, postgres=postgres, speed=UNHURRIED, disturb=disturb
    )
    require_same(undisturbed, run)


@pytest.mark.soak
@pytest.mark.timeout(400)
async def test_servers_that_are_gone_for_minutes_are_waited_for(
    tape: Path, undisturbed: Run, tmp_path: Path, zygote: Zygote, postgres: PostgresServer
) -> None:
    async def disturb(stack: Stack) -> None:
        await stack.reaches(MIDST)
        async with postgres.away():
            await stack.reaches(await stack.head() + 20)
            await stack.nats.kill()
            await asyncio.sleep(POSTGRES_GONE_S)  # As long as it is gone, nothing can be seen.
        await asyncio.sleep(NATS_GONE_S - POSTGRES_GONE_S)
        await stack.all_say("waiting_for_nats")
        assert stack.deaths == []
        await stack.nats.start()
        await stack.reaches(await stack.head() + 20)
        stack.hurry()

    run = await run_tape(
        tmp_path, str(tape), zygote=zygote, postgres=postgres, speed=UNHURRIED, disturb=disturb
    )
    require_same(undisturbed, run)


@pytest.mark.timeout(300)
async def test_a_wrong_checkpoint_is_refused_by_name_and_costs_nothing_but_time(
    tape: Path, undisturbed: Run, tmp_path: Path, zygote: Zygote, postgres: PostgresServer
) -> None:
    names = ("signals", "risk", "execution")

    async def disturb(stack: Stack) -> None:
        await stack.reaches(MIDST)
        async with reader(stack.nats) as there:
            bucket = await JetStreamContext(there.connection.client).key_value("checkpoints")
            for name in names:
                stack.end(name)  # Or it would put a right one over it.
                await bucket.put(name, b'{"position": 10, "state": "who knows"}')
                stack.begin(name)
        stack.hurry()

    run = await run_tape(
        tmp_path, str(tape), zygote=zygote, postgres=postgres, speed=UNHURRIED, disturb=disturb
    )
    require_same(undisturbed, run)
    for name in names:
        assert any("checkpoint_refused" in line for line in lines_of(tmp_path / f"{name}.log"))


@pytest.mark.timeout(300)
async def test_poison_in_either_stream_stops_nobody_who_does_not_need_it(
    tape: Path, undisturbed: Run, tmp_path: Path, zygote: Zygote, postgres: PostgresServer
) -> None:
    async def disturb(stack: Stack) -> None:
        await stack.reaches(MIDST)
        async with reader(stack.nats) as there:
            stream = JetStreamContext(there.connection.client)
            for body in (b"", b"{", b'{"k":"trade","i":1,"t":2,"p":"NaN","q":"-1","m":true}'):
                await stream.publish("trades.binance-spot.ltcusdt", body)
            headers = {"ce-id": "not-a-uuid", "ce-type": "service_started", "event_version": "999"}
            await stream.publish("process.stranger", b'{"poison": true}', headers=headers)
            await stream.publish("process.stranger", b"\xff\xfe", headers=None)

    # The poison itself cannot be decoded, so the log is compared without its subject.
    run = await run_tape(
        tmp_path,
        str(tape),
        zygote=zygote,
        postgres=postgres,
        speed=UNHURRIED,
        disturb=disturb,
        ignore=("process.stranger",),
    )
    assert first_difference(domain_log(undisturbed.events), domain_log(run.events)) is None
    assert run.archived[1] == run.archived[2] == len(run.events) + 2
    assert run.deaths == []


@pytest.mark.timeout(300)
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


def lines_of(path: Path) -> list[str]:
    """Give the lines of a file with their ends."""
    return path.read_text(encoding="utf-8").splitlines(keepends=True)


def write(path: Path, text: str) -> None:
    """Write a file."""
    path.write_text(text, encoding="utf-8")
