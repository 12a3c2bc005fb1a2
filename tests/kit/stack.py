"""The whole desk under test: a real nats-server, a real PostgreSQL database, the six services.

Services are processes; `kill` is SIGKILL and is followed by a restart, as the supervisor would.
"""

import asyncio
import json
from collections import Counter, defaultdict
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chassis.connection import Connection, OutcomeUnknown, connected, request
from chassis.log import LogClient
from chassis.market import MarketClient
from chassis.provision import provision
from chassis.settings import ServiceSettings
from contracts.codec import canonical, decode
from contracts.event import Event, Recorded
from contracts.feed import TapeEnded
from kit.servers import NatsServer, free_port
from kit.zygote import Zygote

TRADING = ("execution", "risk", "signals", "ingest")
"""The services that decide and trade; with gateway they make a tape run."""
ALL = ("gateway", "audit", *TRADING)
_FOLDS = {"signals": "signals-fold-trades", "execution": "execution-work-prints"}
"""The services that work through the tape, with their consumers of MARKET."""
_LOOK_EVERY_S = 0.02
WAIT_S_MAX = 120.0


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
    """Services that ended by themselves, with their exit codes, as far as `mend` has seen."""
    _pids: dict[str, int] = field(default_factory=dict[str, int])
    _begun: Counter[str] = field(default_factory=Counter[str])

    def start(self) -> None:
        """Start the services."""
        self.gateway_port = free_port()
        for name in self.services:
            self.begin(name)

    def begin(self, name: str) -> None:
        """Start a service that does not run."""
        self._begun[name] += 1
        environment = {
            "NATS_URL": self.nats.url,
            "HEALTH_PORT": "0",
            "INSTANCE": self.instance(name),
            "GATEWAY_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(self.gateway_port),
            **self.environment,
        }
        self._pids[name] = self.zygote.spawn(
            name, environment=environment, log=self.folder / f"{name}.log"
        )

    def end(self, name: str) -> None:
        """Kill a service outright."""
        self.zygote.kill(self._pids.pop(name))

    def kill(self, name: str) -> None:
        """Kill a service outright and start it again at once."""
        self.end(name)
        self.begin(name)

    def hurry(self) -> None:
        """Let a new ingest play the rest of the tape as fast as it goes."""
        self.environment = {**self.environment, "TAPE_SPEED": "max"}
        if "ingest" in self._pids:
            self.end("ingest")
        self.begin("ingest")

    def mend(self) -> None:
        """Start services that ended by themselves, as the supervisor does, and remember them."""
        for name, pid in list(self._pids.items()):
            code = self.zygote.exit_code(pid)
            if code is not None:
                self.deaths.append((name, code))
                self.begin(name)

    def stop(self) -> None:
        """Kill what still runs."""
        for name in tuple(self._pids):
            self.end(name)

    def instance(self, name: str) -> str:
        """Name the process of a service that was started last."""
        return f"{name}-{self._begun[name]}"

    def log_of(self, name: str) -> str:
        """Give what a service wrote."""
        path = self.folder / f"{name}.log"
        return path.read_text(encoding="utf-8") if path.exists() else ""

    async def head(self) -> int:
        """Give the log's last position."""
        async with reader(self.nats) as there:
            return await there.log.head()

    async def reaches(self, position: int) -> None:
        """Wait until the log has a position."""
        async with reader(self.nats) as there:

            async def is_there() -> bool:
                return await there.log.head() >= position

            await self.until(is_there, f"position {position} in the log")

    async def is_worked_off(self) -> None:
        """Wait until the tape has ended and all that follows from it is in the log."""
        async with reader(self.nats) as there:

            async def is_worked_off() -> bool:
                return await _is_worked_off(self, there)

            await self.until(is_worked_off, "the tape to be worked off")

    async def says(self, kind: type[Event]) -> None:
        """Wait until the log holds an event of a kind."""
        async with reader(self.nats) as there, there.log.follow("gateway-show-log", after=0) as log:
            found: list[Recorded] = []

            async def is_said() -> bool:
                found.extend(await log.next(_LOOK_EVERY_S))
                return any(isinstance(it.event, kind) for it in found)

            await self.until(is_said, f"{kind.event_type} in the log")

    async def all_say(self, event: str) -> None:
        """Wait until every service has written a line of an event since now."""
        before = {name: self.log_of(name).count(event) for name in self.services}

        async def have_said() -> bool:
            return all(self.log_of(name).count(event) > count for name, count in before.items())

        await self.until(have_said, f"{event} of every service")

    async def until(self, is_true: Callable[[], Awaitable[bool]], what: str) -> None:
        """Wait for a condition, and meanwhile mend.

        Raises TimeoutError with what each service said last.
        """
        try:
            async with asyncio.timeout(WAIT_S_MAX):
                while not await is_true():
                    self.mend()
                    await asyncio.sleep(_LOOK_EVERY_S)
        except TimeoutError:
            said = {name: self.log_of(name)[-600:] for name in self.services}
            raise TimeoutError(f"expected {what} in {WAIT_S_MAX} s, found {said}") from None


@dataclass(frozen=True, slots=True)
class Reader:
    """The server as somebody sees it who is no service."""

    connection: Connection
    log: LogClient
    market: MarketClient


@asynccontextmanager
async def reader(nats: NatsServer) -> AsyncGenerator[Reader]:
    """Look at the streams from outside."""
    async with connected(ServiceSettings(nats_url=nats.url), "test") as connection:
        await provision(connection)
        yield Reader(connection, LogClient(connection, service="test"), MarketClient(connection))


async def _is_worked_off(stack: Stack, there: Reader) -> bool:
    """Say whether every service, as it runs now, is ready and through with the tape.

    A service that is being started may still have something to say, if only that it started.
    """
    feed = [it.event async for it in there.log.read(subjects=["feed.>"])]
    if not any(isinstance(event, TapeEnded) for event in feed):
        return False
    for name in stack.services:
        status = await _status(there.connection, name)
        is_through = name not in _FOLDS or status.get("is_tape_ended")
        is_current = status.get("instance") == stack.instance(name)
        if not (is_current and status["ready"] and is_through):
            return False
    lags = await there.market.lags()
    return not any(lags.get(consumer) for consumer in _FOLDS.values())


async def _status(connection: Connection, name: str) -> dict[str, Any]:
    """Ask a service how it is; give nothing when nobody answers."""
    try:
        return json.loads(await request(connection, f"status.{name}", b"", 2.0))
    except OutcomeUnknown:
        return {}


async def read_log(
    nats: NatsServer, *, until: int | None = None, ignore: tuple[str, ...] = ()
) -> list[Recorded]:
    """Give the log in order, whole or until a position, but for the subjects to ignore."""
    async with reader(nats) as there:
        return [
            decode(
                subject=raw.subject,
                headers=raw.headers,
                body=raw.body,
                position=raw.position,
                recorded_at=raw.recorded_at,
            )
            async for raw in there.log.read_raw(until=until)
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
