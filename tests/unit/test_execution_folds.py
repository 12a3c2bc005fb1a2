"""The planner as a fold: repeats and restores change nothing, and a replay answers the same."""

import json
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.control import KillLevel
from contracts.engine import CircuitOpened
from contracts.event import Draft, Recorded
from contracts.transaction import TransactionDied, TransactionLanded, TransactionSigned
from contracts.values import Side
from contracts.venue import VenueObserved
from contracts.verdict import OrderApproved
from execution.domain.account_fold import Observation
from execution.domain.planner import PlannerCore
from kit.engine_runs import ROUGH
from kit.engine_world import EngineWorld

OBSERVED = Observation | TransactionSigned | TransactionLanded | TransactionDied
TELLS_AGAIN = OBSERVED | OrderApproved


@cache
def recorded_log() -> tuple[Recorded, ...]:
    """Record four setups on a rough chain: profit, a stop, a busy one, one that is flattened."""
    world = EngineWorld(replace(ROUGH, seed=1, drop_rate=Decimal("0.2")))
    for side, drift in ((Side.LONG, "0.01"), (Side.SHORT, "0.01"), (Side.LONG, "-0.01")):
        world.approve(side=side, away="0.02", risk="0.3")
        world.walk(25)
        world.walk(40, drift=drift)
    world.approve(away="0.02", risk="0.3")
    world.walk(20)
    world.kill(KillLevel.FLATTEN)
    world.walk(20)
    assert [it.outcome for it in world.closed] == [
        "not-started-busy",
        "took-profit",
        "stopped",
        "closed",
    ]
    return tuple(world.log)


@cache
def folded_once() -> tuple[bytes, tuple[Draft, ...]]:
    """Fold the log as it stands; give the state at its end and every answer."""
    core = PlannerCore()
    answers = [draft for recorded in recorded_log() for draft in core.step(recorded)]
    return core.snapshot(), tuple(answers)


def folded(log: Sequence[Recorded]) -> tuple[bytes, tuple[Draft, ...]]:
    core = PlannerCore()
    answers = tuple(draft for recorded in log for draft in core.step(recorded))
    return core.snapshot(), answers


def facts() -> list[int]:
    """Give where the log holds something that may come again."""
    return [at for at, it in enumerate(recorded_log()) if isinstance(it.event, TELLS_AGAIN)]


def test_a_replay_of_the_log_answers_what_the_log_holds() -> None:
    _, answers = folded_once()
    held = [it for it in recorded_log() if isinstance(it.event, PlannerCore.decides)]
    assert [it.id for it in answers] == [it.id for it in held]
    assert [it.event for it in answers] == [it.event for it in held]


def test_all_verdicts_and_observations_may_come_twice_at_once() -> None:
    twice: list[Recorded] = []
    for recorded in recorded_log():
        twice += [recorded] * (2 if isinstance(recorded.event, TELLS_AGAIN) else 1)
    assert len(twice) > len(recorded_log()) + 40
    assert folded(twice) == folded_once()


@settings(max_examples=40)
@given(st.data())
def test_verdicts_and_observations_may_come_again_at_any_later_time(data: st.DataObject) -> None:
    log = recorded_log()
    again: dict[int, list[Recorded]] = {}
    for at in data.draw(st.lists(st.sampled_from(facts()), max_size=30)):
        later = data.draw(st.integers(at, len(log) - 1))
        again.setdefault(later, []).append(log[at])
    repeated = [it for at, first in enumerate(log) for it in (first, *again.get(at, ()))]
    assert folded(repeated) == folded_once()


def test_a_restored_planner_answers_the_same_after_every_event() -> None:
    core = PlannerCore()
    for recorded in recorded_log():
        restored = PlannerCore()
        restored.restore(core.snapshot())
        assert restored.step(recorded) == core.step(recorded), recorded.position
        assert restored.snapshot() == core.snapshot(), recorded.position
    assert core.snapshot() == folded_once()[0]


@given(st.integers(min_value=0), st.integers(min_value=0))
@settings(max_examples=15)
def test_a_planner_that_is_restored_at_any_point_ends_where_the_others_do(
    first: int, second: int
) -> None:
    log = recorded_log()
    cuts = sorted(cut % (len(log) + 1) for cut in (first, second))
    core, answers = PlannerCore(), list[Draft]()
    for begin, end in ((0, cuts[0]), (cuts[0], cuts[1]), (cuts[1], len(log))):
        restored = PlannerCore()
        restored.restore(core.snapshot())
        core = restored
        answers += [draft for recorded in log[begin:end] for draft in core.step(recorded)]
    assert (core.snapshot(), tuple(answers)) == folded_once()


def test_events_of_another_account_or_market_change_nothing() -> None:
    core = PlannerCore()
    for recorded in recorded_log():
        core.step(recorded)
        if not isinstance(recorded.event, OBSERVED):
            continue
        before = core.snapshot()
        for change in ({"account": "another"}, {"market": "btc-perp"}):
            stray = recorded.event.model_copy(update=change)
            assert core.step(replace(recorded, event=stray)) == ()
        assert core.snapshot() == before


@pytest.mark.parametrize("state", [b"", b"{", b"[]", b'{"accounts": 3}'])
def test_what_is_no_state_is_refused(state: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  Each decoder has its own words.
        PlannerCore().restore(state)


def test_a_state_of_another_policy_is_refused() -> None:
    state = folded_once()[0].replace(b'"policy":"execution-17"', b'"policy":"execution-1"')
    with pytest.raises(ValueError, match="expected a state of execution-17, found 'execution-1'"):
        PlannerCore().restore(state)


def test_lanes_that_trip_at_once_are_told_in_one_order_also_after_a_restart() -> None:
    state = json.loads(before_the_first_snapshot())
    (account,) = state["accounts"].values()
    account["refusals"] = {lane: {"code": 6003, "count": 3} for lane in ("stop", "close", "move")}
    core, restarted = PlannerCore(), PlannerCore()
    core.restore(json.dumps(state).encode())
    restarted.restore(core.snapshot())

    snapshot = next(it for it in recorded_log() if isinstance(it.event, VenueObserved))
    answers = core.step(snapshot)

    lanes = [it.event.lane for it in answers if isinstance(it.event, CircuitOpened)]
    assert lanes == ["close", "move", "stop"]
    assert restarted.step(snapshot) == answers


def before_the_first_snapshot() -> bytes:
    """Give the state before the first snapshot."""
    core = PlannerCore()
    for recorded in recorded_log():
        if isinstance(recorded.event, VenueObserved):
            break
        core.step(recorded)
    return core.snapshot()
