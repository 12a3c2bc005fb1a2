"""What a transaction offers: within every cap, and never held back when it protects."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.transaction import Urgency
from execution.domain.fees import Spending, may_spend, priority_fee_lamports
from execution.domain.policy import FeePolicy

POLICY = FeePolicy()
HOUR_MS = 3_600_000
NOW_MS = 500_000 * HOUR_MS
MARKET = 10_000
"""300 000 units at 10 000 microlamports are 3 000 lamports."""

spendings = st.lists(st.tuples(st.integers(-30, 2), st.integers(0, 3_000_000)), max_size=8)
urgencies = st.sampled_from(Urgency)


def fee(
    *,
    urgency: Urgency = Urgency.NORMAL,
    attempt: int = 1,
    market: int = MARKET,
    cap: int | None = None,
    spending: Spending | None = None,
) -> int:
    return priority_fee_lamports(
        POLICY,
        spending or Spending(),
        urgency=urgency,
        attempt=attempt,
        market_microlamports=market,
        cap_microlamports=cap,
        at_ms=NOW_MS,
    )


def spent(*lamports: int, hours_ago: int = 0) -> Spending:
    spending = Spending()
    for it in lamports:
        spending = spending.planned(it, at_ms=NOW_MS - hours_ago * HOUR_MS)
    return spending


@pytest.mark.parametrize(
    ("urgency", "attempt", "expected"),
    [
        (Urgency.NORMAL, 1, 3_000),
        (Urgency.NORMAL, 2, 6_000),  # doubled
        (Urgency.NORMAL, 3, 10_000),  # 12 000, over the cap of a normal one
        (Urgency.PROTECTIVE, 1, 6_000),  # 200 %
        (Urgency.PROTECTIVE, 4, 48_000),  # 6 000 x 8
        (Urgency.PROTECTIVE, 5, 50_000),  # 96 000, over its cap
        (Urgency.KILL, 1, 12_000),  # 400 %
        (Urgency.KILL, 9, 200_000),
    ],
)
def test_a_fee_follows_the_market_the_urgency_and_the_attempt(
    urgency: Urgency, attempt: int, expected: int
) -> None:
    assert fee(urgency=urgency, attempt=attempt) == expected


@pytest.mark.parametrize(
    ("urgency", "expected"), [(Urgency.NORMAL, 1_200), (Urgency.PROTECTIVE, 6_000)]
)
def test_the_account_s_own_cap_binds_normal_transactions_only(
    urgency: Urgency, expected: int
) -> None:
    assert fee(urgency=urgency, cap=4_000) == expected  # 300 000 x 4 000 / 10^6 = 1 200


@pytest.mark.parametrize("market", [0, 9_999])
def test_a_market_that_asks_for_nothing_is_offered_the_least_by_urgency(market: int) -> None:
    # 300 000 units at 10 000 microlamports, once, twice and four times.
    offered = [fee(urgency=it, market=market) for it in Urgency]
    assert offered == [3_000, 6_000, 12_000]
    assert fee(urgency=Urgency.PROTECTIVE, market=market, attempt=3) == 24_000
    assert fee(market=market, cap=0) == 0  # The account's own cap binds what is normal.


def test_normal_transactions_leave_a_reserve_to_those_that_protect() -> None:
    # 70 % of 2 000 000 in the hour are spent: a normal one may cost nothing more.
    spending = spent(1_400_000)
    assert not may_spend(POLICY, spending, at_ms=NOW_MS)
    assert fee(spending=spending) == 0
    assert fee(spending=spending, urgency=Urgency.PROTECTIVE) == 6_000


def test_a_protective_fee_only_falls_to_nothing_when_all_is_spent() -> None:
    assert fee(spending=spent(2_500_000), urgency=Urgency.KILL) == 0


def test_an_hour_s_spending_is_free_again_in_the_next_and_a_day_s_after_a_day() -> None:
    assert may_spend(POLICY, spent(2_000_000, hours_ago=1), at_ms=NOW_MS)
    day = Spending()
    for hours_ago in range(23, 0, -1):
        day = day.planned(400_000, at_ms=NOW_MS - hours_ago * HOUR_MS)
    # 23 x 400 000 = 9 200 000, over 70 % of 10 000 000.
    assert not may_spend(POLICY, day, at_ms=NOW_MS)
    assert may_spend(POLICY, day, at_ms=NOW_MS + 23 * HOUR_MS)


def test_what_is_a_day_old_is_forgotten() -> None:
    spending = spent(1, hours_ago=24).planned(2, at_ms=NOW_MS)
    assert spending.by_hour == ((NOW_MS // HOUR_MS, 2),)


@given(
    spendings,
    urgencies,
    st.integers(1, 40),
    st.integers(0, 10_000_000),
    st.none() | st.integers(0, 100_000),
)
def test_no_fee_is_negative_or_over_its_cap_or_over_what_is_left(
    amounts: list[tuple[int, int]], urgency: Urgency, attempt: int, market: int, cap: int | None
) -> None:
    spending = Spending()
    for hour, lamports in sorted(amounts):
        spending = spending.planned(lamports, at_ms=NOW_MS + hour * HOUR_MS)
    found = fee(urgency=urgency, attempt=attempt, market=market, cap=cap, spending=spending)
    left = spending.left(POLICY, at_ms=NOW_MS, urgency=urgency)
    assert 0 <= found <= POLICY.transaction_lamports_max[urgency]
    assert found == 0 or found + POLICY.signature_lamports <= left


@given(spendings)
def test_the_kept_hours_ascend_and_hold_all_of_the_last_day(
    amounts: list[tuple[int, int]],
) -> None:
    spending = Spending()
    for hour, lamports in sorted(amounts):
        spending = spending.planned(lamports, at_ms=NOW_MS + hour * HOUR_MS)
    hours = [hour for hour, _ in spending.by_hour]
    assert hours == sorted(set(hours))
    newest = max((hour for hour, _ in amounts), default=0)
    expected = sum(lamports for hour, lamports in amounts if hour > newest - 24)
    assert sum(lamports for _, lamports in spending.by_hour) == expected
