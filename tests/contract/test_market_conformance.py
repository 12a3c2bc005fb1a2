"""One suite for every implementation of the Market."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import cast

import pytest

from chassis.log import FollowerReplaced
from chassis.market import Market, MarketFollower, MarketMessage
from kit.chassis_stage import KINDS, Kind, stage

TRADES = "trades.binance-usdm.solusdt"
BOOK = "book.binance-usdm.solusdt"
FOLD = "signals-fold-trades"
WORK = "execution-work-prints"
SHOWN = "gateway-show-trades"


@pytest.fixture(params=KINDS)
async def market(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[Market, None]:
    async with stage(cast("Kind", request.param), tmp_path) as opened:
        yield opened.market


async def publish(market: Market, first: int, last: int, *, subject: str = TRADES) -> None:
    async with market.publisher() as publisher:
        for number in range(first, last + 1):
            await publisher.publish(subject, str(number).encode())


async def take(follower: MarketFollower, count: int) -> list[MarketMessage]:
    messages: list[MarketMessage] = []
    while len(messages) < count:
        messages += await follower.next(5)
    return messages


async def test_an_empty_market_has_no_last_message_and_no_consumers(market: Market) -> None:
    assert await market.last(TRADES) is None
    assert await market.lags() == {}


async def test_what_is_published_is_the_last_message_of_its_subject(market: Market) -> None:
    await publish(market, 1, 3)
    await publish(market, 9, 9, subject=BOOK)
    assert await market.last(TRADES) == MarketMessage(3, TRADES, b"3")
    assert await market.last(BOOK) == MarketMessage(4, BOOK, b"9")


async def test_a_follower_gives_each_message_once_in_order(market: Market) -> None:
    await publish(market, 1, 5_000)
    async with market.follow(FOLD, after=0) as follower:
        seen = await take(follower, 5_000)
    assert [message.sequence for message in seen] == list(range(1, 5_001))
    assert [message.body for message in seen] == [b"%d" % n for n in range(1, 5_001)]


async def test_a_read_gives_a_subject_up_to_its_last_message_and_opens_no_consumer(
    market: Market,
) -> None:
    assert [message async for message in market.read(TRADES)] == []
    await publish(market, 1, 3_000)
    await publish(market, 9, 9, subject=BOOK)
    found = [message async for message in market.read(TRADES)]
    assert [message.body for message in found] == [b"%d" % n for n in range(1, 3_001)]
    assert [message.body async for message in market.read(BOOK)] == [b"9"]
    assert await market.lags() == {}


async def test_a_follower_hears_trades_only_and_from_its_place(market: Market) -> None:
    await publish(market, 1, 2)
    await publish(market, 1, 2, subject=BOOK)
    await publish(market, 3, 4)
    async with market.follow(FOLD, after=1) as follower:
        messages = await take(follower, 3)
        assert [(m.sequence, m.body) for m in messages] == [(2, b"2"), (5, b"3"), (6, b"4")]
        assert await follower.next(0.05) == []


async def test_a_publisher_waits_no_longer_than_its_window_needs(market: Market) -> None:
    async with market.publisher(window=2) as publisher:
        for number in range(50):
            await publisher.publish(TRADES, b"%d" % number)
        await publisher.flush()
        last = await market.last(TRADES)
        assert last is not None
        assert last.body == b"49"


async def test_lags_count_what_is_not_acknowledged(market: Market) -> None:
    await publish(market, 1, 10)
    async with market.follow(FOLD, after=0) as fold, market.follow(WORK, after=4):
        assert await market.lags() == {FOLD: 10, WORK: 6}
        await take(fold, 10)
        assert (await market.lags())[FOLD] == 10
        fold.acknowledge(7)
        async with asyncio.timeout(20):
            while (await market.lags())[FOLD] != 3:
                pass


async def test_a_consumer_stays_when_its_follower_goes(market: Market) -> None:
    async with market.follow(FOLD, after=0):
        pass
    await publish(market, 1, 3)
    assert await market.lags() == {FOLD: 3}


async def test_the_newer_follower_replaces_the_older(market: Market) -> None:
    await publish(market, 1, 1)
    async with market.follow(FOLD, after=0) as zombie:
        await zombie.next(5)
        async with market.follow(FOLD, after=0) as follower:
            assert [m.sequence for m in await follower.next(5)] == [1]
            with pytest.raises(FollowerReplaced):
                await zombie.next(5)


async def test_a_name_that_is_for_each_process_replaces_nobody_and_has_no_lag(
    market: Market,
) -> None:
    await publish(market, 1, 1)
    async with market.follow(SHOWN, after=0) as one, market.follow(SHOWN, after=0) as other:
        assert [m.sequence for m in await one.next(5)] == [1]
        assert [m.sequence for m in await other.next(5)] == [1]
        assert await market.lags() == {}
