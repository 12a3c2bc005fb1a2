"""Each bound from both sides: the last value that is signed, and the next one that is not."""

from dataclasses import replace

import pytest

from execution.signing.lately import SignedLately
from execution.signing.limits import LIMITS
from execution.signing.message import MESSAGE_BYTES_MAX
from execution.signing.policy import Permit, judge
from execution.signing.refusals import Code, Refusal
from kit.signing_asks import close, move, stop
from kit.signing_bounds import BOUNDS
from kit.signing_scene import (
    A_STOP_MOVE,
    LONG,
    NOW_MS,
    SIGNER,
    STANDING,
    TAKING,
    Asked,
    asked,
    call,
)


def with_known_standing(it: Asked) -> Asked:
    """Let the signer read what the fold has heard."""
    return replace(it, signer=replace(it.signer, standing=it.account.standing))


@pytest.mark.parametrize("name", BOUNDS)
def test_the_last_value_within_a_bound_is_signed(name: str) -> None:
    legal = with_known_standing(BOUNDS[name].at)

    assert isinstance(answer := judge(legal.data, legal.facts), Permit), str(answer)


@pytest.mark.parametrize("name", BOUNDS)
def test_the_first_value_over_a_bound_is_refused(name: str) -> None:
    over = with_known_standing(BOUNDS[name].over)

    answer = judge(over.data, over.facts)

    assert isinstance(answer, Refusal), f"expected {BOUNDS[name].code}, found {answer}"
    assert answer.code is BOUNDS[name].code, str(answer)


def test_a_message_fills_a_packet_and_no_byte_more() -> None:
    short = len(asked(LONG, call(bytes(200), TAKING)).data)
    room = MESSAGE_BYTES_MAX - short
    at = asked(LONG, call(bytes(200 + room), TAKING))
    over = asked(LONG, call(bytes(200 + room + 1), TAKING))

    assert [len(it.data) for it in (at, over)] == [1_167, 1_168]  # 1,232 less 1 and 64
    answers = [judge(it.data, it.facts) for it in (at, over)]
    assert [isinstance(it, Refusal) and it.code for it in answers] == [
        Code.INSTRUCTION_FORBIDDEN,
        Code.TOO_LONG,
    ]


def test_protection_is_signed_whatever_stops_entries() -> None:
    killed = replace(
        LONG, standing=replace(STANDING, kill_level=3), is_shrink_only=True, approval=None
    )
    busy = replace(
        SIGNER,
        standing=killed.standing,
        lately=SignedLately((NOW_MS,) * (LIMITS.signatures_per_minute - 1)),
    )
    for it in (stop(killed), close(killed), move(7, A_STOP_MOVE, killed)):
        protects = replace(it, signer=busy)
        assert isinstance(answer := judge(protects.data, protects.facts), Permit), str(answer)
