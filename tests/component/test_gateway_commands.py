"""What people ask for becomes events: settings and cancels once, and the kill always."""

import asyncio
import itertools
import json
from collections.abc import Mapping
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from contracts import control, order
from contracts.control import KillLevel
from contracts.ids import EventId
from contracts.values import Leg
from gateway.domain import kills
from kit import gateway_events as events
from kit.gateway_app import NOW, Desk, running_desk, until
from kit.gateway_orders import ordered

SETTINGS: dict[str, Any] = {
    "max_leverage": "4",
    "risk_per_trade": "25.5",
    "daily_drawdown_limit": "2",
    "priority_fee_cap": 5_000,
    "delegate_enabled": False,
    "strategy_enabled": False,
}


async def changed(
    desk: Desk, body: dict[str, Any] = SETTINGS, headers: Mapping[str, str] | None = None
) -> httpx.Response:
    """Replace the settings, whatever they are."""
    sent = {"If-Match": "*", **(headers or {})}
    return await desk.http.put("/api/settings", json=body, headers=sent)


def last_event(desk: Desk) -> Any:
    return desk.log.recorded[-1].event


async def test_without_a_feed_there_is_no_account_to_command() -> None:
    async with running_desk(opens_account=False) as desk:
        order_answer = await ordered(desk)
        assert (order_answer.status_code, order_answer.json()["code"]) == (503, "starting")
        assert (await desk.http.get("/api/settings")).status_code == 503
        assert (await desk.http.get("/readyz")).status_code == 503


# Cancels.


async def test_an_entry_and_a_take_profit_may_be_canceled_but_a_stop_stays() -> None:
    async with running_desk() as desk:
        setup = await desk.story.holds(0)
        await desk.caught_up()
        statuses: dict[Leg, tuple[int, str | None]] = {}
        for leg in Leg:
            order_id = desk.story.order_id(setup, leg)
            answer = await desk.http.post("/api/engine/cancel", json={"orderId": order_id})
            statuses[leg] = (answer.status_code, answer.json().get("code"))
        assert statuses == {
            Leg.ENTRY: (409, "order_not_open"),
            Leg.STOP: (409, "order_is_protection"),
            Leg.TP1: (202, None),
            Leg.TP2: (202, None),
            Leg.TP3: (202, None),
            Leg.CLOSE: (404, "order_unknown"),
        }
        assert isinstance(last_event(desk), control.CancelRequested)


async def test_an_order_that_closes_the_position_stays() -> None:
    async with running_desk() as desk:
        setup = await desk.story.holds(0)
        await desk.story.places(setup, Leg.CLOSE, "148", "50")
        await desk.caught_up()
        ask = {"orderId": desk.story.order_id(setup, Leg.CLOSE)}
        answer = await desk.http.post("/api/engine/cancel", json=ask)
        assert (answer.status_code, answer.json()["code"]) == (409, "order_is_protection")


async def test_an_order_that_is_not_ours_is_unknown() -> None:
    async with running_desk() as desk:
        answer = await desk.http.post("/api/engine/cancel", json={"orderId": "0" * 26})
        assert (answer.status_code, answer.json()["code"]) == (404, "order_unknown")


async def test_a_replayed_cancel_is_answered_even_when_the_order_is_over() -> None:
    async with running_desk() as desk:
        setup = await desk.story.holds(0)
        await desk.caught_up()
        ask = {"orderId": desk.story.order_id(setup, Leg.TP1)}
        headers = {"Idempotency-Key": "c-1"}
        first = await desk.http.post("/api/engine/cancel", json=ask, headers=headers)
        await desk.story.observes(
            order.OrderCanceled,
            setup,
            Leg.TP1,
            reason=order.CancelReason.REQUESTED,
            unfilled_base=None,
        )
        await desk.caught_up()
        again = await desk.http.post("/api/engine/cancel", json=ask, headers=headers)
        assert (again.status_code, again.json()) == (202, first.json())


# Kill and resume.


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "not given"),
        (b"{}", "not given"),
        (b"{", "not given"),
        (b"null", "not given"),
        (b'"now"', "not given"),
        (b'{"reason": 5}', "not given"),
        (b'{"reason": ""}', "not given"),
        (b"\xff\x00", "not given"),
        (b"[" * 10_000, "not given"),
        (b"x" * 100_000, "not given"),
        (b'{"reason": "smoke", "more": [1]}', "smoke"),
        (b'{"reason": "a\\u0000b"}', "a b"),
        (json.dumps({"reason": "y" * 3_000}).encode(), "y" * 500),
    ],
    ids=lambda value: repr(value)[:24],
)
async def test_the_kill_takes_any_body(body: bytes, reason: str) -> None:
    async with running_desk() as desk:
        answer = await desk.http.post("/api/engine/kill", content=body)
        assert (answer.status_code, answer.json()["status"]) == (202, "recorded")
        event = last_event(desk)
        assert isinstance(event, control.KillSwitchEngaged)
        assert (event.account, event.reason) == ("local", reason)
        assert event.level is KillLevel.CANCEL_ENTRIES
        assert (await desk.http.get("/api/state")).json()["isHalted"]


@pytest.mark.parametrize(
    ("sent", "level"),
    [
        ("pause_entries", KillLevel.PAUSE_ENTRIES),
        ("cancel_entries", KillLevel.CANCEL_ENTRIES),
        ("flatten", KillLevel.FLATTEN),
        ("everything", KillLevel.CANCEL_ENTRIES),
        (3, KillLevel.CANCEL_ENTRIES),
        (None, KillLevel.CANCEL_ENTRIES),
    ],
)
async def test_a_kill_says_its_level_what_it_does_and_what_stays_open(
    sent: object, level: KillLevel
) -> None:
    async with running_desk() as desk:
        ask = {"reason": "enough", "level": sent}
        answer = await desk.http.post("/api/engine/kill", json=ask)
        body = answer.json()
        event = last_event(desk)
        assert isinstance(event, control.KillSwitchEngaged)
        assert (answer.status_code, event.level) == (202, level)
        assert body["asked"] == body["level"] == level.name.lower()
        assert (body["does"], body["leavesOpen"]) == (
            kills.EFFECTS[level].does,
            kills.EFFECTS[level].leaves_open,
        )
        state = (await desk.http.get("/api/state")).json()
        assert state["killLevel"] == state["halts"][0]["level"] == level.name.lower()


async def test_a_lower_kill_while_a_higher_stands_is_recorded_and_changes_nothing() -> None:
    async with running_desk() as desk:
        await desk.http.post("/api/engine/kill", json={"reason": "first", "level": "flatten"})
        lower = await desk.http.post(
            "/api/engine/kill", json={"reason": "second", "level": "pause_entries"}
        )
        body = lower.json()
        assert (lower.status_code, body["status"]) == (200, "recorded")
        assert (body["asked"], body["level"]) == ("pause_entries", "flatten")
        assert body["leavesOpen"] == kills.EFFECTS[KillLevel.FLATTEN].leaves_open
        event = last_event(desk)
        assert isinstance(event, control.KillSwitchEngaged)
        assert (event.reason, event.level) == ("second", KillLevel.PAUSE_ENTRIES)
        state = (await desk.http.get("/api/state")).json()
        assert state["killLevel"] == "flatten"
        assert [halt["reason"] for halt in state["halts"]] == ["first"]


async def test_a_lower_kill_beneath_the_global_one_says_that_the_global_one_stands() -> None:
    async with running_desk() as desk:
        await desk.story.write(events.a_kill(None, KillLevel.FLATTEN))
        await desk.caught_up()
        answer = await desk.http.post("/api/engine/kill", json={"reason": "mine"})
        assert (answer.status_code, answer.json()["level"]) == (200, "flatten")
        state = (await desk.http.get("/api/state")).json()
        assert [(halt["scope"], halt["level"]) for halt in state["halts"]] == [
            ("all", "flatten"),
            ("account", "cancel_entries"),
        ]


async def test_a_kill_of_the_same_or_a_higher_level_is_accepted() -> None:
    async with running_desk() as desk:
        statuses = [
            (await desk.http.post("/api/engine/kill", json={"level": level})).status_code
            for level in ("pause_entries", "pause_entries", "cancel_entries", "flatten", "flatten")
        ]
        assert statuses == [202] * 5


async def test_after_a_resume_a_lower_kill_stands_by_itself() -> None:
    async with running_desk() as desk:
        await desk.http.post("/api/engine/kill", json={"level": "flatten"})
        await desk.http.post("/api/engine/resume", json={"reason": "ok"})
        answer = await desk.http.post("/api/engine/kill", json={"level": "pause_entries"})
        assert (answer.status_code, answer.json()["level"]) == (202, "pause_entries")


async def test_the_kill_ignores_every_precondition() -> None:
    async with running_desk() as desk:
        headers = {"If-Match": '"999"', "Idempotency-Key": "k\xff", "Content-Type": "text/plain"}
        raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
        for _ in range(50):
            answer = await desk.http.post("/api/engine/kill", headers=raw)
            assert answer.status_code == 202
        kills = [one for one in desk.log.recorded if one.event.event_type == "kill_switch_engaged"]
        assert len(kills) == 50


async def test_the_kill_works_before_there_is_a_feed_or_an_account() -> None:
    async with running_desk(opens_account=False) as desk:
        answer = await desk.http.post("/api/engine/kill", json={"reason": "early"})
        assert (answer.status_code, answer.json()["pos"]) == (202, "1")
        assert desk.log.recorded[0].occurred_at == NOW
        assert (await desk.http.get("/api/state")).json()["isHalted"]


async def test_a_kill_while_the_log_is_away_is_recorded_when_it_is_back() -> None:
    async with running_desk(log_wait_s=0.05) as desk:
        desk.log.pause()
        with capture_logs() as logs:
            answer = await desk.http.post("/api/engine/kill", json={"reason": "away"})
        body = answer.json()
        assert (answer.status_code, body["status"], body["pos"]) == (202, "recording", None)
        assert body["level"] == "cancel_entries"
        assert "kill_not_recorded_yet" in [line["event"] for line in logs]
        desk.log.resume()
        await desk.commands.settle(timeout_s=30)
        assert str(desk.log.recorded[-1].id) == body["commandId"]
        await desk.caught_up()
        assert desk.live.state.is_halted


async def test_a_kill_outlives_the_client_that_asked_for_it() -> None:
    async with running_desk(log_wait_s=5) as desk:
        desk.log.pause()
        asking = asyncio.create_task(desk.http.post("/api/engine/kill", json={"reason": "gone"}))
        await until(lambda: desk.log.waiting == 1)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        desk.log.resume()
        await desk.commands.settle(timeout_s=30)
        assert isinstance(last_event(desk), control.KillSwitchEngaged)


async def test_other_commands_give_up_when_the_log_is_away_and_say_so() -> None:
    async with running_desk(log_wait_s=0.05) as desk:
        desk.log.pause()
        for answer in (
            await ordered(desk),
            await desk.http.post("/api/engine/resume", json={"reason": "x"}),
            await changed(desk),
        ):
            assert (answer.status_code, answer.json()["code"]) == (503, "log_unavailable")
            assert answer.headers["retry-after"]
        desk.log.resume()
        kill = await desk.http.post("/api/engine/kill")
        assert kill.json()["pos"] == "4"  # Behind the three of before: nothing came late.


async def test_a_full_log_is_named() -> None:
    async with running_desk() as desk:
        desk.log.limit(3)
        for answer in (await desk.http.post("/api/engine/kill"), await ordered(desk)):
            assert (answer.status_code, answer.json()["code"]) == (507, "log_full")


async def test_resume_lifts_the_kill() -> None:
    async with running_desk() as desk:
        await desk.http.post("/api/engine/kill", json={"reason": "x"})
        assert (
            await desk.http.post("/api/engine/resume", json={"reason": "ok"})
        ).status_code == 202
        assert not (await desk.http.get("/api/state")).json()["isHalted"]


# Settings.


async def test_settings_are_read_with_their_revision_and_replaced_whole() -> None:
    async with running_desk() as desk:
        read = await desk.http.get("/api/settings")
        assert read.headers["etag"] == '"3"'
        assert read.json()["max_leverage"] == "5"
        answer = await changed(desk, SETTINGS, {"If-Match": read.headers["etag"]})
        assert (answer.status_code, answer.json()) == (200, SETTINGS)
        assert answer.headers["etag"] == '"4"'
        event = last_event(desk)
        assert isinstance(event, control.SettingsChanged)
        assert event.before == events.settings()
        assert (await desk.http.get("/api/settings")).json() == SETTINGS


async def test_settings_that_changed_in_between_are_not_overwritten() -> None:
    async with running_desk() as desk:
        await changed(desk)
        stale = await changed(desk, {**SETTINGS, "max_leverage": "1"}, {"If-Match": '"3"'})
        assert (stale.status_code, stale.json()["code"]) == (412, "settings_changed")
        assert (stale.headers["etag"], stale.json()["currentRevision"]) == ('"4"', "4")


async def test_settings_that_nobody_looked_at_are_not_replaced() -> None:
    async with running_desk() as desk:
        blind = await desk.http.put("/api/settings", json=SETTINGS)
        assert (blind.status_code, blind.json()["code"]) == (428, "if_match_required")
        assert await desk.log.head() == 3


@pytest.mark.parametrize("etag", ["3", 'W/"3"', "x", '"-1"'])
async def test_a_malformed_if_match_never_matches(etag: str) -> None:
    async with running_desk() as desk:
        answer = await changed(desk, SETTINGS, {"If-Match": etag})
        assert answer.status_code == 412


async def test_equal_settings_write_nothing() -> None:
    async with running_desk() as desk:
        await changed(desk)
        head = await desk.log.head()
        again = await changed(desk)
        assert (again.status_code, await desk.log.head()) == (200, head)


async def test_a_replayed_change_does_not_undo_a_later_one() -> None:
    async with running_desk() as desk:
        headers = {"Idempotency-Key": "s-1"}
        await changed(desk, SETTINGS, headers)
        later = {**SETTINGS, "max_leverage": "3"}
        await changed(desk, later)
        replay = await changed(desk, SETTINGS, headers)
        assert (replay.status_code, replay.json()) == (200, later)
        reused = await changed(desk, later, headers)
        assert (reused.status_code, reused.json()["code"]) == (422, "idempotency_key_reused")


async def test_commands_at_the_same_time_do_not_lose_a_settings_change() -> None:
    async with running_desk() as desk:
        bodies = [{**SETTINGS, "priority_fee_cap": number} for number in range(4)]
        answers = await asyncio.gather(
            *(changed(desk, body) for body in bodies),
            *(desk.http.post("/api/engine/kill") for _ in range(4)),
        )
        assert {answer.status_code for answer in answers} <= {200, 202}
        changes = [
            one.event for one in desk.log.recorded if isinstance(one.event, control.SettingsChanged)
        ]
        assert len(changes) == 4
        for before, after in itertools.pairwise(changes):
            assert after.before == before.settings


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_leverage", "100.1"),
        ("risk_per_trade", "1001"),
        ("daily_drawdown_limit", "101"),
        ("max_leverage", "NaN"),
        ("max_leverage", 5),
        ("priority_fee_cap", "5"),
        ("priority_fee_cap", -1),
        ("priority_fee_cap", 10**13),
        ("priority_fee_cap", 1.5),
        ("strategy_enabled", "true"),
        ("strategy_enabled", 1),
        ("delegate_enabled", None),
    ],
)
async def test_settings_beyond_their_limits_are_refused_by_name(name: str, value: object) -> None:
    async with running_desk() as desk:
        answer = await changed(desk, {**SETTINGS, name: value})
        assert answer.status_code == 422
        assert [error["pointer"] for error in answer.json()["errors"]] == [f"/{name}"]


# The account's first event.


async def test_the_account_opens_once_at_the_feeds_own_time() -> None:
    async with running_desk(opens_account=False) as desk:
        desk.story.market_at = events.START
        await desk.story.opens()
        await until(lambda: desk.live.state.account is not None)
        first = desk.log.recorded[-1]
        assert isinstance(first.event, control.AccountOpened)
        assert first.occurred_at == events.START
    async with running_desk(log=desk.log, environment={"max_leverage": "9"}) as again:
        await again.caught_up()
        assert (await again.http.get("/api/settings")).json()["max_leverage"] == "5"
        assert again.log.recorded[-1].id == first.id


async def test_a_kill_before_the_account_does_not_keep_it_from_opening() -> None:
    async with running_desk(opens_account=False) as desk:
        await desk.http.post("/api/engine/kill", json={"reason": "early"})
        await desk.story.opens()
        await until(lambda: desk.live.state.account is not None)
        assert desk.live.state.is_halted


async def test_two_logs_have_the_same_account_byte_for_byte() -> None:
    bodies: list[tuple[EventId, bytes]] = []
    for _ in range(2):
        async with running_desk(opens_account=False) as desk:
            await desk.story.opens()
            await until(lambda: desk.live.state.account is not None)
            bodies.append((desk.log.recorded[-1].id, desk.log.recorded[-1].body))
    assert bodies[0] == bodies[1]
