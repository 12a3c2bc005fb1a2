"""The two servers that are compared, and whoever writes their log and reads their pages."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from itertools import count

from bench import bare_page
from bench.events import entry_signaled
from bench.processes import Worker, service
from bench.servers import bench_server
from bench.stream_clients import Clients
from chassis.connection import Connection, connected
from chassis.log import LogClient
from chassis.settings import ServiceSettings
from contracts.event import Draft
from contracts.ids import derive_root_id
from kit.execution_events import a_feed
from kit.gateway_events import minute_closed
from kit.gateway_process import draft_of
from kit.servers import free_port

READS = ("/api/engine/ping", "/api/state", "/api/activity?limit=100")
_PAGE_EVENTS = 100
_BARS = 240
"""As many as the state shows."""
_APPEND_MAX = 400
_READY_S_MAX = 60.0
_LOOK_S = 0.05
_STREAM = "/api/ws/engine.events?v=1"


@dataclass(frozen=True, slots=True)
class Page:
    """What a server answers to."""

    port: int
    pid: int
    follow: str
    catch_up: str
    """Without the position to begin after."""
    has: Callable[[int], str]
    """The address that answers with success once a position is there."""
    reads: Sequence[str]


class Side:
    """A server that follows a log of its own, with its clients."""

    def __init__(self, page: Page, connection: Connection, clients: Clients) -> None:
        self.reads = page.reads
        self._page = page
        self._ingest = LogClient(connection, service="ingest")
        self._log = LogClient(connection, service="signals")
        self._clients = clients
        self._last = 0

    async def append(self, events: int) -> None:
        """Let the log hold so many events more."""
        await self._append([_draft() for _ in range(events)])
        await self.get(self._page.has(self._last))

    async def catch_up(self, events: int) -> float:
        """Give how long one client takes to have the newest of so many, in milliseconds."""
        after = self._last - events
        begin_ns = time.monotonic_ns()
        await self._clients.open(self._page.port, f"{self._page.catch_up}&after={after}", 1)
        [arrived] = await self._clients.arrivals(self._last)
        if len(arrived) != events:
            raise RuntimeError(f"expected {events} events, found {len(arrived)}")
        return (arrived[self._last] - begin_ns) / 1e6

    async def fan_out(
        self, *, clients: int, per_s: int, seconds: float
    ) -> tuple[list[float], float]:
        """Append at an even rate, whatever comes back when.

        Gives the time of each event at each client in milliseconds, and the processor's time for
        one of them in microseconds.
        """
        await self._clients.open(self._page.port, self._page.follow, clients)
        clock = asyncio.get_running_loop().time
        busy_s, begin = _busy_s(self._page.pid), clock()
        tasks: list[asyncio.Task[tuple[int, int]]] = []
        for index in range(round(per_s * seconds)):
            await asyncio.sleep(max(0.0, begin + index / per_s - clock()))
            tasks.append(asyncio.create_task(self._send()))
        sent = dict(await asyncio.gather(*tasks))
        self._last = max(sent)
        arrivals = await self._clients.arrivals(self._last)
        busy_s = _busy_s(self._page.pid) - busy_s
        late_ms = [(it[position] - sent[position]) / 1e6 for it in arrivals for position in sent]
        return late_ms, busy_s * 1e6 / len(late_ms)

    async def answers(self, path: str, requests: int) -> list[float]:
        """Ask one after another on one connection; give each time in milliseconds."""
        times_ms: list[float] = []
        reader, writer = await asyncio.open_connection("127.0.0.1", self._page.port)
        for _ in range(requests):
            begin_ns = time.monotonic_ns()
            await _ask(reader, writer, path, self._page.port)
            times_ms.append((time.monotonic_ns() - begin_ns) / 1e6)
        writer.close()
        return times_ms

    async def get(self, path: str) -> bytes:
        """Give an answer's body, once it is there."""
        async with asyncio.timeout(_READY_S_MAX):
            while True:
                try:
                    reader, writer = await asyncio.open_connection("127.0.0.1", self._page.port)
                    body = await _ask(reader, writer, path, self._page.port)
                except (OSError, NotThereYet):
                    await asyncio.sleep(_LOOK_S)
                    continue
                writer.close()
                return body

    async def fill(self) -> int:
        """Let the log hold what makes all answers of the gateway full; give the last position."""
        await self._ingest.append([a_feed(is_replayable=False)])
        await self.get("/readyz")
        await self._append([draft_of(minute_closed(it), it) for it in range(_BARS)])
        await self.append(_PAGE_EVENTS)
        return self._last

    async def _append(self, drafts: Sequence[Draft]) -> None:
        for start in range(0, len(drafts), _APPEND_MAX):
            taken = await self._log.append(drafts[start : start + _APPEND_MAX])
            self._last = taken[-1].position

    async def _send(self) -> tuple[int, int]:
        begin_ns = time.monotonic_ns()
        [appended] = await self._log.append([_draft()])
        return appended.position, begin_ns


@asynccontextmanager
async def gateway() -> AsyncGenerator[Side]:
    """Run the gateway."""
    async with bench_server() as url:
        port = free_port()
        async with service("gateway", url, {"GATEWAY_PORT": str(port)}) as process:
            page = Page(
                port, process.pid, _STREAM, f"{_STREAM}&topics=activity", _event_path, READS
            )
            async with _side(url, page) as side:
                yield side


@asynccontextmanager
async def bare(text_bytes: int, answers_bytes: Sequence[int]) -> AsyncGenerator[Side]:
    """Run the floor; its messages and answers have these sizes."""
    async with bench_server() as url:
        worker = Worker(bare_page.serve, url, text_bytes)
        try:
            page = Page(
                port=await worker.hear(),
                pid=worker.pid,
                follow=bare_page.FOLLOW,
                catch_up=f"{bare_page.CATCH_UP}?",
                has=bare_page.has_path,
                reads=[bare_page.answer_path(it) for it in answers_bytes],
            )
            async with _side(url, page) as side:
                yield side
        finally:
            worker.kill()


@asynccontextmanager
async def _side(url: str, page: Page) -> AsyncGenerator[Side]:
    async with AsyncExitStack() as stack:
        settings = ServiceSettings(nats_url=url)
        connection = await stack.enter_async_context(connected(settings, "bench"))
        clients = await stack.enter_async_context(Clients.running())
        yield Side(page, connection, clients)


def _event_path(position: int) -> str:
    return f"/api/events/{position}"


class NotThereYet(Exception):
    """The server answered, but not with what was asked for."""


async def _ask(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, path: str, port: int
) -> bytes:
    writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    size = next(it for it in head.split("\r\n") if it.startswith("content-length:"))
    body = await reader.readexactly(int(size.partition(":")[2]))
    if not head.startswith("http/1.1 200"):
        raise NotThereYet(f"expected 200 from {path}, found {head!r:.200}")
    return body


_numbers = count(1)


def _draft() -> Draft:
    identity = derive_root_id("bench", "gateway", next(_numbers))
    return entry_signaled(identity, identity)


def _busy_s(pid: int) -> float:
    """Give the processor's time of a process so far, by its clock (clock_getcpuclockid(3))."""
    return time.clock_gettime((~pid << 3) | 2)
