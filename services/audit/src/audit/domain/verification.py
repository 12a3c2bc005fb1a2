"""What must hold of the archive's rows, as comparisons of values.

A row is compared with the row before it and with itself: its columns are read from its message
once more. Each difference names a position, what was expected there and what was found.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple, TypeVar

import pydantic_core
from pydantic import BaseModel

from audit.domain.chain import GENESIS, link
from audit.domain.entry import ID_TAKEN, Entry, Message, entry_of, irregular, message_of
from contracts.event import Recorded
from contracts.process import ServiceStarted, ServiceStopped
from contracts.routes import subject_of

_Key = TypeVar("_Key")
_SHOWN_CHARACTERS_MAX = 120
_OfProcess = ServiceStarted | ServiceStopped
"""What every service writes, each for itself."""
_COMPARED = tuple(name for name in Entry._fields if name != "data")


class Difference(NamedTuple):
    """Something that is not as it must be."""

    position: int
    what: str
    expected: str
    found: str

    def __str__(self) -> str:
        return printable(
            f"position {self.position}: {self.what}: expected {self.expected}, found {self.found}"
        )


class Linked(NamedTuple):
    """A row, as far as it is compared."""

    entry: Entry
    prev_hash: bytes
    hash: bytes


def differences_of_row(row: Linked, *, before: Linked | None) -> list[Difference]:
    """Compare a row with the one before it, and its columns with its message."""
    position = row.entry.position
    expected_position = 1 if before is None else before.entry.position + 1
    found: list[Difference] = []
    if position != expected_position:
        found.append(_difference(expected_position, "row", "a row", f"the next at {position}"))
    elif row.prev_hash != (GENESIS if before is None else before.hash):
        expected = GENESIS if before is None else before.hash
        found.append(_difference(position, "prev_hash", expected.hex(), row.prev_hash.hex()))
    recomputed = link(row.prev_hash, row.entry)
    if recomputed != row.hash:
        found.append(_difference(position, "hash", recomputed.hex(), row.hash.hex()))
    return found + _differences_of_columns(row.entry)


def differences_of_projection(
    name: str, expected: Mapping[_Key, BaseModel], found: Mapping[_Key, BaseModel]
) -> list[Difference]:
    """Compare a projection's rows with what the events fold to, both by their key."""
    differences: list[Difference] = []
    for key in expected.keys() | found.keys():
        wanted, got = expected.get(key), found.get(key)
        if wanted == got:
            continue
        where = _position_of(wanted or got)
        if wanted is None or got is None:
            shown = [f"a row {key}" if row is not None else "none" for row in (wanted, got)]
            differences.append(_difference(where, name, *shown))
            continue
        for field in type(wanted).model_fields:
            values = getattr(wanted, field), getattr(got, field)
            if values[0] != values[1]:
                what = f"{name} {key} {field}"
                differences.append(_difference(where, what, *map(as_text, values)))
    return differences


def differences_of_origin(recorded: Recorded) -> list[Difference]:
    """Compare who wrote an event with who owns it, and where it stands with where it belongs."""
    event = recorded.event
    owner = event.service if isinstance(event, _OfProcess) else event.owner
    pairs = {"source": (owner, recorded.source), "subject": (subject_of(event), recorded.subject)}
    return [
        _difference(recorded.position, f"{event.event_type} {name}", *map(as_text, values))
        for name, values in pairs.items()
        if values[0] != values[1]
    ]


def by_position(differences: Iterable[Difference]) -> list[Difference]:
    """Put differences into the order of their positions."""
    return sorted(differences, key=lambda difference: difference.position)


def _differences_of_columns(entry: Entry) -> list[Difference]:
    try:
        message = message_of(entry)
    except ValueError as error:
        return [_difference(entry.position, "headers", "lines name:value", str(error))]
    expected = _expected(message, entry.defect)
    found = [
        _difference(entry.position, name, as_text(wanted), as_text(got))
        for name in _COMPARED
        if (wanted := getattr(expected, name)) != (got := getattr(entry, name))
    ]
    if not _same_json(expected.data, entry.data):
        shown = [repr(data) for data in (expected.data, entry.data)]
        found.append(_difference(entry.position, "data", *shown))
    return found


def _expected(message: Message, defect: str | None) -> Entry:
    if defect is None:
        return entry_of(message)[0]
    return irregular(message, defect=defect, is_id_taken=defect.startswith(ID_TAKEN))


def _same_json(one: bytes | None, other: bytes | None) -> bool:
    if one is None or other is None:
        return one is other
    return _sorted(one) == _sorted(other)


def _sorted(data: bytes) -> str:
    """Give JSON by sorted names: to Python alone `true`, `1` and `1.0` are equal."""
    return json.dumps(pydantic_core.from_json(data), sort_keys=True)


def _position_of(row: BaseModel | None) -> int:
    for name in ("position", "updated_position"):
        if hasattr(row, name):
            return int(getattr(row, name))
    return 0


def as_text(value: object) -> str:
    """Give a column's value as a person writes it."""
    match value:
        case None:
            return "none"
        case datetime():
            return value.isoformat()
        case str():
            return f"'{value}'"
        case _:
            return str(value)


def _difference(position: int, what: str, expected: str, found: str) -> Difference:
    return Difference(position, what, shorten(expected), shorten(found))


def printable(text: str) -> str:
    """Give a text on one line that commands no terminal: what is recorded could write a report."""
    if text.isprintable():
        return text
    return "".join(it if it.isprintable() else ascii(it)[1:-1] for it in text)


def shorten(text: str) -> str:
    """Give a text that fits a line of a report."""
    return text if len(text) <= _SHOWN_CHARACTERS_MAX else text[: _SHOWN_CHARACTERS_MAX - 1] + "…"
