"""The execution process on a real server: killed, with and without its server, and doubled."""

import asyncio
import random
import signal
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

from chassis.log import Follower, Log, LogClient
from contracts.order import VenueAdvanced
from contracts.ticks import encode_tick
from kit.chassis_stage import RealStage, real_stage
from kit.execution_events import ACCOUNT, a_feed, an_account
from kit.execution_world import (
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
EVENTS_PER_ROUND = 16
"""Execution records at least so many events when that many more minutes are decided."""


def execution(
    zygote: Zygote, real: RealStage, folder: Path, name: str = "execution"
) -> AbstractAsyncContextManager[ServiceProcess]:
    """Run execution until the context ends."""
    environment = {"NATS_URL": real.server.url, "CHECKPOINT_EVENTS": "20"}
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


async def hear(events: Follower, count: int, *, after: int = 0) -> None:
    """Return when execution has recorded so many events behind a position."""
    async with asyncio.timeout(WAIT_S_MAX):
        while count > 0:
            for it in await events.next():
                is_its = it.source == "execution" and not it.event.is_process
                count -= is_its and it.position > after


async def hear_end(events: Follower) -> None:
    """Return when the venue has said that the tape is worked."""
    async with asyncio.timeout(WAIT_S_MAX):
        while True:
            for it in await events.next():
                if isinstance(it.event, VenueAdvanced) and is_end(it.event, TAPE[-1]):
                    return


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
            await hear(events, chance.randint(1, EVENTS_PER_ROUND), after=begin)
            if round_ == 2:
                await real.server.restart()
            await process.end()
            process.start()
        release(minutes, len(minutes_of(TAPE)))
        await hear_end(events)
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
        await hear(events, EVENTS_PER_ROUND // 2)
        first.send(signal.SIGSTOP)
        async with execution(zygote, real, tmp_path, "second") as second:
            release(minutes, len(minutes_of(TAPE)))
            await hear_end(events)
            first.send(signal.SIGCONT)
            assert await first.ended() != 0
            assert await second.end(signal.SIGTERM) == 0
        assert "FollowerReplaced" in first.text or "AnotherWriter" in first.text
        await assert_as_undisturbed(real.log)


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
    assert line.startswith("configuration_error: PAPER_FEES: ")
    assert "expected one of velocity, drift, found 'free'" in line
