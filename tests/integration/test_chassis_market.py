"""MARKET on a real server that is killed at full rate."""

import asyncio
import shutil
from pathlib import Path

import pytest

from chassis.connection import connected
from chassis.market import Market, MarketClient, MarketInterrupted, MarketPublisher
from chassis.provision import provision
from chassis.settings import ServiceSettings
from kit.chassis_proxy import proxy
from kit.chassis_stage import RealStage, real_stage

# nats-py drops the socket of a failed reconnect without closing it.
pytestmark = pytest.mark.filterwarnings(
    "ignore:.*StreamWriter.__del__:pytest.PytestUnraisableExceptionWarning"
)
TRADES = "trades.binance-usdm.solusdt"
FOLD = "signals-fold-trades"
PADDING = b"x" * 80


async def publish_all(market: Market, last_id: int) -> int:
    """Publish the ids 1 to `last_id` as ingest does; give the number of interruptions."""
    interruptions = 0
    while True:
        found = await market.last(TRADES)
        first = 1 if found is None else int(found.body.split()[0]) + 1
        if first > last_id:
            return interruptions
        try:
            async with market.publisher() as publisher:
                for number in range(first, last_id + 1):
                    await publisher.publish(TRADES, b"%d %s" % (number, PADDING))
        except MarketInterrupted:
            interruptions += 1


class Fold:
    """Follows until the last id, ignoring ids that are not new."""

    def __init__(self) -> None:
        self.ids: list[int] = []
        self.moved = asyncio.Event()

    async def run(self, market: Market, last_id: int) -> None:
        async with market.follow(FOLD, after=0) as follower:
            while not self.ids or self.ids[-1] < last_id:
                messages = await follower.next()
                for message in messages:
                    number = int(message.body.split()[0])
                    if not self.ids or number > self.ids[-1]:
                        self.ids.append(number)
                follower.acknowledge(messages[-1].sequence)
                self.moved.set()

    async def has_seen(self, number: int) -> None:
        while not self.ids or self.ids[-1] < number:
            self.moved.clear()
            await self.moved.wait()


async def test_kill_9_at_full_rate_loses_no_trade(tmp_path: Path) -> None:
    last_id = 60_000
    fold = Fold()
    async with real_stage(tmp_path) as real:
        publishing = asyncio.create_task(publish_all(real.market, last_id))
        folding = asyncio.create_task(fold.run(real.market, last_id))
        for seen in (5_000, 20_000, 40_000):
            await fold.has_seen(seen)
            await real.server.restart()
        interruptions = await publishing
        await folding
    assert fold.ids == list(range(1, last_id + 1))
    assert interruptions >= 1


async def test_a_follower_goes_back_to_where_the_stream_still_is(tmp_path: Path) -> None:
    """The server lost its tail and filled the same sequences with other messages."""
    async with real_stage(tmp_path) as real, proxy(real.server.port) as wire:
        async with real.market.publisher() as publisher:
            for number in range(1, 1_001):
                await publisher.publish(TRADES, b"%d" % number)
        settings = ServiceSettings(nats_url=wire.url)
        async with (
            connected(settings, "signals") as connection,
            MarketClient(connection).follow(FOLD, after=0) as follower,
        ):
            seen: list[bytes] = []
            while len(seen) < 1_000:
                seen += [message.body for message in await follower.next(60)]
            wire.refuse()
            await lose_tail(real, keep=700)
            await wire.start()
            again: list[bytes] = []
            while len(again) < 14:
                again += [message.body for message in await follower.next(60)]
    # The newest remembered place that is proved: the largest multiple of 16 up to 700 is 688.
    assert again[0] == b"689"
    assert again[11:14] == [b"700", b"701b", b"702b"]


async def lose_tail(real: RealStage, *, keep: int) -> None:
    """Cut MARKET after `keep` messages and publish others, as a crash and ingest would."""
    await real.server.kill()
    shutil.rmtree(real.server.folder / "jetstream" / "jetstream" / "$G" / "streams" / "MARKET")
    await real.server.start()
    await provision(real.connection)
    async with real.market.publisher() as publisher:
        for number in range(1, 1_201):
            body = b"%d" % number if number <= keep else b"%db" % number
            await publisher.publish(TRADES, body)


async def test_a_publisher_says_that_the_server_went_away(tmp_path: Path) -> None:
    async with real_stage(tmp_path) as real:
        opened = real.market.publisher()
        publisher = await opened.__aenter__()
        await publisher.publish(TRADES, b"1")
        await publisher.flush()
        await real.server.restart()
        with pytest.raises(MarketInterrupted, match="went away"):
            await publish_until_refused(publisher)
        with pytest.raises(MarketInterrupted, match="went away"):
            await publisher.flush()
        with pytest.raises(MarketInterrupted, match="went away"):
            await opened.__aexit__(None, None, None)


async def publish_until_refused(publisher: MarketPublisher) -> None:
    for number in range(2, 100_000):
        await publisher.publish(TRADES, b"%d" % number)
