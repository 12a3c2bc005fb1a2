"""Subscriptions over a real WebSocket, and the ways in which they go wrong on purpose."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from solders.account import Account
from solders.rpc.responses import parse_websocket_message
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from kit.localnet_rig import SOL, Client, a_localnet, pay, wallet

PAYER, TO = wallet(0), wallet(1).pubkey()
NEWEST = {"commitment": "processed", "encoding": "base64"}
WAIT_S_MAX = 60


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with a_localnet() as running:
        yield running


@pytest.fixture
async def socket(client: Client) -> AsyncIterator[ClientConnection]:
    async with connect(client.net.socket_url) as opened:
        yield opened


async def _hear(socket: ClientConnection) -> Any:
    """Take the next message, as solders reads it too."""
    text = await asyncio.wait_for(socket.recv(decode=True), WAIT_S_MAX)
    parse_websocket_message(text)
    return json.loads(text)


async def _ask(socket: ClientConnection, method: str, *params: object) -> Any:
    call = {"jsonrpc": "2.0", "id": 7, "method": method, "params": list(params)}
    await socket.send(json.dumps(call))
    while "id" not in (answer := json.loads(await asyncio.wait_for(socket.recv(), WAIT_S_MAX))):
        pass
    return answer.get("result", answer.get("error"))


def _pay(client: Client, lamports: int) -> str:
    chain = client.net.node.chain
    sent = pay(PAYER, TO, lamports, blockhash=chain.tip.hash)
    chain.send(sent)
    client.net.pace.step(slots=1)
    return str(sent.signatures[0])


async def test_an_account_is_told_when_its_commitment_sees_it(
    client: Client, socket: ClientConnection
) -> None:
    newest = await _ask(socket, "accountSubscribe", str(TO), NEWEST)
    confirmed = await _ask(
        socket, "accountSubscribe", str(TO), NEWEST | {"commitment": "confirmed"}
    )
    _pay(client, SOL)
    first = (await _hear(socket))["params"]
    slot = client.net.node.chain.tip.slot
    assert (first["subscription"], first["result"]["context"]["slot"]) == (newest, slot)
    assert first["result"]["value"]["lamports"] == SOL
    client.net.pace.step(slots=1)
    second = (await _hear(socket))["params"]
    assert (second["subscription"], second["result"]["context"]["slot"]) == (confirmed, slot)


async def test_a_program_tells_what_passes_its_filters(
    client: Client, socket: ClientConnection
) -> None:
    owner = wallet(3).pubkey()
    options = NEWEST | {"filters": [{"dataSize": 2}]}
    await _ask(socket, "programSubscribe", str(owner), options)
    for number, data in ((4, b"a"), (5, b"ab")):
        client.net.node.chain.put(wallet(number).pubkey(), Account(1, data, owner))
    heard = await _hear(socket)
    assert heard["method"] == "programNotification"
    assert heard["params"]["result"]["value"]["pubkey"] == str(wallet(5).pubkey())


async def test_logs_and_signatures_are_told(client: Client, socket: ClientConnection) -> None:
    await _ask(socket, "logsSubscribe", {"mentions": [str(TO)]}, {"commitment": "processed"})
    name = _pay(client, SOL)
    heard = await _hear(socket)
    assert heard["params"]["result"]["value"]["signature"] == name
    assert "success" in heard["params"]["result"]["value"]["logs"][-1]
    # It has landed already, and is told all the same; once.
    number = await _ask(socket, "signatureSubscribe", name, {"commitment": "processed"})
    heard = await _hear(socket)
    assert (heard["method"], heard["params"]["subscription"]) == ("signatureNotification", number)
    assert heard["params"]["result"]["value"] == {"err": None}
    assert (await _ask(socket, "signatureUnsubscribe", number))["code"] == -32602


async def test_slots_are_told_until_they_are_unsubscribed(
    client: Client, socket: ClientConnection
) -> None:
    number = await _ask(socket, "slotSubscribe")
    client.net.pace.skip(slots=2)
    slot = client.net.node.chain.tip.slot
    heard = (await _hear(socket))["params"]["result"]
    assert heard == {"slot": slot, "parent": slot - 3, "root": slot - 31}
    assert await _ask(socket, "slotUnsubscribe", number) is True
    client.net.pace.step(slots=1)
    assert (await _ask(socket, "slotUnsubscribe", number))["code"] == -32602


async def test_wrong_calls_are_told(socket: ClientConnection) -> None:
    assert (await _ask(socket, "blockSubscribe"))["code"] == -32601
    assert (await _ask(socket, "accountSubscribe", "no key"))["code"] == -32602
    assert (await _ask(socket, "logsSubscribe", {"mentions": []}))["code"] == -32602
    await socket.send("{")
    assert json.loads(await socket.recv())["error"]["code"] == -32700


async def test_a_silent_socket_lives_and_tells_nothing(
    client: Client, socket: ClientConnection
) -> None:
    await _ask(socket, "slotSubscribe")
    await client.control("PUT", "faults", {"sockets": "silent"})
    client.net.pace.step(slots=3)
    await (await socket.ping())
    await client.control("PUT", "faults", {})
    client.net.pace.step(slots=1)
    heard = (await _hear(socket))["params"]["result"]
    assert heard["slot"] == client.net.node.chain.tip.slot


async def test_sockets_are_cut_and_refused(client: Client, socket: ClientConnection) -> None:
    await client.control("PUT", "faults", {"sockets": "refused"})
    assert await client.control("POST", "sockets/cut") == {"cut": 1}
    with pytest.raises(ConnectionClosed):
        await asyncio.wait_for(socket.recv(), WAIT_S_MAX)
    with pytest.raises(InvalidStatus):
        await connect(client.net.socket_url)
    await client.control("PUT", "faults", {})
    async with connect(client.net.socket_url) as again:
        assert await _ask(again, "slotSubscribe") > 0
