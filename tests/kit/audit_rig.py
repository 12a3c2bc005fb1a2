"""A log in memory that is archived into a real PostgreSQL, and verified against it."""

import asyncio
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager

from audit.handlers import Archiver
from audit.store.database import open_engine
from audit.store.events import EventStore, transaction
from audit.verify import NotedHead, Stream, Verification, Verified
from contracts.event import Draft
from kit.audit_store import GUARDS_OFF, Database
from kit.memory import InMemoryLog


async def a_log(drafts: Iterable[Draft]) -> InMemoryLog:
    """Give a log that holds these drafts."""
    log = InMemoryLog()
    for draft in drafts:
        await log.as_service(draft.event.owner).append([draft])
    return log


@asynccontextmanager
async def archiving(
    log: InMemoryLog, database: Database, *, batch_max: int = 1000
) -> AsyncGenerator[Archiver]:
    """Archive for as long as the block lasts."""
    engine = open_engine(database.dsn, statement_s_max=30)
    stopping = asyncio.Event()
    archiver = Archiver(log, EventStore(engine), batch_max=batch_max)
    running = asyncio.create_task(archiver.run(stopping))
    try:
        yield archiver
    finally:
        stopping.set()
        await running
        engine.dispose()


async def archived(drafts: Iterable[Draft], database: Database) -> InMemoryLog:
    """Give a log of these drafts that is wholly in the database."""
    log = await a_log(drafts)
    async with archiving(log, database) as archiver:
        await caught_up(archiver, log)
    return log


async def caught_up(archiver: Archiver, log: InMemoryLog) -> None:
    """Wait until the archive has the whole log."""
    async with asyncio.timeout(60):
        while archiver.progress.head.position < await log.head():  # noqa: ASYNC110  Nobody tells.
            await asyncio.sleep(0.005)


async def verified(
    database: Database, *, stream: Stream | None = None, noted: NotedHead | None = None
) -> Verified:
    """Verify one picture of an archive that may grow meanwhile, as the command does."""
    engine = open_engine(database.dsn, statement_s_max=30)
    try:
        with transaction(engine) as connection:
            connection.exec_driver_sql("set transaction isolation level repeatable read, read only")
            return await Verification(connection, stream=stream, noted=noted).run()
    finally:
        engine.dispose()


async def verified_after(
    database: Database,
    *statements: str,
    stream: Stream | None = None,
    noted: NotedHead | None = None,
) -> Verified:
    """Verify what a superuser's statements would leave, past every guard; then take them back."""
    engine = open_engine(database.dsn, statement_s_max=30, as_writer=False)
    try:
        with engine.connect() as connection:
            for statement in (*GUARDS_OFF, *statements):
                connection.exec_driver_sql(statement)
            return await Verification(connection, stream=stream, noted=noted).run()
    finally:
        engine.dispose()
