"""What people may send: strict, closed, bounded."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from contracts.control import KillLevel, KillSwitchEngaged
from gateway.domain import kills
from gateway.requests import (
    REASON_NOT_GIVEN,
    CancelRequest,
    OrderRequest,
    ReasonRequest,
    SettingsBody,
    clean_reason,
    settings_body,
)
from kit import gateway_events as events
from kit.gateway_events import a_kill

ORDER: dict[str, Any] = {
    "side": "long",
    "type": "post_only_limit",
    "px": "150",
    "size": "1",
    "sl": "149",
    "tp1": "151",
    "tp2": "152",
    "tp3": "153",
    "leverage": "2",
    "venue": "paper",
    "notes": "by hand",
}
NO_NUMBERS: tuple[object, ...] = (
    "NaN", "Infinity", "-Infinity", "1e999", "1E3", "-1", "+1", "0", "0.000", "", " 1", "1 ", "1\n",
    ".5", "5.", "0x10", "1_000", "1,5", "\u0661", "9" * 13, "1." + "0" * 10, "9" * 5000, 1, 1.5,
    True, None, [], {}, ["1"], {"$": "1"},
)  # fmt: skip


@pytest.mark.parametrize("name", ["px", "size", "sl", "tp1", "tp2", "tp3", "leverage"])
@pytest.mark.parametrize("value", NO_NUMBERS, ids=lambda value: repr(value)[:20])
def test_only_a_plain_number_above_zero_is_one(name: str, value: object) -> None:
    with pytest.raises(ValidationError):
        OrderRequest.model_validate({**ORDER, name: value})


@pytest.mark.parametrize(
    "change",
    [
        {"side": "LONG"},
        {"side": "both"},
        {"type": "market"},
        {"venue": "Paper"},
        {"venue": "paper\n"},
        {"venue": ""},
        {"notes": "x" * 501},
        {"notes": "a\x00b"},
        {"notes": "a\ud800b"},
        {"notes": None},
        {"account": "other"},
        {"__proto__": {}},
    ],
    ids=repr,
)
def test_what_is_not_asked_for_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        OrderRequest.model_validate({**ORDER, **change})


def test_notes_may_be_left_out_and_nothing_else() -> None:
    OrderRequest.model_validate({name: value for name, value in ORDER.items() if name != "notes"})
    for name in ORDER.keys() - {"notes"}:
        with pytest.raises(ValidationError, match=name):
            OrderRequest.model_validate({key: value for key, value in ORDER.items() if key != name})


@pytest.mark.parametrize("order_id", ["", "x", "A" * 26, "0" * 27, "0" * 26 + "\n", 5, None])
def test_an_order_id_has_its_form(order_id: object) -> None:
    with pytest.raises(ValidationError):
        CancelRequest.model_validate({"orderId": order_id})


def test_a_reason_is_needed_to_resume() -> None:
    with pytest.raises(ValidationError):
        ReasonRequest.model_validate({"reason": ""})


def test_settings_make_the_round_trip() -> None:
    settings = events.settings()
    body = settings_body(settings)
    assert SettingsBody.model_validate(body.model_dump()).settings() == settings


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(JSON)
def test_any_value_makes_a_reason_that_the_log_takes(value: Any) -> None:
    reason = clean_reason(value)
    event = a_kill(reason=reason)
    again = KillSwitchEngaged.model_validate_json(event.model_dump_json())
    assert again == event
    assert reason.strip() == reason != ""
    assert "\x00" not in json.dumps(reason)


@pytest.mark.parametrize("value", [None, "", "   ", "\x00\x07", 5, [], {}])
def test_no_reason_is_said_to_be_none(value: object) -> None:
    assert clean_reason(value) == REASON_NOT_GIVEN


def test_a_reason_is_cut_to_what_the_log_takes() -> None:
    assert clean_reason("a\n b\x00c") == "a b c"
    assert len(clean_reason("x" * 10_000)) == 500


@pytest.mark.parametrize("reason", ["", "   ", "sold\u202egnihton", "two\u2028lines", "bell\x07"])
def test_a_reason_that_is_blank_or_hides_something_is_refused(reason: str) -> None:
    with pytest.raises(ValidationError):
        ReasonRequest.model_validate({"reason": reason})


@pytest.mark.parametrize("level", list(KillLevel))
def test_every_level_of_a_kill_has_a_name_and_says_what_it_does_and_leaves_open(
    level: KillLevel,
) -> None:
    name = kills.name_of(level)

    assert kills.level_of(name) is kills.level_of(f" {name.upper()} ") is level
    assert kills.EFFECTS[level].does.endswith(".")
    assert kills.EFFECTS[level].leaves_open.endswith(".")


@given(JSON)
def test_what_names_no_level_is_the_one_that_cancels_entries(value: Any) -> None:
    assert kills.level_of(value) is KillLevel.CANCEL_ENTRIES


def test_a_kill_takes_the_same_text_without_what_hides() -> None:
    assert clean_reason("sold\u202egnihton") == "sold gnihton"
