"""Decisions as drafts of events, with ids that derive from their cause."""

from datetime import datetime
from uuid import UUID

from contracts.event import Draft, Event
from contracts.ids import EventId, derive_id, derive_root_id
from contracts.routes import subject_of
from contracts.venue import VenueObserved


class Drafts:
    """The events that one recorded event leads to, in order."""

    def __init__(self, cause: UUID, at: datetime, correlation_id: UUID) -> None:
        self._cause = EventId(cause)
        self._at = at
        self._correlation_id = correlation_id
        self._counts: dict[str, int] = {}
        self.all: list[Draft] = []

    def add(self, event: Event, correlation_id: UUID | None = None) -> Draft:
        """Decide one more event."""
        ordinal = self._counts.get(event.event_type, 0)
        self._counts[event.event_type] = ordinal + 1
        draft = Draft(
            event=event,
            id=derive_id(self._cause, event.event_type, ordinal),
            subject=subject_of(event),
            occurred_at=self._at,
            correlation_id=EventId(correlation_id or self._correlation_id),
            causation_id=self._cause,
        )
        self.all.append(draft)
        return draft


def snapshot_id(account: str, market: str, number: int) -> EventId:
    """Give the id of an account's `number`-th recorded snapshot."""
    return derive_root_id(VenueObserved.event_type, account, market, number)
