"""Writes who came and went into the log, each fact once."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime
from typing import Any, Protocol

import structlog

from chassis.appends import Appended, LogFull
from contracts.access import SignedIn, SignedOut
from contracts.event import Draft
from contracts.ids import derive_root_id
from contracts.routes import subject_of
from gateway.live import Live

_log = structlog.get_logger()


class JournalLog(Protocol):
    """What the journal needs of the log."""

    async def append(self, drafts: Sequence[Draft]) -> list[Appended]:
        """Record all drafts or none; wait out every outage."""
        ...


class Journal:
    """Appends as the gateway."""

    def __init__(self, log: JournalLog, live: Live, *, clock: Callable[[], datetime]) -> None:
        self._log = log
        self._live = live
        self._clock = clock
        self._tasks: set[asyncio.Task[None]] = set()

    async def write(self, event: SignedIn | SignedOut) -> None:
        """Record a fact, and wait until the log has it. Raises LogFull."""
        identity = derive_root_id(event.event_type, event.account, event.session)
        draft = Draft(
            event=event,
            id=identity,
            subject=subject_of(event),
            occurred_at=self._live.moment(self._clock()),
            correlation_id=identity,
        )
        await self._log.append([draft])

    def write_soon(self, event: SignedIn | SignedOut) -> None:
        """Record a fact as soon as the log takes it; nobody waits."""
        task = asyncio.create_task(self._tried(self.write(event)))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def settle(self, *, timeout_s: float) -> None:
        """Wait for facts that the log has not taken yet."""
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=timeout_s)

    async def _tried(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except LogFull as full:
            _log.error("sign_out_not_recorded", error=str(full))
