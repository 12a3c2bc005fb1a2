"""The worker over the log: every notice once, whatever dies, and never a secret in a log line."""

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator, Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import httpx
from structlog.testing import capture_logs

from contracts.control import KillLevel, KillSwitchEngaged
from contracts.event import Event
from contracts.feed import FeedStalled
from contracts.ids import AccountId
from contracts.venue import VenueObserved
from gateway.notify.outbox import DIGEST, Outbox
from gateway.notify.watching import Key, Readings
from gateway.notify.worker import Worker
from kit.gateway_app import Desk, running_desk, until
from kit.gateway_notify import (
    BEGIN,
    JSON,
    PING,
    QUICK,
    TELEGRAM,
    NotifyStage,
    channel,
    wish,
)
from kit.golden import EXAMPLES
from kit.memory import InMemoryLog

PATH = "/api/notifications"


def a_kill(reason: str, account: str | None = "local") -> KillSwitchEngaged:
    return KillSwitchEngaged(
        account=account, level=KillLevel.CANCEL_ENTRIES, reason=reason, by="local"
    )


def seen_by_the_venue(position: str, liquidation: str) -> VenueObserved:
    example = next(one for one in EXAMPLES if isinstance(one, VenueObserved))
    return example.model_copy(
        update={
            "account": "local",
            "position_base": Decimal(position),
            "liquidation_usd": Decimal(liquidation),
        }
    )


def a_stall(number: int) -> FeedStalled:
    return FeedStalled(
        venue="binance", symbol="solusdt", stream="trades", reason=f"no {number}", silence_ms=9_000
    )


async def append(desk: Desk, *events: Event) -> None:
    for event in events:
        await desk.story.write(event)


@contextlib.asynccontextmanager
async def working(worker: Worker) -> AsyncGenerator[asyncio.Task[None]]:
    task = asyncio.create_task(worker.run())
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def set_up(desk: Desk, *channels: dict[str, Any], **more: Any) -> httpx.Response:
    revision = (await desk.http.get(PATH)).headers["etag"]
    answer = await desk.http.put(PATH, json=wish(*channels, **more), headers={"If-Match": revision})
    assert answer.status_code == 200, answer.text
    return answer


async def outbox_of(stage: NotifyStage) -> Outbox:
    entry = await stage.store(AccountId("local")).outbox()
    assert entry is not None
    return entry.value


async def filed(stage: NotifyStage, log: InMemoryLog) -> None:
    """Wait until the outbox has heard the whole log and has sent all it can."""
    head = await log.head()
    await written(stage, lambda outbox: outbox.position >= head and not outbox.pending)


async def attempted(stage: NotifyStage, count: int) -> None:
    """Wait until `count` attempts are written down: only then does the time of the next run."""
    await written(stage, lambda outbox: len(outbox.deliveries) >= count)


async def written(stage: NotifyStage, is_so: Callable[[Outbox], bool]) -> None:
    store = stage.store(AccountId("local"))
    async with asyncio.timeout(30):
        while (entry := await store.outbox()) is None or not is_so(entry.value):  # noqa: ASYNC110  A bucket announces nothing.
            await asyncio.sleep(0.002)


async def test_people_are_told_in_the_order_of_the_log_and_only_of_their_account() -> None:
    stage = NotifyStage()
    async with running_desk(notify=stage) as desk:
        await set_up(desk, channel(), channel("hook", JSON, floor="critical"))
        async with working(stage.worker(desk.log)):
            await until(lambda: "outbox.local" in stage.bucket.values)
            await append(
                desk, a_stall(1), a_kill("ours"), a_kill("theirs", "other"), a_kill("all", None)
            )
            await append(desk, a_stall(2))
            await filed(stage, desk.log)
        assert (
            stage.sender.titles(TELEGRAM)
            == [
                "Emergency stop engaged",
                "Emergency stop engaged",
                "Feed stalled",
                "Feed stalled",
            ]
            or sorted(stage.sender.titles(TELEGRAM))
            == ["Emergency stop engaged"] * 2 + ["Feed stalled"] * 2
        )
        assert stage.sender.titles(JSON) == ["Emergency stop engaged"] * 2
        assert not any("theirs" in body for _, _, body in stage.sender.got)
        view = (await desk.http.get(PATH)).json()
        assert view["deliveries"][0]["status"] == "delivered"
        assert view["channels"][0]["waiting"] == 0


async def test_what_happened_before_anybody_asked_is_not_told() -> None:
    stage = NotifyStage()
    async with running_desk(notify=stage) as desk:
        await append(desk, a_kill("long ago"))
        await set_up(desk, channel())
        async with working(stage.worker(desk.log)):
            await until(lambda: "outbox.local" in stage.bucket.values)
            await append(desk, a_kill("now"))
            await filed(stage, desk.log)
        (told,) = (body for _, _, body in stage.sender.got if "Kill" in body)
        assert "now" in told


async def test_what_no_event_says_is_told_once_whoever_sends() -> None:
    stage = NotifyStage()
    async with running_desk(notify=stage) as desk:
        await set_up(
            desk,
            channel(floor="warning"),
            matrix={"delegate_expiring": ["phone"], "rpc_degraded": ["phone"]},
            rpcSilentS=10,
        )
        for instance in ("gateway-0", "gateway-1"):
            async with working(stage.worker(desk.log, instance=instance)):
                await until(lambda: "outbox.local" in stage.bucket.values)
                await append(desk, seen_by_the_venue("5", "90"))
                stage.readings = Readings(
                    moment=stage.now,
                    price_usd=Decimal(95),
                    key=Key("a-key", BEGIN + timedelta(minutes=100)),
                    rpc_trouble="1 of 2 nodes of the chain do not answer",
                )
                await until(lambda: len(stage.sender.got) >= 2)
                stage.passes(seconds=10)
                await attempted(stage, 3)
                await filed(stage, desk.log)
        assert sorted(stage.sender.titles(TELEGRAM)) == [
            "Liquidation is near",
            "The chain's nodes",
            "The delegate key runs out",
        ]


async def test_a_gateway_that_dies_loses_nothing_and_tells_nothing_twice() -> None:
    stage = NotifyStage()
    async with running_desk(notify=stage) as desk:
        await set_up(desk, channel(hourlyCap=60))
        async with working(stage.worker(desk.log)):
            await until(lambda: "outbox.local" in stage.bucket.values)
        for round_ in range(9):
            events = [a_kill(f"kill {round_}.{at}") for at in range(2)]
            async with working(stage.worker(desk.log)) as task:
                await append(desk, *events)
                # Cut wherever it stands after a few steps of the loop.
                for _ in range(round_ * 7):
                    await asyncio.sleep(0)
                task.cancel()
        async with working(stage.worker(desk.log)):
            await filed(stage, desk.log)
        bodies = [body for _, _, body in stage.sender.got if "kill " in body]
        wanted = [f"kill {round_}.{at}" for round_ in range(9) for at in range(2)]
        for reason in wanted:
            assert sum(body.endswith(reason) for body in bodies) >= 1, reason
        # Sent and not yet written down: one message of a channel at most for every death.
        assert len(bodies) <= len(wanted) + 10


async def test_one_gateway_sends_and_another_takes_over_when_it_stands_still() -> None:
    stage = NotifyStage()
    async with running_desk(notify=stage) as desk:
        await set_up(desk, channel())
        # A lease that a machine which is held up for a while does not break.
        pace = replace(QUICK, lease_s=1.0)
        async with working(stage.worker(desk.log, instance="one", pace=pace)) as first:
            await until(lambda: "outbox.local" in stage.bucket.values)
            async with working(stage.worker(desk.log, instance="two", pace=pace)):
                await append(desk, a_kill("first"))
                await filed(stage, desk.log)
                assert (await outbox_of(stage)).holder == "one"
                await asyncio.sleep(1.2)  # The lease, and more.
                assert (await outbox_of(stage)).holder == "one"
                first.cancel()
                await append(desk, a_kill("second"))
                await filed(stage, desk.log)
                assert (await outbox_of(stage)).holder == "two"
        kills = [body for _, _, body in stage.sender.got if "Kill switch" in body]
        assert len(kills) == 2


async def test_a_zombie_notices_at_its_next_write_and_stands_by() -> None:
    stage = NotifyStage()
    async with running_desk(notify=stage) as desk:
        await set_up(desk, channel())
        async with working(stage.worker(desk.log, instance="one")):
            await until(lambda: "outbox.local" in stage.bucket.values)
            store = stage.store(AccountId("local"))
            entry = await store.outbox()
            assert entry is not None
            with capture_logs() as said:
                async with asyncio.timeout(30):
                    while True:
                        entry = await store.outbox()
                        assert entry is not None
                        value = json.loads(stage.bucket.values["outbox.local"])
                        value["holder"] = "two"
                        with contextlib.suppress(Exception):
                            raw = json.dumps(value).encode()
                            await stage.bucket.put("outbox.local", raw, revision=entry.revision)
                            break
                await until(lambda: any(one["event"] == "notifying_elsewhere" for one in said))


async def test_outages_of_the_store_delay_and_lose_nothing() -> None:
    stage = NotifyStage()
    async with running_desk(notify=stage) as desk:
        await set_up(desk, channel())
        async with working(stage.worker(desk.log)):
            await until(lambda: "outbox.local" in stage.bucket.values)
            stage.bucket.pause()
            await append(desk, a_kill("meanwhile"))
            await asyncio.sleep(0.05)
            await stage.bucket.resume()
            await filed(stage, desk.log)
        assert any("meanwhile" in body for _, _, body in stage.sender.got)


async def test_failures_are_tried_again_and_shown_without_the_target() -> None:
    stage = NotifyStage()
    async with running_desk(notify=stage) as desk:
        await set_up(desk, channel())
        stage.sender.fails[TELEGRAM] = "http_502"
        with capture_logs() as said:
            async with working(stage.worker(desk.log)):
                await until(lambda: "outbox.local" in stage.bucket.values)
                await append(desk, a_kill("now"))
                await attempted(stage, 1)
                stage.passes(seconds=11)
                await attempted(stage, 2)
                stage.sender.fails.clear()
                stage.passes(seconds=21)
                await filed(stage, desk.log)
        view = (await desk.http.get(PATH)).json()
        assert view["channels"][0]["lastDelivery"]["status"] == "delivered"
        assert {it["error"] for it in view["deliveries"]} == {"", "http_502"}
        kept = json.dumps(said, default=str) + str(stage.bucket.values["outbox.local"])
        for secret in ("987654321", "abcdefg_hijk", "tgram"):
            assert secret not in kept


async def test_all_is_well_is_said_only_while_it_is() -> None:
    stage = NotifyStage()
    async with running_desk(notify=stage) as desk:
        await set_up(desk, heartbeat={"target": PING, "everyS": 60})
        async with working(stage.worker(desk.log)):
            await until(lambda: len(stage.sender.pings) == 1)
            stage.passes(seconds=59)
            await asyncio.sleep(0.05)
            assert len(stage.sender.pings) == 1
            stage.is_healthy = False
            stage.passes(hours=1)
            await asyncio.sleep(0.05)
            assert len(stage.sender.pings) == 1
            stage.is_healthy = True
            await until(lambda: len(stage.sender.pings) == 2)
            stage.sender.fails[PING] = "timeout"
            stage.passes(seconds=60)
            await written(stage, lambda it: it.ping is not None and it.ping.error == "timeout")
            assert len(stage.sender.pings) == 3
        beat = (await desk.http.get(PATH)).json()["heartbeat"]
        assert (beat["target"], beat["lastPing"]["status"]) == ("https://••••", "failed")
        assert beat["lastPing"]["error"] == "timeout"


async def test_a_day_is_summed_up_at_its_hour_and_a_flood_in_a_digest() -> None:
    stage = NotifyStage()
    async with running_desk(notify=stage) as desk:
        more = {"dailySummaryAt": "18:00"}
        body = wish(channel(hourlyCap=2), **more)
        body["matrix"]["daily_summary"] = ["phone"]
        answer = await desk.http.put(PATH, json=body, headers={"If-Match": '"0"'})
        assert answer.status_code == 200, answer.text
        async with working(stage.worker(desk.log)):
            await until(lambda: "outbox.local" in stage.bucket.values)
            await append(desk, *(a_stall(at) for at in range(6)))
            await filed(stage, desk.log)
            assert stage.sender.titles(TELEGRAM) == ["Feed stalled"] * 2
            stage.passes(minutes=61)
            await until(lambda: len(stage.sender.got) == 3)
            assert stage.sender.titles(TELEGRAM)[-1].startswith("4 notices since")
            stage.now = BEGIN.replace(hour=18)
            await until(lambda: len(stage.sender.got) == 4)
            assert stage.sender.titles(TELEGRAM)[-1] == "Daily summary"
            stage.passes(hours=23, minutes=59)
            await asyncio.sleep(0.03)
            assert len(stage.sender.got) == 4
            stage.passes(minutes=1)
            await until(lambda: len(stage.sender.got) == 5)
            await attempted(stage, 5)
        kinds = [it["kind"] for it in (await desk.http.get(PATH)).json()["deliveries"]]
        assert kinds == ["daily_summary"] * 2 + [DIGEST] + ["feed_stalled"] * 2
        assert BEGIN + timedelta(hours=30) == stage.now


async def test_a_worker_that_breaks_is_logged_and_goes_on() -> None:
    stage = NotifyStage()
    async with running_desk(notify=stage) as desk:
        await set_up(desk, channel())
        await stage.bucket.put("outbox.local", b"{}", revision=0)
        with capture_logs() as said:
            async with working(stage.worker(desk.log)):
                await until(lambda: any(one["event"] == "notifying_failed" for one in said))
                await stage.bucket.delete("outbox.local")
