"""A real nats-server for tests, synced to disk: to be stopped, killed and restarted."""

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sysconfig
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

START_S_MAX = 60.0


class ServerDidNotStart(Exception):
    """nats-server did not answer in time."""


def free_port() -> int:
    """Give a port of the loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def nats_server_binary() -> str:
    """Give the path of nats-server: the one beside this Python, else on the path."""
    beside = Path(sysconfig.get_path("scripts")) / "nats-server"
    found = str(beside) if beside.exists() else shutil.which("nats-server")
    if found is None:
        raise FileNotFoundError(f"expected nats-server at {beside} or on the path, found none")
    return found


class NatsServer:
    """One nats-server with JetStream on files under `folder`, synced before each acknowledgement.

    `port` stays the same over restarts, as does the data.
    """

    def __init__(
        self, folder: Path, *, sync: str = "always", max_file: str = "64GB", config: str = ""
    ) -> None:
        self.folder = folder
        self.store = folder / "jetstream"
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._config = f"""
            host: 127.0.0.1
            port: {self.port}
            jetstream {{
                store_dir: "{self.store}"
                sync_interval: {sync}
                max_file: {max_file}
            }}
            {config}
        """

    @property
    def url(self) -> str:
        """Give the URL that clients connect to."""
        return f"nats://127.0.0.1:{self.port}"

    @property
    def log_text(self) -> str:
        """Give what the server wrote."""
        return (self.folder / "nats.log").read_text()

    @property
    def pid(self) -> int:
        """Give the process id of the running server."""
        assert self._process is not None
        return self._process.pid

    async def start(self) -> None:
        """Start the server on its data; return when it answers."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / "nats.conf"
        path.write_text(self._config)
        with (self.folder / "nats.log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: ASYNC220  It returns at once.
                [nats_server_binary(), "-c", str(path)], stdout=log, stderr=log
            )
        deadline = asyncio.get_running_loop().time() + START_S_MAX
        while not await self._answers():
            if self._process.poll() is not None:
                raise ServerDidNotStart(f"expected a running server, found\n{self.log_text}")
            if asyncio.get_running_loop().time() > deadline:
                await self.kill()
                raise ServerDidNotStart(f"expected an answer in {START_S_MAX} s, found none")
            await asyncio.sleep(0.02)

    async def stop(self) -> None:
        """Stop the server in good order."""
        await self._end(signal.SIGTERM)

    async def kill(self) -> None:
        """Stop the server as a crash does."""
        await self._end(signal.SIGKILL)

    async def restart(self) -> None:
        """Kill the server and start it on the same data."""
        await self.kill()
        await self.start()

    async def _end(self, how: signal.Signals) -> None:
        if self._process is None:
            return
        process, self._process = self._process, None
        if process.poll() is None:
            os.kill(process.pid, how)
        await asyncio.to_thread(process.wait)

    async def _answers(self) -> bool:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            return False
        try:
            line = await asyncio.wait_for(reader.readline(), 30.0)
        except (TimeoutError, OSError):
            return False
        finally:
            writer.close()
        return line.startswith(b"INFO")


@asynccontextmanager
async def nats_server(
    folder: Path, *, sync: str = "always", max_file: str = "64GB", config: str = ""
) -> AsyncGenerator[NatsServer, None]:
    """Run a server for as long as the context lasts."""
    server = NatsServer(folder, sync=sync, max_file=max_file, config=config)
    await server.start()
    try:
        yield server
    finally:
        await server.kill()
