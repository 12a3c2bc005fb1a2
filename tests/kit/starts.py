"""Starts of services, which say by whose rules they decide from there on."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from contracts.event import Draft, Recorded
from contracts.ids import derive_root_id
from contracts.process import ServiceStarted
from contracts.routes import subject_of
from contracts.values import from_millis
from kit.execution_events import BEGIN_MS

OTHERS = "another-0"
"""A policy that no service has."""
REVISION = "a" * 40


def a_start(
    service: str, policy: str | None, *, number: int = 0, revision: str = REVISION
) -> ServiceStarted:
    """Start a service with some rules."""
    return ServiceStarted(
        service=service,
        instance=f"{service}-{number}",
        revision=revision,
        python="3.13.0",
        packages_sha256="0" * 64,
        policy=policy,
    )


def a_start_draft(
    service: str,
    policy: str | None,
    *,
    number: int = 0,
    revision: str = REVISION,
    at: datetime | None = None,
) -> Draft:
    """Start a service with some rules, as it is recorded."""
    event = a_start(service, policy, number=number, revision=revision)
    name = derive_root_id(event.event_type, service, policy or "", number)
    return Draft(event, name, subject_of(event), at or from_millis(BEGIN_MS), name)


def recorded_start(service: str, policy: str | None, *, position: int = 0) -> Recorded:
    """Give a start as the log holds it."""
    draft = a_start_draft(service, policy, number=position)
    return Recorded(
        event=draft.event,
        id=draft.id,
        subject=draft.subject,
        occurred_at=draft.occurred_at,
        correlation_id=draft.correlation_id,
        causation_id=None,
        source=service,
        version=2,
        position=position,
        recorded_at=draft.occurred_at,
        body=b"",
    )


def between_starts(
    log: Sequence[Recorded], service: str, *, before: str | None, after: str | None
) -> list[Recorded]:
    """Give a log that begins with a start of some rules and ends with one of others."""
    moved = [replace(it, position=it.position + 1) for it in log]
    end = moved[-1].position + 1
    return [
        recorded_start(service, before, position=1),
        *moved,
        recorded_start(service, after, position=end),
    ]
