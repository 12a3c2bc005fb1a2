"""The planner alone: how many snapshots of an account one core decides on.

What it is asked is recorded in seeded lives of the engine: states and snapshots before, while and
after an entry works, a position is held, a kill or a loss goes on, on the paper chain as it is by
default and on a rough one. Most snapshots lead to nothing, as when a desk waits. An account without
an order, a position and news is not looked at by execution at all, and so not counted here.

The floor is decoding the same snapshots from their JSON, as it stands in the log: whoever wants a
decision on a snapshot, live or in a replay, pays that anyway. Both are CPU time of this process, so
that they speak of a core, however busy the machine is.
"""

import asyncio
import gc
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from unittest import mock

from bench.measure import Row, Size, row
from contracts.venue import VenueObserved
from execution.domain.account import AccountState
from execution.domain.deliberation import Decision
from execution.domain.planner import PlannerCore
from execution.venues.paper.rules import PaperRules
from kit.engine_runs import ROUGH, live

SLOT_S = PaperRules().slot_ms / 1000
"""A chain shows something new so often."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How many lives to record under each of the rules, and how often to ask all again."""

    rounds: int
    lives: int


PLANS = {
    Size.FULL: Plan(rounds=9, lives=10),
    Size.QUICK: Plan(rounds=5, lives=4),
    Size.TINY: Plan(rounds=1, lives=1),
}


@dataclass(frozen=True, slots=True)
class Question:
    """What the planner was asked, and whether it had an answer."""

    state: AccountState
    seen: VenueObserved
    is_answered: bool


async def run(size: Size) -> list[Row]:
    """Measure plans and decodes, in turns."""
    return await asyncio.to_thread(_run, PLANS[size])


def _run(plan: Plan) -> list[Row]:
    questions = _recorded(plan.lives)
    bodies = [it.seen.model_dump_json().encode() for it in questions]
    core = PlannerCore()

    def decide(asked: Sequence[Question]) -> None:
        for it in asked:
            core.consider(it.seen, it.state)

    def decode() -> None:
        for body in bodies:
            VenueObserved.model_validate_json(body)

    answered = [it for it in questions if it.is_answered]
    every: list[float] = []
    only_answered: list[float] = []
    floor: list[float] = []
    for _ in range(plan.rounds):
        floor.append(len(bodies) / _cpu_s(decode))
        every.append(len(questions) / _cpu_s(lambda: decide(questions)))
        only_answered.append(len(answered) / _cpu_s(lambda: decide(answered)))
    plans, answers = (
        row(
            "planner",
            what,
            "plans/s",
            ours=ours,
            floor_name="decodes of the snapshot",
            floor=floor,
        )
        for what, ours in (
            (f"plans for {len(questions):,} snapshots of awake accounts", every),
            (f"the {len(answered):,} of them that lead to something", only_answered),
        )
    )
    accounts = Row("planner", "at a snapshot a slot", "accounts/core", ours=plans.ours * SLOT_S)
    return [plans, answers, accounts]


def _recorded(lives: int) -> Sequence[Question]:
    """Live some lives, and give what the planner was asked in them."""
    questions: list[Question] = []
    consider = PlannerCore.consider

    def recording(core: PlannerCore, seen: VenueObserved, state: AccountState) -> Decision:
        decision = consider(core, seen, state)
        last = questions[-1] if questions else None
        # The lives ask a second time to see that nothing is left to be done.
        if last is None or last.state is not state or last.seen != seen:
            questions.append(Question(state, seen, bool(decision.drafts)))
        return decision

    with mock.patch.object(PlannerCore, "consider", recording):
        for rules in (PaperRules(), ROUGH):
            for seed in range(1, lives + 1):
                live(seed, rules=rules)
    return questions


def _cpu_s(work: Callable[[], None]) -> float:
    gc.collect()
    begin = time.process_time()
    work()
    return time.process_time() - begin
