"""Ingest in one process: a pump over streams in memory, and feeds that do as they are told."""

import asyncio
import math
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from prometheus_client import CollectorRegistry

from contracts import codec
from contracts.event import Event
from contracts.feed import FeedKind, FeedOpened, FrameRefused, TapeEnded, TradeGapDetected
from contracts.ids import MarketId, SourceVenue, Symbol
from contracts.ticks import TapeEnd, Trade, decode_tick
from contracts.values import from_millis
from ingest.domain.items import Item
from ingest.domain.source import Source
from ingest.feeds.port import Feed
from ingest.feeds.tape import TapeFeed
from ingest.feeds.tape_files import find_tape
from ingest.meter import Meter
from ingest.pace import Pace
from ingest.pump import Pump
from ingest.records import FeedRecords, read_openings
from kit.ingest_frames import NOON_MS
from kit.memory import InMemoryDeadLetters, InMemoryLog, InMemoryMarket

WALL = datetime(2026, 6, 1, tzinfo=UTC)


def a_source(*, is_replayable: bool = False) -> Source:
    """Give the source of a scripted feed."""
    return Source(
        venue=SourceVenue("binance-usdm"),
        symbol=Symbol("solusdt"),
        market=MarketId("sol-perp"),
        kind=FeedKind.TAPE if is_replayable else FeedKind.BINANCE,
        identity="scripted",
        is_replayable=is_replayable,
        description="a script",
        begins_at=from_millis(NOON_MS),
    )


class ScriptedFeed:
    """Gives the items of a list and then waits for ever; `asked` are the seeks."""

    def __init__(self, items: Sequence[Item], *, is_replayable: bool = False) -> None:
        self.source = a_source(is_replayable=is_replayable)
        self.asked: list[int | None] = []
        self._items = items

    async def items(self, *, after: int | None) -> AsyncGenerator[Item, None]:
        """Do as Feed.items."""
        self.asked.append(after)
        for item in self._items:
            yield item
        await asyncio.Event().wait()


def tape_feed(*paths: Path) -> TapeFeed:
    """Give the feed of recordings."""
    return TapeFeed(find_tape([str(path) for path in paths], symbol="solusdt"))


@dataclass
class Rig:
    """Streams that outlive the pumps that run on them, as the server outlives a process."""

    log: InMemoryLog = field(default_factory=lambda: InMemoryLog(service="ingest"))
    market: InMemoryMarket = field(default_factory=InMemoryMarket)
    dead_letters: InMemoryDeadLetters = field(default_factory=InMemoryDeadLetters)
    readiness: list[tuple[bool, str]] = field(default_factory=list[tuple[bool, str]])
    wall: datetime = WALL
    speed: float = math.inf

    async def play(self, feed: Feed, until: Callable[[], bool], *, timeout_s: float = 60) -> None:
        """Start a pump as a new process would, and kill it when the condition holds."""
        before = await read_openings(self.log)
        records = FeedRecords(
            feed.source,
            log=self.log,
            dead_letters=self.dead_letters,
            before=before,
            now=lambda: self.wall,
        )
        await records.open()
        pump = Pump(
            feed,
            records=records,
            market=self.market,
            pace=Pace(speed=self.speed, now=asyncio.get_running_loop().time),
            meter=Meter(CollectorRegistry()),
            ready=lambda state, reason: self.readiness.append((state, reason)),
            watch_s=0.01,
        )
        running = asyncio.create_task(pump.run())
        try:
            async with asyncio.timeout(timeout_s):
                while not until() and not running.done():  # noqa: ASYNC110 - any condition
                    await asyncio.sleep(0)
            if running.done():
                running.result()
        finally:
            running.cancel()
            await asyncio.wait((running,))

    async def play_out(self, feed: Feed) -> None:
        """Play a recording to its end."""
        await self.play(feed, lambda: bool(self.events(TapeEnded)) and self._has_end())

    def _has_end(self) -> bool:
        """Say whether MARKET holds the end of a recording, which the log is told of before."""
        return any(isinstance(it, TapeEnd) for it in self.ticks[-1:])

    def events(self, *kinds: type[Event]) -> list[Event]:
        """Give the events of the log of these kinds, in order."""
        return [it.event for it in self.log.recorded if not kinds or isinstance(it.event, kinds)]

    def canonical(self) -> list[bytes]:
        """Give the log's bytes, all but positions and recorded times."""
        return [codec.canonical(it) for it in self.log.recorded if not it.event.is_process]

    def bodies(self, subject: str) -> list[bytes]:
        """Give the messages of a subject of MARKET, in order."""
        return [it.body for it in self.market.messages if it.subject == subject]

    @property
    def ticks(self) -> list[Trade | TapeEnd]:
        """Give the messages on the trades' subject."""
        found = [it for it in self.market.messages if it.subject.startswith("trades.")]
        return [decode_tick(it.body) for it in found]

    @property
    def trades(self) -> list[Trade]:
        """Give the trades of MARKET, in order."""
        return [it for it in self.ticks if isinstance(it, Trade)]


FEED_EVENTS = (FeedOpened, TradeGapDetected, FrameRefused, TapeEnded)


def body(tick: msgspec.Struct) -> bytes:
    """Give the bytes of a tick."""
    return msgspec.json.encode(tick)
