"""The gate: what is open, what a session opens, and what the stop is never held back by."""

import asyncio
import re
from typing import Any

import httpx
import pytest
from litestar.routes import HTTPRoute, WebSocketRoute
from structlog.testing import capture_logs

from contracts import control
from gateway.asgi import create_app
from gateway.edge import Edge
from gateway.guards import gate
from gateway.guards.gate import STREAMS_PER_SESSION_MAX, Gate, Rule, rule_of
from gateway.stream.protocol import Topic
from kit.gateway_app import BASE, Desk, running_desk, until
from kit.gateway_signin import NEIGHBOR, OWNER, SignInStage, asked, proof, signed_in
from kit.gateway_stream import PageStream, paced, page_stream

OPEN = {
    ("GET", "/"),
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
    ("POST", "/api/auth/sign-out"),
    ("DELETE", "/api/auth/sessions"),
    ("DELETE", f"/api/auth/sessions/{'a' * 32}"),
}
PARAMETERS = {"name": "app.js", "position": "1", "handle": "a" * 32, "path": "x"}
SAME = {
    "max_leverage": "5",
    "risk_per_trade": "50",
    "daily_drawdown_limit": "3",
    "priority_fee_cap": 10_000,
    "delegate_enabled": False,
    "strategy_enabled": True,
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


async def changed(desk: Desk, body: dict[str, Any]) -> httpx.Response:
    """Replace the settings, whatever they are."""
    return await desk.http.put("/api/settings", json=body, headers={"If-Match": "*"})


def cookie_of(desk: Desk) -> dict[str, str]:
    return {"Cookie": f"sid={desk.http.cookies['sid']}"}


def page(desk: Desk, **more: str) -> dict[str, str]:
    """Give the headers of the page's handshake."""
    return {"Host": "127.0.0.1:8001", "Origin": BASE, **cookie_of(desk), **more}


async def signed_in_next_door(stage: SignInStage) -> str:
    """Sign a neighbor in at the gateway of its own account; give the cookie."""
    async with running_desk(stage=stage, account="neighbor", opens_account=False) as there:
        await signed_in(there.http, NEIGHBOR)
        return there.http.cookies["sid"]


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
        assert view.json() == {"mode": "wallet", "account": None, "session": None}
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


# Streams.


async def closed(stream: PageStream) -> int:
    await until(lambda: stream.closed is not None)
    assert stream.closed is not None
    return stream.closed


@pytest.mark.parametrize("topic", [*Topic, None])
async def test_no_topic_is_streamed_without_a_session_or_to_another_account(
    topic: Topic | None,
) -> None:
    stage = SignInStage()
    neighbor = await signed_in_next_door(stage)
    query = "v=1&after=0" + ("" if topic is None else f"&topics={topic}")
    async with running_desk(stage=stage) as desk:
        for cookie, code in (("", 4401), (f"sid={'A' * 43}", 4401), (f"sid={neighbor}", 4403)):
            headers = {"Host": "127.0.0.1:8001", "Origin": BASE, "Cookie": cookie}
            async with page_stream(desk.edge, headers, query=query) as stream:
                assert await closed(stream) == code
                assert stream.is_accepted  # Else the page would only see 1006.
                assert stream.got == [{"kind": "bye", "code": code, "retryMs": 0}]
        await signed_in(desk.http)
        async with page_stream(desk.edge, page(desk), query=query) as stream:
            await until(lambda: len(stream.got) > 0)
            assert stream.got[0]["kind"] == "hello"


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Host": "evil.example"},
    ],
    ids=str,
)
async def test_another_sites_stream_is_refused_before_the_handshake(
    headers: dict[str, str],
) -> None:
    async with running_desk(stage=SignInStage()) as desk:
        await signed_in(desk.http)
        async with page_stream(desk.edge, page(desk) | headers) as stream:
            assert await closed(stream) == 4403
            assert not stream.is_accepted


async def test_a_stream_shows_only_events_of_the_own_account() -> None:
    stage = SignInStage()
    async with running_desk(stage=stage) as desk:
        await signed_in(desk.http)
        for account in ("neighbor", "local", None):
            await desk.story.write(
                control.KillSwitchEngaged(
                    account=account, level=control.KillLevel.FLATTEN, reason="x", by=str(account)
                )
            )
        await desk.caught_up()
        head = await desk.log.head()
        hidden = head - 2
        async with page_stream(desk.edge, page(desk), query="v=1&after=0") as stream:
            await until(lambda: any(one.get("pos") == str(head) for one in stream.got))
            shown = [int(one["pos"]) for one in stream.got if one["kind"] == "ev"]
        assert shown == [one for one in range(1, head + 1) if one != hidden]
        pages = [
            (await desk.http.get(f"/api/activity?{query}")).json()
            for query in ("after=0&limit=500", "limit=500")
        ]
        for answer in pages:
            assert str(hidden) not in [item["pos"] for item in answer["items"]]
            assert len(answer["items"]) == head - 1
        only = (await desk.http.get(f"/api/activity?before={hidden + 1}&limit=1")).json()
        assert (only["items"], only["next"]) == ([], str(hidden))
        answer = await desk.http.get(f"/api/events/{hidden}")
        assert (answer.status_code, answer.json()["code"]) == (404, "event_unknown")
        assert desk.live.state.halt is not None
        assert desk.live.state.halt.by == "local"


async def test_a_session_that_is_ended_ends_its_streams_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    paced(monkeypatch, beat_s=3600.0)
    async with running_desk(stage=SignInStage()) as desk:
        await signed_in(desk.http)
        async with page_stream(desk.edge, page(desk)) as stream:
            await until(lambda: desk.live.hub.streams == 1)
            await desk.http.delete("/api/auth/sessions")
            assert await closed(stream) == 4401


@pytest.mark.parametrize("minutes", [30, 480])
async def test_a_session_that_is_over_ends_its_streams_at_the_next_beat(
    monkeypatch: pytest.MonkeyPatch, minutes: int
) -> None:
    paced(monkeypatch, beat_s=0.01)
    stage = SignInStage()
    async with running_desk(stage=stage) as desk:
        await signed_in(desk.http)
        async with page_stream(desk.edge, page(desk)) as stream:
            await until(lambda: desk.live.hub.streams == 1)
            stage.passes(minutes=minutes)
            assert await closed(stream) == 4401


async def test_a_session_has_five_streams_and_ten_handshakes_a_minute() -> None:
    stage = SignInStage()
    async with running_desk(stage=stage) as desk:
        await signed_in(desk.http)
        async with asyncio.TaskGroup():
            opened = [page_stream(desk.edge, page(desk)) for _ in range(STREAMS_PER_SESSION_MAX)]
            for one in opened:
                await one.__aenter__()
            await until(lambda: desk.live.hub.streams == STREAMS_PER_SESSION_MAX)
            async with page_stream(desk.edge, page(desk)) as stream:
                assert await closed(stream) == 4429
                assert stream.got == [{"kind": "bye", "code": 4429, "retryMs": 10_000}]
            for one in opened:
                await one.__aexit__(None, None, None)
        for _ in range(4):
            async with page_stream(desk.edge, page(desk)) as stream:
                await until(lambda stream=stream: len(stream.got) > 0)
        async with page_stream(desk.edge, page(desk)) as stream:
            assert await closed(stream) == 4429


@pytest.mark.parametrize(
    ("name", "held"), [("STREAMS_PER_WALLET_MAX", 2), ("STREAMS_PER_ADDRESS_MAX", 2)]
)
async def test_all_sessions_of_a_wallet_or_an_address_share_their_streams(
    monkeypatch: pytest.MonkeyPatch, name: str, held: int
) -> None:
    monkeypatch.setattr(gate, name, held)
    async with running_desk(stage=SignInStage()) as desk:
        cookies: list[dict[str, str]] = []
        for _ in range(3):
            desk.http.cookies.clear()
            await signed_in(desk.http)
            cookies.append(page(desk))
        async with (
            page_stream(desk.edge, cookies[0]) as first,
            page_stream(desk.edge, cookies[1]) as second,
        ):
            await until(lambda: bool(first.got) and bool(second.got))
            async with page_stream(desk.edge, cookies[2]) as third:
                assert await closed(third) == 4429
        async with page_stream(desk.edge, cookies[2]) as third:
            await until(lambda: bool(third.got))
            assert third.got[0]["kind"] == "hello"


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
    stage = SignInStage(silent_s_max=0.2)
    async with running_desk(stage=stage) as desk:
        await signed_in(desk.http)
        async with page_stream(desk.edge, page(desk)) as stream:
            await until(lambda: desk.live.hub.streams == 1)
            stage.sessions.pause()
            sessions = desk.sign_in and desk.sign_in.sessions
            await until(lambda: sessions is not None and not sessions.is_current)
            answer = await desk.http.get("/api/state")
            assert (answer.status_code, answer.json()["code"]) == (503, "sessions_unavailable")
            assert (await desk.http.post("/api/engine/kill")).status_code == 202
            desk.live.hub.ring_bells()
            assert await closed(stream) == 1013
        await stage.sessions.resume()
        await until(lambda: sessions is not None and sessions.is_current)
        assert (await desk.http.get("/api/state")).status_code == 200


# Rates, and what the framework would have done.


async def test_challenges_and_proofs_are_counted_by_network_each_for_itself() -> None:
    stage = SignInStage()
    async with running_desk(stage=stage) as desk:
        body = proof(await asked(desk.http, OWNER), OWNER)
        for _ in range(9):
            await asked(desk.http, OWNER)
        answer = await desk.http.post("/api/auth/challenge", json={"address": OWNER.address})
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "6")
        codes = [
            (await desk.http.post("/api/auth/verify", json=body)).status_code for _ in range(6)
        ]
        assert codes == [401] * 5 + [429]
        stage.passes(seconds=13)
        assert (await desk.http.post("/api/auth/verify", json=body)).status_code == 401


async def test_who_is_signed_in_can_sign_in_again_whatever_strangers_use_up() -> None:
    async with running_desk(stage=SignInStage()) as desk:
        await signed_in(desk.http)
        body = proof(await asked(desk.http, OWNER), OWNER)
        strangers = {"Cookie": ""}
        address = {"address": OWNER.address}
        for path, sent in (("challenge", address), ("verify", body)):
            codes = [
                (
                    await desk.http.post(f"/api/auth/{path}", json=sent, headers=strangers)
                ).status_code
                for _ in range(11)
            ]
            assert codes[-1] == 429
        await signed_in(desk.http)


async def test_a_wallet_cannot_be_locked_out_by_proofs_of_others() -> None:
    stage = SignInStage()
    async with running_desk(stage=stage) as desk:
        for _ in range(25):
            bad = proof(await asked(desk.http, OWNER), OWNER, signature=bytes(64))
            assert (await desk.http.post("/api/auth/verify", json=bad)).status_code == 401
            stage.passes(seconds=13)
        await signed_in(desk.http)
        for _ in range(19):
            stage.passes(seconds=13)
            await signed_in(desk.http)
        stage.passes(seconds=13)
        body = proof(await asked(desk.http, OWNER), OWNER)
        counted = [(await desk.http.post("/api/auth/verify", json=body)).status_code]
        while counted[-1] == 200:
            stage.passes(seconds=13)
            body = proof(await asked(desk.http, OWNER), OWNER)
            counted.append((await desk.http.post("/api/auth/verify", json=body)).status_code)
        assert counted[-1] == 429
        assert len(counted) <= 3


async def test_cookies_that_are_nobodys_cost_the_store_little() -> None:
    stage = SignInStage()
    async with running_desk(stage=stage) as desk:
        asked_for: list[str] = []
        get = stage.sessions.get

        async def counting(key: str) -> Any:
            asked_for.append(key)
            return await get(key)

        stage.sessions.get = counting
        for number in range(50):
            token = f"{number:0>43}"
            answer = await desk.http.get("/api/state", headers={"Cookie": f"sid={token}"})
            assert answer.status_code == 401
        assert len(asked_for) == 30


async def test_reads_are_counted_by_session_addresses_that_do_not_exist_included() -> None:
    async with running_desk(stage=SignInStage()) as desk:
        await signed_in(desk.http)
        codes = [(await desk.http.get("/api/nothing")).status_code for _ in range(301)]
        assert codes == [404] * 300 + [429]


async def test_anonymous_requests_store_nothing() -> None:
    stage = SignInStage()
    async with running_desk(stage=stage) as desk:
        for path in ("/", "/healthz", "/api/auth/session", "/api/state"):
            for _ in range(20):
                answer = await desk.http.get(path)
                assert "set-cookie" not in answer.headers
        assert stage.sessions.values == {}
        assert stage.challenges.values == {}


async def test_a_refusal_is_observed_with_its_own_status_and_never_with_a_cookie() -> None:
    seen: list[tuple[str, str, int]] = []
    async with running_desk(stage=SignInStage()) as desk:
        inner: Any = desk.edge._app  # pyright: ignore[reportPrivateUsage]
        edge = Edge(
            inner,
            site=SignInStage().site,
            observe=lambda method, route, status, _: seen.append((method, route, status)),
        )
        transport = httpx.ASGITransport(app=edge)
        async with httpx.AsyncClient(transport=transport, base_url=BASE) as http:
            with capture_logs() as logs:
                secret = "s" * 43
                await http.get("/api/state", headers={"Cookie": f"sid={secret}; theme=dark"})
                await http.get("/healthz")
        assert seen == [("GET", "unmatched", 401), ("GET", "/healthz", 200)]
        assert secret not in repr(logs)
        assert "theme" not in repr(logs)


@pytest.mark.parametrize("path", ["/api/engine/kill", "/api/engine/kill/", "//api/engine/kill"])
def test_a_stop_is_one_in_every_spelling_that_is_routed_to_it(path: str) -> None:
    assert rule_of("POST", path) is Rule.STOP


@pytest.mark.parametrize("path", ["/api/auth/verify/", "//api/auth/verify"])
def test_what_is_open_is_so_in_its_own_spelling_alone(path: str) -> None:
    assert rule_of("POST", "/api/auth/verify") is Rule.OPEN
    assert rule_of("POST", path) is Rule.SESSION
