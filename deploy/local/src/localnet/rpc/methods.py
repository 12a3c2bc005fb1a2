"""The methods by name, and one call of JSON-RPC: in as parsed JSON, out as JSON."""

from collections.abc import Callable, Mapping
from typing import TypeVar, cast

from localnet.errors import INVALID_REQUEST, METHOD_NOT_FOUND, RpcError
from localnet.node import Node
from localnet.rpc import reads, transactions
from localnet.rpc.params import Params

_T = TypeVar("_T")
Method = Callable[[Node, Params], object]

METHODS: Mapping[str, Method] = {
    "getAccountInfo": reads.get_account_info,
    "getBalance": reads.get_balance,
    "getBlockHeight": reads.get_block_height,
    "getBlockTime": reads.get_block_time,
    "getEpochInfo": reads.get_epoch_info,
    "getFeeForMessage": transactions.get_fee_for_message,
    "getGenesisHash": reads.get_genesis_hash,
    "getHealth": reads.get_health,
    "getLatestBlockhash": reads.get_latest_blockhash,
    "getMinimumBalanceForRentExemption": reads.get_rent,
    "getMultipleAccounts": reads.get_multiple_accounts,
    "getProgramAccounts": reads.get_program_accounts,
    "getRecentPrioritizationFees": reads.get_fees,
    "getSignatureStatuses": transactions.get_signature_statuses,
    "getSignaturesForAddress": transactions.get_signatures_for_address,
    "getSlot": reads.get_slot,
    "getTokenAccountBalance": reads.get_token_account_balance,
    "getTransaction": transactions.get_transaction,
    "getVersion": reads.get_version,
    "isBlockhashValid": reads.is_blockhash_valid,
    "requestAirdrop": transactions.request_airdrop,
    "sendTransaction": transactions.send_transaction,
    "simulateTransaction": transactions.simulate_transaction,
}


def answer(node: Node, call: object) -> dict[str, object]:
    """Answer one call."""
    asked, number = cast("dict[str, object]", call) if isinstance(call, dict) else {}, None
    try:
        number = asked.get("id")
        method = method_of(asked.get("method"), METHODS)
        return result(number, method(node, Params(asked.get("params"))))
    except RpcError as error:
        return failure(number, error)


def method_of(name: object, known: Mapping[str, _T]) -> _T:
    """Give a method by its name; raise RpcError."""
    if not isinstance(name, str):
        raise RpcError(INVALID_REQUEST, "Invalid Request")
    if name not in known:
        raise RpcError(METHOD_NOT_FOUND, f"Method not found: {name}")
    return known[name]


def result(number: object, value: object) -> dict[str, object]:
    """Write an answer."""
    return {"jsonrpc": "2.0", "result": value, "id": number}


def failure(number: object, error: RpcError) -> dict[str, object]:
    """Write an error."""
    told: dict[str, object] = {"code": error.code, "message": error.message}
    if error.data is not None:
        told["data"] = error.data
    return {"jsonrpc": "2.0", "error": told, "id": number}
