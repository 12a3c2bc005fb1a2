"""The one way into the log: fenced appends of what was observed and decided.

Each append carries the last position of every subject that it writes, so a second process for the
same account cannot record, and what is not recorded is not sent. An append that sends something
also carries the last thing that people were heard to say: with a kill in between it is refused.
"""

import asyncio
import functools
from collections.abc import Sequence

import structlog

from chassis.appends import Appended, VersionConflict
from chassis.fold import Fence
from chassis.log import Log
from contracts.event import Draft, Event, Recorded
from contracts.transaction import TransactionPlanned

WRITTEN = ("orders.", "fills.", "venue.", "delegation.")
"""Subjects that one execution process alone writes."""
PEOPLE = "control."
"""Where people decide."""
_PEOPLE = f"{PEOPLE}>"
_TOLD = (
    "account",
    "leg",
    "price_usd",
    "quantity_base",
    "cash_usd",
    "amount_usd",
    "reason",
    "outcome",
    "retry_class",
    "code",
)
_QUIET = frozenset({"venue_observed", "venue_advanced", "venue_time_passed"})

_log = structlog.get_logger()


class AnotherWriter(Exception):
    """Another process writes our orders: this one stops."""


class NewsFirst(Exception):
    """Somebody said something that has to be heard before this may be decided."""


class Recorder:
    """Appends for one process, one append at a time."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._fence = Fence(log, prefixes=WRITTEN)
        self._own: set[int] = set()
        self._people = 0

    @property
    def ahead(self) -> list[int]:
        """Give the positions of our own events that are folded and not come back yet."""
        return sorted(self._own)

    def begin(self, position: int, *, people: int) -> None:
        """Say that everything up to here is part of the state, and where people spoke last."""
        self._fence.begin(position)
        self._people = people

    @property
    def people(self) -> int:
        """Give the position of the last thing that people were heard to say."""
        return self._people

    async def last(self, subject: str) -> int:
        """Give the last position on a subject of ours; raise AnotherWriter when it is a rival's."""
        try:
            return await self._fence.last(subject)
        except VersionConflict as conflict:
            raise _rival(conflict) from conflict

    def is_own(self, recorded: Recorded) -> bool:
        """Say whether an event that comes from the log is one that was folded when appended."""
        if recorded.position not in self._own:
            return False
        self._own.discard(recorded.position)
        return True

    def require_alone(self, recorded: Recorded) -> None:
        """Raise AnotherWriter for an event of ours that we did not write.

        It is a predecessor's last append, which landed after we had read the log, or a rival's: the
        venue here does not know what was sent with it. A restart reads it with the rest.
        """
        if recorded.subject.startswith(WRITTEN):
            raise AnotherWriter(
                f"expected to be the only writer of {recorded.subject}, found "
                f"{recorded.event.event_type} of another process at {recorded.position}"
            )

    def observe(self, recorded: Recorded) -> None:
        """Take note of an event that comes from the log."""
        self._fence.observe(recorded)
        if recorded.subject.startswith(PEOPLE):
            self._people = recorded.position

    async def record(self, drafts: Sequence[Draft]) -> list[Recorded]:
        """Record all drafts or none; give them as the log holds them.

        Raises NewsFirst when the log holds something that was not heard yet, and AnotherWriter
        when this process is not the only one.
        """
        sends = any(isinstance(it.event, TransactionPlanned) for it in drafts)
        try:
            guard = await self._fence.expected(drafts)
            appended = await self._log.append(
                drafts, expected_last=guard, guards={_PEOPLE: self._people} if sends else None
            )
        except VersionConflict as conflict:
            if conflict.subject == _PEOPLE:
                raise NewsFirst(str(conflict)) from conflict
            raise _rival(conflict) from conflict
        if any(place.is_duplicate for place in appended):
            await self._require_ours(drafts, appended)
        self._fence.appended(drafts, appended)
        self._own.update(place.position for place in appended)
        # What was decided is sent first; the lines are written while the next answer is awaited.
        asyncio.get_running_loop().call_soon(_tell, drafts)
        return [_recorded(it, at.position) for it, at in zip(drafts, appended, strict=True)]

    async def _require_ours(self, drafts: Sequence[Draft], appended: Sequence[Appended]) -> None:
        """Raise AnotherWriter when the log holds something else under our ids.

        An append that is repeated because its answer was lost finds itself there. But ids derive
        from their causes: a rival that decided the same on the same log gave its events the same
        ones, and what it signed is another transaction than ours.
        """
        positions = [place.position for place in appended]
        subjects = sorted({draft.subject for draft in drafts})
        begin, end = min(positions) - 1, max(positions)
        held = {
            it.id: it.event
            async for it in self._log.read(after=begin, until=end, subjects=subjects)
        }
        for draft, position in zip(drafts, positions, strict=True):
            if held.get(draft.id) != draft.event:
                raise AnotherWriter(
                    f"expected to be the only writer of {draft.subject}, found another "
                    f"{draft.event.event_type} than ours under its id at {position}"
                )


def _rival(conflict: VersionConflict) -> AnotherWriter:
    return AnotherWriter(
        f"expected to be the only writer of {conflict.subject}, whose last position would "
        f"be {conflict.expected}; found {conflict.found}"
    )


def _tell(drafts: Sequence[Draft]) -> None:
    for draft in drafts:
        event = draft.event
        if event.event_type not in _QUIET:
            told = {name: str(getattr(event, name)) for name in _told_of(type(event))}
            _log.info(event.event_type, correlation_id=str(draft.correlation_id), **told)


@functools.cache
def _told_of(event_class: type[Event]) -> tuple[str, ...]:
    return tuple(name for name in _TOLD if name in event_class.model_fields)


def _recorded(draft: Draft, position: int) -> Recorded:
    """Give an event of ours as a fold takes it, without waiting for the log to bring it."""
    return Recorded(
        event=draft.event,
        id=draft.id,
        subject=draft.subject,
        occurred_at=draft.occurred_at,
        correlation_id=draft.correlation_id,
        causation_id=draft.causation_id,
        source=draft.event.owner,
        version=draft.event.event_version,
        position=position,
        recorded_at=draft.occurred_at,
        body=b"",
    )
