"""One run of a tape through the whole desk, from start to a worked-off log."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from contracts.event import Recorded
from kit.postgres import PostgresServer
from kit.servers import NatsServer
from kit.stack import ALL, Stack, read_log
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
) -> Run:
    """Play a tape through a fresh desk; `disturb` runs beside it from the start on.

    Messages on the subjects to `ignore` are archived but not read as events.
    """
    feed = {"FEED": "tape", "TAPE_FILES": tape, "TAPE_SPEED": speed}
    async with running_desk(
        folder, feed, zygote=zygote, postgres=postgres, services=services
    ) as stack:
        if disturb is not None:
            await disturb(stack)
        await stack.is_worked_off()
        archived = await _archived(stack.environment["POSTGRES_DSN"], stack)
        # One picture of both: what came into the log since is not in what was counted.
        events = await read_log(stack.nats, until=archived[1], ignore=ignore)
        return Run(events, archived, stack.deaths)


@asynccontextmanager
async def running_desk(
    folder: Path,
    feed: Mapping[str, str],
    *,
    zygote: Zygote,
    postgres: PostgresServer,
    services: tuple[str, ...] = ALL,
) -> AsyncGenerator[Stack]:
    """Run a fresh desk on a feed for as long as the context lasts."""
    database = postgres.create_database()
    nats = NatsServer(folder / "nats")  # makes the folder when it starts
    await nats.start()
    environment = {**feed, "POSTGRES_DSN": postgres.dsn(database)}
    stack = Stack(folder, zygote, nats, environment, services=services)
    try:
        stack.start()
        yield stack
    finally:
        stack.stop()
        await nats.kill()
        postgres.drop_database(database)


async def _archived(dsn: str, stack: Stack) -> tuple[int, int, int, int]:
    """Give what the archive holds, once it has the whole log."""
    head, found = await stack.head(), (0, 0, 0, 0)

    async def is_whole() -> bool:
        nonlocal found
        found = await asyncio.to_thread(_count, dsn)
        return found[1] >= head

    await stack.until(is_whole, f"{head} events in the archive")
    return found


def _count(dsn: str) -> tuple[int, int, int, int]:
    with psycopg.connect(dsn) as connection:
        row = connection.execute(
            "select coalesce(min(position), 0), coalesce(max(position), 0), count(*),"
            " count(distinct id) from audit.events"
        ).fetchone()
    return (0, 0, 0, 0) if row is None else (row[0], row[1], row[2], row[3])
