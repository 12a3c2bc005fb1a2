"""The kill switch: from a person's request to the last entry's cancel, as the venue told it.

A real gateway and one execution process, which holds all accounts, work on one server. Each account
has an entry and its stop at rest on the paper venue, which lands what is sent at once. The kill
cancels entries (level `cancel_entries`). Its time begins before the connection for the request and
ends when the last `order_canceled` of an entry, recorded by execution, reaches a reader of the log.

The gateway kills its own account only, so `all` is measured without it: there the global kill is
appended in the gateway's name, and the time begins before that append.

The floor is what no kill can do without: one durable append of the same event and one publish to
somebody else, in plain nats-py, on a server of its own, in turns with ours. Both begin on processes
that were idle for a moment, as a person finds them: a machine that has just done the same is
faster. Beside it stands what the three appends of one account's kill cost alone: the kill, the turn
that signs the cancel, and the turn that records what came of it; the last two are atomic, which
costs several times a plain append.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from uuid import uuid4

from nats.aio.client import Client
from nats.aio.msg import Msg

from bench.kill_desk import Desk, Times
from bench.measure import Row, Size, quantile, row
from bench.raw import listen, open_client, require_taken
from bench.servers import bench_server
from contracts.codec import MESSAGE_ID, encode
from kit.execution_events import a_kill

AIM = 5.0
FLOORS_PER_KILL = 5
IDLE_S = 0.1
"""How long everything rests before a measurement."""
EVENTS_PER_TURN = 5
"""Of a turn that sends: snapshot, mode, intent, plan and signature."""


@dataclass(frozen=True, slots=True)
class Load:
    """So many accounts beside the gateway's, killed so often in a round."""

    others: int
    kills: int


@dataclass(frozen=True, slots=True)
class Plan:
    """The numbers of accounts, each measured so many times."""

    rounds: int
    loads: tuple[Load, ...]


PLANS = {
    Size.FULL: Plan(rounds=3, loads=(Load(0, 30), Load(20, 10), Load(200, 3))),
    Size.QUICK: Plan(rounds=2, loads=(Load(0, 15), Load(20, 5), Load(200, 2))),
    Size.TINY: Plan(rounds=1, loads=(Load(0, 2), Load(2, 1))),
}


@dataclass
class _Round:
    own: list[Times] = field(default_factory=list[Times])
    everybody: list[Times] = field(default_factory=list[Times])
    floor_ms: list[float] = field(default_factory=list[float])
    appends_ms: list[float] = field(default_factory=list[float])


async def run(size: Size) -> list[Row]:
    """Measure a kill with few and many accounts."""
    plan = PLANS[size]
    rows: list[Row] = []
    async with _Floor.running() as floor:
        for load in plan.loads:
            async with Desk.running(load.others) as desk:
                await _kills(desk, floor, 1, _Round())  # Warm up.
                rounds = [_Round() for _ in range(plan.rounds)]
                for each in rounds:
                    await _kills(desk, floor, load.kills, each)
            rows += _rows(load, rounds)
    return rows


async def _kills(desk: Desk, floor: "_Floor", kills: int, into: _Round) -> None:
    for _ in range(kills):
        await desk.open_entries()
        await asyncio.sleep(IDLE_S)
        into.own.append(await desk.kill_own())
        if desk.others:
            await asyncio.sleep(IDLE_S)
            into.everybody.append(await desk.kill_all())
        await desk.resume()
        for _ in range(FLOORS_PER_KILL):
            await asyncio.sleep(IDLE_S)
            into.floor_ms.append(await floor.append_and_publish())
            await asyncio.sleep(IDLE_S)
            into.appends_ms.append(await floor.appends_of_a_kill())


def _rows(load: Load, rounds: Sequence[_Round]) -> list[Row]:
    among = f"one of {load.others + 1} accounts" if load.others else "one account"
    rows = _shown(f"{among}, over HTTP", [it.own for it in rounds], rounds)
    if load.others:
        what = f"all of {load.others} accounts, from the append"
        rows += _shown(what, [it.everybody for it in rounds], rounds)
    return rows


def _shown(what: str, kills: Sequence[Sequence[Times]], rounds: Sequence[_Round]) -> list[Row]:
    rows = [
        row(
            "kill",
            f"{what}, {name} of {len(kills[0])}",
            "ms",
            ours=[quantile([it.canceled for it in each], q) for each in kills],
            floor_name=floor_name,
            floor=[quantile(each, q) for each in floor],
            aim=aim,
            is_latency=True,
        )
        for name, q in (("p50", 0.5), ("p99", 0.99))
        for floor_name, floor, aim in (
            ("append and publish", [it.floor_ms for it in rounds], AIM),
            ("its three appends alone", [it.appends_ms for it in rounds], None),
        )
    ]
    every = [it for each in kills for it in each]
    for until, values in (
        ("the kill is recorded", [it.recorded for it in every]),
        ("the last cancel is signed", [it.signed for it in every]),
    ):
        rows.append(Row("kill", f"  until {until}, p50", "ms", ours=quantile(values, 0.5)))
    return rows


class _Floor:
    """What the log alone costs, in plain nats-py: the messages are ready, and nobody reads them."""

    def __init__(self, sender: Client, receiver: Client) -> None:
        self._sender = sender
        self._receiver = receiver
        self._inbox = receiver.new_inbox()
        self._came = asyncio.Event()
        kill = a_kill()
        self._subject = kill.subject
        self._headers, self._body = encode(kill, source="gateway")
        self._numbers = count(1)

    @classmethod
    @asynccontextmanager
    async def running(cls) -> AsyncGenerator["_Floor"]:
        """Run a server with two clients."""
        async with bench_server() as url:
            floor = cls(await open_client(url), await open_client(url))
            await listen(floor._receiver, floor._inbox, floor._on_message)
            await floor._receiver.flush()
            try:
                yield floor
            finally:
                await floor._sender.close()
                await floor._receiver.close()

    async def append_and_publish(self) -> float:
        """Give the time of one append and one publish, the one after the other, in milliseconds."""
        self._came.clear()
        begin_ns = time.monotonic_ns()
        await self._append({})
        await self._sender.publish(self._inbox, self._body, headers=self._headers)
        await self._came.wait()
        return (time.monotonic_ns() - begin_ns) / 1e6

    async def appends_of_a_kill(self) -> float:
        """Give the time of an append and two atomic ones, which a kill leads to (ADR 7)."""
        begin_ns = time.monotonic_ns()
        await self._append({})
        for _ in range(2):
            await self._append_batch()
        return (time.monotonic_ns() - begin_ns) / 1e6

    async def _append(self, more: Mapping[str, str]) -> None:
        headers = {**self._headers, **self._id(), **more}
        require_taken(
            await self._sender.request(self._subject, self._body, headers=headers, timeout=5)
        )

    async def _append_batch(self) -> None:
        place = {"Nats-Batch-Id": uuid4().hex}
        for number in range(1, EVENTS_PER_TURN):
            place |= {"Nats-Batch-Sequence": str(number)}
            headers = {**self._headers, **self._id(), **place}
            await self._sender.publish(self._subject, self._body, headers=headers)
        await self._append(
            place | {"Nats-Batch-Sequence": str(EVENTS_PER_TURN), "Nats-Batch-Commit": "1"}
        )

    def _id(self) -> dict[str, str]:
        return {MESSAGE_ID: f"{next(self._numbers):036}"}

    async def _on_message(self, message: Msg) -> None:
        del message
        self._came.set()
