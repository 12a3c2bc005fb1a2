"""Who says and who hears what: the tables of events, subjects and consumers, read together."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from contracts.registry import EVENTS
from contracts.routes import TICK_OWNER, TICK_PATTERNS, route_of
from contracts.subjects import CONSUMERS, ConsumerSpec, StreamName

EVERY_SERVICE = "*"
"""The owner of events that each service writes about itself."""


@dataclass(frozen=True, slots=True)
class Said:
    """A kind of message stands on the subjects of a pattern, and these services put it there."""

    message: str
    stream: StreamName
    pattern: str
    by: tuple[str, ...]


def everything_said() -> Sequence[Said]:
    """Give every kind of message with every pattern that it stands on."""
    events = [
        Said(event.event_type, StreamName.LOG, pattern, _writers(event.owner))
        for event in EVENTS
        for pattern in route_of(event).patterns
    ]
    ticks = [
        Said(tick_name(tick), StreamName.MARKET, pattern, (TICK_OWNER,))
        for tick, pattern in TICK_PATTERNS.items()
    ]
    return events + ticks


def hearers(stream: StreamName, pattern: str) -> Sequence[ConsumerSpec]:
    """Give the consumers that hear the subjects of a pattern, in the order of the table."""
    return [
        consumer
        for consumer in CONSUMERS
        if consumer.stream is stream
        and (not consumer.filters or any(_covers(one, pattern) for one in consumer.filters))
    ]


def services() -> tuple[str, ...]:
    """Give every service that owns an event or follows a stream, in the order of the alphabet."""
    named = {event.owner for event in EVENTS} | {consumer.service for consumer in CONSUMERS}
    return tuple(sorted(named - {EVERY_SERVICE}))


def owners() -> tuple[str, ...]:
    """Give every owner of events in the order of the registry."""
    return tuple(dict.fromkeys(event.owner for event in EVENTS))


def tick_name(tick: type[msgspec.Struct]) -> str:
    """Name a kind of tick by the tag that its messages carry."""
    return f"tick_{tick.__struct_config__.tag}"


def _writers(owner: str) -> tuple[str, ...]:
    return services() if owner == EVERY_SERVICE else (owner,)


def _covers(filter_: str, pattern: str) -> bool:
    """Say whether a filter that ends in `>` takes every subject of a pattern."""
    wanted, found = filter_.split("."), pattern.split(".")
    return wanted[-1] == ">" and found[: len(wanted) - 1] == wanted[:-1]
