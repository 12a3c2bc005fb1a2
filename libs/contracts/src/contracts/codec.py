"""Events to messages and back: CloudEvents 1.0 binary mode with NATS headers.

The body is the event's JSON. `decode` refuses what it does not know by name, so that a fold stops
rather than skip, and a consumer can park the message.
"""

import functools
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import pydantic
import pydantic_core

from contracts.event import Draft, Event, Recorded
from contracts.ids import EventId
from contracts.registry import BY_TYPE, UPCASTERS, Upcaster
from contracts.routes import subject_of

ID = "ce-id"
TYPE = "ce-type"
SOURCE = "ce-source"
TIME = "ce-time"
SPEC_VERSION = "ce-specversion"
EVENT_VERSION = "event_version"
CORRELATION_ID = "correlation_id"
CAUSATION_ID = "causation_id"
TRACEPARENT = "traceparent"
MESSAGE_ID = "Nats-Msg-Id"


class UndecodableMessage(ValueError):
    """A message is not an event that this build can read."""


class MissingHeader(UndecodableMessage):
    """A required header is absent or malformed."""


class UnknownEventType(UndecodableMessage):
    """No event has this type."""


class UnknownEventVersion(UndecodableMessage):
    """The event's version is newer than this build, or has no upcaster."""


class MalformedBody(UndecodableMessage):
    """The body does not fit the event's shape."""


class ForeignEvent(ValueError):
    """A service tried to write an event that another service owns."""


class MisroutedEvent(ValueError):
    """A service tried to write an event on a subject that is not its own."""


class Envelope(NamedTuple):
    """What the headers of an event's message say."""

    event_class: type[Event]
    version: int
    id: EventId
    occurred_at: datetime
    correlation_id: EventId
    causation_id: EventId | None
    source: str
    traceparent: str | None


def encode(draft: Draft, *, source: str) -> tuple[dict[str, str], bytes]:
    """Give the headers and the body of an event written by `source`.

    Raises ForeignEvent when `source` does not own it, and MisroutedEvent when `contracts.routes`
    puts it on another subject. Equal drafts give equal bytes.
    """
    event = draft.event
    if event.owner not in ("*", source):
        raise ForeignEvent(f"expected {event.event_type} from {event.owner}, found {source}")
    if (subject := subject_of(event)) != draft.subject:
        raise MisroutedEvent(
            f"expected {event.event_type} on {subject}, found it on {draft.subject!r:.200}"
        )
    own = str(draft.id)
    headers = {
        MESSAGE_ID: own,
        SPEC_VERSION: "1.0",
        ID: own,
        TYPE: event.event_type,
        SOURCE: source,
        TIME: _time_text(draft.occurred_at),
        EVENT_VERSION: str(event.event_version),
        CORRELATION_ID: str(draft.correlation_id),
    }
    if draft.causation_id is not None:
        headers[CAUSATION_ID] = str(draft.causation_id)
    return headers, body_of(event)


def body_of(event: Event) -> bytes:
    """Give the canonical JSON of an event: the bytes that are stored, hashed and compared."""
    return event.__pydantic_serializer__.to_json(event)


def decode(
    *,
    subject: str,
    headers: Mapping[str, str] | None,
    body: bytes,
    position: int,
    recorded_at: datetime,
    upcasters: Mapping[tuple[str, int], Upcaster] = UPCASTERS,
) -> Recorded:
    """Read a message of the log; raise an UndecodableMessage that names what is wrong."""
    return open_envelope(
        envelope_of(headers),
        subject=subject,
        body=body,
        position=position,
        recorded_at=recorded_at,
        upcasters=upcasters,
    )


def open_envelope(
    envelope: Envelope,
    *,
    subject: str,
    body: bytes,
    position: int,
    recorded_at: datetime,
    upcasters: Mapping[tuple[str, int], Upcaster] = UPCASTERS,
) -> Recorded:
    """Read the rest of a message whose headers are read; raise an UndecodableMessage."""
    return Recorded(
        event=_body(envelope.event_class, envelope.version, body, upcasters),
        id=envelope.id,
        subject=subject,
        occurred_at=envelope.occurred_at,
        correlation_id=envelope.correlation_id,
        causation_id=envelope.causation_id,
        source=envelope.source,
        version=envelope.version,
        position=position,
        recorded_at=recorded_at,
        body=body,
        traceparent=envelope.traceparent,
    )


def envelope_of(headers: Mapping[str, str] | None) -> Envelope:
    """Read the headers of a message; raise an UndecodableMessage that names what is wrong."""
    given = headers or {}
    event_type = _required(given, TYPE)
    event_class = BY_TYPE.get(event_type)
    if event_class is None:
        raise UnknownEventType(f"expected a known event type, found {event_type!r:.80}")
    own, correlation = _required(given, ID), _required(given, CORRELATION_ID)
    causation = given.get(CAUSATION_ID)
    event_id = _uuid(ID, own)
    return Envelope(
        event_class,
        _integer(given, EVENT_VERSION),
        event_id,
        _time(_required(given, TIME)),
        event_id if correlation == own else _uuid(CORRELATION_ID, correlation),
        None if causation is None else _uuid(CAUSATION_ID, causation),
        _required(given, SOURCE),
        given.get(TRACEPARENT),
    )


def as_recorded(draft: Draft, *, source: str, position: int, recorded_at: datetime) -> Recorded:
    """Give a draft the shape that it will have in the log, without a trip through the wire."""
    return Recorded(
        event=draft.event,
        id=draft.id,
        subject=draft.subject,
        occurred_at=draft.occurred_at,
        correlation_id=draft.correlation_id,
        causation_id=draft.causation_id,
        source=source,
        version=draft.event.event_version,
        position=position,
        recorded_at=recorded_at,
        body=body_of(draft.event),
    )


def canonical(event: Recorded) -> bytes:
    """Give the bytes that say what happened: all but the position, the recorded time and the trace.

    Two runs of one tape give equal canonical bytes; the audit's hash chain runs over them.
    """
    head = "\n".join(
        (
            event.subject,
            str(event.id),
            str(event.event.event_type),
            str(event.version),
            event.source,
            _time_text(event.occurred_at),
            str(event.correlation_id),
            str(event.causation_id or ""),
        )
    )
    return head.encode() + b"\n" + event.body


def _body(
    event_class: type[Event],
    version: int,
    body: bytes,
    upcasters: Mapping[tuple[str, int], Upcaster],
) -> Event:
    name, newest = event_class.event_type, event_class.event_version
    if version > newest:
        raise UnknownEventVersion(f"expected {name} version <= {newest}, found {version}")
    steps = [_upcaster(name, step, upcasters) for step in range(version, newest)]
    try:
        if not steps:
            return event_class.model_validate_json(body)
        data = pydantic_core.from_json(body)
        for step in steps:
            data = step(data)
        return event_class.model_validate_json(pydantic_core.to_json(data))
    except pydantic.ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "body"
        raise MalformedBody(
            f"expected {name} version {version}, found a bad {where}: {first['msg']:.200}"
        ) from None
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise MalformedBody(
            f"expected JSON of {name} version {version}, found {error!r:.200}"
        ) from None


def _upcaster(name: str, version: int, upcasters: Mapping[tuple[str, int], Upcaster]) -> Upcaster:
    step = upcasters.get((name, version))
    if step is None:
        raise UnknownEventVersion(f"expected an upcaster from {name} version {version}, found none")
    return step


def _required(headers: Mapping[str, str], name: str) -> str:
    value = headers.get(name)
    if not value:
        raise MissingHeader(f"expected header {name}, found none")
    return value


def _integer(headers: Mapping[str, str], name: str) -> int:
    text = _required(headers, name)
    if not text.isascii() or not text.isdigit() or len(text) > 6:
        raise MissingHeader(f"expected a whole number in header {name}, found {text!r:.40}")
    return int(text)


def _uuid(name: str, text: str) -> EventId:
    try:
        return _parse_uuid(text)
    except ValueError:
        raise MissingHeader(f"expected a UUID in header {name}, found {text!r:.60}") from None


@functools.lru_cache(maxsize=4096)
def _parse_uuid(text: str) -> EventId:
    # An id comes back as the cause and the correlation of the events that follow it.
    return EventId(UUID(text))


def _time(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise MissingHeader(f"expected an aware time in header {TIME}, found {text!r:.60}")
    return moment


def _time_text(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
