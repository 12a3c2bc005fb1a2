"""The kill is never refused, and a resume lifts what it says."""

import asyncio
import json
from typing import Any

import pytest
from structlog.testing import capture_logs

from contracts import control
from contracts.control import KillLevel
from gateway.domain import kills
from kit import gateway_events as events
from kit.gateway_app import NOW, Desk, running_desk, until
from kit.gateway_orders import ordered
from kit.gateway_settings import changed
from kit.gateway_signin import NEIGHBOR, OWNER, SignInStage, Wallet, signed_in


def last_event(desk: Desk) -> Any:
    return desk.log.recorded[-1].event


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "no reason given"),
        (b"{}", "no reason given"),
        (b"{", "no reason given"),
        (b"null", "no reason given"),
        (b'"now"', "no reason given"),
        (b'{"reason": 5}', "no reason given"),
        (b'{"reason": ""}', "no reason given"),
        (b"\xff\x00", "no reason given"),
        (b"[" * 10_000, "no reason given"),
        (b"x" * 100_000, "no reason given"),
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
            ("global", "flatten"),
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
        desk.commands.log_wait_s = 30
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


@pytest.mark.parametrize("scope", ["account", "global"])
async def test_a_stop_that_the_person_did_not_see_is_not_lifted(scope: str) -> None:
    account = "local" if scope == "account" else None
    async with running_desk() as desk:
        await desk.http.post("/api/engine/kill", json={"reason": "mine", "scope": scope})
        (seen,) = (await desk.http.get("/api/state")).json()["halts"]
        ask = {"reason": "ok", "scope": scope, "knows": seen["newestPos"]}
        # One that is lower, and one that the state does not hold yet.
        for level in (KillLevel.PAUSE_ENTRIES, KillLevel.FLATTEN):
            await desk.story.write(events.a_kill(account, level))
            refused = await desk.http.post("/api/engine/resume", json=ask)
            assert (refused.status_code, refused.json()["code"]) == (409, "stop_changed")
        assert (await desk.http.get("/api/state")).json()["killLevel"] == "flatten"
        (found,) = (await desk.http.get("/api/state")).json()["halts"]
        ask["knows"] = found["newestPos"]
        keyed = {"Idempotency-Key": "resume-as-it-was-seen"}
        for _ in range(2):
            lifted = await desk.http.post("/api/engine/resume", json=ask, headers=keyed)
            assert lifted.status_code == 202
        assert not (await desk.http.get("/api/state")).json()["isHalted"]


# All accounts.


def the_operators(*wallets: Wallet) -> SignInStage:
    """Give a stage whose owner and neighbor command, and these of them all accounts."""
    return SignInStage(operators=frozenset(one.address for one in wallets))


async def test_an_operator_stops_all_accounts_and_resumes_them_by_the_same_right() -> None:
    async with running_desk(stage=the_operators(OWNER)) as desk:
        await signed_in(desk.http)
        assert (await desk.http.get("/api/auth/session")).json()["mayStopAll"]
        ask = {"reason": "news", "level": "flatten", "scope": "global"}
        answer = await desk.http.post("/api/engine/kill", json=ask)
        assert (answer.status_code, answer.json()["scope"]) == (202, "global")
        killed = desk.log.recorded[-1]
        assert isinstance(killed.event, control.KillSwitchEngaged)
        assert (killed.event.account, killed.subject) == (None, "control.all")
        assert killed.event.by == OWNER.address
        # The account's own resume does not lift it.
        await desk.http.post("/api/engine/resume", json={"reason": "mine"})
        state = (await desk.http.get("/api/state")).json()
        assert [(one["scope"], one["level"]) for one in state["halts"]] == [("global", "flatten")]
        lifted = await desk.http.post(
            "/api/engine/resume", json={"reason": "over", "scope": "global"}
        )
        assert lifted.status_code == 202
        resumed = last_event(desk)
        assert isinstance(resumed, control.TradingResumed)
        assert (resumed.account, resumed.reason) == (None, "over")
        assert not (await desk.http.get("/api/state")).json()["isHalted"]


async def test_who_may_not_stop_all_accounts_stops_the_own_one_and_is_told() -> None:
    async with running_desk(stage=the_operators(NEIGHBOR)) as desk:
        await signed_in(desk.http)
        assert not (await desk.http.get("/api/auth/session")).json()["mayStopAll"]
        ask = {"reason": "news", "level": "flatten", "scope": "global"}
        answer = await desk.http.post("/api/engine/kill", json=ask)
        assert (answer.status_code, answer.json()["code"]) == (403, "operator_wallet_required")
        assert "(flatten) is of account local alone" in answer.json()["detail"]
        event = last_event(desk)
        assert isinstance(event, control.KillSwitchEngaged)
        assert (event.account, event.level) == ("local", KillLevel.FLATTEN)
        await desk.story.write(events.a_kill(None, KillLevel.FLATTEN))
        await desk.caught_up()
        head = await desk.log.head()
        refused = await desk.http.post(
            "/api/engine/resume", json={"reason": "over", "scope": "global"}
        )
        assert (refused.status_code, refused.json()["code"]) == (403, "operator_wallet_required")
        assert await desk.log.head() == head


async def test_all_accounts_are_resumed_by_a_young_sign_in_alone() -> None:
    stage = the_operators(OWNER)
    async with running_desk(stage=stage) as desk:
        await signed_in(desk.http)
        stage.passes(minutes=5)
        ask = {"reason": "x", "scope": "global"}
        assert (await desk.http.post("/api/engine/kill", json=ask)).status_code == 202
        old = await desk.http.post("/api/engine/resume", json=ask)
        assert (old.status_code, old.json()["code"]) == (403, "step_up_required")


@pytest.mark.parametrize("scope", ["", "all", "everything", 3, None, ["global"]])
async def test_a_scope_that_is_none_is_the_account(scope: object) -> None:
    async with running_desk() as desk:
        answer = await desk.http.post("/api/engine/kill", json={"reason": "x", "scope": scope})
        assert (answer.status_code, answer.json()["scope"]) == (202, "account")
        resumed = await desk.http.post("/api/engine/resume", json={"reason": "x", "scope": scope})
        assert resumed.status_code == 422  # What is lifted must be said without doubt.


async def test_a_global_kill_says_what_stands_for_all_whatever_the_account_has() -> None:
    async with running_desk() as desk:
        await desk.http.post("/api/engine/kill", json={"level": "flatten"})
        ask = {"level": "pause_entries", "scope": " Global "}
        answer = await desk.http.post("/api/engine/kill", json=ask)
        body = answer.json()
        assert (answer.status_code, body["level"], body["scope"]) == (
            202,
            "pause_entries",
            "global",
        )
        assert (await desk.http.get("/api/state")).json()["killLevel"] == "flatten"


async def test_a_global_kill_survives_a_restart_and_stands_at_every_gateway() -> None:
    async with running_desk() as desk:
        await desk.http.post("/api/engine/kill", json={"reason": "x", "scope": "global"})
    for account in ("local", "neighbor"):
        async with running_desk(log=desk.log, account=account) as again:
            await again.caught_up()
            state = (await again.http.get("/api/state")).json()
            assert [one["scope"] for one in state["halts"]] == ["global"]


async def test_one_key_resumes_the_account_and_all_each_once() -> None:
    async with running_desk() as desk:
        headers = {"Idempotency-Key": "r-1"}
        answers = [
            await desk.http.post(
                "/api/engine/resume", json={"reason": "x", "scope": scope}, headers=headers
            )
            for scope in ("account", "global", "account")
        ]
        assert {one.status_code for one in answers} == {202}
        first, second, third = (one.json()["commandId"] for one in answers)
        assert first == third != second
