"""Four hops: from a command to the durable intent, beside the same chain in plain nats-py.

gateway appends, then four processes each follow the log, and append one event for each that they
hear: ingest a gap, signals an entry, risk a verdict, execution an intent. The floor moves messages
with the same headers and sizes through the same consumers and reads none. In both, a hop publishes
before the answer to its last publish is there. A message's time begins before it is sent and ends
when its last append is acknowledged.
"""

import asyncio
import statistics
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from itertools import count

from bench.chain_nats import NatsChain
from bench.chain_ours import OurChain
from bench.chain_redis import RedisChain, redis_server_binary
from bench.hops import Chain
from bench.measure import Row, Size, quantile, row

AIM = 1.5
SATURATED_P50_MS = 50.0
"""From here on the machine cannot keep up even with the floor: queues are compared, not chains."""


@dataclass(frozen=True, slots=True)
class Load:
    """One rate, and how long to keep it up in a round."""

    per_s: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Plan:
    """The rates, each measured so many times."""

    rounds: int
    loads: tuple[Load, ...]


PLANS = {
    Size.FULL: Plan(rounds=5, loads=(Load(10, 3), Load(100, 2), Load(500, 2))),
    Size.QUICK: Plan(rounds=2, loads=(Load(10, 1.5), Load(100, 1), Load(500, 1))),
    Size.TINY: Plan(rounds=1, loads=(Load(100, 0.2),)),
}


@dataclass
class _Times:
    """p50 and p99 of each round, in milliseconds."""

    p50: list[float] = field(default_factory=list[float])
    p99: list[float] = field(default_factory=list[float])

    def add(self, times_ms: Sequence[float]) -> None:
        self.p50.append(quantile(times_ms, 0.5))
        self.p99.append(quantile(times_ms, 0.99))


async def run(size: Size) -> list[Row]:
    """Measure every chain at every rate, in turns."""
    plan = PLANS[size]
    rows: list[Row] = []
    async with AsyncExitStack() as stack:
        ours = await stack.enter_async_context(OurChain.running())
        floors: dict[str, Chain] = {"nats-py": await stack.enter_async_context(NatsChain.running())}
        if redis_server_binary() is None:
            print("redis-server not installed, so no Redis Streams chain", flush=True)
        else:
            floors["Redis Streams"] = await stack.enter_async_context(RedisChain.running())
        chains: dict[str, Chain] = {**floors, "ours": ours}
        for chain in chains.values():
            await send(chain, Load(100, 0.2))  # Warm up.
        for load in plan.loads:
            times = {name: _Times() for name in chains}
            for _ in range(plan.rounds):
                for name, chain in chains.items():
                    times[name].add(await send(chain, load))
            rows += _rows(load, times)
    return rows


def _rows(load: Load, times: dict[str, _Times]) -> list[Row]:
    is_saturated = statistics.median(times["nats-py"].p50) > SATURATED_P50_MS
    return [
        row(
            "latency",
            f"four hops at {load.per_s}/s, {name}" + (", saturated" if is_saturated else ""),
            "ms",
            ours=getattr(times["ours"], name),
            floor_name=floor_name,
            floor=getattr(floor, name),
            aim=AIM if floor_name == "nats-py" and not is_saturated else None,
            is_latency=True,
        )
        for name in ("p50", "p99")
        for floor_name, floor in times.items()
        if floor_name != "ours"
    ]


_numbers = count(1)


async def send(chain: Chain, load: Load) -> list[float]:
    """Send at an even rate, whatever comes back when; give each message's time in milliseconds."""
    sent: dict[int, int] = {}
    messages = max(1, round(load.per_s * load.seconds))
    clock = asyncio.get_running_loop().time
    begin = clock()
    for index in range(messages):
        await asyncio.sleep(max(0.0, begin + index / load.per_s - clock()))
        number = next(_numbers)
        sent[number] = time.monotonic_ns()
        await chain.send(number)
    arrived = await chain.arrived(messages)
    return [(arrived[number] - sent_ns) / 1e6 for number, sent_ns in sent.items()]
