"""The services themselves: from the trade that closes a bar to the signed entry.

The processes are those of `just up` on a tape: ingest, signals, risk, execution and the gateway,
under their default settings; only the archive is left out, which nobody waits for. The tape signals
every six minutes and plays fast. The time begins when MARKET stores the trade that closes the bar
and ends when the event, recorded, reaches a reader of the log.

On the way to a signed entry lie four appends, each caused by the one before or by the same trade:
minute and signal; the venue's word that it has worked the trade; the verdict; and one atomic append
of snapshot, intents, plan and signature. The floor is the chain of four hops in plain nats-py of
the `latency` section, at ten messages a second, before and after ours.
"""

import tempfile
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from bench import bench_latency
from bench.bench_latency import Load
from bench.bench_ticks import write_tape
from bench.chain_nats import NatsChain
from bench.listener import Heard, Listener
from bench.measure import Row, Size, quantile, row
from bench.processes import service
from bench.servers import bench_server
from bench.waves import MINUTES_PER_SIGNAL, WARM_UP_MINUTES, number_at, square_wave
from chassis import jetstream
from chassis.connection import Connection, connected
from chassis.settings import ServiceSettings
from contracts.codec import CORRELATION_ID
from contracts.signal import EntrySignaled
from contracts.subjects import StreamName
from contracts.ticks import Trade, decode_tick
from contracts.values import to_millis

AIM = bench_latency.AIM
_MILESTONES = {
    "entry_signaled": "signaled",
    "order_approved": "judged",
    "order_denied": "judged",
    "transaction_signed": "signed",
}
_WARM_UP = Load(100, 0.2)


@dataclass(frozen=True, slots=True)
class Plan:
    """How many signals to measure, how fast the tape plays, and how the floor is loaded."""

    signals: int
    speed: int
    floor: Load


PLANS = {
    Size.FULL: Plan(signals=100, speed=360, floor=Load(10, 5)),
    Size.QUICK: Plan(signals=32, speed=360, floor=Load(10, 2)),
    Size.TINY: Plan(signals=1, speed=60_000, floor=Load(100, 0.1)),
}


async def run(size: Size) -> list[Row]:
    """Measure the services between two measurements of the floor."""
    plan = PLANS[size]
    async with NatsChain.running() as chain:
        await bench_latency.send(chain, _WARM_UP)
        floor = await bench_latency.send(chain, plan.floor)
        ours = await _play(plan)
        floor += await bench_latency.send(chain, plan.floor)
    return [
        row(
            "services",
            f"bar closed to {until}, {name} of {len(times)}",
            "ms",
            ours=[quantile(times, q)],
            floor_name="four hops of nats-py",
            floor=[quantile(floor, q)],
            aim=aim,
            is_latency=True,
        )
        for until, times, aim in (
            ("entry signaled", ours["signaled"], None),
            ("verdict", ours["judged"], None),
            ("entry intended and signed", ours["signed"], AIM),
        )
        for name, q in (("p50", 0.5), ("p99", 0.99))
    ]


async def _play(plan: Plan) -> dict[str, list[float]]:
    """Play a tape through the services; give the times until each milestone, in milliseconds."""
    signals = plan.signals + 1  # Once the last is judged, all before it is worked.
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-"))
        tape = Path(folder) / "SOLUSDT_bench_trades.csv"
        write_tape(tape, square_wave(WARM_UP_MINUTES + MINUTES_PER_SIGNAL * (signals + 2)))
        url = await stack.enter_async_context(bench_server())
        settings = ServiceSettings(nats_url=url)
        connection = await stack.enter_async_context(connected(settings, "bench"))
        listener = await stack.enter_async_context(
            Listener.on(
                url,
                "signals.>",
                "verdicts.>",
                "orders.>",
                clock_ns=time.time_ns,
                name_of=lambda it: _MILESTONES.get(it.event_type, ""),
            )
        )
        feed = {"FEED": "tape", "TAPE_FILES": str(tape), "TAPE_SPEED": str(plan.speed)}
        # Stops are hit by design; small ones, so that no day ends early.
        account = {"GATEWAY_PORT": "0", "RISK_PER_TRADE_BP": "1", "DAILY_STOP_PCT": "10"}
        for name, environment in (
            ("gateway", account),
            ("execution", {}),
            ("risk", {}),
            ("signals", {}),
            ("ingest", feed),
        ):
            await stack.enter_async_context(service(name, url, environment))
        await listener.until("judged", signals)
        return await _times(connection, listener.heard, plan.signals)


async def _times(
    connection: Connection, heard: Sequence[Heard], signals: int
) -> dict[str, list[float]]:
    """Take the first signals' times; of what a signal causes, the first of each kind counts."""
    lives: dict[str, dict[str, Heard]] = {}
    for it in heard:
        if (milestone := _MILESTONES.get(it.event_type)) is not None:
            lives.setdefault(it.headers[CORRELATION_ID], {}).setdefault(milestone, it)
    times: dict[str, list[float]] = {"signaled": [], "judged": [], "signed": []}
    for life in list(lives.values())[:signals]:
        closed_ns = await _closed_ns(connection, life["signaled"])
        for milestone, it in life.items():
            times[milestone].append((it.at_ns - closed_ns) / 1e6)
    if not times["signed"]:
        raise RuntimeError(f"expected a signed entry after {signals} signals, found none")
    return times


async def _closed_ns(connection: Connection, signaled: Heard) -> int:
    """Give the server's time of the trade that closed a signal's bar: MARKET holds them all."""
    closed_ms = to_millis(EntrySignaled.model_validate_json(signaled.body).closed_at)
    found = await jetstream.stored(connection, StreamName.MARKET, {"seq": 1 + number_at(closed_ms)})
    if found is None or not found.headers:
        raise RuntimeError(f"expected the trade at {closed_ms} in MARKET, found none")
    tick = decode_tick(found.data)
    if not isinstance(tick, Trade) or tick.t != closed_ms:
        raise RuntimeError(f"expected the trade at {closed_ms}, found {tick}")
    return round(jetstream.stored_time(found.headers["Nats-Time-Stamp"]).timestamp() * 1e9)
