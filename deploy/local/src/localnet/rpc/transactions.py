"""Methods that send, simulate and look up transactions."""

from dataclasses import dataclass

from solders.account import Account
from solders.hash import Hash
from solders.message import Message, MessageV0, from_bytes_versioned
from solders.pubkey import Pubkey
from solders.transaction import VersionedTransaction
from solders.transaction_metadata import FailedTransactionMetadata, TransactionMetadata
from solders.transaction_status import TransactionErrorFieldless, TransactionErrorType

from localnet.block import Commitment
from localnet.errors import (
    PREFLIGHT_FAILURE,
    SIGNATURE_FAILURE,
    VERSION_UNSUPPORTED,
    RpcError,
    error_json,
    error_words,
    invalid,
)
from localnet.fees import fee_of
from localnet.journal import Landed
from localnet.node import Node
from localnet.rpc.params import Config, Params, decoded, pubkey, signature
from localnet.rpc.reads import block_for, with_context
from localnet.rpc.writing import account_json, status_of, transaction_json

PACKET_BYTES_MAX = 1_232
_SIGNATURES_MAX = 256
_HISTORY_MAX = 1_000
_STATUS_CACHE_BLOCKS = 150


@dataclass(frozen=True, slots=True)
class _Simulated:
    """What came of a transaction that was only tried."""

    error: TransactionErrorType | None
    logs: tuple[str, ...] = ()
    units: int = 0
    accounts: tuple[tuple[Pubkey, Account], ...] = ()


def send_transaction(node: Node, params: Params) -> object:
    """Take a transaction, after a preflight unless that is skipped; give its signature."""
    config = params.config(1)
    transaction = _transaction(params.text(0), config)
    block_for(node, config, name="preflightCommitment")
    if not config.flag("skipPreflight"):
        if not all(transaction.verify_with_results()):
            raise RpcError(SIGNATURE_FAILURE, "Transaction signature verification failure")
        simulated = _simulate(node, transaction, verify=True)
        if simulated.error is not None:
            raise _preflight_failure(simulated)
    node.send(transaction)
    return str(transaction.signatures[0])


def simulate_transaction(node: Node, params: Params) -> object:
    """Try a transaction on the tip; nothing is kept."""
    config = params.config(1)
    transaction = _transaction(params.text(0), config)
    block = block_for(node, config)
    verify, replaces = config.flag("sigVerify"), config.flag("replaceRecentBlockhash")
    if verify and replaces:
        raise invalid("sigVerify may not be used with replaceRecentBlockhash")
    if verify and not all(transaction.verify_with_results()):
        raise RpcError(SIGNATURE_FAILURE, "Transaction signature verification failure")
    replacement: object = None
    if replaces:
        transaction = _bound_to(transaction, block.hash)
        height = block.last_valid_height
        replacement = {"blockhash": str(block.hash), "lastValidBlockHeight": height}
    simulated = _simulate(node, transaction, verify=verify)
    return with_context(
        block,
        {
            "err": error_json(simulated.error),
            "logs": list(simulated.logs),
            "accounts": _accounts(node, simulated, config),
            "unitsConsumed": simulated.units,
            "returnData": None,
            "innerInstructions": None,
            "replacementBlockhash": replacement,
        },
    )


def get_fee_for_message(node: Node, params: Params) -> object:
    """Give what a message would cost; null when its blockhash is too old."""
    try:
        message = from_bytes_versioned(decoded(params.text(0), "base64"))
    except ValueError as error:
        raise invalid(f"failed to deserialize a message: {error}") from None
    block = block_for(node, params.config(1))
    is_live = node.chain.block_of(message.recent_blockhash) is not None
    return with_context(block, fee_of(message).lamports if is_live else None)


def get_signature_statuses(node: Node, params: Params) -> object:
    """Give what became of transactions; null for what is not known (yet)."""
    names = params.texts(0, at_most=_SIGNATURES_MAX)
    searches = params.config(1).flag("searchTransactionHistory")
    block = node.block(Commitment.PROCESSED)
    statuses: list[object] = []
    for name in names:
        landed = node.chain.landed(signature(name))
        statuses.append(
            None if landed is None else _status(node, landed, block.slot, searches=searches)
        )
    return with_context(block, statuses)


def get_transaction(node: Node, params: Params) -> object:
    """Give a transaction of the past; null when it is not known at this commitment."""
    config = params.config(1)
    block = block_for(node, config)
    landed = node.chain.landed(params.signature(0))
    if landed is None or landed.slot > block.slot or node.hides_landed:
        return None
    is_versioned = isinstance(landed.transaction.message, MessageV0)
    if is_versioned and config.whole("maxSupportedTransactionVersion") is None:
        raise RpcError(
            VERSION_UNSUPPORTED,
            "Transaction version (0) is not supported by the requesting client. Please try the "
            "request again with the following configuration parameter: "
            '"maxSupportedTransactionVersion": 0',
        )
    return transaction_json(landed, config)


def get_signatures_for_address(node: Node, params: Params) -> object:
    """Give the transactions that named an account, newest first."""
    key, config = params.pubkey(0), params.config(1)
    block, limit = block_for(node, config), config.whole("limit")
    limit = _HISTORY_MAX if limit is None else limit
    if not 1 <= limit <= _HISTORY_MAX:
        raise invalid(f"Invalid limit; max {_HISTORY_MAX}")
    before, until = config.text("before", ""), config.text("until", "")
    found: list[object] = []
    is_past = not before
    for landed in node.chain.landed_of(key):
        name = str(landed.signature)
        if name == until or len(found) == limit:
            break
        if is_past and landed.slot <= block.slot and not node.hides_landed:
            found.append(_listed(node, landed))
        is_past = is_past or name == before
    return found


def request_airdrop(node: Node, params: Params) -> object:
    """Give SOL out of nothing; the answer is the signature of a transaction that lands with it."""
    return str(node.airdrop(params.pubkey(0), params.whole(1)))


def _transaction(text: str, config: Config) -> VersionedTransaction:
    data = decoded(text, config.text("encoding", "base58"))
    if len(data) > PACKET_BYTES_MAX:
        raise invalid(
            "base64 encoded solana_transaction::versioned::VersionedTransaction too large: "
            f"{len(data)} bytes (max: encoded/raw 1644/{PACKET_BYTES_MAX})"
        )
    try:
        transaction = VersionedTransaction.from_bytes(data)
        transaction.sanitize()
    except ValueError as error:
        raise invalid(
            f"failed to deserialize solana_transaction::versioned::VersionedTransaction: {error}"
        ) from None
    return transaction


def _simulate(node: Node, transaction: VersionedTransaction, *, verify: bool) -> _Simulated:
    refusal = node.chain.refusal(transaction)
    if refusal is not None:
        return _Simulated(refusal)
    result = node.chain.simulate(transaction, verify=verify)
    meta: TransactionMetadata = result.meta()
    logs, units = tuple(meta.logs()), meta.compute_units_consumed()
    if isinstance(result, FailedTransactionMetadata):
        return _Simulated(result.err(), logs, units)
    return _Simulated(None, logs, units, tuple(result.post_accounts()))


def _preflight_failure(simulated: _Simulated) -> RpcError:
    error = simulated.error or TransactionErrorFieldless.SanitizeFailure
    return RpcError(
        PREFLIGHT_FAILURE,
        f"Transaction simulation failed: {error_words(error)}",
        {
            "accounts": None,
            "err": error_json(error),
            "innerInstructions": None,
            "logs": list(simulated.logs),
            "replacementBlockhash": None,
            "returnData": None,
            "unitsConsumed": simulated.units,
        },
    )


def _accounts(node: Node, simulated: _Simulated, config: Config) -> object:
    wanted = config.inner("accounts")
    if wanted is None:
        return None
    after = dict(simulated.accounts)
    found: list[object] = []
    for text in wanted.texts("addresses", at_most=100):
        key = pubkey(text)
        account = after.get(key) or node.chain.account(key)
        found.append(None if account is None else account_json(account, wanted))
    return found


def _bound_to(transaction: VersionedTransaction, blockhash: Hash) -> VersionedTransaction:
    """Give the same transaction with another blockhash; its signatures are not right any more."""
    old = transaction.message
    if isinstance(old, MessageV0):
        message: Message | MessageV0 = MessageV0(
            old.header, old.account_keys, blockhash, old.instructions, old.address_table_lookups
        )
    else:
        header = old.header
        message = Message.new_with_compiled_instructions(
            header.num_required_signatures,
            header.num_readonly_signed_accounts,
            header.num_readonly_unsigned_accounts,
            old.account_keys,
            blockhash,
            old.instructions,
        )
    return VersionedTransaction.populate(message, transaction.signatures)


def _status(node: Node, landed: Landed, slot: int, *, searches: bool) -> object:
    if landed.slot > slot or node.hides_landed:
        return None
    commitment = node.commitment_of(landed)
    is_recent = landed.slot > slot - _STATUS_CACHE_BLOCKS
    if not is_recent and not searches:
        return None
    error = None if node.calls_all_well else error_json(landed.error)
    return {
        "slot": landed.slot,
        "confirmations": None if commitment is Commitment.FINALIZED else slot - landed.slot,
        "err": error,
        "status": status_of(error),
        "confirmationStatus": commitment.value,
    }


def _listed(node: Node, landed: Landed) -> dict[str, object]:
    return {
        "signature": str(landed.signature),
        "slot": landed.slot,
        "err": error_json(landed.error),
        "memo": None,
        "blockTime": landed.at_s,
        "confirmationStatus": node.commitment_of(landed).value,
    }
