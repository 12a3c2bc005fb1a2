"""The processes of a measurement, and how they talk to the bench."""

import asyncio
import multiprocessing
import os
import sys
import tempfile
from asyncio.subprocess import Process
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from multiprocessing.connection import Connection as Pipe
from typing import Any

ANSWER_S_MAX = 60.0
"""How long a process may take to answer."""


class Worker:
    """A process that runs `main(pipe, *arguments)`; it is killed at the end."""

    def __init__(self, main: Callable[..., None], *arguments: object) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, far_end = context.Pipe()
        self._process = context.Process(target=main, args=(far_end, *arguments), daemon=True)
        self._process.start()
        far_end.close()

    @property
    def pid(self) -> int:
        """Name the process to the system."""
        assert self._process.pid is not None
        return self._process.pid

    def tell(self, message: object) -> None:
        """Send a message to the process."""
        self._pipe.send(message)

    async def hear(self) -> Any:  # Any: whatever the process sent.
        """Wait for a message of the process; raise RuntimeError when it ended instead."""
        if not await asyncio.to_thread(self._pipe.poll, ANSWER_S_MAX):
            raise TimeoutError(f"expected {self._process.name} to answer, found silence")
        try:
            return self._pipe.recv()
        except EOFError:
            raise RuntimeError(f"{self._process.name} ended; see its stderr") from None

    def kill(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.join()
        self._pipe.close()


@asynccontextmanager
async def working(*workers: Worker) -> AsyncGenerator[None]:
    """Wait until each process has said that it is ready; kill them at the end."""
    try:
        for worker in workers:
            await worker.hear()
        yield
    finally:
        for worker in workers:
            worker.kill()


async def heard_from(pipe: Pipe) -> Any:  # Any: whatever was told.
    """Wait, in a worker, for a message of the bench."""
    return await asyncio.to_thread(pipe.recv)


@asynccontextmanager
async def service(name: str, url: str, environment: Mapping[str, str]) -> AsyncGenerator[Process]:
    """Run a service's process; say what it said when it ends by itself."""
    with tempfile.TemporaryFile() as said:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            name,
            env={**os.environ, "NATS_URL": url, "HEALTH_PORT": "0", **environment},
            stderr=said,
        )
        try:
            yield process
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
            else:
                said.seek(0)
                sys.stderr.write(said.read().decode()[-2000:])
