"""What a node says of a message that it ran without keeping anything."""

import asyncio
import base64
from collections.abc import Callable, Coroutine
from types import SimpleNamespace
from typing import cast

import httpx
import pytest
from solders.hash import Hash
from solders.message import to_bytes_versioned
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.transaction import VersionedTransaction

from contracts.manual import Rehearsed
from execution.onchain import hand
from execution.onchain.hand import OwnersHand
from execution.owner.offers import delegate_message
from execution.venues.drift.chain import DriftChain
from execution.venues.drift.rehearsal import rehearsed, silent, simulate
from execution.venues.drift.rpc import Rpc
from execution.venues.paper.owners import paper_venue
from kit.nodes import called
from kit.owner_wallet import OwnerWallet

MESSAGE = delegate_message(
    paper_venue("sol-perp", OwnerWallet().address),
    Pubkey.new_unique(),
    blockhash=str(Hash.new_unique()),
)
ANCHOR = (
    "Program log: AnchorError occurred. Error Code: InsufficientCollateral. "
    "Error Number: 6003. Error Message: Insufficient collateral."
)


def custom(code: int) -> dict[str, object]:
    return {"InstructionError": [2, {"Custom": code}]}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"err": None, "unitsConsumed": 61_204, "logs": []}, (None, None, 61_204)),
        (
            {"err": custom(6003), "unitsConsumed": 900, "logs": [ANCHOR]},
            (6003, "InsufficientCollateral", 900),
        ),
        ({"err": custom(6057), "unitsConsumed": 5, "logs": [ANCHOR]}, (6057, "replan-price", 5)),
        ({"err": custom(6057), "logs": None}, (6057, "replan-price", None)),
        ({"err": "AccountNotFound", "unitsConsumed": 0}, (None, "AccountNotFound", 0)),
    ],
)
def test_a_nodes_answer_is_told_as_it_is(
    value: dict[str, object], expected: tuple[int | None, str | None, int | None]
) -> None:
    told = rehearsed(value)
    assert (told.code, told.reason, told.units) == expected
    assert told.silence is None


def test_a_node_that_does_not_know_the_block_has_run_nothing() -> None:
    assert rehearsed({"err": "BlockhashNotFound"}) == silent("BlockhashNotFound")
    assert silent("BlockhashNotFound") == Rehearsed(
        code=None, reason=None, units=None, silence="could not be simulated: BlockhashNotFound"
    )


async def test_a_node_is_asked_for_these_bytes_on_their_own_block() -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        result = {"context": {"slot": 1}, "value": {"err": None}}
        return httpx.Response(200, json=called(request, result=result))

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        await simulate(Rpc(["http://node"], client=client, clock=lambda: 0.0), MESSAGE)
    (request,) = asked
    call = httpx.Response(200, content=request.content).json()
    wire, config = call["params"]
    sent = VersionedTransaction.from_bytes(base64.b64decode(wire))
    assert to_bytes_versioned(sent.message) == MESSAGE
    assert sent.signatures == [Signature.default()]
    assert (config["sigVerify"], config["replaceRecentBlockhash"]) == (False, False)


Answer = Callable[[httpx.Request], Coroutine[None, None, httpx.Response]]


async def told(answer: Answer) -> Rehearsed:
    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        rpc = Rpc(["http://node"], client=client, clock=lambda: 0.0)
        chain = cast("DriftChain", SimpleNamespace(nodes=rpc))
        return await OwnersHand(chain).rehearse(MESSAGE)


async def down(_: httpx.Request) -> httpx.Response:
    return httpx.Response(503)


async def refusing(request: httpx.Request) -> httpx.Response:
    error = {"code": -32602, "message": "too large"}
    return httpx.Response(200, json=called(request, error=error))


async def babbling(request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json=called(request, result={"value": None}))


async def never(_: httpx.Request) -> httpx.Response:
    return await asyncio.get_running_loop().create_future()


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (down, "expected an answer to simulateTransaction from one of 1, found none"),
        (refusing, "simulateTransaction was refused with -32602: too large"),
        (babbling, "expected an answer to simulateTransaction from one of 1, found none"),
        (never, "no node answered within 0 s"),
    ],
)
async def test_a_node_that_cannot_say_holds_no_offer_back(
    answer: Answer, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if answer is never:
        monkeypatch.setattr(hand, "REHEARSAL_S", 0.0)
    assert await told(answer) == silent(why)
