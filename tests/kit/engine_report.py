"""Many lives at once, and the table that seeded ones make: `python -m kit.engine_report`."""

import argparse
import logging
import multiprocessing
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import structlog

from kit.engine_machine import run_machine
from kit.engine_runs import Life, live

MACHINE_RUNS = 20
LIVES_OF_A_NET = 10
"""After so many lives the accounts of the earlier ones slow a private chain down."""


@dataclass(frozen=True, slots=True)
class Report:
    """What some whole lives came to."""

    lives: int
    with_fills: int
    setups: int
    crashes: int
    moves: int
    kills: int
    naked_p50: int
    naked_p90: int
    naked_p99: int
    naked_max: int
    outcomes: Counter[str]


def survey(lives: Sequence[Life]) -> Report:
    """Sum up lives; slots without a stop are each life's longest run, over lives with fills."""
    naked = sorted(it.naked_slots for it in lives if it.has_filled)
    return Report(
        lives=len(lives),
        with_fills=len(naked),
        setups=sum(it.setups for it in lives),
        crashes=sum(it.crashes for it in lives),
        moves=sum(it.moves for it in lives),
        kills=sum(it.kills for it in lives),
        naked_p50=_quantile(naked, 50),
        naked_p90=_quantile(naked, 90),
        naked_p99=_quantile(naked, 99),
        naked_max=_quantile(naked, 100),
        outcomes=Counter(outcome for it in lives for outcome in it.outcomes),
    )


def table(report: Report, broken: Sequence[str]) -> str:
    """Write a report for people; `broken` are the lives that an invariant ended."""
    rows = [
        ("lives", report.lives),
        ("… with fills", report.with_fills),
        ("setups", report.setups),
        ("crashes", report.crashes),
        ("moves of orders", report.moves),
        ("kills", report.kills),
        ("broken lives", len(broken)),
        ("… by an incomplete kill (I8)", sum(" I8: incomplete" in it for it in broken)),
        ("… by double exposure (I1)", sum(" I1:" in it for it in broken)),
        ("… by a position flip (I2)", sum(" I2:" in it for it in broken)),
        ("… by a position without a stop (I4)", sum(" I4:" in it for it in broken)),
        ("… by a signature after kill or revoke (I8, I9)", sum(_is_late(it) for it in broken)),
        (
            "slots without a stop, p50 / p90 / p99 / max",
            f"{report.naked_p50} / {report.naked_p90} / {report.naked_p99} / {report.naked_max}",
        ),
        *sorted(report.outcomes.items(), key=lambda it: -it[1]),
    ]
    return "\n".join(f"{name:<50}{value}" for name, value in rows)


def _is_late(broken: str) -> bool:
    return " I9: signed" in broken or (" I8:" in broken and "after a kill" in broken)


def _quantile(ordered: Sequence[int], percent: int) -> int:
    """Give the smallest value that so many of all do not exceed; 0 of none."""
    if not ordered:
        return 0
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]


def _machine_or_say(seed: int) -> str | None:
    try:
        return run_machine(seed, runs=MACHINE_RUNS, shrinks=True)
    except AssertionError as broken:
        return "\n".join((str(broken), *getattr(broken.__cause__, "__notes__", ())))


def _live_or_say(seed: int) -> Life | str:
    try:
        return live(seed)
    except AssertionError as broken:
        return str(broken)


def _live_on_program(seeds: Sequence[int]) -> list[Life | str]:
    from kit.chain_lives import live_through  # noqa: PLC0415  It needs the packages of the venue.

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    return live_through(seeds)


def _on_program(seeds: Sequence[int], processes: int | None) -> list[Life | str]:
    """Live on the real program, so many seeds on one chain."""
    groups = [seeds[at : at + LIVES_OF_A_NET] for at in range(0, len(seeds), LIVES_OF_A_NET)]
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        return [it for group in pool.imap_unordered(_live_on_program, groups) for it in group]


def main(arguments: Iterable[str] | None = None) -> int:
    """Live as long as asked; give 1 when an invariant broke."""
    parser = argparse.ArgumentParser(prog="simulate", description=main.__doc__)
    parser.add_argument("--runs", type=int, default=200, help="seeded lives (200)")
    parser.add_argument("--seed", type=int, default=0, help="the first seed (0)")
    parser.add_argument("--report", action="store_true", help="3,000 lives")
    parser.add_argument(
        "--machine",
        action="store_true",
        help=f"the state machine, {MACHINE_RUNS} lives a seed; a broken one is shortened",
    )
    parser.add_argument(
        "--venue",
        choices=("paper", "drift"),
        default="paper",
        help="drift: the real program, its path in DRIFT_SO, behind RPC that loses, lags and lies",
    )
    options = parser.parse_args(None if arguments is None else list(arguments))
    runs = 3_000 if options.report else options.runs
    seeds = range(options.seed, options.seed + runs)
    if options.venue == "drift":
        results = _on_program(seeds, os.cpu_count())
    else:
        live_one = _machine_or_say if options.machine else _live_or_say
        with multiprocessing.get_context("spawn").Pool(os.cpu_count()) as pool:
            results = list(pool.imap_unordered(live_one, seeds, chunksize=4))
    broken = [it for it in results if isinstance(it, str)]
    for line in broken:
        print(f"BROKEN {line}")
    if options.machine:
        print(f"{len(broken)} of {runs} seeds of the machine are broken")
    else:
        print(table(survey([it for it in results if isinstance(it, Life)]), broken))
    return 1 if broken else 0


if __name__ == "__main__":
    raise SystemExit(main())
