"""The gateway as a process of its own, and the log as the other services see it."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path

import httpx

from chassis.connection import Connection, connect
from chassis.log import LogClient
from chassis.settings import ServiceSettings
from contracts.event import Draft, Event
from contracts.ids import derive_root_id
from contracts.routes import subject_of
from kit.gateway_events import START
from kit.servers import NatsServer, free_port
from kit.service_process import WAIT_S_MAX, ServiceProcess, service_process
from kit.zygote import Zygote


@dataclass
class GatewayProcess:
    """A gateway that runs, with a client for its address."""

    port: int
    process: ServiceProcess
    http: httpx.AsyncClient

    async def answers(self, path: str = "/healthz") -> None:
        """Wait until an address answers with success."""
        async with asyncio.timeout(WAIT_S_MAX):
            while not await self._is_success(path):
                self.process.require_running()
                await asyncio.sleep(0.05)

    async def shows(self, name: str) -> None:
        """Wait until a switch of the state is on."""
        async with asyncio.timeout(WAIT_S_MAX):
            while not (await self.http.get("/api/state")).json()[name]:  # noqa: ASYNC110  Another process.
                await asyncio.sleep(0.05)

    async def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """End the process; give its exit code."""
        return await self.process.end(how)

    async def _is_success(self, path: str) -> bool:
        try:
            return (await self.http.get(path)).is_success
        except httpx.TransportError:
            return False


@contextlib.asynccontextmanager
async def gateway_process(
    zygote: Zygote, folder: Path, nats: NatsServer, **environment: str
) -> AsyncGenerator[GatewayProcess]:
    """Run a gateway for as long as the context lasts."""
    port = free_port()
    given = {"NATS_URL": nats.url, "GATEWAY_PORT": str(port), **environment}
    async with (
        service_process(zygote, "gateway", folder / "gateway.log", **given) as process,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as http,
    ):
        gateway = GatewayProcess(port, process, http)
        await gateway.answers()
        yield gateway


@contextlib.asynccontextmanager
async def log_as(nats: NatsServer, service: str) -> AsyncGenerator[LogClient]:
    """Write and read the log as a service."""
    connection: Connection = await connect(ServiceSettings(nats_url=nats.url), service)
    try:
        yield LogClient(connection, service=service)
    finally:
        await connection.close()


def draft_of(event: Event, *key: str | int) -> Draft:
    """Give an event as its owner would append it."""
    identity = derive_root_id(event.event_type, *key)
    return Draft(
        event=event,
        id=identity,
        subject=subject_of(event),
        occurred_at=START,
        correlation_id=identity,
    )
