"""The execution process on a real server: killed, with and without its server, and doubled."""

import asyncio
import contextlib
import os
import random
import signal
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from chassis.log import Log, LogClient
from contracts.ids import MarketId
from contracts.order import VenueAdvanced
from contracts.subjects import venue
from contracts.ticks import Tick, encode_tick
from kit.chassis_stage import RealStage, real_stage
from kit.execution_events import ACCOUNT, MARKET, a_feed, an_account
from kit.execution_world import (
    TRADES,
    World,
    a_tape,
    by_execution,
    by_subject,
    is_end,
    play_risk,
    play_signals,
)

WAIT_S_MAX = 45.0
TAPE = a_tape(1, count=130)


@dataclass
class Process:
    """One execution process after another, on one server."""

    folder: Path
    url: str
    name: str = "execution"
    _running: asyncio.subprocess.Process | None = field(default=None)

    @property
    def said(self) -> str:
        """Give what all of them wrote."""
        return (self.folder / f"{self.name}.log").read_text()

    async def start(self) -> None:
        """Start one."""
        with (self.folder / f"{self.name}.log").open("ab") as log:
            self._running = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "execution",
                env={**os.environ, "NATS_URL": self.url, "CHECKPOINT_EVENTS": "20"},
                stdout=log,
                stderr=log,
            )

    def send(self, how: signal.Signals) -> None:
        """Send it a signal."""
        assert self._running is not None
        self._running.send_signal(how)

    async def end(self, how: signal.Signals = signal.SIGKILL) -> int:
        """End it and give its exit code."""
        process, self._running = self._running, None
        if process is None:
            return 0
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(how)
        return await process.wait()

    async def ended(self) -> int:
        """Wait until it ends by itself and give its exit code."""
        assert self._running is not None
        return await asyncio.wait_for(self._running.wait(), WAIT_S_MAX)


@asynccontextmanager
async def execution(
    real: RealStage, folder: Path, name: str = "execution"
) -> AsyncGenerator[Process]:
    """Run execution until the context ends."""
    process = Process(folder, real.server.url, name)
    await process.start()
    try:
        yield process
    finally:
        await process.end()


@asynccontextmanager
async def the_others(real: RealStage, ticks: Sequence[Tick]) -> AsyncGenerator[None]:
    """Play ingest, signals and risk on a real server."""

    def log_as(service: str) -> Log:
        return LogClient(real.connection, service=service)

    await log_as("ingest").append([a_feed()])
    await log_as("gateway").append([an_account()])
    async with real.market.publisher() as publisher:
        for tick in ticks:
            await publisher.publish(TRADES, encode_tick(tick))
    others = [
        asyncio.create_task(play_signals(log_as("signals"), ticks)),
        asyncio.create_task(play_risk(log_as("risk"), (ACCOUNT,))),
    ]
    try:
        yield
    finally:
        for other in others:
            other.cancel()
        await asyncio.wait(others)


async def progress(log: LogClient) -> int:
    """Give the position of the venue's last marker."""
    last = await log.last(venue("paper", MarketId(MARKET)))
    return 0 if last is None else last.position


async def until_ended(log: LogClient) -> None:
    """Wait until the venue has said that the tape is worked."""
    async with asyncio.timeout(WAIT_S_MAX):
        while True:
            last = await log.last(venue("paper", MarketId(MARKET)))
            if last and isinstance(last.event, VenueAdvanced) and is_end(last.event, TAPE[-1]):
                return
            await a_moment()


async def a_moment() -> None:
    """Let the processes work."""
    await asyncio.sleep(0.002)


async def assert_as_undisturbed(log: LogClient) -> None:
    """Compare the domain events with a run in memory, byte for byte."""
    found = [it async for it in log.read() if not it.event.is_process]
    expected = await World(TAPE).run()
    assert by_subject(found) == by_subject(expected)
    assert by_execution(found) == by_execution(expected)


async def test_kills_of_the_process_and_of_the_server_change_nothing(tmp_path: Path) -> None:
    chance = random.Random(20_261_123)
    async with real_stage(tmp_path / "nats") as real, the_others(real, TAPE):
        async with execution(real, tmp_path) as process:
            for round_ in range(4):
                before = await progress(real.log)
                async with asyncio.timeout(WAIT_S_MAX):
                    while await progress(real.log) == before:
                        await a_moment()
                await asyncio.sleep(chance.random() * 0.05)
                if round_ == 2:
                    await real.server.restart()
                await process.end()
                await process.start()
            await until_ended(real.log)
            assert await process.end(signal.SIGTERM) == 0
        await assert_as_undisturbed(real.log)


async def test_a_process_that_slept_through_its_successor_cannot_record(tmp_path: Path) -> None:
    async with real_stage(tmp_path / "nats") as real, the_others(real, TAPE):
        async with (
            execution(real, tmp_path, "first") as first,
        ):
            async with asyncio.timeout(WAIT_S_MAX):
                while not await progress(real.log):
                    await a_moment()
            first.send(signal.SIGSTOP)
            async with execution(real, tmp_path, "second") as second:
                await until_ended(real.log)
                first.send(signal.SIGCONT)
                assert await first.ended() != 0
                assert await second.end(signal.SIGTERM) == 0
            assert "FollowerReplaced" in first.said or "AnotherWriter" in first.said
        await assert_as_undisturbed(real.log)


async def test_two_feeds_in_one_log_end_the_process_for_good(tmp_path: Path) -> None:
    async with real_stage(tmp_path / "nats", service="ingest") as real:
        await real.log.append([a_feed()])
        await real.log.append([a_feed(market="btc-perp", symbol="btcusdt")])
        async with execution(real, tmp_path) as process:
            assert await process.ended() == 78
            assert "expected one feed in a log" in process.said


async def test_a_bad_setting_is_one_clear_line() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "execution",
        env={**os.environ, "PAPER_FEES": "free"},
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await process.communicate()
    assert process.returncode == 78
    [line] = said.decode().splitlines()
    assert line.startswith("configuration_error: PAPER_FEES: ")
    assert "expected one of velocity, drift, found 'free'" in line
