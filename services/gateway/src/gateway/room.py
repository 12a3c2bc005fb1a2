"""Stops entries where the log runs out of room: the pause stands in the log, a person lifts it."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import structlog

from contracts.control import KillLevel
from gateway.domain.storage import DESK, Storage, Watch
from gateway.handlers import Commands
from gateway.live import Live
from gateway.problems import Problem

LOOK_EVERY_S = 10.0

_log = structlog.get_logger()


class HasSize(Protocol):
    """What of the log is needed here."""

    async def size(self) -> tuple[int, int]: ...


@dataclass
class Room:
    """Looks at the log and at its disk; `folder` lies on that disk, None where it is elsewhere."""

    log: HasSize
    folder: Path | None
    free: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free
    seen: Storage | None = field(default=None, init=False)

    async def look(self) -> Storage:
        """Give what there is now."""
        used, limit = await self.log.size()
        self.seen = Storage(used, limit, await asyncio.to_thread(self._disk))
        return self.seen

    def _disk(self) -> int | None:
        if self.folder is None:
            return None
        try:
            return self.free(self.folder)
        except OSError as error:
            _log.error("disk_not_seen", folder=str(self.folder), error=str(error))
            return None

    def status(self) -> dict[str, object]:
        """Give it as the JSON of a status."""
        return {} if self.seen is None else {"room": str(self.seen)}


async def watch_room(
    live: Live,
    commands: Commands,
    room: Room,
    *,
    pause: Callable[[], Awaitable[object]] = lambda: asyncio.sleep(LOOK_EVERY_S),
) -> None:
    """Stop entries at each line that is crossed while nothing stops them, for ever."""
    with live.hub.bell() as bell:
        while not live.hub.is_open:
            bell.clear()
            await bell.wait()
    watch = Watch()
    while True:
        watch = await _watched(live, commands, watch, await room.look())
        await pause()


async def _watched(live: Live, commands: Commands, watch: Watch, storage: Storage) -> Watch:
    if live.state.is_halted:
        halt = live.state.halt
        return watch.knows(storage) if halt is not None and halt.by == DESK.by else watch
    after, is_due = watch.sees(storage)
    if not is_due:
        return after
    try:
        reason = f"too little room: {storage}"
        await commands.kill(reason, KillLevel.PAUSE_ENTRIES, actor=DESK)
    except Problem as problem:
        _log.error("entries_not_paused", problem=problem.detail, room=str(storage))
        return watch
    return after
