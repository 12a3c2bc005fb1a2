"""Binance USD-M, live: two sockets, one order.

bookTicker lives on /public and everything else on /market (market-data.md 2.1). Trades come by
aggTrade id; what a broken connection loses is fetched by REST before later trades go on, and what
cannot be fetched in time stays a gap. What the session held before the very first trade is fetched
by REST as well.
"""

import asyncio
import random
import time
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import datetime

import httpx

from contracts.feed import FeedKind
from contracts.ids import Symbol
from contracts.markets import market_of
from contracts.ticks import Liquidation, MarkPrice, TopOfBook, Trade
from ingest.domain import source as sources
from ingest.domain.decode import FrameDecoder
from ingest.domain.items import Item, Missed, Recovered, Stalled
from ingest.domain.sequence import Gap, TradeSequence
from ingest.domain.source import Source
from ingest.feeds.backfill import Backfill
from ingest.feeds.history import History
from ingest.feeds.lane import Lane, LaneSpec
from ingest.feeds.rest import Rest
from ingest.feeds.sockets import Timing

QUEUE_MAX = 50_000
"""Items waiting for the pump; beyond, the sockets are not read."""
MEMORY_MAX = 50_000
"""Items remembered for the case that MARKET loses its last moments."""
SILENCE_S = {"aggTrade": 30.0, "bookTicker": 10.0, "markPrice@1s": 5.0}


def live_source(symbol: Symbol, *, opened_at: datetime) -> Source:
    """Give the source of the live feed of a symbol."""
    return Source(
        venue=sources.BINANCE_USDM,
        symbol=symbol,
        market=market_of(symbol).market,
        kind=FeedKind.BINANCE,
        identity=f"live:{sources.BINANCE_USDM}:{symbol}",
        is_replayable=False,
        description=f"Binance USD-M {symbol.upper()}, live",
        begins_at=opened_at,
    )


def lanes(base_url: str, symbol: Symbol) -> tuple[LaneSpec, LaneSpec]:
    """Give the two paths that a symbol needs. Names are in lower case."""
    base = base_url.rstrip("/")
    trades, marks = f"{symbol}@aggTrade", f"{symbol}@markPrice@1s"
    forced, book = f"{symbol}@forceOrder", f"{symbol}@bookTicker"
    return (
        LaneSpec(
            name="market",
            url=f"{base}/market/stream?streams={trades}/{marks}/{forced}",
            streams={Trade: trades, MarkPrice: marks, Liquidation: forced},
            # A market without liquidations is silent on forceOrder, and well.
            deadlines_s={trades: SILENCE_S["aggTrade"], marks: SILENCE_S["markPrice@1s"]},
            leading=trades,
        ),
        LaneSpec(
            name="public",
            url=f"{base}/public/stream?streams={book}",
            streams={TopOfBook: book},
            deadlines_s={book: SILENCE_S["bookTicker"]},
            leading=book,
        ),
    )


class BinanceFeed:
    """The live feed of one symbol, once its lanes run."""

    def __init__(self, source: Source, *, backfill: Backfill, history: History) -> None:
        self._source = source
        self._history = history
        self._backfill = backfill
        self._queue: asyncio.Queue[Item] = asyncio.Queue(QUEUE_MAX)
        self._memory: deque[Item] = deque(maxlen=MEMORY_MAX)
        self._after: int | None = None
        self._sequence: TradeSequence | None = None
        """Of the trades given; none before the first."""

    @property
    def source(self) -> Source:
        """Do as Feed.source."""
        return self._source

    async def put(self, item: Item) -> None:
        """Take an item from a lane; wait while the pump is far behind."""
        await self._queue.put(item)

    async def items(self, *, after: int | None) -> AsyncGenerator[Item, None]:
        """Do as Feed.items; never ends."""
        self._after, self._sequence = after, None
        for item in tuple(self._remembered(after)):
            async for whole in self._without_gap(item):
                yield whole
        while True:
            item = await self._queue.get()
            self._memory.append(item)
            async for whole in self._without_gap(item):
                yield whole

    def _remembered(self, after: int | None) -> Iterator[Item]:
        """Give what was given behind a trade; everything that is known when it is not."""
        if after is None:
            yield from self._memory
            return
        begin = 0
        for index, item in enumerate(self._memory):
            if isinstance(item, Trade) and item.i <= after:
                begin = index + 1
        for index, item in enumerate(self._memory):
            # What is told to the log was told.
            if index >= begin and isinstance(item, Trade | TopOfBook | MarkPrice | Liquidation):
                yield item

    async def _without_gap(self, item: Item) -> AsyncIterator[Item]:
        """Put what is missing before a trade in its place, as far as it can be had."""
        if isinstance(item, Trade):
            if self._sequence is None:
                if self._after is None:
                    async for earlier in self._begin(item):
                        yield earlier
                self._sequence = TradeSequence(last_id=self._after, last_ms=item.t)
            place = self._sequence.step(item.i, item.t)
            if isinstance(place, Gap):
                async for repaired in self._repair(place.first_missing_id, place.last_missing_id):
                    yield repaired
        yield item

    async def _begin(self, first: Trade) -> AsyncIterator[Item]:
        """Give what was before the first trade, or say that it could not be had."""
        found = await self._history.before(first)
        if isinstance(found, Missed):
            yield found
            return
        for earlier in found:
            yield earlier

    async def _repair(self, first_id: int, last_id: int) -> AsyncIterator[Item]:
        """Give the missing trades; that they were missing is told where no gap will tell it."""
        stream = f"{self._source.symbol}@aggTrade"
        started_s = asyncio.get_running_loop().time()
        trades = await self._backfill.fetch(first_id, last_id)
        if len(trades) == last_id - first_id + 1:
            taken_ms = int((asyncio.get_running_loop().time() - started_s) * 1000)
            reason = f"trades {first_id} to {last_id} were missing; fetched by REST"
            yield Stalled(stream, reason, taken_ms)
            yield Recovered(stream, taken_ms)
        for trade in trades:
            yield trade


@asynccontextmanager
async def open_binance(
    source: Source,
    *,
    ws_url: str,
    rest_url: str,
    timing: Timing | None = None,
    now: Callable[[], float] = time.monotonic,
) -> AsyncGenerator[BinanceFeed, None]:
    """Open the live feed and keep it open; leaving closes its sockets.

    `now` gives the monotonic seconds by which connections are renewed and silence is told.
    """
    decoder = FrameDecoder(source.symbol)
    try:
        async with httpx.AsyncClient() as client, asyncio.TaskGroup() as group:
            rest = Rest(rest_url, client=client)
            feed = BinanceFeed(
                source,
                backfill=Backfill(rest, source.symbol, decoder=decoder),
                history=History(rest, source.symbol, decoder=decoder),
            )
            tasks = [
                group.create_task(
                    Lane(
                        spec,
                        decoder=decoder,
                        put=feed.put,
                        timing=timing or Timing(),
                        chance=random.Random(),  # noqa: S311 - jitter
                        now=now,
                    ).run()
                )
                for spec in lanes(ws_url, source.symbol)
            ]
            yield feed
            for task in tasks:
                task.cancel()
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from failures
