"""The RPC as clients meet it: solders reads its answers, and errors have the known numbers."""

import base64
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from solders.account import Account
from solders.message import Message, to_bytes_versioned
from solders.pubkey import Pubkey
from solders.rpc import responses
from solders.system_program import TransferParams, transfer
from solders.transaction import VersionedTransaction

from kit.localnet_rig import SOL, Client, a_localnet, pay, wallet

PAYER, TO = wallet(0), wallet(1).pubkey()
NEWEST = {"commitment": "processed"}
BASE64 = {"encoding": "base64"}


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with a_localnet() as running:
        yield running


def _text(transaction: VersionedTransaction) -> str:
    return base64.b64encode(bytes(transaction)).decode()


def _paid(client: Client, lamports: int = SOL, **budget: int) -> VersionedTransaction:
    return pay(PAYER, TO, lamports, blockhash=client.net.node.chain.tip.hash, **budget)


async def _read(client: Client, kind: Any, method: str, *params: object) -> Any:
    """Read an answer as solders does; an answer of another shape is an error there."""
    answer = kind.from_json(await client.text(method, *params))
    assert isinstance(answer, kind), answer
    return answer.value


async def _landed(client: Client, sent: VersionedTransaction) -> str:
    name = await client.call("sendTransaction", _text(sent), BASE64)
    client.net.pace.step(slots=1)
    assert name == str(sent.signatures[0])
    return str(name)


async def test_a_transaction_is_sent_and_seen_at_each_commitment(client: Client) -> None:
    name = await _landed(client, _paid(client))
    kind = responses.GetSignatureStatusesResp
    seen: list[str] = []
    for _ in range(33):
        (status,) = await _read(client, kind, "getSignatureStatuses", [name])
        assert status.err is None
        if str(status.confirmation_status) not in seen:
            seen.append(str(status.confirmation_status))
        client.net.pace.step(slots=1)
    assert [word.rpartition(".")[2] for word in seen] == ["Processed", "Confirmed", "Finalized"]
    assert (await _read(client, kind, "getSignatureStatuses", [str(PAYER.sign_message(b""))])) == [
        None
    ]


async def test_a_failed_transaction_says_why_in_its_status(client: Client) -> None:
    sent = _paid(client, 99 * SOL)
    options = BASE64 | {"skipPreflight": True}
    await client.call("sendTransaction", _text(sent), options)
    client.net.pace.step(slots=1)
    answer: Any = await client.call("getSignatureStatuses", [str(sent.signatures[0])])
    assert answer["value"][0]["err"] == {"InstructionError": [0, {"Custom": 1}]}
    assert answer["value"][0]["status"] == {"Err": {"InstructionError": [0, {"Custom": 1}]}}


async def test_a_preflight_refuses_with_logs(client: Client) -> None:
    error: Any = await client.error("sendTransaction", _text(_paid(client, 99 * SOL)), BASE64)
    assert error["code"] == -32002
    assert error["message"] == (
        "Transaction simulation failed: Error processing Instruction 0: custom program error: 0x1"
    )
    assert error["data"]["err"] == {"InstructionError": [0, {"Custom": 1}]}
    assert "insufficient lamports" in "".join(error["data"]["logs"])
    client.net.pace.step(slots=1)
    assert client.net.node.chain.landed_of(TO) == []


@pytest.mark.parametrize(
    ("transaction", "code", "words"),
    [
        ("AAAA", -32602, "failed to deserialize"),
        ("?", -32602, "invalid base64 encoding"),
        (base64.b64encode(bytes(1_233)).decode(), -32602, "too large: 1233 bytes"),
    ],
    ids=["no transaction", "no base64", "too large"],
)
async def test_what_is_no_transaction_is_told(
    client: Client, transaction: str, code: int, words: str
) -> None:
    error: Any = await client.error("sendTransaction", transaction, BASE64)
    assert (error["code"], words in error["message"]) == (code, True)


async def test_signature_and_blockhash_are_checked_by_the_preflight(client: Client) -> None:
    forged = VersionedTransaction.populate(_paid(client).message, _paid(client, 2).signatures)
    error = await client.error("sendTransaction", _text(forged), BASE64)
    assert error["code"] == -32003
    stale = pay(PAYER, TO, 1, blockhash=client.net.node.chain.tip.hash)
    client.net.pace.step(slots=151)
    error = await client.error("sendTransaction", _text(stale), BASE64)
    assert error["code"] == -32002
    assert error["message"] == "Transaction simulation failed: Blockhash not found"


async def test_a_simulation_keeps_nothing_and_shows_accounts(client: Client) -> None:
    unsigned = VersionedTransaction.populate(
        pay(PAYER, TO, SOL, blockhash=client.net.node.chain.tip.hash).message,
        [PAYER.sign_message(b"another")],
    )
    options = BASE64 | {
        "replaceRecentBlockhash": True,
        "accounts": {"encoding": "base64", "addresses": [str(TO)]},
    }
    kind = responses.SimulateTransactionResp
    value = await _read(client, kind, "simulateTransaction", _text(unsigned), options)
    assert value.err is None
    assert value.accounts[0].lamports == SOL
    assert value.units_consumed == 150
    assert await client.call("getBalance", str(TO), NEWEST) != SOL
    error = await client.error("simulateTransaction", _text(unsigned), BASE64 | {"sigVerify": True})
    assert error["code"] == -32003


async def test_a_simulation_says_why_it_fails(client: Client) -> None:
    text = _text(_paid(client, 99 * SOL))
    answer: Any = await client.call("simulateTransaction", text, BASE64)
    assert answer["value"]["err"] == {"InstructionError": [0, {"Custom": 1}]}
    assert answer["value"]["logs"]


@pytest.mark.parametrize("encoding", ["json", "base64"])
async def test_a_transaction_of_the_past_is_read(client: Client, encoding: str) -> None:
    name = await _landed(client, _paid(client, price=10_000))
    options = {"commitment": "processed", "encoding": encoding, "maxSupportedTransactionVersion": 0}
    value = await _read(client, responses.GetTransactionResp, "getTransaction", name, options)
    meta = value.transaction.meta
    assert meta.fee == 5_000 + 200_000 * 10_000 // 10**6
    assert meta.err is None
    assert meta.log_messages
    assert meta.post_balances[1] == SOL
    assert value.slot == client.net.node.chain.tip.slot
    refused = await client.error("getTransaction", name, {"commitment": "processed"})
    assert refused["code"] == -32015
    assert await client.call("getTransaction", name) is None  # not finalized yet


async def test_a_legacy_transaction_needs_no_version(client: Client) -> None:
    step = transfer(TransferParams(from_pubkey=PAYER.pubkey(), to_pubkey=TO, lamports=SOL))
    blockhash = client.net.node.chain.tip.hash
    sent = VersionedTransaction(
        Message.new_with_blockhash([step], PAYER.pubkey(), blockhash), [PAYER]
    )
    name = await _landed(client, sent)
    answer: Any = await client.call("getTransaction", name, NEWEST)
    assert answer["transaction"]["message"]["accountKeys"][0] == str(PAYER.pubkey())


async def test_signatures_of_an_account_come_in_pages(client: Client) -> None:
    names = [await _landed(client, _paid(client, amount * SOL // 2)) for amount in (1, 2, 3, 4)]
    client.net.pace.step(slots=40)
    kind, method = responses.GetSignaturesForAddressResp, "getSignaturesForAddress"
    page = await _read(client, kind, method, str(TO), {"limit": 2})
    assert [str(each.signature) for each in page] == [names[3], names[2]]
    options = {"before": names[2], "until": names[0]}
    page = await _read(client, kind, method, str(TO), options)
    assert [str(each.signature) for each in page] == [names[1]]
    assert (await client.error(method, str(TO), {"limit": 0}))["code"] == -32602


@pytest.mark.parametrize("encoding", ["base64", "base64+zstd"])
async def test_accounts_are_read_one_by_one_and_together(client: Client, encoding: str) -> None:
    owner, key = wallet(3).pubkey(), wallet(4).pubkey()
    client.net.node.chain.put(key, Account(77, bytes(range(200)), owner))
    options = NEWEST | {"encoding": encoding}
    one = await _read(client, responses.GetAccountInfoResp, "getAccountInfo", str(key), options)
    assert (one.lamports, one.owner, one.data) == (77, owner, bytes(range(200)))
    kind, keys = responses.GetMultipleAccountsResp, [str(key), str(wallet(5).pubkey())]
    both = await _read(client, kind, "getMultipleAccounts", keys, options)
    assert (both[0].data, both[1]) == (bytes(range(200)), None)
    listed = await _read(
        client,
        responses.GetProgramAccountsResp,
        "getProgramAccounts",
        str(owner),
        options | {"filters": [{"dataSize": 200}, {"memcmp": {"offset": 1, "bytes": "2"}}]},
    )
    assert [each.pubkey for each in listed] == [key]
    sliced: Any = await client.call(
        "getAccountInfo", str(key), options | {"dataSlice": {"offset": 2, "length": 3}}
    )
    assert sliced["value"]["space"] == 200
    too_old = await client.error("getAccountInfo", str(key), {"minContextSlot": 9_999} | options)
    assert (too_old["code"], too_old["data"]) == (-32016, {"contextSlot": 1040})
    assert (await client.error("getAccountInfo", str(key), NEWEST))["code"] == -32600


async def test_the_chain_says_where_it_stands(client: Client) -> None:
    tip = client.net.node.chain.tip
    assert await client.call("getSlot") == tip.slot - 31
    assert await client.call("getSlot", NEWEST) == tip.slot
    assert await client.call("getBlockHeight", NEWEST) == tip.height
    assert await client.call("getBlockTime", tip.slot) == tip.at_s
    assert await client.call("getHealth") == "ok"
    assert await client.call("getMinimumBalanceForRentExemption", 0) == 890_880
    kind = responses.GetLatestBlockhashResp
    finalized = await _read(client, kind, "getLatestBlockhash")
    assert finalized.last_valid_block_height == tip.height - 31 + 150
    newest = await _read(client, kind, "getLatestBlockhash", NEWEST)
    assert (newest.blockhash, newest.last_valid_block_height) == (tip.hash, tip.height + 150)
    for blockhash, is_valid in ((str(tip.hash), True), (str(TO), False)):
        answer: Any = await client.call("isBlockhashValid", blockhash, NEWEST)
        assert answer["value"] is is_valid
    for kind, method in (
        (responses.GetEpochInfoResp, "getEpochInfo"),
        (responses.GetVersionResp, "getVersion"),
        (responses.GetGenesisHashResp, "getGenesisHash"),
    ):
        await _read(client, kind, method)
    client.net.pace.skip(slots=3)
    skipped = await client.error("getBlockTime", tip.slot + 1)
    assert skipped["code"] == -32007


async def test_priority_fees_are_the_least_of_each_slot(client: Client) -> None:
    for price in (700, 300):
        await client.call("sendTransaction", _text(_paid(client, price, price=price)), BASE64)
    client.net.pace.step(slots=1)
    kind, method = responses.GetRecentPrioritizationFeesResp, "getRecentPrioritizationFees"
    fees = await _read(client, kind, method, [str(TO)])
    assert len(fees) == 150
    assert [each.prioritization_fee for each in fees if each.prioritization_fee] == [300]
    other = await _read(client, kind, method, [str(wallet(8).pubkey())])
    assert {each.prioritization_fee for each in other} == {0}


async def test_the_fee_of_a_message_is_told(client: Client) -> None:
    message = _paid(client, limit=600_000, price=20_000).message
    text = base64.b64encode(to_bytes_versioned(message)).decode()
    kind = responses.GetFeeForMessageResp
    assert await _read(client, kind, "getFeeForMessage", text) == 17_000
    client.net.pace.step(slots=151)
    assert await _read(client, kind, "getFeeForMessage", text) is None


async def test_an_airdrop_is_a_transaction(client: Client) -> None:
    name: Any = await client.call("requestAirdrop", str(TO), 5)
    answer: Any = await client.call("getBalance", str(TO), NEWEST)
    status: Any = await client.call("getSignatureStatuses", [name])
    assert (answer["value"], status["value"][0]["err"]) == (5, None)


async def test_calls_come_in_batches_and_wrong_ones_are_told(client: Client) -> None:
    calls = [{"jsonrpc": "2.0", "id": number, "method": "getHealth"} for number in (1, 2)]
    answers = (await client.http.post(client.net.url, json=calls)).json()
    assert [(each["id"], each["result"]) for each in answers] == [(1, "ok"), (2, "ok")]
    assert (await client.error("getNothing"))["code"] == -32601
    assert (await client.error("getBalance", "no key"))["code"] == -32602
    broken = await client.http.post(client.net.url, content=b"{")
    assert broken.json()["error"]["code"] == -32700
    nameless = await client.http.post(client.net.url, content=b'{"id":1}')
    assert nameless.json()["error"]["code"] == -32600
    assert (await client.http.get(client.net.url)).status_code == 405


async def test_answers_name_their_slot(client: Client) -> None:
    answer = json.loads(await client.text("getBalance", str(Pubkey.default())))
    assert answer["result"]["context"]["slot"] == client.net.node.chain.tip.slot - 31
