"""Risk over a log: one verdict each, whatever dies when."""

import asyncio
import random
from collections.abc import Sequence
from importlib.metadata import entry_points

import pytest

from chassis.appends import VersionConflict
from chassis.log import FollowerReplaced
from contracts.codec import canonical
from contracts.core import CORES_GROUP
from contracts.engine import Mode
from contracts.event import Draft
from contracts.values import Leg
from contracts.verdict import OrderApproved, OrderDenied, Rule
from kit.risk_events import (
    a_closed_setup,
    a_fill,
    a_kill,
    a_manual_order,
    a_marker,
    a_mode,
    a_resume,
    a_signal,
    a_withheld,
    an_account,
    changed_settings,
    funding,
    run,
    settings,
)
from kit.risk_rig import Rig
from risk.domain.verdicts import verdict_id

FIRST = verdict_id(a_signal(0).id, "local")
TAPE: Sequence[Draft] = (
    an_account(),
    a_withheld(-1),
    a_marker(-1),
    a_signal(0),
    a_marker(0),
    a_fill(FIRST, quantity="38.46", after="38.46", fee="1.5"),
    a_signal(1),
    a_marker(1),
    a_fill(FIRST, leg=Leg.STOP, pnl="-76.92", after="0", number=1),
    a_closed_setup(FIRST),
    changed_settings(settings(strategy_enabled=False)),
    a_signal(2),
    a_marker(2),
    changed_settings(settings(), number=1),
    a_kill(None),
    a_signal(3),
    a_marker(3),
    a_resume(None),
    a_manual_order(quantity="2"),
    a_signal(4),
    a_marker(4),
    funding("-0.5"),
    a_mode(Mode.DEGRADED),
    a_signal(5),
    a_marker(5),
)
"""Approved, and denied for a position, for the switch, for a kill; by hand; denied for a position
and for the engine's mode."""


def expected() -> list[Draft]:
    return run(TAPE)


async def test_each_proposal_gets_its_verdict_in_the_log() -> None:
    rig = Rig()
    async with rig.risk() as runner:
        for one in TAPE:
            await rig.say([one])
            await rig.settled(runner)

    events = [one.event for one in rig.verdicts()]
    headlines = [one.headline for one in events if isinstance(one, OrderDenied)]
    assert events == [one.event for one in expected()]
    assert [type(one) for one in events].count(OrderApproved) == 2
    assert headlines == [
        Rule.ONE_POSITION_PER_MARKET,
        Rule.STRATEGY_ENABLED,
        Rule.NOT_HALTED,
        Rule.ONE_POSITION_PER_MARKET,
        Rule.ENGINE_RUNS,
    ]


async def test_a_log_that_was_there_before_is_judged_at_the_start() -> None:
    rig = Rig()
    await rig.say(TAPE)
    async with rig.risk() as runner:
        await rig.settled(runner)

    assert [one.id for one in rig.verdicts()] == [one.id for one in expected()]


async def test_a_second_start_appends_nothing() -> None:
    rig = Rig()
    await rig.say(TAPE)
    for _ in range(3):
        async with rig.risk() as runner:
            await rig.settled(runner)

    assert len(rig.verdicts()) == len(expected())
    assert len(rig.log.recorded) == len(TAPE) + len(expected())


@pytest.mark.parametrize("seed", range(25))
async def test_a_death_at_any_moment_loses_and_doubles_nothing(seed: int) -> None:
    chance = random.Random(seed)
    rig = Rig(checkpoint_events=chance.choice([1, 3, 5_000]))
    rest = list(TAPE)
    while rest:
        burst = chance.randint(1, 6)
        now, rest = rest[:burst], rest[burst:]
        async with rig.risk(is_killed=chance.random() < 0.9):
            await rig.say(now)
            if chance.random() < 0.4:
                rig.log.pause()
            for _ in range(chance.randint(0, 40)):
                await asyncio.sleep(0)
            rig.log.resume()
    async with rig.risk() as runner:
        await rig.settled(runner)

    found = {one.id: canonical(one) for one in rig.verdicts()}
    undisturbed = Rig()
    await undisturbed.say(TAPE)
    async with undisturbed.risk() as runner:
        await undisturbed.settled(runner)
    assert found == {one.id: canonical(one) for one in undisturbed.verdicts()}
    assert len(rig.verdicts()) == len(found)


async def test_a_wrong_checkpoint_is_refused_and_the_log_is_folded_from_its_beginning() -> None:
    rig = Rig(checkpoint_events=1)
    await rig.say(TAPE[:8])
    async with rig.risk() as runner:
        await rig.settled(runner)
    rig.checkpoints.damage("risk")
    await rig.say(TAPE[8:])
    async with rig.risk() as runner:
        await rig.settled(runner)

    assert rig.checkpoints.refused == ["digest"]
    assert [one.id for one in rig.verdicts()] == [one.id for one in expected()]


async def test_a_checkpoint_that_is_no_state_is_refused() -> None:
    rig = Rig()
    await rig.say(TAPE)
    await rig.checkpoints.save("risk", version="risk-3", position=3, state=b'{"policy":"risk-3"}')
    async with rig.risk() as runner:
        await rig.settled(runner)

    assert [one.id for one in rig.verdicts()] == [one.id for one in expected()]


async def test_of_two_processes_the_older_one_stops() -> None:
    rig = Rig()
    await rig.say(TAPE[:3])
    older, newer, stopping = rig.runner(), rig.runner(), asyncio.Event()
    await older.catch_up()
    await newer.catch_up()
    tasks = [asyncio.create_task(one.run(stopping)) for one in (older, newer)]
    await rig.say(TAPE[3:])
    await rig.settled(newer)
    stopping.set()
    ends = await asyncio.gather(*tasks, return_exceptions=True)

    assert isinstance(ends[0], FollowerReplaced | VersionConflict)
    assert ends[1] is None
    assert [one.id for one in rig.verdicts()] == [one.id for one in expected()]


def test_the_core_is_offered_to_the_audit() -> None:
    (entry,) = entry_points(group=CORES_GROUP, name="risk")
    core = entry.load()()

    assert [one.id for one in run(TAPE, core=core)] == [one.id for one in expected()]
