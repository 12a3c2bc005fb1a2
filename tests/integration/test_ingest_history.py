"""A live feed that opens at noon: its session from 00:00 UTC on, by REST (ADR 0011)."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

import pytest

from audit.domain.comparison import CoreComparison
from contracts.codec import as_recorded
from contracts.event import Recorded
from contracts.feed import HistoryMissed
from contracts.ids import Symbol
from contracts.minute import MinuteClosed, MinutesBackfilled
from contracts.minutes import MINUTE_MS, minute_of
from contracts.sessions import anchor_of
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
    fold = a_fold()
    ticks = [it for it in exchange.trades if it.t >= ANCHOR_MS and it.i <= last.i]
    core = SignalsCore()
    for tick in [*ticks, TapeEnd(last.i, last.t)]:
        for minute in fold.fold(tick):
            core.step(recorded(minute))
    expected = core.state.session
    assert session.is_whole
    assert (session.vwap, session.delta) == (expected.vwap, expected.delta)
    assert (session.volume, session.turnover) == (expected.volume, expected.turnover)


def recorded(fact: MinuteClosed | MinutesBackfilled) -> Recorded:
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


def without_seventh(rows: list[Any]) -> list[Any]:
    return [*rows[:7], *rows[8:]]


def without_second(rows: list[Any]) -> list[Any]:
    return [rows[0], *rows[2:]]


def without_time(rows: list[Any]) -> list[Any]:
    return [row | {"T": 1} for row in rows]


def without_rows(rows: list[Any]) -> list[Any]:
    del rows
    return []


@pytest.mark.parametrize(
    ("path", "spoil", "reason"),
    [
        ("klines", without_seventh, "expected 1500 klines, found 1499"),
        ("aggTrades", without_second, "expected trade 5909, found 5910"),
        ("aggTrades", without_time, "expected a trade id and an epoch time"),
        ("aggTrades", without_rows, "expected trades up to"),
    ],
)
async def test_a_malformed_answer_is_refused_by_name(
    path: str, spoil: Callable[[Any], Any], reason: str
) -> None:
    async with a_noon() as exchange:
        exchange.rest.spoil = lambda at, rows: spoil(rows) if at.endswith(path) else rows
        items = await heard(exchange, is_live)

    [missed] = [it for it in items if isinstance(it, Missed)]
    assert reason in missed.reason
    assert not [it for it in items if isinstance(it, Candles)]
    assert trades_of(items) == exchange.trades[trades_of(items)[0].i - 1 : trades_of(items)[-1].i]


@pytest.mark.parametrize(
    "refusals",
    [
        [(HTTPStatus.TOO_MANY_REQUESTS, "0")],
        [(HTTPStatus.IM_A_TEAPOT, "1")],
        [(HTTPStatus.BAD_GATEWAY, ""), (HTTPStatus.SERVICE_UNAVAILABLE, "")],
    ],
)
async def test_a_limit_and_an_outage_are_waited_out(refusals: list[tuple[HTTPStatus, str]]) -> None:
    async with a_noon() as exchange:
        exchange.rest.refusals += refusals
        items = await heard(exchange, is_live)

    assert not [it for it in items if isinstance(it, Missed)]
    assert session_of(items).is_whole
    assert len(exchange.rest.paths) == 3 + len(refusals)


@pytest.mark.parametrize(
    ("refusals", "requests", "reason"),
    [
        ([(HTTPStatus.IM_A_TEAPOT, "900")], 1, "takes no requests for 900 s"),
        ([(HTTPStatus.BAD_GATEWAY, "")] * 9, history.ATTEMPTS_MAX, "502"),
    ],
)
async def test_a_ban_and_a_broken_server_are_told_and_the_feed_goes_on(
    refusals: list[tuple[HTTPStatus, str]], requests: int, reason: str
) -> None:
    async with a_noon() as exchange:
        exchange.rest.refusals += refusals
        items = await heard(exchange, is_live)

    [missed] = [it for it in items if isinstance(it, Missed)]
    assert reason in missed.reason
    assert len(exchange.rest.paths) == requests
    assert trades_of(items)


async def test_a_rest_interface_that_lags_is_asked_again() -> None:
    async with a_noon() as exchange:
        exchange.rest.spoil = lambda path, rows: (
            rows[:1] if exchange.rest.paths.count(path) == 1 and path.endswith("Trades") else rows
        )
        items = await heard(exchange, is_live)

    assert session_of(items).is_whole


def a_desk() -> tuple[Rig, Stage]:
    """Give ingest and signals over the same streams."""
    rig = Rig()
    log = rig.log.as_service("signals")
    return rig, Stage(log, rig.market, InMemoryCheckpoints(log))


def core_of(rig: Rig) -> SignalsCore:
    """Fold the log from its beginning."""
    core = SignalsCore()
    for it in rig.log.recorded:
        core.step(it)
    return core


def parts_published(rig: Rig) -> int:
    return sum(it.subject.startswith("history.") for it in rig.market.messages)


def has_traded(rig: Rig, trade_id: int) -> Callable[[], bool]:
    return lambda: bool(rig.trades) and rig.trades[-1].i >= trade_id


async def fold_all(stage: Stage, *, kill_after: int) -> None:
    """Let signals begin, be killed after some turns, and then fold everything."""
    async with running(stage):
        await steps(kill_after)
    async with running(stage):
        await stage.until_folded()


@pytest.mark.parametrize(("parts", "kill_after"), [(1, 3), (5, 40), (11, 400), (11, 20)])
async def test_a_kill_at_any_step_doubles_nothing(parts: int, kill_after: int) -> None:
    rig, stage = a_desk()
    async with a_noon() as exchange:
        async with feed_of(exchange) as feed:
            await rig.play(feed, lambda: parts_published(rig) >= parts)
        async with running(stage):
            await steps(kill_after)
        for wanted in (PAST + 30, PAST + 60):
            async with feed_of(exchange) as feed:
                await rig.play(feed, has_traded(rig, wanted))
        end = rig.trades[-1]
        await rig.market.put(
            "trades.binance-usdm.solusdt", b'{"k":"end","i":%d,"t":%d}' % (end.i, end.t)
        )
        await fold_all(stage, kill_after=kill_after)

    told = [it.event for it in rig.log.recorded if isinstance(it.event, MinutesBackfilled)]
    assert [it.part for it in told] == list(range(1, told[0].parts + 1))
    starts = [
        to_millis(it.first_minute) + n * MINUTE_MS for it in told for n in range(len(it.minutes))
    ]
    starts += [to_millis(it.minute) for it in stage.minutes]
    assert starts == list(range(starts[0], starts[-1] + 1, MINUTE_MS))
    assert sum(it.trades for it in stage.minutes) == end.i - told[0].next_trade_id + 1
    assert sum(it.missing_trades for it in stage.minutes) == 0
    replayed = CoreComparison("signals", SignalsCore())
    for it in rig.log.recorded:
        replayed.step(it)
    assert replayed.finish() == []
    assert replayed.difference is None
    assert core_of(rig).state.session.is_whole
    assert not rig.events(HistoryMissed)


async def test_a_missed_history_is_in_the_log_and_the_session_stays_incomplete() -> None:
    rig, stage = a_desk()
    async with a_noon() as exchange:
        exchange.rest.refusals += [(HTTPStatus.IM_A_TEAPOT, "900")]
        async with feed_of(exchange) as feed:
            await rig.play(feed, has_traded(rig, PAST + 30))
        async with running(stage):
            await stage.until_folded()

    [missed] = rig.events(HistoryMissed)
    assert isinstance(missed, HistoryMissed)
    assert "900 s" in missed.reason
