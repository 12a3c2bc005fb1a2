"""Errors of transactions and of the RPC, in the words and numbers that clients match on.

Source: Agave's `rpc-client-api/src/custom_error.rs` and `sdk/transaction-error`.
"""

import json
import re

from solders.rpc.responses import RpcSimulateTransactionResult
from solders.transaction_status import (
    InstructionErrorCustom,
    TransactionErrorInstructionError,
    TransactionErrorType,
)

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
PREFLIGHT_FAILURE = -32002
SIGNATURE_FAILURE = -32003
SLOT_SKIPPED = -32007
VERSION_UNSUPPORTED = -32015
CONTEXT_TOO_OLD = -32016

_WORDS = {
    "AccountNotFound": "Attempt to debit an account but found no record of a prior credit.",
    "AlreadyProcessed": "This transaction has already been processed",
    "BlockhashNotFound": "Blockhash not found",
    "InsufficientFundsForFee": "Insufficient funds for fee",
    "AddressLookupTableNotFound": "Transaction loads an address table account that doesn't exist",
}


class RpcError(Exception):
    """What a method answers instead of a result."""

    def __init__(self, code: int, message: str, data: object = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.data = data


def invalid(message: str) -> RpcError:
    """Give the error of wrong parameters."""
    return RpcError(INVALID_PARAMS, f"Invalid params: {message}")


def error_json(error: TransactionErrorType | None) -> object:
    """Write a transaction's error as the RPC does."""
    return json.loads(RpcSimulateTransactionResult(err=error).to_json())["err"]


def error_code(error: TransactionErrorType | None) -> int | None:
    """Give the program's own number of an error; None when the program did not give one."""
    match error:
        case TransactionErrorInstructionError(err=InstructionErrorCustom(code=code)):
            return code
        case _:
            return None


def error_words(error: TransactionErrorType) -> str:
    """Write a transaction's error as the RPC's message does."""
    if isinstance(error, TransactionErrorInstructionError):
        code = error_code(error)
        what = _spaced(str(error.err)) if code is None else f"custom program error: {code:#x}"
        return f"Error processing Instruction {error.index}: {what}"
    name = str(error_json(error))
    return _WORDS.get(name, _spaced(name))


def _spaced(name: str) -> str:
    """Write a name in camel case as words, without its class."""
    name = name.rpartition(".")[2]
    return re.sub(r"(?<!^)(?=[A-Z])", " ", name).lower()
