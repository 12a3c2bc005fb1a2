"""kill -9 of any service and of nats-server, at any moment, leaves the same log.

Each seed is one schedule: which processes die, and when. A failure names its seed; the schedule
follows from it.
"""

import random
from pathlib import Path

import pytest

from kit.postgres import PostgresServer
from kit.runs import Run, run_tape
from kit.stack import ALL, Stack, domain_log, first_difference
from kit.zygote import Zygote

VICTIMS = (*ALL, "nats-server")
KILLS = 3
SEEDS = range(30)
QUICK = SEEDS[:6]
SOAK = [pytest.param(seed, marks=pytest.mark.soak) for seed in SEEDS[6:]]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", [*QUICK, *SOAK])
async def test_a_kill_at_any_moment_leaves_the_same_log(  # noqa: PLR0917 - fixtures, by name
    seed: int,
    tape: Path,
    undisturbed: Run,
    tmp_path: Path,
    zygote: Zygote,
    postgres: PostgresServer,
) -> None:
    schedule = schedule_of(seed)

    async def disturb(stack: Stack) -> None:
        for moment, victim in schedule:
            await stack.reaches(int(moment * len(undisturbed.events)))
            if victim == "nats-server":
                await stack.nats.restart()
            else:
                stack.kill(victim)

    run = await run_tape(tmp_path, str(tape), zygote=zygote, postgres=postgres, disturb=disturb)

    difference = first_difference(domain_log(undisturbed.events), domain_log(run.events))
    assert difference is None, f"seed {seed}, {schedule}: {difference}"
    count = len(run.events)
    assert run.archived == (1, count, count, count), f"seed {seed}, {schedule}"
    assert run.deaths == [], f"seed {seed}, {schedule}: {run.deaths}"


def test_the_schedules_kill_every_process_early_and_late() -> None:
    moments = [(victim, moment) for seed in SEEDS for moment, victim in schedule_of(seed)]
    for victim in VICTIMS:
        of_victim = [moment for name, moment in moments if name == victim]
        assert len(of_victim) >= 10
        assert min(of_victim) < 1 / 3 < 2 / 3 < max(of_victim)


def schedule_of(seed: int) -> list[tuple[float, str]]:
    """Give the moments, as parts of the undisturbed log, and who dies then."""
    chance = random.Random(seed)
    victims = [VICTIMS[(seed + offset) % len(VICTIMS)] for offset in (0, 2, 5)]
    moments = sorted(chance.random() for _ in range(KILLS))
    chance.shuffle(victims)
    return list(zip(moments, victims, strict=True))
