"""How often strangers and people may ask, and what asking leaves behind."""

from typing import Any

import httpx
from structlog.testing import capture_logs

from gateway.edge import Edge
from kit.gateway_app import BASE, running_desk
from kit.gateway_signin import OWNER, SignInStage, asked, proof, signed_in


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
