"""When the localnet's test wallet delegates by itself, and when it leaves that to a person."""

from typing import Any

import pytest

from supervisor.owner_hand import is_due


def view(state: str, *, sent: str = "", ended: str = "", key: str = "") -> dict[str, Any]:
    """Give what the gateway answers, as far as it is looked at."""
    return {
        "state": state,
        "sent": {"status": sent} if sent else None,
        "key": {"address": key} if key else None,
        "destroyed": {"reason": ended} if ended else None,
    }


@pytest.mark.parametrize("sent", ["", "expired", "failed"])
def test_it_is_due_at_first_and_again_when_what_was_sent_is_over(sent: str) -> None:
    assert is_due(view("none", sent=sent))


@pytest.mark.parametrize("state", ["foreign", "revoked"])
def test_it_is_due_when_a_keys_day_is_over(state: str) -> None:
    assert is_due(view(state, ended="expiry"))


@pytest.mark.parametrize(
    ("state", "rest"),
    [
        ("none", {"sent": "sent"}),
        ("unknown", {}),
        ("awaiting", {}),
        ("active", {"key": "ours"}),
        ("active", {"key": "ours", "ended": "expiry"}),
        ("foreign", {}),
        ("foreign", {"ended": "expiry", "key": "the next"}),
        ("foreign", {"ended": "kill"}),
        ("revoked", {"ended": "revoke"}),
    ],
)
def test_what_is_under_way_or_was_a_persons_is_left_alone(state: str, rest: dict[str, str]) -> None:
    assert not is_due(view(state, **rest))
