"""The log and the queries of a running audit, as the other services see them."""

import asyncio
import json
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from chassis.connection import Connection, OutcomeUnknown, connected
from chassis.log import LogClient
from chassis.provision import provision
from chassis.settings import ServiceSettings
from contracts import queries
from contracts.event import Draft
from contracts.process import ServiceStarted
from contracts.queries import HeadAnswer
from kit.servers import NatsServer
from kit.service_process import WAIT_S_MAX


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

    async def ask(self, subject: str, body: bytes = b"", *, timeout_s: float = 20.0) -> bytes:
        """Ask the audit."""
        return (await self.connection.request(subject, body, timeout_s=timeout_s)).data

    async def status(self) -> dict[str, Any]:
        """Ask the audit how it is."""
        return json.loads(await self.ask("status.audit"))

    async def started(self, times: int) -> None:
        """Wait until the log holds that the audit started so often: it says so by itself."""
        async with asyncio.timeout(WAIT_S_MAX):
            while True:
                found = [it.event async for it in self.log.read(subjects=["process.audit"])]
                if sum(isinstance(it, ServiceStarted) for it in found) >= times:
                    return
                await asyncio.sleep(0.02)

    async def archived(self, position: int | None = None) -> HeadAnswer:
        """Wait until the archive has a position, or all that the log has now."""
        wanted = await self.log.head() if position is None else position
        async with asyncio.timeout(WAIT_S_MAX):
            while True:
                try:
                    head = HeadAnswer.model_validate_json(
                        await self.ask(queries.HEAD, timeout_s=5.0)
                    )
                except (OutcomeUnknown, ValidationError):
                    head = None  # Not there yet, or away: this is what is waited for.
                if head is not None and head.position >= wanted:
                    return head
                await asyncio.sleep(0.02)


@asynccontextmanager
async def outside(server: NatsServer) -> AsyncGenerator[Outside]:
    """Connect to a server that has our streams."""
    async with connected(ServiceSettings(nats_url=server.url), "test") as connection:
        await provision(connection)
        yield Outside(connection, LogClient(connection, service="test"))
