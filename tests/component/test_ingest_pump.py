import asyncio
from decimal import Decimal
from pathlib import Path

import pytest

from chassis.market import MarketMessage
from chassis.settings import ConfigurationError
from contracts.codec import MalformedBody
from contracts.feed import (
    FeedOpened,
    FeedRecovered,
    FeedStalled,
    FrameRefused,
    TapeEnded,
    TradeGapDetected,
)
from contracts.ids import AccountId
from contracts.ticks import Liquidation, MarkPrice, TapeEnd, TopOfBook, Trade
from contracts.values import from_millis
from ingest import barrier
from ingest import pump as pumping
from ingest.domain.items import Item, Recovered, Refused, Stalled
from ingest.feeds.synthetic import FIRST_TRADE_ID, SyntheticFeed
from ingest.records import REFUSALS_MAX
from kit.ingest_frames import (
    NOON_MS,
    agg_trade,
    book_ticker,
    combined,
    force_order,
    frame_lines,
    mark_price,
    raw_trade,
    write_frames,
)
from kit.ingest_rig import Rig, ScriptedFeed, tape_feed
from kit.memory import InMemoryMarket
from kit.recordings import LTC_TICKS, recording
from kit.risk_events import an_account
from kit.signals_recordings import ltc_trades

TRADES = "trades.binance-usdm.solusdt"
SUBJECTS = (
    TRADES,
    "book.binance-usdm.solusdt",
    "mark.binance-usdm.solusdt",
    "liquidations.binance-usdm.solusdt",
)

FIRST = (False, "waiting for the feed's first trade")


def a_trade(trade_id: int) -> Trade:
    return Trade(trade_id, NOON_MS + trade_id * 100, "150", "1", m=False)


@pytest.fixture
def eventful(tmp_path: Path) -> Path:
    """A recording with everything: each kind of tick, gaps, duplicates, bad frames, a torn end."""
    frames = [
        book_ticker(1),
        agg_trade(1),
        mark_price(NOON_MS + 150),
        force_order(NOON_MS + 160),
        force_order(NOON_MS + 160, z="8"),
        agg_trade(2),
        agg_trade(2),
        combined(agg_trade(3, p="NaN")),
        book_ticker(4),
        agg_trade(6),
        raw_trade(7, X="ADL"),
        combined(agg_trade(8))[:50],
        combined(agg_trade(8))[:50],
        mark_price(NOON_MS + 900),
        force_order(NOON_MS + 950),
        agg_trade(9),
        book_ticker(7),
        agg_trade(20, q="-1"),
        agg_trade(21),
        book_ticker(8),
        agg_trade(22),
    ]
    path = tmp_path / "eventful.log"
    path.write_bytes(frame_lines(frames)[:-30])
    return path


async def test_a_recording_is_published_once_and_its_gaps_are_told(tmp_path: Path) -> None:
    files = sorted(recording(LTC_TICKS).glob("*06-21_0*"))
    rig = Rig()

    await rig.play_out(tape_feed(*files))

    published = {trade.i for trade in rig.trades}
    expected = [trade for trade in ltc_trades() if trade.i in published]
    assert rig.trades == expected
    # The two files hold 4,311 + 8,386 rows.
    assert len(rig.trades) == 12_697
    ended = rig.events(TapeEnded)[0]
    assert isinstance(ended, TapeEnded)
    assert ended.trades == 12_697
    assert ended.quantity_base == sum((Decimal(it.q) for it in expected), Decimal(0))
    gaps = [it for it in rig.events(TradeGapDetected) if isinstance(it, TradeGapDetected)]
    assert len(gaps) == ended.gaps
    assert sum(gap.missing_trades for gap in gaps) == ended.missing_trades
    # Contiguous ids but for the gaps.
    span = rig.trades[-1].i - rig.trades[0].i + 1
    assert ended.missing_trades == span - 12_697
    assert rig.ticks[-1] == TapeEnd(rig.trades[-1].i, rig.trades[-1].t)


async def test_each_kind_of_tick_has_its_subject(eventful: Path) -> None:
    rig = Rig()

    await rig.play_out(tape_feed(eventful))

    assert [len(rig.bodies(subject)) for subject in SUBJECTS] == [6, 4, 2, 3]
    assert [trade.i for trade in rig.trades] == [1, 2, 6, 9, 21]


async def test_what_happened_is_in_the_log_in_order(eventful: Path) -> None:
    rig = Rig()

    await rig.play_out(tape_feed(eventful))

    assert [type(event) for event in rig.events()] == [
        FeedOpened,
        FrameRefused,  # 3: NaN
        TradeGapDetected,  # 3..5
        FrameRefused,  # 8, cut in half
        FrameRefused,  # and once more
        TradeGapDetected,  # 8, for 7 was seen
        FrameRefused,  # 20: a negative quantity
        TradeGapDetected,  # 10..20
        FrameRefused,  # the torn end
        TapeEnded,
    ]
    ended = rig.events(TapeEnded)[0]
    assert isinstance(ended, TapeEnded)
    assert (ended.trades, ended.gaps, ended.missing_trades) == (5, 3, 3 + 1 + 11)
    assert ended.is_truncated


async def test_refused_bytes_are_parked(eventful: Path) -> None:
    rig = Rig()

    await rig.play_out(tape_feed(eventful))

    refused = [it for it in rig.events(FrameRefused) if isinstance(it, FrameRefused)]
    assert [it.origin for it in refused] == [it.origin for it in rig.dead_letters.parked]
    assert [it.origin.split(":")[1] for it in refused] == ["8", "12", "13", "18", "21"]
    assert [it.frame_bytes for it in refused] == [len(it.body) for it in rig.dead_letters.parked]


async def undisturbed(eventful: Path) -> Rig:
    rig = Rig()
    await rig.play_out(tape_feed(eventful))
    return rig


async def test_a_kill_at_any_point_changes_nothing(eventful: Path) -> None:
    expected = await undisturbed(eventful)

    for point in range(len(expected.market.messages) + len(expected.log.recorded)):
        rig = Rig()
        await rig.play(
            tape_feed(eventful),
            lambda rig=rig, point=point: len(rig.market.messages) + len(rig.log.recorded) >= point,
        )
        await rig.market.interrupt(lost=point % 3)
        await rig.play_out(tape_feed(eventful))

        assert [it.body for it in rig.market.messages] == [
            it.body for it in expected.market.messages
        ], point
        assert rig.canonical() == expected.canonical(), point
        assert rig.dead_letters.parked == expected.dead_letters.parked, point


@pytest.mark.parametrize("lost", [0, 1, 3, 100])
async def test_an_interruption_at_any_point_changes_nothing(
    eventful: Path, lost: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pumping, "RETRY_S", 0)
    expected = await undisturbed(eventful)

    for point in range(1, len(expected.market.messages) + 1):
        rig = Rig()
        interrupting = InterruptingMarket(at=point, lost=lost)
        rig.market = interrupting
        await rig.play(
            tape_feed(eventful),
            lambda rig=rig, it=interrupting: (
                it.is_interrupted
                and bool(rig.events(TapeEnded))
                and len(rig.market.messages) >= len(expected.market.messages)
            ),
        )

        assert [it.body for it in rig.market.messages] == [
            it.body for it in expected.market.messages
        ], point
        assert rig.canonical() == expected.canonical(), point


class InterruptingMarket(InMemoryMarket):
    """Loses its last messages once, when it holds so many."""

    def __init__(self, *, at: int, lost: int) -> None:
        super().__init__()
        self._at = at
        self._lost = lost
        self.is_interrupted = False

    async def put(self, subject: str, body: bytes) -> int:
        sequence = await super().put(subject, body)
        if sequence >= self._at and not self.is_interrupted:
            self.is_interrupted = True
            await self.interrupt(lost=min(self._lost, sequence))
        return sequence


class NotingMarket(InMemoryMarket):
    """Notes how many gaps the log held when each message came."""

    def __init__(self) -> None:
        super().__init__()
        self.rig: Rig | None = None
        self.gaps: list[int] = []

    async def put(self, subject: str, body: bytes) -> int:
        assert self.rig is not None
        self.gaps.append(len(self.rig.events(TradeGapDetected)))
        return await super().put(subject, body)


async def test_a_gap_is_in_the_log_before_the_trade_behind_it_is_published() -> None:
    market = NotingMarket()
    rig = Rig(market=market)
    market.rig = rig
    feed = ScriptedFeed([a_trade(1), a_trade(5), a_trade(6), a_trade(8)])

    await rig.play(feed, lambda: len(rig.trades) == 4)

    assert market.gaps == [0, 1, 1, 2]
    gap = rig.events(TradeGapDetected)[0]
    assert isinstance(gap, TradeGapDetected)
    assert (gap.first_missing_id, gap.last_missing_id, gap.missing_trades) == (2, 4, 3)
    assert (gap.before_at, gap.after_at) == (
        from_millis(NOON_MS + 100),
        from_millis(NOON_MS + 500),
    )


async def test_nothing_is_published_while_the_log_cannot_take_the_gap() -> None:
    rig = Rig()
    await rig.play(ScriptedFeed([a_trade(1)]), lambda: bool(rig.trades))
    feed = ScriptedFeed([a_trade(1), a_trade(5)])
    turns = 0

    def outage() -> bool:
        nonlocal turns
        if feed.asked and not turns:
            rig.log.pause()
        turns += bool(feed.asked)
        return turns > 200

    await rig.play(feed, outage)
    assert len(rig.trades) == 1

    rig.log.resume()
    await rig.play(ScriptedFeed([a_trade(1), a_trade(5)]), lambda: len(rig.trades) == 2)
    assert len(rig.events(TradeGapDetected)) == 1


async def test_a_log_of_another_feed_is_refused(tmp_path: Path) -> None:
    rig = Rig()
    await rig.play_out(tape_feed(write_frames(tmp_path / "one.log", [agg_trade(1)])))

    other = tape_feed(write_frames(tmp_path / "two.log", [agg_trade(2)]))
    with pytest.raises(ConfigurationError, match=r"this log holds .*one\.log.*another data folder"):
        await rig.play_out(other)

    assert len(rig.events(FeedOpened)) == 1


async def test_the_end_of_a_tape_is_published_again_when_market_loses_it(eventful: Path) -> None:
    rig = await undisturbed(eventful)
    expected = [it.body for it in rig.market.messages]
    await rig.market.interrupt(lost=4)

    await rig.play(tape_feed(eventful), lambda: len(rig.market.messages) == len(expected))

    assert [it.body for it in rig.market.messages] == expected
    assert len(rig.events(TapeEnded)) == 1


async def test_a_finished_tape_is_idle_after_a_restart(eventful: Path) -> None:
    rig = await undisturbed(eventful)
    count = len(rig.market.messages)
    rig.readiness.clear()

    await rig.play(tape_feed(eventful), lambda: len(rig.readiness) > 2)

    assert rig.readiness[-1] == (True, "the recording is over")
    assert len(rig.market.messages) == count


async def test_a_synthetic_market_continues_where_it_was(tmp_path: Path) -> None:
    def feed() -> SyntheticFeed:
        return SyntheticFeed(symbol="solusdt", seed=7)

    whole, torn = Rig(), Rig()
    await whole.play(feed(), lambda: len(whole.market.messages) >= 1_500)
    for count in (1, 2, 400, 700, 701, 1_500):
        await torn.play(feed(), lambda count=count: len(torn.market.messages) >= count)

    assert [it.body for it in torn.market.messages[:1_500]] == [
        it.body for it in whole.market.messages[:1_500]
    ]
    assert torn.trades[0].i == FIRST_TRADE_ID
    opened = torn.events(FeedOpened)
    assert len(opened) == 1
    assert isinstance(opened[0], FeedOpened)
    assert "synthetic" in opened[0].description


async def test_a_live_feed_is_asked_for_what_follows_and_tells_what_is_missing() -> None:
    rig = Rig()
    await rig.play(ScriptedFeed([a_trade(1), a_trade(2)]), lambda: len(rig.trades) == 2)
    feed = ScriptedFeed([a_trade(2), a_trade(7)])

    await rig.play(feed, lambda: len(rig.trades) == 3)

    assert feed.asked == [2]
    assert [trade.i for trade in rig.trades] == [1, 2, 7]
    (gap,) = rig.events(TradeGapDetected)
    assert isinstance(gap, TradeGapDetected)
    assert (gap.first_missing_id, gap.last_missing_id) == (3, 6)


async def test_the_health_of_a_live_feed_is_in_the_log() -> None:
    rig = Rig()
    items: list[Item] = [a_trade(1), Stalled("market", "closed", 700), Recovered("market", 900)]

    await rig.play(ScriptedFeed([*items, a_trade(2)]), lambda: len(rig.readiness) == 4)

    (stalled,), (recovered,) = rig.events(FeedStalled), rig.events(FeedRecovered)
    assert isinstance(stalled, FeedStalled)
    assert isinstance(recovered, FeedRecovered)
    assert (stalled.stream, stalled.reason, stalled.silence_ms) == ("market", "closed", 700)
    assert recovered.stalled_ms == 900
    assert rig.readiness == [FIRST, (True, ""), (False, "market: closed"), (True, "")]


async def test_a_flood_of_bad_frames_does_not_flood_the_log() -> None:
    rig = Rig()
    bad = [Refused("bad", b"%d" % it, "socket", it) for it in range(1, REFUSALS_MAX + 500)]

    await rig.play(ScriptedFeed([*bad, a_trade(1)]), lambda: bool(rig.trades))

    assert len(rig.events(FrameRefused)) == REFUSALS_MAX


async def test_ticks_of_a_feed_that_repeats_itself_pass_once() -> None:
    top = TopOfBook(5, NOON_MS, "150", "1", "151", "1")
    mark = MarkPrice(NOON_MS, "150", "150", "", 0)
    forced = Liquidation(NOON_MS, "long", "150", "1")
    rig = Rig()

    items: list[Item] = [top, mark, forced, a_trade(1), top, mark, a_trade(1), a_trade(2)]
    await rig.play(ScriptedFeed(items), lambda: len(rig.trades) == 2)

    assert [len(rig.bodies(subject)) for subject in SUBJECTS] == [2, 1, 1, 1]


async def test_a_foreign_message_in_market_stops_the_feed() -> None:
    rig = Rig()
    await rig.market.put(TRADES, b'{"k":"trade"}')

    with pytest.raises(MalformedBody, match=f"expected a tick of ours on {TRADES}"):
        await rig.play(ScriptedFeed([a_trade(1)]), lambda: False)


class LaggingMarket(InMemoryMarket):
    """Has a consumer that is far behind until it was asked often enough."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[int] = []

    async def lags(self) -> dict[str, int]:
        self.asked.append(len(self.messages))
        return {"signals-fold-trades": 20_001 if len(self.asked) < 4 else 20_000}

    async def last(self, subject: str) -> MarketMessage | None:
        return None


@pytest.mark.parametrize("is_replayable", [True, False])
async def test_a_replayable_feed_waits_for_a_slow_consumer(
    monkeypatch: pytest.MonkeyPatch, is_replayable: bool
) -> None:
    monkeypatch.setattr(pumping, "LAG_CHECK_EVERY", 10)
    monkeypatch.setattr(pumping, "LAG_POLL_S", 0)
    rig = Rig(market=LaggingMarket())
    feed = ScriptedFeed([a_trade(i) for i in range(1, 16)], is_replayable=is_replayable)

    await rig.play(feed, lambda: len(rig.trades) == 15)

    assert isinstance(rig.market, LaggingMarket)
    # Nothing is published between the four questions.
    assert rig.market.asked == ([10, 10, 10, 10] if is_replayable else [])


async def test_the_first_tick_waits_for_the_account_and_the_folds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(barrier, "POLL_S", 0)
    rig, told = Rig(), list[str]()
    account = an_account()
    waiting = asyncio.create_task(
        barrier.wait_for_desk(
            rig.log,
            rig.market,
            account=AccountId("local"),
            ready=lambda _, reason: told.append(reason),
        )
    )
    reasons = [
        "waiting for account local to be opened",
        "waiting for execution-work-prints and signals-fold-trades to listen",
        "waiting for signals-fold-trades to listen",
    ]

    async def told_last(reason: str) -> None:
        async with asyncio.timeout(30):
            while told[-1:] != [reason]:  # noqa: ASYNC110 - the other side is polled as well
                await asyncio.sleep(0)

    await told_last(reasons[0])
    await rig.log.as_service("gateway").append([account])
    await told_last(reasons[1])
    async with rig.market.follow("execution-work-prints", after=0):
        await told_last(reasons[2])
        assert not waiting.done()
        async with rig.market.follow("signals-fold-trades", after=0):
            await asyncio.wait_for(waiting, 30)


async def test_a_feed_that_the_market_does_not_take_is_not_ready() -> None:
    rig = Rig()
    rig.market.takes = False
    interrupted = "the market stream was interrupted: expected an acknowledgement, found none"

    await rig.play(ScriptedFeed([a_trade(1)]), lambda: len(rig.readiness) == 3)
    assert rig.readiness == [FIRST, *[(False, interrupted)] * 2]

    rig.market.takes = True
    await rig.play(ScriptedFeed([a_trade(1)]), lambda: len(rig.readiness) == 5)
    assert rig.readiness[3:] == [FIRST, (True, "")]
    assert [trade.i for trade in rig.trades] == [1]
