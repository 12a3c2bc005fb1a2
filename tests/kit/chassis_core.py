"""The smallest core there is: it counts kills and answers each with one event."""

import json
from collections.abc import Sequence
from typing import ClassVar

from contracts import subjects
from contracts.control import KillSwitchEngaged
from contracts.event import Draft, Event, Recorded
from contracts.ids import derive_id
from contracts.process import ServiceStarted, ServiceStopped

SERVICE = "risk"
CONSUMER = "audit-archive-log"
ANSWERS = subjects.process(SERVICE)


class CountingCore:
    """Answers the n-th kill with `service_stopped` of instance `n`, twice from the second on."""

    decides: ClassVar[tuple[type[Event], ...]] = (ServiceStopped,)

    policy = "counting-1"

    def __init__(self) -> None:
        self.is_told = False
        self.kills = 0
        self.own = 0

    def step(self, recorded: Recorded) -> Sequence[Draft]:
        """Count a kill; pass over everything else."""
        if isinstance(recorded.event, ServiceStarted):
            self.is_told = recorded.event.policy != self.policy
            return ()
        if not isinstance(recorded.event, KillSwitchEngaged):
            self.own += recorded.subject == ANSWERS
            return ()
        self.kills += 1
        return [
            Draft(
                event=ServiceStopped(service=SERVICE, instance=str(self.kills)),
                id=derive_id(recorded.id, "service_stopped", ordinal),
                subject=ANSWERS,
                occurred_at=recorded.occurred_at,
                correlation_id=recorded.correlation_id,
                causation_id=recorded.id,
            )
            for ordinal in range(min(self.kills, 2))
        ]

    def snapshot(self) -> bytes:
        """Give the counts."""
        return json.dumps([self.kills, self.own]).encode()

    def restore(self, state: bytes) -> None:
        """Take the counts."""
        self.kills, self.own = json.loads(state)
