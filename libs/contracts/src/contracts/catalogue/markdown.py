"""The event catalogue as Markdown: for a person who wants to know what an event means."""

import re
from collections.abc import Iterator, Sequence
from enum import IntEnum, StrEnum

import msgspec
from pydantic import BaseModel

from contracts import codec
from contracts.catalogue.fields import (
    Documented,
    Field,
    attribute_docs,
    fields_of,
    parts_of,
    summary,
)
from contracts.catalogue.traffic import EVERY_SERVICE, hearers, owners
from contracts.event import Event
from contracts.registry import EVENTS
from contracts.routes import TICK_OWNER, TICK_PATTERNS, route_of
from contracts.subjects import STREAMS, StreamName

_HEAD = f"""\
# Events

Written by `python -m contracts.catalogue` from `libs/contracts`; do not edit. The same facts for
machines: [asyncapi.json](asyncapi.json).

An event is a fact in the past tense, owned by one service. Its body is compact JSON; its headers
follow CloudEvents 1.0 in binary mode:

| header | meaning |
|---|---|
| `{codec.MESSAGE_ID}`, `{codec.ID}` | its id, derived from its cause; the log drops a second copy |
| `{codec.TYPE}`, `{codec.EVENT_VERSION}` | which event, and the version of its shape |
| `{codec.SOURCE}` | the service that wrote it |
| `{codec.TIME}` | when it happened in the world: exchange time for all that follows from prices |
| `{codec.CORRELATION_ID}` | the proposal that it belongs to, or its own id |
| `{codec.CAUSATION_ID}` | the event that led to it at once; absent at the root |
| `{codec.SPEC_VERSION}` | `1.0` |
| `{codec.TRACEPARENT}` | W3C trace context; not part of the fact |

A decimal is a JSON string in plain notation with at most 18 digits on either side of the point. A
token is a part of a subject: `[a-z0-9-]`, at most 64 characters. `null` means not known; it never
means zero. A time ends in `Z`. In a subject, `{{part}}` is `p00` to `p63`, the account's partition.
"""
_TICKS = """\
Messages of `MARKET`: no headers, short names. Prices and quantities are decimal strings of the
exchange, untouched; times are its epoch milliseconds. `k` says which kind it is."""


def catalogue() -> str:
    """Give the whole document."""
    return "\n".join([_HEAD, *_streams(), *_owners(), *_ticks(), *_parts()])


def _streams() -> Iterator[str]:
    yield "## Streams\n"
    yield from _table(
        ("stream", "subjects", "holds"),
        [
            (f"`{stream.name}`", _codes(stream.subjects, ", "), f"{stream.description}.")
            for stream in STREAMS
        ],
    )


def _owners() -> Iterator[str]:
    for owner in owners():
        yield f"## {'Every service' if owner == EVERY_SERVICE else owner}\n"
        for event in EVENTS:
            if event.owner == owner:
                yield from _event(event)


def _event(event: type[Event]) -> Iterator[str]:
    patterns = route_of(event).patterns
    heard = sorted({hearer.name for one in patterns for hearer in hearers(StreamName.LOG, one)})
    yield f"### {event.event_type}\n"
    yield f"{summary(event)}\n"
    yield f"- subject: {_codes(patterns, ' or ')} on `{StreamName.LOG}`"
    yield f"- version: {event.event_version}"
    yield f"- heard by: {_codes(heard, ', ')}"
    if event.is_process:
        yield "- about running software: two runs of the same recording do not share it"
    yield ""
    yield from _fields(fields_of(event))


def _ticks() -> Iterator[str]:
    yield f"## {TICK_OWNER}: ticks\n"
    yield f"{_TICKS}\n"
    for tick, pattern in TICK_PATTERNS.items():
        heard = [hearer.name for hearer in hearers(StreamName.MARKET, pattern)]
        yield f'### {tick.__name__}: `"k":"{tick.__struct_config__.tag}"`\n'
        yield f"{summary(tick)}\n"
        yield f"- subject: `{pattern}` on `{StreamName.MARKET}`"
        yield f"- heard by: {_codes(heard, ', ') or 'nobody yet'}\n"
        yield from _fields(fields_of(tick))


def _parts() -> Iterator[str]:
    described: tuple[type[BaseModel] | type[msgspec.Struct], ...] = (*EVENTS, *TICK_PATTERNS)
    parts = {part.__name__: part for one in described for part in parts_of(one)}
    yield "## Parts of events\n"
    for name, part in sorted(parts.items()):
        yield f"### {name}\n"
        yield f"{summary(part)}\n"
        yield from _enumeration(part) if issubclass(part, StrEnum | IntEnum) else _model(part)


def _enumeration(part: type[StrEnum] | type[IntEnum]) -> Iterator[str]:
    docs = attribute_docs(part)
    # A number says nothing by itself: its name goes with it.
    values = [
        f"`{code.value}`" if isinstance(code, StrEnum) else f"`{code.value}` {code.name.lower()}"
        for code in part
    ]
    meanings = [docs.get(code.name, "") for code in part]
    yield from _table(("value", "meaning"), list(zip(values, meanings, strict=True)))


def _model(part: Documented) -> Iterator[str]:
    if issubclass(part, BaseModel | msgspec.Struct):
        yield from _fields(fields_of(part))


def _fields(fields: Sequence[Field]) -> Iterator[str]:
    yield from _table(
        ("field", "type", "unit", "meaning"),
        [(f"`{one.name}`", _linked(one.type), one.unit, one.meaning) for one in fields],
    )


def _linked(text: str) -> str:
    """Link the classes in a type to where they are described."""
    return re.sub(r"`([A-Z]\w+)`", lambda found: f"[{found[0]}](#{found[1].lower()})", text)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"
    yield ""


def _codes(names: Sequence[str], between: str) -> str:
    return between.join(f"`{name}`" for name in names)
