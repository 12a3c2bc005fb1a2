"""One run of a tape through the whole desk, from start to a worked-off log."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import psycopg

from contracts.event import Recorded
from kit.postgres import PostgresServer
from kit.servers import NatsServer
from kit.stack import ALL, Stack, read_log, wait_worked_off
from kit.zygote import Zygote

Disturb = Callable[[Stack], Awaitable[None]]


@dataclass(frozen=True)
class Run:
    """What a run left behind."""

    events: list[Recorded]
    archived: tuple[int, int, int, int]
    """Of `audit.events`: smallest and largest position, rows, distinct ids."""
    deaths: list[tuple[str, int]]


async def run_tape(
    folder: Path,
    tape: str,
    *,
    zygote: Zygote,
    postgres: PostgresServer,
    speed: str = "max",
    disturb: Disturb | None = None,
    services: tuple[str, ...] = ALL,
    ignore: tuple[str, ...] = (),
    timeout_s: float = 60,
) -> Run:
    """Play a tape through a fresh desk; `disturb` runs beside it from the start on.

    Messages on the subjects to `ignore` are archived but not read as events.
    """
    database = postgres.create_database()
    nats = NatsServer(folder / "nats")  # makes the folder when it starts
    await nats.start()
    stack = Stack(
        folder,
        zygote,
        nats,
        {
            "FEED": "tape",
            "TAPE_FILES": tape,
            "TAPE_SPEED": speed,
            "POSTGRES_DSN": postgres.dsn(database),
        },
        services=services,
    )
    try:
        stack.start()
        if disturb is not None:
            await disturb(stack)
        await wait_worked_off(stack, timeout_s=timeout_s)
        events = await read_log(nats, ignore=ignore)
        archived = await _wait_archived(postgres.dsn(database), len(events), stack, timeout_s)
        return Run(events, archived, stack.deaths)
    finally:
        stack.stop()
        await nats.kill()
        postgres.drop_database(database)


async def _wait_archived(
    dsn: str, events: int, stack: Stack, timeout_s: float
) -> tuple[int, int, int, int]:
    deadline = time.monotonic() + timeout_s
    found = (0, 0, 0, 0)
    while time.monotonic() < deadline and "audit" in stack.services:
        stack.mend()
        with psycopg.connect(dsn) as connection:
            try:
                row = connection.execute(
                    "select coalesce(min(position), 0), coalesce(max(position), 0), count(*),"
                    " count(distinct id) from audit.events"
                ).fetchone()
            except psycopg.errors.UndefinedTable:
                row = None
        found = found if row is None else (row[0], row[1], row[2], row[3])
        if found[1] >= events:
            break
        await asyncio.sleep(0.05)
    return found
