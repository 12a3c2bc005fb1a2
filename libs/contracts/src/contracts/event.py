"""The event: a frozen, closed, strict fact in the past tense, and what travels with it."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from contracts.ids import EventId


class Event(BaseModel):
    """A fact that one service owns; its JSON is the body of the message.

    A subclass names its `event_type` (fixed for ever), its `event_version`, and the service that
    is its only `owner`. `is_process` marks facts about running software, which two runs of the
    same tape do not share.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, validate_default=True)

    event_type: ClassVar[str]
    event_version: ClassVar[int] = 1
    owner: ClassVar[str]
    is_process: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class Draft:
    """An event that is decided but not yet in the log."""

    event: Event
    id: EventId
    subject: str
    occurred_at: datetime
    correlation_id: EventId
    causation_id: EventId | None = None


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event as the log holds it.

    `position` is the stream sequence; `recorded_at` is the log's clock. `body` is the exact bytes.
    """

    event: Event
    id: EventId
    subject: str
    occurred_at: datetime
    correlation_id: EventId
    causation_id: EventId | None
    source: str
    version: int
    position: int
    recorded_at: datetime
    body: bytes
    traceparent: str | None = None
