"""Sessions live in one bucket: what one gateway gives or ends, the others know."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from chassis.settings import ConfigurationError
from contracts.access import SignedOut, SignOutCause
from gateway.signin import sessions
from gateway.signin.cookies import digest
from gateway.signin.ends import Ends
from gateway.signin.sessions import PER_WALLET_MAX, Client, Sessions
from kit.gateway_app import BASE, Desk, running_desk, until
from kit.gateway_signin import NEIGHBOR, OWNER, SignInStage, signed_in
from kit.gateway_stream import paced, page_stream

SESSIONS = "/api/auth/sessions"


def browser(desk: Desk, token: str = "") -> httpx.AsyncClient:
    """Give another browser on a desk, with a cookie planted in it."""
    cookies = {"sid": token} if token else {}
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app=desk.edge),
        base_url=BASE,
        headers={"Origin": BASE},
        cookies=cookies,
    )


def causes(desk: Desk) -> list[SignOutCause]:
    found = (one.event for one in desk.log.recorded)
    return [event.cause for event in found if isinstance(event, SignedOut)]


async def items(http: httpx.AsyncClient) -> list[dict[str, Any]]:
    return (await http.get(SESSIONS)).json()["items"]


async def test_a_planted_cookie_is_never_taken_over() -> None:
    """Fixation: the id after the sign-in is new, and the planted one still opens nothing."""
    planted = "p" * 43
    async with running_desk(stage=SignInStage()) as desk, browser(desk, planted) as victim:
        await victim.get("/")
        await signed_in(victim)
        assert victim.cookies.get("sid", domain="127.0.0.1") != planted
        async with browser(desk, planted) as attacker:
            assert (await attacker.get("/api/state")).status_code == 401


async def test_two_cookies_of_the_name_are_none() -> None:
    async with running_desk(stage=SignInStage()) as desk:
        await signed_in(desk.http)
        both = f"sid={'p' * 43}; sid={desk.http.cookies['sid']}"
        answer = await desk.http.get("/api/state", headers={"Cookie": both})
        assert answer.status_code == 401


async def test_signing_in_again_gives_a_new_cookie_and_ends_the_old_session() -> None:
    async with running_desk(stage=SignInStage()) as desk:
        first = await signed_in(desk.http)
        old = desk.http.cookies["sid"]
        second = await signed_in(desk.http)
        assert (second["id"] != first["id"], desk.http.cookies["sid"] != old) == (True, True)
        async with browser(desk, old) as there:
            assert (await there.get("/api/state")).status_code == 401
        assert [one["id"] for one in await items(desk.http)] == [second["id"]]
        await until(lambda: causes(desk) == [SignOutCause.REPLACED])


async def test_signing_in_again_ends_also_what_was_idle_too_long() -> None:
    stage = SignInStage()
    async with running_desk(stage=stage) as desk:
        await signed_in(desk.http)
        async with browser(desk, desk.http.cookies["sid"]) as copy:
            stage.passes(minutes=31)
            await signed_in(desk.http)
            refused = await copy.post("/api/engine/kill", json={"reason": "copied"})
            assert refused.status_code == 401


async def test_a_session_lives_while_it_is_used_and_eight_hours_at_most() -> None:
    stage = SignInStage()
    async with running_desk(stage=stage) as desk:
        assert desk.sign_in is not None
        await signed_in(desk.http)
        for _ in range(16):
            stage.passes(minutes=29, seconds=59)
            assert (await desk.http.get("/api/state")).status_code == 200
            await desk.sign_in.settle(timeout_s=30)
        stage.passes(minutes=1)
        assert (await desk.http.get("/api/state")).status_code == 401


async def test_a_session_that_is_not_used_ends_after_half_an_hour() -> None:
    stage = SignInStage()
    async with running_desk(stage=stage) as desk:
        await signed_in(desk.http)
        stage.passes(minutes=30)
        assert (await desk.http.get("/api/state")).status_code == 401
        assert (await desk.http.get("/api/auth/session")).json()["session"] is None


async def test_use_is_written_once_a_minute_and_known_at_the_other_gateway() -> None:
    stage = SignInStage()
    async with running_desk(stage=stage) as one:
        await signed_in(one.http)
        token = one.http.cookies["sid"]
        begin = stage.sessions.values
        stage.passes(seconds=59)
        await one.http.get("/api/state")
        assert stage.sessions.values == begin
        stage.passes(minutes=20)
        await one.http.get("/api/state")
        await until(lambda: stage.sessions.values != begin)
        stage.passes(minutes=20)
        async with running_desk(stage=stage, log=one.log) as other, browser(other, token) as there:
            assert (await there.get("/api/state")).status_code == 200


async def test_the_list_shows_the_wallets_browsers_and_no_secret() -> None:
    async with running_desk(stage=SignInStage()) as desk, browser(desk) as phone:
        mine = await signed_in(desk.http)
        phone.headers["User-Agent"] = "phone\x1b[31m\x7f" + "x" * 5_000
        other = await signed_in(phone)
        listed = await items(desk.http)
        assert {one["id"]: one["isCurrent"] for one in listed} == {
            mine["id"]: True,
            other["id"]: False,
        }
        agent = next(one["userAgent"] for one in listed if not one["isCurrent"])
        assert agent.startswith("phone")
        assert len(agent) <= 500
        assert agent.isprintable()
        for token in (desk.http.cookies["sid"], phone.cookies["sid"]):
            assert token not in str(listed)


async def test_one_session_is_ended_and_the_others_stay() -> None:
    async with running_desk(stage=SignInStage()) as desk, browser(desk) as phone:
        await signed_in(desk.http)
        lost = await signed_in(phone)
        answer = await desk.http.delete(f"{SESSIONS}/{lost['id']}")
        assert answer.json() == {"sessions": 1, "status": "ended"}
        assert "set-cookie" not in answer.headers
        assert (await phone.get("/api/state")).status_code == 401
        assert (await desk.http.get("/api/state")).status_code == 200
        again = await desk.http.delete(f"{SESSIONS}/{lost['id']}")
        assert (again.status_code, again.json()["code"]) == (404, "session_unknown")
        await until(lambda: causes(desk) == [SignOutCause.REVOKED])


async def test_all_sessions_are_ended_at_once() -> None:
    async with running_desk(stage=SignInStage()) as desk, browser(desk) as phone:
        await signed_in(desk.http)
        await signed_in(phone)
        answer = await desk.http.delete(SESSIONS)
        assert answer.json() == {"sessions": 2, "status": "ended"}
        for http in (desk.http, phone):
            assert (await http.get("/api/state")).status_code == 401


async def test_all_means_also_the_session_that_was_idle_too_long() -> None:
    stage = SignInStage()
    async with running_desk(stage=stage) as desk, browser(desk) as left_open:
        lost = await signed_in(left_open)
        stage.passes(minutes=31)
        assert (await left_open.post("/api/engine/kill", json={"reason": "idle"})).is_success
        await signed_in(desk.http)
        assert lost["id"] in [one["id"] for one in await items(desk.http)]
        assert (await desk.http.delete(SESSIONS)).json() == {"sessions": 2, "status": "ended"}
        refused = await left_open.post("/api/engine/kill", json={"reason": "ended"})
        assert refused.status_code == 401


async def test_a_wallet_has_ten_sessions_and_the_oldest_goes() -> None:
    stage = SignInStage()
    async with running_desk(stage=stage) as desk:
        first = browser(desk)
        await signed_in(first)
        for _ in range(PER_WALLET_MAX):
            stage.passes(seconds=30)
            async with browser(desk) as one:
                await signed_in(one)
        assert len(stage.sessions.values) == PER_WALLET_MAX
        assert (await first.get("/api/state")).status_code == 401
        await first.aclose()


async def test_the_other_gateway_knows_a_session_and_its_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    paced(monkeypatch, beat_s=3600.0, send_s_max=5.0)
    stage = SignInStage()
    async with running_desk(stage=stage) as one:
        await signed_in(one.http)
        token = one.http.cookies["sid"]
        here = one.sign_in
        assert here is not None
        async with running_desk(stage=stage, log=one.log) as other, browser(other, token) as there:
            assert (await there.get("/api/state")).status_code == 200
            headers = {"Host": "127.0.0.1:8001", "Origin": BASE, "Cookie": f"sid={token}"}
            async with page_stream(other.edge, headers) as stream:
                await until(lambda: other.live.hub.streams == 1)
                await here.end(here.sessions.of(OWNER.address), cause=SignOutCause.REVOKED)
                await until(lambda: stream.closed == 4401)
            assert (await there.get("/api/state")).status_code == 401


async def test_what_is_ended_in_an_outage_is_ended_here_and_later_everywhere() -> None:
    stage = SignInStage()
    async with running_desk(stage=stage) as desk:
        await signed_in(desk.http)
        stage.sessions.pause()
        ending = asyncio.create_task(desk.http.post("/api/auth/sign-out"))
        await until(
            lambda: desk.sign_in is not None and not desk.sign_in.sessions.of(OWNER.address)
        )
        assert len(stage.sessions.values) == 1
        assert (await ending).json() == {"sessions": 1, "status": "ending"}
        await stage.sessions.resume()
        await until(lambda: stage.sessions.values == {})


def a_gateway(stage: SignInStage) -> Sessions:
    """Give the sessions of a gateway that hears nothing of the others until it follows."""
    return Sessions(
        stage.sessions,
        idle=timedelta(minutes=30),
        lifetime=timedelta(hours=8),
        clock=lambda: stage.now,
        changed=lambda: None,
        ends=Ends(None),
    )


async def test_all_means_also_the_sessions_that_this_gateway_has_not_heard_of() -> None:
    stage, client = SignInStage(), Client(address="192.0.2.1", user_agent="")
    deaf, other = a_gateway(stage), a_gateway(stage)
    follows = asyncio.create_task(other.follow())
    mine, _ = await deaf.create(handle="1" * 32, wallet=OWNER.address, client=client)
    theirs, token = await other.create(handle="2" * 32, wallet=OWNER.address, client=client)
    await other.create(handle="3" * 32, wallet=NEIGHBOR.address, client=client)
    await until(lambda: len(other.of(OWNER.address)) == 2)
    assert deaf.of(OWNER.address) == [mine]
    stage.passes(seconds=1)
    assert await deaf.end_all(OWNER.address, mine)
    await until(lambda: not other.of(OWNER.address))
    assert len(other.of(NEIGHBOR.address)) == 1
    # It asks the bucket, which holds the session still, and hears that it is over.
    assert theirs.key in stage.sessions.values
    third = a_gateway(stage)
    for gateway in (deaf, third):
        assert await gateway.find(token, may_ask=lambda: True) is None
    # What comes after is another matter, at every gateway.
    stage.passes(seconds=1)
    _, fresh = await other.create(handle="4" * 32, wallet=OWNER.address, client=client)
    assert await deaf.find(fresh, may_ask=lambda: True) is not None
    follows.cancel()


async def test_of_two_ends_at_once_the_later_one_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "RETRY_S", 0.001)
    stage = SignInStage()
    one, other = a_gateway(stage), a_gateway(stage)
    first = asyncio.create_task(one.end_all(OWNER.address))
    stage.passes(seconds=5)
    second = asyncio.create_task(other.end_all(OWNER.address))
    assert await first
    assert await second
    (cut,) = stage.sessions.values.values()
    assert cut == b'{"before":"2026-03-02T12:00:05Z"}'


@pytest.mark.parametrize("how", ["sign-out", "all"])
async def test_an_end_that_the_store_has_not_taken_survives_a_restart(
    how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "END_S_MAX", 0.05)
    monkeypatch.setattr(sessions, "RETRY_S", 0.01)
    stage = SignInStage(ends_file=tmp_path / "ends.json")
    async with running_desk(stage=stage) as desk:
        await signed_in(desk.http)
        token = desk.http.cookies["sid"]
        stage.passes(seconds=1)
        stage.sessions.pause()
        ended = (
            await desk.http.delete(SESSIONS)
            if how == "all"
            else await desk.http.post("/api/auth/sign-out")
        )
        assert ended.json() == {"sessions": 1, "status": "ending"}
        assert desk.sign_in is not None
        # The process dies with what it was about to tell.
        for task in desk.sign_in.sessions._tasks:  # pyright: ignore[reportPrivateUsage]
            task.cancel()
    await stage.sessions.resume()
    assert digest(token) in stage.sessions.values
    async with running_desk(stage=stage) as desk, browser(desk, token) as there:
        assert (await there.get("/api/state")).status_code == 401
        await until(lambda: digest(token) not in stage.sessions.values)
        await until(lambda: (tmp_path / "ends.json").read_bytes() == b"[]")


async def test_a_file_of_ends_that_is_none_refuses_the_start(tmp_path: Path) -> None:
    path = tmp_path / "ends.json"
    path.write_bytes(b"{")
    with pytest.raises(ConfigurationError, match="SESSION_ENDS_FILE"):
        Ends(path)


async def test_a_disk_that_takes_no_end_holds_up_nobody(tmp_path: Path) -> None:
    stage = SignInStage(ends_file=tmp_path / "missing" / "ends.json")
    async with running_desk(stage=stage) as desk:
        await signed_in(desk.http)
        with capture_logs() as logs:
            answer = await desk.http.post("/api/auth/sign-out")
        assert answer.json() == {"sessions": 1, "status": "ended"}
        assert "session_ends_not_kept" in [one["event"] for one in logs]


async def test_a_late_touch_does_not_bring_an_ended_session_back() -> None:
    stage = SignInStage()
    async with running_desk(stage=stage) as one:
        await signed_in(one.http)
        token = one.http.cookies["sid"]
        here = one.sign_in
        assert here is not None
        (session,) = here.sessions.of(OWNER.address)
        async with running_desk(stage=stage, log=one.log) as other, browser(other, token) as there:
            stage.passes(minutes=2)
            await asyncio.gather(
                there.get("/api/state"), here.end([session], cause=SignOutCause.REVOKED)
            )
            assert other.sign_in is not None
            await other.sign_in.settle(timeout_s=5)
            await until(lambda: stage.sessions.values == {})
            assert (await there.get("/api/state")).status_code == 401


async def test_a_record_of_another_build_opens_nothing_and_stops_nothing() -> None:
    stage = SignInStage()
    await stage.sessions.put("a" * 64, b'{"shape": "of tomorrow"}', revision=0)
    async with running_desk(stage=stage) as desk:
        await signed_in(desk.http)
        assert (await desk.http.get("/api/state")).status_code == 200
