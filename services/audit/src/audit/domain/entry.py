"""A message of the log as a row of the archive, and back.

Every message becomes a row, also one that is not an event: its `defect` says why, its columns
hold what is certain. Subject, headers and body are kept as they were, and the other columns are
read from them; so the row proves itself, and gives back the exact message.

The archive remembers, it does not judge: it reads the headers and requires JSON, and reads whole
only the events that it projects. Whether every body fits its event is a question to `verify`.
"""

import functools
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NamedTuple, Protocol
from uuid import UUID

import pydantic_core

from audit.domain.projections import PROJECTED
from contracts import codec
from contracts.event import Recorded
from contracts.ids import derive_root_id

UNDECODABLE = "undecodable"
ID_TAKEN = "id already recorded at position"
_TYPE = re.compile(r"^[a-z0-9_]{1,64}$")
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
_DEFECT_CHARACTERS_MAX = 300


class Message(Protocol):
    """A message of the log."""

    @property
    def position(self) -> int: ...
    @property
    def subject(self) -> str: ...
    @property
    def headers(self) -> Mapping[str, str]: ...
    @property
    def body(self) -> bytes: ...
    @property
    def recorded_at(self) -> datetime: ...


class Restored(NamedTuple):
    """A message, made from its row."""

    position: int
    subject: str
    headers: Mapping[str, str]
    body: bytes
    recorded_at: datetime


class Entry(NamedTuple):
    """A row of `audit.events` without its links of the chain."""

    position: int
    id: UUID
    type: str
    version: int | None
    subject: str
    source: str | None
    correlation_id: UUID | None
    causation_id: UUID | None
    occurred_at: datetime | None
    recorded_at: datetime
    defect: str | None
    headers: bytes
    """One line `name:value` for each; NATS allows a line feed in neither, nor a colon in names."""
    data: bytes | None
    """The body, where it is the JSON of an event."""
    body: bytes

    @property
    def is_repeat(self) -> bool:
        """Whether the archive says that the event stands before already."""
        return self.defect is not None and self.defect.startswith(ID_TAKEN)


def entry_of(message: Message) -> tuple[Entry, Recorded | None]:
    """Give the row of a message, and its event when that is projected."""
    subject = _storable(message.subject)
    recorded = None
    try:
        envelope = codec.envelope_of(message.headers)
        _require_regular(envelope)
        occurred_at = _utc(envelope.occurred_at)
        if envelope.event_class in PROJECTED:
            recorded = codec.open_envelope(
                envelope,
                subject=subject,
                body=message.body,
                position=message.position,
                recorded_at=message.recorded_at,
            )
        else:
            _require_json(message.body)
    except codec.UndecodableMessage as error:
        return irregular(message, defect=str(error)), None
    entry = Entry(
        message.position,
        envelope.id,
        envelope.event_class.event_type,
        envelope.version,
        subject,
        envelope.source,
        envelope.correlation_id,
        envelope.causation_id,
        occurred_at,
        message.recorded_at,
        None,
        _lines(message.headers),
        # jsonb has no NUL; the bytes keep it.
        None if b"\\u0000" in message.body else message.body,
        message.body,
    )
    return entry, recorded


def irregular(message: Message, *, defect: str, is_id_taken: bool = False) -> Entry:
    """Give the row of a message that is no regular event, and why."""
    event_type = message.headers.get(codec.TYPE, "")
    return Entry(
        position=message.position,
        id=_own_id(message) if is_id_taken else _id_of(message),
        type=event_type if _TYPE.match(event_type) else UNDECODABLE,
        version=None,
        subject=_storable(message.subject),
        source=None,
        correlation_id=None,
        causation_id=None,
        occurred_at=None,
        recorded_at=message.recorded_at,
        defect=_storable(defect)[:_DEFECT_CHARACTERS_MAX],
        headers=_lines(message.headers),
        data=None,
        body=message.body,
    )


def message_of(entry: Entry) -> Restored:
    """Give back the message that a row was made of."""
    lines = entry.headers.decode("utf-8", "surrogatepass").split("\n") if entry.headers else []
    headers = dict(line.split(":", 1) for line in lines)
    return Restored(entry.position, entry.subject, headers, entry.body, entry.recorded_at)


def recorded_of(message: Message) -> Recorded:
    """Read the event of a message; raise an UndecodableMessage that names what is wrong."""
    return codec.decode(
        subject=message.subject,
        headers=message.headers,
        body=message.body,
        position=message.position,
        recorded_at=message.recorded_at,
    )


def differing_fields(entry: Entry, message: Message) -> list[str]:
    """Name what a row keeps otherwise than the message has it; nothing when they are the same."""
    kept = message_of(entry)
    pairs = {
        "position": (kept.position, message.position),
        "subject": (kept.subject, _storable(message.subject)),
        "headers": (kept.headers, dict(message.headers)),
        "bytes": (kept.body, message.body),
        "recorded_at": (kept.recorded_at, message.recorded_at),
    }
    return [name for name, (ours, theirs) in pairs.items() if ours != theirs]


def _require_regular(envelope: codec.Envelope) -> None:
    newest = envelope.event_class.event_version
    if not 1 <= envelope.version <= newest:
        name = envelope.event_class.event_type
        raise codec.UnknownEventVersion(
            f"expected {name} version 1 to {newest}, found {envelope.version}"
        )
    if _UNSTORABLE.search(envelope.source) is not None:
        raise codec.MissingHeader(
            f"expected text in header {codec.SOURCE}, found {envelope.source!r:.60}"
        )


def _require_json(body: bytes) -> None:
    try:
        pydantic_core.from_json(body, allow_inf_nan=False, cache_strings=False)
    except ValueError as error:
        raise codec.MalformedBody(f"expected JSON, found {error!s:.200}") from None


def _utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise codec.MissingHeader(
            f"expected a time in the years 1 to 9999 in header {codec.TIME}, found {moment}"
        ) from None


def _id_of(message: Message) -> UUID:
    try:
        return UUID(message.headers.get(codec.ID, ""))
    except ValueError:
        return _own_id(message)


def _own_id(message: Message) -> UUID:
    return derive_root_id(UNDECODABLE, message.position)


def _lines(headers: Mapping[str, str]) -> bytes:
    # A header may hold bytes that are no UTF-8; they arrive as lone surrogates.
    text = "\n".join([f"{name}:{value}" for name, value in headers.items()])
    return text.encode("utf-8", "surrogatepass")


@functools.lru_cache(maxsize=1024)
def _storable(text: str) -> str:
    """Give a text that PostgreSQL can hold: no NUL, no half of a surrogate pair."""
    if _UNSTORABLE.search(text) is None:
        return text
    return text.encode("ascii", "backslashreplace").decode().replace("\0", "\\x00")
