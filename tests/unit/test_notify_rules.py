"""Which events people are told about, and in what words."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from contracts import access, control, engine
from contracts.control import KillLevel
from contracts.event import Event, Recorded
from contracts.ids import AccountId, EventId, derive_root_id
from contracts.order import OrderFilled
from contracts.registry import EVENTS
from contracts.routes import subject_of
from contracts.values import Leg
from contracts.verdict import OrderApproved, OrderDenied
from gateway.notify.kinds import CATALOGUE, MUST_SEE, Kind, Severity
from gateway.notify.rules import (
    DEVICES_MAX,
    Memory,
    Notice,
    Tally,
    daily_summary,
    remember,
    summary_due,
    tame,
)
from kit.golden import EXAMPLES

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
OURS = AccountId("local")
WALLET = "7Np41oeYqPefeNQEHSv1UDhYrehxin3NStELsSKCT4K2"


def recorded(event: Event, position: int = 1) -> Recorded:
    identity: EventId = derive_root_id("test", position)
    return Recorded(
        event=event,
        id=identity,
        subject=subject_of(event),
        occurred_at=NOON,
        correlation_id=identity,
        causation_id=None,
        source="test",
        version=1,
        position=position,
        recorded_at=NOON + timedelta(seconds=position),
        body=b"",
    )


def fresh() -> Memory:
    return Memory(tally=Tally(since=NOON))


def told(*events: Event, memory: Memory | None = None) -> tuple[Memory, list[Notice]]:
    memory = memory or fresh()
    notices: list[Notice] = []
    for position, event in enumerate(events, start=1):
        memory, notice = remember(memory, recorded(event, position), OURS, veto_streak=3)
        notices += [] if notice is None else [notice]
    return memory, notices


def example(kind: type[Event], **changes: Any) -> Event:
    found = next(one for one in EXAMPLES if type(one) is kind)
    return found.model_copy(update={"account": OURS, **changes})


@pytest.mark.parametrize("event", EXAMPLES, ids=lambda one: type(one).__name__)
def test_every_event_of_the_log_is_taken_and_short(event: Event) -> None:
    _, notices = told(event)
    for notice in notices:
        assert notice.title == CATALOGUE[notice.kind].title
        assert notice.body
        assert len(notice.body.encode()) <= 700


def test_every_kind_but_the_counted_ones_comes_of_some_event() -> None:
    assert {type(one) for one in EXAMPLES} >= set(EVENTS)
    fills = [example(OrderFilled, leg=leg) for leg in Leg]
    modes = [example(engine.ModeChanged, mode=mode) for mode in engine.Mode]
    _, notices = told(*EXAMPLES, *fills, *modes)
    ours = [one for one in EXAMPLES if getattr(one, "account", OURS) in (None, OURS)]
    assert ours
    missing = set(Kind) - {one.kind for one in notices}
    assert missing == {
        Kind.VETO_STREAK,
        Kind.DAILY_SUMMARY,
        Kind.LIQUIDATION_NEAR,
        Kind.DELEGATE_EXPIRING,
        Kind.RPC_DEGRADED,
    }


def test_events_of_another_account_are_not_told_or_counted() -> None:
    memory, notices = told(
        example(OrderFilled, account="other"),
        example(OrderDenied, account="other"),
        example(control.KillSwitchEngaged, account="other", level=KillLevel.FLATTEN),
    )
    assert notices == []
    assert memory == fresh()


@pytest.mark.parametrize(
    ("leg", "kind"),
    [
        (Leg.ENTRY, Kind.ORDER_FILLED),
        (Leg.CLOSE, Kind.ORDER_FILLED),
        (Leg.STOP, Kind.STOP_HIT),
        (Leg.TP1, Kind.TARGET_HIT),
        (Leg.TP3, Kind.TARGET_HIT),
    ],
)
def test_a_fill_is_told_by_its_leg(leg: Leg, kind: Kind) -> None:
    _, (notice,) = told(example(OrderFilled, leg=leg))
    assert notice.kind is kind


def test_every_third_denial_in_a_row_is_told_and_an_approval_ends_the_row() -> None:
    denied, approved = example(OrderDenied), example(OrderApproved)
    _, notices = told(denied, denied, approved, denied, denied, denied, denied, denied, denied)
    assert [(it.kind, it.position) for it in notices] == [
        (Kind.VETO_STREAK, 6),
        (Kind.VETO_STREAK, 9),
    ]
    assert notices[0].body.startswith("3 denials in a row")
    assert notices[1].body.startswith("6 denials in a row")


def test_a_revoked_engine_cannot_be_muted_and_a_running_one_is_no_warning() -> None:
    revoked = example(engine.ModeChanged, mode=engine.Mode.REVOKED)
    runs = example(engine.ModeChanged, mode=engine.Mode.RUN)
    _, notices = told(revoked, runs)
    assert [it.kind for it in notices] == [Kind.ENGINE_REVOKED, Kind.ENGINE_MODE]
    assert notices[0].is_urgent
    assert Kind.ENGINE_REVOKED in MUST_SEE
    assert notices[1].severity is Severity.INFO


def signed_in(address: str = "192.0.2.7", user_agent: str = "Firefox") -> Event:
    return example(access.SignedIn, address=address, user_agent=user_agent, wallet=WALLET)


def test_only_a_new_device_or_network_is_told() -> None:
    memory, notices = told(
        signed_in(),
        signed_in(),
        signed_in("2001:db8::1"),
        signed_in("2001:db8::2"),
        signed_in(user_agent="curl"),
    )
    assert [it.position for it in notices] == [1, 3, 5]
    assert "curl" in notices[2].body
    memory, notices = told(*(signed_in(f"192.0.2.{at}") for at in range(200)), memory=memory)
    assert len(memory.devices) == DEVICES_MAX


def test_the_summary_comes_once_a_day_at_its_hour() -> None:
    memory, _ = told(
        example(OrderFilled, leg=Leg.ENTRY),
        example(OrderFilled, leg=Leg.TP1),
        example(OrderFilled, leg=Leg.STOP),
        example(OrderDenied),
    )
    assert summary_due(memory, None, NOON + timedelta(days=9)) is None
    assert summary_due(memory, "18:00", NOON + timedelta(hours=5, minutes=59)) is None
    now = NOON + timedelta(hours=6)
    assert summary_due(memory, "18:00", now) == now
    memory, notice = daily_summary(memory, position=4, now=now)
    assert notice.body == (
        "Since 02 Mar 12:00 UTC: 0 setups closed, made 0 USD after fees and funding; "
        "3 fills, 1 take-profits, 1 stops, 1 denials."
    )
    assert summary_due(memory, "18:00", now + timedelta(hours=23)) is None
    assert summary_due(memory, "18:00", now + timedelta(hours=24)) is not None
    assert memory.tally.made_usd == Decimal(0)


def test_what_others_wrote_cannot_mention_or_mark_up() -> None:
    text = tame("@everyone <!channel> [x](http://x) `rm` *b*\n\u202egnp\x1b[31m " + "ﬀ" * 900)
    assert not set("@<>`*[\n\x1b\u202e") & set(text)
    assert len(text.encode()) <= 700
