import hashlib
import struct
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.domain.chain import GENESIS, link
from audit.domain.entry import (
    ID_TAKEN,
    UNDECODABLE,
    Restored,
    differing_fields,
    entry_of,
    irregular,
    message_of,
)
from chassis.log import RawMessage
from contracts import codec
from kit.audit_history import history, messages

AT = datetime(2026, 3, 2, 12, 0, 0, 123456, tzinfo=UTC)


def a_message(
    *, position: int = 1, headers: dict[str, str] | None = None, body: bytes | None = None
) -> RawMessage:
    """Give a regular message that differs in what is named; None drops a header."""
    regular = messages(history(1))[0]
    return RawMessage(
        position,
        regular.subject,
        {name: value for name, value in {**regular.headers, **(headers or {})}.items() if value},
        regular.body if body is None else body,
        AT,
    )


def test_every_message_of_a_history_is_a_regular_entry_and_comes_back_whole() -> None:
    for message in messages(history(4)):
        entry, _ = entry_of(message)

        assert entry.defect is None
        assert entry.data == entry.body == message.body
        assert entry.type == message.headers[codec.TYPE]
        assert str(entry.id) == message.headers[codec.ID]
        assert differing_fields(entry, message) == []
        assert message_of(entry) == Restored(
            message.position,
            message.subject,
            dict(message.headers),
            message.body,
            message.recorded_at,
        )


def test_only_events_that_are_projected_are_read_whole() -> None:
    found = {entry.type: recorded for entry, recorded in map(entry_of, messages(history(1)))}

    assert found["minute_closed"] is None
    assert found["order_approved"] is not None


@pytest.mark.parametrize(
    ("headers", "body", "defect"),
    [
        ({"ce-type": "tea_served"}, None, "expected a known event type, found 'tea_served'"),
        ({"ce-type": ""}, None, "expected header ce-type, found none"),
        ({"event_version": "2"}, None, "expected minute_closed version 1 to 1, found 2"),
        ({"event_version": "0"}, None, "expected minute_closed version 1 to 1, found 0"),
        ({"ce-id": "17"}, None, "expected a UUID in header ce-id, found '17'"),
        ({"ce-time": "yesterday"}, None, "expected an aware time in header ce-time"),
        ({"ce-time": "0001-01-01T00:00:00+14:00"}, None, "expected a time in the years 1 to 9999"),
        ({"ce-source": "sig\0nals"}, None, "expected text in header ce-source"),
        ({}, b'{"venue": ', "expected JSON"),
        ({}, b'{"price": NaN}', "expected JSON"),
        ({}, b"[" * 60_000, "expected JSON"),
        ({}, b"", "expected JSON"),
        ({"ce-type": "order_denied"}, b"{}", "expected order_denied version 1, found a bad"),
    ],
)
def test_what_is_no_regular_event_is_kept_with_the_reason(
    headers: dict[str, str], body: bytes | None, defect: str
) -> None:
    message = a_message(headers=headers, body=body)

    entry, recorded = entry_of(message)

    assert entry.defect is not None
    assert entry.defect.startswith(defect)
    assert entry.data is None
    assert recorded is None
    assert differing_fields(entry, message) == []


def test_a_message_without_any_header_has_a_type_and_an_id_of_its_own() -> None:
    one, other = (
        entry_of(RawMessage(position, "process.x", {}, b"\xff\0", AT))[0] for position in (1, 2)
    )

    assert one.type == other.type == UNDECODABLE
    assert one.id != other.id
    assert message_of(one).headers == {}


def test_a_taken_id_is_replaced_and_stays_in_the_headers() -> None:
    message = a_message()

    entry = irregular(message, defect=f"{ID_TAKEN} 1", is_id_taken=True)

    assert str(entry.id) != message.headers[codec.ID]
    assert message_of(entry).headers[codec.ID] == message.headers[codec.ID]


def test_json_with_a_nul_is_kept_in_the_bytes_only() -> None:
    entry, _ = entry_of(a_message(body=b'{"note": "a\\u0000b"}'))

    assert entry.defect is None
    assert entry.data is None
    assert entry.body == b'{"note": "a\\u0000b"}'


headers = st.dictionaries(
    st.text("abc-_", min_size=1),
    st.text(st.characters(blacklist_characters="\r\n", blacklist_categories=())),
    max_size=4,
)


@given(st.text(), headers, st.binary(max_size=40), st.integers(1, 2**62))
def test_any_message_has_an_entry_and_comes_back(
    subject: str, headers: dict[str, str], body: bytes, position: int
) -> None:
    message = RawMessage(position, subject, headers, body, AT)

    entry, _ = entry_of(message)

    assert differing_fields(entry, message) == []
    assert "\0" not in entry.subject + entry.type + (entry.defect or "")
    assert len(link(GENESIS, entry)) == 32


def test_a_link_is_what_the_module_says_for_ever() -> None:
    entry = entry_of(RawMessage(7, "process.x", {"a": "1", "b": "2"}, b"{}", AT))[0]
    defect = b"expected header ce-type, found none"
    recorded_us = 1_772_452_800_123_456  # 2026-03-02 12:00:00.123456 UTC
    numbers = struct.pack(">6q", 7, recorded_us, 9, 7, 2, len(defect))
    parts = b"process.x" + b"a:1\nb:2" + b"{}" + defect

    assert hashlib.sha256(b"perp-desk audit chain 1").digest() == GENESIS
    assert link(GENESIS, entry) == hashlib.sha256(GENESIS + numbers + parts).digest()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("position", 2),
        ("subject", "market.minute.btc-perp"),
        ("recorded_at", datetime(2026, 3, 2, 12, 0, 0, 123457, tzinfo=UTC)),
        ("headers", b"ce-id:1"),
        ("body", b"{}"),
        ("defect", "none"),
    ],
)
def test_a_link_covers_all_that_a_message_is(name: str, value: object) -> None:
    entry, _ = entry_of(a_message())

    assert link(GENESIS, entry._replace(**{name: value})) != link(GENESIS, entry)


def test_a_link_does_not_confuse_where_a_part_ends() -> None:
    entry, _ = entry_of(a_message())
    one = entry._replace(headers=b"a:1", body=b"2{}")
    other = entry._replace(headers=b"a:12", body=b"{}")

    assert link(GENESIS, one) != link(GENESIS, other)
