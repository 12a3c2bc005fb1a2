"""The execution process on a real server: killed, with and without its server, and doubled."""

import asyncio
import random
import signal
from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

from chassis.log import Follower, Log, LogClient
from chassis.wire import encode_headers
from contracts import codec
from contracts.event import Draft, Event
from contracts.order import OrderIntended, OrderPlaced, SetupClosed
from contracts.ticks import encode_tick
from contracts.venue import VenueAdvanced
from contracts.verdict import OrderApproved
from kit.chassis_stage import RealStage, real_stage
from kit.execution_events import ACCOUNT, a_feed, a_print, an_account, an_approval
from kit.execution_world import (
    LIVELY,
    TRADES,
    World,
    a_tape,
    by_execution,
    by_subject,
    is_end,
    minutes_of,
    play_risk,
    play_signals,
)
from kit.service_process import WAIT_S_MAX, ServiceProcess, service_process
from kit.zygote import Zygote

TAPE = a_tape(1, count=190)
ROUNDS = 4
MINUTES_PER_ROUND = 3
SUPERVISED_S = 0.5
"""How often a wait looks whether the process still runs."""
RULES_OF_WORLD = {
    "PAPER_DROP_RATE": str(LIVELY.drop_rate),
    "PAPER_PARTICIPATION": str(LIVELY.participation),
    "PAPER_QUEUE_AHEAD_USD": str(LIVELY.queue_ahead_usd),
}
EVENTS_PER_ROUND = 16
"""Execution records at least so many events when that many more minutes are decided."""


def execution(
    zygote: Zygote, real: RealStage, folder: Path, name: str = "execution", **environment: str
) -> AbstractAsyncContextManager[ServiceProcess]:
    """Run execution until the context ends, under the rules of `World` unless others are given."""
    environment = {
        "NATS_URL": real.server.url,
        "CHECKPOINT_EVENTS": "20",
        **(environment or RULES_OF_WORLD),
    }
    return service_process(zygote, "execution", folder / f"{name}.log", **environment)


@asynccontextmanager
async def the_others(real: RealStage) -> AsyncGenerator[asyncio.Semaphore]:
    """Play ingest, signals and risk on a real server.

    Each release of what is given lets signals decide one minute more. Execution waits for that,
    so that it is never further with the tape than a test wants.
    """
    minutes = asyncio.Semaphore(0)

    def log_as(service: str) -> Log:
        return LogClient(real.connection, service=service)

    await log_as("ingest").append([a_feed()])
    await log_as("gateway").append([an_account()])
    async with real.market.publisher() as publisher:
        for tick in TAPE:
            await publisher.publish(TRADES, encode_tick(tick))
    async with asyncio.TaskGroup() as others:
        tasks = [
            others.create_task(play_signals(log_as("signals"), TAPE, minutes.acquire)),
            others.create_task(play_risk(log_as("risk"), (ACCOUNT,))),
        ]
        yield minutes
        for task in tasks:
            task.cancel()


def release(minutes: asyncio.Semaphore, count: int) -> None:
    """Let signals decide so many minutes more."""
    for _ in range(count):
        minutes.release()


async def hear(events: Follower, count: int, process: ServiceProcess, *, after: int = 0) -> None:
    """Return when execution has recorded so many events behind a position."""
    async with asyncio.timeout(WAIT_S_MAX):
        while count > 0:
            for it in await events.next(SUPERVISED_S):
                is_its = it.source == "execution" and not it.event.is_process
                count -= is_its and it.position > after
            supervise(process)


async def hear_end(events: Follower, process: ServiceProcess) -> None:
    """Return when the venue has said that the tape is worked."""
    async with asyncio.timeout(WAIT_S_MAX):
        while True:
            for it in await events.next(SUPERVISED_S):
                if isinstance(it.event, VenueAdvanced) and is_end(it.event, TAPE[-1]):
                    return
            supervise(process)


def supervise(process: ServiceProcess) -> None:
    """Start a process again that ended because its predecessor's last append landed late."""
    if process.zygote.exit_code(process.pid) is None:
        return
    *_, last = process.said
    assert "AnotherWriter" in last.get("exception", ""), process.text
    process.start()


async def assert_as_undisturbed(log: LogClient) -> None:
    """Compare the domain events with a run in memory, byte for byte."""
    found = [it async for it in log.read() if not it.event.is_process]
    expected = await World(TAPE).run()
    assert by_subject(found) == by_subject(expected)
    assert by_execution(found) == by_execution(expected)


async def test_kills_of_the_process_and_of_the_server_change_nothing(
    zygote: Zygote, tmp_path: Path
) -> None:
    chance = random.Random(20_261_123)
    async with (
        real_stage(tmp_path / "nats") as real,
        the_others(real) as minutes,
        real.log.follow("gateway-show-log", after=0) as events,
        execution(zygote, real, tmp_path) as process,
    ):
        for round_ in range(ROUNDS):
            begin = await real.log.head()
            release(minutes, MINUTES_PER_ROUND)
            await hear(events, chance.randint(1, EVENTS_PER_ROUND), process, after=begin)
            if round_ == 2:
                await real.server.restart()
            await process.end()
            process.start()
        release(minutes, len(minutes_of(TAPE)))
        await hear_end(events, process)
        assert await process.end(signal.SIGTERM) == 0
        await assert_as_undisturbed(real.log)


async def test_a_process_that_slept_through_its_successor_cannot_record(
    zygote: Zygote, tmp_path: Path
) -> None:
    async with (
        real_stage(tmp_path / "nats") as real,
        the_others(real) as minutes,
        real.log.follow("gateway-show-log", after=0) as events,
        execution(zygote, real, tmp_path, "first") as first,
    ):
        release(minutes, MINUTES_PER_ROUND)
        await hear(events, EVENTS_PER_ROUND // 2, first)
        first.send(signal.SIGSTOP)
        async with execution(zygote, real, tmp_path, "second") as second:
            release(minutes, len(minutes_of(TAPE)))
            await hear_end(events, second)
            first.send(signal.SIGCONT)
            assert await first.ended() != 0
            assert await second.end(signal.SIGTERM) == 0
        assert "FollowerReplaced" in first.text or "AnotherWriter" in first.text
        await assert_as_undisturbed(real.log)


async def test_two_processes_for_one_account_write_one_log(zygote: Zygote, tmp_path: Path) -> None:
    async with (
        real_stage(tmp_path / "nats") as real,
        the_others(real) as minutes,
        real.log.follow("gateway-show-log", after=0) as events,
        execution(zygote, real, tmp_path, "first") as first,
        execution(zygote, real, tmp_path, "second") as second,
    ):
        release(minutes, MINUTES_PER_ROUND)
        loser, other = await first_to_end(first, second)
        assert await loser.ended() != 0
        assert "FollowerReplaced" in loser.text or "AnotherWriter" in loser.text
        await other.end()  # It may have lost as well: a supervisor starts one anew.
        other.start()
        release(minutes, len(minutes_of(TAPE)))
        await hear_end(events, other)
        assert await other.end(signal.SIGTERM) == 0
        await assert_as_undisturbed(real.log)


async def first_to_end(
    one: ServiceProcess, other: ServiceProcess
) -> tuple[ServiceProcess, ServiceProcess]:
    """Wait until one of two has ended by itself; give it first."""
    ends = {asyncio.create_task(it.ended()): it for it in (one, other)}
    done, left = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    for task in left:
        task.cancel()
    loser = ends[done.pop()]
    return (one, other) if loser is one else (other, one)


async def test_a_verdict_that_is_delivered_fifty_times_gives_one_order(
    zygote: Zygote, tmp_path: Path
) -> None:
    calm = {"PAPER_IS_CALM": "true", "CHECKPOINT_EVENTS": "100000"}
    async with (
        real_stage(tmp_path / "nats") as real,
        real.log.follow("gateway-show-log", after=0) as events,
    ):
        await LogClient(real.connection, service="ingest").append([a_feed(is_replayable=False)])
        await real.log.append([an_account()])
        async with real.market.publisher() as publisher:
            await publisher.publish(TRADES, encode_tick(a_print(1, "100.5", milliseconds=1_000)))
        await deliver(real, an_approval(), range(10))
        # Without a checkpoint each process hears the verdicts again, and then further ones.
        async with execution(zygote, real, tmp_path, **calm) as process:
            await hear_type(events, OrderPlaced, 2)
            for start in range(2, 6):
                await process.end()
                process.start()
                await until_said(process, "caught_up", start)
                await deliver(real, an_approval(), range(10 * start - 10, 10 * start))
            async with real.market.publisher() as publisher:
                await publisher.publish(TRADES, encode_tick(a_print(2, "99.9", milliseconds=3_000)))
            await hear_type(events, OrderPlaced, 3)  # The take-profits: all is worked again.
            assert await process.end(signal.SIGTERM) == 0
        found = [it.event async for it in real.log.read()]
        assert sum(isinstance(it, OrderApproved) for it in found) == 50
        legs = [it.leg for it in found if isinstance(it, OrderIntended)]
        assert legs == ["entry", "stop", "tp1", "tp2", "tp3"]
        assert not [it for it in found if isinstance(it, SetupClosed)]


async def deliver(real: RealStage, verdict: Draft, numbers: Sequence[int]) -> None:
    """Record a verdict of risk once for each number, past the log's own watch for copies."""
    headers, body = codec.encode(verdict, source="risk")
    for number in numbers:
        head = encode_headers(headers | {codec.MESSAGE_ID: f"copy-{number}"})
        await real.connection.request(verdict.subject, body, head=head)


async def hear_type(events: Follower, kind: type[Event], count: int) -> None:
    """Return when so many events of a class have come."""
    async with asyncio.timeout(WAIT_S_MAX):
        while count > 0:
            count -= sum(isinstance(it.event, kind) for it in await events.next())


async def until_said(process: ServiceProcess, event: str, times: int) -> None:
    """Wait until the processes have said something so often."""
    async with asyncio.timeout(WAIT_S_MAX):
        while sum(line["event"] == event for line in process.said) < times:
            process.require_running()
            await asyncio.sleep(0.02)


async def test_two_feeds_in_one_log_end_the_process_for_good(
    zygote: Zygote, tmp_path: Path
) -> None:
    async with real_stage(tmp_path / "nats", service="ingest") as real:
        await real.log.append([a_feed()])
        await real.log.append([a_feed(market="btc-perp", symbol="btcusdt")])
        async with execution(zygote, real, tmp_path) as process:
            assert await process.ended() == 78
            assert "expected one feed in a log" in process.text


async def test_a_bad_setting_is_one_clear_line(zygote: Zygote, tmp_path: Path) -> None:
    output = tmp_path / "execution.log"
    async with service_process(zygote, "execution", output, PAPER_FEES="free") as process:
        assert await process.ended() == 78
    [line] = process.text.splitlines()
    assert line == (
        "configuration_error: PAPER_FEES: expected one of velocity, drift, found 'free'"
    )
