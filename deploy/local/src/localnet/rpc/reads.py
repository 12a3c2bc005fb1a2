"""Methods that read accounts and blocks."""

from collections.abc import Sequence

from solders.account import Account

from localnet.block import GENESIS_HASH, Block
from localnet.drift.addresses import TOKENS
from localnet.drift.tokens import DECIMALS, units_of
from localnet.errors import CONTEXT_TOO_OLD, SLOT_SKIPPED, RpcError, invalid
from localnet.node import Node
from localnet.rpc.filters import filters_of, passes
from localnet.rpc.params import Config, Params, pubkey
from localnet.rpc.writing import account_json, keyed

VERSION = "3.0.0"
"""The series of Agave whose shapes are answered."""
_ACCOUNTS_MAX = 100
_FEE_SLOTS = 150
_FEE_ACCOUNTS_MAX = 128
_SLOTS_PER_EPOCH = 432_000


def context(block: Block) -> dict[str, object]:
    """Write which slot an answer is of."""
    return {"apiVersion": VERSION, "slot": block.slot}


def with_context(block: Block, value: object) -> dict[str, object]:
    """Write an answer with its slot."""
    return {"context": context(block), "value": value}


def block_for(node: Node, config: Config, *, name: str = "commitment") -> Block:
    """Give the block that a call is answered from; raise RpcError when it is too old for it."""
    block = node.block(config.commitment(name))
    wanted = config.whole("minContextSlot")
    if wanted is not None and block.slot < wanted:
        raise RpcError(
            CONTEXT_TOO_OLD,
            "Minimum context slot has not been reached",
            {"contextSlot": block.slot},
        )
    return block


def get_account_info(node: Node, params: Params) -> object:
    """Give one account."""
    key, config = params.pubkey(0), params.config(1)
    block = block_for(node, config)
    account = node.chain.account(key, slot=block.slot)
    return with_context(block, _or_null(account, config))


def get_multiple_accounts(node: Node, params: Params) -> object:
    """Give up to a hundred accounts as they stood together."""
    keys = [pubkey(text) for text in params.texts(0, at_most=_ACCOUNTS_MAX)]
    config = params.config(1)
    block = block_for(node, config)
    accounts = [node.chain.account(key, slot=block.slot) for key in keys]
    return with_context(block, [_or_null(account, config) for account in accounts])


def get_program_accounts(node: Node, params: Params) -> object:
    """Give a program's accounts."""
    owner, config = params.pubkey(0), params.config(1)
    filters, block = filters_of(config), block_for(node, config)
    owned = node.chain.owned_by(owner, slot=block.slot)
    found = [keyed(key, each, config) for key, each in owned if passes(each, filters)]
    return with_context(block, found) if config.flag("withContext") else found


def get_balance(node: Node, params: Params) -> object:
    """Give an account's lamports."""
    block = block_for(node, params.config(1))
    account = node.chain.account(params.pubkey(0), slot=block.slot)
    return with_context(block, account.lamports if account is not None else 0)


def get_token_account_balance(node: Node, params: Params) -> object:
    """Give what a USDC account holds."""
    block = block_for(node, params.config(1))
    account = node.chain.account(params.pubkey(0), slot=block.slot)
    if account is None or account.owner != TOKENS:
        raise invalid("could not find account")
    units = units_of(account)
    amount = f"{units / 10**DECIMALS:.6f}".rstrip("0").rstrip(".")
    return with_context(
        block,
        {
            "amount": str(units),
            "decimals": DECIMALS,
            "uiAmount": float(amount),
            "uiAmountString": amount,
        },
    )


def get_slot(node: Node, params: Params) -> object:
    """Give the newest slot of a commitment."""
    return block_for(node, params.config(0)).slot


def get_block_height(node: Node, params: Params) -> object:
    """Give how many blocks there are, at a commitment."""
    return block_for(node, params.config(0)).height


def get_block_time(node: Node, params: Params) -> object:
    """Give when a block was made."""
    slot = params.whole(0)
    block = node.chain.block_at(slot)
    if block is None:
        raise RpcError(SLOT_SKIPPED, f"Slot {slot} was skipped, or missing due to ledger jump")
    return block.at_s


def get_latest_blockhash(node: Node, params: Params) -> object:
    """Give what a new transaction is bound to, and its last block."""
    block = block_for(node, params.config(0))
    value = {"blockhash": str(block.hash), "lastValidBlockHeight": block.last_valid_height}
    return with_context(block, value)


def is_blockhash_valid(node: Node, params: Params) -> object:
    """Say whether a block may still take a transaction with this blockhash."""
    block = block_for(node, params.config(1))
    found = node.chain.block_of(params.blockhash(0))
    return with_context(block, found is not None and found.slot <= block.slot)


def get_epoch_info(node: Node, params: Params) -> object:
    """Give where the chain stands; it is always in its first epoch."""
    block = block_for(node, params.config(0))
    return {
        "absoluteSlot": block.slot,
        "blockHeight": block.height,
        "epoch": block.slot // _SLOTS_PER_EPOCH,
        "slotIndex": block.slot % _SLOTS_PER_EPOCH,
        "slotsInEpoch": _SLOTS_PER_EPOCH,
        "transactionCount": None,
    }


def get_rent(node: Node, params: Params) -> object:
    """Give the least balance of an account of some size."""
    return node.chain.rent_lamports(params.whole(0))


def get_fees(node: Node, params: Params) -> object:
    """Give the least priority fee per slot among transactions that wrote all of these accounts."""
    given: Sequence[str] = ()
    if params.raw(0) is not None:
        given = params.texts(0, at_most=_FEE_ACCOUNTS_MAX)
    keys = {pubkey(text) for text in given}
    tip = node.chain.tip.slot
    least: dict[int, int] = {}
    for landed in node.chain.recent(slots=_FEE_SLOTS):
        if keys <= landed.writes:
            price = landed.price_micro_lamports
            least[landed.slot] = min(price, least.get(landed.slot, price))
    slots = range(max(tip - _FEE_SLOTS + 1, 0), tip + 1)
    return [{"slot": slot, "prioritizationFee": least.get(slot, 0)} for slot in slots]


def get_genesis_hash(_node: Node, _params: Params) -> object:
    """Give the name of this chain, which is no public one's."""
    return str(GENESIS_HASH)


def get_version(_node: Node, _params: Params) -> object:
    """Give the version whose shapes are answered."""
    return {"solana-core": VERSION, "feature-set": 0}


def get_health(_node: Node, _params: Params) -> object:
    """Say that all is well."""
    return "ok"


def _or_null(account: Account | None, config: Config) -> object:
    return None if account is None else account_json(account, config)
