"""A lane over connections that say what a test wants, when it wants."""

import asyncio
import random
from dataclasses import replace

import pytest

from contracts.ids import Symbol
from contracts.ticks import Liquidation, Trade
from ingest.domain.decode import FrameDecoder
from ingest.domain.items import Item
from ingest.feeds import lane
from ingest.feeds.binance import lanes
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
    async with asyncio.timeout(20):
        while not given or not isinstance(given[-1], Trade) or given[-1].i < 4:
            given.append(await items.get())
    running.cancel()
    await asyncio.wait((running,))

    assert [it.i for it in given if isinstance(it, Trade)] == [1, 2, 3, 4]
    assert len([it for it in given if isinstance(it, Liquidation)]) == 1
