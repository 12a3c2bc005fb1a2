"""Measure the spine, each figure beside its floor from the same run: `just bench [SECTION...]`."""

import argparse
import asyncio
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from bench import (
    bench_append,
    bench_audit,
    bench_execution,
    bench_gateway,
    bench_kill,
    bench_latency,
    bench_planner,
    bench_services,
    bench_ticks,
)
from bench.measure import Row, Size
from bench.report import record, table
from chassis.telemetry import set_up_logging
from localnet.builds import NoProgram

_AUDIT_AIM = 0.5


async def _audit(_size: Size) -> list[Row]:
    """Measure the archive and the replay; they have one size."""
    figures = await asyncio.to_thread(bench_audit.run)
    archive = Row(
        "audit",
        "events archived, chained and projected",
        "events/s",
        ours=figures["audit_events_per_s"],
        floor_name="bare COPY",
        floor=figures["copy_events_per_s"],
        ratio=figures["ratio"],
        rounds=bench_audit.ROUNDS,
        aim=_AUDIT_AIM,
    )
    replay = Row("audit", "events replayed", "events/s", ours=figures["replay_events_per_s"])
    return [archive, replay]


SECTIONS: dict[str, Callable[[Size], Awaitable[list[Row]]]] = {
    "ticks": bench_ticks.run,
    "latency": bench_latency.run,
    "services": bench_services.run,
    "kill": bench_kill.run,
    "gateway": bench_gateway.run,
    "planner": bench_planner.run,
    "execution": bench_execution.run,
    "append": bench_append.run,
    "audit": _audit,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the sections that were asked for, all of them by default; print and keep the figures."""
    parser = argparse.ArgumentParser(prog="just bench", description=__doc__, allow_abbrev=False)
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=", ".join(SECTIONS))
    parser.add_argument("--quick", action="store_true", help="a third of the time, more noise")
    parser.add_argument("--json", type=Path, metavar="FILE", help="append one JSON line")
    options = parser.parse_args(arguments)
    unknown = [name for name in options.sections if name not in SECTIONS]
    if unknown:
        parser.error(f"expected sections among {', '.join(SECTIONS)}, found {unknown[0]!r}")
    set_up_logging(service="bench", instance="bench", level="warning")
    size = Size.QUICK if options.quick else Size.FULL
    rows = asyncio.run(_measure(options.sections or list(SECTIONS), size))
    print("\n" + table(rows), flush=True)
    if options.json is not None:
        with options.json.open("a", encoding="utf-8") as file:
            file.write(record(rows, size) + "\n")
    return 0 if rows else 1


async def _measure(sections: Sequence[str], size: Size) -> list[Row]:
    rows: list[Row] = []
    for name in sections:
        begin = time.monotonic()
        print(f"{name} ...", end=" ", file=sys.stderr, flush=True)
        try:
            rows += await SECTIONS[name](size)
        except NoProgram as missing:
            print(f"NOT MEASURED: {missing}", file=sys.stderr, flush=True)
            continue
        print(f"{time.monotonic() - begin:.0f} s", file=sys.stderr, flush=True)
    return rows
