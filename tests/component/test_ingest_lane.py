"""A lane over connections that say what a test wants, when it wants."""

import asyncio
import random
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from contracts.ids import Symbol
from contracts.ticks import Candles, Liquidation, Trade
from ingest.domain.decode import FrameDecoder
from ingest.domain.items import Item, Missed
from ingest.feeds import lane
from ingest.feeds.backfill import Backfill
from ingest.feeds.binance import BinanceFeed, lanes, live_source
from ingest.feeds.history import History
from ingest.feeds.lane import Lane
from ingest.feeds.sockets import Arrived, Note, Opened, Timing
from kit.ingest_frames import NOON_MS, agg_trade, combined, force_order

SOL = Symbol("solusdt")
FORCED = combined(force_order(NOON_MS + 1), stream="solusdt@forceOrder")


def a_trade(trade_id: int) -> bytes:
    """Give the frame of a trade."""
    return combined(agg_trade(trade_id), stream="solusdt@aggTrade")


async def test_what_both_connections_say_while_the_second_opens_is_given_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The exchange may send on a connection before we know that it stands."""
    second_opens, first_has_said_it = asyncio.Event(), asyncio.Event()

    async def read_socket(
        _url: str, *, number: int, inbox: asyncio.Queue[Note], timing: Timing, delay_s: float
    ) -> None:
        del timing, delay_s
        if number == 1:
            await inbox.put(Opened(1))
            await second_opens.wait()
            frames = [a_trade(1), FORCED, a_trade(2), a_trade(3)]
        else:
            second_opens.set()
            await first_has_said_it.wait()
            await inbox.put(Opened(2))
            frames = [FORCED, a_trade(2), a_trade(3), a_trade(4)]
        for frame in frames:
            await inbox.put(Arrived(number, frame))
        first_has_said_it.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(lane, "read_socket", read_socket)
    items: asyncio.Queue[Item] = asyncio.Queue()
    market, _ = lanes("ws://nowhere", SOL)
    timing = replace(Timing(), life_s=0.01, beat_s=0.005)
    running = asyncio.create_task(
        Lane(
            market,
            decoder=FrameDecoder(SOL),
            put=items.put,
            timing=timing,
            chance=random.Random(1),
        ).run()
    )
    given: list[Item] = []
    async with asyncio.timeout(30):
        while not given or not isinstance(given[-1], Trade) or given[-1].i < 4:
            given.append(await items.get())
    running.cancel()
    await asyncio.wait((running,))

    assert [it.i for it in given if isinstance(it, Trade)] == [1, 2, 3, 4]
    assert len([it for it in given if isinstance(it, Liquidation)]) == 1


async def test_one_trade_with_a_corrupt_id_does_not_silence_the_lane(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is passed on for the sequence to doubt, and what follows is passed on as well."""

    async def read_socket(
        _url: str, *, number: int, inbox: asyncio.Queue[Note], timing: Timing, delay_s: float
    ) -> None:
        del timing, delay_s
        await inbox.put(Opened(number))
        corrupt = combined(agg_trade(2, a=10**15), stream="solusdt@aggTrade")
        for frame in (a_trade(1), a_trade(2), corrupt, a_trade(3), a_trade(3), a_trade(4)):
            await inbox.put(Arrived(number, frame))
        await asyncio.Event().wait()

    monkeypatch.setattr(lane, "read_socket", read_socket)
    items: asyncio.Queue[Item] = asyncio.Queue()
    market, _ = lanes("ws://nowhere", SOL)
    running = asyncio.create_task(
        Lane(
            market,
            decoder=FrameDecoder(SOL),
            put=items.put,
            timing=Timing(),
            chance=random.Random(1),
        ).run()
    )
    given: list[int] = []
    async with asyncio.timeout(30):
        while 4 not in given:
            item = await items.get()
            if isinstance(item, Trade):
                given.append(item.i)
    running.cancel()
    await asyncio.wait((running,))
    assert given == [1, 2, 10**15, 3, 4]


async def test_a_new_connection_that_says_nothing_does_not_replace_one_that_speaks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    opened: list[int] = []

    async def read_socket(
        _url: str, *, number: int, inbox: asyncio.Queue[Note], timing: Timing, delay_s: float
    ) -> None:
        del timing, delay_s
        opened.append(number)
        await inbox.put(Opened(number))
        trade_id = 0
        while number == 1:
            trade_id += 1
            await inbox.put(Arrived(1, a_trade(trade_id)))
            await asyncio.sleep(0.002)
        await asyncio.Event().wait()

    monkeypatch.setattr(lane, "read_socket", read_socket)
    items: asyncio.Queue[Item] = asyncio.Queue()
    market, _ = lanes("ws://nowhere", SOL)
    timing = replace(Timing(), life_s=0.01, beat_s=0.005, overlap_s_max=0.05)
    running = asyncio.create_task(
        Lane(
            market,
            decoder=FrameDecoder(SOL),
            put=items.put,
            timing=timing,
            chance=random.Random(1),
        ).run()
    )
    async with asyncio.timeout(30):
        while not isinstance(item := await items.get(), Trade) or item.i < 200:
            pass
    running.cancel()
    await asyncio.wait((running,))
    # The second one was given up; another is tried later.
    assert opened == [1, 2]


class NoHistory(History):
    """Knows nothing of what was before."""

    def __init__(self) -> None:
        pass

    async def before(self, first: Trade) -> list[Candles | Trade] | Missed:
        """Give nothing."""
        del first
        return []


class AskedBackfill(Backfill):
    """Has nothing, and keeps what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[int, int]] = []

    async def fetch(self, first_id: int, last_id: int) -> list[Trade]:
        """Give nothing."""
        self.asked.append((first_id, last_id))
        return []


async def test_after_a_trade_with_a_corrupt_id_gaps_are_still_fetched() -> None:
    backfill = AskedBackfill()
    source = live_source(SOL, opened_at=datetime.now(UTC))
    feed = BinanceFeed(source, backfill=backfill, history=NoHistory())
    ids = [1, 2, 10**15, 3, 6]
    for trade_id in ids:
        await feed.put(Trade(trade_id, NOON_MS, "150.01", "1", True))
    given: list[int] = []
    async with aclosing(feed.items(after=None)) as items:
        async for item in items:
            assert isinstance(item, Trade)
            given.append(item.i)
            if len(given) == len(ids):
                break
    assert given == ids
    assert backfill.asked == [(4, 5)]
