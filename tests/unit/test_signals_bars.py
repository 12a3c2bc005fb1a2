from decimal import Decimal
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.minute import MinuteClosed
from contracts.minutes import JUMP_MS_MAX, MINUTE_MS
from contracts.ticks import Tick, Trade
from contracts.values import from_millis, to_millis
from kit.signals_minutes import (
    BEGIN_MS,
    a_fold,
    a_trade,
    an_end,
    folded,
    tape_of,
)
from signals.domain import resume
from signals.domain.bars import BadTick, minute_draft


def starts(minutes: list[MinuteClosed]) -> list[int]:
    """Give the starts of minutes, in minutes after the beginning."""
    return [(to_millis(minute.minute) - BEGIN_MS) // MINUTE_MS for minute in minutes]


def test_a_minute_closes_when_the_watermark_reaches_its_end() -> None:
    fold = a_fold()

    assert not fold.fold(a_trade(1, 10))
    assert not fold.fold(a_trade(2, 59.999))
    assert not fold.fold(a_trade(3, 60.499))
    [minute] = fold.fold(a_trade(4, 60.5))

    assert minute.minute == from_millis(BEGIN_MS)
    assert minute.closed_at == from_millis(BEGIN_MS + 60_500)
    assert minute.is_complete
    assert (minute.trades, minute.first_trade_id, minute.last_trade_id) == (2, 1, 2)


def test_a_bar_holds_exact_sums_and_the_fingerprint_of_its_trades() -> None:
    trades = [
        a_trade(1, 1, "100.10", "0.3"),
        a_trade(2, 2, "100.30", "0.1", is_sell=True),
        a_trade(3, 3, "99.90", "0.00000001", is_sell=True),
        a_trade(4, 4, "100.20", "2"),
        a_trade(5, 70),
    ]

    [minute] = folded(trades)

    assert (minute.open_usd, minute.high_usd) == (Decimal("100.1"), Decimal("100.3"))
    assert (minute.low_usd, minute.close_usd) == (Decimal("99.9"), Decimal("100.2"))
    assert minute.volume_base == Decimal("2.40000001")  # 0.3 + 0.1 + 0.00000001 + 2
    assert minute.buy_volume_base == Decimal("2.3")
    # 30.03 + 10.03 + 0.000000999 + 200.4
    assert minute.turnover_usd == Decimal("240.460000999")
    lines = (
        f"1,{BEGIN_MS + 1000},100.10,0.3,b\n2,{BEGIN_MS + 2000},100.30,0.1,s\n"
        f"3,{BEGIN_MS + 3000},99.90,0.00000001,s\n4,{BEGIN_MS + 4000},100.20,2,b\n"
    )
    assert minute.ticks_sha256 == sha256(lines.encode()).hexdigest()


def test_a_trade_of_the_bar_before_counts_there_while_the_watermark_lags() -> None:
    first, second = folded(
        [a_trade(1, 10), a_trade(2, 60.1, "101"), a_trade(3, 59.9, "102"), a_trade(4, 125)]
    )

    assert (first.trades, first.last_trade_id, first.close_usd) == (2, 3, Decimal(102))
    assert (second.trades, second.first_trade_id, second.close_usd) == (1, 2, Decimal(101))
    assert second.last_trade_id == 3, "the last trade folded so far, not the bar's own"
    assert first.late_trades == second.late_trades == 0


def test_a_trade_whose_bar_has_closed_is_folded_into_the_open_one_and_counted() -> None:
    first, second = folded([a_trade(1, 10), a_trade(2, 61), a_trade(3, 20, "90"), a_trade(4, 121)])

    assert first.trades == 1
    assert (second.trades, second.late_trades, second.low_usd) == (2, 1, Decimal(90))


def test_silence_closes_every_minute_that_it_covers() -> None:
    minutes = folded([a_trade(1, 10, "100"), a_trade(2, 20, "101"), a_trade(3, 200)])

    assert starts(minutes) == [0, 1, 2]
    assert {minute.closed_at for minute in minutes} == {from_millis(BEGIN_MS + 200_000)}
    first, *empty = minutes
    assert first.silence_ms_max == 180_000
    assert [minute.silence_ms_max for minute in empty] == [100_000, 160_000]  # since second 20
    for minute in empty:
        assert minute.open_usd == minute.high_usd == minute.low_usd == Decimal(101)
        assert minute.close_usd == Decimal(101)
        assert minute.volume_base == minute.buy_volume_base == minute.turnover_usd == 0
        assert (minute.trades, minute.first_trade_id, minute.last_trade_id) == (0, None, 2)
        assert minute.ticks_sha256 == sha256(b"").hexdigest()


def test_a_silence_counts_in_the_bars_in_which_it_begins_and_ends() -> None:
    first, second, third = folded(
        [a_trade(1, 10), a_trade(2, 95), a_trade(3, 100), a_trade(4, 125), a_trade(5, 190)]
    )

    assert first.silence_ms_max == 85_000
    assert second.silence_ms_max == 85_000
    assert third.silence_ms_max == 65_000


def test_a_silence_ends_with_the_next_trade_though_that_does_not_close_the_bar() -> None:
    first, second = folded([a_trade(1, 10), a_trade(2, 60.2), a_trade(3, 100), a_trade(4, 121)])

    assert first.silence_ms_max == 50_200
    assert second.silence_ms_max == 50_200


def test_missing_trades_count_in_the_bar_that_is_open_when_they_are_missed() -> None:
    first, second = folded(
        [a_trade(7, 10), a_trade(8, 20), a_trade(12, 70), a_trade(15, 80), a_trade(16, 130)]
    )

    assert first.missing_trades == 3  # 9, 10, 11
    assert second.missing_trades == 2  # 13, 14


def test_missing_trades_before_one_of_the_next_bar_count_in_the_open_one() -> None:
    first, second = folded([a_trade(1, 10), a_trade(4, 60.2), a_trade(5, 61), a_trade(6, 121)])

    assert (first.missing_trades, second.missing_trades) == (2, 0)


def test_the_first_trade_opens_its_own_minute() -> None:
    assert starts(folded([a_trade(1, 60.1), a_trade(2, 121)])) == [1]


def test_the_end_of_a_tape_closes_its_last_bar_as_incomplete() -> None:
    first, last = folded([a_trade(1, 10), a_trade(2, 61), an_end(2, 61)])

    assert first.is_complete
    assert not last.is_complete
    assert (last.trades, last.closed_at) == (1, from_millis(BEGIN_MS + 61_000))


def test_the_end_of_a_tape_closes_both_bars_that_are_open() -> None:
    minutes = folded([a_trade(1, 10), a_trade(2, 60.2), an_end(2, 60.2)])

    assert starts(minutes) == [0, 1]
    assert [minute.is_complete for minute in minutes] == [False, False]
    assert [minute.trades for minute in minutes] == [1, 1]


def test_the_end_of_a_tape_names_trades_that_never_came() -> None:
    [minute] = folded([a_trade(1, 10), an_end(4, 20)])

    assert minute.missing_trades == 3


def test_nothing_follows_the_end_of_a_tape() -> None:
    fold = a_fold()
    for tick in (a_trade(1, 10), an_end(1, 10), an_end(1, 10), a_trade(1, 10)):
        fold.fold(tick)

    assert fold.is_ended
    for at_s in (11, 1000):
        with pytest.raises(BadTick, match="expected no trade after the end of the tape"):
            fold.fold(a_trade(2, at_s))


def test_a_tape_without_trades_closes_nothing() -> None:
    fold = a_fold()

    assert not fold.fold(an_end(0, 0))
    assert fold.is_ended


SIGNS = ["-1", "+1", "NaN", "Infinity", "null"]
FORMS = ["", "0", "0.00", "1e3", "1,5", " 1", "1 ", ".5", "1.", "0x10", "\u0661"]
SIZES = ["1.000000001", "1234567890"]


@pytest.mark.parametrize("bad", [*SIGNS, *FORMS, *SIZES])
def test_a_number_that_is_not_a_positive_decimal_is_refused_by_name(bad: str) -> None:
    fold = a_fold()

    with pytest.raises(BadTick, match="expected a positive price"):
        fold.fold(a_trade(1, 0, price=bad))
    with pytest.raises(BadTick, match="expected a positive quantity"):
        fold.fold(a_trade(1, 0, quantity=bad))


def test_zeros_at_the_end_are_no_more_decimals() -> None:
    [minute] = folded([a_trade(1, 0, "100.1000000000"), a_trade(2, 61)])

    assert minute.close_usd == Decimal("100.1")


def test_a_trade_of_a_trillion_dollars_is_refused() -> None:
    with pytest.raises(BadTick, match=r"expected at most 10\^12 USD in trade 1"):
        a_fold().fold(a_trade(1, 0, "999999999", "999999999"))


@pytest.mark.parametrize(
    "time_ms",
    [0, -1, BEGIN_MS // 1000, BEGIN_MS * 1000, 2**62],
    ids=["zero", "negative", "seconds", "microseconds", "huge"],
)
def test_a_time_in_another_unit_is_refused(time_ms: int) -> None:
    fold = a_fold()
    with pytest.raises(BadTick, match="expected a time in epoch milliseconds"):
        fold.fold(Trade(1, time_ms, "1", "1", m=False))

    fold.fold(a_trade(2, 0))
    with pytest.raises(BadTick, match="expected the time of trade 3"):
        fold.fold(Trade(3, time_ms, "1", "1", m=False))


def test_a_jump_of_more_than_a_month_is_a_broken_clock() -> None:
    fold = a_fold()
    fold.fold(a_trade(1, 0))

    with pytest.raises(BadTick, match="at most 31 days after the open minute"):
        fold.fold(Trade(2, BEGIN_MS + JUMP_MS_MAX, "1", "1", m=False))
    assert len(fold.fold(Trade(2, BEGIN_MS + 2 * 86_400_000, "1", "1", m=False))) == 2 * 1440 - 1


REFUSED = [
    a_trade(2, 200, "NaN"),
    a_trade(2, 200, quantity="-3"),
    a_trade(2, 40 * 86_400),
    Trade(2, 5, "1", "1", m=False),
    a_trade(2**62, 20),
    an_end(0, 10),
    an_end(2, 40 * 86_400),
]


@pytest.mark.parametrize("bad", REFUSED)
def test_what_is_refused_changes_nothing_and_its_loss_shows(bad: Tick) -> None:
    fold = a_fold()
    fold.fold(a_trade(1, 10))
    with pytest.raises(BadTick):
        fold.fold(bad)

    assert not fold.is_ended
    [minute] = [*fold.fold(a_trade(3, 30)), *fold.fold(a_trade(4, 61))]
    assert (minute.trades, minute.missing_trades) == (2, 1)
    assert minute.late_trades == 0
    assert minute.silence_ms_max == 31_000  # from the trade at 30 to the one that closed it


def test_a_minute_has_one_id_in_every_run() -> None:
    [minute] = folded([a_trade(1, 10), a_trade(2, 61)])
    [other] = folded([a_trade(1, 10, "77"), a_trade(2, 90)])

    draft = minute_draft(minute)
    assert draft.id == draft.correlation_id == minute_draft(other).id
    assert draft.causation_id is None
    assert draft.subject == "market.minute.sol-perp"
    assert draft.occurred_at == minute.closed_at


@st.composite
def tapes(draw: st.DrawFn) -> list[Trade]:
    """Give trades with lost ids, silences, and times that are not quite in order."""
    steps = st.tuples(
        st.sampled_from([0, 0, 1, 40, 700, 20_000, 31_000, 59_000, 61_000, 200_000]),
        st.sampled_from([0, 0, 0, 0, -1, -300, -499, -900, -70_000]),
        st.sampled_from([1, 1, 1, 1, 1, 2, 9]),
        st.integers(1, 99_999_999),
        st.integers(1, 99_999),
        st.booleans(),
    )
    trades: list[Trade] = []
    trade_id, time_ms = draw(st.integers(0, 50)), BEGIN_MS + draw(st.integers(0, 60_500))
    for ahead, late, step, price, quantity, is_sell in draw(
        st.lists(steps, min_size=1, max_size=40)
    ):
        time_ms += ahead
        trade_id += step
        text = f"{price / 1_000_000:.6f}"
        trades.append(Trade(trade_id, time_ms + late, text, str(quantity), m=is_sell))
    return trades


@given(tapes())
@settings(deadline=None)
def test_every_trade_is_in_exactly_one_bar(trades: list[Trade]) -> None:
    minutes = folded(tape_of(trades))

    assert sum(minute.trades for minute in minutes) == len(trades)
    assert sum(minute.volume_base for minute in minutes) == sum(Decimal(t.q) for t in trades)
    assert sum(minute.buy_volume_base for minute in minutes) == sum(
        Decimal(trade.q) for trade in trades if not trade.m
    )
    assert sum(minute.turnover_usd for minute in minutes) == sum(
        Decimal(trade.p) * Decimal(trade.q) for trade in trades
    )
    assert sum(minute.missing_trades for minute in minutes) == (
        trades[-1].i - trades[0].i + 1 - len(trades)
    )
    assert starts(minutes) == list(range(starts(minutes)[0], starts(minutes)[-1] + 1))
    lasts = [minute.last_trade_id for minute in minutes]
    assert lasts == sorted(lasts)
    assert lasts[-1] == trades[-1].i


@given(tapes(), st.data())
@settings(deadline=None)
def test_trades_that_come_again_change_nothing(trades: list[Trade], data: st.DataObject) -> None:
    again: list[Tick] = []
    for index, tick in enumerate(tape_of(trades)):
        again.append(tick)
        back = data.draw(st.integers(0, index))
        again.extend(data.draw(st.permutations(trades[back:index][:6])))

    assert folded(again) == folded(tape_of(trades))


@given(tapes(), st.data())
@settings(deadline=None)
def test_a_fold_that_continues_after_any_minute_closes_the_same_minutes(
    trades: list[Trade], data: st.DataObject
) -> None:
    tape = tape_of(trades)
    minutes = folded(tape)
    recorded = data.draw(st.integers(1, len(minutes)))
    place = None
    for minute in minutes[:recorded]:
        place = resume.after(place, minute)
    assert place is not None
    # The market stream is read again from any trade up to the cut, or from the beginning.
    seen = [index for index, trade in enumerate(trades) if trade.i <= place.cut_id]
    begin = data.draw(st.sampled_from(seen)) if seen else 0

    assert folded(tape[begin:], resume=place) == minutes[recorded:]


def test_trades_that_the_stream_has_lost_since_are_not_called_missing() -> None:
    trades = [a_trade(1, 10), a_trade(2, 70), a_trade(3, 80), a_trade(4, 125), a_trade(5, 185)]
    first, second, third = folded(trades)
    place = resume.after(resume.after(None, first), second)

    # 2 and 3 are in the log's second minute; the stream begins anew at 4.
    [again] = folded(trades[3:], resume=place)

    assert again.missing_trades == third.missing_trades == 0
    # The last trade's own time is lost with it: the silence is at most this long.
    assert third.silence_ms_max == 60_000  # from 4 to 5
    assert again.silence_ms_max == 65_000


def test_minutes_of_a_log_must_follow_each_other() -> None:
    first, _, third = folded([a_trade(1, 10), a_trade(2, 200)])

    with pytest.raises(resume.MinuteOutOfOrder, match=r"expected minute .* found"):
        resume.after(resume.after(None, first), third)
