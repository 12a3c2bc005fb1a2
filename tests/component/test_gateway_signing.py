"""The routes of signing by hand: who may, what comes back, and what each refusal is called."""

import asyncio
import base64
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest

from contracts.event import Draft, Event
from contracts.ids import derive_id
from contracts.manual import (
    OfferClosed,
    OfferDeclined,
    OfferOutcome,
    ReturnRefused,
    SignatureAsked,
    SigningModeChanged,
    TransactionOffered,
    TransactionReturned,
)
from contracts.routes import subject_of
from contracts.transaction import (
    RetryClass,
    SigningRefused,
    TransactionDied,
    TransactionLanded,
    TransactionSigned,
)
from kit.gateway_app import Desk, running_desk, until
from kit.gateway_signin import ACCOUNT, OWNER, STRANGER, SignInStage, signed_in
from kit.golden import EXAMPLES

OWNED = {"owner_wallet": OWNER.address}
MESSAGE = b"\x80 a message"
TRANSACTION = UUID(int=77)
HEIGHT = (
    b'{"ready":"true","reason":"","delegation.local":'
    b'{"at":"2026-03-02T12:00:00+00:00","owner_lamports":100000000,'
    b'"fee_payer_lamports":100000000,"has_key_store":false,"block_height":290117200}}'
)


def example(event_class: type[Any], **changes: Any) -> Any:
    found: Any = next(one for one in EXAMPLES if isinstance(one, event_class))
    return found.model_copy(update={"account": "local", **changes})


async def write(desk: Desk, *events: Event, cause: UUID | None = None) -> list[UUID]:
    """Play execution: record events, all or none."""
    last = desk.log.recorded[-1]
    drafts = [
        Draft(
            event=event,
            id=derive_id(last.id, f"{event.event_type}-{number}"),
            subject=subject_of(event),
            occurred_at=last.occurred_at,
            correlation_id=last.correlation_id,
            causation_id=None,
        )
        for number, event in enumerate(events)
    ]
    await desk.log.as_service("execution").append(drafts)
    await desk.caught_up()
    return [it.id for it in drafts]


async def answer(desk: Desk, kind: type[Event], events: Sequence[Event]) -> None:
    """Play execution: answer the newest event of a class, which the answers are about."""
    await until(lambda: isinstance(desk.log.recorded[-1].event, kind))
    asked = desk.log.recorded[-1]
    about = [
        it.model_copy(update={"about": asked.id}) if hasattr(it, "about") else it for it in events
    ]
    await write(desk, *about)


async def manual(desk: Desk) -> None:
    await until(lambda: desk.live.state.owner.wallet == OWNER.address)
    said = await desk.http.post("/api/signing/mode", json={"mode": "manual"})
    assert (said.status_code, said.json()["mode"]) == (200, "manual")


async def an_offer(desk: Desk, *, is_entry: bool = False) -> str:
    changes = {"retry_class": RetryClass.EXPOSURE} if is_entry else {}
    (asked,) = await write(desk, example(SignatureAsked, wallet=OWNER.address, **changes))
    message = base64.b64encode(MESSAGE).decode()
    await write(
        desk, example(TransactionOffered, offer=asked, wallet=OWNER.address, message=message)
    )
    return str(asked)


def signed(by: Any = OWNER, message: bytes = MESSAGE) -> str:
    return base64.b64encode(b"\x01" + by.sign(message) + message).decode()


def closed(offer: str, outcome: OfferOutcome = OfferOutcome.SIGNED) -> OfferClosed:
    transaction = TRANSACTION if outcome is OfferOutcome.SIGNED else None
    return example(
        OfferClosed, offer=UUID(offer), outcome=outcome, about=None, transaction=transaction
    )


async def submitted(desk: Desk, offer: str, *answers: Event) -> Any:
    said, _ = await asyncio.gather(
        desk.http.post("/api/signing/submit", json={"txId": offer, "base64": signed()}),
        answer(desk, TransactionReturned, answers),
    )
    return said


async def test_from_the_choice_to_a_transaction_that_landed() -> None:
    async with running_desk(stage=SignInStage(), environment=OWNED) as desk:
        await signed_in(desk.http)
        desk.ask.answers["status.execution"] = HEIGHT
        await manual(desk)
        (chosen,) = [
            it.event for it in desk.log.recorded if isinstance(it.event, SigningModeChanged)
        ]
        assert (chosen.before, chosen.mode, chosen.wallet) == ("delegate", "manual", OWNER.address)
        await until(lambda: any(it.is_up for it in desk.live.services))
        offer = await an_offer(desk)
        view = (await desk.http.get("/api/signing")).json()
        assert (view["mode"], view["wallet"], view["isOwner"]) == ("manual", OWNER.address, True)
        assert view["notes"]
        (shown,) = view["offers"]
        assert shown == (await desk.http.get(f"/api/signing/offers/{offer}")).json()
        assert base64.b64decode(shown["base64"]) == b"\x01" + bytes(64) + MESSAGE
        assert shown["blocksLeft"] == 11  # Last block 290,117,211 at height 290,117,200.
        assert shown["effect"]["positionAfterBase"] == "0"
        assert shown["summary"]["title"] == "Cancel every order of one side"
        sent = example(TransactionSigned, transaction=TRANSACTION)
        said = await submitted(desk, offer, closed(offer), sent)
        assert (said.status_code, said.json()["status"]) == (202, "sent"), said.text
        again = await desk.http.post(
            "/api/signing/submit", json={"txId": offer, "base64": signed()}
        )
        assert again.json() == said.json()
        count = sum(isinstance(it.event, TransactionReturned) for it in desk.log.recorded)
        assert count == 1
        await write(desk, example(TransactionLanded, transaction=TRANSACTION, code=None))
        view = (await desk.http.get("/api/signing")).json()
        assert view["offers"] == []
        assert [(it["txId"], it["status"]) for it in view["signed"]] == [(offer, "landed")]
        state = (await desk.http.get("/api/state")).json()
        assert state["account"]["signing"] == "manual"


@pytest.mark.parametrize(
    ("refusal", "status", "code"),
    [
        ("tx-altered", 422, "tx_altered"),
        ("tx-signature-invalid", 422, "tx_signature_invalid"),
        ("tx-expired", 409, "tx_expired"),
        ("tx-replaced", 409, "tx_replaced"),
        ("tx-repeated", 409, "tx_repeated"),
        ("tx-unknown", 404, "tx_unknown"),
        ("wrong-wallet", 409, "not_by_hand"),
        ("not-now", 409, "tx_not_now"),
    ],
)
async def test_what_execution_refuses_is_a_problem_that_says_what_differs(
    refusal: str, status: int, code: str
) -> None:
    async with running_desk(environment=OWNED) as desk:
        await manual(desk)
        offer = await an_offer(desk)
        said = await submitted(
            desk, offer, example(ReturnRefused, code=refusal, reason="expected a, found b")
        )
        assert (said.status_code, said.json()["code"]) == (status, code)
        assert "expected a, found b" in said.json()["detail"]


async def test_what_our_policy_holds_back_is_not_said_to_be_sent() -> None:
    async with running_desk(environment=OWNED) as desk:
        await manual(desk)
        offer = await an_offer(desk)
        refused = example(SigningRefused, transaction=TRANSACTION, code="killed")
        said = await submitted(desk, offer, closed(offer), refused)
        assert (said.status_code, said.json()["code"]) == (409, "tx_not_now")
        assert "killed" in said.json()["detail"]
        await write(desk, example(TransactionDied, transaction=UUID(int=5)))
        view = (await desk.http.get("/api/signing")).json()
        assert [(it["status"], it["reason"]) for it in view["signed"]] == [("refused", "killed")]


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        (OfferOutcome.EXPIRED, "tx_expired"),
        (OfferOutcome.REPLACED, "tx_replaced"),
        (OfferOutcome.UNWANTED, "tx_replaced"),
        (OfferOutcome.DECLINED, "tx_replaced"),
        (OfferOutcome.MODE, "not_by_hand"),
    ],
)
async def test_an_ended_offer_is_refused_with_what_became_of_it(
    outcome: OfferOutcome, code: str
) -> None:
    async with running_desk(environment=OWNED) as desk:
        await manual(desk)
        offer = await an_offer(desk)
        await write(desk, closed(offer, outcome))
        head = await desk.log.head()
        for said in (
            await desk.http.get(f"/api/signing/offers/{offer}"),
            await desk.http.post("/api/signing/submit", json={"txId": offer, "base64": signed()}),
            await desk.http.post("/api/signing/decline", json={"txId": offer}),
        ):
            assert (said.status_code, said.json()["code"]) == (409, code)
        assert await desk.log.head() == head


async def test_what_the_owner_did_not_sign_never_reaches_the_log() -> None:
    async with running_desk(environment=OWNED) as desk:
        await manual(desk)
        offer = await an_offer(desk)
        unknown = str(UUID(int=1))
        head = await desk.log.head()
        for tx_id, sent, status, code in (
            (offer, signed(STRANGER), 422, "tx_signature_invalid"),
            (offer, base64.b64encode(b"\x02" + bytes(200)).decode(), 422, "tx_altered"),
            (offer, base64.b64encode(bytes(1233)).decode(), 422, "tx_altered"),
            (offer, "!", 422, "tx_altered"),
            (unknown, signed(), 404, "tx_unknown"),
        ):
            said = await desk.http.post("/api/signing/submit", json={"txId": tx_id, "base64": sent})
            assert (said.status_code, said.json()["code"]) == (status, code)
        said = await desk.http.get(f"/api/signing/offers/{unknown}")
        assert (said.status_code, said.json()["code"]) == (404, "tx_unknown")
        assert await desk.log.head() == head


async def test_an_offer_is_declined_once() -> None:
    async with running_desk(environment=OWNED) as desk:
        await manual(desk)
        offer = await an_offer(desk, is_entry=True)
        (shown,) = (await desk.http.get("/api/signing")).json()["offers"]
        assert not shown["isReplacedEarly"]
        said, _ = await asyncio.gather(
            desk.http.post("/api/signing/decline", json={"txId": offer}),
            answer(desk, OfferDeclined, [closed(offer, OfferOutcome.DECLINED)]),
        )
        assert (said.status_code, said.json()["offers"]) == (200, [])
        again = await desk.http.post("/api/signing/decline", json={"txId": offer})
        assert again.status_code == 200
        assert sum(isinstance(it.event, OfferDeclined) for it in desk.log.recorded) == 1


async def test_another_wallet_of_the_account_may_look_and_nothing_else() -> None:
    wallets = {OWNER.address: ACCOUNT, STRANGER.address: ACCOUNT}
    async with running_desk(stage=SignInStage(wallets=wallets), environment=OWNED) as desk:
        await until(lambda: desk.live.state.owner.wallet == OWNER.address)
        await signed_in(desk.http, STRANGER)
        assert not (await desk.http.get("/api/signing")).json()["isOwner"]
        head = await desk.log.head()
        for path, body in (
            ("mode", {"mode": "manual"}),
            ("submit", {"txId": str(UUID(int=1)), "base64": signed()}),
            ("decline", {"txId": str(UUID(int=1))}),
        ):
            said = await desk.http.post(f"/api/signing/{path}", json=body)
            assert (said.status_code, said.json()["code"]) == (403, "owner_wallet_required"), path
        assert await desk.log.head() == head


async def test_who_signs_is_chosen_with_a_fresh_sign_in_and_a_signature_needs_none() -> None:
    stage = SignInStage()
    async with running_desk(stage=stage, environment=OWNED) as desk:
        await signed_in(desk.http)
        await manual(desk)
        offer = await an_offer(desk)
        stage.passes(minutes=10)
        said = await desk.http.post("/api/signing/mode", json={"mode": "delegate"})
        assert (said.status_code, said.json()["code"]) == (403, "step_up_required")
        stage.passes(minutes=30)
        assert (await desk.http.get("/api/signing")).status_code == 401
        sent = example(TransactionSigned, transaction=TRANSACTION)
        assert (await submitted(desk, offer, closed(offer), sent)).status_code == 202
        for _ in range(40):
            again = await desk.http.post(
                "/api/signing/submit", json={"txId": offer, "base64": signed()}
            )
            assert again.status_code == 202


async def test_choosing_again_and_a_new_owner() -> None:
    async with running_desk(environment=OWNED) as desk:
        await manual(desk)
        head = await desk.log.head()
        await manual(desk)
        assert await desk.log.head() == head
        said = await desk.http.post("/api/signing/mode", json={"mode": "nobody"})
        assert (said.status_code, said.json()["code"]) == (422, "invalid_request")
        back = await desk.http.post("/api/signing/mode", json={"mode": "delegate"})
        assert (back.json()["mode"], back.json()["wallet"], back.json()["notes"]) == (
            "delegate",
            None,
            [],
        )


async def test_a_desk_without_an_owner_signs_for_itself() -> None:
    async with running_desk() as desk:
        assert (await desk.http.get("/api/signing")).json()["mode"] == "delegate"
        said = await desk.http.post("/api/signing/mode", json={"mode": "manual"})
        assert (said.status_code, said.json()["code"]) == (409, "no_owner")


async def test_an_execution_that_does_not_answer_is_said_so() -> None:
    async with running_desk(environment=OWNED) as desk:
        await manual(desk)
        offer = await an_offer(desk)
        said = await desk.http.post("/api/signing/submit", json={"txId": offer, "base64": signed()})
        assert (said.status_code, said.json()["code"]) == (503, "venue_silent")
