"""The gateway: from an append to the last of many clients, answers to requests, and catching up.

A real gateway and a bare Litestar page (`bare_page`) each follow a log of their own, on a server of
their own, and serve the same clients in turns. The page hears the log by plain nats-py, reads
nothing of it and sends as many bytes. An event's time begins before its append and ends when a
client has it. The processor's time is the server's own, by event and client, because that is what
bounds how many clients a gateway can have.
"""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from bench.measure import Row, Size, quantile, row
from bench.page_sides import READS, Side, bare, gateway

AIM = 2.0


@dataclass(frozen=True, slots=True)
class Plan:
    """How much of each, measured so many times."""

    rounds: int
    clients: int
    per_s: int
    seconds: float
    requests: int
    backlog: int


PLANS = {
    Size.FULL: Plan(rounds=5, clients=200, per_s=100, seconds=4, requests=400, backlog=10_000),
    Size.QUICK: Plan(rounds=2, clients=200, per_s=100, seconds=2, requests=200, backlog=10_000),
    Size.TINY: Plan(rounds=1, clients=3, per_s=50, seconds=0.2, requests=5, backlog=50),
}


@dataclass
class _Round:
    late_ms: list[float] = field(default_factory=list[float])
    """From an append to each client."""
    busy_us: float = 0.0
    """Of the server's processor, for one event to one client."""
    caught_up_ms: float = 0.0
    answered_ms: list[list[float]] = field(default_factory=list[list[float]])
    """Of each kind of request."""


async def run(size: Size) -> list[Row]:
    """Measure the gateway and the bare page in turns."""
    plan = PLANS[size]
    async with AsyncExitStack() as stack:
        ours = await stack.enter_async_context(gateway())
        last = await ours.fill()
        text_bytes = len(await ours.get(f"/api/events/{last}"))
        answers_bytes = [len(await ours.get(path)) for path in READS]
        floor = await stack.enter_async_context(bare(text_bytes, answers_bytes))
        for side in (ours, floor):
            await side.append(plan.backlog)
            await _measure(side, PLANS[Size.TINY])  # Warm up.
        rounds = [
            (await _measure(ours, plan), await _measure(floor, plan)) for _ in range(plan.rounds)
        ]
    return _rows(plan, [it for it, _ in rounds], [it for _, it in rounds])


async def _measure(side: Side, plan: Plan) -> _Round:
    found = _Round(caught_up_ms=await side.catch_up(plan.backlog))
    found.late_ms, found.busy_us = await side.fan_out(
        clients=plan.clients, per_s=plan.per_s, seconds=plan.seconds
    )
    found.answered_ms = [await side.answers(path, plan.requests) for path in side.reads]
    return found


def _rows(plan: Plan, ours: Sequence[_Round], floor: Sequence[_Round]) -> list[Row]:
    what = f"{plan.per_s}/s from the append to {plan.clients} clients"
    rows = [
        _against(
            f"{what}, {name}",
            "ms",
            [quantile(it.late_ms, q) for it in ours],
            [quantile(it.late_ms, q) for it in floor],
            aim=AIM,
        )
        for name, q in (("p50", 0.5), ("p99", 0.99))
    ]
    rows.append(
        _against(
            "  of the server's processor, by event and client",
            "us",
            [it.busy_us for it in ours],
            [it.busy_us for it in floor],
        )
    )
    rows.append(
        _against(
            f"a client catches up with {plan.backlog:,} events",
            "ms",
            [it.caught_up_ms for it in ours],
            [it.caught_up_ms for it in floor],
            aim=AIM,
        )
    )
    for number, path in enumerate(READS):
        for name, q in (("p50", 0.5), ("p99", 0.99)):
            rows.append(
                _against(
                    f"GET {path.partition('?')[0]}, {name} of {plan.requests}",
                    "ms",
                    [quantile(it.answered_ms[number], q) for it in ours],
                    [quantile(it.answered_ms[number], q) for it in floor],
                )
            )
    return rows


def _against(
    what: str,
    unit: str,
    ours: Sequence[float],
    floor: Sequence[float],
    *,
    aim: float | None = None,
) -> Row:
    return row(
        "gateway",
        what,
        unit,
        ours=ours,
        floor_name="bare Litestar",
        floor=floor,
        aim=aim,
        is_latency=True,
    )
