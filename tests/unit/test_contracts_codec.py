"""The codec refuses by name what it cannot read, and what may not be written."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar

import pytest

from contracts import codec
from contracts.control import KillLevel, KillSwitchEngaged
from contracts.event import Draft, Event, Recorded
from contracts.ids import derive_id, derive_root_id
from contracts.order import OrderFilled
from contracts.process import ServiceStopped
from contracts.registry import BY_TYPE, EVENTS, UPCASTERS, Upcaster
from contracts.routes import subject_of
from contracts.values import Note
from kit import golden

AT = datetime(2024, 7, 18, 14, 3, 0, 812_000, tzinfo=UTC)
ROOT = derive_root_id("test")
KILL = KillSwitchEngaged(
    account="local", level=KillLevel.CANCEL_ENTRIES, reason="a test", by="a person"
)


def a_draft(event: Event = KILL, **changes: Any) -> Draft:
    fields: dict[str, Any] = {
        "event": event,
        "id": derive_id(ROOT, event.event_type),
        "subject": subject_of(event),
        "occurred_at": AT,
        "correlation_id": ROOT,
    }
    return Draft(**(fields | changes))


def decoded(
    headers: Mapping[str, str] | None,
    body: bytes,
    *,
    upcasters: Mapping[tuple[str, int], Upcaster] = UPCASTERS,
) -> Recorded:
    return codec.decode(
        subject="control.p16.local",
        headers=headers,
        body=body,
        position=3,
        recorded_at=AT,
        upcasters=upcasters,
    )


def encoded(**changes: str | None) -> tuple[dict[str, str], bytes]:
    """Give a good message with some headers changed, or left out where None."""
    headers, body = codec.encode(a_draft(), source="gateway")
    wanted = {**headers, **{name.replace("__", "-"): value for name, value in changes.items()}}
    return {name: value for name, value in wanted.items() if value is not None}, body


@pytest.mark.parametrize("event", golden.EXAMPLES, ids=lambda event: event.event_type)
def test_an_event_read_from_the_wire_is_the_one_that_was_written(event: Event) -> None:
    source = "risk" if event.owner == "*" else event.owner
    draft = a_draft(event, causation_id=ROOT)
    headers, body = codec.encode(draft, source=source)
    read = codec.decode(
        subject=draft.subject, headers=headers, body=body, position=3, recorded_at=AT
    )

    assert read == codec.as_recorded(draft, source=source, position=3, recorded_at=AT)
    assert read.event == event


def test_equal_drafts_give_equal_bytes() -> None:
    assert codec.encode(a_draft(), source="gateway") == codec.encode(a_draft(), source="gateway")


def test_an_event_that_another_service_owns_is_not_written() -> None:
    with pytest.raises(codec.ForeignEvent, match="kill_switch_engaged from gateway, found risk"):
        codec.encode(a_draft(), source="risk")


def test_an_event_that_every_service_owns_is_written_by_any() -> None:
    stopped = ServiceStopped(service="risk", instance="risk-0")

    assert codec.encode(a_draft(stopped), source="risk")[0][codec.SOURCE] == "risk"


@pytest.mark.parametrize("subject", ["control.all", "control.p16.other", "orders.p16.local.x", ""])
def test_an_event_on_a_subject_that_is_not_its_own_is_not_written(subject: str) -> None:
    with pytest.raises(codec.MisroutedEvent, match=r"on control\.p16\.local, found it on"):
        codec.encode(a_draft(subject=subject), source="gateway")


@pytest.mark.parametrize(
    "name",
    [
        codec.ID,
        codec.TYPE,
        codec.SOURCE,
        codec.TIME,
        codec.EVENT_VERSION,
        codec.CORRELATION_ID,
    ],
)
def test_a_message_without_a_header_is_refused_by_its_name(name: str) -> None:
    headers, body = encoded()
    del headers[name]

    with pytest.raises(codec.MissingHeader, match=f"expected header {name}"):
        decoded(headers, body)
    with pytest.raises(codec.MissingHeader, match=f"expected header {name}"):
        decoded({**headers, name: ""}, body)


def test_a_message_without_headers_is_refused() -> None:
    with pytest.raises(codec.MissingHeader):
        decoded(None, b"{}")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ce__id", "1"),
        ("correlation_id", "not-a-uuid"),
        ("causation_id", "x"),
        ("ce__time", "yesterday"),
        ("ce__time", "2024-07-18T14:03:00"),
        ("event_version", "one"),
        ("event_version", "-1"),
        ("event_version", "1.0"),
        ("event_version", "1234567"),
        ("event_version", "\u0661"),
    ],
)
def test_a_malformed_header_is_refused_by_its_name(name: str, value: str) -> None:
    with pytest.raises(codec.MissingHeader, match=name.replace("__", "-")):
        decoded(*encoded(**{name: value}))


def test_an_unknown_event_type_is_refused_by_its_name() -> None:
    with pytest.raises(codec.UnknownEventType, match="order_imagined"):
        decoded(*encoded(ce__type="order_imagined"))


@pytest.mark.parametrize("version", ["0", "2", "999999"])
def test_an_unknown_version_is_refused_by_its_name(version: str) -> None:
    with pytest.raises(codec.UnknownEventVersion, match="kill_switch_engaged version"):
        decoded(*encoded(event_version=version))


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (b"", "body"),
        (b"\xff\xfe", "body"),
        (b"null", "body"),
        (b"[]", "body"),
        (b'{"account":null,"level":1,"reason":"","by":""', "body"),
        (b'{"account":null,"level":1,"reason":""}', "by"),
        (b'{"account":"a.b","level":1,"reason":"","by":""}', "account"),
        (b'{"account":null,"level":1,"reason":7,"by":""}', "reason"),
        (b'{"account":null,"level":0,"reason":"","by":""}', "level"),
        (b'{"account":null,"level":"flatten","reason":"","by":""}', "level"),
        (b'{"account":null,"level":1,"reason":"","by":"","more":1}', "more"),
    ],
)
def test_a_malformed_body_is_refused_with_the_place(body: bytes, what: str) -> None:
    headers, _ = encoded()

    with pytest.raises(codec.MalformedBody, match=f"found a bad {what}"):
        decoded(headers, body)


def test_every_refusal_is_an_undecodable_message() -> None:
    for refusal in (
        codec.MissingHeader,
        codec.UnknownEventType,
        codec.UnknownEventVersion,
        codec.MalformedBody,
    ):
        assert issubclass(refusal, codec.UndecodableMessage)


def test_a_body_with_a_number_for_a_price_is_refused() -> None:
    event = next(one for one in golden.EXAMPLES if isinstance(one, OrderFilled))
    headers, body = codec.encode(a_draft(event), source="execution")

    for number in (b"157.42", b"NaN", b'"NaN"', b'"-157.42"', b'"0"', b"1e400"):
        broken = body.replace(b'"price_usd":"157.42"', b'"price_usd":' + number)
        assert broken != body
        with pytest.raises(codec.MalformedBody, match="price_usd"):
            decoded(headers, broken)


def test_canonical_bytes_leave_out_what_two_runs_do_not_share() -> None:
    headers, body = encoded(traceparent="00-ab-cd-01")
    one = decoded(headers, body)
    other = codec.as_recorded(
        a_draft(),
        source="gateway",
        position=99,
        recorded_at=datetime(2030, 1, 1, tzinfo=UTC),
    )

    assert one != other
    assert codec.canonical(one) == codec.canonical(other)


@pytest.mark.parametrize(
    "changes",
    [
        {"id": ROOT},
        {"occurred_at": AT.replace(second=1)},
        {"correlation_id": derive_id(ROOT, "x")},
        {"causation_id": ROOT},
        {"event": KILL.model_copy(update={"reason": "another"})},
    ],
)
def test_canonical_bytes_tell_different_facts_apart(changes: dict[str, Any]) -> None:
    def canonical(draft: Draft) -> bytes:
        return codec.canonical(
            codec.as_recorded(draft, source="gateway", position=1, recorded_at=AT)
        )

    assert canonical(a_draft()) != canonical(a_draft(**changes))


class Renamed(Event):
    """The third shape of an event that this test alone knows."""

    event_type: ClassVar[str] = "kill_switch_engaged"
    event_version: ClassVar[int] = 3
    owner: ClassVar[str] = "gateway"

    why: Note
    level: int


def _rename(body: Any) -> Any:
    return {"why": body["reason"]}


def _add_level(body: Any) -> Any:
    return {**body, "level": 1}


CHAIN: Mapping[tuple[str, int], Upcaster] = {
    ("kill_switch_engaged", 1): _rename,
    ("kill_switch_engaged", 2): _add_level,
}


@pytest.fixture
def renamed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codec, "BY_TYPE", {**BY_TYPE, "kill_switch_engaged": Renamed})


@pytest.mark.usefixtures("renamed")
def test_an_old_version_is_read_through_every_step_and_keeps_its_bytes() -> None:
    headers, body = encoded()
    read = decoded(headers, body, upcasters=CHAIN)

    assert read.event == Renamed(why="a test", level=1)
    assert read.version == 1
    assert read.body == body


@pytest.mark.usefixtures("renamed")
def test_a_middle_version_takes_the_steps_that_remain() -> None:
    headers, _ = encoded(event_version="2")

    assert decoded(headers, b'{"why":"w"}', upcasters=CHAIN).event == Renamed(why="w", level=1)
    newest, _ = encoded(event_version="3")
    assert decoded(newest, b'{"why":"w","level":2}', upcasters={}).event == Renamed(
        why="w", level=2
    )


@pytest.mark.usefixtures("renamed")
def test_a_missing_step_is_named() -> None:
    headers, body = encoded()

    with pytest.raises(codec.UnknownEventVersion, match="kill_switch_engaged version 2"):
        decoded(headers, body, upcasters={("kill_switch_engaged", 1): _rename})


@pytest.mark.usefixtures("renamed")
@pytest.mark.parametrize("body", [b"{}", b"[]", b"7", b"", b'{"reason":7}', b"\xff"])
def test_an_old_body_that_a_step_cannot_read_is_malformed(body: bytes) -> None:
    headers, _ = encoded()

    with pytest.raises(codec.MalformedBody, match="kill_switch_engaged version 1"):
        decoded(headers, body, upcasters=CHAIN)


def test_every_upcaster_leads_to_a_version_that_exists() -> None:
    for name, version in UPCASTERS:
        assert 1 <= version < BY_TYPE[name].event_version
    for event in EVENTS:
        for version in range(1, event.event_version):
            assert (event.event_type, version) in UPCASTERS


def test_no_two_events_share_a_type() -> None:
    assert len(BY_TYPE) == len(EVENTS)
