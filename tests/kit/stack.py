"""The whole desk under test: a real nats-server, a real PostgreSQL database, the six services.

Services are processes; `kill` is SIGKILL and is followed by a restart, as the supervisor would.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from chassis.connection import connect
from chassis.log import LogClient
from chassis.market import MarketClient
from chassis.provision import provision
from chassis.settings import ServiceSettings
from contracts.codec import canonical, decode
from contracts.event import Recorded
from contracts.feed import TapeEnded
from contracts.minute import MinuteClosed
from kit.servers import NatsServer, free_port
from kit.zygote import Zygote

TRADING = ("execution", "risk", "signals", "ingest")
"""The services that decide and trade; with gateway they make a tape run."""
ALL = ("gateway", "audit", *TRADING)
_QUIET_S = 0.4


@dataclass
class Stack:
    """One run of the desk on one data folder."""

    folder: Path
    zygote: Zygote
    nats: NatsServer
    environment: Mapping[str, str]
    services: tuple[str, ...] = ALL
    gateway_port: int = 0
    deaths: list[tuple[str, int]] = field(default_factory=list[tuple[str, int]])
    """Services that ended by themselves, with their exit codes."""
    _pids: dict[str, int] = field(default_factory=dict[str, int])

    def start(self) -> None:
        """Start the services."""
        self.gateway_port = free_port()
        for name in self.services:
            self._spawn(name)

    def kill(self, name: str) -> None:
        """Kill a service outright and start it again at once."""
        self.zygote.kill(self._pids[name])
        self._spawn(name)

    def mend(self) -> None:
        """Start services that ended by themselves, as the supervisor does, and remember them."""
        for name, pid in list(self._pids.items()):
            code = self.zygote.exit_code(pid)
            if code is not None:
                self.deaths.append((name, code))
                self._spawn(name)

    def stop(self) -> None:
        """Kill what still runs."""
        for pid in self._pids.values():
            self.zygote.kill(pid)
        self._pids.clear()

    def log_of(self, name: str) -> str:
        """Give what a service wrote."""
        path = self.folder / f"{name}.log"
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def _spawn(self, name: str) -> None:
        environment = {
            "NATS_URL": self.nats.url,
            "HEALTH_PORT": "0",
            "INSTANCE": f"{name}-0",
            "GATEWAY_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(self.gateway_port),
            **self.environment,
        }
        self._pids[name] = self.zygote.spawn(
            name, environment=environment, log=self.folder / f"{name}.log"
        )


@asynccontextmanager
async def reader(nats: NatsServer) -> AsyncGenerator[tuple[LogClient, MarketClient]]:
    """Look at the streams from outside."""
    connection = await connect(ServiceSettings(nats_url=nats.url), service="test")
    await provision(connection)
    try:
        yield LogClient(connection, service="test"), MarketClient(connection)
    finally:
        await connection.close()


async def wait_worked_off(stack: Stack, *, timeout_s: float) -> None:
    """Return when the tape has ended, every tick is folded, and the log is quiet.

    Raises TimeoutError with what each service said last.
    """
    deadline = time.monotonic() + timeout_s
    async with reader(stack.nats) as (log, market):
        quiet_since, head = time.monotonic(), -1
        while time.monotonic() < deadline:
            stack.mend()
            found = await log.head()
            if found != head or not await _is_folded(log, market):
                quiet_since, head = time.monotonic(), found
            elif time.monotonic() - quiet_since > _QUIET_S:
                return
            await asyncio.sleep(0.05)
    said = {name: stack.log_of(name)[-600:] for name in stack.services}
    raise TimeoutError(f"expected the tape to be worked off in {timeout_s} s, found {said}")


async def _is_folded(log: LogClient, market: MarketClient) -> bool:
    ended = [r async for r in log.read(subjects=["feed.>"]) if isinstance(r.event, TapeEnded)]
    if not ended:
        return False
    minutes = [r.event async for r in log.read(subjects=["market.minute.>"])]
    last = minutes[-1] if minutes else None
    if not isinstance(last, MinuteClosed) or last.is_complete:
        return False
    lags = await market.lags()
    return not lags.get("signals-fold-trades") and not lags.get("execution-work-prints")


async def read_log(nats: NatsServer, *, ignore: tuple[str, ...] = ()) -> list[Recorded]:
    """Give the whole log in order, but for the subjects to ignore."""
    async with reader(nats) as (log, _):
        return [
            decode(
                subject=raw.subject,
                headers=raw.headers,
                body=raw.body,
                position=raw.position,
                recorded_at=raw.recorded_at,
            )
            async for raw in log.read_raw()
            if raw.subject not in ignore
        ]


def domain_log(events: list[Recorded]) -> dict[str, list[bytes]]:
    """Give per subject, in order, the canonical bytes of all that is not about processes."""
    by_subject: dict[str, list[bytes]] = defaultdict(list)
    for recorded in events:
        if not recorded.event.is_process:
            by_subject[recorded.subject].append(canonical(recorded))
    return dict(by_subject)


def first_difference(expected: dict[str, list[bytes]], found: dict[str, list[bytes]]) -> str | None:
    """Say where two domain logs part, or None when they are equal."""
    for subject in sorted(expected.keys() | found.keys()):
        wanted, got = expected.get(subject, []), found.get(subject, [])
        for index in range(max(len(wanted), len(got))):
            left = wanted[index] if index < len(wanted) else b"(nothing)"
            right = got[index] if index < len(got) else b"(nothing)"
            if left != right:
                return f"{subject}[{index}]: expected {left!r}, found {right!r}"
    return None
