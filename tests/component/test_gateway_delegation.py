"""The owner's routes: the right wallet, in order, and the revoke always."""

import asyncio
import base64
from decimal import Decimal
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
from gateway.domain.consent import LOST_SOL
from gateway.place import DRIFT
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
from kit.golden import EXAMPLES
from kit.owner_story import OwnerStory

OWNED = {"owner_wallet": OWNER.address}
USDC = "8zGuJQqwhZafTah7Uc7Z4tXRnguqkn5KLFAP8oV6PHe2"
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


async def test_the_owner_is_told_of_the_program_that_is_configured() -> None:
    on_chain = {
        "venue": "devnet",
        "drift_program": DRIFT,
        "quote_mint": USDC,
        "sub_account": 3,
        "venue_account_url": "https://venue.example.com/?of={owner}",
    }
    async with running_desk(environment=OWNED | on_chain) as desk:
        await named(desk)
        venue = (await desk.http.get("/api/delegation")).json()["venue"]
        text = (await desk.http.get("/api/delegation/consent")).json()
    assert (venue["name"], venue["cluster"]) == ("Drift on devnet", "devnet")
    assert (venue["program"], venue["programName"], venue["quote"]) == (DRIFT, "Drift", "USDC")
    assert venue["subAccount"] == 3
    assert venue["accountPage"] == f"https://venue.example.com/?of={OWNER.address}"
    assert text["title"].endswith("on Drift on devnet")
    assert "your transaction sets that cap in the program" in text["text"]


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
        ("tx-fee-too-high", 422, "tx_fee_too_high"),
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
        assert (view["owner"], view["isOwner"], view["mayAct"]) == (OWNER.address, False, False)
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


async def test_a_wallet_of_the_account_acts_for_an_owner_that_cannot_sign_in() -> None:
    stage = SignInStage(wallets=FOR_HARDWARE)
    async with running_desk(stage=stage, environment=OWNED) as desk:
        await signed_in(desk.http, HOT)
        await agreed(desk)
        view = (await desk.http.get("/api/delegation")).json()
        assert (view["isOwner"], view["mayAct"]) == (False, True)
        for what, returned in (("delegate", OwnerTransactionKind.DELEGATE), ("revoke", None)):
            offer = await an_offer(desk, what)
            assert offer["feePayer"] == OWNER.address
            head = await desk.log.head()
            said = await desk.http.post(
                offer["submitTo"], json={"txId": offer["txId"], "base64": signed(HOT)}
            )
            assert (said.status_code, said.json()["code"]) == (422, "tx_signature_invalid")
            assert await desk.log.head() == head
            sent = example(
                OwnerTransactionSent,
                offer=UUID(offer["txId"]),
                kind=returned or OwnerTransactionKind.REVOKE,
            )
            said, _ = await asyncio.gather(
                desk.http.post(offer["submitTo"], json={"txId": offer["txId"], "base64": signed()}),
                answer(desk, OwnerTransactionReturned, sent),
            )
            assert said.status_code == 202, said.text
        told = {
            type(it.event): (it.event.wallet, it.event.by)
            for it in desk.log.recorded
            if isinstance(
                it.event, ConsentGiven | DelegationAsked | RevokeAsked | OwnerTransactionReturned
            )
        }
        assert len(told) == 4
        assert set(told.values()) == {(OWNER.address, HOT.address)}
        page = (await desk.http.get("/api/activity")).json()["items"]
        assert f"{HOT.address} for {OWNER.address} asks for a delegate key" in {
            it["summary"] for it in page
        }
        stage.passes(minutes=10)
        for path, body in (("consent", {"textSha256": "0" * 64}), ("delegate", {})):
            said = await desk.http.post(f"/api/delegation/{path}", json=body)
            assert (said.status_code, said.json()["code"]) == (403, "step_up_required"), path


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


ON_LOCALNET = {**OWNED, "venue": "localnet", "drift_program": DRIFT, "quote_mint": USDC}


def read_to(desk: Desk) -> str:
    """Give how far execution says that it has read the log."""
    (execution,) = [it for it in desk.live.services if it.name == "execution"]
    return execution.details["position"]


@pytest.mark.parametrize(
    ("build", "found"),
    [
        ("2.82", "off: build 2.82 of the program knows no transfer by a delegate"),
        (None, "not known: another build than the desk knows"),
    ],
)
async def test_transfers_by_a_delegate_are_off_in_a_build_that_is_known(
    build: str | None, found: str
) -> None:
    async with running_desk(opens_account=False, environment=ON_LOCALNET) as desk:
        await desk.story.opens()
        await desk.story.opens_account(venue="localnet")
        await named(desk)
        read = {"is_open": True, "is_mint_known": True, "mint": USDC, "margin_ratio": 2_000}
        OwnerStory(desk).reads(sub_account={**read, "deposit_usd": "1", "build": build})
        await until(lambda: any(it.is_up for it in desk.live.services))
        checks = (await desk.http.get("/api/delegation")).json()["preflight"]
        (check,) = [it for it in checks if it["code"] == "delegate_transfer"]
        assert (check["found"], check["isOk"]) == (found, build is not None)
        assert bool(check["remedy"]) is (build is None)


async def test_what_the_owners_transaction_pays_is_told_before_and_in_it() -> None:
    async with running_desk(opens_account=False, environment=ON_LOCALNET) as desk:
        await desk.story.opens()
        await desk.story.opens_account(venue="localnet")
        await named(desk)
        story = OwnerStory(desk)
        sub_account = {"is_open": False, "is_mint_known": True, "mint": USDC, "margin_ratio": 0}
        sub_account |= {"deposit_usd": "0", "deposit_due_usd": "10000"}
        due = {"fees_due_lamports": 50_000_000}
        story.reads(fee_payer_lamports=0, more=due, sub_account=sub_account)

        async def remedies() -> dict[str, str]:
            checks = (await desk.http.get("/api/delegation")).json()["preflight"]
            return {it["code"]: it["remedy"] for it in checks}

        await until(lambda: any(it.is_up for it in desk.live.services))
        told = await remedies()
        assert told["deposit"] == (
            "Delegate: the transaction that you sign deposits 10000 USDC of your wallet."
        )
        assert told["delegate_sol"] == (
            "Delegate: the transaction that you sign sends 50000000 lamports to the delegate key."
        )
        await story.bears()
        await story.offers(
            OwnerTransactionKind.DELEGATE,
            opens_account=True,
            deposit_usd=Decimal(10_000),
            delegate_lamports=50_000_000,
        )
        await until(lambda: bool(desk.live.state.owner.offers))
        offer = (await desk.http.get("/api/delegation")).json()["offer"]
        assert offer["summary"]["lines"][2:] == [
            "Opens the sub-account; its rent of about 0.034 SOL comes back when it is deleted",
            "Deposits 10000 USDC of the wallet in the sub-account",
            "Sends 0.05 SOL to the delegate, for fees",
            "Moves no other funds",
        ]
        # What was read before the log told of the delegate says nothing of it.
        story.reads(fee_payer_lamports=0, position=1, more=due, sub_account=sub_account)
        await until(lambda: read_to(desk) == "1")
        await story.shows(DelegationState.ACTIVE, story.key)
        await until(lambda: desk.live.state.owner.state is DelegationState.ACTIVE)
        checks = (await desk.http.get("/api/delegation")).json()["preflight"]
        found = {it["code"]: it["found"] for it in checks}
        assert (found["deposit"], found["delegate_sol"]) == ("unknown", "unknown")
        # Once named, nothing more comes of itself.
        story.reads(fee_payer_lamports=0, more=due, sub_account=sub_account)
        await until(lambda: read_to(desk) != "1")
        told = await remedies()
        assert told["delegate_sol"] == (
            f"Send SOL to the delegate key {story.key}: at least 20000000 lamports for fees."
        )


async def said_of_lost_sol(venue: str) -> tuple[list[str], list[str], OwnerStory]:
    """Give what consent and revoke say of SOL, with a key that has some left."""
    environment = {**OWNED, "venue": venue}
    if venue != "paper":
        environment |= {"drift_program": DRIFT, "quote_mint": USDC}
    async with running_desk(opens_account=False, environment=environment) as desk:
        await desk.story.opens()
        await desk.story.opens_account(venue=venue)
        await named(desk)
        text = (await desk.http.get("/api/delegation/consent")).json()
        story = OwnerStory(desk)
        story.reads(fee_payer_lamports=48_900_000)
        await story.bears()
        await until(lambda: desk.live.state.owner.key is not None)
        await until(lambda: any(it.name == "execution" and it.is_up for it in desk.live.services))
        offer = await an_offer(desk, "revoke")
        points = [point for section in text["sections"] for point in section["points"]]
        return [it for it in points if "SOL" in it], offer["summary"]["warnings"], story


async def test_on_a_chain_consent_and_revoke_say_what_sol_is_lost_with_the_key() -> None:
    consent, revoke, story = await said_of_lost_sol("localnet")
    assert consent == [LOST_SOL]
    assert revoke == [f"Lost with the key {story.key}: 0.0489 SOL that it has not spent on fees."]


async def test_on_paper_nobody_loses_sol() -> None:
    assert (await said_of_lost_sol("paper"))[:2] == ([], [])
