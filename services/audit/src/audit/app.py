"""The composition root: the store, the archiver, the answers, and how they are doing."""

import asyncio
import sys
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import structlog
from faststream.nats import NatsBroker
from prometheus_client import Counter, Gauge
from sqlalchemy import Engine

from audit.consumers import subscribe
from audit.handlers import Archiver, Progress, wait_or_stop
from audit.settings import AuditSettings
from audit.store.database import open_engine
from audit.store.events import EventStore, StoreUnavailable, transient
from audit.store.queries import QueryStore
from audit.store.schema import migrate
from chassis.log import Log
from chassis.service import Runtime, run_service
from chassis.settings import load_settings

_ARCHIVE_STATEMENT_S_MAX = 30
_QUERY_STATEMENT_S_MAX = 5
_QUERY_CONNECTIONS = 4
_MIGRATE_STATEMENT_S_MAX = 600
SWITCH_S = 0.0002
"""A thread that writes waits often and briefly; by default it waits 5 ms for the interpreter."""
_WATCH_S = 1.0
_LATE_S = 5.0
"""A message that the archive does not have after this time is an alarm."""

_log = structlog.get_logger()


def main() -> int:
    """Run the service; give its exit code."""
    settings = load_settings(AuditSettings)
    dsn = settings.postgres_dsn.get_secret_value()

    def register(broker: NatsBroker, runtime: Runtime) -> None:
        del runtime
        engine = open_engine(
            dsn, statement_s_max=_QUERY_STATEMENT_S_MAX, pool_size=_QUERY_CONNECTIONS
        )
        closing.callback(engine.dispose)
        # Threads of their own: slow queries must not hold up the archive.
        threads = closing.enter_context(ThreadPoolExecutor(_QUERY_CONNECTIONS, "query"))
        subscribe(broker, QueryStore(engine), threads=threads)

    async def start(runtime: Runtime) -> None:
        engine = open_engine(dsn, statement_s_max=_ARCHIVE_STATEMENT_S_MAX)
        closing.callback(engine.dispose)
        await _until_migrated(runtime, dsn)
        await archive(runtime, engine, batch_max=settings.archive_batch_max)

    sys.setswitchinterval(SWITCH_S)
    with ExitStack() as closing:
        return run_service("audit", settings, start, register=register)


async def archive(runtime: Runtime, engine: Engine, *, batch_max: int) -> None:
    """Archive the log until the process is told to stop."""
    shown = _Shown(runtime)
    archiver = Archiver(
        runtime.log, EventStore(engine), batch_max=batch_max, on_change=shown.progress
    )
    watching = asyncio.create_task(_watch(runtime.log, archiver, shown, runtime.stopping))
    try:
        await archiver.run(runtime.stopping)
    finally:
        watching.cancel()
        await asyncio.wait([watching])


async def _until_migrated(runtime: Runtime, dsn: str) -> None:
    """Bring the schema up to date, waiting for PostgreSQL as long as it takes."""
    engine = open_engine(dsn, statement_s_max=_MIGRATE_STATEMENT_S_MAX, as_writer=False)
    pause_s = 0.1
    while not runtime.stopping.is_set():
        try:
            with transient(engine):
                revision = await asyncio.to_thread(migrate, engine)
        except StoreUnavailable as error:
            runtime.ready(False, f"PostgreSQL is unavailable: {error}")
            _log.warning("waiting_for_postgresql", reason=str(error))
            await wait_or_stop(runtime.stopping, pause_s)
            pause_s = min(2 * pause_s, 2.0)
        else:
            _log.info("schema_is_current", revision=revision)
            break
    engine.dispose()


class _Shown:
    """What people and metrics see of the archive."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        registry = runtime.metrics.registry
        self._position = Gauge("archive_position", "Last archived position", registry=registry)
        self._lag = Gauge("archive_lag", "Messages of the log not archived", registry=registry)
        self._events = Counter("archive_events", "Messages archived", registry=registry)
        self._undecodable = Counter(
            "archive_undecodable", "Archived messages that are no regular event", registry=registry
        )
        self._counted = (0, 0)
        self._status: dict[str, object] = {}
        runtime.show_when_asked(lambda: self._status)

    def progress(self, progress: Progress) -> None:
        """Show how far the archive is."""
        events, undecodable = self._counted
        self._events.inc(progress.events - events)
        self._undecodable.inc(progress.undecodable - undecodable)
        self._counted = (progress.events, progress.undecodable)
        self._position.set(progress.head.position)
        self._runtime.ready(not progress.problem, progress.problem)
        self._status |= {
            "archived": progress.head.position,
            "chain_head": progress.head.hash.hex(),
            "undecodable": progress.undecodable,
        }

    def lag(self, messages: int) -> None:
        """Show how many messages wait."""
        self._lag.set(messages)
        self._status["archive_lag"] = messages


async def _watch(log: Log, archiver: Archiver, shown: _Shown, stopping: asyncio.Event) -> None:
    """Compare the archive with the log, and say when it falls behind and when it has caught up."""
    clock = asyncio.get_running_loop().time
    seen: deque[tuple[float, int]] = deque()
    is_late = False
    while not stopping.is_set():
        head, archived = await log.head(), archiver.progress.head.position
        shown.lag(max(0, head - archived))
        seen.append((clock(), head))
        while seen and seen[0][1] <= archived:
            seen.popleft()
        was_late, is_late = is_late, bool(seen) and clock() - seen[0][0] > _LATE_S
        if is_late and not was_late:
            _log.error("archive_late", archived=archived, log_head=head, late_s_max=_LATE_S)
        if was_late and not is_late:
            _log.info("archive_caught_up", archived=archived, log_head=head)
        await wait_or_stop(stopping, _WATCH_S)
