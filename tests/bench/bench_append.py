"""Durable appends: LogClient.append against plain publishes of the same bytes.

The server syncs before it acknowledges. Both write to the same LOG on one connection each; the
floor sends what was encoded before, ours encodes, traces, counts and judges every answer.
"""

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count, islice
from multiprocessing.connection import Connection as Pipe

from nats.aio.client import Client

from bench.events import order_intended, root_id
from bench.measure import Row, Size, row
from bench.processes import Worker, working
from bench.raw import WindowedPublisher, open_client, require_taken
from bench.servers import bench_server
from chassis.connection import connected
from chassis.log import LogClient
from chassis.settings import ServiceSettings
from chassis.telemetry import append_span, set_up_logging, set_up_tracing
from contracts.codec import encode
from contracts.event import Draft

AIM = 0.7
IN_FLIGHT = 64
_SERVICE = "execution"


@dataclass(frozen=True, slots=True)
class Plan:
    """How much to append per round."""

    rounds: int
    serial: int
    in_flight: int


PLANS = {
    Size.FULL: Plan(rounds=9, serial=500, in_flight=3000),
    Size.QUICK: Plan(rounds=5, serial=250, in_flight=1500),
    Size.TINY: Plan(rounds=1, serial=10, in_flight=128),
}


async def run(size: Size) -> list[Row]:
    """Measure one append after the other, and many in flight."""
    async with bench_server() as url:
        worker = Worker(_work, url, PLANS[size])
        async with working(worker):
            return await worker.hear()


def _work(pipe: Pipe, url: str, plan: Plan) -> None:
    """Measure in a process that is set up as a service's."""
    set_up_logging(service=_SERVICE, instance="bench", level="warning")
    set_up_tracing(service=_SERVICE, instance="bench")
    pipe.send("ready")
    pipe.send(asyncio.run(_measure(url, plan)))
    pipe.recv()


async def _measure(url: str, plan: Plan) -> list[Row]:
    numbers = count(1)
    rows: list[Row] = []
    async with connected(ServiceSettings(nats_url=url), _SERVICE) as connection:
        log = LogClient(connection, service=_SERVICE)
        client = await open_client(url)
        for what, in_flight, events in (
            ("serial", 1, plan.serial),
            (f"{IN_FLIGHT} in flight", IN_FLIGHT, plan.in_flight),
        ):
            ours: list[float] = []
            floor: list[float] = []
            for _ in range(plan.rounds):
                floor.append(await _floor(client, _drafts(numbers, events), in_flight))
                ours.append(await _ours(log, _drafts(numbers, events), in_flight))
            rows.append(_row(what, ours, floor))
        await client.close()
    return rows


def _drafts(numbers: Iterator[int], events: int) -> list[Draft]:
    roots = (root_id(number) for number in islice(numbers, events))
    return [order_intended(root, root) for root in roots]


def _row(what: str, ours: Sequence[float], floor: Sequence[float]) -> Row:
    return row(
        "append",
        f"durable appends, {what}",
        "events/s",
        ours=ours,
        floor_name="nats-py publish",
        floor=floor,
        aim=AIM,
    )


async def _ours(log: LogClient, drafts: Sequence[Draft], in_flight: int) -> float:
    waiting = iter(drafts)

    async def appender() -> None:
        for draft in waiting:
            await log.append([draft])

    begin = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(in_flight):
            group.create_task(appender())
    return len(drafts) / (time.perf_counter() - begin)


async def _floor(client: Client, drafts: Sequence[Draft], in_flight: int) -> float:
    messages = [_message(draft) for draft in drafts]
    begin = time.perf_counter()
    if in_flight == 1:
        for subject, headers, body in messages:
            require_taken(await client.request(subject, body, headers=headers, timeout=5))
    else:
        publisher = WindowedPublisher(client, window=in_flight)
        await publisher.start()
        begin = time.perf_counter()
        for subject, headers, body in messages:
            await publisher.publish(subject, body, headers)
        await publisher.flush()
    return len(drafts) / (time.perf_counter() - begin)


def _message(draft: Draft) -> tuple[str, dict[str, str], bytes]:
    """Give what LogClient sends for a draft, its trace included."""
    headers, body = encode(draft, source=_SERVICE)
    with append_span([draft]) as trace:
        return draft.subject, headers | dict(trace), body
