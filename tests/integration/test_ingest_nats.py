"""The pump on a real server: what lands in MARKET and in the log, whatever happens to it."""

import asyncio
import math
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from prometheus_client import CollectorRegistry

from chassis.connection import Connection, connect
from chassis.dead_letters import DeadLetterClient
from chassis.jetstream import last_sequence
from chassis.log import LogClient
from chassis.market import MarketClient
from chassis.metrics import Metrics
from chassis.provision import provision
from chassis.settings import ServiceSettings
from contracts.feed import FeedOpened, TapeEnded
from contracts.subjects import StreamName
from contracts.ticks import TapeEnd, Trade, decode_tick
from ingest.feeds.tape import TapeFeed
from ingest.feeds.tape_files import find_tape
from ingest.meter import Meter
from ingest.pace import Pace
from ingest.pump import Pump
from ingest.records import FeedRecords, read_openings
from kit.recordings import FRAMES, recording
from kit.servers import NatsServer, nats_server
from kit.signals_recordings import frame_trades

UNHURRIED = 90
"""A speed at which its 178 s take 2 s, for 10,729 messages."""
WAIT_S_MAX = 60.0


@dataclass
class Playing:
    """A pump that plays, as a test sees it."""

    connection: Connection
    log: LogClient
    interruptions: int = 0
    """How often it found that the server had gone away."""

    def ready(self, state: bool, reason: str) -> None:
        """Count what it says of the server."""
        del state
        self.interruptions += "interrupted" in reason

    async def interrupted(self, times: int) -> None:
        """Wait until it has found that the server went away, so often."""
        async with asyncio.timeout(WAIT_S_MAX):
            while self.interruptions < times:  # noqa: ASYNC110  Nobody tells.
                await asyncio.sleep(0.005)

    async def published(self, messages: int) -> None:
        """Wait until MARKET holds so many messages."""
        async with asyncio.timeout(WAIT_S_MAX):
            while await last_sequence(self.connection, StreamName.MARKET) < messages:  # noqa: ASYNC110  Nobody tells.
                await asyncio.sleep(0.005)


@asynccontextmanager
async def pump_on(server: NatsServer, *, speed: float = math.inf) -> AsyncGenerator[Playing, None]:
    """Run a pump of the ETH recording as a process would."""
    connection = await connect(ServiceSettings(nats_url=server.url), service="ingest")
    await provision(connection)
    log = LogClient(connection, service="ingest")
    eth = recording(FRAMES) / "ethusdt_20240718.gz"
    feed = TapeFeed(find_tape([str(eth)], symbol="ethusdt"))
    records = FeedRecords(
        feed.source,
        log=log,
        dead_letters=DeadLetterClient(connection, service="ingest", metrics=Metrics()),
        before=await read_openings(log),
        now=partial(datetime.now, UTC),
    )
    await records.open()
    playing = Playing(connection, log)
    pump = Pump(
        feed,
        records=records,
        market=MarketClient(connection),
        pace=Pace(speed=speed, now=time.monotonic),
        meter=Meter(CollectorRegistry()),
        ready=playing.ready,
        watch_s=0.05,
    )
    running = asyncio.create_task(pump.run())
    try:
        yield playing
    finally:
        running.cancel()
        await asyncio.wait((running,))
        await connection.close()


async def wait_for_end(log: LogClient) -> None:
    """Wait until the log holds the end of the recording."""
    async with asyncio.timeout(WAIT_S_MAX), log.follow("ingest-follow-log", after=0) as follower:
        while not [it for it in await follower.next() if isinstance(it.event, TapeEnded)]:
            pass


async def published(server: NatsServer) -> list[Trade | TapeEnd]:
    """Give the ticks that a consumer folds: those with a new id."""
    connection = await connect(ServiceSettings(nats_url=server.url), service="test")
    ticks: list[Trade | TapeEnd] = []
    try:
        async with MarketClient(connection).follow("signals-fold-trades", after=0) as follower:
            async with asyncio.timeout(WAIT_S_MAX):
                while not ticks or not isinstance(ticks[-1], TapeEnd):
                    for message in await follower.next(1.0):
                        tick = decode_tick(message.body)
                        if not ticks or tick.i > ticks[-1].i or isinstance(tick, TapeEnd):
                            ticks.append(tick)
    finally:
        await connection.close()
    return ticks


async def test_a_recording_lands_on_the_server_once(tmp_path: Path) -> None:
    async with nats_server(tmp_path) as server:
        async with pump_on(server) as playing:
            await wait_for_end(playing.log)
            events = [it.event async for it in playing.log.read()]
        ticks = await published(server)

    expected = list(frame_trades("ethusdt_20240718"))
    assert ticks == [*expected, TapeEnd(expected[-1].i, expected[-1].t)]
    assert [type(event) for event in events] == [FeedOpened, TapeEnded]


async def test_a_kill_of_the_server_loses_nothing(tmp_path: Path) -> None:
    async with nats_server(tmp_path) as server:
        async with pump_on(server, speed=UNHURRIED) as playing:
            for times, messages in enumerate((2_000, 5_000, 8_000), start=1):
                await playing.published(messages)
                await server.restart()
                await playing.interrupted(times)
            await wait_for_end(playing.log)
        ticks = await published(server)

    expected = list(frame_trades("ethusdt_20240718"))
    assert ticks[:-1] == expected


async def test_a_kill_of_ingest_loses_nothing(tmp_path: Path) -> None:
    async with nats_server(tmp_path) as server:
        for messages in (2_000, 5_000, 8_000):
            async with pump_on(server, speed=UNHURRIED) as playing:
                await playing.published(messages)
        async with pump_on(server) as playing:
            await wait_for_end(playing.log)
            events = [it.event async for it in playing.log.read()]
        ticks = await published(server)

    assert ticks[:-1] == list(frame_trades("ethusdt_20240718"))
    assert [type(event) for event in events] == [FeedOpened, TapeEnded]


async def test_the_path_from_frame_to_market_is_lean(tmp_path: Path) -> None:
    async with nats_server(tmp_path) as server:
        started_s = time.process_time()
        async with pump_on(server) as playing:
            await wait_for_end(playing.log)
        spent_s = time.process_time() - started_s

    # 1,640 trades and 9,089 book updates; 150 us each would be slow on any machine.
    assert spent_s / (1_640 + 9_089) < 150e-6
