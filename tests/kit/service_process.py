"""A service as a process of its own: started in milliseconds, killed, and started again."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kit.zygote import Zygote

WAIT_S_MAX = 60.0


@dataclass
class ServiceProcess:
    """One process of a service after another, with one environment and one file of output."""

    zygote: Zygote
    service: str
    output: Path
    environment: dict[str, str] = field(default_factory=dict[str, str])
    _pid: int | None = None

    def start(self) -> None:
        """Start one."""
        self._pid = self.zygote.spawn(self.service, environment=self.environment, log=self.output)

    @property
    def pid(self) -> int:
        """Give the id of the one that was started last."""
        assert self._pid is not None
        return self._pid

    def send(self, how: signal.Signals) -> None:
        """Send it a signal, if it still runs."""
        if self.zygote.exit_code(self.pid) is None:
            os.kill(self.pid, how)

    async def end(self, how: signal.Signals = signal.SIGKILL) -> int:
        """End it; give its exit code."""
        self.send(how)
        return await self.ended()

    async def ended(self) -> int:
        """Wait until it ended; give its exit code, negative for a signal."""
        async with asyncio.timeout(WAIT_S_MAX):
            while (code := self.zygote.exit_code(self.pid)) is None:  # noqa: ASYNC110  Nobody tells.
                await asyncio.sleep(0.01)
        return code

    def require_running(self) -> None:
        """Raise AssertionError with what it wrote when it ended by itself."""
        code = self.zygote.exit_code(self.pid)
        assert code is None, f"expected a running {self.service}, found {code} and\n{self.text}"

    @property
    def text(self) -> str:
        """Give what all of them wrote."""
        return self.output.read_text(encoding="utf-8") if self.output.exists() else ""

    @property
    def said(self) -> list[dict[str, Any]]:
        """Give the log lines of all of them; one without its end is being written."""
        lines = self.text.splitlines(keepends=True)
        return [json.loads(it) for it in lines if it.startswith("{") and it.endswith("\n")]

    async def says(self, *events: str) -> None:
        """Wait until they have said all of these; raise AssertionError when it ended before."""
        async with asyncio.timeout(WAIT_S_MAX):
            while not set(events) <= {line["event"] for line in self.said}:
                self.require_running()
                await asyncio.sleep(0.02)


@asynccontextmanager
async def service_process(
    zygote: Zygote, service: str, output: Path, **environment: str
) -> AsyncGenerator[ServiceProcess]:
    """Run a service until the context ends."""
    process = ServiceProcess(zygote, service, output, environment)
    process.start()
    try:
        yield process
    finally:
        await process.end()
