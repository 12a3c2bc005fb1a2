from collections import Counter
from functools import cache
from hashlib import sha256
from itertools import islice, pairwise, takewhile

import pytest

from chassis.settings import ConfigurationError
from contracts.signal import WithheldReason
from contracts.ticks import Liquidation, MarkPrice, TopOfBook, Trade
from contracts.values import Side, to_millis
from ingest.domain.decode import FrameDecoder
from ingest.domain.items import Decoded
from ingest.feeds.synthetic import BEGINS_MS, GENERATOR, SYMBOL, SyntheticFeed
from kit.ingest_strategy import Judged, judge

MINUTE_MS = 60_000
LONG = 500
"""Minutes in which each of the first day's scripted episodes happens."""
SEED = 7


def feed(seed: int = SEED) -> SyntheticFeed:
    return SyntheticFeed(symbol="solusdt", seed=seed)


@cache
def ticks(minutes: int, seed: int = SEED) -> tuple[Decoded, ...]:
    decoder = FrameDecoder(SYMBOL)
    decoded = (decoder.decode(frame) for frame in feed(seed).frames())
    end_ms = BEGINS_MS + minutes * MINUTE_MS
    return tuple(takewhile(lambda it: not (isinstance(it, Trade) and it.t >= end_ms), decoded))


@cache
def trades(minutes: int, seed: int = SEED) -> tuple[Trade, ...]:
    return tuple(it for it in ticks(minutes, seed) if isinstance(it, Trade))


@cache
def judged(minutes: int, seed: int = SEED) -> Judged:
    return judge(trades(minutes, seed), venue="synthetic", symbol="solusdt", market="sol-perp")


def minute_of(time_ms: int) -> int:
    return (time_ms - BEGINS_MS) // MINUTE_MS


def gap_minutes(found: tuple[Trade, ...]) -> list[int]:
    pairs = pairwise(found)
    return [minute_of(after.t) for before, after in pairs if after.i != before.i + 1]


def test_equal_seeds_give_equal_bytes_and_other_seeds_do_not() -> None:
    one, two = (b"\n".join(islice(feed().frames(), 20_000)) for _ in range(2))
    other = b"\n".join(islice(feed(SEED + 1).frames(), 20_000))

    assert one == two
    assert one != other


def test_the_bytes_of_a_seed_are_fixed_for_this_version_of_the_generator() -> None:
    frames = b"\n".join(islice(feed().frames(), 50_000))

    # A log names the generator's version in its feed's identity: other bytes need another one.
    assert GENERATOR == "1"
    assert sha256(frames).hexdigest() == (
        "c4b251350a0f4b51c991e452e9a20729e229cfa0696271a30135ca531d146074"
    )


@pytest.mark.parametrize("day", [0, 1, 30])
@pytest.mark.parametrize("trade", [0, 1, 150, 20_000])
def test_skipping_to_a_trade_equals_playing_up_to_it(day: int, trade: int) -> None:
    after = next(islice(feed().days(), day, None)).first_id + trade

    skipped = list(islice(feed().frames(after=after), 500))
    # From about two minutes, and where the day begins from the day, before.
    played = list(islice(feed().frames(after=after - 300), 3_000))

    decoder = FrameDecoder(SYMBOL)
    first = next(it for frame in skipped if isinstance(it := decoder.decode(frame), Trade))
    assert after - 310 < first.i <= after
    begin = played.index(skipped[0])
    assert played[begin : begin + 500] == skipped


def test_every_frame_is_a_tick_in_the_order_of_the_ids() -> None:
    kinds = Counter(type(it) for it in ticks(LONG))
    found = trades(LONG)
    tops = [it for it in ticks(LONG) if isinstance(it, TopOfBook)]
    marks = [it for it in ticks(LONG) if isinstance(it, MarkPrice)]

    assert set(kinds) == {Trade, TopOfBook, MarkPrice, Liquidation}
    assert all(a.i < b.i and a.t <= b.t for a, b in pairwise(found))
    assert all(a.u < b.u for a, b in pairwise(tops))
    # One a second, and the one that the minute after the last begins with may be there.
    assert [it.t for it in marks[: LONG * 60]] == [
        BEGINS_MS + second * 1000 for second in range(LONG * 60)
    ]


def test_a_minute_has_between_100_and_300_trades() -> None:
    per_minute = Counter(minute_of(trade.t) for trade in trades(LONG))

    assert set(per_minute) == set(range(LONG))
    assert min(per_minute.values()) >= 100
    assert max(per_minute.values()) <= 310


def test_the_market_is_quoted_around_its_trades() -> None:
    top: TopOfBook | None = None
    for it in ticks(120):
        if isinstance(it, TopOfBook):
            top = it
        elif isinstance(it, Trade):
            assert top is not None
            assert it.p == (top.b if it.m else top.a)


def test_trades_are_lost_only_with_silence_around_them() -> None:
    found = trades(LONG)

    assert gap_minutes(found)
    for before, after in pairwise(found):
        is_gap = after.i != before.i + 1
        assert (after.t - before.t > 30_000) == is_gap


def test_longs_are_liquidated_in_the_flush_before_the_first_setup() -> None:
    forced = [it for it in ticks(110) if isinstance(it, Liquidation)]

    assert forced
    assert {it.side for it in forced} == {"long"}
    assert {minute_of(it.t) for it in forced} <= set(range(86, 92))


@pytest.mark.parametrize("seed", [SEED, 1, 2, 3, 4])
def test_the_first_setup_is_a_long_that_fills_and_reaches_its_targets(seed: int) -> None:
    first = judged(150, seed).entries[0]

    assert first.signal.side is Side.LONG
    assert 100 <= minute_of(first.at_ms) <= 106
    assert first.signal.missing_trades_in_window == 0
    assert not gap_minutes(trades(150, seed))
    assert first.filled_ms is not None
    assert first.filled_ms < 60_000
    assert first.stopped_ms is None
    assert len(first.reached_ms) == 3
    # At the default speed of 60 a person waits as many seconds as these are minutes.
    assert first.reached_ms[0] < 15 * MINUTE_MS


def test_there_are_setups_of_both_sides_that_win_and_that_are_stopped() -> None:
    entries = judged(LONG).entries

    won = {it.signal.side for it in entries if it.reached_ms}
    stopped = {it.signal.side for it in entries if it.stopped_ms and not it.reached_ms}
    assert won == {Side.LONG, Side.SHORT}
    assert stopped == {Side.LONG, Side.SHORT}
    assert 5 <= len(entries) <= 15


def test_no_setup_is_trusted_where_trades_are_missing() -> None:
    entries = judged(LONG).entries
    signaled = {minute_of(to_millis(it.signal.minute)) for it in entries}

    for minute in gap_minutes(trades(LONG)):
        assert not signaled & set(range(minute, minute + 12))
    reasons = {it.reason for it in judged(LONG).withheld}
    assert WithheldReason.TRADE_SILENCE_IN_WINDOW in reasons
    assert all(it.signal.missing_trades_in_window == 0 for it in entries)


def test_the_feed_says_that_it_is_synthetic() -> None:
    source = feed().source

    assert source.venue == "synthetic"
    assert source.description.startswith("synthetic")
    assert source.identity.startswith("synthetic:")
    assert source.is_replayable
    assert source.identity != feed(SEED + 1).source.identity


def test_another_symbol_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="expected solusdt"):
        SyntheticFeed(symbol="btcusdt", seed=1)
