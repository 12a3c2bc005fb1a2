"""The desk that is killed: a gateway and an execution process, and the bench as everybody else."""

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from itertools import count

import msgspec

from bench.listener import Heard, Listener
from bench.processes import service
from bench.servers import bench_server
from chassis import jetstream
from chassis.connection import Connection, connected
from chassis.log import LogClient
from chassis.market import MarketClient
from chassis.settings import ServiceSettings
from contracts.event import Draft
from contracts.ids import SourceVenue, Symbol
from contracts.subjects import StreamName, trades
from contracts.ticks import encode_tick
from kit.execution_events import (
    ACCOUNT,
    SYMBOL,
    VENUE,
    a_feed,
    a_kill,
    a_print,
    a_resume,
    an_account,
    an_approval,
)
from kit.servers import free_port

_APPEND_MAX = 400
_HOURS_APART = 2
"""Chain time between two kills, so that no account runs out of its hourly fees."""
_HOUR_MS = 3_600_000
_PRICE = "100.02"
"""So near to the entries, at 100, that the market has not left them."""
_PRINT_EVERY_S = 2
_SETTLED_S_MAX = 120.0
_CONSUMERS = ("execution-plan-orders", "gateway-show-log")
_ENTRY_CANCELED = "order_canceled entry"
_KILL = b'{"reason": "bench", "level": "cancel_entries"}'
_RESUME = b'{"reason": "bench"}'


@dataclass(frozen=True, slots=True)
class Times:
    """What one kill took, in milliseconds."""

    recorded: float
    """Until the kill itself was in the log."""
    signed: float
    """Until the last cancel was decided, signed and recorded: it is sent right after."""
    canceled: float
    """Until the last entry's cancel was told and recorded."""


class Desk:
    """A gateway and an execution process, and everybody else played by the bench."""

    def __init__(
        self, connection: Connection, listener: Listener, port: int, others: Sequence[str]
    ) -> None:
        self.others = tuple(others)
        self._listener = listener
        self._port = port
        self._connection = connection
        log = partial(LogClient, connection)
        self._gateway, self._risk = log(service="gateway"), log(service="risk")
        self._market = MarketClient(connection)
        self._prints = count(1)
        self._kills = 0

    @classmethod
    @asynccontextmanager
    async def running(cls, others: int) -> AsyncGenerator["Desk"]:
        """Run both processes with the gateway's account and so many others."""
        async with AsyncExitStack() as stack:
            url = await stack.enter_async_context(bench_server())
            settings = ServiceSettings(nats_url=url)
            connection = await stack.enter_async_context(connected(settings, "bench"))
            listener = await stack.enter_async_context(
                Listener.on(
                    url,
                    "control.>",
                    "orders.>",
                    "venue.>",
                    clock_ns=time.monotonic_ns,
                    name_of=_name_of,
                )
            )
            await LogClient(connection, service="ingest").append([a_feed(is_replayable=False)])
            port = free_port()
            for name, environment in (
                ("gateway", {"GATEWAY_PORT": str(port)}),
                ("execution", {"PAPER_IS_CALM": "true"}),
            ):
                await stack.enter_async_context(service(name, url, environment))
            await listener.until("account_opened", 1)
            desk = cls(connection, listener, port, [f"desk-{it:03}" for it in range(others)])
            await desk._begin()
            yield desk

    async def open_entries(self) -> None:
        """Let every account have an entry with its stop at rest, while the market goes on."""
        number = self._kills
        names = (ACCOUNT, *self.others)
        at_ms = number * _HOURS_APART * _HOUR_MS
        if number:
            advanced = self._listener.count("venue_advanced")
            await self._print(at_ms)
            await self._listener.until("venue_advanced", advanced + 1)
        approvals = [an_approval(f"{number}/{it}", account=it, milliseconds=at_ms) for it in names]
        await _append(self._risk, approvals)
        async with self._printing(at_ms):
            await self._listener.until("order_placed", (number + 1) * 2 * len(names))
        await self._settled()

    async def kill_own(self) -> Times:
        """Kill the gateway's account over HTTP."""
        self._listener.forget()
        begin_ns = time.monotonic_ns()
        await _post(self._port, "/api/engine/kill", _KILL)
        await self._listener.until(_ENTRY_CANCELED, self._kills * (1 + len(self.others)) + 1)
        return _times(self._listener.heard, begin_ns)

    async def kill_all(self) -> Times:
        """Kill everybody with one global kill."""
        self._listener.forget()
        kill = a_kill(f"kill {self._kills}")
        begin_ns = time.monotonic_ns()
        await self._gateway.append([kill])
        await self._listener.until(_ENTRY_CANCELED, (self._kills + 1) * (1 + len(self.others)))
        return _times(self._listener.heard, begin_ns)

    async def resume(self) -> None:
        """Lift the kills once all setups are over."""
        self._kills += 1
        await self._listener.until("setup_closed", self._kills * (1 + len(self.others)))
        await _post(self._port, "/api/engine/resume", _RESUME)
        if self.others:
            await self._gateway.append([a_resume(f"resume {self._kills}")])

    async def _begin(self) -> None:
        await _append(self._gateway, [an_account(it) for it in self.others])
        await self._listener.until("account_opened", 1 + len(self.others))
        await self._print(0)

    async def _settled(self) -> None:
        """Wait until both processes have heard the whole log: what is behind is not the kill's."""
        async with asyncio.timeout(_SETTLED_S_MAX):
            for consumer in _CONSUMERS:
                while await self._lag(consumer):  # noqa: ASYNC110  Another process.
                    await asyncio.sleep(0.05)

    async def _lag(self, consumer: str) -> int:
        """Give what waits for a consumer, whose every process may have one of its own."""
        lists = await jetstream.insist_call(self._connection, f"CONSUMER.LIST.{StreamName.LOG}")
        found = [it for it in lists["consumers"] if it["name"].startswith(consumer)]
        assert found, f"expected a consumer {consumer}, found none"
        return sum(int(it["num_pending"]) + int(it["num_ack_pending"]) for it in found)

    @asynccontextmanager
    async def _printing(self, at_ms: int) -> AsyncGenerator[None]:
        """Print on, so that the venue's oracle does not turn stale while many accounts open."""

        async def go_on() -> None:
            for passed_s in count(_PRINT_EVERY_S, _PRINT_EVERY_S):
                await asyncio.sleep(_PRINT_EVERY_S)
                await self._print(at_ms + passed_s * 1000)

        printing = asyncio.create_task(go_on())
        try:
            yield
        finally:
            printing.cancel()

    async def _print(self, at_ms: int) -> None:
        async with self._market.publisher() as publisher:
            trade = a_print(next(self._prints), _PRICE, milliseconds=at_ms)
            subject = trades(SourceVenue(VENUE), Symbol(SYMBOL))
            await publisher.publish(subject, encode_tick(trade))


def _name_of(heard: Heard) -> str:
    if heard.event_type != "order_canceled":
        return heard.event_type
    return f"order_canceled {msgspec.json.decode(heard.body)['leg']}"


def _times(heard: Sequence[Heard], begin_ns: int) -> Times:
    """Give the times of the kill that was heard first, up to the last entry's cancel."""
    recorded = next(it.at_ns for it in heard if it.event_type == "kill_switch_engaged")
    canceled = max(it.at_ns for it in heard if _name_of(it) == _ENTRY_CANCELED)
    first_signed: dict[str, int] = {}
    for it in heard:
        if it.event_type == "transaction_signed":
            first_signed.setdefault(it.subject, it.at_ns)
    signed = max(at_ns for at_ns in first_signed.values() if at_ns <= canceled)
    return Times(*((at_ns - begin_ns) / 1e6 for at_ns in (recorded, signed, canceled)))


async def _append(log: LogClient, drafts: Sequence[Draft]) -> None:
    for start in range(0, len(drafts), _APPEND_MAX):
        await log.append(drafts[start : start + _APPEND_MAX])


async def _post(port: int, path: str, body: bytes) -> None:
    """Send a request to the gateway, without a client library's own time.

    Raises RuntimeError when it is refused.
    """
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(head.encode() + body)
    answer = await reader.read()
    writer.close()
    if answer.split(b" ", 2)[1] != b"202":
        raise RuntimeError(f"expected 202 from {path}, found {answer.decode()!r:.500}")
