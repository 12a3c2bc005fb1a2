"""The one way into the log: fenced appends of intents and observations.

Each append carries the last position of every subject that it writes. A second process for the
same account cannot record, and what is not recorded is not done.
"""

from collections.abc import Sequence

import structlog

from chassis.appends import VersionConflict
from chassis.fold import Fence
from chassis.log import Log
from contracts.event import Draft, Recorded

WRITTEN = ("orders.", "fills.", "venue.")
"""Subjects that one execution process alone writes."""
_TOLD = ("account", "leg", "price_usd", "quantity_base", "reason", "outcome")

_log = structlog.get_logger()


class AnotherWriter(Exception):
    """Another process writes our orders: this one stops."""


class Recorder:
    """Appends for one process, one append at a time."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._fence = Fence(log, prefixes=WRITTEN)
        self._recorded = 0
        self._returned = 0

    @property
    def is_settled(self) -> bool:
        """Say whether everything that we recorded has come back through the log."""
        return self._returned >= self._recorded

    def begin(self, position: int) -> None:
        """Say that everything up to here is part of the state."""
        self._fence.begin(position)

    def observe(self, recorded: Recorded) -> None:
        """Take note of an event that comes from the log."""
        self._fence.observe(recorded)
        self._returned = recorded.position

    async def record(self, drafts: Sequence[Draft]) -> None:
        """Record all drafts or none; raise AnotherWriter when this process is not the only one."""
        try:
            guard = await self._fence.expected(drafts)
            appended = await self._log.append(drafts, expected_last=guard)
        except VersionConflict as conflict:
            raise AnotherWriter(
                f"expected to be the only writer of {conflict.subject}, whose last position would "
                f"be {conflict.expected}; found {conflict.found}"
            ) from conflict
        self._fence.appended(drafts, appended)
        self._recorded = max(self._recorded, *(place.position for place in appended))
        for draft in drafts:
            event = draft.event
            told = {name: str(getattr(event, name)) for name in _TOLD if hasattr(event, name)}
            _log.info(event.event_type, correlation_id=str(draft.correlation_id), **told)
