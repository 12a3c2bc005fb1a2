"""Names of the API contract, how much an event matters, and sentences that say why."""

import json
from decimal import Decimal
from typing import Any, TypeVar

import msgspec
import pytest

from contracts.control import AccountOpened, KillLevel
from contracts.delegation import DelegationChanged, DelegationState, OwnerTransactionRefused
from contracts.engine import Mode
from contracts.event import Event
from contracts.order import OrderFilled, SetupClosed
from contracts.registry import EVENTS
from contracts.transaction import TransactionLanded
from contracts.values import Leg
from contracts.venue import AccountFunded, CapitalMoved, FundingSettled, InterestSettled
from contracts.verdict import Finding, OrderDenied, Rule
from gateway.domain import words
from gateway.domain.sentences import summary
from gateway.domain.words import Level
from gateway.stream import protocol
from kit import gateway_events as events
from kit.golden import EXAMPLES

_Event = TypeVar("_Event", bound=Event)
CONTRACT = {
    "order_placed": "order_submitted",
    "order_canceled": "cancelled",
    "order_replaced": "replaced",
    "order_rejected": "error",
    "cancel_denied": "error",
    "frame_refused": "error",
    "kill_switch_engaged": "kill_switch",
}


def example(kind: type[_Event], **changes: Any) -> _Event:
    found = next(one for one in EXAMPLES if isinstance(one, kind))
    return found.model_copy(update=changes)


def test_there_is_an_example_of_every_event() -> None:
    assert {type(one) for one in EXAMPLES} == set(EVENTS)


@pytest.mark.parametrize("event", EXAMPLES, ids=lambda event: event.event_type)
def test_an_event_has_the_contracts_name_or_its_own(event: Event) -> None:
    if not isinstance(event, OrderFilled):
        assert words.api_type(event) == CONTRACT.get(event.event_type, event.event_type)


@pytest.mark.parametrize(
    ("leg", "name", "level"),
    [
        (Leg.ENTRY, "filled", Level.GOOD),
        (Leg.STOP, "sl_hit", Level.BAD),
        (Leg.TP1, "tp_hit", Level.GOOD),
        (Leg.TP2, "tp_hit", Level.GOOD),
        (Leg.TP3, "tp_hit", Level.GOOD),
        (Leg.CLOSE, "closed", Level.WARNING),
    ],
)
def test_a_fill_is_named_after_its_leg(leg: Leg, name: str, level: Level) -> None:
    fill = example(OrderFilled, leg=leg)
    assert (words.api_type(fill), words.level(fill)) == (name, level)


LEVELS = {
    "venue_observed": Level.NOISE,
    "venue_advanced": Level.NOISE,
    "venue_time_passed": Level.NOISE,
    "transaction_planned": Level.NOISE,
    "transaction_signed": Level.NOISE,
    "transaction_died": Level.WARNING,
    "signing_refused": Level.BAD,
    "funding_settled": Level.INFO,
    "venue_fee_charged": Level.INFO,
    "account_funded": Level.INFO,
    "capital_moved": Level.INFO,
    "interest_settled": Level.INFO,
    "position_liquidated": Level.BAD,
    "foreign_order_filled": Level.WARNING,
    "foreign_order_seen": Level.WARNING,
    "position_adopted": Level.WARNING,
    "reconciliation_broke": Level.BAD,
    "reconciliation_passed": Level.GOOD,
    "circuit_opened": Level.BAD,
    "trigger_intended": Level.WARNING,
    "side_cancel_intended": Level.INFO,
    "delegate_key_born": Level.INFO,
    "delegate_key_destroyed": Level.WARNING,
    "owner_transaction_refused": Level.WARNING,
    "owner_transaction_landed": Level.WARNING,
    "owner_transaction_died": Level.WARNING,
    "delegation_changed": Level.GOOD,
}


def test_what_the_engine_and_the_venue_say_matters_as_much_as_it_should() -> None:
    found = {one.event_type: words.level(one) for one in EXAMPLES}
    assert {name: found[name] for name in LEVELS} == LEVELS


@pytest.mark.parametrize(("code", "level"), [(None, Level.NOISE), (6057, Level.WARNING)])
def test_a_transaction_that_landed_is_noise_and_one_that_failed_is_not(
    code: int | None, level: Level
) -> None:
    assert words.level(example(TransactionLanded, code=code)) is level


@pytest.mark.parametrize(
    ("mode", "level"),
    [
        (Mode.RUN, Level.GOOD),
        (Mode.DEGRADED, Level.WARNING),
        (Mode.KILL_FLATTEN, Level.WARNING),
        (Mode.REVOKED, Level.BAD),
    ],
)
def test_a_change_of_mode_matters_by_where_it_goes(mode: Mode, level: Level) -> None:
    assert words.level(events.mode_changed(mode)) is level


@pytest.mark.parametrize(
    ("state", "level"),
    [
        (DelegationState.NONE, Level.INFO),
        (DelegationState.ACTIVE, Level.GOOD),
        (DelegationState.FOREIGN, Level.BAD),
        (DelegationState.REVOKED, Level.WARNING),
    ],
)
def test_a_delegation_matters_by_who_may_sign(state: DelegationState, level: Level) -> None:
    assert words.level(example(DelegationChanged, state=state)) is level


@pytest.mark.parametrize("event", EXAMPLES, ids=lambda event: event.event_type)
def test_every_event_says_something_of_its_own(event: Event) -> None:
    said = summary(event)
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


def test_no_text_of_others_turns_or_breaks_the_line_that_tells_of_it() -> None:
    refused = example(
        OwnerTransactionRefused, reason="node says \u202eno\n12:00 Kill lifted\x1b[2J"
    )
    item: dict[str, Any] = json.loads(protocol.event_text(events.recorded(refused, position=1)))
    assert "node says  no 12:00 Kill lifted [2J" in item["summary"]
    assert item["data"]["reason"] == refused.reason


def test_a_denial_names_the_rule_what_was_observed_and_the_limit() -> None:
    denied = events.order_denied(events.derive_root_id("p"), Rule.LEVERAGE)
    assert summary(denied) == "Denied long 50 sol-perp at 150: leverage, observed 1.5, limit 5 x"


def test_a_settings_change_names_what_changed_and_from_what() -> None:
    changed = events.control.SettingsChanged(
        account="local",
        before=events.settings(),
        settings=events.settings(strategy_enabled=False),
        by="local",
    )
    assert summary(changed) == "local changed strategy_enabled True to False"


def test_a_kill_names_its_level() -> None:
    kill = events.a_kill(None, KillLevel.FLATTEN, reason="news")
    assert summary(kill) == "Kill switch (flatten) on all accounts by local: news"


def test_a_transaction_says_what_it_cost_and_why_it_failed() -> None:
    failed = example(TransactionLanded)
    assert summary(failed) == (
        "Transaction 5VERv8NM… failed in slot 311204421, cost 9200 lamports: would cross (6057)"
    )
    assert summary(example(TransactionLanded, code=None, reason=None)) == (
        "Transaction 5VERv8NM… landed in slot 311204421, cost 9200 lamports"
    )


def test_money_is_said_to_the_cent_with_its_unit() -> None:
    fill = example(OrderFilled, realized_pnl_usd=Decimal("0.744091681"))
    assert ", made +0.74 USD, position" in summary(fill)
    closed = example(
        SetupClosed,
        realized_pnl_usd=Decimal("-64.15653"),
        fees_usd=Decimal("-0.357633"),
        funding_usd=Decimal("-0.001"),
    )
    assert summary(closed).endswith(
        "made -64.16 USD, rebates less fees +0.36 USD, funding +0.00 USD"
    )


def test_funding_says_which_way_it_went() -> None:
    assert summary(example(FundingSettled)) == "Funding paid: 0.1133 USD on position +60"
    assert summary(example(FundingSettled, amount_usd=Decimal("0.5"))) == (
        "Funding received: 0.5 USD on position +60"
    )


def test_money_says_where_it_came_from() -> None:
    assert summary(example(AccountOpened)) == "Account local opened with what the venue shows"
    assert summary(example(AccountFunded)) == "The account holds 1234.56 USD to begin with"
    assert summary(example(CapitalMoved)) == "Taken out of the account: 250.5 USD"
    assert summary(example(CapitalMoved, amount_usd=Decimal(7))) == "Paid into the account: 7 USD"
    assert summary(example(InterestSettled)) == "Interest received: 0.123457 USD on 1234.56 USD"
    unknown = Finding(
        rule=Rule.RECONCILED,
        passed=False,
        observed=None,
        limit=Decimal(0),
        unit="breaks",
        inputs=(),
    )
    denied = example(OrderDenied, headline=Rule.RECONCILED, findings=(unknown,))
    assert summary(denied).endswith(": reconciled, the venue has not shown the account's money yet")


def test_all_levels_are_used() -> None:
    assert {words.level(one) for one in EXAMPLES} == set(Level)
