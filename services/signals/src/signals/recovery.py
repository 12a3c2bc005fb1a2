"""The restart: fold the log to its head, and complete what a crash left unanswered."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Protocol

import structlog

from chassis.appends import Appended
from chassis.checkpoints import Checkpoints
from chassis.fold import require_deciding
from contracts.event import Draft, Recorded
from contracts.subjects import consumer
from signals.standing import Standing

CHECKPOINT = "signals"
VERSION = "signals-3"
"""Grows when the state of the core or of the fold takes another shape or meaning."""
LOG_CONSUMER = "signals-follow-log"

_log = structlog.get_logger()


class ReadsAndAppends(Protocol):
    """What of the log a restart needs."""

    async def append(
        self, drafts: Sequence[Draft], *, expected_last: Mapping[str, int] | None = None
    ) -> list[Appended]: ...

    def read(
        self, *, after: int = 0, until: int | None = None, subjects: Sequence[str] = ()
    ) -> AsyncIterator[Recorded]: ...


async def recover(log: ReadsAndAppends, checkpoints: Checkpoints) -> Standing:
    """Give the place that the log's head leads to, with every minute in it answered."""
    standing = await _begin(checkpoints)
    async for recorded in log.read(
        after=standing.position, subjects=consumer(LOG_CONSUMER).filters
    ):
        standing.fold(recorded)
    require_deciding(standing.core)
    if standing.unanswered:
        drafts = list(standing.unanswered.values())
        _log.warning("decisions_completed", decisions=len(drafts), first=str(drafts[0].id))
        for draft in drafts:
            [appended] = await log.append([draft])
            standing.position = appended.position
        standing.unanswered.clear()
    return standing


async def _begin(checkpoints: Checkpoints) -> Standing:
    kept = await checkpoints.load(CHECKPOINT, version=VERSION)
    if kept is None:
        return Standing()
    try:
        return Standing.load(kept.state, position=kept.position)
    except ValueError as error:
        _log.warning(
            "checkpoint_refused",
            name=CHECKPOINT,
            field="state",
            expected=f"a state of {VERSION}",
            found=f"{error!s:.200}",
        )
        return Standing()
