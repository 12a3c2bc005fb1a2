"""A service as small as can be, run as a process of its own. It writes as `risk`.

A server process that has imported the chassis forks it, so that a start takes milliseconds.
"""

import asyncio
import json
import multiprocessing
import os
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any, Literal

from faststream.nats import NatsBroker
from pydantic import BaseModel

from chassis.service import ConfigurationError, Runtime, run_service
from chassis.settings import ServiceSettings, load_settings
from contracts import subjects
from contracts.control import KillSwitchEngaged
from contracts.event import Draft
from contracts.ids import derive_id
from contracts.process import ServiceStopped

NAME = "risk"
SAY_S_MAX = 60.0
_SERVER = multiprocessing.get_context("forkserver")


class Number(BaseModel):
    """What `tiny.double` takes."""

    number: int


def register(broker: NatsBroker, runtime: Runtime) -> None:
    """Answer `tiny.double`."""
    del runtime

    @broker.subscriber("tiny.double")
    async def double(body: Number) -> dict[str, int]:
        return {"number": 2 * body.number}


async def follow(runtime: Runtime) -> None:
    """Answer each kill with one event, until told to stop."""
    async with runtime.log.follow("audit-archive-log", after=0) as follower:
        runtime.ready(True)
        runtime.show_when_asked(lambda: {"feed": "tape"})
        while not runtime.stopping.is_set():
            for event in await follower.next(0.1):
                if isinstance(event.event, KillSwitchEngaged):
                    answer = Draft(
                        event=ServiceStopped(service=NAME, instance="answer"),
                        id=derive_id(event.id, "service_stopped"),
                        subject=subjects.process(NAME),
                        occurred_at=event.occurred_at,
                        correlation_id=event.correlation_id,
                        causation_id=event.id,
                    )
                    await runtime.log.append([answer])
                follower.acknowledge(event.position)


async def stubborn(runtime: Runtime) -> None:
    """Never notice that it shall stop."""
    runtime.ready(True)
    await asyncio.Event().wait()


async def finish(runtime: Runtime) -> None:
    """Have nothing to do."""
    runtime.ready(True)


async def crash(runtime: Runtime) -> None:
    """Fail as only a bug does."""
    raise RuntimeError("expected no bug, found one")


async def misconfigured(runtime: Runtime) -> None:
    """Notice late that a setting is wrong."""
    raise ConfigurationError("expected a tape, found nothing")


Mode = Literal["follow", "stubborn", "finish", "crash", "misconfigured"]
MODES: Mapping[Mode, Callable[[Runtime], Awaitable[None]]] = {
    "follow": follow,
    "stubborn": stubborn,
    "finish": finish,
    "crash": crash,
    "misconfigured": misconfigured,
}


class Tiny:
    """The process, and what it said on stderr: one JSON object per line."""

    def __init__(self, process: ForkServerProcess, output: Path) -> None:
        self.process = process
        self._output = output

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Give what it said so far; a line without its end is being written."""
        lines = self._output.read_text().splitlines(keepends=True)
        return [json.loads(line) for line in lines if line.endswith("\n")]

    def said(self, event: str) -> dict[str, Any] | None:
        """Give the first line of an event."""
        return next((line for line in self.lines if line.get("event") == event), None)

    async def says(self, event: str) -> dict[str, Any]:
        """Wait until it says an event."""
        async with asyncio.timeout(SAY_S_MAX):
            while (line := self.said(event)) is None:
                if not self.process.is_alive():
                    raise AssertionError(f"expected {event}, found {self.lines}")
                await asyncio.sleep(0.01)
        return line

    def stop(self) -> None:
        """Tell it to stop, as a supervisor does."""
        self.process.terminate()

    async def ended(self) -> int:
        """Wait until it ended; give its exit code."""
        await asyncio.to_thread(self.process.join, SAY_S_MAX)
        assert self.process.exitcode is not None
        return self.process.exitcode


@asynccontextmanager
async def tiny(
    url: str, folder: Path, *, mode: Mode = "follow", **environment: str
) -> AsyncGenerator[Tiny, None]:
    """Run the service for as long as the context lasts."""
    output = folder / "tiny.log"
    output.touch()
    given = {"NATS_URL": url, "INSTANCE": "tiny-1", **environment}
    _SERVER.set_forkserver_preload(["chassis.service"])
    process = _SERVER.Process(target=_run, args=(mode, given, output), daemon=True)
    process.start()
    running = Tiny(process, output)
    try:
        yield running
    finally:
        process.kill()
        await running.ended()


def _run(mode: Mode, environment: dict[str, str], output: Path) -> None:
    os.environ.update(environment)
    descriptor = os.open(output, os.O_WRONLY | os.O_APPEND)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    sys.exit(run_service(NAME, load_settings(ServiceSettings), MODES[mode], register=register))
