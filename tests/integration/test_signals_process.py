"""The signals process on a real server: killed, with and without its server, at full rate."""

import asyncio
import random
import signal
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from chassis.log import Follower, LogClient
from chassis.market import MarketInterrupted
from contracts import subjects
from contracts.codec import canonical
from contracts.minute import MinuteClosed
from contracts.ticks import Tick, decode_tick, encode_tick
from kit.chassis_stage import RealStage, real_stage
from kit.service_process import WAIT_S_MAX, ServiceProcess, service_process
from kit.signals_minutes import SYMBOL, VENUE, a_feed, feed_draft, tape_of
from kit.signals_recordings import ltc_trades
from kit.signals_stage import a_stage, running
from kit.zygote import Zygote

TRADES = subjects.trades(VENUE, SYMBOL)
TAPE: Sequence[Tick] = tape_of(ltc_trades()[60_000:75_000])
PART = 5_000
MINUTES_PER_PART = 60
"""Each part of the tape closes at least so many."""


def signals_process(
    zygote: Zygote, real: RealStage, folder: Path
) -> AbstractAsyncContextManager[ServiceProcess]:
    """Run signals until the context ends."""
    environment = {"NATS_URL": real.server.url, "CHECKPOINT_MINUTES": "20"}
    return service_process(zygote, "signals", folder / "signals.log", **environment)


async def publish(real: RealStage, ticks: Sequence[Tick]) -> None:
    """Publish ticks as ingest does: after an interruption, from the last that is there."""
    while True:
        last = await real.market.last(TRADES)
        begin = 0 if last is None else ticks.index(decode_tick(last.body)) + 1
        if begin == len(ticks):
            return
        try:
            async with real.market.publisher() as publisher:
                for tick in ticks[begin:]:
                    await publisher.publish(TRADES, encode_tick(tick))
        except MarketInterrupted:
            continue


async def hear(events: Follower, count: int, *, after: int) -> None:
    """Return when so many minutes are recorded behind a position."""
    async with asyncio.timeout(WAIT_S_MAX):
        while count > 0:
            for it in await events.next():
                count -= isinstance(it.event, MinuteClosed) and it.position > after


async def hear_end(events: Follower) -> None:
    """Return when the tape's last minute is recorded."""
    async with asyncio.timeout(WAIT_S_MAX):
        while True:
            for it in await events.next():
                if isinstance(it.event, MinuteClosed) and not it.event.is_complete:
                    return


async def domain_log(log: LogClient) -> list[bytes]:
    """Give what happened, byte for byte; when software ran is no part of it."""
    return [canonical(it) async for it in log.read() if not it.event.is_process]


async def undisturbed() -> list[bytes]:
    """Give the same log made in memory."""
    stage = await a_stage()
    await stage.publish(TAPE)
    async with running(stage):
        await stage.until_ended()
    return stage.canonical_log


@pytest.mark.timeout(300)
async def test_kills_of_the_process_and_of_the_server_change_nothing(
    zygote: Zygote, tmp_path: Path
) -> None:
    chance = random.Random(20_261_123)
    async with (
        real_stage(tmp_path / "nats", service="ingest") as real,
        real.log.follow("gateway-show-log", after=0) as events,
        signals_process(zygote, real, tmp_path) as process,
    ):
        await real.log.append([feed_draft(a_feed())])
        for round_ in (1, 2):
            begin = await real.log.head()
            publishing = asyncio.create_task(publish(real, TAPE[: round_ * PART]))
            await hear(events, chance.randint(1, MINUTES_PER_PART), after=begin)
            if round_ == 2:
                await real.server.restart()
            await process.end()
            process.start()
            await publishing
        await publish(real, TAPE)
        await hear_end(events)
        assert await process.end(signal.SIGTERM) == 0
        assert await domain_log(real.log) == await undisturbed()


async def test_two_feeds_in_one_log_end_the_process_for_good(
    zygote: Zygote, tmp_path: Path
) -> None:
    async with real_stage(tmp_path / "nats", service="ingest") as real:
        second = a_feed(symbol="btcusdt", market="btc-perp", identity="tape:other")
        await real.log.append([feed_draft(a_feed())])
        await real.log.append([feed_draft(second)])
        async with signals_process(zygote, real, tmp_path) as process:
            assert await process.ended() == 78
        [line] = [line for line in process.said if line.get("level") == "critical"]

    assert "expected one feed in this log" in str(line["error"])


async def test_a_bad_setting_is_one_clear_line(zygote: Zygote, tmp_path: Path) -> None:
    output = tmp_path / "signals.log"
    async with service_process(zygote, "signals", output, CHECKPOINT_MINUTES="0") as process:
        assert await process.ended() == 78
    [line] = process.text.splitlines()
    assert line.startswith("configuration_error: CHECKPOINT_MINUTES: ")
