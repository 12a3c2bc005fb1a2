"""A live feed that opens at noon: its session from 00:00 UTC on, by REST (ADR 0011)."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

import pytest

from contracts.feed import HistoryMissed
from contracts.ids import MarketId, Symbol
from contracts.minute import MinuteClosed, MinutesBackfilled
from contracts.minutes import MINUTE_MS, minute_of
from contracts.sessions import DAY_MS, anchor_of
from contracts.ticks import Candles, TapeEnd, Trade
from contracts.values import to_millis
from ingest.domain.candles import WARM_UP_MINUTES
from ingest.domain.items import Item, Missed
from ingest.feeds import history, rest
from ingest.feeds.binance import BinanceFeed, live_source, open_binance
from kit.ingest_binance import FakeBinance, Rules, fake_binance
from kit.ingest_frames import NOON_MS
from kit.ingest_rig import Rig
from kit.memory import InMemoryCheckpoints
from kit.signals_minutes import MARKET, SYMBOL, VENUE, a_fold
from kit.signals_stage import Stage, running, steps
from signals.domain.bars import minute_draft
from signals.domain.core import SignalsCore
from signals.domain.history import HistoryFold
from signals.domain.indicators import Session
from signals.domain.resume import Resume, after

SOL = Symbol("solusdt")
ANCHOR_MS = anchor_of(NOON_MS)
MORNING = 12 * 60
PER_MINUTE = 3
PAST = (MORNING + WARM_UP_MINUTES) * PER_MINUTE
JOINT_MS = NOON_MS - MINUTE_MS


@pytest.fixture(autouse=True)
def haste(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "RETRY_S", 0.01)
    monkeypatch.setattr(rest, "PAUSE_S", 0.01)


@asynccontextmanager
async def a_noon() -> AsyncGenerator[FakeBinance, None]:
    """Give an exchange with a past as long as a session at noon needs."""
    async with fake_binance(Rules(trades_per_s=100)) as exchange:
        exchange.has_past(minutes=MORNING + WARM_UP_MINUTES, trades_per_minute=PER_MINUTE)
        yield exchange


@asynccontextmanager
async def feed_of(exchange: FakeBinance) -> AsyncGenerator[BinanceFeed, None]:
    source = live_source(SOL, opened_at=datetime.now(UTC))
    async with open_binance(
        source, ws_url=exchange.ws_url, rest_url=exchange.rest_url, now=lambda: exchange.now_s
    ) as feed:
        yield feed


async def heard(exchange: FakeBinance, until: Callable[[Item], bool]) -> list[Item]:
    items: list[Item] = []
    async with asyncio.timeout(60), feed_of(exchange) as feed:
        async for item in feed.items(after=None):
            items.append(item)
            if until(item):
                break
    return items


def is_live(item: Item) -> bool:
    return isinstance(item, Trade) and item.i > PAST + 20


def trades_of(items: list[Item]) -> list[Trade]:
    return [it for it in items if isinstance(it, Trade)]


async def test_the_joint_is_exact() -> None:
    async with a_noon() as exchange:
        items = await heard(exchange, is_live)

    parts = [it for it in items if isinstance(it, Candles)]
    trades = trades_of(items)
    assert isinstance(items[items.index(parts[-1]) + 1], Trade)
    assert not trades_of(items[: items.index(parts[-1])])
    # The first of the three trades of 11:59, and every trade since, once.
    assert trades == exchange.trades[PAST - PER_MINUTE : trades[-1].i]
    assert minute_of(trades[0].t) == JOINT_MS
    assert {it.i for it in parts} == {trades[0].i}
    assert parts[0].t == ANCHOR_MS - WARM_UP_MINUTES * MINUTE_MS
    assert parts[-1].t + len(parts[-1].minutes) * MINUTE_MS == JOINT_MS
    assert sum(len(it.minutes) for it in parts) == MORNING + WARM_UP_MINUTES - 1


async def test_the_history_costs_two_requests_of_klines_and_one_of_trades() -> None:
    async with a_noon() as exchange:
        await heard(exchange, is_live)

    assert exchange.rest.paths == ["/fapi/v1/klines", "/fapi/v1/klines", "/fapi/v1/aggTrades"]
    assert exchange.rest.weight == 10 + 10 + 20


async def test_the_sums_are_those_of_every_trade_since_the_anchor() -> None:
    async with a_noon() as exchange:
        items = await heard(exchange, is_live)

    session = session_of(items)
    last = trades_of(items)[-1]
    fold, expected = a_fold(), Session(ANCHOR_MS)
    ticks = [it for it in exchange.trades if ANCHOR_MS <= it.t and it.i <= last.i]
    core = SignalsCore()
    for tick in [*ticks, TapeEnd(last.i, last.t)]:
        for minute in fold.fold(tick):
            core.step(recorded(minute))
    expected = core.state.session
    assert session.is_whole
    assert (session.vwap, session.delta) == (expected.vwap, expected.delta)
    assert (session.volume, session.turnover) == (expected.volume, expected.turnover)


def recorded(fact: MinuteClosed | MinutesBackfilled) -> Any:
    from contracts.codec import as_recorded

    draft = minute_draft(fact)
    return as_recorded(draft, source="signals", position=1, recorded_at=draft.occurred_at)


def session_of(items: list[Item]) -> Session:
    """Fold a feed's items as signals does, to the end of the last trade's minute."""
    core, parts = SignalsCore(), HistoryFold(venue=VENUE, symbol=SYMBOL, market=MARKET)
    resume: Resume | None = None
    for item in items:
        for fact in parts.fold(item) if isinstance(item, Candles) else ():
            core.step(recorded(fact))
            resume = after(resume, fact)
    fold, trades = a_fold(resume), trades_of(items)
    for tick in [*trades, TapeEnd(trades[-1].i, trades[-1].t)]:
        for minute in fold.fold(tick):
            assert minute.missing_trades == 0
            core.step(recorded(minute))
    return core.state.session
