"""LOG on a real server that is stopped, killed, cut off and filled up."""

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from chassis import jetstream
from chassis.connection import Connection, OutcomeUnknown, connected, request
from chassis.log import Appended, LogClient, LogForked, LogFull, LogGap, VersionConflict
from chassis.provision import provision, stream_config
from chassis.pull import EXPIRES_S
from chassis.settings import ServiceSettings
from contracts.codec import UndecodableMessage
from contracts.event import Draft
from contracts.subjects import BUCKETS, STREAMS
from kit.chassis_events import a_draft, a_kill, drafts
from kit.chassis_proxy import Proxy, proxy
from kit.chassis_stage import RealStage, real_stage
from kit.servers import NatsServer, nats_server

WAIT_S_MAX = 60.0
EVERYTHING = "audit-archive-log"
SUBJECT = "process.gateway"
PEOPLE = "control.>"

# nats-py drops the socket of a failed reconnect without closing it.
pytestmark = pytest.mark.filterwarnings(
    "ignore:.*StreamWriter.__del__:pytest.PytestUnraisableExceptionWarning"
)


async def follow_until(log: LogClient, last: int) -> list[int]:
    """Follow from the beginning until a position; give the positions as handed out."""
    positions: list[int] = []
    async with log.follow(EVERYTHING, after=0) as follower:
        while not positions or positions[-1] < last:
            events = await follower.next()
            positions += [event.position for event in events]
            follower.acknowledge(positions[-1])
    return positions


async def until_head(log: LogClient, position: int) -> None:
    while await log.head() < position:  # noqa: ASYNC110  The server has no event for it.
        await asyncio.sleep(0.01)


# Outages


async def test_the_client_is_told_to_reconnect_for_ever_and_soon() -> None:
    options = Connection(ServiceSettings(), "gateway").options()
    assert options["max_reconnect_attempts"] == -1
    assert options["reconnect_time_wait"] == 0.2
    assert options["ping_interval"] * options["max_outstanding_pings"] == 10
    assert options["flush_timeout"] == 2.0


async def test_kill_9_while_appending_and_following_loses_and_doubles_nothing(
    tmp_path: Path,
) -> None:
    """Four writers, single messages and batches, three kills."""
    groups = [drafts(number, number + number % 3) for number in range(10, 3_010, 10)]
    total = sum(map(len, groups))
    async with real_stage(tmp_path) as real:
        following = asyncio.create_task(follow_until(real.log, total))
        queue = list(reversed(groups))
        answers: dict[str, Appended] = {}

        async def write() -> None:
            while queue:
                group = queue.pop()
                for draft, answer in zip(group, await real.log.append(group), strict=True):
                    answers[str(draft.id)] = answer

        writing = [asyncio.create_task(write()) for _ in range(4)]
        for position in (total // 5, total // 2, total * 4 // 5):
            await until_head(real.log, position)
            await real.server.restart()
        await asyncio.gather(*writing)
        positions = await following
        recorded = {str(event.id): event.position async for event in real.log.read()}
    assert positions == list(range(1, total + 1))
    assert {name: answer.position for name, answer in answers.items()} == recorded


async def test_an_outage_of_seconds_is_waited_out(tmp_path: Path) -> None:
    async with real_stage(tmp_path) as real:
        following = asyncio.create_task(follow_until(real.log, 3))
        await real.log.append(drafts(1, 1))
        await real.server.stop()
        waiting = asyncio.gather(real.log.append(drafts(2, 2)), real.log.append(drafts(3, 3)))
        asking = asyncio.create_task(real.log.head())
        await asyncio.sleep(3)
        assert not waiting.done()
        assert not real.connection.is_up
        with pytest.raises(OutcomeUnknown, match="expected a connection"):
            await request(real.connection, "status.risk", b"", 1)
        await real.server.start()
        async with asyncio.timeout(WAIT_S_MAX):
            await waiting
            assert await following == [1, 2, 3]
            assert await asking >= 1


async def test_a_stalled_network_is_waited_out(tmp_path: Path) -> None:
    """Nothing arrives until the follower takes it for silence, and nothing is broken."""
    async with (
        cut_off_stage(tmp_path) as (direct, cut_off, wire),
        cut_off.follow(EVERYTHING, after=0) as follower,
    ):
        await cut_off.append(drafts(1, 1))
        seen = [event.position for event in await follower.next()]
        with capture_logs() as lines:
            wire.flows.clear()
            await direct.append(drafts(2, 5))
            while "silent" not in [line.get("reason") for line in lines]:  # noqa: ASYNC110  A log.
                await asyncio.sleep(0.01)
            wire.flows.set()
        while seen[-1] < 5:
            seen += [event.position for event in await follower.next()]
        assert seen == [1, 2, 3, 4, 5]


# Outcome unknown


@asynccontextmanager
async def cut_off_stage(folder: Path) -> AsyncGenerator[tuple[LogClient, LogClient, Proxy], None]:
    """Give a log that is reached directly, and the same through a wire that a test cuts."""
    async with real_stage(folder) as real, behind(real.server) as (wire, log):
        yield real.log, log, wire


@asynccontextmanager
async def behind(server: NatsServer) -> AsyncGenerator[tuple[Proxy, LogClient], None]:
    """Give a wire that a test cuts, and the log behind it."""
    async with (
        proxy(server.port) as wire,
        connected(ServiceSettings(nats_url=wire.url), "gateway") as connection,
    ):
        yield wire, LogClient(connection, service="gateway")


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("expected", [None, {SUBJECT: 1}])
async def test_an_append_whose_answer_was_lost_is_recorded_once(
    tmp_path: Path, count: int, expected: Mapping[str, int] | None
) -> None:
    async with cut_off_stage(tmp_path) as (direct, cut_off, wire):
        await direct.append(drafts(1, 1))
        wire.swallows_answers = True
        appending = asyncio.create_task(
            cut_off.append(drafts(2, 1 + count), expected_last=expected)
        )
        await until_head(direct, 1 + count)
        wire.cut()
        wire.swallows_answers = False
        assert await appending == [
            Appended(position, is_duplicate=True) for position in range(2, 2 + count)
        ]
        assert await direct.head() == 1 + count


async def test_an_append_that_never_arrived_is_sent_again(tmp_path: Path) -> None:
    async with cut_off_stage(tmp_path) as (direct, cut_off, wire):
        await cut_off.append(drafts(1, 1))
        wire.flows.clear()
        appending = asyncio.create_task(cut_off.append(drafts(2, 3)))
        await wire.holds.wait()
        wire.cut()
        wire.flows.set()
        assert await appending == [Appended(2, is_duplicate=False), Appended(3, is_duplicate=False)]
        assert await direct.head() == 3


# Guards


async def test_no_append_is_recorded_past_a_word_that_it_did_not_know_through_kill_9(
    tmp_path: Path,
) -> None:
    """One writer guards what it appends, another speaks; the server is killed twice."""
    known: dict[str, int] = {}
    async with real_stage(tmp_path) as real:

        async def write() -> None:
            said = 0
            for number in range(10, 1_010, 10):
                group = drafts(number, number + 1 + number % 3)
                while True:
                    try:
                        await real.log.append(group, guards={PEOPLE: said})
                        break
                    except VersionConflict as conflict:
                        said = conflict.found
                known.update({str(draft.id): said for draft in group})

        async def speak() -> None:
            for number in range(60):
                await real.log.append([a_kill(number)])

        working = asyncio.gather(write(), speak())
        for position in (80, 200):
            await until_head(real.log, position)
            await real.server.restart()
        await working
        said = 0
        async for event in real.log.read():
            if event.subject.startswith("control."):
                said = event.position
            else:
                assert known.pop(str(event.id)) == said
    assert not known


async def test_a_guarded_append_whose_answer_was_lost_stands_although_people_spoke_since(
    tmp_path: Path,
) -> None:
    async with cut_off_stage(tmp_path) as (direct, behind, wire):
        await direct.append(drafts(1, 1))
        wire.swallows_answers = True
        appending = asyncio.create_task(
            behind.append(drafts(2, 4), expected_last={SUBJECT: 1}, guards={PEOPLE: 0})
        )
        await until_head(direct, 4)
        await direct.append([a_kill(1)])
        wire.cut()
        wire.swallows_answers = False
        assert await appending == [
            Appended(position, is_duplicate=True) for position in range(2, 5)
        ]
        assert await direct.head() == 5


async def test_a_guarded_append_that_never_arrived_is_refused_when_people_spoke_meanwhile(
    tmp_path: Path,
) -> None:
    async with cut_off_stage(tmp_path) as (direct, behind, wire):
        await behind.append(drafts(1, 1))
        wire.flows.clear()
        appending = asyncio.create_task(
            behind.append(drafts(2, 3), expected_last={SUBJECT: 1}, guards={PEOPLE: 0})
        )
        await direct.append([a_kill(1)])
        wire.cut()
        wire.flows.set()
        with pytest.raises(VersionConflict) as caught:
            await appending
        assert (caught.value.subject, caught.value.found) == (PEOPLE, 2)
        assert await direct.head() == 2


# Followers


async def test_a_consumer_that_is_deleted_is_made_anew(tmp_path: Path) -> None:
    async with real_stage(tmp_path) as real:
        await real.log.append(drafts(1, 3))
        async with real.log.follow(EVERYTHING, after=0) as follower:
            assert (await follower.next(WAIT_S_MAX))[0].position == 1
            await jetstream.call(real.connection, f"CONSUMER.DELETE.LOG.{EVERYTHING}")
            await real.log.append(drafts(4, 4))
            seen: list[int] = []
            while not seen or seen[-1] < 4:
                seen += [event.position for event in await follower.next(WAIT_S_MAX)]
    assert seen == list(range(seen[0], 5))


async def test_a_follower_is_back_soon_after_a_restart(tmp_path: Path) -> None:
    async with real_stage(tmp_path) as real, real.log.follow(EVERYTHING, after=0) as follower:
        await real.server.restart()
        # Much less than a request for messages lasts.
        async with asyncio.timeout(EXPIRES_S / 3):
            await real.log.append(drafts(1, 1))
            assert [event.position for event in await follower.next()] == [1]


async def test_a_message_that_is_no_event_stops_a_follower_and_no_raw_one(tmp_path: Path) -> None:
    async with real_stage(tmp_path) as real:
        await real.log.append(drafts(1, 2))
        await put_raw(real, b"{}")
        await real.log.append(drafts(3, 3))
        async with real.log.follow(EVERYTHING, after=0) as follower:
            seen: list[int] = []
            while len(seen) < 2:
                seen += [event.position for event in await follower.next(WAIT_S_MAX)]
            for _ in range(2):
                with pytest.raises(UndecodableMessage, match="ce-type") as caught:
                    await follower.next(WAIT_S_MAX)
                assert caught.value.__notes__ == [f"at position 3 on {SUBJECT}"]
        assert seen == [1, 2]
        assert [message.position async for message in real.log.read_raw()] == [1, 2, 3, 4]


async def put_raw(real: RealStage, body: bytes) -> None:
    answer = await real.connection.request(SUBJECT, body)
    assert "error" not in json.loads(answer.data)


# A log that is not what it was


async def with_loose_log(connection: Connection, **changes: object) -> LogClient:
    """Create LOG otherwise than the contracts say, as nobody may."""
    (spec,) = (spec for spec in STREAMS if spec.name == "LOG")
    config: dict[str, Any] = stream_config(spec) | changes
    config.pop("persist_mode", None)
    await jetstream.call(connection, "STREAM.CREATE.LOG", config)
    return LogClient(connection, service="gateway")


@asynccontextmanager
async def bare(folder: Path) -> AsyncGenerator[tuple[NatsServer, Connection], None]:
    async with (
        nats_server(folder) as server,
        connected(ServiceSettings(nats_url=server.url), "gateway") as connection,
    ):
        yield server, connection


async def test_a_hole_in_the_log_is_named(tmp_path: Path) -> None:
    async with bare(tmp_path) as (_, connection):
        log = await with_loose_log(connection, deny_delete=False)
        await log.append(drafts(1, 5))
        await jetstream.call(connection, "STREAM.MSG.DELETE.LOG", {"seq": 3})
        with pytest.raises(LogGap) as caught:
            await follow_until(log, 5)
        assert (caught.value.expected, caught.value.found) == (3, 4)
        with pytest.raises(LogGap, match="expected position 3 of the log, found 4"):
            _ = [event async for event in log.read()]


async def test_a_log_with_another_past_is_not_followed(tmp_path: Path) -> None:
    async with bare(tmp_path) as (server, connection), behind(server) as (wire, log):
        direct = await with_loose_log(connection)
        await direct.append(drafts(1, 3))
        async with log.follow(EVERYTHING, after=0) as follower:
            seen = 0
            while seen < 3:
                seen += len(await follower.next(WAIT_S_MAX))
            wire.refuse()
            await jetstream.call(connection, "STREAM.DELETE.LOG")
            await (await with_loose_log(connection)).append(drafts(4, 9))
            await wire.start()
            with pytest.raises(LogForked, match="at 3"):
                await follower.next(WAIT_S_MAX)


@pytest.mark.parametrize("count", [1, 2])
async def test_a_full_log_refuses_and_keeps_what_it_has(tmp_path: Path, count: int) -> None:
    async with bare(tmp_path) as (_, connection):
        log = await with_loose_log(connection, max_bytes=20_000)
        with pytest.raises(LogFull, match="maximum bytes"):
            await fill(log, count)
        kept = await log.head()
        assert kept > 5
        assert [event.position async for event in log.read()] == list(range(1, kept + 1))


async def fill(log: LogClient, count: int) -> None:
    for number in range(0, 1_000, count):
        group: list[Draft] = [a_draft(number + index, padding=500) for index in range(count)]
        await log.append(group)


async def test_six_services_provision_at_once(tmp_path: Path) -> None:
    async with nats_server(tmp_path) as server:
        settings = ServiceSettings(nats_url=server.url)

        async def one(service: str) -> None:
            async with connected(settings, service) as connection:
                await provision(connection)

        await asyncio.gather(*(one(f"service-{number}") for number in range(6)))
        async with connected(settings, "gateway") as connection:
            names = await jetstream.call(connection, "STREAM.NAMES")
    wanted = {spec.name for spec in STREAMS} | {f"KV_{spec.name}" for spec in BUCKETS}
    assert set(names["streams"]) == wanted
