"""What the venue has said, as an event that is not in the log yet."""

from dataclasses import dataclass
from uuid import UUID

from contracts.event import Draft, Event
from contracts.ids import EventId
from contracts.routes import subject_of
from contracts.values import VenueClock
from execution.domain.account import AccountState


@dataclass(frozen=True, slots=True)
class Seen:
    """An event that the venue's word makes, before it is in the log."""

    event: Event
    id: EventId
    causation_id: UUID | None = None

    def draft(self, state: AccountState, at: VenueClock) -> Draft:
        """Give what is appended."""
        setup = state.setup
        return Draft(
            event=self.event,
            id=self.id,
            subject=subject_of(self.event),
            occurred_at=at.at,
            correlation_id=self.id if setup is None else EventId(setup.correlation_id),
            causation_id=None if self.causation_id is None else EventId(self.causation_id),
        )
