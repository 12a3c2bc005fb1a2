"""Challenges: one use, one browser, one site, a few minutes, and nothing kept of strangers'."""

import asyncio
import base64
import json
import secrets
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from contracts.access import SignedIn
from gateway.edge import Edge
from kit.gateway_app import running_desk
from kit.gateway_proofs import VERIFY, browser, desk_sessions, events, refused
from kit.gateway_signin import (
    OWNER,
    STRANGER,
    SignInStage,
    asked,
    proof,
    signed_in,
)


async def test_a_challenge_is_good_once() -> None:
    async with running_desk(stage=SignInStage()) as desk:
        body = proof(await asked(desk.http, OWNER), OWNER)
        assert (await desk.http.post(VERIFY, json=body)).status_code == 200
        again = await desk.http.post(VERIFY, json=body)
        assert (again.status_code, again.json()["code"]) == (401, "challenge_invalid")
        assert len(desk_sessions(desk)) == 1


async def test_of_two_proofs_at_once_one_gets_a_session() -> None:
    async with running_desk(stage=SignInStage()) as desk:
        body = proof(await asked(desk.http, OWNER), OWNER)
        answers = await asyncio.gather(*(desk.http.post(VERIFY, json=body) for _ in range(4)))
        assert sorted(answer.status_code for answer in answers) == [200, 401, 401, 401]
        assert len(desk_sessions(desk)) == 1
        assert len([one for one in events(desk) if isinstance(one, SignedIn)]) == 1


async def test_a_challenge_is_over_after_five_minutes() -> None:
    stage = SignInStage()
    async with running_desk(stage=stage) as desk:
        late = proof(await asked(desk.http, OWNER), OWNER)
        stage.passes(minutes=5)
        await refused(desk, late, 401, "challenge_invalid")
        body = proof(await asked(desk.http, OWNER), OWNER)
        stage.passes(minutes=4, seconds=59)
        assert (await desk.http.post(VERIFY, json=body)).status_code == 200


async def test_another_browser_cannot_answer_a_challenge() -> None:
    """Login CSRF: the attacker's proof in the victim's browser, and a stolen id in his own."""
    async with running_desk(stage=SignInStage()) as desk, browser(desk) as other:
        body = proof(await asked(desk.http, OWNER), OWNER)
        await refused(desk, body, 401, "challenge_invalid", client=other)
        body = proof(await asked(desk.http, OWNER), OWNER)
        await asked(other, OWNER)  # It has a cookie now, but not that one.
        await refused(desk, body, 401, "challenge_invalid", client=other)


async def test_another_name_of_this_server_cannot_answer_a_challenge() -> None:
    async with running_desk(stage=SignInStage()) as desk:
        body = proof(await asked(desk.http, OWNER), OWNER)
        there = {
            "Host": "localhost:8001",
            "Origin": "http://localhost:8001",
            "Cookie": f"siws={desk.http.cookies['siws']}",
        }
        answer = await desk.http.post(VERIFY, json=body, headers=there)
        assert (answer.status_code, answer.json()["code"]) == (401, "challenge_invalid")


async def test_a_challenge_cannot_be_guessed() -> None:
    stage = SignInStage()
    async with running_desk(stage=stage) as desk:
        real = await asked(desk.http, OWNER)
        for _ in range(20):
            said = f"{secrets.token_urlsafe(32)}.{secrets.token_urlsafe(32)}"
            guess = {**proof(real, OWNER), "challengeId": said}
            await refused(desk, guess, 401, "challenge_invalid")
            stage.passes(seconds=13)  # Below the rate of proofs.


FORGED: dict[str, Callable[[list[Any]], None]] = {
    "another wallet": lambda said: said.__setitem__(0, STRANGER.address),
    "another domain": lambda said: said.__setitem__(1, "evil.example"),
    "another site": lambda said: said.__setitem__(2, "https://evil.example"),
    "another nonce": lambda said: said.__setitem__(3, "0" * 32),
    "not used yet": lambda said: said.__setitem__(4, "0" * 32),
    "issued later": lambda said: said.__setitem__(5, said[5] + 1_000),
    "issued never": lambda said: said.__setitem__(5, 10**300),
    "issued before there was time": lambda said: said.__setitem__(5, -(10**18)),
    "more": lambda said: said.append(1),
    "nothing": lambda said: said.clear(),
}


@pytest.mark.parametrize("how", FORGED)
async def test_a_seal_holds_all_that_it_seals(how: str) -> None:
    async with running_desk(stage=SignInStage()) as desk:
        challenge = await asked(desk.http, OWNER)
        said, _, mac = challenge["challengeId"].partition(".")
        fields = json.loads(base64.urlsafe_b64decode(said + "=" * (-len(said) % 4)))
        FORGED[how](fields)
        forged = base64.urlsafe_b64encode(json.dumps(fields).encode()).decode().rstrip("=")
        body = {**proof(challenge, OWNER), "challengeId": f"{forged}.{mac}"}
        await refused(desk, body, 401, "challenge_invalid")


async def test_a_seal_of_another_day_asks_the_store_for_nothing() -> None:
    stage = SignInStage()
    async with running_desk(stage=stage) as desk:
        body = proof(await asked(desk.http, OWNER), OWNER)
    async with running_desk(stage=stage) as desk:  # Which does not know the key of that day.
        stage.passes(hours=24)
        stage.challenges.pause()  # Whoever asks it now waits.
        await refused(desk, body, 401, "challenge_invalid")
        await stage.challenges.resume()


async def test_strangers_fill_nothing_from_however_many_networks() -> None:
    stage = SignInStage()
    async with running_desk(stage=stage) as desk:
        inner: Any = desk.edge._app  # pyright: ignore[reportPrivateUsage]
        edge = Edge(inner, site=stage.site)
        for number in range(200):
            client = (f"2001:db8:{number:x}::1", 50_000)  # Each a /48 of its own.
            transport = httpx.ASGITransport(app=edge, client=client)
            headers = {"Origin": str(desk.http.base_url)}
            async with httpx.AsyncClient(
                transport=transport, base_url=desk.http.base_url, headers=headers
            ) as http:
                body = proof(await asked(http, STRANGER), STRANGER)
                assert (await http.post(VERIFY, json=body)).status_code == 403
        # The key of this period, whoever asks; a stranger's own wallet uses nothing up.
        assert len(stage.challenges.values) == 1
        await signed_in(desk.http)
        assert len(stage.challenges.values) == 2


async def test_a_challenge_is_answered_over_the_change_of_keys_and_at_another_gateway() -> None:
    stage = SignInStage()
    async with running_desk(stage=stage) as desk:
        stage.passes(minutes=4, seconds=59)
        body, cookie = proof(await asked(desk.http, OWNER), OWNER), desk.http.cookies["siws"]
        stage.passes(minutes=4)
        await asked(desk.http, OWNER)  # Sealed with the next key.
    async with running_desk(stage=stage) as desk:
        headers = {"Cookie": f"siws={cookie}"}
        assert (await desk.http.post(VERIFY, json=body, headers=headers)).status_code == 200
        desk.http.cookies.clear()
        again = await desk.http.post(VERIFY, json=body, headers=headers)
        assert (again.status_code, again.json()["code"]) == (401, "challenge_invalid")
