from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.sessions import DAY_MS, anchor_of, begins_with_session, is_whole
from contracts.values import to_millis

MIDNIGHT_MS = to_millis(datetime(2026, 3, 3, tzinfo=UTC))


@pytest.mark.parametrize("after_ms", [0, 1, DAY_MS - 1])
def test_the_anchor_is_the_midnight_before(after_ms: int) -> None:
    assert anchor_of(MIDNIGHT_MS + after_ms) == MIDNIGHT_MS


@pytest.mark.parametrize(("after_ms", "begins"), [(0, True), (30_000, True), (30_001, False)])
def test_half_a_minute_after_the_anchor_is_still_its_beginning(after_ms: int, begins: bool) -> None:
    assert begins_with_session(MIDNIGHT_MS + after_ms) is begins


@pytest.mark.parametrize(
    ("trades", "missing", "whole"),
    [(0, 0, True), (99, 1, True), (98, 1, False), (0, 1, False), (9_900, 100, True)],
)
def test_one_trade_in_a_hundred_may_be_missing(trades: int, missing: int, whole: bool) -> None:
    assert is_whole(since_ms=MIDNIGHT_MS, trades=trades, missing_trades=missing) is whole


@given(st.integers(0, 10**9), st.integers(0, 10**9))
def test_a_session_without_its_beginning_never_becomes_whole(trades: int, missing: int) -> None:
    assert not is_whole(since_ms=MIDNIGHT_MS + 60_000, trades=trades, missing_trades=missing)
