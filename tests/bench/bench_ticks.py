"""Trades through ingest and signals, against plain nats-py moving the same bytes.

Ours: the service processes `ingest`, playing a tape at full speed into MARKET, and `signals`,
folding it, until the last minute fact is in LOG. The floor: one process that publishes the same
bytes, encoded before, and one that consumes and acknowledges them. Both begin with the first
message in the stream, by the server's clock.
"""

import asyncio
import tempfile
from asyncio.subprocess import Process
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path

from bench.events import MARKET, account_opened
from bench.measure import Row, Size, row
from bench.processes import Worker, service, working
from bench.raw import consume_all, create_consumer, publish_all
from bench.servers import bench_server
from chassis import jetstream
from chassis.connection import Connection, connected
from chassis.log import LogClient
from chassis.settings import ServiceSettings
from contracts import subjects
from contracts.ids import MarketId, SourceVenue, Symbol
from contracts.minute import MinuteClosed
from contracts.subjects import StreamName
from contracts.ticks import TapeEnd, Trade, encode_tick
from ingest.feeds.tape import play
from ingest.feeds.tape_files import find_tape
from kit.recordings import LTC_TICKS, RecordingMissing, recording

AIM = 0.5
_SUBJECT = subjects.trades(SourceVenue("binance-spot"), Symbol("ltcusdt"))
_HEADER = "timestamp,price,quantity,side,tradeId\n"
_DONE_S_MAX = 120.0


@dataclass(frozen=True, slots=True)
class Plan:
    """How many trades to move how often. The gaps of the recording lie in its first third, and each
    of them waits for the log; so a part of it is no measure of the whole."""

    rounds: int
    trades: int


PLANS = {
    Size.FULL: Plan(rounds=3, trades=1_000_000),
    Size.QUICK: Plan(rounds=1, trades=1_000_000),
    Size.TINY: Plan(rounds=1, trades=2_000),
}


async def run(size: Size) -> list[Row]:
    """Measure both, in turns."""
    plan = PLANS[size]
    ours: list[float] = []
    floor: list[float] = []
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        tape = Path(folder) / "LTCUSDT_bench_trades.csv"
        kind = _make_tape(tape, size)
        bodies = [encode_tick(tick) for tick in _ticks(tape)]
        for _ in range(plan.rounds):
            floor.append(await _floor(bodies))
            ours.append(await _ours(tape, len(bodies)))
    return [
        row(
            "ticks",
            f"ingest to signals, {len(bodies) - 1:,} {kind} trades",
            "trades/s",
            ours=ours,
            floor_name="nats-py publish and consume",
            floor=floor,
            aim=AIM,
        )
    ]


# The tape.


def _make_tape(path: Path, size: Size) -> str:
    """Write the tape; say what is in it."""
    trades = PLANS[size].trades
    if size is not Size.TINY:
        with suppress(RecordingMissing):
            write_tape(path, _recorded(recording(LTC_TICKS), trades))
            return "recorded"
    write_tape(path, _made_up(trades))
    return "made-up"


def _recorded(files: Path, trades: int) -> Iterator[Trade]:
    items = play(find_tape([str(files)], symbol="ltcusdt"))
    return islice((item for item in items if isinstance(item, Trade)), trades)


def _made_up(trades: int) -> Iterator[Trade]:
    """Give trades 0.8 s apart whose price swings by a few percent, and a whole number of ids."""
    for number in range(min(trades, 150_000)):
        cents = 8200 + abs(number % 600 - 300)
        yield Trade(
            1_000 + number,
            1_750_500_000_000 + 800 * number,
            f"{cents / 100:.2f}",
            f"0.{number % 997 + 1:03}",
            number % 3 == 0,
        )


def write_tape(path: Path, trades: Iterator[Trade]) -> None:
    """Write trades as a tape of ingest."""
    with path.open("w", encoding="ascii") as tape:
        tape.write(_HEADER)
        for it in trades:
            tape.write(f"{it.t},{it.p},{it.q},{'sell' if it.m else 'buy'},{it.i}\n")


def _ticks(tape: Path) -> Iterator[Trade | TapeEnd]:
    last = None
    for item in play(find_tape([str(tape)], symbol="ltcusdt")):
        if isinstance(item, Trade):
            last = item
            yield item
    assert last is not None
    yield TapeEnd(last.i, last.t)


# Ours.


async def _ours(tape: Path, ticks: int) -> float:
    async with (
        bench_server() as url,
        connected(ServiceSettings(nats_url=url), "gateway") as connection,
    ):
        # Stand-ins for what a replayable feed waits for: an account, and the paper venue, which
        # here hears nothing.
        await LogClient(connection, service="gateway").append([account_opened()])
        await create_consumer(
            connection.client,
            stream=StreamName.MARKET,
            consumer="execution-work-prints",
            filters=("trades.>",),
            after=1 << 40,
        )
        feed = {"FEED": "tape", "TAPE_FILES": str(tape), "TAPE_SPEED": "max"}
        async with service("signals", url, {}) as signals, service("ingest", url, feed) as ingest:
            ended_at = await _last_minute_recorded(connection, (signals, ingest))
        return ticks / (ended_at - await _first_tick_at(connection)).total_seconds()


async def _last_minute_recorded(connection: Connection, services: Sequence[Process]) -> datetime:
    """Wait for the unfinished minute that the end of the tape closes."""
    log = LogClient(connection, service="gateway")
    subject = subjects.minute(MarketId(MARKET))
    async with asyncio.timeout(_DONE_S_MAX):
        while True:
            last = await log.last(subject)
            minute = None if last is None else last.event
            if last is not None and isinstance(minute, MinuteClosed) and not minute.is_complete:
                return last.recorded_at
            if any(process.returncode is not None for process in services):
                raise RuntimeError("a service ended; see what it said")
            await asyncio.sleep(0.1)


async def _first_tick_at(connection: Connection) -> datetime:
    first = await jetstream.stored(connection, StreamName.MARKET, {"seq": 1})
    assert first is not None
    assert first.headers is not None
    return jetstream.stored_time(first.headers["Nats-Time-Stamp"])


# The floor.


async def _floor(bodies: list[bytes]) -> float:
    async with (
        bench_server() as url,
        connected(ServiceSettings(nats_url=url), "bench") as connection,
    ):
        consumer = Worker(consume_all, url, StreamName.MARKET, _SUBJECT, len(bodies))
        publisher = Worker(publish_all, url, _SUBJECT, bodies)
        async with working(consumer, publisher):
            publisher.tell("go")
            ended_s = await consumer.hear()
        return len(bodies) / (ended_s - (await _first_tick_at(connection)).timestamp())
