"""One suite for every implementation of the Log."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import cast

import pytest

from chassis.log import (
    Appended,
    AppendRefused,
    Follower,
    FollowerReplaced,
    Log,
    LogGap,
    VersionConflict,
)
from contracts.codec import ForeignEvent
from contracts.event import Recorded
from contracts.ids import AccountId
from kit.chassis_events import a_draft, a_kill, drafts
from kit.chassis_stage import KINDS, Kind, Stage, stage

EVERYTHING = "audit-archive-log"
PROPOSALS = "risk-judge-proposals"
SHOWN = "gateway-show-log"
CONTROL = "control.all"
PEOPLE = "control.>"


@pytest.fixture(params=KINDS)
async def ports(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[Stage, None]:
    async with stage(cast("Kind", request.param), tmp_path) as opened:
        yield opened


@pytest.fixture
def log(ports: Stage) -> Log:
    return ports.log_as("gateway")


def positions(events: list[Recorded]) -> list[int]:
    return [event.position for event in events]


async def read(log: Log, *, after: int = 0, until: int | None = None) -> list[Recorded]:
    return [event async for event in log.read(after=after, until=until)]


async def take(follower: Follower, count: int) -> list[Recorded]:
    events: list[Recorded] = []
    while len(events) < count:
        events += await follower.next(5)
    return events


async def followed(log: Log, count: int, *, consumer: str = EVERYTHING) -> list[Recorded]:
    async with log.follow(consumer, after=0) as follower:
        return await take(follower, count)


# Append


async def test_an_empty_log_has_head_zero_and_nothing_to_read(log: Log) -> None:
    assert await log.head() == 0
    assert await log.last("process.gateway") is None
    assert await log.last_position("process.>") == 0
    assert await read(log) == []


async def test_the_log_says_how_much_it_holds_and_may_hold(log: Log) -> None:
    before, limit = await log.size()
    await log.append(drafts(1, 3))
    after, _ = await log.size()
    assert 0 <= before < after < limit == 16 << 30


async def test_an_append_gives_the_positions_in_order(log: Log) -> None:
    assert await log.append(drafts(1, 1)) == [Appended(1, is_duplicate=False)]
    assert await log.append(drafts(2, 4)) == [
        Appended(position, is_duplicate=False) for position in (2, 3, 4)
    ]
    assert await log.head() == 4


async def test_what_is_read_is_what_was_appended(log: Log) -> None:
    draft = a_draft(1)
    await log.append([draft])
    (event,) = await read(log)
    assert (event.event, event.id, event.subject) == (draft.event, draft.id, draft.subject)
    assert (event.occurred_at, event.correlation_id) == (draft.occurred_at, draft.correlation_id)
    assert (event.source, event.version, event.position) == ("gateway", 1, 1)
    assert event.recorded_at.utcoffset() is not None
    assert await log.last(draft.subject) == event


async def test_the_last_position_on_a_filter_is_that_of_the_newest_of_its_subjects(
    log: Log,
) -> None:
    own = a_kill(2, account=AccountId("local"))
    for draft in (a_draft(1), own, a_kill(3), a_draft(4)):
        await log.append([draft])
    asked = (own.subject, CONTROL, PEOPLE, "process.*", "feed.>")
    assert [await log.last_position(it) for it in asked] == [2, 3, 3, 4, 0]


async def test_the_same_ids_are_recorded_once(log: Log) -> None:
    await log.append(drafts(1, 3))
    assert await log.append(drafts(2, 2)) == [Appended(2, is_duplicate=True)]
    assert await log.append(drafts(1, 3)) == [
        Appended(position, is_duplicate=True) for position in (1, 2, 3)
    ]
    assert await log.head() == 3


async def test_a_batch_of_old_and_new_ids_adds_the_new_ones(log: Log) -> None:
    await log.append(drafts(1, 2))
    assert await log.append(drafts(2, 4)) == [
        Appended(2, is_duplicate=True),
        Appended(3, is_duplicate=False),
        Appended(4, is_duplicate=False),
    ]


async def test_an_expectation_that_holds_lets_the_append_through(log: Log) -> None:
    await log.append([a_draft(1)], expected_last={"process.gateway": 0})
    await log.append([a_kill(1)])
    answers = await log.append(drafts(2, 3), expected_last={"process.gateway": 1})
    assert [answer.position for answer in answers] == [3, 4]


@pytest.mark.parametrize("count", [1, 3])
async def test_a_conflict_names_subject_expected_and_found(log: Log, count: int) -> None:
    await log.append(drafts(1, 2))
    with pytest.raises(VersionConflict) as caught:
        await log.append(drafts(10, 9 + count), expected_last={"process.gateway": 1})
    conflict = caught.value
    assert (conflict.subject, conflict.expected, conflict.found) == ("process.gateway", 1, 2)
    assert await log.head() == 2


async def test_own_events_already_there_are_no_conflict(log: Log) -> None:
    """A retry after an unknown outcome: the expectation no longer holds because of ourselves."""
    await log.append(drafts(1, 1), expected_last={"process.gateway": 0})
    assert await log.append(drafts(1, 1), expected_last={"process.gateway": 0}) == [
        Appended(1, is_duplicate=True)
    ]
    await log.append(drafts(2, 3), expected_last={"process.gateway": 1})
    assert await log.append(drafts(2, 3), expected_last={"process.gateway": 1}) == [
        Appended(2, is_duplicate=True),
        Appended(3, is_duplicate=True),
    ]


async def test_own_event_followed_by_another_is_no_conflict_either(log: Log) -> None:
    await log.append(drafts(1, 1), expected_last={"process.gateway": 0})
    await log.append(drafts(2, 2))
    assert await log.append(drafts(1, 1), expected_last={"process.gateway": 0}) == [
        Appended(1, is_duplicate=True)
    ]


async def test_an_expectation_of_two_subjects_holds_for_both(log: Log) -> None:
    both = [a_draft(1), a_kill(1)]
    await log.append(both, expected_last={"process.gateway": 0, CONTROL: 0})
    next_both = [a_draft(2), a_kill(2)]
    with pytest.raises(VersionConflict, match="found 2"):
        await log.append(next_both, expected_last={"process.gateway": 1, CONTROL: 0})
    await log.append(next_both, expected_last={"process.gateway": 1, CONTROL: 2})
    assert await log.head() == 4


@pytest.mark.parametrize("count", [2, 4])
async def test_a_guard_that_holds_lets_the_append_through(log: Log, count: int) -> None:
    await log.append([a_kill(1)])
    answers = await log.append(
        drafts(1, count), expected_last={"process.gateway": 0}, guards={PEOPLE: 1}
    )
    assert [it.position for it in answers] == list(range(2, 2 + count))


async def test_a_guard_may_stand_on_a_single_draft_and_on_nothing_said_yet(log: Log) -> None:
    assert await log.append([a_draft(1)], guards={PEOPLE: 0}) == [Appended(1, is_duplicate=False)]


@pytest.mark.parametrize("count", [1, 2, 3])
async def test_a_guard_refuses_an_append_that_others_came_before(log: Log, count: int) -> None:
    await log.append(drafts(1, 1))
    await log.append([a_kill(1)])
    with pytest.raises(VersionConflict) as caught:
        await log.append(drafts(10, 9 + count), guards={PEOPLE: 0})
    conflict = caught.value
    assert (conflict.subject, conflict.expected, conflict.found) == (PEOPLE, 0, 2)
    assert await log.head() == 2


async def test_a_guard_counts_every_subject_under_its_filter(log: Log) -> None:
    await log.append([a_kill(1)])
    await log.append([a_kill(2, account=AccountId("local"))])
    for known in (0, 1):
        with pytest.raises(VersionConflict) as caught:
            await log.append(drafts(1, 2), guards={PEOPLE: known})
        assert (caught.value.subject, caught.value.found) == (PEOPLE, 2)
    await log.append(drafts(1, 2), guards={PEOPLE: 2})


async def test_a_guard_is_not_broken_by_what_lies_elsewhere(log: Log) -> None:
    await log.append([a_kill(1)])
    await log.append(drafts(1, 3))
    await log.append(drafts(4, 5), expected_last={"process.gateway": 4}, guards={PEOPLE: 1})
    assert await log.head() == 6


async def test_an_expectation_that_fails_is_named_although_the_guard_holds(log: Log) -> None:
    await log.append(drafts(1, 1))
    with pytest.raises(VersionConflict) as caught:
        await log.append(drafts(2, 3), expected_last={"process.gateway": 0}, guards={PEOPLE: 0})
    assert (caught.value.subject, caught.value.found) == ("process.gateway", 1)
    assert await log.head() == 1


async def test_own_events_already_there_are_no_conflict_for_a_guard(log: Log) -> None:
    """A retry after an unknown outcome, and people spoke after it had arrived."""
    await log.append(drafts(1, 2), guards={PEOPLE: 0})
    await log.append([a_kill(1)])
    assert await log.append(drafts(1, 2), guards={PEOPLE: 0}) == [
        Appended(1, is_duplicate=True),
        Appended(2, is_duplicate=True),
    ]


async def test_what_races_with_a_guard_comes_after_it_or_refuses_it(log: Log) -> None:
    said = 0
    for number in range(1, 13):
        before = await log.head()
        said_last, answer = await asyncio.gather(
            log.append([a_kill(number)]),
            log.append(drafts(10 * number, 10 * number + 1), guards={PEOPLE: said}),
            return_exceptions=True,
        )
        assert not isinstance(said_last, BaseException)
        types = [it.event.event_type for it in await read(log, after=before)]
        if isinstance(answer, VersionConflict):
            assert types == ["kill_switch_engaged"]
        else:
            assert types == ["service_stopped", "service_stopped", "kill_switch_engaged"]
        said = said_last[0].position


async def test_appends_in_flight_together_are_all_recorded_once(log: Log) -> None:
    singles = [log.append([draft]) for draft in drafts(1, 40)]
    batches = [log.append(drafts(first, first + 2)) for first in range(101, 131, 3)]
    answers = await asyncio.gather(*singles, *batches)
    places = [answer.position for group in answers for answer in group]
    assert sorted(places) == list(range(1, 71))
    for group in answers[40:]:
        assert [answer.position - group[0].position for answer in group] == [0, 1, 2]


async def test_an_append_that_means_nothing_is_refused(log: Log) -> None:
    with pytest.raises(ValueError, match="found 0"):
        await log.append([])
    with pytest.raises(ValueError, match="same id twice"):
        await log.append([a_draft(1), a_draft(1)])
    with pytest.raises(ValueError, match="among the drafts"):
        await log.append([a_draft(1)], expected_last={"process.risk": 0})
    with pytest.raises(ValueError, match="found 1 guards, 1 drafts and 1 expectations"):
        await log.append([a_draft(1)], expected_last={"process.gateway": 0}, guards={PEOPLE: 0})


async def test_what_the_log_cannot_take_is_refused(log: Log) -> None:
    for count in (1, 2):
        with pytest.raises(AppendRefused, match="at most 65536 bytes"):
            await log.append([a_draft(n, padding=70_000) for n in range(count)])
    assert await log.head() == 0


async def test_an_event_of_another_service_is_refused(ports: Stage) -> None:
    with pytest.raises(ForeignEvent):
        await ports.log_as("risk").append([a_kill(1)])


# Read


async def test_reading_keeps_its_bounds(log: Log) -> None:
    await log.append(drafts(1, 9))
    assert positions(await read(log, after=3, until=6)) == [4, 5, 6]
    assert positions(await read(log, after=7)) == [8, 9]
    assert positions(await read(log, until=99)) == list(range(1, 10))
    assert await read(log, after=9) == []


async def test_reading_keeps_to_its_subjects(log: Log) -> None:
    for number in range(1, 5):
        await log.append([a_draft(number), a_kill(number)])
    kills = [event async for event in log.read(subjects=["control.>"])]
    assert positions(kills) == [2, 4, 6, 8]
    some = [event async for event in log.read(subjects=["control.>"], after=2, until=7)]
    assert positions(some) == [4, 6]
    assert [e async for e in log.read(subjects=["orders.>", "fills.>"])] == []
    all_events = [event async for event in log.read(subjects=["control.>", "process.*"])]
    assert positions(all_events) == list(range(1, 9))


async def test_reading_ends_though_others_append(log: Log) -> None:
    await log.append(drafts(1, 300))
    seen: list[int] = []
    async for event in log.read():
        seen.append(event.position)
        if len(seen) == 1:
            await log.append(drafts(301, 310))
    assert seen == list(range(1, 301))


# Follow


async def test_a_follower_gives_what_is_there_and_what_comes(log: Log) -> None:
    await log.append(drafts(1, 3))
    async with log.follow(EVERYTHING, after=1) as follower:
        assert positions(await take(follower, 2)) == [2, 3]
        waiting = asyncio.create_task(follower.next(5))
        await log.append(drafts(4, 4))
        assert positions(await waiting) == [4]


async def test_a_follower_gives_an_empty_list_when_the_time_is_over(log: Log) -> None:
    async with log.follow(EVERYTHING, after=0) as follower:
        assert await follower.next(0.05) == []
        await log.append(drafts(1, 1))
        assert positions(await follower.next(5)) == [1]


async def test_a_follower_gives_each_event_once_in_order(log: Log) -> None:
    await asyncio.gather(
        followed_all := asyncio.create_task(followed(log, 700)),
        *(log.append(drafts(first, first + 99)) for first in range(1, 700, 100)),
    )
    assert positions(followed_all.result()) == list(range(1, 701))


async def test_a_follower_hears_what_its_consumer_filters(log: Log) -> None:
    await log.append([a_draft(1), a_kill(1), a_draft(2)])
    await log.append([a_kill(2)])
    assert positions(await followed(log, 2, consumer=PROPOSALS)) == [2, 4]


async def test_a_follower_goes_on_where_it_is_told(log: Log) -> None:
    await log.append(drafts(1, 5))
    async with log.follow(EVERYTHING, after=0) as follower:
        await take(follower, 5)
        follower.acknowledge(5)
    async with log.follow(EVERYTHING, after=2) as follower:
        assert positions(await take(follower, 3)) == [3, 4, 5]


async def test_the_newer_follower_replaces_the_older(log: Log) -> None:
    await log.append(drafts(1, 1))
    async with log.follow(EVERYTHING, after=0) as zombie:
        assert positions(await zombie.next(5)) == [1]
        async with log.follow(EVERYTHING, after=0) as follower:
            assert positions(await follower.next(5)) == [1]
            with pytest.raises(FollowerReplaced):
                await zombie.next(5)
            await log.append(drafts(2, 2))
            assert positions(await follower.next(5)) == [2]


async def test_a_name_that_is_for_each_process_replaces_nobody(log: Log) -> None:
    await log.append(drafts(1, 1))
    async with log.follow(SHOWN, after=0) as one, log.follow(SHOWN, after=0) as other:
        for number in (1, 2):
            assert positions(await one.next(5)) == [number]
            assert positions(await other.next(5)) == [number]
            await log.append(drafts(number + 1, number + 1))


async def test_a_follower_ahead_of_the_log_is_refused(log: Log) -> None:
    await log.append(drafts(1, 2))
    with pytest.raises(LogGap) as caught:
        async with log.follow(EVERYTHING, after=7):
            pass
    assert (caught.value.expected, caught.value.found) == (7, 2)


async def test_a_raw_follower_gives_the_stored_bytes(log: Log) -> None:
    await log.append(drafts(1, 2))
    (first, second) = await read(log)
    async with log.follow_raw(EVERYTHING, after=0) as follower:
        raw = await follower.next(5)
        while len(raw) < 2:
            raw += await follower.next(5)
    assert [message.position for message in raw] == [1, 2]
    assert [message.body for message in raw] == [first.body, second.body]
    assert raw[0].headers["ce-id"] == str(first.id)
    assert [m.recorded_at for m in raw] == [first.recorded_at, second.recorded_at]
    assert [m.body async for m in log.read_raw()] == [first.body, second.body]
