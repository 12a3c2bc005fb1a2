"""The AsyncAPI 3.0 document: the same facts as the catalogue, for machines.

Channels are the subject grammar, messages the shapes of events and ticks, operations what each
service says and hears.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, cast

import msgspec
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from contracts import codec
from contracts.catalogue.fields import NAMES, fields_of, parts_of, summary
from contracts.catalogue.traffic import (
    EVERY_SERVICE,
    everything_said,
    hearers,
    services,
    tick_name,
)
from contracts.event import Event
from contracts.ids import PARTITIONS
from contracts.registry import EVENTS
from contracts.routes import TICK_PATTERNS
from contracts.subjects import STREAMS

Json = dict[str, Any]  # Any: a JSON document, on its way out.

_SCHEMAS = "#/components/schemas/"


def document() -> str:
    """Give the whole document as indented JSON; equal code gives equal bytes."""
    parts: Json = {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Events and ticks",
            "version": "1",
            "description": "What the services say to each other over NATS JetStream.",
        },
        "defaultContentType": "application/json",
        "channels": _channels(),
        "operations": dict(_operations()),
        "components": {
            "messages": dict(_messages()),
            "messageTraits": {"event": {"headers": _headers()}},
            "schemas": _schemas(),
        },
    }
    return json.dumps(parts, indent=2, ensure_ascii=False) + "\n"


def channel_of(pattern: str) -> str:
    """Name the channel of a subject pattern: its tokens that are the same on every subject."""
    return ".".join(token for token in pattern.split(".") if not token.startswith("{"))


def _channels() -> Json:
    channels: Json = {}
    descriptions = {stream.name: stream.description for stream in STREAMS}
    for said in everything_said():
        channel = channels.setdefault(
            channel_of(said.pattern),
            {
                "address": said.pattern,
                "description": f"On the stream {said.stream}. {descriptions[said.stream]}.",
                "parameters": {
                    name: _parameter(name) for name in re.findall(r"{(\w+)}", said.pattern)
                },
                "messages": {},
            },
        )
        channel["messages"][said.message] = {"$ref": f"#/components/messages/{said.message}"}
    return channels


def _parameter(name: str) -> Json:
    described: Json = {"description": NAMES[name]}
    if name == "part":
        described["enum"] = [f"p{part:02d}" for part in range(PARTITIONS)]
    return described


def _operations() -> Iterator[tuple[str, Json]]:
    said = everything_said()
    patterns = {one.pattern: one.stream for one in said}
    for service in services():
        for pattern in patterns:
            mine = [one.message for one in said if one.pattern == pattern and service in one.by]
            if mine:
                yield f"{service}.send.{channel_of(pattern)}", _operation("send", pattern, mine)
        for pattern, stream in patterns.items():
            for hearer in hearers(stream, pattern):
                if hearer.service == service:
                    heard = [one.message for one in said if one.pattern == pattern]
                    name = f"{service}.receive.{channel_of(pattern)}.{hearer.name}"
                    yield name, _operation("receive", pattern, heard, title=hearer.name)


def _operation(action: str, pattern: str, messages: list[str], *, title: str = "") -> Json:
    channel = f"#/channels/{channel_of(pattern)}"
    operation: Json = {
        "action": action,
        "channel": {"$ref": channel},
        "messages": [{"$ref": f"{channel}/messages/{message}"} for message in messages],
    }
    return {"title": title, **operation} if title else operation


def _messages() -> Iterator[tuple[str, Json]]:
    for event in EVENTS:
        yield (
            event.event_type,
            {
                "name": event.event_type,
                "title": event.__name__,
                "summary": summary(event),
                "contentType": "application/json",
                "traits": [{"$ref": "#/components/messageTraits/event"}],
                "payload": {"$ref": _SCHEMAS + event.__name__},
                "x-owner": "every service" if event.owner == EVERY_SERVICE else event.owner,
                "x-event-version": event.event_version,
            },
        )
    for tick in TICK_PATTERNS:
        yield (
            tick_name(tick),
            {
                "name": tick_name(tick),
                "title": tick.__name__,
                "summary": summary(tick),
                "contentType": "application/json",
                "payload": {"$ref": _SCHEMAS + tick.__name__},
            },
        )


def _headers() -> Json:
    uuid, text = {"type": "string", "format": "uuid"}, {"type": "string"}
    properties: Json = {
        codec.MESSAGE_ID: uuid,
        codec.SPEC_VERSION: {"const": "1.0"},
        codec.ID: uuid,
        codec.TYPE: {"enum": [event.event_type for event in EVENTS]},
        codec.SOURCE: {"enum": list(services())},
        codec.TIME: {"type": "string", "format": "date-time"},
        codec.EVENT_VERSION: {"type": "string", "pattern": "^[1-9][0-9]{0,5}$"},
        codec.CORRELATION_ID: uuid,
        codec.CAUSATION_ID: uuid,
        codec.TRACEPARENT: text,
    }
    optional = (codec.CAUSATION_ID, codec.TRACEPARENT)
    required = [name for name in properties if name not in optional]
    return {"type": "object", "required": required, "properties": properties}


def _schemas() -> Json:
    _, events = models_json_schema(
        [(event, "validation") for event in EVENTS], ref_template=_SCHEMAS + "{model}"
    )
    _, ticks = msgspec.json.schema_components(TICK_PATTERNS, ref_template=_SCHEMAS + "{name}")
    schemas: Json = events["$defs"] | ticks
    described: dict[str, type[BaseModel] | type[msgspec.Struct]] = {
        one.__name__: one for one in (*EVENTS, *_models(), *TICK_PATTERNS)
    }
    for name, one in described.items():
        for field in fields_of(one):
            schemas[name]["properties"][field.name]["description"] = field.sentence
    return {name: _draft_7(schemas[name]) for name in sorted(schemas)}


def _models() -> list[type[BaseModel]]:
    parts = (part for event in EVENTS for part in parts_of(event))
    return [part for part in parts if issubclass(part, BaseModel) and not issubclass(part, Event)]


def _draft_7(schema: Any) -> Any:  # Any: a JSON value inside a schema.
    """Write tuples as JSON Schema draft 7 does, on which AsyncAPI builds; drop made-up titles."""
    if isinstance(schema, list):
        return [_draft_7(one) for one in cast("list[Any]", schema)]
    if not isinstance(schema, dict):
        return schema
    given = cast("Json", schema)
    return {
        "items" if name == "prefixItems" else name: _draft_7(value)
        for name, value in given.items()
        if not (name == "title" and isinstance(value, str))
    }
