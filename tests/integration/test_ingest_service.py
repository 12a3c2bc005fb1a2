"""The service as a process: it waits for the desk, plays, and ends when it is told to."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from chassis.connection import connect
from chassis.log import LogClient
from chassis.market import MarketClient
from chassis.settings import ServiceSettings
from contracts.event import Event
from contracts.feed import FeedKind, FeedOpened
from contracts.ticks import Trade, decode_tick
from kit.ingest_frames import agg_trade, write_frames
from kit.risk_events import an_account
from kit.servers import NatsServer, nats_server

EX_CONFIG = 78


@asynccontextmanager
async def service(
    server: NatsServer, **environment: str
) -> AsyncGenerator[asyncio.subprocess.Process, None]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "ingest",
        env={**os.environ, "NATS_URL": server.url, "INSTANCE": "ingest-0", **environment},
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


async def ended(process: asyncio.subprocess.Process) -> str:
    """Give what a process wrote, when it has ended."""
    async with asyncio.timeout(20):
        _, said = await process.communicate()
    return said.decode()


async def opening(log: LogClient) -> FeedOpened:
    events: list[Event] = []
    async with asyncio.timeout(20), log.follow("ingest-follow-log", after=0) as follower:
        while not events:
            events = [it.event for it in await follower.next()]
    assert isinstance(events[0], FeedOpened)
    return events[0]


async def test_auto_goes_synthetic_and_plays_when_the_desk_is_there(tmp_path: Path) -> None:
    async with (
        nats_server(tmp_path) as server,
        service(server, BINANCE_WS_URL="ws://127.0.0.1:9", SYNTHETIC_SPEED="max") as process,
    ):
        connection = await connect(ServiceSettings(nats_url=server.url), service="gateway")
        market, log = MarketClient(connection), LogClient(connection, service="gateway")
        await wait_for_stream(log)
        opened = await opening(log)
        await log.append([an_account()])
        async with (
            market.follow("execution-work-prints", after=0),
            market.follow("signals-fold-trades", after=0) as follower,
        ):
            ticks = [decode_tick(it.body) for it in await follower.next(20)]
        process.send_signal(signal.SIGTERM)
        said = await ended(process)
        await connection.close()

    assert (opened.kind, opened.venue) == (FeedKind.SYNTHETIC, "synthetic")
    assert "synthetic" in opened.description
    assert isinstance(ticks[0], Trade)
    assert ticks[0].i == 1_000_001
    assert process.returncode == 0, said
    assert "feed_goes_synthetic" in said


async def wait_for_stream(log: LogClient) -> None:
    """Wait until ingest has made the server agree with the table."""
    async with asyncio.timeout(20):
        while True:
            try:
                await log.head()
            except Exception:  # noqa: BLE001 - the stream is not there yet
                await asyncio.sleep(0.05)
            else:
                return


async def test_a_log_of_another_feed_ends_the_service_with_one_clear_line(tmp_path: Path) -> None:
    first = write_frames(tmp_path / "first.log", [agg_trade(1)])
    second = write_frames(tmp_path / "second.log", [agg_trade(2)])
    async with nats_server(tmp_path / "nats") as server:
        async with service(server, FEED="tape", TAPE_FILES=str(first)) as process:
            connection = await connect(ServiceSettings(nats_url=server.url), service="gateway")
            log = LogClient(connection, service="gateway")
            await wait_for_stream(log)
            await opening(log)
            await connection.close()
            process.kill()
            await ended(process)
        async with service(server, FEED="tape", TAPE_FILES=str(second)) as process:
            said = await ended(process)

    assert process.returncode == EX_CONFIG
    (line,) = [line for line in said.splitlines() if "configuration_error" in line]
    assert "this log holds recording of solusdt: first.log" in line
    assert "use another data folder" in line
