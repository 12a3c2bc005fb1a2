"""The owner's routes: the right wallet, in order, and the revoke always."""

import asyncio
import base64
from typing import Any
from uuid import UUID

import pytest
from solders.signature import Signature

from contracts.delegation import (
    AccountHandedOver,
    ConsentGiven,
    DelegationAsked,
    DelegationState,
    OwnerTransactionKind,
    OwnerTransactionOffered,
    OwnerTransactionRefused,
    OwnerTransactionReturned,
    OwnerTransactionSent,
    RevokeAsked,
)
from contracts.event import Draft, Event
from contracts.ids import derive_id
from contracts.routes import subject_of
from kit.gateway_app import Desk, running_desk, until
from kit.gateway_signin import ACCOUNT, OWNER, STRANGER, SignInStage, signed_in
from kit.golden import EXAMPLES

OWNED = {"owner_wallet": OWNER.address}
MESSAGE = b"\x80 a message"
STATUS = (
    b'{"ready":"true","reason":"","delegation.local":'
    b'{"at":"2026-03-02T12:00:00+00:00","owner_lamports":100000000,'
    b'"fee_payer_lamports":100000000,"has_key_store":true}}'
)


def example(event_class: type[Any], **changes: Any) -> Any:
    found: Any = next(one for one in EXAMPLES if isinstance(one, event_class))
    return found.model_copy(update={"account": "local", **changes})


async def answer(desk: Desk, kind: type[Event], event: Event, **named: Any) -> None:
    """Play execution: answer the newest event of a class."""
    await until(lambda: isinstance(desk.log.recorded[-1].event, kind))
    asked = desk.log.recorded[-1]
    said = event.model_copy(update=dict.fromkeys(named, asked.id))
    draft = Draft(
        event=said,
        id=derive_id(asked.id, said.event_type),
        subject=subject_of(said),
        occurred_at=asked.occurred_at,
        correlation_id=asked.correlation_id,
        causation_id=asked.id,
    )
    await desk.log.as_service("execution").append([draft])


def offered(kind: OwnerTransactionKind) -> OwnerTransactionOffered:
    return example(
        OwnerTransactionOffered,
        kind=kind,
        wallet=OWNER.address,
        message=base64.b64encode(MESSAGE).decode(),
    )


def signed(by: Any = OWNER, message: bytes = MESSAGE) -> str:
    return base64.b64encode(b"\x01" + by.sign(message) + message).decode()


async def named(desk: Desk) -> None:
    """Wait until the account has its owner."""
    await until(lambda: desk.live.state.owner.wallet == OWNER.address)


async def agreed(desk: Desk) -> None:
    await named(desk)
    text = (await desk.http.get("/api/delegation/consent")).json()
    said = await desk.http.post("/api/delegation/consent", json={"textSha256": text["textSha256"]})
    assert said.status_code == 202, said.text


async def an_offer(desk: Desk, what: str = "delegate") -> dict[str, Any]:
    kind = OwnerTransactionKind(what)
    asked = DelegationAsked if what == "delegate" else RevokeAsked
    said, _ = await asyncio.gather(
        desk.http.post(f"/api/delegation/{what}"),
        answer(desk, asked, offered(kind), request=True),
    )
    assert said.status_code == 200, said.text
    return said.json()


async def test_from_consent_to_a_transaction_that_is_sent() -> None:
    async with running_desk(stage=SignInStage(), environment=OWNED) as desk:
        await signed_in(desk.http)
        await agreed(desk)
        (consent,) = [it.event for it in desk.log.recorded if isinstance(it.event, ConsentGiven)]
        assert (consent.wallet, consent.session is None) == (OWNER.address, False)
        offer = await an_offer(desk)
        bytes_ = base64.b64decode(offer["base64"])
        assert bytes_ == b"\x01" + bytes(64) + MESSAGE
        assert offer["submitTo"] == "/api/delegation/submit"
        sent = example(OwnerTransactionSent, offer=UUID(offer["txId"]))
        said, _ = await asyncio.gather(
            desk.http.post(offer["submitTo"], json={"txId": offer["txId"], "base64": signed()}),
            answer(desk, OwnerTransactionReturned, sent),
        )
        assert said.status_code == 202, said.text
        again = await desk.http.post(
            offer["submitTo"], json={"txId": offer["txId"], "base64": signed()}
        )
        assert again.json() == said.json()
        returned = [
            it.event for it in desk.log.recorded if isinstance(it.event, OwnerTransactionReturned)
        ]
        assert [it.signature for it in returned] == [str(Signature(OWNER.sign(MESSAGE)))]


@pytest.mark.parametrize(
    ("refusal", "status", "code"),
    [
        ("tx-altered", 422, "tx_altered"),
        ("tx-signature-invalid", 422, "tx_signature_invalid"),
        ("tx-expired", 409, "tx_expired"),
        ("halted", 409, "delegation_refused"),
    ],
)
async def test_what_execution_refuses_is_a_problem(refusal: str, status: int, code: str) -> None:
    async with running_desk(environment=OWNED) as desk:
        await named(desk)
        offer = await an_offer(desk, "revoke")
        refused = example(OwnerTransactionRefused, code=refusal)
        said, _ = await asyncio.gather(
            desk.http.post(offer["submitTo"], json={"txId": offer["txId"], "base64": signed()}),
            answer(desk, OwnerTransactionReturned, refused, about=True),
        )
        assert (said.status_code, said.json()["code"]) == (status, code)


async def test_what_the_owner_did_not_sign_never_reaches_the_log() -> None:
    async with running_desk(environment=OWNED) as desk:
        await named(desk)
        offer = await an_offer(desk, "revoke")
        head = await desk.log.head()
        cases = {
            signed(STRANGER): "tx_signature_invalid",
            base64.b64encode(b"\x02" + bytes(200)).decode(): "tx_altered",
            base64.b64encode(bytes(1233)).decode(): "tx_altered",
            "!": "tx_altered",
            "\u00e9": "tx_altered",
        }
        for sent, code in cases.items():
            said = await desk.http.post(
                offer["submitTo"], json={"txId": offer["txId"], "base64": sent}
            )
            assert (said.status_code, said.json()["code"]) == (422, code)
        wrong = await desk.http.post(
            "/api/delegation/submit", json={"txId": offer["txId"], "base64": signed()}
        )
        assert (wrong.status_code, wrong.json()["code"]) == (404, "tx_unknown")
        assert await desk.log.head() == head


@pytest.mark.parametrize("name", ["-" * 36, "a" * 36, ""])
async def test_a_name_that_is_none_is_a_wrong_value(name: str) -> None:
    async with running_desk(environment=OWNED) as desk:
        await named(desk)
        said = await desk.http.post(
            "/api/delegation/submit", json={"txId": name, "base64": signed()}
        )
        assert (said.status_code, said.json()["code"]) == (422, "invalid_request")


async def test_another_wallet_of_the_account_may_look_and_nothing_else() -> None:
    wallets = {OWNER.address: ACCOUNT, STRANGER.address: ACCOUNT}
    stage = SignInStage(wallets=wallets)
    async with running_desk(stage=stage, environment=OWNED) as desk:
        await named(desk)
        await signed_in(desk.http, STRANGER)
        view = (await desk.http.get("/api/delegation")).json()
        assert (view["owner"], view["isOwner"]) == (OWNER.address, False)
        head = await desk.log.head()
        body = {"txId": "0" * 8 + "-0000-0000-0000-" + "0" * 12, "base64": signed()}
        for path, sent in (
            ("consent", {"textSha256": "0" * 64}),
            ("delegate", {}),
            ("revoke", {}),
            ("submit", body),
            ("revoke/submit", body),
        ):
            said = await desk.http.post(f"/api/delegation/{path}", json=sent)
            assert (said.status_code, said.json()["code"]) == (403, "owner_wallet_required"), path
        assert await desk.log.head() == head


async def test_a_revoke_works_with_an_idle_session_and_is_never_counted() -> None:
    stage = SignInStage()
    async with running_desk(stage=stage, environment=OWNED) as desk:
        await signed_in(desk.http)
        await named(desk)
        stage.passes(minutes=40)
        assert (await desk.http.get("/api/delegation")).status_code == 401
        for _ in range(40):
            assert (await an_offer(desk, "revoke"))["kind"] == "revoke"


async def test_consent_is_to_the_text_that_stands() -> None:
    async with running_desk(environment=OWNED) as desk:
        await named(desk)
        stale = await desk.http.post("/api/delegation/consent", json={"textSha256": "0" * 64})
        assert (stale.status_code, stale.json()["code"]) == (409, "consent_changed")
        early = await desk.http.post("/api/delegation/delegate")
        assert (early.status_code, early.json()["code"]) == (409, "consent_missing")


async def test_a_desk_without_an_owner_says_that_it_signs_for_itself() -> None:
    async with running_desk() as desk:
        view = (await desk.http.get("/api/delegation")).json()
        assert (view["isRequired"], view["preflight"]) == (False, [])
        assert "signs for itself" in view["note"]
        said = await desk.http.post("/api/delegation/revoke")
        assert (said.status_code, said.json()["code"]) == (409, "no_owner")


async def test_the_state_is_unknown_while_nobody_reads_the_chain() -> None:
    async with running_desk(environment=OWNED) as desk:
        await named(desk)
        view = (await desk.http.get("/api/delegation")).json()
        assert view["state"] == "unknown"
        faults = [it["code"] for it in view["preflight"] if not it["isOk"]]
        assert faults == ["venue_reading", "sub_account", "owner_sol", "delegate_sol", "consent"]
        assert all(it["remedy"] for it in view["preflight"] if not it["isOk"])
        desk.ask.answers["status.execution"] = STATUS
        handed = example(AccountHandedOver, wallet=OWNER.address)
        await desk.story.write(handed)
        await until(lambda: any(it.is_up for it in desk.live.services))
        view = (await desk.http.get("/api/delegation")).json()
        assert view["state"] == DelegationState.NONE
        assert [it["code"] for it in view["preflight"] if not it["isOk"]] == ["consent"]
