import json
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from importlib.metadata import entry_points

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.core import CORES_GROUP
from contracts.event import Draft
from contracts.ids import derive_id
from contracts.minute import MinuteClosed
from contracts.signal import EntrySignaled, EntryWithheld, Phase, WithheldReason
from contracts.ticks import Trade
from contracts.values import Side, to_millis
from kit.signals_minutes import (
    BEGIN_MS,
    a_feed,
    a_minute,
    a_trade,
    answers,
    events,
    feed_draft,
    folded,
    recorded,
)
from kit.starts import OTHERS, recorded_start
from signals.domain.bars import minute_draft
from signals.domain.core import STRATEGY, ForeignMarket, SignalsCore
from signals.domain.resume import MinuteOutOfOrder
from signals.domain.units import Inexact

WARM = 80
"""Minutes until the ATR of five-minute bars is there: 15 bars, of which the first has no range."""


def warm_up(begin_ms: int = BEGIN_MS, *, minutes: int = WARM) -> list[MinuteClosed]:
    """Give minutes that swing by 1 USD about 100, enough for every indicator."""
    return [a_minute(i, high="100.5", low="99.5", begin_ms=begin_ms) for i in range(minutes)]


def then(
    *closes: str, bought: str = "9", begin: int = WARM, begin_ms: int = BEGIN_MS
) -> list[MinuteClosed]:
    """Give minutes that follow the warm-up."""
    return [
        a_minute(
            begin + i,
            close,
            high=Decimal(close) + Decimal("0.5"),
            low=Decimal(close) - Decimal("0.5"),
            bought=bought,
            begin_ms=begin_ms,
        )
        for i, close in enumerate(closes)
    ]


LOST = ("98", "99", "99", "99", "99")
RECLAIM = (*LOST, "101", "101")


def reasons(drafts: Sequence[Draft]) -> list[WithheldReason | None]:
    """Give the reason of each answer; None for an entry."""
    return [
        draft.event.reason if isinstance(draft.event, EntryWithheld) else None for draft in drafts
    ]


def last_event(*minutes: MinuteClosed) -> EntrySignaled | EntryWithheld:
    """Give the last answer of a core to minutes."""
    event = answers(SignalsCore(), minutes)[-1].event
    assert isinstance(event, EntrySignaled | EntryWithheld)
    return event


def test_a_reclaim_of_vwap_signals_a_long() -> None:
    event = last_event(*warm_up(), *then(*RECLAIM))

    assert isinstance(event, EntrySignaled)
    assert event.side is Side.LONG
    assert event.strategy == "vwap-reclaim-3"
    assert event.entry_price_usd == Decimal(101)
    features = event.features
    assert features.atr_5m_usd is not None
    assert features.session_vwap_usd is not None
    assert features.session_vwap_usd < 100
    # The low since VWAP was lost is 97.5; the stop may be at most 2 ATR away.
    assert event.stop_price_usd < 101 - 2 * features.atr_5m_usd + Decimal("0.001")
    risk = event.entry_price_usd - event.stop_price_usd
    assert event.tp_prices_usd == tuple(101 + n * risk for n in (1, 2, 3))
    # 80 flat minutes, then 7 with 9 of 10 bought: 7 x (2 x 9 - 10)
    assert features.session_cvd_base == 56
    assert features.close_usd == 101
    assert features.rsi is not None
    assert features.rsi > 50


def test_the_mirror_image_signals_a_short() -> None:
    closes = [str(200 - int(close)) for close in RECLAIM]

    event = last_event(*warm_up(), *then(*closes, bought="1"))

    assert isinstance(event, EntrySignaled)
    assert event.side is Side.SHORT
    assert event.entry_price_usd == Decimal(99)
    assert event.stop_price_usd > 99


def test_missing_trades_of_the_window_travel_with_the_entry() -> None:
    warm, minutes = warm_up(), then(*RECLAIM)
    warm[-1] = warm[-1].model_copy(update={"missing_trades": 5})
    minutes[2] = minutes[2].model_copy(update={"missing_trades": 3})

    event = last_event(*warm, *minutes)

    assert isinstance(event, EntrySignaled)
    assert event.missing_trades_in_window == 3


CONFIRMED_S = (WARM + len(RECLAIM)) * 60
"""End of the bar that confirms the reclaim."""


def after_a_reclaim(*later: tuple[int, float]) -> EntrySignaled | EntryWithheld:
    """Give the answer to the confirming bar, when trades follow it.

    Each is an id after the bar's last, and seconds after its end; the last one closes the bar.
    """
    trades: list[Trade] = []
    for minute, close in enumerate([*["100"] * WARM, *RECLAIM]):
        high, low = str(Decimal(close) + Decimal("0.5")), str(Decimal(close) - Decimal("0.5"))
        for second, price in ((1, high), (20, low), (40, close), (59, close)):
            is_sell = second == 40
            trades.append(a_trade(len(trades) + 1, minute * 60 + second, price, is_sell=is_sell))
    last_id = len(trades)
    trades += [a_trade(last_id + ahead, CONFIRMED_S + at_s, "101") for ahead, at_s in later]
    return last_event(*folded(trades)[: WARM + len(RECLAIM)])


def test_a_feed_that_goes_on_after_the_confirming_bar_gives_an_entry() -> None:
    event = after_a_reclaim((1, 1))

    assert isinstance(event, EntrySignaled)
    assert event.missing_trades_in_window == 0


@pytest.mark.parametrize(
    "later",
    [[(1, 1_200.0)], [(1, 0.2), (2, 1_200.0)], [(1, 29.5)]],
    ids=["twenty minutes", "twenty minutes but for one early trade", "half a minute in two bars"],
)
def test_a_feed_that_is_silent_right_after_the_confirming_bar_gives_no_entry(
    later: list[tuple[int, float]],
) -> None:
    event = after_a_reclaim(*later)

    assert isinstance(event, EntryWithheld)
    assert event.reason is WithheldReason.TRADE_SILENCE_IN_WINDOW


@pytest.mark.parametrize("later", [[(4, 1.0)], [(4, 0.2), (5, 1.0)]], ids=["closing", "lagging"])
def test_trades_lost_at_the_end_of_the_confirming_bar_travel_with_the_entry(
    later: list[tuple[int, float]],
) -> None:
    event = after_a_reclaim(*later)

    assert isinstance(event, EntrySignaled)
    assert event.missing_trades_in_window == 3


def test_an_entry_begins_a_story_and_a_reason_belongs_to_its_minute() -> None:
    minutes = [*warm_up(), *then(*RECLAIM)]
    drafts = answers(SignalsCore(), minutes)

    assert len(drafts) == len(minutes)
    for minute, draft in zip(map(minute_draft, minutes), drafts, strict=True):
        assert draft.id == derive_id(minute.id, draft.event.event_type)
        assert draft.causation_id == minute.id
        assert draft.subject == "signals.sol-perp"
        assert draft.occurred_at == minute.occurred_at
        is_entry = isinstance(draft.event, EntrySignaled)
        assert draft.correlation_id == (draft.id if is_entry else minute.id)
    assert isinstance(drafts[-1].event, EntrySignaled)


def test_a_reason_says_where_both_machines_stand() -> None:
    event = last_event(*warm_up(), *then(*LOST))

    assert isinstance(event, EntryWithheld)
    assert event.reason is WithheldReason.WAITING_FOR_CROSS
    assert (event.long_phase, event.short_phase) == (Phase.LOST, Phase.IDLE)


AFTER_CROSS = WARM + len(LOST) + 1
LEADING_TO = {
    WithheldReason.VWAP_NOT_LOST: [],
    WithheldReason.WAITING_FOR_CROSS: then(*LOST),
    WithheldReason.WAITING_FOR_CONFIRMATION: then(*LOST, "101"),
    WithheldReason.CVD_AGAINST: then(*RECLAIM, *["101"] * 14, bought="1"),
    WithheldReason.CONFIRMATION_TIMED_OUT: then(*RECLAIM, *["101"] * 15, bought="1"),
    WithheldReason.RECLAIM_INVALIDATED: then(*LOST, "101", "98"),
    WithheldReason.VOLUME_TOO_LOW: [
        *then(*LOST, "101"),
        a_minute(AFTER_CROSS, "101", volume="9", bought="9"),
    ],
    WithheldReason.TRADE_SILENCE_IN_WINDOW: [
        *then(*LOST, "101"),
        a_minute(AFTER_CROSS, "101", bought="9", silence_ms_max=30_001),
    ],
    WithheldReason.BAR_INCOMPLETE: [
        *then(*LOST, "101"),
        a_minute(AFTER_CROSS, "101", bought="9", is_complete=False),
    ],
}


@pytest.mark.parametrize("reason", LEADING_TO)
def test_every_bar_without_an_entry_has_its_reason(reason: WithheldReason) -> None:
    event = last_event(*warm_up(), *LEADING_TO[reason])

    assert isinstance(event, EntryWithheld)
    assert event.reason is reason


def test_nothing_is_decided_before_the_indicators_are_warm() -> None:
    drafts = answers(SignalsCore(), warm_up())

    warming_up = [reason is WithheldReason.WARMING_UP for reason in reasons(drafts)]
    assert warming_up == [True] * 74 + [False] * (WARM - 74)


def test_a_stop_less_than_a_tick_away_is_a_reason() -> None:
    def flat(index: int, close: str) -> MinuteClosed:
        return a_minute(index, close, bought="9")

    # Prices that move by a fifth of SOL-PERP's tick of 0.001: the ATR is far below it.
    warm = [flat(i, "1" if i // 5 % 2 else "1.0002") for i in range(WARM)]
    lost = [flat(WARM + i, "0.9998") for i in range(5)]
    reclaim = [flat(WARM + 5 + i, "1.0004") for i in range(2)]

    event = last_event(*warm, *lost, *reclaim)

    assert isinstance(event, EntryWithheld)
    assert event.reason is WithheldReason.STOP_TOO_CLOSE
    assert event.long_phase is Phase.CROSSED


MIDNIGHT_MS = to_millis(datetime(2026, 3, 3, tzinfo=UTC))


def test_the_first_half_hour_after_midnight_gives_no_entry() -> None:
    begin_ms = MIDNIGHT_MS - WARM * 60_000
    closes = ["100"] * 20 + list(RECLAIM) + ["101"] * 5
    drafts = answers(SignalsCore(), [*warm_up(begin_ms), *then(*closes, begin_ms=begin_ms)])

    assert reasons(drafts)[WARM : WARM + 30] == [WithheldReason.ANCHOR_TOO_YOUNG] * 30
    entry = drafts[WARM + 30].event  # crossed before, and still above: the next pair confirms
    assert isinstance(entry, EntrySignaled)
    assert entry.minute == datetime(2026, 3, 3, 0, 30, tzinfo=UTC)


def test_a_new_session_starts_both_machines_and_the_sums_anew() -> None:
    minutes_of_day = 24 * 60
    warm = warm_up(minutes=minutes_of_day - 5)
    minutes = [*warm, *then(*LOST, "101", begin=minutes_of_day - 5)]
    before, after = answers(SignalsCore(), minutes)[-2:]

    assert isinstance(before.event, EntryWithheld)
    assert isinstance(after.event, EntryWithheld)
    assert before.event.long_phase is Phase.LOST
    assert after.event.long_phase is Phase.IDLE
    assert before.event.features.session_cvd_base == 40
    assert after.event.features.session_cvd_base == 8
    assert after.event.features.session_vwap_usd == Decimal(101)


NOON_MS = MIDNIGHT_MS - 12 * 60 * 60_000


def test_a_feed_that_begins_within_a_session_gives_no_entry_before_the_next() -> None:
    half_a_day = 12 * 60
    closes = ["100"] * (half_a_day - WARM - len(RECLAIM)) + [*RECLAIM] * 2
    core = SignalsCore()
    core.step(recorded(feed_draft(a_feed(), at_ms=NOON_MS), source="ingest"))
    drafts = answers(core, [*warm_up(NOON_MS), *then(*closes, begin_ms=NOON_MS)])

    today, next_day = drafts[:half_a_day], drafts[half_a_day:]
    assert reasons(today) == [WithheldReason.SESSION_INCOMPLETE] * half_a_day
    assert reasons(next_day) == [WithheldReason.ANCHOR_TOO_YOUNG] * len(RECLAIM)
    last = today[-1].event
    assert isinstance(last, EntryWithheld)
    assert (last.long_phase, last.short_phase) == (Phase.IDLE, Phase.IDLE)


@pytest.mark.parametrize(
    ("begins_ms", "first_minute_ms", "is_whole"),
    [
        (MIDNIGHT_MS + 30_000, MIDNIGHT_MS, True),
        (MIDNIGHT_MS + 30_001, MIDNIGHT_MS, False),
        (MIDNIGHT_MS - 5_000, MIDNIGHT_MS, True),
        (MIDNIGHT_MS - 5_000, MIDNIGHT_MS + 60_000, False),
    ],
    ids=["half a minute late", "later", "opened before", "opened before and silent since"],
)
def test_a_session_is_whole_when_the_feed_began_with_it(
    begins_ms: int, first_minute_ms: int, is_whole: bool
) -> None:
    core = SignalsCore()
    core.step(recorded(feed_draft(a_feed(), at_ms=begins_ms), source="ingest"))
    [draft] = answers(core, [a_minute(begin_ms=first_minute_ms)])

    expected = WithheldReason.WARMING_UP if is_whole else WithheldReason.SESSION_INCOMPLETE
    assert reasons([draft]) == [expected]


def test_a_session_that_lost_more_than_one_trade_in_a_hundred_gives_no_entry() -> None:
    def lost(missing: int) -> list[Draft]:
        minutes = [*warm_up(), *then(*RECLAIM)]
        minutes[-2] = minutes[-2].model_copy(update={"missing_trades": missing})
        return answers(SignalsCore(), minutes)

    # 86 minutes of 10 trades before it, and the one that lost some: 8 of 868 are less than 1 %.
    assert isinstance(lost(8)[-1].event, EntrySignaled)
    assert reasons(lost(9)[-2:]) == [WithheldReason.SESSION_INCOMPLETE] * 2


def test_what_was_lost_before_a_session_lacked_trades_does_not_confirm_after_it() -> None:
    minutes = [*warm_up(), *then(*LOST, "101", *["101"] * 40)]
    minutes[WARM + len(LOST)] = minutes[WARM + len(LOST)].model_copy(update={"missing_trades": 9})
    drafts = answers(SignalsCore(), minutes)[WARM + len(LOST) :]

    # 9 of 869 are too many; with 4 minutes more they are 9 of 909.
    incomplete = [it is WithheldReason.SESSION_INCOMPLETE for it in reasons(drafts)]
    assert incomplete == [True] * 4 + [False] * 37
    withheld = [it.event for it in drafts if isinstance(it.event, EntryWithheld)]
    assert [it.long_phase for it in withheld] == [Phase.IDLE] * 41


def test_trades_lost_in_a_silence_over_midnight_are_missing_from_both_sessions() -> None:
    begin_ms = MIDNIGHT_MS - 2 * 60_000
    minutes = [
        a_minute(0, begin_ms=begin_ms, missing_trades=500),
        *(a_minute(i, volume="0", trades=0, begin_ms=begin_ms) for i in (1, 2, 3)),
        a_minute(4, begin_ms=begin_ms),
    ]
    *_, last = answers(SignalsCore(), minutes)

    assert reasons([last]) == [WithheldReason.SESSION_INCOMPLETE]


def test_a_session_without_a_trade_has_no_vwap_and_is_warming_up() -> None:
    begin_ms = MIDNIGHT_MS - WARM * 60_000
    event = last_event(*warm_up(begin_ms), a_minute(WARM, volume="0", begin_ms=begin_ms))

    assert isinstance(event, EntryWithheld)
    assert event.reason is WithheldReason.WARMING_UP
    assert event.features.session_vwap_usd is None


def test_an_incomplete_bar_counts_in_the_sums_and_in_nothing_else() -> None:
    core = SignalsCore()
    answers(core, [*warm_up(), *then(*LOST)])
    before = core.state

    [draft] = answers(core, then("101", begin=WARM + 5)[:1])
    core.restore(SignalsCore().snapshot())
    answers(core, [*warm_up(), *then(*LOST)])
    [minute] = then("101", begin=WARM + 5)
    [last] = answers(core, [minute.model_copy(update={"is_complete": False})])

    assert isinstance(draft.event, EntryWithheld)
    assert isinstance(last.event, EntryWithheld)
    assert last.event.features.session_vwap_usd == draft.event.features.session_vwap_usd
    assert last.event.features.session_cvd_base == draft.event.features.session_cvd_base
    assert core.state.long == before.long
    assert core.state.rsi == before.rsi


def test_features_are_absent_until_they_are_warm_and_never_zero() -> None:
    features = [draft.event for draft in answers(SignalsCore(), warm_up())]

    rsi = [event.features.rsi is None for event in features if isinstance(event, EntryWithheld)]
    atr = [e.features.atr_5m_usd is None for e in features if isinstance(e, EntryWithheld)]
    assert rsi == [True] * 14 + [False] * (WARM - 14)
    # The 15th five-minute bar closes with minute 74.
    assert atr == [True] * 74 + [False] * (WARM - 74)


def test_a_minute_that_comes_back_is_passed_over() -> None:
    core = SignalsCore()
    minutes = warm_up()
    answers(core, minutes)
    before = core.snapshot()

    assert answers(core, minutes[-3:]) == []
    assert core.snapshot() == before


def test_its_own_answers_are_passed_over() -> None:
    core = SignalsCore()
    drafts = answers(core, [*warm_up(), *then(*RECLAIM)])
    before = core.snapshot()

    assert [core.step(recorded(draft)) for draft in drafts] == [()] * len(drafts)
    assert core.snapshot() == before


def test_a_hole_between_minutes_is_refused() -> None:
    core = SignalsCore()
    answers(core, [a_minute(0)])

    with pytest.raises(MinuteOutOfOrder, match=r"expected minute .* found"):
        answers(core, [a_minute(2)])


def test_a_second_market_in_one_log_is_refused_by_name() -> None:
    core = SignalsCore()
    core.step(recorded(feed_draft(a_feed()), source="ingest"))
    assert core.state.feed == ("binance-usdm", "solusdt", "sol-perp")

    second = recorded(feed_draft(a_feed(symbol="btcusdt", market="btc-perp")), source="ingest")
    with pytest.raises(ForeignMarket, match="found feed_opened of binance-usdm/btcusdt/btc-perp"):
        core.step(second)
    with pytest.raises(ForeignMarket, match="found minute_closed of binance-spot/solusdt/sol-perp"):
        answers(core, [a_minute(venue="binance-spot")])


def test_a_price_finer_than_we_reckon_is_refused() -> None:
    with pytest.raises(Inexact, match="expected at most 10 decimal places"):
        answers(SignalsCore(), [a_minute(close="1.00000000001")])


@pytest.mark.parametrize("bad", [b"", b"{}x", b'{"volumes": "1"}', b'{"minute_ms": "12"}', b"null"])
def test_a_state_that_is_none_is_refused(bad: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        SignalsCore().restore(bad)


def test_the_state_is_plain_json() -> None:
    core = SignalsCore()
    answers(core, [*warm_up(), *then(*RECLAIM)])

    assert json.loads(core.snapshot())["long"]["phase"] == "spent"


def test_the_audit_finds_the_core() -> None:
    [offered] = entry_points(group=CORES_GROUP, name="signals")

    assert offered.load() is SignalsCore


BEGINNINGS = (BEGIN_MS, MIDNIGHT_MS - 100 * 60_000)
legs = st.lists(
    st.tuples(
        st.sampled_from([-1, 1]),
        st.sampled_from([1, 2, 2, 6, 7, 9]),
        st.integers(0, 300),
        st.sampled_from([0.2, 0.8, 0.8, 0.8]),
        st.sampled_from([5, 10, 12]),
        st.sampled_from([0] * 9 + [31_000]),
    ),
    min_size=2,
    max_size=12,
)
"""Which side of 1,000 USD price goes to, for how many minutes, how many cents away, how much of the
volume goes along with it, the volume, and the longest silence."""
Leg = tuple[int, int, int, float, int, int]


def along(walk: list[Leg], begin_ms: int) -> list[MinuteClosed]:
    """Give minutes that warm the indicators up, and then follow the legs."""
    minutes = [a_minute(i, "1000", high="1005", low="995", begin_ms=begin_ms) for i in range(WARM)]
    for side, length, cents, share, size, silence_ms in walk:
        price, volume = 1_000 + Decimal(side * cents) / 100, Decimal(size)
        with_it = volume * Decimal(str(share))
        minutes += [
            a_minute(
                len(minutes) + index,
                price,
                high=price + 5,
                low=price - 5,
                volume=volume,
                bought=with_it if side > 0 else volume - with_it,
                silence_ms_max=silence_ms,
                begin_ms=begin_ms,
            )
            for index in range(length)
        ]
    return minutes


@given(legs, st.sampled_from(BEGINNINGS), st.data())
@settings(max_examples=40, deadline=None)
def test_a_core_that_was_restored_answers_as_if_nothing_had_happened(
    walk: list[Leg], begin_ms: int, data: st.DataObject
) -> None:
    minutes = along(walk, begin_ms)
    whole = SignalsCore()
    expected = answers(whole, minutes)

    cut = data.draw(st.integers(0, len(minutes)))
    first, second = SignalsCore(), SignalsCore()
    before = answers(first, minutes[:cut])
    second.restore(first.snapshot())

    assert second.snapshot() == first.snapshot()
    assert before + answers(second, minutes[cut:]) == expected
    assert second.snapshot() == whole.snapshot()
    assert len(expected) == len(minutes)


ABOUT = Decimal(2_000)


def reflected(minute: MinuteClosed) -> MinuteClosed:
    """Reflect a minute's prices about a constant; what was bought is sold."""
    volume = minute.volume_base
    return minute.model_copy(
        update={
            "open_usd": ABOUT - minute.open_usd,
            "high_usd": ABOUT - minute.low_usd,
            "low_usd": ABOUT - minute.high_usd,
            "close_usd": ABOUT - minute.close_usd,
            "buy_volume_base": volume - minute.buy_volume_base,
            "turnover_usd": ABOUT * volume - minute.turnover_usd,
        }
    )


@given(legs, st.sampled_from(BEGINNINGS))
@settings(max_examples=40, deadline=None)
def test_reflecting_prices_about_a_constant_swaps_long_and_short(
    walk: list[Leg], begin_ms: int
) -> None:
    # Bars of 10 USD keep the band at 0.05 ATR: the 2 bps of VWAP have no mirror image.
    minutes = along(walk, begin_ms)

    as_they_are = events(answers(SignalsCore(), minutes))
    upside_down = events(answers(SignalsCore(), map(reflected, minutes)))

    for one, other in zip(as_they_are, upside_down, strict=True):
        match one, other:
            case EntrySignaled(), EntrySignaled():
                assert one.side is other.side.opposite
                assert one.entry_price_usd == ABOUT - other.entry_price_usd
                assert one.stop_price_usd == ABOUT - other.stop_price_usd
                assert one.tp_prices_usd == tuple(ABOUT - price for price in other.tp_prices_usd)
            case EntryWithheld(), EntryWithheld():
                assert one.reason is other.reason
                assert (one.long_phase, one.short_phase) == (other.short_phase, other.long_phase)
            case _:
                pytest.fail(f"expected mirror images, found {one} and {other}")


def test_minutes_that_other_rules_answered_are_measured_and_not_answered() -> None:
    minutes = [*warm_up(), *then(*LOST)]
    core, told = SignalsCore(), SignalsCore()
    core.step(recorded(feed_draft(a_feed())))
    told.step(recorded(feed_draft(a_feed())))
    told.step(recorded_start("signals", OTHERS))
    assert told.is_told

    assert answers(told, minutes[:-1]) == []
    assert len(answers(core, minutes[:-1])) == len(minutes) - 1
    told.step(recorded_start("risk", STRATEGY))
    assert told.is_told
    told.step(recorded_start("signals", STRATEGY))

    assert told.snapshot() == core.snapshot()
    assert answers(told, minutes[-1:]) == answers(core, minutes[-1:])


def test_a_told_core_that_is_restored_is_told_again() -> None:
    core, restored = SignalsCore(), SignalsCore()
    core.step(recorded_start("signals", OTHERS))
    restored.restore(core.snapshot())
    assert restored.is_told
