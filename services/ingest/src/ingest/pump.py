"""From the feed to MARKET and the log: every tick once, in order, loss told before what follows.

Where MARKET ends says where to continue: after a restart, and after the server went away. So
nothing else has to be remembered.
"""

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from typing import NewType, TypeVar

import msgspec
import structlog

from chassis.market import Market, MarketInterrupted, MarketMessage, MarketPublisher
from contracts import subjects
from contracts.codec import MalformedBody
from contracts.ticks import (
    Candles,
    Liquidation,
    MarkPrice,
    TapeEnd,
    Tick,
    TopOfBook,
    Trade,
    encode_tick,
)
from contracts.values import to_millis
from ingest.barrier import LISTENERS
from ingest.domain.items import (
    Finished,
    Ignored,
    Missed,
    OtherTrade,
    Passed,
    Recovered,
    Refused,
    Stalled,
)
from ingest.domain.passage import Passage, Published
from ingest.domain.sequence import Gap, Implausible, Place
from ingest.domain.totals import Totals
from ingest.feeds.port import Feed
from ingest.meter import Meter
from ingest.pace import Pace
from ingest.records import FeedRecords

WINDOW = 512
LAG_MAX = 20_000
"""Messages that a consumer of MARKET may be behind before a replayable feed waits for it."""
LAG_CHECK_EVERY = 2_000
LAG_POLL_S = 0.02
LAG_TOLD_S = 2.0
"""A feed that is held up for longer says so."""
YIELD_EVERY = 500
"""Items after which the event loop gets a turn, so that health answers while a feed skips."""
WATCH_S = 2.0
"""How often MARKET is looked at after the end of a recording."""
RETRY_S = 0.1

Subject = NewType("Subject", str)
M = TypeVar("M")
_log = structlog.get_logger()


class Pump:
    """Moves one feed."""

    def __init__(
        self,
        feed: Feed,
        *,
        records: FeedRecords,
        market: Market,
        pace: Pace,
        meter: Meter,
        ready: Callable[[bool, str], None],
        watch_s: float = WATCH_S,
    ) -> None:
        source = feed.source
        self._feed = feed
        self._records = records
        self._market = market
        self._pace = pace
        self._meter = meter
        self._ready = ready
        self._watch_s = watch_s
        self._is_flowing = False
        self._is_replayable = source.is_replayable
        self._begins_ms = to_millis(source.begins_at)
        self._trades = subjects.trades(source.venue, source.symbol)
        self._history = subjects.history(source.venue, source.symbol)
        self._book = subjects.book(source.venue, source.symbol)
        self._mark = subjects.mark(source.venue, source.symbol)
        self._liquidations = subjects.liquidations(source.venue, source.symbol)

    async def run(self) -> None:
        """Play until canceled. After the end of a recording, see to it that MARKET keeps it."""
        self._ready(False, "waiting for the feed's first trade")
        while True:
            try:
                published = await self._published()
                if published.is_ended and self._records.has_ended:
                    self._ready(True, "the recording is over")
                    await asyncio.sleep(self._watch_s)
                    continue
                async with self._market.publisher(window=WINDOW) as publisher:
                    await self._play(publisher, published)
            except MarketInterrupted as interruption:
                _log.warning("market_interrupted", reason=str(interruption))
                self._is_flowing = False
                self._ready(False, f"the market stream was interrupted: {interruption}")
                await asyncio.sleep(RETRY_S)

    async def _play(self, publisher: MarketPublisher, published: Published) -> None:
        passage = Passage(published)
        at_ms = self._begins_ms
        after = None if published.last is None else published.last[0]
        count = 0
        _log.info("feed_playing", after_trade_id=after)
        async with aclosing(self._feed.items(after=after)) as items:
            async for item in items:
                count += 1
                if count % YIELD_EVERY == 0:
                    await asyncio.sleep(0)
                if isinstance(item, Trade):
                    at_ms = item.t
                    await self._trade(publisher, passage, item)
                elif isinstance(item, TopOfBook | MarkPrice | Liquidation):
                    at_ms = item.t
                    await self._other_tick(publisher, passage, item)
                elif isinstance(item, Candles):
                    await publisher.publish(self._history, encode_tick(item))
                elif isinstance(item, Finished):
                    await self._finish(publisher, item.totals, published)
                else:
                    await self._aside(passage, item, at_ms)

    async def _trade(self, publisher: MarketPublisher, passage: Passage, trade: Trade) -> None:
        place = passage.trade(trade.i, trade.t)
        if place is Place.KNOWN:
            self._meter.known()
            return
        if isinstance(place, Implausible):
            _log.warning("trade_implausible", reason=place.reason)
            return
        await self._wait_until_due(trade.t)
        if isinstance(place, Gap):
            self._meter.gap(place.missing_trades)
            await self._records.gap(place)
        await publisher.publish(self._trades, encode_tick(trade))
        count = self._meter.trade_published(trade.t)
        if not self._is_flowing:
            await publisher.flush()  # a server that can store nothing takes it and says nothing
            self._is_flowing = True
            self._ready(True, "")
        if self._is_replayable and count % LAG_CHECK_EVERY == 0:
            await self._wait_for_consumers()

    async def _other_tick(
        self,
        publisher: MarketPublisher,
        passage: Passage,
        tick: TopOfBook | MarkPrice | Liquidation,
    ) -> None:
        if isinstance(tick, TopOfBook):
            is_new, subject, kind = passage.lets_top(tick), self._book, "top"
        elif isinstance(tick, MarkPrice):
            is_new, subject, kind = passage.lets_mark(tick), self._mark, "mark"
        else:
            is_new, subject = passage.lets_liquidation(tick), self._liquidations
            kind = "liquidation"
        if is_new:
            await self._wait_until_due(tick.t)
            await publisher.publish(subject, encode_tick(tick))
            self._meter.published(kind)

    async def _aside(
        self,
        passage: Passage,
        item: OtherTrade | Ignored | Refused | Stalled | Recovered | Missed,
        at_ms: int,
    ) -> None:
        match item:
            case OtherTrade():
                self._meter.passed("other_trade")
                place = passage.trade(item.i, item.t)
                if isinstance(place, Gap):
                    await self._records.gap(place)
            case Ignored():
                self._meter.passed(item.what)
                if item.what in (Passed.UNKNOWN_EVENT, Passed.SERVER_ERROR):
                    self._meter.tell_once(item.what, item.detail)
            case Refused():
                self._meter.passed("refused")
                await self._records.refused(item, at_ms=at_ms)
            case Stalled():
                self._is_flowing = False
                self._ready(False, f"{item.stream}: {item.reason}")
                await self._records.stalled(item)
            case Recovered():
                await self._records.recovered(item)
            case Missed():
                await self._records.missed(item)

    async def _finish(
        self, publisher: MarketPublisher, totals: Totals, published: Published
    ) -> None:
        if not published.is_ended:
            end = TapeEnd(totals.last_trade_id, totals.last_ms or self._begins_ms)
            await publisher.publish(self._trades, encode_tick(end))
        await publisher.flush()
        await self._records.ended(totals)

    async def _wait_until_due(self, at_ms: int) -> None:
        delay_s = self._pace.delay_s(at_ms)
        if delay_s > 0:
            await asyncio.sleep(delay_s)

    async def _wait_for_consumers(self) -> None:
        """Hold a replayable feed while a consumer that decides is too far behind."""
        waited_s = 0.0
        while True:
            lags = await self._market.lags()
            behind = {name: lags[name] for name in LISTENERS if lags.get(name, 0) > LAG_MAX}
            if not behind:
                return
            self._meter.waited(behind)
            if waited_s > LAG_TOLD_S:
                self._is_flowing = False
                self._ready(False, f"waiting for {', '.join(behind)}")
            await asyncio.sleep(LAG_POLL_S)
            waited_s += LAG_POLL_S

    async def _published(self) -> Published:
        """Read the last message of each kind in MARKET."""
        return Published(
            trade=_read(_ticks, await self._market.last(self._trades)),
            history=_read(_histories, await self._market.last(self._history)),
            top=_read(_tops, await self._market.last(self._book)),
            mark=_read(_marks, await self._market.last(self._mark)),
            liquidation=_read(_forced, await self._market.last(self._liquidations)),
        )


_ticks: msgspec.json.Decoder[Tick] = msgspec.json.Decoder(Tick)
_histories = msgspec.json.Decoder(Candles)
_tops = msgspec.json.Decoder(TopOfBook)
_marks = msgspec.json.Decoder(MarkPrice)
_forced = msgspec.json.Decoder(Liquidation)


def _read(decoder: msgspec.json.Decoder[M], message: MarketMessage | None) -> M | None:
    if message is None:
        return None
    try:
        return decoder.decode(message.body)
    except msgspec.DecodeError as error:
        raise MalformedBody(
            f"expected a tick of ours on {message.subject}, "
            f"found at sequence {message.sequence}: {error}"
        ) from None
