"""The service as a process: it waits for the desk, plays, and ends when it is told to."""

import asyncio
import signal
from contextlib import AbstractAsyncContextManager
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
from kit.service_process import WAIT_S_MAX, ServiceProcess, service_process
from kit.zygote import Zygote

EX_CONFIG = 78


def service(
    zygote: Zygote, server: NatsServer, folder: Path, **environment: str
) -> AbstractAsyncContextManager[ServiceProcess]:
    """Run ingest until the context ends."""
    given = {"NATS_URL": server.url, "INSTANCE": "ingest-0", **environment}
    return service_process(zygote, "ingest", folder / "ingest.log", **given)


async def opening(log: LogClient) -> FeedOpened:
    events: list[Event] = []
    async with asyncio.timeout(WAIT_S_MAX), log.follow("ingest-follow-log", after=0) as follower:
        while not events:
            events = [it.event for it in await follower.next()]
    assert isinstance(events[0], FeedOpened)
    return events[0]


async def test_auto_goes_synthetic_and_plays_when_the_desk_is_there(
    zygote: Zygote, tmp_path: Path
) -> None:
    deaf = {"BINANCE_WS_URL": "ws://127.0.0.1:9", "SYNTHETIC_SPEED": "max"}
    async with (
        nats_server(tmp_path) as server,
        service(zygote, server, tmp_path, **deaf) as process,
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
            ticks = [decode_tick(it.body) for it in await follower.next(WAIT_S_MAX)]
        assert await process.end(signal.SIGTERM) == 0, process.text
        await connection.close()

    assert (opened.kind, opened.venue) == (FeedKind.SYNTHETIC, "synthetic")
    assert "synthetic" in opened.description
    assert isinstance(ticks[0], Trade)
    assert ticks[0].i == 1_000_001
    assert "feed_goes_synthetic" in process.text


async def wait_for_stream(log: LogClient) -> None:
    """Wait until ingest has made the server agree with the table."""
    async with asyncio.timeout(WAIT_S_MAX):
        while True:
            try:
                await log.head()
            except Exception:  # noqa: BLE001 - the stream is not there yet
                await asyncio.sleep(0.05)
            else:
                return


async def test_a_log_of_another_feed_ends_the_service_with_one_clear_line(
    zygote: Zygote, tmp_path: Path
) -> None:
    first = write_frames(tmp_path / "first.log", [agg_trade(1)])
    second = write_frames(tmp_path / "second.log", [agg_trade(2)])
    async with nats_server(tmp_path / "nats") as server:
        async with service(zygote, server, tmp_path, FEED="tape", TAPE_FILES=str(first)):
            connection = await connect(ServiceSettings(nats_url=server.url), service="gateway")
            log = LogClient(connection, service="gateway")
            await wait_for_stream(log)
            await opening(log)
            await connection.close()
        other = service(zygote, server, tmp_path, FEED="tape", TAPE_FILES=str(second))
        async with other as process:
            assert await process.ended() == EX_CONFIG

    (line,) = [line for line in process.text.splitlines() if "configuration_error" in line]
    assert "this log holds recording of solusdt: first.log" in line
    assert "use another data folder" in line
