"""The audit as a process of its own, between a real nats-server and a real PostgreSQL."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chassis.connection import Connection, connected
from chassis.log import LogClient
from chassis.provision import provision
from chassis.settings import ServiceSettings
from contracts import queries
from contracts.event import Draft
from contracts.queries import HeadAnswer
from kit.audit_store import Database
from kit.servers import NatsServer

WAIT_S_MAX = 40.0


@dataclass
class AuditProcess:
    """One audit process after another, on the same data."""

    folder: Path
    nats_url: str
    dsn: str
    codes: list[int] = field(default_factory=list[int])
    _process: subprocess.Popen[bytes] | None = None

    def start(self, **environment: str) -> None:
        """Start one."""
        with (self.folder / "audit.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "audit"],
                env=self._environment(environment),
                stdout=log,
                stderr=log,
            )

    async def end(self, how: signal.Signals = signal.SIGKILL) -> int:
        """End it; give its exit code."""
        assert self._process is not None
        self._process.send_signal(how)
        return await self.ended()

    async def ended(self) -> int:
        """Wait until it ended; give its exit code."""
        assert self._process is not None
        return await asyncio.to_thread(self._process.wait, WAIT_S_MAX)

    @property
    def said(self) -> list[dict[str, Any]]:
        """Give the log lines of all of them."""
        lines = (self.folder / "audit.log").read_text().splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    async def says(self, *events: str) -> None:
        """Wait until it has said all of these."""
        async with asyncio.timeout(WAIT_S_MAX):
            while not set(events) <= {line["event"] for line in self.said}:  # noqa: ASYNC110  Nobody tells.
                await asyncio.sleep(0.05)

    def _environment(self, more: dict[str, str]) -> dict[str, str]:
        return {**os.environ, "NATS_URL": self.nats_url, "POSTGRES_DSN": self.dsn, **more}


@dataclass
class Outside:
    """The log and the queries, as other services see them."""

    connection: Connection
    log: LogClient

    async def record(self, drafts: Iterable[Draft]) -> None:
        """Append drafts in order, as whoever owns them."""
        clients: dict[str, LogClient] = {}
        for draft in drafts:
            owner = draft.event.owner
            client = clients.setdefault(owner, LogClient(self.connection, service=owner))
            await client.append([draft])

    async def ask(self, subject: str, body: bytes = b"", *, timeout_s: float = 5.0) -> bytes:
        """Ask the audit."""
        return (await self.connection.request(subject, body, timeout_s=timeout_s)).data

    async def status(self) -> dict[str, Any]:
        """Ask the audit how it is."""
        return json.loads(await self.ask("status.audit"))

    async def archived(self, position: int | None = None) -> HeadAnswer:
        """Wait until the archive has a position, or all that the log has now."""
        wanted = await self.log.head() if position is None else position
        async with asyncio.timeout(WAIT_S_MAX):
            while True:
                try:
                    head = HeadAnswer.model_validate_json(await self.ask(queries.HEAD))
                except Exception:  # noqa: BLE001 - not there yet, or away: this is what is waited for
                    head = None
                if head is not None and head.position >= wanted:
                    return head
                await asyncio.sleep(0.02)


@asynccontextmanager
async def outside(server: NatsServer) -> AsyncGenerator[Outside]:
    """Connect to a server that has our streams."""
    async with connected(ServiceSettings(nats_url=server.url), "test") as connection:
        await provision(connection)
        yield Outside(connection, LogClient(connection, service="test"))


@asynccontextmanager
async def audit_process(
    server: NatsServer, database: Database, folder: Path
) -> AsyncGenerator[AuditProcess]:
    """Run an audit until the block ends."""
    process = AuditProcess(folder, server.url, database.dsn)
    process.start()
    try:
        yield process
    finally:
        await process.end()
