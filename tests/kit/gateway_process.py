"""The gateway as a process of its own, and the log as the other services see it."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
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

START_S_MAX = 30.0


@dataclass
class GatewayProcess:
    """A gateway that runs, with a client for its address."""

    port: int
    process: subprocess.Popen[bytes]
    http: httpx.AsyncClient
    output: Path

    async def answers(self, path: str = "/healthz") -> None:
        """Wait until an address answers with success."""
        async with asyncio.timeout(START_S_MAX):
            while True:
                if self.process.poll() is not None:
                    text = await asyncio.to_thread(self.output.read_text)
                    raise AssertionError(f"expected a running gateway, found\n{text}")
                with contextlib.suppress(httpx.TransportError):
                    if (await self.http.get(path)).is_success:
                        return
                await asyncio.sleep(0.05)

    async def shows(self, name: str) -> None:
        """Wait until a switch of the state is on."""
        async with asyncio.timeout(START_S_MAX):
            while not (await self.http.get("/api/state")).json()[name]:  # noqa: ASYNC110  Another process.
                await asyncio.sleep(0.05)

    async def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """End the process; give its exit code."""
        self.process.send_signal(how)
        return await asyncio.to_thread(self.process.wait, 20)


def spawn(folder: Path, **environment: str) -> tuple[subprocess.Popen[bytes], Path]:
    """Start `python -m gateway`; give the process and the file with its output."""
    folder.mkdir(parents=True, exist_ok=True)
    output = folder / "gateway.log"
    with output.open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "gateway"],
            env={**os.environ, **environment},
            stdout=log,
            stderr=log,
        )
    return process, output


@contextlib.asynccontextmanager
async def gateway_process(
    folder: Path, nats: NatsServer, **environment: str
) -> AsyncGenerator[GatewayProcess]:
    """Run a gateway for as long as the context lasts."""
    port = free_port()
    process, output = await asyncio.to_thread(
        lambda: spawn(folder, NATS_URL=nats.url, GATEWAY_PORT=str(port), **environment)
    )
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=10) as http:
        gateway = GatewayProcess(port, process, http, output)
        try:
            await gateway.answers()
            yield gateway
        finally:
            if process.poll() is None:
                process.kill()
            await asyncio.to_thread(process.wait)


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
