from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.signal import Phase, WithheldReason
from signals.domain.reclaim import (
    CONFIRM_BARS_MAX,
    Episode,
    Reading,
    Step,
    advance,
    band,
    reflected,
    spent,
)

V = 1_000_000
A = 40_000
B = 2_000  # max(2 bps of V = 200, 0.05 A = 2,000)
DEEP = 10_000  # 0.25 A


def a_reading(above: int, **changes: Any) -> Reading:
    """Give a bar that closes this far above VWAP, with enough volume and buyers to confirm."""
    close = V + above
    reading = Reading(
        high=close,
        low=close,
        close=close,
        volume=10,
        delta=1,
        vwap=V,
        band=band(vwap=V, atr=A),
        atr=A,
        silence_ms_max=1_000,
        missing_trades=0,
        prior_volumes=(10,) * 20,
        before_volume=10,
        before_delta=1,
        is_anchor_young=False,
    )
    return replace(reading, **changes)


def walk(bars: Iterable[int | Reading], begin: Episode | None = None) -> list[Step]:
    """Fold bars, or closes relative to VWAP; spend an episode that confirms, as the core does."""
    episode, steps = begin or Episode(), list[Step]()
    for bar in bars:
        step = advance(episode, a_reading(bar) if isinstance(bar, int) else bar)
        steps.append(step)
        episode = spent(step.episode) if step.reason is None else step.episode
    return steps


def phases(steps: list[Step]) -> list[Phase]:
    return [step.episode.phase for step in steps]


def after(*bars: int | Reading) -> Step:
    return walk(bars)[-1]


LOST = (-DEEP, -1, -1, -1, -1)
CROSSED = (*LOST, B)
LOST_EPISODE = after(*LOST).episode
CROSSED_EPISODE = after(*CROSSED).episode


def test_vwap_is_lost_after_five_closes_below_it_one_of_them_deep() -> None:
    steps = walk(LOST)

    assert phases(steps) == [Phase.IDLE] * 4 + [Phase.LOST]
    assert [step.reason for step in steps] == [
        *[WithheldReason.VWAP_NOT_LOST] * 4,
        WithheldReason.WAITING_FOR_CROSS,
    ]


@pytest.mark.parametrize(
    "closes",
    [
        (-DEEP, -1, -1, -1, 0, -1),
        (-DEEP + 1, -1, -1, -1, -1, -1),
        (-DEEP, 0, -1, -1, -1, -1, -1),
        (-DEEP, -1, -1, -1),
    ],
    ids=["a close at vwap", "not deep", "deep before the run", "four closes"],
)
def test_vwap_is_not_lost_by_less(closes: tuple[int, ...]) -> None:
    assert after(*closes).episode.phase is Phase.IDLE


def test_vwap_is_lost_as_soon_as_a_longer_run_is_deep_enough() -> None:
    assert phases(walk((-1, -1, -1, -1, -1, -1, -DEEP)))[-2:] == [Phase.IDLE, Phase.LOST]


def test_the_first_close_a_band_above_crosses() -> None:
    assert phases(walk((0, B - 1, -1, B), LOST_EPISODE)) == [
        Phase.LOST,
        Phase.LOST,
        Phase.LOST,
        Phase.CROSSED,
    ]
    assert after(*CROSSED).reason is WithheldReason.WAITING_FOR_CONFIRMATION


def test_the_band_is_two_basis_points_or_a_twentieth_of_the_atr() -> None:
    assert band(vwap=1_000_000, atr=0) == 5_000 * 200
    assert band(vwap=1_000_000, atr=40_000) == 5_000 * 2_000
    # 2 bps of 1,000,001 is 200.0002: a close 200 above is not there yet.
    narrow = a_reading(200, vwap=V + 1, close=V + 201, band=band(vwap=V + 1, atr=0))
    assert advance(LOST_EPISODE, narrow).episode.phase is Phase.LOST
    wide = replace(narrow, close=V + 202)
    assert advance(LOST_EPISODE, wide).episode.phase is Phase.CROSSED


def test_the_cross_and_the_next_close_at_vwap_confirm() -> None:
    assert after(*CROSSED, 0).reason is None


def test_two_consecutive_closes_are_needed() -> None:
    steps = walk((-1, 0, -1, 0, 0), CROSSED_EPISODE)

    assert [step.reason for step in steps] == [
        *[WithheldReason.WAITING_FOR_CONFIRMATION] * 4,
        None,
    ]


def test_a_close_below_the_band_invalidates() -> None:
    assert walk((-B,), CROSSED_EPISODE)[0].episode.phase is Phase.CROSSED

    [step] = walk((-B - 1,), CROSSED_EPISODE)
    assert step.episode.phase is Phase.SPENT
    assert step.reason is WithheldReason.RECLAIM_INVALIDATED


def test_the_confirmation_must_come_within_15_bars() -> None:
    in_time = walk((*[-1] * 13, 0, 0), CROSSED_EPISODE)
    too_late = walk((*[-1] * 14, 0, 0), CROSSED_EPISODE)

    assert in_time[-1].reason is None
    assert in_time[-1].episode.bars_since_cross == CONFIRM_BARS_MAX == 15
    assert too_late[-1].reason is WithheldReason.CONFIRMATION_TIMED_OUT
    assert too_late[-1].episode.phase is Phase.SPENT


def test_volume_must_reach_the_median_of_the_twenty_bars_before() -> None:
    median_of_10 = (1,) * 9 + (8, 12) + (99,) * 9
    confirming = a_reading(0, prior_volumes=median_of_10, volume=5, before_volume=15)

    assert walk([confirming], CROSSED_EPISODE)[0].reason is None
    [step] = walk([replace(confirming, volume=4)], CROSSED_EPISODE)
    assert step.reason is WithheldReason.VOLUME_TOO_LOW
    assert step.episode.phase is Phase.CROSSED


def test_buyers_must_have_the_upper_hand_over_the_two_bars() -> None:
    bought = a_reading(0, delta=3, before_delta=-2)

    assert walk([bought], CROSSED_EPISODE)[0].reason is None
    [step] = walk([replace(bought, delta=2)], CROSSED_EPISODE)
    assert step.reason is WithheldReason.CVD_AGAINST
    assert step.episode.phase is Phase.CROSSED


def test_nothing_is_signaled_while_the_anchor_is_young_and_the_episode_goes_on() -> None:
    steps = walk([a_reading(0, is_anchor_young=True), 0], CROSSED_EPISODE)

    assert [step.reason for step in steps] == [WithheldReason.ANCHOR_TOO_YOUNG, None]


@pytest.mark.parametrize("place", range(len(CROSSED) + 1))
def test_a_silence_anywhere_in_the_window_suppresses(place: int) -> None:
    bars = [a_reading(above) for above in (*CROSSED, 0)]
    bars[place] = replace(bars[place], silence_ms_max=30_001)

    step = walk(bars)[-1]

    assert step.reason is WithheldReason.TRADE_SILENCE_IN_WINDOW
    assert step.episode.phase is Phase.CROSSED
    bars[place] = replace(bars[place], silence_ms_max=30_000)
    assert walk(bars)[-1].reason is None


def test_a_silence_before_the_window_does_not_matter() -> None:
    assert after(a_reading(0, silence_ms_max=90_000), *CROSSED, 0).reason is None


def test_the_window_begins_with_the_run_that_was_lost() -> None:
    bars = [
        a_reading(-1, low=V - 50_000, missing_trades=100),
        a_reading(0),
        *(a_reading(above, low=V - 20_000 - i) for i, above in enumerate(CROSSED)),
        a_reading(0, missing_trades=2),
    ]
    bars[3] = replace(bars[3], missing_trades=5)

    window = walk(bars)[-1].episode.window

    assert window is not None
    assert window.closes == len(CROSSED) + 1
    assert window.extreme == V - 20_005
    assert window.missing_trades == 7


def test_an_episode_signals_once() -> None:
    steps = walk((*CROSSED, 0, B, B, B))

    assert [step.reason for step in steps].count(None) == 1
    assert phases(steps)[-1] is Phase.SPENT
    assert steps[-1].reason is WithheldReason.VWAP_NOT_LOST


def test_a_new_loss_begins_a_new_episode_after_a_signal() -> None:
    steps = walk((*CROSSED, 0, *CROSSED, 0))

    assert [step.reason for step in steps].count(None) == 2


def test_a_new_loss_may_begin_with_the_close_that_invalidated() -> None:
    steps = walk((-DEEP, -1, -1, -1, -1), CROSSED_EPISODE)

    assert phases(steps) == [*[Phase.SPENT] * 4, Phase.LOST]
    assert steps[-1].episode.window == steps[-1].episode.run


def test_a_loss_that_ripened_while_crossed_is_lost_at_once_when_it_becomes_invalid() -> None:
    [*_, step] = walk((-1, -1, -1, -1, -DEEP), CROSSED_EPISODE)

    assert step.reason is WithheldReason.RECLAIM_INVALIDATED
    assert step.episode.phase is Phase.LOST
    assert step.episode.window is not None
    assert step.episode.window.closes == 5


def test_a_short_is_the_same_rule_upside_down() -> None:
    closes = (*CROSSED, 0, -B - 1, *CROSSED, -B - 1)
    bars = [a_reading(-above, delta=-1, before_delta=-1) for above in closes]

    long, short = walk(closes), walk(reflected(bar) for bar in bars)

    assert [step.reason for step in short] == [step.reason for step in long]
    assert phases(short) == phases(long)


readings = st.builds(
    a_reading,
    st.sampled_from([-3 * DEEP, -DEEP, -B - 1, -B, -1, 0, 1, B - 1, B, 3 * B]),
    volume=st.integers(0, 20),
    before_volume=st.integers(0, 20),
    delta=st.integers(-3, 3),
    before_delta=st.integers(-3, 3),
    silence_ms_max=st.sampled_from([0, 0, 0, 0, 40_000]),
    is_anchor_young=st.sampled_from([False, False, False, True]),
)


@given(st.lists(readings, max_size=60))
@settings(deadline=None)
def test_reflecting_twice_is_the_same(bars: list[Reading]) -> None:
    assert [reflected(reflected(bar)) for bar in bars] == bars


@given(st.lists(readings, min_size=1, max_size=80))
@settings(deadline=None)
def test_there_is_never_a_second_signal_without_five_closes_below_in_between(
    bars: list[Reading],
) -> None:
    signals = [index for index, step in enumerate(walk(bars)) if step.reason is None]

    for before, now in zip([-1, *signals], signals, strict=False):
        run = longest = 0
        for bar in bars[before + 1 : now]:
            run = run + 1 if bar.close < bar.vwap else 0
            longest = max(longest, run)
        assert longest >= 5


@given(st.lists(readings, min_size=1, max_size=80))
@settings(deadline=None)
def test_a_signal_has_everything_that_the_definition_asks_for(bars: list[Reading]) -> None:
    steps = walk(bars)
    for index, step in enumerate(steps):
        if step.reason is not None:
            continue
        bar = bars[index]
        assert bar.close >= bar.vwap
        assert bars[index - 1].close >= bars[index - 1].vwap
        assert bar.delta + bar.before_delta > 0
        assert bar.volume + bar.before_volume >= 20
        assert not bar.is_anchor_young
        assert step.episode.window is not None
        window = bars[index + 1 - step.episode.window.closes : index + 1]
        assert all(bar.close < bar.vwap for bar in window[:5])
        assert max(bar.silence_ms_max for bar in window) <= 30_000
        cross = index - step.episode.bars_since_cross
        assert bars[cross].close >= V + B
        assert 1 <= step.episode.bars_since_cross <= CONFIRM_BARS_MAX
        assert all(bar.close >= V - B for bar in bars[cross:index])


@given(st.lists(readings, max_size=60))
@settings(deadline=None)
def test_a_window_is_there_exactly_while_an_episode_runs(bars: list[Reading]) -> None:
    for step in walk(bars):
        running = step.episode.phase in (Phase.LOST, Phase.CROSSED)
        assert (step.episode.window is not None) is running
