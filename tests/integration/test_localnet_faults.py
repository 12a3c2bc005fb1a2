"""The faults of the RPC, and the control API that switches them."""

import asyncio
import base64
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect

from kit.localnet_rig import SOL, START_S, Client, a_localnet, pay, wallet

PAYER, TO = wallet(0), wallet(1).pubkey()
NEWEST = {"commitment": "processed"}


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with a_localnet() as running:
        yield running


async def _send(client: Client, lamports: int = SOL) -> str:
    sent = pay(PAYER, TO, lamports, blockhash=client.net.node.chain.tip.hash)
    options = {"encoding": "base64", "skipPreflight": True}
    await client.call("sendTransaction", base64.b64encode(bytes(sent)).decode(), options)
    return str(sent.signatures[0])


async def _status(client: Client, name: str) -> Any:
    answer: Any = await client.call("getSignatureStatuses", [name])
    return answer["value"][0]


async def test_a_dropped_transaction_is_answered_and_never_lands(client: Client) -> None:
    await client.control("PUT", "faults", {"drop_next_sends": 1})
    lost, kept = await _send(client, 2), await _send(client)
    await client.control("POST", "step", {"slots": 200})
    assert await _status(client, lost) is None
    assert await client.call("getBalance", str(TO), NEWEST) != 0
    answer: Any = await client.call(
        "getSignatureStatuses", [kept], {"searchTransactionHistory": True}
    )
    assert answer["value"][0]["err"] is None
    assert await _status(client, kept) is None  # too old for the status cache


async def test_a_delayed_transaction_lands_later(client: Client) -> None:
    await client.control("PUT", "faults", {"delay_sends_slots": 5})
    name = await _send(client)
    await client.control("POST", "step", {"slots": 5})
    assert await _status(client, name) is None
    await client.control("POST", "step")
    assert (await _status(client, name))["slot"] == client.net.node.chain.tip.slot


async def test_an_answer_is_lost_and_the_transaction_lands(client: Client) -> None:
    await client.control("PUT", "faults", {"lose_next_answers": 1})
    with pytest.raises(httpx.RemoteProtocolError):
        await _send(client)
    await client.control("POST", "step")
    answer: Any = await client.call("getBalance", str(TO), NEWEST)
    assert answer["value"] == SOL


async def test_a_status_lies(client: Client) -> None:
    failed, well = await _send(client, 99 * SOL), await _send(client)
    await client.control("POST", "step")
    assert (await _status(client, failed))["err"] is not None
    await client.control("PUT", "faults", {"status_lie": "success"})
    assert (await _status(client, failed))["err"] is None
    await client.control("PUT", "faults", {"status_lie": "hidden"})
    assert await _status(client, well) is None
    await client.control("PUT", "faults", {})
    assert (await _status(client, well))["err"] is None


async def test_reads_are_stale_and_go_back_in_time(client: Client) -> None:
    tip = client.net.node.chain.tip.slot
    await client.control("PUT", "faults", {"stale_slots": 3})
    assert [await client.call("getSlot", NEWEST) for _ in range(2)] == [tip - 3, tip - 3]
    await client.control("PUT", "faults", {"regress_slots": 4})
    seen = [await client.call("getSlot", NEWEST) for _ in range(4)]
    assert sorted(seen, key=str) == [tip - 4, tip - 4, tip, tip]
    assert seen[0] != seen[1]


async def test_a_frozen_node_answers_of_then_and_hands_nothing_on(client: Client) -> None:
    before = await client.call("getEpochInfo", NEWEST)
    rich: Any = await client.call("getBalance", str(PAYER.pubkey()), NEWEST)
    await client.control("PUT", "faults", {"is_frozen": True})
    assert await client.call("getEpochInfo", NEWEST) == before
    lost = await _send(client, 2)
    await client.control("POST", "step")
    client.net.node.chain.airdrop(PAYER.pubkey(), SOL)
    await client.control("POST", "step", {"slots": 600})
    assert await client.call("getEpochInfo", NEWEST) == before
    assert await client.call("getBalance", str(PAYER.pubkey()), NEWEST) == rich
    await client.control("PUT", "faults", {})
    after: Any = await client.call("getEpochInfo", NEWEST)
    assert after["absoluteSlot"] == client.net.node.chain.tip.slot
    poorer: Any = await client.call("getBalance", str(PAYER.pubkey()), NEWEST)
    assert poorer["value"] == rich["value"] + SOL
    assert await _status(client, lost) is None


async def test_a_node_claims_to_be_far_ahead(client: Client) -> None:
    tip = client.net.node.chain.tip
    await client.control("PUT", "faults", {"leap_slots": 1_000_000})
    told: Any = await client.call("getEpochInfo", NEWEST)
    assert told["absoluteSlot"] == tip.slot + 1_000_000
    assert told["blockHeight"] == tip.height + 1_000_000
    balance: Any = await client.call("getBalance", str(PAYER.pubkey()), NEWEST)
    assert balance["value"] == 10 * SOL


async def test_requests_are_refused_with_a_page(client: Client) -> None:
    await client.control("PUT", "faults", {"refuse_next_requests": 1})
    call = {"jsonrpc": "2.0", "id": 1, "method": "getHealth"}
    refused = await client.http.post(client.net.url, json=call)
    assert refused.status_code == 429
    assert refused.headers["content-type"] == "text/html"
    assert await client.call("getHealth") == "ok"


async def test_an_answer_is_late(client: Client) -> None:
    await client.control("PUT", "faults", {"answer_delay_ms": 1_500})
    with pytest.raises(httpx.ReadTimeout):
        await client.http.post(
            client.net.url,
            json={"id": 1, "method": "getHealth"},
            timeout=httpx.Timeout(20, read=0.2),
        )


async def test_chain_time_is_given(client: Client) -> None:
    at_ms = (START_S + 5_000) * 1_000
    stood = await client.control("POST", "step", {"slots": 4, "at_ms": at_ms})
    assert (stood["at_s"], stood["slot"]) == (START_S + 5_000, 1_044)
    past = await client.http.post(f"{client.net.url}/control/step", json={"at_ms": at_ms - 1})
    assert past.status_code == 400
    assert "at least" in past.json()["error"]


async def test_slots_open_by_the_wall_clock(client: Client) -> None:
    await client.control("PUT", "clock", {"mode": "wall"})
    slot = client.net.node.chain.tip.slot
    async with connect(client.net.socket_url) as socket, asyncio.timeout(20):
        await socket.send('{"jsonrpc":"2.0","id":1,"method":"slotSubscribe"}')
        for _ in range(3):  # the answer, and two slots
            await socket.recv()
    assert client.net.node.chain.tip.slot >= slot + 2
    shown = await client.control("GET", "")
    assert (shown["clock"], client.net.node.chain.tip.at_s > START_S + 10_000) == ("wall", True)


async def test_control_is_for_programs_on_this_machine(client: Client) -> None:
    url = f"{client.net.url}/control"
    for headers in ({"origin": "http://127.0.0.1"}, {"host": "rebound.example:80"}):
        refused = await client.http.get(url, headers=headers)
        assert (refused.status_code, "loopback" in refused.json()["error"]) == (403, True)
    assert "private chain on loopback" in str((await client.control("GET", ""))["what"])


@pytest.mark.parametrize(
    ("method", "path", "body", "words"),
    [
        ("PUT", "faults", {"drop": 1}, "unknown field"),
        ("PUT", "faults", {"stale_slots": 61}, "<= 60"),
        ("PUT", "prices", {"prices_usd": {"sol-perp": "150"}}, "found a bare chain"),
        ("POST", "step", {"slots": 0}, ">= 1"),
    ],
)
async def test_what_cannot_be_done_is_told(
    client: Client, method: str, path: str, body: object, words: str
) -> None:
    refused = await client.http.request(method, f"{client.net.url}/control/{path}", json=body)
    assert refused.status_code == 400
    assert words in refused.json()["error"]


async def test_an_unknown_call_names_the_known_ones(client: Client) -> None:
    refused = await client.http.get(f"{client.net.url}/control/faults")
    assert refused.status_code == 404
    assert "PUT /control/faults" in refused.json()["error"]
