"""Minutes of the exchange before the first trade: whole or not at all, and decisions after them."""

from dataclasses import replace
from decimal import Decimal

import msgspec
import pytest

from contracts.codec import as_recorded
from contracts.event import Recorded
from contracts.minute import BackfilledMinute, CandleSource, MinutesBackfilled
from contracts.minutes import MINUTE_MS
from contracts.sessions import DAY_MS
from contracts.signal import EntrySignaled, EntryWithheld, WithheldReason
from contracts.ticks import Candle, Candles
from contracts.values import from_millis
from kit.signals_minutes import (
    BEGIN_MS,
    MARKET,
    SYMBOL,
    VENUE,
    a_feed,
    a_fold,
    a_minute,
    a_trade,
    feed_draft,
)
from signals.domain.bars import BadTick, minute_draft
from signals.domain.core import SignalsCore
from signals.domain.history import HistoryFold
from signals.domain.resume import Resume, after

CANDLE = Candle("100", "100.5", "99.5", "100", "10", "1000", "5")
RECLAIM = ("98", "98", "98", "98", "98", "101", "101")
"""Five closes lose VWAP, one crosses it, one more confirms."""
MORNING = 180


def a_part(part: int = 1, parts: int = 2, *, minutes: int = 3, **fields: int) -> Candles:
    """Give a part of a history whose parts are all this long."""
    at_ms = BEGIN_MS + (part - 1) * minutes * MINUTE_MS
    whole = Candles(part, parts, at_ms, 7, "binance_klines", (CANDLE,) * minutes)
    return msgspec.structs.replace(whole, **fields)


def a_history_fold() -> HistoryFold:
    return HistoryFold(venue=VENUE, symbol=SYMBOL, market=MARKET)


def a_history(minutes: int, *, begin_ms: int) -> MinutesBackfilled:
    """Give flat minutes at 100."""
    minute = BackfilledMinute(
        open_usd=Decimal(100),
        high_usd=Decimal("100.5"),
        low_usd=Decimal("99.5"),
        close_usd=Decimal(100),
        volume_base=Decimal(10),
        buy_volume_base=Decimal(5),
        turnover_usd=Decimal(1000),
    )
    return MinutesBackfilled(
        venue=VENUE,
        symbol=SYMBOL,
        market=MARKET,
        source=CandleSource.BINANCE_KLINES,
        part=1,
        parts=1,
        first_minute=from_millis(begin_ms),
        minutes=(minute,) * minutes,
        next_trade_id=7,
    )


def recorded(fact: MinutesBackfilled) -> Recorded:
    draft = minute_draft(fact)
    return as_recorded(draft, source="signals", position=2, recorded_at=draft.occurred_at)


def opened_at(at_ms: int) -> Recorded:
    draft = replace(feed_draft(a_feed()), occurred_at=from_millis(at_ms))
    return as_recorded(draft, source="ingest", position=1, recorded_at=draft.occurred_at)


def test_a_history_is_given_with_its_last_part() -> None:
    fold = a_history_fold()

    assert fold.fold(a_part(1)) == ()
    first, second = fold.fold(a_part(2))
    assert (first.part, second.part) == (1, 2)
    assert second.first_minute == from_millis(BEGIN_MS + 3 * MINUTE_MS)
    assert first.minutes[0].turnover_usd == 1000


def test_parts_that_come_again_change_nothing() -> None:
    fold = a_history_fold()

    given = [fold.fold(a_part(number, 3)) for number in (1, 2, 2, 1, 2, 3)]

    assert [len(facts) for facts in given] == [0, 0, 0, 0, 0, 3]


@pytest.mark.parametrize(
    "other",
    [
        a_part(3, 3),
        a_part(2, 4),
        a_part(2, 3, i=8),
        a_part(2, 3, t=BEGIN_MS),
        a_part(2, 3, minutes=0),
    ],
    ids=["part", "parts", "next trade", "time", "empty"],
)
def test_a_part_that_does_not_continue_is_refused(other: Candles) -> None:
    fold = a_history_fold()
    fold.fold(a_part(1, 3))

    with pytest.raises(BadTick, match="expected part, parts, next trade and time"):
        fold.fold(other)
    with pytest.raises(BadTick):
        fold.fold(a_part(2, 3))


def test_numbers_that_are_none_are_refused() -> None:
    part = a_part(1, 1)
    bad = msgspec.structs.replace(part, minutes=(msgspec.structs.replace(CANDLE, low="NaN"),))

    with pytest.raises(BadTick, match="expected minutes of an exchange"):
        a_history_fold().fold(bad)


def test_trades_continue_a_history_by_id() -> None:
    place: Resume | None = None
    for fact in [*a_history_fold().fold(a_part(1, 1))]:
        place = after(place, fact)
    assert place is not None
    fold = a_fold(place)

    # Trades 7 and 8 are missing: the history says that 7 comes next.
    ticks = [a_trade(9, 3 * 60 + 1, "101"), a_trade(10, 4 * 60 + 1, "101")]
    [minute] = [it for tick in ticks for it in fold.fold(tick)]

    assert minute.minute == from_millis(BEGIN_MS + 3 * MINUTE_MS)
    assert minute.missing_trades == 2
    assert minute.first_trade_id == 9


def answers_at_three(*facts: MinutesBackfilled) -> list[EntrySignaled | EntryWithheld]:
    """Give the decisions on a reclaim that begins at 03:00, the feed's first minute."""
    opened_ms = BEGIN_MS + MORNING * MINUTE_MS
    core = SignalsCore()
    core.step(opened_at(opened_ms))
    for fact in facts:
        assert core.step(recorded(fact)) == ()
    decisions: list[EntrySignaled | EntryWithheld] = []
    for index, close in enumerate(RECLAIM):
        minute = a_minute(index, close, bought="9", begin_ms=opened_ms)
        draft = minute_draft(minute)
        given = as_recorded(draft, source="signals", position=3, recorded_at=draft.occurred_at)
        [decision] = core.step(given)
        assert isinstance(decision.event, EntrySignaled | EntryWithheld)
        decisions.append(decision.event)
    return decisions


def test_an_entry_is_possible_on_the_first_day() -> None:
    last = answers_at_three(a_history(MORNING, begin_ms=BEGIN_MS))[-1]

    assert isinstance(last, EntrySignaled)
    features = last.features
    # 180 x 1,000 USD and the turnover of seven minutes, over 187 x 10
    turnover = 180 * 1000 + 10 * sum(map(int, RECLAIM))
    assert features.session_vwap_usd == (Decimal(turnover) / 1870).quantize(Decimal("1e-10"))
    # Half of the morning was bought; then 7 x (2 x 9 - 10)
    assert features.session_cvd_base == 56


def test_without_a_history_the_first_day_gives_none() -> None:
    decisions = answers_at_three()

    assert {it.reason for it in decisions if isinstance(it, EntryWithheld)} == {
        WithheldReason.SESSION_INCOMPLETE
    }
    assert len(decisions) == len(RECLAIM)


def test_a_history_that_begins_after_the_anchor_is_not_the_session() -> None:
    late = a_history(MORNING - 60, begin_ms=BEGIN_MS + 60 * MINUTE_MS)

    last = answers_at_three(late)[-1]

    assert isinstance(last, EntryWithheld)
    assert last.reason is WithheldReason.SESSION_INCOMPLETE


def test_warm_up_before_the_anchor_counts_in_no_sum_of_the_session() -> None:
    core = SignalsCore()
    core.step(recorded(a_history(MORNING, begin_ms=BEGIN_MS - 60 * MINUTE_MS)))

    assert core.state.session.is_whole
    assert core.state.session.since_ms % DAY_MS == 0
    assert core.state.session.volume == (MORNING - 60) * 10 * 10**8


def test_a_history_that_comes_again_is_passed_over() -> None:
    core, history = SignalsCore(), recorded(a_history(60, begin_ms=BEGIN_MS))
    core.step(history)
    before = core.snapshot()

    core.step(history)

    assert core.snapshot() == before
