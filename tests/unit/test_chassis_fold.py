"""The restart rule: a core that dies anywhere decides everything once, and the same."""

import asyncio

import pytest

from chassis.appends import VersionConflict
from chassis.fold import CoreRunner, Fence, Pending
from chassis.log import FollowerReplaced
from contracts.event import Draft, Recorded
from kit.chassis_core import ANSWERS, CONSUMER, SERVICE, CountingCore
from kit.chassis_events import a_draft, a_kill, drafts
from kit.memory import InMemoryCheckpoints, InMemoryLog


@pytest.fixture
def log() -> InMemoryLog:
    return InMemoryLog(service="gateway")


@pytest.fixture
def checkpoints(log: InMemoryLog) -> InMemoryCheckpoints:
    return InMemoryCheckpoints(log)


def a_runner(
    log: InMemoryLog,
    checkpoints: InMemoryCheckpoints,
    *,
    fenced: tuple[str, ...] = ("process.",),
    checkpoint_events: int = 5,
) -> CoreRunner:
    return CoreRunner(
        make_core=CountingCore,
        log=log.as_service(SERVICE),
        checkpoints=checkpoints,
        name="risk",
        version="1",
        consumer=CONSUMER,
        fenced=fenced,
        checkpoint_events=checkpoint_events,
    )


async def live(runner: CoreRunner, log: InMemoryLog, *, until: int) -> None:
    """Catch up and run until the log has this many events, then stop in good order."""
    await runner.catch_up()
    stopping = asyncio.Event()
    running = asyncio.create_task(runner.run(stopping))
    async with asyncio.timeout(30):
        while len(log.recorded) < until or runner.position < until:  # noqa: ASYNC110
            await asyncio.sleep(0)
    stopping.set()
    await running


def answers(log: InMemoryLog) -> list[Recorded]:
    return [event for event in log.recorded if event.subject == ANSWERS]


async def test_a_live_core_answers_each_event_once(
    log: InMemoryLog, checkpoints: InMemoryCheckpoints
) -> None:
    await log.append([a_kill(1)])
    runner = a_runner(log, checkpoints)
    live_task = asyncio.create_task(live(runner, log, until=8))
    for number in (2, 3):
        await log.append([a_kill(number)])
    await live_task
    # One answer to the first kill, two to each of the others.
    assert [event.event.model_dump()["instance"] for event in answers(log)] == [
        "1",
        "2",
        "2",
        "3",
        "3",
    ]


async def test_a_restart_repeats_nothing(
    log: InMemoryLog, checkpoints: InMemoryCheckpoints
) -> None:
    for number in range(1, 6):
        await log.append([a_kill(number)])
    await live(a_runner(log, checkpoints), log, until=14)
    await live(a_runner(log, checkpoints), log, until=14)
    assert len(log.recorded) == 14


async def test_decisions_that_died_before_their_append_are_made_up_for_in_order(
    log: InMemoryLog, checkpoints: InMemoryCheckpoints
) -> None:
    for number in range(1, 4):
        await log.append([a_kill(number)])
    await live(a_runner(log, checkpoints), log, until=8)
    undisturbed = [(event.id, event.body) for event in answers(log)]

    for recorded in range(6):
        other = InMemoryLog(service="gateway")
        for number in range(1, 4):
            await other.append([a_kill(number)])
        # The process died when the log held its first `recorded` answers.
        for event in answers(log)[:recorded]:
            await other.as_service(SERVICE).append([as_draft(event)])
        await live(a_runner(other, InMemoryCheckpoints(other)), other, until=8)
        assert [(event.id, event.body) for event in answers(other)] == undisturbed


def as_draft(event: Recorded) -> Draft:
    return Draft(
        event=event.event,
        id=event.id,
        subject=event.subject,
        occurred_at=event.occurred_at,
        correlation_id=event.correlation_id,
        causation_id=event.causation_id,
    )


async def test_a_checkpoint_spares_the_fold_and_changes_nothing(
    log: InMemoryLog, checkpoints: InMemoryCheckpoints
) -> None:
    for number in range(1, 6):
        await log.append([a_kill(number)])
    await live(a_runner(log, checkpoints), log, until=14)
    kept = await checkpoints.load("risk", version="1")
    assert kept is not None
    assert kept.position == 14
    runner = a_runner(log, checkpoints)
    await runner.catch_up()
    assert isinstance(runner.core, CountingCore)
    assert (runner.core.kills, runner.core.own) == (5, 9)


@pytest.mark.parametrize("damage", ["digest", "event", "state"])
async def test_a_wrong_checkpoint_is_refused_and_the_log_is_folded(
    log: InMemoryLog, checkpoints: InMemoryCheckpoints, damage: str
) -> None:
    await log.append([a_kill(1)])
    await live(a_runner(log, checkpoints), log, until=2)
    match damage:
        case "digest":
            checkpoints.damage("risk")
        case "event":
            other = InMemoryLog(service="gateway")
            await other.append([a_kill(7), a_kill(8)])
            foreign = InMemoryCheckpoints(other)
            await foreign.save("risk", version="1", position=2, state=b"[9,9]")
            checkpoints.copy_from(foreign)
        case _:
            await checkpoints.save("risk", version="1", position=2, state=b"no json")
    runner = a_runner(log, checkpoints)
    await runner.catch_up()
    assert isinstance(runner.core, CountingCore)
    assert (runner.core.kills, runner.core.own) == (1, 1)


async def test_an_outage_in_the_middle_changes_nothing(
    log: InMemoryLog, checkpoints: InMemoryCheckpoints
) -> None:
    await log.append([a_kill(1), a_kill(2)])
    runner = a_runner(log, checkpoints)
    await runner.catch_up()
    log.pause()
    stopping = asyncio.Event()
    running = asyncio.create_task(runner.run(stopping))
    await asyncio.sleep(0.01)
    log.resume()
    while runner.position < 5:  # noqa: ASYNC110
        await asyncio.sleep(0)
    stopping.set()
    await running
    assert len(log.recorded) == 5


async def test_a_zombie_cannot_append(log: InMemoryLog, checkpoints: InMemoryCheckpoints) -> None:
    """It fell asleep before its step; meanwhile another process wrote the subject."""
    await log.append([a_kill(1)])
    fence = Fence(log, prefixes=("process.",))
    fence.begin(1)
    zombie_drafts = drafts(1, 1, service=SERVICE)
    assert await fence.expected(zombie_drafts) == {ANSWERS: 0}
    await live(a_runner(log, checkpoints), log, until=2)
    with pytest.raises(VersionConflict, match=r"expected process\.risk at position 0, found 2"):
        await log.append(zombie_drafts, expected_last=await fence.expected(zombie_drafts))
    late = Fence(log, prefixes=("process.",))
    late.begin(1)
    with pytest.raises(VersionConflict, match="found 2"):
        await late.expected(zombie_drafts)


async def test_a_second_runner_ends_the_first(
    log: InMemoryLog, checkpoints: InMemoryCheckpoints
) -> None:
    zombie = a_runner(log, checkpoints)
    await zombie.catch_up()
    running = asyncio.create_task(zombie.run(asyncio.Event()))
    await asyncio.sleep(0)
    await live(a_runner(log, checkpoints), log, until=0)
    with pytest.raises(FollowerReplaced):
        await running


def test_pending_gives_what_was_not_seen_per_step() -> None:
    pending = Pending()
    pending.derived(drafts(1, 2))
    pending.derived([])
    pending.derived(drafts(3, 3))
    assert pending.missing() == [drafts(1, 2), drafts(3, 3)]


async def test_pending_strikes_out_what_the_log_holds(log: InMemoryLog) -> None:
    pending = Pending()
    pending.derived(drafts(1, 2))
    pending.derived(drafts(3, 3))
    await log.append([a_draft(2), a_draft(9)])
    for event in log.recorded:
        pending.saw(event)
    assert pending.missing() == [drafts(1, 1), drafts(3, 3)]
