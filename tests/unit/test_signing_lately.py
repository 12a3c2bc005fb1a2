"""The fees of an hour and of a day: bounded whatever is asked, and never met by a planner that
keeps its own caps.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.transaction import Urgency
from execution.domain.fees import Spending, priority_fee_lamports
from execution.domain.policy import POLICY
from execution.signing.budget import paid
from execution.signing.facts import SignerFacts
from execution.signing.lately import SignedLately
from execution.signing.limits import LIMITS
from execution.signing.policy import Permit, judge
from execution.signing.refusals import Code
from kit.signing_bounds import KILLED, offered
from kit.signing_scene import A_STOP, DELEGATE, NOW_MS, SIGNER, Asked

MINUTE_MS, HOUR_MS = 60_000, 3_600_000
START_MS = NOW_MS // HOUR_MS * HOUR_MS
LIVES = settings(max_examples=60, deadline=None)


@cache
def stop_for(fee: int) -> Asked:
    """Ask for a stop under a kill that offers a fee: 200,000 units at five times as many."""
    return offered(KILLED, A_STOP, 200_000, 5 * fee)


@dataclass
class Life:
    """An account of the signer's, with a key that is always young."""

    lately: SignedLately = field(default_factory=SignedLately)
    signed: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    """Time and fee."""

    def ask(self, fee: int, now_ms: int) -> Code | None:
        """Ask for a stop; give why it was refused."""
        asked = stop_for(fee)
        lately = self.lately.at(now_ms)
        session = replace(SIGNER.session, opened_ms=now_ms, expires_ms=now_ms + HOUR_MS)
        # The minute's count has a rule of its own.
        own = SignerFacts(session, KILLED.standing, now_ms, SignedLately(fees=lately.fees))
        answer = judge(asked.data, replace(asked.facts, signer=own))
        if not isinstance(answer, Permit):
            return answer.code
        assert answer.priority_fee_lamports == fee
        self.lately = lately.signed(fee, at_ms=now_ms)
        self.signed.append((now_ms, fee))
        return None


gaps = st.tuples(
    st.sampled_from([0, 0, 1, 29, 58, 59, 60, 61, 240]), st.sampled_from([0, 1, 59_999])
).map(lambda it: it[0] * MINUTE_MS + it[1])
bursts = st.lists(
    st.tuples(gaps, st.integers(1, 25), st.sampled_from([200_000, 200_000, 50_000, 1])),
    min_size=4,
    max_size=14,
)


def most_within(signed: Iterable[tuple[int, int]], minutes: int) -> int:
    """Give the most that was signed within so many minutes of the clock."""
    all_of_it = [(at_ms // MINUTE_MS, fee) for at_ms, fee in signed]
    return max(
        sum(fee for minute, fee in all_of_it if last - minutes < minute <= last)
        for last, _ in all_of_it
    )


@LIVES
@given(bursts)
def test_whatever_is_asked_the_fees_of_an_hour_and_of_a_day_have_an_end(
    bursts: list[tuple[int, int, int]],
) -> None:
    life, now_ms = Life(), START_MS
    for gap_ms, count, fee in bursts:
        now_ms += gap_ms
        assert {life.ask(fee, now_ms) for _ in range(count)} <= {None, Code.FEES_SPENT}
        assert life.ask(0, now_ms) is None
    assert most_within(life.signed, 60) <= 2 * POLICY.fees.hour_lamports_max
    assert most_within(life.signed, 24 * 60) <= 2 * POLICY.fees.day_lamports_max


@LIVES
@given(bursts, st.lists(st.sampled_from([0, 1_000, 59_999]), min_size=14, max_size=14))
def test_a_planner_that_keeps_its_own_caps_never_meets_those_of_the_signer(
    bursts: list[tuple[int, int, int]], lags_ms: list[int]
) -> None:
    life, spending, plan_ms, sign_ms = Life(), Spending(), START_MS + 59 * MINUTE_MS, 0
    for (gap_ms, count, market), lag_ms in zip(bursts, lags_ms, strict=False):
        plan_ms += gap_ms
        # The chain's time is ahead of what was decided on, and never goes back.
        sign_ms = min(max(sign_ms, plan_ms + lag_ms), plan_ms + 59_999)
        for _ in range(count):
            fee = priority_fee_lamports(
                POLICY.fees,
                spending,
                urgency=Urgency.KILL,
                attempt=1,
                market_microlamports=market,
                cap_microlamports=None,
                at_ms=plan_ms,
            )
            spending = spending.planned(fee + POLICY.fees.signature_lamports, at_ms=plan_ms)
            assert life.ask(fee, sign_ms) is None


def test_two_of_the_planner_s_hours_fit_into_one_of_the_signer_s() -> None:
    life = Life()
    # All of an hour in its last minute, and all of the next in its first: 4,000,000.
    for at_ms in (START_MS - 1, START_MS):
        assert {life.ask(200_000, at_ms) for _ in range(10)} == {None}
    assert life.ask(1, START_MS + 58 * MINUTE_MS) is Code.FEES_SPENT
    # The first of them is an hour of minutes old, and 2,000,000 are free again.
    assert {life.ask(200_000, START_MS + 59 * MINUTE_MS) for _ in range(10)} == {None}
    assert life.ask(1, START_MS + 59 * MINUTE_MS) is Code.FEES_SPENT


def test_an_hour_s_fees_that_are_signed_late_do_not_touch_a_third_hour() -> None:
    life = Life()
    # Planned in the last moment before the hour, and signed 59 seconds later; then two hours' more.
    for at_ms in (START_MS + 59_000, START_MS + 30 * MINUTE_MS, START_MS + HOUR_MS):
        assert {life.ask(200_000, at_ms) for _ in range(10)} == {None}


def test_the_day_has_a_cap_of_its_own() -> None:
    life = Life()
    for hour in range(10):
        assert {life.ask(200_000, START_MS + hour * HOUR_MS) for _ in range(10)} == {None}
    assert life.ask(200_000, START_MS + 10 * HOUR_MS) is Code.FEES_SPENT
    assert life.ask(0, START_MS + 10 * HOUR_MS) is None
    assert life.ask(200_000, START_MS + 24 * HOUR_MS) is None
    assert LIMITS.fees_day_lamports == 20_000_000


@given(st.lists(st.tuples(st.integers(0, 40 * MINUTE_MS), st.integers(0, 9)), max_size=200))
def test_the_memory_is_what_was_signed_in_the_last_day_and_no_more(
    steps: list[tuple[int, int]],
) -> None:
    lately, now_ms, all_of_it = SignedLately(), START_MS, list[tuple[int, int]]()
    for step_ms, fee in steps:
        now_ms += step_ms
        lately = lately.signed(fee, at_ms=now_ms)
        all_of_it.append((now_ms, fee))
        for minutes in (60, 24 * 60):
            expected = sum(
                it for at_ms, it in all_of_it if at_ms // 60_000 > now_ms // 60_000 - minutes
            )
            assert lately.lamports(minutes, now_ms=now_ms) == expected
        minutes_kept = [minute for minute, _ in lately.fees]
        assert minutes_kept == sorted(set(minutes_kept))
        assert len(minutes_kept) <= 24 * 60
        assert list(lately.times_ms) == [at for at, _ in all_of_it if at > now_ms - MINUTE_MS]


def test_a_time_that_goes_back_takes_nothing_out_of_the_memory() -> None:
    lately = SignedLately().signed(7, at_ms=START_MS).signed(5, at_ms=START_MS - 2 * MINUTE_MS)
    assert lately.lamports(60, now_ms=START_MS) == 12
    assert lately.lamports(60, now_ms=START_MS - 2 * MINUTE_MS) == 12


def test_the_fee_of_a_signed_message_is_read_from_its_bytes() -> None:
    assert paid(stop_for(123).data) == (DELEGATE, 123)
    assert paid(b'{"account":"local"}') is None
    assert paid(b"") is None
