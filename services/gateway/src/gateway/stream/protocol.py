"""The messages of the stream, protocol version 1. Positions are strings: they may pass 2^53.

Server: hello, ev, snap, hb, reset, pong, bye. Client: ping, topics. Nothing else is understood,
and commands never come this way.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Any, Literal

import msgspec

from contracts import codec
from contracts.event import Recorded
from contracts.values import to_millis
from gateway.domain import words
from gateway.domain.hidden import shown
from gateway.domain.sentences import summary

VERSION = 1
FRAME_BYTES_MAX = 4096


class Topic(StrEnum):
    """What a client may ask for."""

    ACTIVITY = "activity"
    MARKET = "market"
    TELEMETRY = "telemetry"


class Close(IntEnum):
    """Why the server closes a stream."""

    RESTART = 1012
    TRY_LATER = 1013
    BAD_REQUEST = 4400
    SIGN_IN = 4401
    """Nobody is signed in, or not any more: trying again is no use."""
    FORBIDDEN = 4403
    IDLE = 4408
    """The client has said nothing for too long; a ping is enough."""
    SLOW_CLIENT = 4008
    TOO_OLD = 4410
    TOO_MANY = 4429


RETRY_MS: Mapping[Close, int] = {
    Close.RESTART: 1_000,
    Close.TRY_LATER: 2_000,
    Close.IDLE: 1_000,
    Close.SLOW_CLIENT: 1_000,
    Close.TOO_MANY: 10_000,
}
"""When a client may come back; one that is not here is not to come back by itself."""


class Ping(msgspec.Struct, tag="ping", tag_field="kind", forbid_unknown_fields=True):
    """Asks for a pong with the same id."""

    id: str


class SetTopics(msgspec.Struct, tag="topics", tag_field="kind", forbid_unknown_fields=True):
    """Says what the client wants to hear from here on."""

    set: list[Topic]


_inbound = msgspec.json.Decoder(Ping | SetTopics)


def read_inbound(text: str) -> Ping | SetTopics:
    """Read a client's message; raise msgspec.ValidationError or DecodeError."""
    return _inbound.decode(text)


class Activity(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """One event of the log, as the stream and the activity pages show it."""

    kind: Literal["ev"]
    pos: str
    """Position in the log."""
    ts: str
    """When it happened, in the world's time (on a tape: the exchange's)."""
    recorded_at: str
    """When the log took it."""
    type: str
    """The name of the API contract, or the event's own type where the contract has none."""
    event: str
    """The event's type in the log."""
    level: words.Level
    summary: str
    id: str
    subject: str
    source: str
    version: int
    correlation_id: str | None
    causation_id: str | None
    data: dict[str, Any] | None
    """The event itself; null when this build cannot read it."""


def time_text(moment: datetime) -> str:
    """Write a UTC time with milliseconds, `Z` at the end."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def event_text(recorded: Recorded) -> str:
    """Give the `ev` message of a recorded event."""
    event = recorded.event
    cause = recorded.causation_id
    return _text(
        {
            "kind": "ev",
            "pos": str(recorded.position),
            "ts": time_text(recorded.occurred_at),
            "recordedAt": time_text(recorded.recorded_at),
            "type": words.api_type(event),
            "event": event.event_type,
            "level": words.level(event),
            "summary": shown(summary(event)),
            "id": str(recorded.id),
            "subject": recorded.subject,
            "source": recorded.source,
            "version": recorded.version,
            "correlationId": str(recorded.correlation_id),
            "causationId": None if cause is None else str(cause),
            "data": msgspec.Raw(codec.body_of(event)),
        }
    )


def unreadable_text(*, position: int, subject: str, recorded_at: datetime, reason: str) -> str:
    """Give the `ev` message of an event that this build cannot read."""
    return _text(
        {
            "kind": "ev",
            "pos": str(position),
            "ts": time_text(recorded_at),
            "recordedAt": time_text(recorded_at),
            "type": "error",
            "event": words.UNREADABLE,
            "level": words.Level.BAD,
            "summary": shown(f"unreadable event at position {position}: {reason:.300}"),
            "id": "",
            "subject": subject,
            "source": "",
            "version": 0,
            "correlationId": None,
            "causationId": None,
            "data": None,
        }
    )


def hello_text(
    *, conn: str, head: int, oldest: int, epoch: str, beat_ms: int, now: datetime
) -> str:
    """Give the first message of a stream."""
    return _text(
        {
            "kind": "hello",
            "v": VERSION,
            "conn": conn,
            "head": str(head),
            "oldest": str(oldest),
            "epoch": epoch,
            "hbMs": beat_ms,
            "serverTime": time_text(now),
        }
    )


def snap_text(topic: str, *, as_of: datetime, data: object) -> str:
    """Give the newest state of something that moves fast."""
    return _text({"kind": "snap", "topic": topic, "asOf": time_text(as_of), "data": data})


def beat_text(*, head: int, now: datetime) -> str:
    """Give the heartbeat."""
    return _text({"kind": "hb", "head": str(head), "ts": to_millis(now)})


def reset_text(*, reason: str, head: int) -> str:
    """Tell the client to load the state again and to go on from `head`."""
    return _text({"kind": "reset", "reason": reason, "head": str(head)})


def pong_text(*, ping_id: str, now: datetime) -> str:
    """Answer a ping."""
    return _text({"kind": "pong", "id": ping_id, "ts": to_millis(now)})


def bye_text(code: Close) -> str:
    """Announce that the server closes, and when to come back; 0: not by itself."""
    return _text({"kind": "bye", "code": code, "retryMs": RETRY_MS.get(code, 0)})


def _text(message: object) -> str:
    return msgspec.json.encode(message).decode()
