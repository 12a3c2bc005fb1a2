"""A desk that runs out of room stops its entries by itself, in the log, and a person resumes."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from pathlib import Path

from structlog.testing import capture_logs

from contracts.control import KillLevel, KillSwitchEngaged
from gateway.room import Room, watch_room
from kit.gateway_app import Desk, running_desk

_MB = 1 << 20


@dataclass
class Disk:
    """A log and its disk, as full as a test says; each look is waited for by `looked`."""

    used_mb: int = 1
    free_mb: int = 4096
    looks: asyncio.Queue[None] = field(default_factory=asyncio.Queue[None])
    go: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))

    async def size(self) -> tuple[int, int]:
        return self.used_mb * _MB, 100 * _MB

    def free(self, folder: Path) -> int:
        del folder
        return self.free_mb * _MB

    async def pause(self) -> None:
        self.looks.put_nowait(None)
        await self.go.acquire()

    async def look(self) -> None:
        """Return when the desk has looked once more, and has done what follows."""
        self.go.release()
        await self.looks.get()


@contextlib.asynccontextmanager
async def watched(desk: Desk, disk: Disk) -> AsyncGenerator[Room]:
    room = Room(disk, Path("/data"), disk.free)
    watching = asyncio.create_task(watch_room(desk.live, desk.commands, room, pause=disk.pause))
    await disk.looks.get()
    try:
        yield room
    finally:
        watching.cancel()
        await asyncio.wait([watching])


def stops(desk: Desk) -> list[KillSwitchEngaged]:
    return [it.event for it in desk.log.recorded if isinstance(it.event, KillSwitchEngaged)]


async def test_too_little_room_stops_entries_with_its_reason_until_a_person_resumes() -> None:
    async with running_desk() as desk:
        disk = Disk()
        async with watched(desk, disk) as room:
            assert stops(desk) == []
            disk.free_mb = 400
            await disk.look()
            await disk.look()
            await desk.caught_up()

            (stop,) = stops(desk)
            assert (stop.account, stop.level, stop.by) == ("local", KillLevel.PAUSE_ENTRIES, "desk")
            said = "99 % of the log's 100 MB are free, and 400 MB of its disk"
            assert stop.reason == f"too little room: {said}"
            assert room.status() == {"room": said}
            state = (await desk.http.get("/api/state")).json()
            assert (state["isHalted"], state["halts"][0]["by"]) == (True, "desk")

            await desk.http.post("/api/engine/resume", json={"reason": "I make room"})
            await disk.look()
            assert not desk.live.state.is_halted
            disk.used_mb = 91
            await disk.look()
            await desk.caught_up()
            assert desk.live.state.kill_level is KillLevel.PAUSE_ENTRIES
            assert len(stops(desk)) == 2


async def test_a_desk_that_was_stopped_for_it_before_a_restart_can_be_resumed() -> None:
    async with running_desk() as desk:
        full = Disk(used_mb=85)
        async with watched(desk, full):
            await desk.caught_up()
        async with watched(desk, full):
            await desk.http.post("/api/engine/resume", json={"reason": "I know"})
            await full.look()
            assert len(stops(desk)) == 1
            assert not desk.live.state.is_halted


async def test_a_person_who_lifts_a_stop_of_their_own_meets_the_one_for_want_of_room() -> None:
    async with running_desk() as desk:
        await desk.http.post("/api/engine/kill", json={"reason": "mine"})
        full = Disk(used_mb=85)
        async with watched(desk, full):
            assert [stop.by for stop in stops(desk)] == ["local"]
            await desk.http.post("/api/engine/resume", json={"reason": "on"})
            await full.look()
            assert [stop.by for stop in stops(desk)] == ["local", "desk"]


async def test_a_log_that_is_full_already_ends_nothing() -> None:
    async with running_desk() as desk:
        desk.log.limit(len(desk.log.recorded))
        full = Disk(used_mb=100)
        with capture_logs() as lines:
            async with watched(desk, full):
                await full.look()
        assert [it["event"] for it in lines].count("entries_not_paused") == 2


async def test_a_disk_that_cannot_be_seen_leaves_the_log_watched(tmp_path: Path) -> None:
    disk = Disk(used_mb=85)
    storage = await Room(disk, tmp_path / "none").look()
    assert storage.disk_free_bytes is None
    assert str(storage) == "15 % of the log's 100 MB are free"
