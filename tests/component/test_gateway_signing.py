"""The routes of signing by hand: who may, what comes back, and what each refusal is called."""

import asyncio
import base64
from typing import Any
from uuid import UUID

import pytest

from contracts.event import Event
from contracts.manual import (
    OfferDeclined,
    OfferOutcome,
    ReturnRefused,
    SignatureAsked,
    SigningModeChanged,
    TransactionReturned,
)
from contracts.transaction import (
    SigningRefused,
    TransactionDied,
    TransactionLanded,
    TransactionSigned,
)
from kit.gateway_app import Desk, running_desk, until
from kit.gateway_signin import (
    ACCOUNT,
    FOR_HARDWARE,
    HOT,
    OWNER,
    STRANGER,
    SignInStage,
    signed_in,
)
from kit.hand_story import MESSAGE, TRANSACTION, HandStory, closed, example, signed

OWNED = {"owner_wallet": OWNER.address}


async def submitted(desk: Desk, offer: str, *answers: Event) -> Any:
    said, _ = await asyncio.gather(
        desk.http.post("/api/signing/submit", json={"txId": offer, "base64": signed()}),
        HandStory(desk).answers(TransactionReturned, answers),
    )
    return said


async def test_from_the_choice_to_a_transaction_that_landed() -> None:
    async with running_desk(stage=SignInStage(), environment=OWNED) as desk:
        await signed_in(desk.http)
        HandStory(desk).reads(blocks_left=11)
        await HandStory(desk).is_chosen()
        (chosen,) = [
            it.event for it in desk.log.recorded if isinstance(it.event, SigningModeChanged)
        ]
        assert (chosen.before, chosen.mode, chosen.wallet) == ("delegate", "manual", OWNER.address)
        await until(lambda: any(it.is_up for it in desk.live.services))
        offer = await HandStory(desk).offers()
        view = (await desk.http.get("/api/signing")).json()
        assert (view["mode"], view["wallet"], view["mayAct"]) == ("manual", OWNER.address, True)
        assert view["notes"]
        (shown,) = view["offers"]
        assert shown == (await desk.http.get(f"/api/signing/offers/{offer}")).json()
        assert base64.b64decode(shown["base64"]) == b"\x01" + bytes(64) + MESSAGE
        assert shown["blocksLeft"] == 11
        assert shown["effect"]["positionAfterBase"] == "0"
        assert shown["rehearsed"] == {
            "code": 6003,
            "reason": "InsufficientCollateral",
            "units": 61_204,
            "silence": None,
        }
        assert shown["summary"]["title"] == "Cancel every order of one side"
        (warning,) = shown["summary"]["warnings"]
        why = "the account has too little collateral for it (6003)"
        assert warning == f"It would have failed when it was offered: {why}."
        sent = example(TransactionSigned, transaction=TRANSACTION)
        said = await submitted(desk, offer, closed(offer), sent)
        assert (said.status_code, said.json()["status"]) == (202, "sent"), said.text
        again = await desk.http.post(
            "/api/signing/submit", json={"txId": offer, "base64": signed()}
        )
        assert again.json() == said.json()
        count = sum(isinstance(it.event, TransactionReturned) for it in desk.log.recorded)
        assert count == 1
        await HandStory(desk).writes(example(TransactionLanded, transaction=TRANSACTION, code=None))
        view = (await desk.http.get("/api/signing")).json()
        assert (view["offers"], view["ended"]) == ([], [])
        assert [(it["txId"], it["status"], it["why"]) for it in view["signed"]] == [
            (offer, "landed", None)
        ]
        state = (await desk.http.get("/api/state")).json()
        assert state["account"]["signing"] == "manual"


@pytest.mark.parametrize(
    ("refusal", "status", "code"),
    [
        ("tx-altered", 422, "tx_altered"),
        ("tx-fee-too-high", 422, "tx_fee_too_high"),
        ("tx-signature-invalid", 422, "tx_signature_invalid"),
        ("tx-expired", 409, "tx_expired"),
        ("tx-replaced", 409, "tx_replaced"),
        ("tx-unwanted", 409, "tx_unwanted"),
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
        await HandStory(desk).is_chosen()
        offer = await HandStory(desk).offers()
        said = await submitted(
            desk, offer, example(ReturnRefused, code=refusal, reason="expected a, found b")
        )
        assert (said.status_code, said.json()["code"]) == (status, code)
        assert "expected a, found b" in said.json()["detail"]


async def test_what_our_policy_holds_back_is_not_said_to_be_sent() -> None:
    async with running_desk(environment=OWNED) as desk:
        await HandStory(desk).is_chosen()
        offer = await HandStory(desk).offers()
        refused = example(SigningRefused, transaction=TRANSACTION, code="killed")
        said = await submitted(desk, offer, closed(offer), refused)
        assert (said.status_code, said.json()["code"]) == (409, "tx_not_now")
        assert "killed" in said.json()["detail"]
        await HandStory(desk).writes(example(TransactionDied, transaction=UUID(int=5)))
        view = (await desk.http.get("/api/signing")).json()
        assert [(it["status"], it["reason"]) for it in view["signed"]] == [("refused", "killed")]


async def test_why_the_program_refused_what_was_signed_is_told_in_words() -> None:
    async with running_desk(environment=OWNED) as desk:
        await HandStory(desk).is_chosen()
        offer = await HandStory(desk).offers()
        await submitted(
            desk, offer, closed(offer), example(TransactionSigned, transaction=TRANSACTION)
        )
        failed = example(TransactionLanded, transaction=TRANSACTION, code=6254, reason="give-up")
        await HandStory(desk).writes(failed)
        (shown,) = (await desk.http.get("/api/signing")).json()["signed"]
        assert (shown["status"], shown["why"]) == (
            "failed",
            "the owner lets the account only reduce positions (6254)",
        )


async def test_what_ended_is_told_with_how_the_newest_first() -> None:
    async with running_desk(environment=OWNED) as desk:
        await HandStory(desk).is_chosen()
        never_shown = await HandStory(desk).writes(example(SignatureAsked, wallet=OWNER.address))
        first, second = await HandStory(desk).offers(), await HandStory(desk).offers()
        for offer, outcome in (
            (str(never_shown[0]), OfferOutcome.UNWANTED),
            (first, OfferOutcome.EXPIRED),
            (second, OfferOutcome.UNWANTED),
        ):
            await HandStory(desk).writes(closed(offer, outcome))
        told = (await desk.http.get("/api/signing")).json()["ended"]
        assert [(it["txId"], it["outcome"]) for it in told] == [
            (second, "unwanted"),
            (first, "expired"),
        ]
        assert {it["title"] for it in told} == {"Cancel every order of one side"}
        assert all(it["endedAt"] for it in told)


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        (OfferOutcome.EXPIRED, "tx_expired"),
        (OfferOutcome.REPLACED, "tx_replaced"),
        (OfferOutcome.UNWANTED, "tx_unwanted"),
        (OfferOutcome.DECLINED, "tx_unwanted"),
        (OfferOutcome.MODE, "not_by_hand"),
    ],
)
async def test_an_ended_offer_is_refused_with_what_became_of_it(
    outcome: OfferOutcome, code: str
) -> None:
    async with running_desk(environment=OWNED) as desk:
        await HandStory(desk).is_chosen()
        offer = await HandStory(desk).offers()
        await HandStory(desk).writes(closed(offer, outcome))
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
        await HandStory(desk).is_chosen()
        offer = await HandStory(desk).offers()
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
        await HandStory(desk).is_chosen()
        offer = await HandStory(desk).offers(is_entry=True)
        (shown,) = (await desk.http.get("/api/signing")).json()["offers"]
        assert not shown["isReplacedEarly"]
        said, _ = await asyncio.gather(
            desk.http.post("/api/signing/decline", json={"txId": offer}),
            HandStory(desk).answers(OfferDeclined, [closed(offer, OfferOutcome.DECLINED)]),
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
        assert not (await desk.http.get("/api/signing")).json()["mayAct"]
        head = await desk.log.head()
        for path, body in (
            ("mode", {"mode": "manual"}),
            ("submit", {"txId": str(UUID(int=1)), "base64": signed()}),
            ("decline", {"txId": str(UUID(int=1))}),
        ):
            said = await desk.http.post(f"/api/signing/{path}", json=body)
            assert (said.status_code, said.json()["code"]) == (403, "owner_wallet_required"), path
        assert await desk.log.head() == head


async def test_a_wallet_of_the_account_hands_in_what_a_hardware_owner_signed() -> None:
    stage = SignInStage(wallets=FOR_HARDWARE)
    async with running_desk(stage=stage, environment=OWNED) as desk:
        await signed_in(desk.http, HOT)
        await HandStory(desk).is_chosen()
        view = (await desk.http.get("/api/signing")).json()
        assert (view["wallet"], view["mayAct"]) == (OWNER.address, True)
        offer = await HandStory(desk).offers()
        head = await desk.log.head()
        said = await desk.http.post(
            "/api/signing/submit", json={"txId": offer, "base64": signed(HOT)}
        )
        assert (said.status_code, said.json()["code"]) == (422, "tx_signature_invalid")
        assert await desk.log.head() == head
        sent = example(TransactionSigned, transaction=TRANSACTION)
        assert (await submitted(desk, offer, closed(offer), sent)).status_code == 202
        (returned,) = [
            it.event for it in desk.log.recorded if isinstance(it.event, TransactionReturned)
        ]
        assert (returned.wallet, returned.by) == (OWNER.address, HOT.address)
        stage.passes(minutes=10)
        said = await desk.http.post("/api/signing/mode", json={"mode": "delegate"})
        assert (said.status_code, said.json()["code"]) == (403, "step_up_required")


async def test_who_signs_is_chosen_with_a_fresh_sign_in_and_a_signature_needs_none() -> None:
    stage = SignInStage()
    async with running_desk(stage=stage, environment=OWNED) as desk:
        await signed_in(desk.http)
        await HandStory(desk).is_chosen()
        offer = await HandStory(desk).offers()
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
        await HandStory(desk).is_chosen()
        head = await desk.log.head()
        await HandStory(desk).is_chosen()
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
        await HandStory(desk).is_chosen()
        offer = await HandStory(desk).offers()
        said = await desk.http.post("/api/signing/submit", json={"txId": offer, "base64": signed()})
        assert (said.status_code, said.json()["code"]) == (503, "venue_silent")
