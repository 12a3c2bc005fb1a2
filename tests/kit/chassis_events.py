"""Drafts for tests of the log itself, where what an event says does not matter."""

from datetime import UTC, datetime

from contracts import subjects
from contracts.control import KillLevel, KillSwitchEngaged
from contracts.event import Draft, Event
from contracts.ids import AccountId, derive_root_id
from contracts.process import ServiceStopped

OCCURRED_AT = datetime(2026, 1, 1, tzinfo=UTC)


def a_draft(number: int, *, service: str = "gateway", padding: int = 0) -> Draft:
    """Give a draft on `process.<service>` whose id follows from its number and subject."""
    event = ServiceStopped(service=service, instance=f"i-{number}" + "x" * padding)
    return _draft(event, number, subject=subjects.process(service))


def a_kill(number: int, *, account: AccountId | None = None) -> Draft:
    """Give a draft of the gateway's on `control.all`, or on an account's own subject."""
    event = KillSwitchEngaged(
        account=account, level=KillLevel.CANCEL_ENTRIES, reason=f"r-{number}", by="test"
    )
    return _draft(event, number, subject=subjects.control(account))


def drafts(first: int, last: int, *, service: str = "gateway") -> list[Draft]:
    """Give the drafts of these numbers, both included."""
    return [a_draft(number, service=service) for number in range(first, last + 1)]


def _draft(event: Event, number: int, *, subject: str) -> Draft:
    event_id = derive_root_id("test", subject, number)
    return Draft(
        event=event,
        id=event_id,
        subject=subject,
        occurred_at=OCCURRED_AT,
        correlation_id=event_id,
    )
