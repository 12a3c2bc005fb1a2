"""A real PostgreSQL for tests: started once per session, a fresh database per test.

It is the supervisor's own cluster, so tests run it as `up` does, as root or not.
"""

import asyncio
import contextlib
import itertools
import subprocess
import tempfile
import time
from collections.abc import AsyncGenerator, Generator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from supervisor.cluster import Cluster

_READY_S_MAX = 60.0
_SETTINGS = {
    "max_connections": "60",
    "shared_buffers": "64MB",
    "log_min_messages": "warning",
}
_FAST = {"fsync": "off", "full_page_writes": "off"}


class PostgresServer:
    """One PostgreSQL that can be started, stopped and killed.

    With `is_durable` it syncs to disk as in production; tests that only kill processes do not
    need that, because the operating system keeps what was written.
    """

    def __init__(self, folder: Path, *, is_durable: bool = False) -> None:
        """Create the cluster in an empty folder; it does not run yet."""
        self._folder = folder
        self._cluster = Cluster(folder / "data")
        self._process: subprocess.Popen[bytes] | None = None
        self._names = itertools.count(1)
        self._settings = _SETTINGS | ({} if is_durable else _FAST)
        self._cluster.make()

    @property
    def is_running(self) -> bool:
        """Tell whether the server process lives."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start the server and wait until it takes connections."""
        deadline = time.monotonic() + _READY_S_MAX
        while not self._accepts_connections():
            if not self.is_running:
                # Also after a kill: children of the killed server may still hold its memory.
                self._process = self._spawn()
            if time.monotonic() > deadline:
                log = (self._folder / "log").read_text()[-2000:]
                raise TimeoutError(
                    f"expected a ready PostgreSQL in {_READY_S_MAX} s, found:\n{log}"
                )
            time.sleep(0.02)

    def stop(self) -> None:
        """Stop the server in order; clients are cut off."""
        if self._process is not None:
            self._process.send_signal(self._cluster.stop_signal)
            self._process.wait(_READY_S_MAX)
            self._process = None

    def close(self) -> None:
        """Stop the server for good."""
        self.stop()
        self._cluster.close()

    def kill(self) -> None:
        """Kill the server with SIGKILL, as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(_READY_S_MAX)
            self._process = None

    @contextlib.asynccontextmanager
    async def away(self) -> AsyncGenerator[None]:
        """Stop the server in order for as long as the block lasts."""
        await asyncio.to_thread(self.stop)
        try:
            yield
        finally:
            await asyncio.to_thread(self.start)

    def dsn(self, database: str = "postgres") -> str:
        """Give the address of a database."""
        return self._cluster.dsn(database)

    def create_database(self, *, template: str = "template1") -> str:
        """Create a database as a copy of `template`, and give its name."""
        name = f"test_{next(self._names)}"
        self._execute(
            sql.SQL("create database {} template {} strategy file_copy").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )
        return name

    def drop_database(self, name: str) -> None:
        """Drop a database and cut off who uses it."""
        self._execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))

    def dump_database(self, name: str, target: Path) -> None:
        """Write a backup of a database, as an operator would."""
        self._run("pg_dump", "--format=custom", f"--file={target}", self.dsn(name))

    def restore_database(self, name: str, source: Path) -> None:
        """Replace a database by a backup of it."""
        self.drop_database(name)
        self._execute(sql.SQL("create database {}").format(sql.Identifier(name)))
        self._run("pg_restore", "--exit-on-error", f"--dbname={self.dsn(name)}", str(source))

    def _execute(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.dsn(), autocommit=True) as connection:
            connection.execute(statement)

    def _run(self, program: str, *arguments: str) -> None:
        command = [self._cluster.programs / program, *arguments]
        subprocess.run(command, check=True, capture_output=True)

    def _spawn(self) -> subprocess.Popen[bytes]:
        command = self._cluster.command(self._settings)
        with (self._folder / "log").open("ab") as log:
            return subprocess.Popen(command, stdout=log, stderr=log, **self._cluster.spawn)

    def _accepts_connections(self) -> bool:
        if not self.is_running:
            return False
        try:
            psycopg.connect(self.dsn(), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True


@contextlib.contextmanager
def running_postgres(*, is_durable: bool = False) -> Generator[PostgresServer]:
    """Run a PostgreSQL of its own, for as long as the block lasts."""
    with tempfile.TemporaryDirectory(prefix="pg-") as folder:
        server = PostgresServer(Path(folder), is_durable=is_durable)
        server.start()
        try:
            yield server
        finally:
            server.close()


@pytest.fixture(scope="session")
def postgres() -> Generator[PostgresServer]:
    """Run one PostgreSQL for the session; who stops or kills it starts it again."""
    with running_postgres() as server:
        yield server
