"""The one rule by which minutes close."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.minutes import (
    EARLIEST_MS,
    JUMP_MS_MAX,
    MINUTE_MS,
    WATERMARK_LAG_MS,
    is_plausible,
    minute_of,
    open_minute,
)

times = st.integers(0, 2**42)
NOON = 1_721_304_000_000


@pytest.mark.parametrize(
    ("time_ms", "still_open"),
    [
        (NOON + 59_999, NOON),
        (NOON + 60_000, NOON),
        (NOON + 60_499, NOON),  # a late trade may still come
        (NOON + 60_500, NOON + 60_000),
        (NOON + 120_499, NOON + 60_000),
        (NOON + 600_500, NOON + 600_000),  # after a silence
    ],
)
def test_a_bar_closes_half_a_second_after_its_end(time_ms: int, still_open: int) -> None:
    assert open_minute(time_ms) == still_open


@given(times)
def test_a_bar_is_never_closed_before_it_ends(time_ms: int) -> None:
    still_open = open_minute(time_ms)

    assert still_open % MINUTE_MS == 0
    assert still_open <= minute_of(time_ms)
    assert still_open + MINUTE_MS + WATERMARK_LAG_MS > time_ms


@given(times, times)
def test_the_watermark_only_moves_forward(one: int, other: int) -> None:
    assert open_minute(min(one, other)) <= open_minute(max(one, other))


@given(times)
def test_a_trade_belongs_to_the_minute_it_is_in(time_ms: int) -> None:
    assert minute_of(time_ms) <= time_ms < minute_of(time_ms) + MINUTE_MS


@pytest.mark.parametrize(
    ("time_ms", "open_ms", "expected"),
    [
        (EARLIEST_MS, None, True),
        (EARLIEST_MS - 1, None, False),
        (NOON * 1000, None, False),  # microseconds
        (NOON // 1000, None, False),  # seconds
        (NOON + JUMP_MS_MAX - 1, NOON, True),
        (NOON + JUMP_MS_MAX, NOON, False),
        (NOON - JUMP_MS_MAX, NOON, True),  # a late trade
        (EARLIEST_MS - 1, NOON, False),
    ],
)
def test_a_time_that_cannot_be_true_is_told(
    time_ms: int, open_ms: int | None, expected: bool
) -> None:
    assert is_plausible(time_ms, open_minute_ms=open_ms) is expected
