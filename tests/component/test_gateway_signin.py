"""Signing in: one wallet, one browser, one use; everything else is refused and tells nothing."""

import base64
from collections.abc import Callable
from typing import Any

import pytest
from structlog.testing import capture_logs

from contracts.access import SignedIn, SignedOut, SignOutCause
from gateway.signin import challenges, sign_in
from gateway.site import public_site
from kit.gateway_app import running_desk, until
from kit.gateway_proofs import VERIFY, browser, events, refused
from kit.gateway_signin import (
    NEIGHBOR,
    OWNER,
    STRANGER,
    SignInStage,
    asked,
    proof,
    signed_in,
)

SESSION = "/api/auth/session"


async def test_a_wallet_signs_in_and_out() -> None:
    stage = SignInStage()
    async with running_desk(stage=stage) as desk:
        assert (await desk.http.get(SESSION)).json() == {
            "mode": "wallet",
            "account": None,
            "session": None,
            "mayStopAll": False,
        }
        view = await signed_in(desk.http)
        assert (view["wallet"], view["account"]) == (OWNER.address, "local")
        assert view["freshUntil"] == "2026-03-02T12:05:00.000Z"
        assert view["idleAt"] == "2026-03-02T12:30:00.000Z"
        assert view["expiresAt"] == "2026-03-02T20:00:00.000Z"
        assert (await desk.http.get(SESSION)).json()["session"] == view
        assert (await desk.http.get("/api/state")).status_code == 200
        answer = await desk.http.post("/api/auth/sign-out")
        assert answer.json() == {"sessions": 1, "status": "ended"}
        assert "max-age=0" in answer.headers["set-cookie"].lower()
        assert (await desk.http.get("/api/state")).status_code == 401
        assert stage.sessions.values == {}
        await until(lambda: len(events(desk)) == 2)
        begin, end = events(desk)
        assert isinstance(begin, SignedIn)
        assert (begin.session, begin.wallet) == (view["id"], OWNER.address)
        assert (begin.domain, begin.address) == ("127.0.0.1:8001", "127.0.0.1")
        assert isinstance(end, SignedOut)
        assert (end.session, end.cause) == (view["id"], SignOutCause.SIGNED_OUT)


async def test_the_challenge_is_the_servers_and_tied_to_this_browser() -> None:
    async with running_desk(stage=SignInStage()) as desk:
        answer = await desk.http.post("/api/auth/challenge", json={"address": OWNER.address})
        body = answer.json()
        assert body["input"]["domain"] == "127.0.0.1:8001"
        assert body["input"]["uri"] == "http://127.0.0.1:8001"
        assert body["input"]["requestId"] in body["message"]
        assert body["input"]["nonce"] in body["message"]
        assert len(body["input"]["nonce"]) == 32
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith("siws=")
        for part in ("HttpOnly", "SameSite=strict", "Path=/", "Max-Age=300"):
            assert part in cookie


@pytest.mark.parametrize(
    "address", [OWNER.address[:31], "0" * 40, OWNER.address + "1" * 10, "", "é" * 40]
)
async def test_what_is_no_wallet_gets_no_challenge(address: str) -> None:
    async with running_desk(stage=SignInStage()) as desk:
        answer = await desk.http.post("/api/auth/challenge", json={"address": address})
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


TAMPERED: dict[str, Callable[[bytes], bytes]] = {
    "another domain": lambda text: text.replace(b"127.0.0.1:8001 wants", b"evil.example wants"),
    "another wallet": lambda text: text.replace(OWNER.address.encode(), STRANGER.address.encode()),
    "another statement": lambda text: text.replace(b"no funds", b"all funds"),
    "another uri": lambda text: text.replace(b"URI: http://", b"URI: https://"),
    "another version": lambda text: text.replace(b"Version: 1", b"Version: 2"),
    "another chain": lambda text: text.replace(b"Chain ID: mainnet", b"Chain ID: devnet"),
    "another nonce": lambda text: text.replace(b"Nonce: ", b"Nonce: 0"),
    "another time": lambda text: text.replace(b"Issued At: 2026", b"Issued At: 2027"),
    "a later expiry": lambda text: text.replace(b"Expiration Time: 2026", b"Expiration Time: 2036"),
    "another request": lambda text: text.replace(b"Request ID: ", b"Request ID: 0"),
    "a second nonce": lambda text: text.replace(b"cost", b"cost\nNonce: 12345678"),
    "resources": lambda text: text + b"\nResources:\n- https://evil.example",
    "a line break at the end": lambda text: text + b"\n",
    "carriage returns": lambda text: text.replace(b"\n", b"\r\n"),
    "a zero byte": lambda text: text + b"\0",
    "a look-alike": lambda text: text.replace(b"Sign", "\u0405ign".encode()),
    "nothing": lambda _: b"",
}


@pytest.mark.parametrize("how", TAMPERED)
async def test_a_text_that_is_not_ours_to_the_byte_is_refused(how: str) -> None:
    async with running_desk(stage=SignInStage()) as desk:
        challenge = await asked(desk.http, OWNER)
        text = TAMPERED[how](challenge["message"].encode())
        assert text != challenge["message"].encode()
        await refused(desk, proof(challenge, OWNER, text=text), 401, "message_mismatch")


@pytest.mark.parametrize(
    "signature",
    [
        STRANGER.sign(b"x"),
        OWNER.sign(b"another text"),
        bytes(63),
        bytes(64),
        bytes(65),
        b"\1" + bytes(63),
    ],
    ids=["stranger", "other text", "short", "zero", "long", "small order"],
)
async def test_a_signature_that_is_not_the_wallets_is_refused(signature: bytes) -> None:
    async with running_desk(stage=SignInStage()) as desk:
        body = proof(await asked(desk.http, OWNER), OWNER, signature=signature)
        await refused(desk, body, 401, "signature_invalid")


async def test_the_victims_text_signed_by_the_attacker_is_nobodys() -> None:
    async with running_desk(stage=SignInStage()) as desk:
        await refused(
            desk, proof(await asked(desk.http, OWNER), STRANGER), 401, "signature_invalid"
        )
        await refused(
            desk, proof(await asked(desk.http, STRANGER), OWNER), 401, "signature_invalid"
        )


async def test_a_wallet_that_is_not_listed_is_told_so_after_it_proved_itself() -> None:
    async with running_desk(stage=SignInStage()) as desk:
        for who in (STRANGER, NEIGHBOR):
            await refused(desk, proof(await asked(desk.http, who), who), 403, "wallet_not_allowed")


async def test_challenges_do_not_tell_which_wallets_are_listed() -> None:
    async with running_desk(stage=SignInStage()) as desk:
        known, unknown = await asked(desk.http, OWNER), await asked(desk.http, STRANGER)
        assert known.keys() == unknown.keys()
        bad = [
            (await desk.http.post(VERIFY, json=proof(one, who, signature=bytes(64)))).json()
            for one, who in ((await asked(desk.http, OWNER), OWNER), (unknown, STRANGER))
        ]
        # The second browser cookie replaced the first, so only the newest could still be answered.
        assert {one["status"] for one in bad} == {401}


async def test_secrets_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[Any, Any]] = []

    def compare(one: Any, other: Any) -> bool:
        compared.append((one, other))
        return one == other

    async with running_desk(stage=SignInStage()) as desk:
        for module in (challenges, sign_in):
            monkeypatch.setattr(module.secrets, "compare_digest", compare)
        await signed_in(desk.http)
    assert [type(one).__name__ for one, _ in compared] == [
        "bytes",
        "bytes",
    ]  # The seal, which the browser's cookie is in; then the text.


@pytest.mark.parametrize(
    "change",
    [
        {"challengeId": "x"},
        {"challengeId": f"{'a' * 1025}.{'a' * 43}"},
        {"challengeId": f"{'a' * 200}.{'a' * 42}"},
        {"challengeId": None},
        {"signature": "not base64!"},
        {"signature": "é"},
        {"signature": 5},
        {"signedMessage": "A" * 5_000},
        {"more": "x"},
    ],
    ids=str,
)
async def test_a_malformed_proof_is_invalid_and_uses_up_nothing(change: dict[str, Any]) -> None:
    async with running_desk(stage=SignInStage()) as desk:
        good = proof(await asked(desk.http, OWNER), OWNER)
        await refused(desk, {**good, **change}, 422, "invalid_request")
        assert (await desk.http.post(VERIFY, json=good)).status_code == 200


async def test_a_huge_body_and_a_form_are_refused() -> None:
    async with running_desk(stage=SignInStage()) as desk:
        body = {**proof(await asked(desk.http, OWNER), OWNER), "signedMessage": "A" * 1_000_000}
        await refused(desk, body, 413, "payload_too_large")
        for path in (VERIFY, "/api/auth/challenge"):
            answer = await desk.http.post(path, data={"address": OWNER.address})
            assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


async def test_behind_tls_the_cookies_are_this_hosts_alone() -> None:
    stage = SignInStage(site=public_site("https://desk.example.com"))
    async with running_desk(stage=stage) as desk:
        challenge = await asked(desk.http, OWNER)
        assert challenge["input"]["domain"] == "desk.example.com"
        answer = await desk.http.post(VERIFY, json=proof(challenge, OWNER))
        cookies = answer.headers.get_list("set-cookie")
        assert [cookie.partition("=")[0] for cookie in cookies] == ["__Host-sid", "__Host-siws"]
        for cookie in cookies:
            for part in ("Secure", "HttpOnly", "SameSite=strict", "Path=/"):
                assert part in cookie
            assert "domain=" not in cookie.lower()
        assert answer.headers["strict-transport-security"] == "max-age=31536000"
        assert (await desk.http.get("/api/state")).status_code == 200
        # The name without the prefix, which another host could plant, opens nothing.
        token = desk.http.cookies["__Host-sid"]
        async with browser(desk) as other:
            planted = await other.get("/api/state", headers={"Cookie": f"sid={token}"})
            assert planted.status_code == 401


async def test_no_secret_is_logged_recorded_stored_or_answered() -> None:
    stage = SignInStage()
    async with running_desk(stage=stage) as desk:
        with capture_logs() as logs:
            challenge = await asked(desk.http, OWNER)
            body = proof(challenge, OWNER)
            binding = desk.http.cookies["siws"]
            answer = await desk.http.post(VERIFY, json=body)
            token = desk.http.cookies["sid"]
            answers = [
                answer.text,
                *[
                    (await desk.http.request(method, path, json={"x": token})).text
                    for method, path in (
                        ("GET", SESSION),
                        ("GET", "/api/auth/sessions"),
                        ("GET", "/api/state"),
                        ("GET", "/api/activity"),
                        ("GET", f"/{token}"),
                        ("POST", VERIFY),
                        ("PUT", "/api/settings"),
                        ("POST", "/api/engine/resume"),
                    )
                ],
            ]
            await desk.http.post("/api/auth/sign-out")
        said = repr(logs)
        recorded = b"".join(one.body for one in desk.log.recorded).decode()
        stored = repr([stage.sessions.values, stage.challenges.values])
        secrets_ = [
            token,
            binding,
            body["signature"],
            challenge["challengeId"],
            challenge["message"],
        ]
        for secret in secrets_:
            assert secret not in recorded
            assert secret not in said
        for secret in (token, binding):
            assert secret not in stored
            assert all(secret not in one for one in answers if "/" + token not in one)
        assert base64.b64decode(body["signature"]).hex() not in said


async def test_a_store_that_is_away_lets_nobody_in() -> None:
    stage = SignInStage()
    async with running_desk(stage=stage) as desk:
        body = proof(await asked(desk.http, OWNER), OWNER)
        stage.sessions.pause()
        await refused(desk, body, 503, "sessions_unavailable")
        await stage.sessions.resume()


async def test_a_log_that_is_away_lets_nobody_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.patience.STORE_S_MAX", 0.1)
    stage = SignInStage()
    async with running_desk(stage=stage) as desk:
        body = proof(await asked(desk.http, OWNER), OWNER)
        desk.log.pause()
        await refused(desk, body, 503, "sessions_unavailable")
        assert stage.sessions.values == {}
        desk.log.resume()


async def test_where_nobody_signs_in_there_is_no_challenge() -> None:
    async with running_desk() as desk:
        answer = await desk.http.post("/api/auth/challenge", json={"address": OWNER.address})
        assert (answer.status_code, answer.json()["code"]) == (404, "sign_in_off")
        assert (await desk.http.get(SESSION)).json() == {
            "mode": "local",
            "account": "local",
            "session": None,
            "mayStopAll": True,
        }
        for method, path in (
            ("GET", "/api/auth/sessions"),
            ("DELETE", "/api/auth/sessions"),
            ("POST", "/api/auth/sign-out"),
        ):
            answer = await desk.http.request(method, path)
            assert (answer.status_code, answer.json()["code"]) == (404, "sign_in_off")
