"""A nats-server for one measurement."""

import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from chassis.connection import connected
from chassis.provision import provision
from chassis.settings import ServiceSettings
from kit.servers import nats_server
from supervisor.staging import Staging


@asynccontextmanager
async def bench_server() -> AsyncGenerator[str]:
    """Run a fresh nats-server with our streams, as `up` does; give its URL."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        async with nats_server(Path(folder)) as server:
            async with connected(ServiceSettings(nats_url=server.url), "bench") as connection:
                await provision(connection)
            staging = Staging(server.store)
            staging.keep()
            try:
                yield server.url
            finally:
                staging.remove()
