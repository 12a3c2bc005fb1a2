"""Decisions of another policy stand: a planner that is told of them is where they lead to."""

from collections.abc import Sequence
from dataclasses import replace
from random import Random

import pytest

from contracts.control import KillLevel
from contracts.event import Recorded
from contracts.order import SetupClosed
from contracts.transaction import SigningRefused, TransactionPlanned, TransactionSigned
from execution.domain.planner import SERVICE, PlannerCore
from execution.domain.policy import POLICY, Policy
from execution.domain.state import PlannerState, load
from kit.engine_checks import Watch
from kit.engine_owner import OwnerByHand
from kit.engine_runs import HASTY, approve_any, rough_world, to_the_end
from kit.engine_weather import MISHAPS, clear_up
from kit.engine_world import EngineWorld
from kit.planner_rig import ACCOUNT, Rig
from kit.starts import OTHERS, a_start, between_starts, recorded_start

OLD = replace(HASTY, version="execution-old", replaces_max=1, attempts_max=1)
"""Moves entries sooner and fewer times, and gives up sooner, so it decides otherwise."""


SEEDS = [it if it < 8 else pytest.param(it, marks=pytest.mark.soak) for it in range(60)]


def told(log: Sequence[Recorded], policy: Policy = POLICY) -> PlannerState:
    """Give where a planner is that is told of all decisions in a log."""
    core = PlannerCore(policy)
    for recorded in between_starts(log, SERVICE, before=OTHERS, after=policy.version):
        assert core.step(recorded) == (), recorded.position
    assert not core.is_told
    return load(core.snapshot())


def a_life(seed: int, *, by_hand: OwnerByHand | None = None) -> EngineWorld:
    """Live through some bad days with a setup on the way."""
    world, chance = rough_world(seed, Watch(), by_hand=by_hand), Random(seed)
    for _ in range(2):
        approve_any(world, chance)
        for _ in range(4):
            world.walk(chance.randint(2, 12))
            chance.choice(MISHAPS)(world, chance)
            world.walk(chance.randint(2, 12), drift=str(chance.choice(("0.004", "-0.004"))))
            clear_up(world)
    return world


@pytest.mark.parametrize("seed", SEEDS)
def test_a_planner_that_is_told_is_where_one_that_decides_is(seed: int) -> None:
    world = a_life(seed)

    assert world.events(TransactionSigned)
    assert told(world.log, HASTY) == load(world.core.snapshot())


@pytest.mark.parametrize("seed", range(4))
def test_a_planner_is_told_of_what_was_signed_by_hand(seed: int) -> None:
    world = a_life(seed, by_hand=OwnerByHand())

    assert told(world.log, HASTY) == load(world.core.snapshot())


def test_of_two_approvals_the_one_that_was_taken_up_is_known() -> None:
    rig = Rig()
    rig.approve(quantity="0.001")
    taken = rig.approve()
    answers = rig.show()

    assert [it.outcome for it in answers if isinstance(it, SetupClosed)] == [
        "not-started-too-small"
    ]
    assert rig.state.setup is not None
    state = told(rig.log).accounts[ACCOUNT]
    assert state == rig.state
    assert state.setup is not None
    assert (state.setup.id, state.is_idle) == (taken, False)


@pytest.mark.parametrize("seed", range(6))
def test_after_an_upgrade_every_setup_ends_and_no_invariant_breaks(seed: int) -> None:
    watch, chance = Watch(), Random(seed)
    world = rough_world(seed, watch)
    world.policy, world.core = OLD, PlannerCore(OLD)
    world.restart()
    world.say(a_start(SERVICE, OLD.version))
    approve_any(world, chance)
    world.walk(chance.randint(4, 40))

    upgraded_at = upgrade(world)
    world.walk(chance.randint(4, 40))
    to_the_end(world, watch)
    approve_any(world, chance)
    world.walk(20)
    to_the_end(world, watch)

    assert unsigned(world) == []
    replayed = PlannerCore(POLICY)
    answers = [it for recorded in world.log for it in replayed.step(recorded)]
    ours = [it for it in world.log[upgraded_at:] if isinstance(it.event, PlannerCore.decides)]
    assert ours
    assert [(it.id, it.event) for it in answers] == [(it.id, it.event) for it in ours]
    assert load(replayed.snapshot()) == load(world.core.snapshot())


def test_the_old_rules_decide_otherwise_than_the_new() -> None:
    """Else the test of upgrades could not fail."""
    world = rough_world(3, Watch())
    world.policy, world.core = OLD, PlannerCore(OLD)
    world.restart()
    for _ in range(3):
        approve_any(world, Random(3))
        world.walk(60)

    other = PlannerCore(POLICY)
    answers = [it.id for recorded in world.log for it in other.step(recorded)]
    assert answers != [it.id for it in world.log if isinstance(it.event, PlannerCore.decides)]


def test_a_kill_that_another_policy_heard_stands() -> None:
    world = rough_world(1, Watch())
    approve_any(world, Random(1))
    world.walk(10)
    world.kill(KillLevel.CANCEL_ENTRIES)
    world.walk(4)

    state = told(world.log, HASTY).accounts[ACCOUNT]
    assert state.kill_level == KillLevel.CANCEL_ENTRIES
    assert state == world.state


def test_a_start_that_names_no_policy_is_of_another() -> None:
    core = PlannerCore()
    core.step(recorded_start(SERVICE, None, position=1))
    assert core.is_told
    core.step(recorded_start(SERVICE, POLICY.version, position=2))
    core.step(recorded_start("risk", OTHERS, position=3))
    assert not core.is_told


def upgrade(world: EngineWorld) -> int:
    """Kill the engine, and start it with the rules that are installed; give where that stands."""
    world.crash()
    world.policy = POLICY
    world.say(a_start(SERVICE, POLICY.version, number=1))
    position = len(world.log)
    world.restart()
    world.down_until_ms = world.now_ms
    return position


def unsigned(world: EngineWorld) -> list[Recorded]:
    """Give the transactions that are planned and were neither signed nor refused."""
    answers = (TransactionSigned, SigningRefused)
    answered = {it.event.transaction for it in world.log if isinstance(it.event, answers)}
    planned = (it for it in world.log if isinstance(it.event, TransactionPlanned))
    return [it for it in planned if it.id not in answered]
