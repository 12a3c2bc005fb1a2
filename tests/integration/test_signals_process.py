"""The signals process on a real server: killed, with and without its server, at full rate."""

import asyncio
import json
import os
import random
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from msgspec.structs import replace

from chassis.log import LogClient
from chassis.market import MarketInterrupted
from contracts import subjects
from contracts.codec import canonical
from contracts.minute import MinuteClosed
from contracts.ticks import TapeEnd, Tick, decode_tick, encode_tick
from kit.chassis_stage import RealStage, real_stage
from kit.signals_minutes import MARKET, SYMBOL, VENUE, a_feed, feed_draft, tape_of
from kit.signals_recordings import ltc_trades
from kit.signals_stage import a_stage, running

TRADES = subjects.trades(VENUE, SYMBOL)
MINUTES = subjects.minute(MARKET)
WAIT_S_MAX = 50.0


@dataclass
class Process:
    """One signals process after another, on one server."""

    folder: Path
    url: str
    codes: list[int] = field(default_factory=list[int])
    _running: asyncio.subprocess.Process | None = None

    @property
    def said(self) -> list[dict[str, object]]:
        """Give the log lines of all of them."""
        lines = (self.folder / "signals.log").read_text().splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    async def start(self) -> None:
        """Start one."""
        with (self.folder / "signals.log").open("ab") as log:
            self._running = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "signals",
                env={**os.environ, "NATS_URL": self.url, "CHECKPOINT_MINUTES": "20"},
                stdout=log,
                stderr=log,
            )

    async def end(self, how: signal.Signals = signal.SIGKILL) -> int:
        """End it and give its exit code."""
        process = self._running
        assert process is not None
        if process.returncode is None:
            process.send_signal(how)
        return await process.wait()

    async def ended(self) -> int:
        """Wait until it ends by itself and give its exit code."""
        assert self._running is not None
        return await asyncio.wait_for(self._running.wait(), WAIT_S_MAX)


@asynccontextmanager
async def signals_process(real: RealStage, folder: Path) -> AsyncGenerator[Process, None]:
    """Run signals until the context ends."""
    process = Process(folder, real.server.url)
    await process.start()
    try:
        yield process
    finally:
        await process.end()


async def publish(real: RealStage, tape: list[Tick]) -> None:
    """Publish a tape as ingest does: after an interruption, from the last that is there."""
    while True:
        last = await real.market.last(TRADES)
        found = None if last is None else decode_tick(last.body)
        if isinstance(found, TapeEnd):
            return
        begin = 0 if found is None else found.i - tape[0].i + 1
        try:
            async with real.market.publisher() as publisher:
                for tick in tape[begin:]:
                    await publisher.publish(TRADES, encode_tick(tick))
        except MarketInterrupted:
            continue


async def last_minute(log: LogClient) -> int:
    """Give the position of the last minute, 0 before the first."""
    last = await log.last(MINUTES)
    return 0 if last is None else last.position


async def until_ended(log: LogClient) -> None:
    """Wait until the log has the tape's last minute."""
    async with asyncio.timeout(WAIT_S_MAX):
        while True:
            last = await log.last(MINUTES)
            if last and isinstance(last.event, MinuteClosed) and not last.event.is_complete:
                return
            await asyncio.sleep(0.05)


async def domain_log(log: LogClient) -> list[bytes]:
    """Give what happened, byte for byte; when software ran is no part of it."""
    return [canonical(it) async for it in log.read() if not it.event.is_process]


async def undisturbed(tape: list[Tick]) -> list[bytes]:
    """Give the same log made in memory."""
    stage = await a_stage()
    await stage.publish(tape)
    async with running(stage):
        await stage.until_ended()
    return stage.canonical_log


def a_tape() -> list[Tick]:
    """Give real trades with ids without a gap, so that ids say where publishing stands."""
    trades = ltc_trades()[60_000:75_000]
    return tape_of([replace(trade, i=index) for index, trade in enumerate(trades, start=1)])


@pytest.mark.timeout(180)
async def test_kills_of_the_process_and_of_the_server_change_nothing(tmp_path: Path) -> None:
    tape = a_tape()
    expected = await undisturbed(tape)
    chance = random.Random(20_261_123)
    async with real_stage(tmp_path / "nats", service="ingest") as real:
        await real.log.append([feed_draft(a_feed())])
        publishing = asyncio.create_task(publish(real, tape))
        async with signals_process(real, tmp_path) as process:
            for turn in range(2):
                before = await last_minute(real.log)
                async with asyncio.timeout(WAIT_S_MAX):
                    while await last_minute(real.log) == before:  # noqa: ASYNC110 -- a server's
                        await asyncio.sleep(0.002)
                await asyncio.sleep(chance.random() * 0.05)
                if turn == 1:
                    await real.server.restart()
                await process.end()
                await process.start()
            await publishing
            await until_ended(real.log)
            assert await process.end(signal.SIGTERM) == 0
        found = await domain_log(real.log)

    assert found == expected


async def test_two_feeds_in_one_log_end_the_process_for_good(tmp_path: Path) -> None:
    async with real_stage(tmp_path / "nats", service="ingest") as real:
        second = a_feed(symbol="btcusdt", market="btc-perp", identity="tape:other")
        await real.log.append([feed_draft(a_feed())])
        await real.log.append([feed_draft(second)])
        async with signals_process(real, tmp_path) as process:
            assert await process.ended() == 78
        [line] = [line for line in process.said if line.get("level") == "critical"]

    assert "expected one feed in this log" in str(line["error"])


async def test_a_bad_setting_is_one_clear_line() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "signals",
        env={**os.environ, "CHECKPOINT_MINUTES": "0"},
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await process.communicate()

    assert process.returncode == 78
    [line] = said.decode().splitlines()
    assert line.startswith("configuration_error: CHECKPOINT_MINUTES: ")
