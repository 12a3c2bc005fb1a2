import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from http import HTTPStatus

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from contracts.feed import FeedKind, FeedOpened
from contracts.ids import Symbol
from contracts.ticks import Liquidation, MarkPrice, TopOfBook, Trade
from ingest.domain.items import Item, Missed, Recovered, Refused, Stalled
from ingest.feeds import backfill, binance, lane
from ingest.feeds.auto import choose
from ingest.feeds.binance import BinanceFeed, live_source, open_binance
from ingest.feeds.probe import hear_trade
from ingest.feeds.sockets import Timing
from ingest.settings import IngestSettings
from kit.ingest_binance import FakeBinance, Rules, fake_binance
from kit.ingest_frames import agg_trade, combined

SOL = Symbol("solusdt")
TICKS = {Trade, TopOfBook, MarkPrice, Liquidation}
FAST = Timing(
    life_s=3600,
    backoff_first_s=0.05,
    backoff_s_max=0.2,
    beat_s=0.02,
    overlap_s_max=5,
    open_s_max=30,
)


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a repair take the time that a slow machine needs."""
    monkeypatch.setattr(backfill, "REPAIR_S_MAX", 30)


@asynccontextmanager
async def feed_of(
    exchange: FakeBinance, *, timing: Timing = FAST, rest_url: str = ""
) -> AsyncGenerator[BinanceFeed, None]:
    source = live_source(SOL, opened_at=datetime.now(UTC))
    async with open_binance(
        source,
        ws_url=exchange.ws_url,
        rest_url=rest_url or exchange.rest_url,
        timing=timing,
        now=lambda: exchange.now_s,
    ) as feed:
        yield feed


async def heard(
    feed: BinanceFeed, until: Callable[[list[Item]], bool], *, after: int | None = None
) -> list[Item]:
    items: list[Item] = []
    async with asyncio.timeout(60):
        async for item in feed.items(after=after):
            items.append(item)
            if until(items):
                break
    return items


def ids(items: list[Item]) -> list[int]:
    return [it.i for it in items if isinstance(it, Trade)]


def reached(trade_id: int) -> Callable[[list[Item]], bool]:
    return lambda items: isinstance(items[-1], Trade) and items[-1].i >= trade_id


async def test_both_paths_are_heard() -> None:
    async with fake_binance() as exchange, feed_of(exchange) as feed:
        items = await heard(
            feed, lambda items: len({type(it) for it in items} & TICKS) == 4 and len(items) > 300
        )

    assert {type(it) for it in items} == {Missed, *TICKS}
    numbers = ids(items)
    assert numbers == list(range(numbers[0], numbers[-1] + 1))
    assert exchange.most_per_s <= 10


@pytest.mark.parametrize("stream", ["market/stream?streams=solusdt@bookTicker"])
async def test_a_stream_on_the_wrong_path_gives_no_data(stream: str) -> None:
    async with fake_binance() as exchange, connect(f"{exchange.ws_url}/{stream}") as socket:
        hearing = asyncio.create_task(socket.recv())
        await exchange.passes(0.3)
        assert not hearing.done()


async def test_the_paths_of_before_are_gone() -> None:
    async with fake_binance() as exchange:
        with pytest.raises(InvalidStatus, match="404"):
            await connect(f"{exchange.ws_url}/ws/solusdt@aggTrade")


async def test_rotation_loses_and_doubles_nothing() -> None:
    # 24 h are 2 s.
    rules = Rules(life_s=2, trades_per_s=800)
    timing = replace(FAST, life_s=2, rotate_at=0.4)
    async with fake_binance(rules) as exchange, feed_of(exchange, timing=timing) as feed:
        items = await heard(feed, reached(2_400))

    numbers = ids(items)
    assert numbers == list(range(numbers[0], numbers[-1] + 1))
    tops = [it.u for it in items if isinstance(it, TopOfBook)]
    assert tops == list(range(tops[0], tops[-1] + 1, 3))
    forced = [it.t for it in items if isinstance(it, Liquidation)]
    assert len(forced) == len(set(forced))
    assert not [it for it in items if isinstance(it, Stalled)]
    assert exchange.killed == 0
    # Two lanes over about 3 s, each renewed about every 0.8 s.
    assert exchange.opened >= 6
    assert exchange.requests == []


async def test_a_broken_connection_is_replaced_and_its_loss_is_fetched() -> None:
    async with fake_binance() as exchange, feed_of(exchange) as feed:
        items = await heard(feed, reached(100))
        last = ids(items)[-1]
        exchange.drop_all()
        items += await heard(feed, reached(400), after=last)

    numbers = ids(items)
    assert numbers == list(range(numbers[0], numbers[-1] + 1))
    assert [it for it in items if isinstance(it, Trade)] == exchange.trades[
        numbers[0] - 1 : numbers[-1]
    ]
    told = [it.stream for it in items if isinstance(it, Stalled)]
    assert set(told) >= {"market", "solusdt@aggTrade"}
    assert {it.stream for it in items if isinstance(it, Recovered)} >= {"market"}
    assert exchange.requests


@pytest.mark.parametrize("problem", ["unreachable", "slow"])
async def test_what_cannot_be_fetched_stays_a_gap(
    problem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backfill, "REPAIR_S_MAX", 0.2)
    rules = Rules(rest_delay_s=1 if problem == "slow" else 0)
    rest_url = "http://127.0.0.1:9" if problem == "unreachable" else ""
    async with fake_binance(rules) as exchange, feed_of(exchange, rest_url=rest_url) as feed:
        items = await heard(feed, reached(100))
        exchange.drop_all()
        happened = len(exchange.trades)
        items += await heard(feed, reached(happened + 100), after=ids(items)[-1])

    numbers = ids(items)
    assert numbers == sorted(set(numbers))
    assert len(numbers) < numbers[-1] - numbers[0] + 1
    assert "solusdt@aggTrade" not in {it.stream for it in items if isinstance(it, Stalled)}


async def test_the_exchange_ends_connections_that_are_not_renewed() -> None:
    rules = Rules(life_s=0.4)
    async with fake_binance(rules) as exchange, feed_of(exchange) as feed:
        items = await heard(feed, reached(600))

    numbers = ids(items)
    assert numbers == list(range(numbers[0], numbers[-1] + 1))
    assert exchange.killed >= 2


async def test_pings_of_the_exchange_are_answered() -> None:
    rules = Rules(ping_s=0.15, pong_s=3)
    async with fake_binance(rules) as exchange, feed_of(exchange) as feed:
        items = await heard(feed, reached(400))

    assert exchange.opened == 2
    assert not [it for it in items if isinstance(it, Stalled)]
    assert exchange.most_per_s <= 10


async def test_a_malformed_frame_is_refused_and_the_rest_goes_on() -> None:
    async with fake_binance() as exchange, feed_of(exchange) as feed:
        await heard(feed, reached(50))
        exchange.spoiled.extend(
            [combined(agg_trade(9, p="NaN")), combined(agg_trade(9))[:40], b"\xff\xfe"]
        )
        items = await heard(feed, lambda items: sum(isinstance(it, Refused) for it in items) == 2)
        await heard(feed, reached(ids(items)[-1] + 50))

    refused = [it for it in items if isinstance(it, Refused)]
    assert [it.ordinal for it in refused] == [1, 2]
    assert all(it.origin.startswith("market socket") for it in refused)


async def test_an_error_of_the_exchange_costs_the_connection() -> None:
    async with fake_binance() as exchange, feed_of(exchange) as feed:
        items = await heard(feed, reached(50))
        exchange.spoiled.append(b'{"error":{"code":2,"msg":"Invalid request"},"id":1}')
        items += await heard(feed, reached(300), after=ids(items)[-1])

    numbers = ids(items)
    assert numbers == list(range(numbers[0], numbers[-1] + 1))
    stalled = next(it for it in items if isinstance(it, Stalled))
    assert "Invalid request" in stalled.reason


async def test_a_silent_stream_is_told_and_another_connection_is_tried(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(binance.SILENCE_S, "aggTrade", 0.3)
    monkeypatch.setattr(lane, "STALL_RETRY_S", 0.3)
    async with fake_binance() as exchange, feed_of(exchange) as feed:
        first = await heard(feed, reached(50))
        exchange.silent.add("solusdt@aggTrade")
        items = await heard(
            feed, lambda items: isinstance(items[-1], Stalled), after=ids(first)[-1]
        )
        opened = exchange.opened
        exchange.silent.clear()
        items += await heard(
            feed,
            lambda items: any(isinstance(it, Recovered) for it in items),
            after=(ids(first) + ids(items))[-1],
        )

    stalled = next(it for it in items if isinstance(it, Stalled))
    assert stalled.stream == "solusdt@aggTrade"
    assert stalled.silence_ms >= 300
    assert opened >= 2


async def test_liquidations_may_be_silent_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    for stream in binance.SILENCE_S:
        monkeypatch.setitem(binance.SILENCE_S, stream, 1.0)
    async with fake_binance() as exchange, feed_of(exchange) as feed:
        exchange.silent.add("solusdt@forceOrder")
        items = await heard(feed, reached(600))

    assert not [it for it in items if isinstance(it, Stalled)]


async def test_what_was_given_is_given_again_after_an_interruption() -> None:
    async with fake_binance() as exchange, feed_of(exchange) as feed:
        items = await heard(feed, reached(200))
        again = await heard(feed, reached(300), after=ids(items)[20])

    assert ids(again) == list(range(ids(items)[21], ids(again)[-1] + 1))
    assert exchange.requests == []


async def test_a_restart_fetches_what_happened_meanwhile() -> None:
    async with fake_binance() as exchange:
        async with feed_of(exchange) as feed:
            last = ids(await heard(feed, reached(50)))[-1]
        await exchange.passes(0.2)
        async with feed_of(exchange) as feed:
            items = await heard(feed, reached(last + 200), after=last)

    assert ids(items) == list(range(last + 1, ids(items)[-1] + 1))


async def test_a_limit_of_the_exchange_is_waited_out() -> None:
    async with (
        fake_binance(Rules(status=HTTPStatus.TOO_MANY_REQUESTS)) as exchange,
        feed_of(exchange) as feed,
    ):
        items = await heard(feed, lambda items: len(items) == 2)
        await exchange.passes(0.3)

    assert {type(it) for it in items} == {Stalled}
    assert all("429" in it.reason for it in items if isinstance(it, Stalled))
    assert exchange.refused == 2


async def test_the_probe_hears_a_trade() -> None:
    async with fake_binance() as exchange:
        assert await hear_trade(exchange.ws_url, SOL, within_s=30) is None


@pytest.mark.parametrize(
    ("url", "within_s", "reason"),
    [("", 0.3, "expected a trade"), ("ws://127.0.0.1:9", 30, "expected a socket")],
)
async def test_the_probe_says_why_it_hears_nothing(url: str, within_s: float, reason: str) -> None:
    async with fake_binance() as exchange:
        exchange.silent.add("solusdt@aggTrade")

        said = await hear_trade(url or exchange.ws_url, SOL, within_s=within_s)

    assert said is not None
    assert reason in said


async def test_auto_is_live_when_the_exchange_answers_and_synthetic_when_not() -> None:
    async with fake_binance() as exchange:
        live = IngestSettings(binance_ws_url=exchange.ws_url, auto_probe_seconds=30)
        deaf = IngestSettings(binance_ws_url="ws://127.0.0.1:9")

        assert await choose(live, None) is FeedKind.BINANCE
        assert await choose(deaf, None) is FeedKind.SYNTHETIC
        assert await choose(live, _opened(FeedKind.SYNTHETIC)) is FeedKind.SYNTHETIC
        assert await choose(deaf, _opened(FeedKind.BINANCE)) is FeedKind.BINANCE


def _opened(kind: FeedKind) -> FeedOpened:
    return FeedOpened(
        venue="binance-usdm",
        symbol="solusdt",
        market="sol-perp",
        kind=kind,
        identity="x",
        is_replayable=kind is not FeedKind.BINANCE,
        description="x",
    )
