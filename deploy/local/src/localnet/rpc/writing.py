"""Accounts and transactions as JSON, in the shapes of a node of the 2.x and 3.x series."""

import base64

from solders.account import Account
from solders.message import Message, MessageV0
from solders.pubkey import Pubkey

from localnet.errors import INVALID_REQUEST, RpcError, error_json, invalid
from localnet.journal import Landed
from localnet.rpc import base58, zstd
from localnet.rpc.params import Config

_BASE58_BYTES_MAX = 128


def account_json(account: Account, config: Config) -> dict[str, object]:
    """Write an account with its data encoded and sliced as asked.

    `jsonParsed` is answered as a node does that has no parser for the program: with base64.
    """
    return {
        "data": _data(_sliced(account.data, config), config.text("encoding", "binary")),
        "executable": account.executable,
        "lamports": account.lamports,
        "owner": str(account.owner),
        "rentEpoch": account.rent_epoch,
        "space": len(account.data),
    }


def keyed(key: Pubkey, account: Account, config: Config) -> dict[str, object]:
    """Write an account with its key."""
    return {"pubkey": str(key), "account": account_json(account, config)}


def transaction_json(landed: Landed, config: Config) -> dict[str, object]:
    """Write a transaction of the past."""
    transaction = landed.transaction
    message = transaction.message
    encoding = config.text("encoding", "json")
    encoded: object
    match encoding:
        case "base64":
            encoded = [base64.b64encode(bytes(transaction)).decode(), encoding]
        case "base58":
            encoded = [base58.encode(bytes(transaction)), encoding]
        case "json":
            encoded = {
                "signatures": [str(signature) for signature in transaction.signatures],
                "message": _message(message),
            }
        case _:
            raise invalid(f"unsupported encoding: {encoding}. Supported: base64, base58, json")
    answer: dict[str, object] = {
        "slot": landed.slot,
        "blockTime": landed.at_s,
        "transaction": encoded,
        "meta": _meta(landed),
    }
    if config.whole("maxSupportedTransactionVersion") is not None:
        answer["version"] = 0 if isinstance(message, MessageV0) else "legacy"
    return answer


def status_of(error: object) -> dict[str, object]:
    """Write the outdated `status` member, which clients still expect."""
    return {"Ok": None} if error is None else {"Err": error}


def _data(data: bytes, encoding: str) -> object:
    match encoding:
        case "base64" | "jsonParsed":
            return [base64.b64encode(data).decode(), "base64"]
        case "base64+zstd":
            return [base64.b64encode(zstd.frame(data)).decode(), encoding]
        case "base58" | "binary" if len(data) > _BASE58_BYTES_MAX:
            raise RpcError(
                INVALID_REQUEST,
                "Encoded binary (base 58) data should be less than 128 bytes, please use Base64 "
                "encoding.",
            )
        case "base58":
            return [base58.encode(data), encoding]
        case "binary":
            return base58.encode(data)
        case _:
            raise invalid(f"unknown encoding {encoding}")


def _sliced(data: bytes, config: Config) -> bytes:
    part = config.inner("dataSlice")
    if part is None:
        return data
    offset, length = part.whole("offset") or 0, part.whole("length") or 0
    return data[offset : offset + length]


def _message(message: Message | MessageV0) -> dict[str, object]:
    header = message.header
    written: dict[str, object] = {
        "header": {
            "numRequiredSignatures": header.num_required_signatures,
            "numReadonlySignedAccounts": header.num_readonly_signed_accounts,
            "numReadonlyUnsignedAccounts": header.num_readonly_unsigned_accounts,
        },
        "accountKeys": [str(key) for key in message.account_keys],
        "recentBlockhash": str(message.recent_blockhash),
        "instructions": [
            {
                "programIdIndex": instruction.program_id_index,
                "accounts": list(bytes(instruction.accounts)),
                "data": base58.encode(bytes(instruction.data)),
                "stackHeight": 1,
            }
            for instruction in message.instructions
        ],
    }
    if isinstance(message, MessageV0):
        written["addressTableLookups"] = [
            {
                "accountKey": str(lookup.account_key),
                "writableIndexes": list(bytes(lookup.writable_indexes)),
                "readonlyIndexes": list(bytes(lookup.readonly_indexes)),
            }
            for lookup in message.address_table_lookups
        ]
    return written


def _meta(landed: Landed) -> dict[str, object]:
    error = error_json(landed.error)
    writable, readable = landed.loaded
    return {
        "err": error,
        "status": status_of(error),
        "fee": landed.fee_lamports,
        "preBalances": list(landed.before),
        "postBalances": list(landed.after),
        "innerInstructions": None,  # not recorded, as a node may answer
        "logMessages": list(landed.logs),
        "preTokenBalances": None,
        "postTokenBalances": None,
        "rewards": [],
        "loadedAddresses": {
            "writable": [str(key) for key in writable],
            "readonly": [str(key) for key in readable],
        },
        "computeUnitsConsumed": landed.units,
    }
