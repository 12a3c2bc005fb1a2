"""Names of the API contract, and sentences that say why."""

import json

import msgspec
import pytest

from contracts.event import Event
from contracts.order import OrderFilled
from contracts.registry import EVENTS
from contracts.values import Leg
from contracts.verdict import Rule
from gateway.domain import words
from gateway.stream import protocol
from kit import gateway_events as events
from kit.golden import EXAMPLES

CONTRACT = {
    "order_placed": "order_submitted",
    "order_canceled": "cancelled",
    "order_replaced": "replaced",
    "order_rejected": "error",
    "cancel_denied": "error",
    "frame_refused": "error",
    "kill_switch_engaged": "kill_switch",
}


def test_there_is_an_example_of_every_event() -> None:
    assert {type(example) for example in EXAMPLES} == set(EVENTS)


@pytest.mark.parametrize("event", EXAMPLES, ids=lambda event: event.event_type)
def test_an_event_has_the_contracts_name_or_its_own(event: Event) -> None:
    if not isinstance(event, OrderFilled):
        assert words.api_type(event) == CONTRACT.get(event.event_type, event.event_type)


@pytest.mark.parametrize(
    ("leg", "name"),
    [
        (Leg.ENTRY, "filled"),
        (Leg.STOP, "sl_hit"),
        (Leg.TP1, "tp_hit"),
        (Leg.TP2, "tp_hit"),
        (Leg.TP3, "tp_hit"),
    ],
)
def test_a_fill_is_named_after_its_leg(leg: Leg, name: str) -> None:
    fill = next(example for example in EXAMPLES if isinstance(example, OrderFilled))
    assert words.api_type(fill.model_copy(update={"leg": leg})) == name


@pytest.mark.parametrize("event", EXAMPLES, ids=lambda event: event.event_type)
def test_every_event_says_something_of_its_own(event: Event) -> None:
    said = words.summary(event)
    assert said
    assert said != event.event_type.replace("_", " ")


@pytest.mark.parametrize("event", EXAMPLES, ids=lambda event: event.event_type)
def test_the_streams_message_is_an_activity_with_the_whole_event(event: Event) -> None:
    text = protocol.event_text(events.recorded(event, position=2**60))
    message = json.loads(text)
    assert message["pos"] == str(2**60)
    assert message["event"] == event.event_type
    assert type(event).model_validate_json(json.dumps(message["data"])) == event
    msgspec.json.decode(text, type=protocol.Activity)


def test_a_denial_names_the_rule_what_was_observed_and_the_limit() -> None:
    denied = events.order_denied(events.derive_root_id("p"), Rule.LEVERAGE)
    assert words.summary(denied) == (
        "Denied long 50 sol-perp at 150: leverage, observed 1.5, limit 5 x"
    )


def test_a_settings_change_names_what_changed_and_from_what() -> None:
    changed = events.control.SettingsChanged(
        account="local",
        before=events.settings(),
        settings=events.settings(strategy_enabled=False),
        by="local",
    )
    assert words.summary(changed) == "local changed strategy_enabled True to False"


def test_all_levels_are_used() -> None:
    assert {words.level(example) for example in EXAMPLES} == set(words.Level)
