"""The fold and the strategy over real recordings, and what they find there."""

import random
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal

import pytest

from contracts.codec import body_of
from contracts.ids import MarketId, SourceVenue, Symbol
from contracts.minute import MinuteClosed
from contracts.signal import EntrySignaled, EntryWithheld, WithheldReason
from contracts.ticks import Tick, Trade
from contracts.values import Side
from kit.signals_minutes import answers, tape_of
from kit.signals_recordings import frame_trades, ltc_trades
from signals.domain.bars import TickFold, minute_draft
from signals.domain.core import SignalsCore


def folded(ticks: Sequence[Tick], *, symbol: str, market: str) -> list[MinuteClosed]:
    fold = TickFold(venue=SourceVenue("binance"), symbol=Symbol(symbol), market=MarketId(market))
    return [minute for tick in ticks for minute in fold.fold(tick)]


RECORDINGS = {
    "ltc": (ltc_trades, 152_763, 25_595),
    "eth": (lambda: frame_trades("ethusdt_20240718", "ethusdt_20240719"), 13_655, 0),
    "btc": (lambda: frame_trades("btcusdt_20240808"), 21_313, 0),
}


@pytest.mark.parametrize("name", RECORDINGS)
def test_every_recorded_trade_is_folded_once(name: str) -> None:
    read, count, missing = RECORDINGS[name]
    trades = read()
    minutes = folded(tape_of(trades), symbol=f"{name}usdt", market=f"{name}-perp")

    assert len(trades) == count
    assert sum(minute.trades for minute in minutes) == count
    assert sum(minute.volume_base for minute in minutes) == sum(Decimal(t.q) for t in trades)
    assert sum(minute.buy_volume_base for minute in minutes) == sum(
        Decimal(trade.q) for trade in trades if not trade.m
    )
    assert sum(minute.turnover_usd for minute in minutes) == sum(
        Decimal(trade.p) * Decimal(trade.q) for trade in trades
    )
    assert sum(minute.missing_trades for minute in minutes) == missing
    assert sum(minute.late_trades for minute in minutes) == 0
    first_ms, last_ms = (trades[0].t // 60_000, trades[-1].t // 60_000)
    assert len(minutes) == last_ms - first_ms + 1
    assert [minute.is_complete for minute in minutes] == [True] * (len(minutes) - 1) + [False]


def with_repetitions(trades: Sequence[Trade], seed: int) -> list[Tick]:
    """Give a tape whose trades come again, in any order, as after interruptions."""
    chance = random.Random(seed)
    ticks: list[Tick] = []
    for begin in range(0, len(trades), 500):
        ticks.extend(trades[begin : begin + 500])
        again = list(trades[max(0, begin - chance.randrange(2_000)) : begin + 500])
        chance.shuffle(again)
        ticks.extend(again)
    return [*ticks, tape_of(trades)[-1]]


@pytest.mark.parametrize("name", ["eth", "btc"])
def test_recorded_trades_that_come_again_change_nothing(name: str) -> None:
    trades = RECORDINGS[name][0]()
    market = {"symbol": f"{name}usdt", "market": f"{name}-perp"}

    assert folded(with_repetitions(trades, 7), **market) == folded(tape_of(trades), **market)


def test_the_strategy_on_36_hours_of_ltc() -> None:
    minutes = folded(tape_of(ltc_trades()), symbol="ltcusdt", market="ltc-perp")
    drafts = answers(SignalsCore(), minutes)

    assert len(drafts) == len(minutes) == 2_156
    entries = [draft.event for draft in drafts if isinstance(draft.event, EntrySignaled)]
    assert Counter(entry.side for entry in entries) == {Side.LONG: 5, Side.SHORT: 5}
    reasons = Counter(d.event.reason for d in drafts if isinstance(d.event, EntryWithheld))
    assert reasons == {
        # 12:04 to 24:00 of the first day; the second lost four hours from 19:03 to 23:00, so that
        # 296 minutes before its last.
        WithheldReason.SESSION_INCOMPLETE: 716 + 296,
        WithheldReason.ANCHOR_TOO_YOUNG: 30,
        WithheldReason.VWAP_NOT_LOST: 44,
        WithheldReason.WAITING_FOR_CROSS: 1_028,
        WithheldReason.WAITING_FOR_CONFIRMATION: 15,
        WithheldReason.VOLUME_TOO_LOW: 8,
        WithheldReason.CVD_AGAINST: 5,
        WithheldReason.RECLAIM_INVALIDATED: 3,
        WithheldReason.BAR_INCOMPLETE: 1,
    }
    assert {entry.minute.date().isoformat() for entry in entries} == {"2025-06-22"}
    for entry in entries:
        ladder = [entry.stop_price_usd, entry.entry_price_usd, *entry.tp_prices_usd]
        assert ladder == sorted(ladder, reverse=entry.side is Side.SHORT)


def test_a_replay_gives_the_same_bytes() -> None:
    minutes = folded(tape_of(ltc_trades()), symbol="ltcusdt", market="ltc-perp")[:600]
    # What the log gives back went over the wire.
    read_back = [MinuteClosed.model_validate_json(body_of(minute)) for minute in minutes]

    first, second = answers(SignalsCore(), minutes), answers(SignalsCore(), read_back)

    assert [minute_draft(minute) for minute in minutes] == [minute_draft(m) for m in read_back]
    assert first == second
    assert [body_of(draft.event) for draft in first] == [body_of(draft.event) for draft in second]
