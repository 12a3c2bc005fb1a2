"""The gate: what is open, what a session opens, and what the stop is never held back by."""

import re
from typing import Any
from uuid import UUID

import httpx
import pytest
from litestar.routes import HTTPRoute, WebSocketRoute

from contracts import control
from gateway.asgi import create_app
from gateway.edge import Edge
from gateway.guards.gate import Gate, Rule, rule_of
from kit.gateway_app import BASE, running_desk, signed_in_next_door, until
from kit.gateway_settings import SAME, changed
from kit.gateway_signin import OWNER, SignInStage, signed_in
from kit.gateway_stream import page_headers, page_stream

OPEN = {
    ("GET", "/"),
    ("GET", "/about"),
    ("GET", "/settings"),
    ("GET", "/assets/app.js"),
    ("GET", "/healthz"),
    ("GET", "/api/auth/session"),
    ("POST", "/api/auth/challenge"),
    ("POST", "/api/auth/verify"),
}
STOP = {
    ("POST", "/api/engine/kill"),
    ("POST", "/api/delegation/revoke"),
    ("POST", "/api/delegation/revoke/submit"),
    ("POST", "/api/signing/submit"),
    ("POST", "/api/auth/sign-out"),
    ("DELETE", "/api/auth/sessions"),
    ("DELETE", f"/api/auth/sessions/{'a' * 32}"),
}
PARAMETERS = {
    "name": "app.js",
    "position": "1",
    "handle": "a" * 32,
    "path": "x",
    "tx_id": str(UUID(int=7)),
}


def addresses() -> list[tuple[str, str]]:
    """Give every method and address of the application's own table, with examples filled in."""

    def unused() -> Any:
        raise LookupError

    app = create_app(unused)
    found: list[tuple[str, str]] = []
    for route in app.routes:
        path = re.sub(r"\{(\w+):\w+\}", lambda match: PARAMETERS[match[1]], route.path_format)
        path = re.sub(r"\{(\w+)\}", lambda match: PARAMETERS[match[1]], path)
        if isinstance(route, HTTPRoute):
            found += [(str(method), path) for method in sorted(route.methods)]
        else:
            assert isinstance(route, WebSocketRoute)
            found.append(("STREAM", path))
    return sorted(found)


ADDRESSES = addresses()
CLOSED = [one for one in ADDRESSES if one not in OPEN and one[0] != "STREAM"]


def test_the_table_has_all_addresses_and_only_these_are_open() -> None:
    assert {one for one in ADDRESSES if rule_of(*one) is Rule.OPEN} == OPEN
    assert {one for one in ADDRESSES if rule_of(*one) is Rule.STOP} == STOP
    assert [one for one in ADDRESSES if one[0] == "STREAM"] == [("STREAM", "/api/ws/engine.events")]
    assert len(CLOSED) >= 18


@pytest.mark.parametrize("cookie", ["", "sid=", f"sid={'A' * 43}", f"sid={'A' * 4000}"])
async def test_no_address_but_the_open_ones_answers_without_a_session(cookie: str) -> None:
    async with running_desk(stage=SignInStage()) as desk:
        before = await desk.log.head()
        for method, path in [*CLOSED, ("GET", "/nothing"), ("POST", "/api/nothing")]:
            answer = await desk.http.request(
                method, path, json={"reason": "x"}, headers={"Cookie": cookie}
            )
            assert (answer.status_code, answer.json()["code"]) == (401, "sign_in_required"), path
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.json()["title"] == "Nobody is signed in"
        assert await desk.log.head() == before


async def test_no_address_but_the_open_ones_answers_the_wallet_of_another_account() -> None:
    stage = SignInStage()
    token = await signed_in_next_door(stage)
    async with running_desk(stage=stage) as desk:
        before = await desk.log.head()
        for method, path in [*CLOSED, ("GET", "/nothing")]:
            answer = await desk.http.request(
                method, path, json={"reason": "x"}, headers={"Cookie": f"sid={token}"}
            )
            assert (answer.status_code, answer.json()["code"]) == (403, "account_denied"), path
        view = await desk.http.get("/api/auth/session", headers={"Cookie": f"sid={token}"})
        nobody = {"mode": "wallet", "account": None, "session": None, "mayStopAll": False}
        assert view.json() == nobody
        assert await desk.log.head() == before


async def test_every_closed_address_lets_the_right_wallet_in() -> None:
    stage = SignInStage()
    async with running_desk(stage=stage) as desk:
        await signed_in(desk.http)
        for method, path in CLOSED:
            if (method, path) in STOP and path.startswith("/api/auth"):
                continue
            answer = await desk.http.request(method, path, json={})
            assert answer.status_code not in (401, 403, 429), (path, answer.text)


@pytest.mark.parametrize(
    "path",
    [
        "/assets/../api/state",
        "/assets/%2e%2e/api/state",
        "/assets/..%2fapi%2fstate",
        "/api/state/",
        "//api/state",
        "/api//state",
        "/./api/state",
        "/healthz/../api/state",
        "/API/STATE",
        "/api/schema",
        "/api/schema/openapi.json",
    ],
)
async def test_no_spelling_of_an_address_passes_the_gate(path: str) -> None:
    async with running_desk(stage=SignInStage()) as desk:
        request = desk.http.build_request("GET", path)
        request.url = httpx.URL(f"{BASE}").copy_with(raw_path=path.encode())
        answer = await desk.http.send(request)
        assert answer.status_code in (401, 404)
        assert "equityUsd" not in answer.text


async def test_a_route_without_a_gate_before_it_fails_closed() -> None:
    async with running_desk(stage=SignInStage()) as desk:
        app: Any = desk.edge._app  # pyright: ignore[reportPrivateUsage]
        assert isinstance(app, Gate)
        bare = Edge(app._app, site=SignInStage().site)  # pyright: ignore[reportPrivateUsage]
        transport = httpx.ASGITransport(app=bare)
        headers = {"Origin": BASE}
        async with httpx.AsyncClient(transport=transport, base_url=BASE, headers=headers) as http:
            assert (await http.post("/api/engine/kill")).status_code == 500
        assert desk.live.state.halt is None


# Cross-site requests.


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:8001"},
        {"Origin": "https://127.0.0.1:8001"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
    ],
    ids=str,
)
@pytest.mark.parametrize(
    ("method", "path"), [one for one in ADDRESSES if one[0] in ("POST", "PUT", "DELETE")]
)
async def test_no_change_is_taken_from_another_site(
    headers: dict[str, str], method: str, path: str
) -> None:
    async with running_desk(stage=SignInStage()) as desk:
        await signed_in(desk.http)
        before = await desk.log.head()
        answer = await desk.http.request(method, path, json={}, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "origin_not_allowed")
        assert await desk.log.head() == before


async def test_a_change_that_names_no_origin_is_refused_where_people_sign_in() -> None:
    async with running_desk(stage=SignInStage()) as desk:
        await signed_in(desk.http)
        del desk.http.headers["Origin"]
        answer = await desk.http.post("/api/engine/resume", json={"reason": "x"})
        assert (answer.status_code, answer.json()["code"]) == (403, "origin_not_allowed")
        assert (await desk.http.get("/api/state")).status_code == 200


# Step-up.


async def test_what_is_dangerous_needs_a_young_sign_in() -> None:
    stage = SignInStage()
    async with running_desk(stage=stage) as desk:
        await signed_in(desk.http)
        assert (await desk.http.post("/api/engine/resume", json={"reason": "x"})).status_code == 202
        stage.passes(minutes=5)
        before = await desk.log.head()
        raises = [
            {"max_leverage": "5.1"},
            {"risk_per_trade": "51"},
            {"daily_drawdown_limit": "3.5"},
            {"priority_fee_cap": 10_001},
            {"delegate_enabled": True},
            {"max_leverage": "9", "risk_per_trade": "1"},
        ]
        answers = [await changed(desk, SAME | change) for change in raises]
        answers.append(await desk.http.post("/api/engine/resume", json={"reason": "x"}))
        for answer in answers:
            assert (answer.status_code, answer.json()["code"]) == (403, "step_up_required")
        assert await desk.log.head() == before
        await signed_in(desk.http)
        assert (await desk.http.post("/api/engine/resume", json={"reason": "x"})).status_code == 202
        answer = await changed(desk, SAME | raises[0])
        assert answer.json()["max_leverage"] == "5.1"


async def test_what_makes_the_desk_safer_needs_no_young_sign_in() -> None:
    stage = SignInStage()
    async with running_desk(stage=stage) as desk:
        await signed_in(desk.http)
        stage.passes(minutes=20)
        lower = SAME | {"max_leverage": "1", "strategy_enabled": False}
        assert (await changed(desk, lower)).status_code == 200
        event = desk.log.recorded[-1].event
        assert isinstance(event, control.SettingsChanged)
        assert (event.settings.strategy_enabled, event.by) == (False, OWNER.address)
        answer = await changed(desk, lower | {"strategy_enabled": True})
        assert answer.json()["code"] == "step_up_required"
        assert (await desk.http.post("/api/engine/kill")).status_code == 202


# The stop.


async def test_commands_are_in_the_wallets_name_and_keys_are_the_wallets_own() -> None:
    async with running_desk(stage=SignInStage()) as desk:
        await signed_in(desk.http)
        await desk.http.post("/api/engine/kill", json={"reason": "x"})
        killed = desk.log.recorded[-1].event
        assert isinstance(killed, control.KillSwitchEngaged)
        assert (killed.account, killed.by) == ("local", OWNER.address)


async def test_the_stop_and_the_end_of_sessions_are_never_counted() -> None:
    async with running_desk(stage=SignInStage()) as desk:
        await signed_in(desk.http)
        codes = [(await changed(desk, SAME)).status_code for _ in range(31)]
        assert codes[-1] == 429
        refused = await desk.http.post("/api/engine/resume", json={"reason": "x"})
        assert refused.json()["code"] == "too_many_requests"
        assert refused.headers["retry-after"] == "2"
        kills = [(await desk.http.post("/api/engine/kill")).status_code for _ in range(60)]
        assert kills == [202] * 60
        unknown = f"/api/auth/sessions/{'0' * 32}"
        assert {(await desk.http.delete(unknown)).status_code for _ in range(60)} == {404}
        assert (await desk.http.post("/api/auth/sign-out")).status_code == 200


async def test_the_stop_works_from_a_session_that_was_idle_too_long() -> None:
    stage = SignInStage()
    async with running_desk(stage=stage) as desk:
        await signed_in(desk.http)
        stage.passes(hours=2)
        assert (await desk.http.get("/api/state")).status_code == 401
        assert (await desk.http.post("/api/engine/kill")).status_code == 202
        # That did not bring it back.
        assert (await desk.http.get("/api/state")).status_code == 401
        stage.passes(hours=6)
        assert (await desk.http.post("/api/engine/kill")).status_code == 401


async def test_while_the_store_is_silent_only_the_stop_is_open() -> None:
    stage = SignInStage(silent_s_max=1.0)  # The bucket is looked at every half a second.
    async with running_desk(stage=stage) as desk:
        await signed_in(desk.http)
        async with page_stream(desk.edge, page_headers(desk)) as stream:
            await until(lambda: desk.live.hub.streams == 1)
            stage.sessions.pause()
            sessions = desk.sign_in and desk.sign_in.sessions
            await until(lambda: sessions is not None and not sessions.is_current)
            answer = await desk.http.get("/api/state")
            assert (answer.status_code, answer.json()["code"]) == (503, "sessions_unavailable")
            assert (await desk.http.post("/api/engine/kill")).status_code == 202
            desk.live.hub.ring_bells()
            assert await stream.ended() == 1013
        await stage.sessions.resume()
        await until(lambda: sessions is not None and sessions.is_current)
        assert (await desk.http.get("/api/state")).status_code == 200


# Spellings.


@pytest.mark.parametrize("path", ["/api/engine/kill", "/api/engine/kill/", "//api/engine/kill"])
def test_a_stop_is_one_in_every_spelling_that_is_routed_to_it(path: str) -> None:
    assert rule_of("POST", path) is Rule.STOP


@pytest.mark.parametrize("path", ["/api/auth/verify/", "//api/auth/verify"])
def test_what_is_open_is_so_in_its_own_spelling_alone(path: str) -> None:
    assert rule_of("POST", "/api/auth/verify") is Rule.OPEN
    assert rule_of("POST", path) is Rule.SESSION
