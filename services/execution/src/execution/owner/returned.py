"""What a wallet gave back: the very message that was offered, or one with a wallet's additions.

Wallets may set the limit and the price of compute units, and some assert the outcome with the
Lighthouse program. They may do nothing else: no other instruction, no account that would be written
or sign beside those that were offered, no other payer, no other block. The fee that they offer is
the owner's to choose, up to a limit: a page or an extension could burn the wallet's SOL with it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from solders.message import Message as LegacyMessage
from solders.message import MessageV0, from_bytes_versioned, to_bytes_versioned
from solders.pubkey import Pubkey
from solders.signature import Signature

PACKET_BYTES = 1232
SIGNATURE_BYTES = 1 + 64
COMPUTE_BUDGET = Pubkey.from_string("ComputeBudget111111111111111111111111111111")
LIGHTHOUSE = Pubkey.from_string("L2TExMFKdjpN9kozasaurPirfHy9P8sbXoAN1qA3S95")
FEE_LAMPORTS_MAX = 5_000_000
"""Priority fee that a wallet may offer for one transaction: 25 times our own highest."""
_VERSION_0 = 0x80
_UNIT_LIMIT, _UNIT_PRICE = 2, 3
_BUDGET_BYTES = {_UNIT_LIMIT: 1 + 4, _UNIT_PRICE: 1 + 8}
_UNITS_EACH, _UNITS_MAX = 200_000, 1_400_000
"""Compute units that are paid for without a limit, by call, and at most in any case."""
_MICRO = 1_000_000
_CALLS_MAX = 16


class NotTaken(Exception):
    """A message that may not be sent, with the code that says why."""

    def __init__(self, code: str, expected: object, found: object) -> None:
        super().__init__(f"expected {expected}, found {found!s:.200}")
        self.code = code


@dataclass(frozen=True, slots=True)
class Call:
    """One instruction, its accounts by key."""

    program: Pubkey
    accounts: tuple[Pubkey, ...]
    data: bytes


@dataclass(frozen=True, slots=True)
class Owned:
    """A message that its payer alone signs, taken apart."""

    payer: Pubkey
    blockhash: str
    writable: frozenset[Pubkey]
    calls: tuple[Call, ...]


def require_offered(offered: bytes, returned: bytes, *, signature: str) -> None:
    """Raise NotTaken unless the payer signed what was offered, or what a wallet may make of it."""
    before, after = read(offered), read(returned)
    _require(after.payer == before.payer, "its payer unchanged", after.payer)
    _require(after.blockhash == before.blockhash, "its block unchanged", after.blockhash)
    _require(after.writable == before.writable, "no other account written", "another")
    ours = tuple(it for it in before.calls if not _is_wallets(it))
    kept = tuple(it for it in after.calls if not _is_wallets(it))
    _require(kept == ours, f"the {len(ours)} calls offered", f"{len(kept)} others")
    fee = priority_fee_lamports(after.calls)
    if fee > FEE_LAMPORTS_MAX:
        expected = f"a priority fee of at most {FEE_LAMPORTS_MAX} lamports"
        raise NotTaken("tx-fee-too-high", expected, fee)
    try:
        is_signed = Signature.from_string(signature).verify(after.payer, returned)
    except ValueError:
        is_signed = False
    if not is_signed:
        raise NotTaken("tx-signature-invalid", f"a signature of {after.payer}", "another")


def priority_fee_lamports(calls: Sequence[Call]) -> int:
    """Give what the compute budget offers beside the signature's fee, rounded up as the chain does.

    Raise NotTaken for anything but one limit and one price at most, in their only encoding.
    """
    budget: dict[int, int] = {}
    for it in calls:
        if it.program != COMPUTE_BUDGET:
            continue
        kind = it.data[0] if it.data else None
        is_known = kind in _BUDGET_BYTES and len(it.data) == _BUDGET_BYTES[kind]
        _require(is_known, "a limit or a price of compute units", it.data.hex())
        _require(not it.accounts, "no account in the budget", len(it.accounts))
        _require(it.data[0] not in budget, "each budget once", "one twice")
        budget[it.data[0]] = int.from_bytes(it.data[1:], "little")
    others = sum(it.program != COMPUTE_BUDGET for it in calls)
    units = min(budget.get(_UNIT_LIMIT, others * _UNITS_EACH), _UNITS_MAX)
    return -(-units * budget.get(_UNIT_PRICE, 0) // _MICRO)


def read(data: bytes) -> Owned:
    """Take a message apart; raise NotTaken for one that is not of this kind."""
    fits = len(data) <= PACKET_BYTES - SIGNATURE_BYTES
    _require(fits, f"at most {PACKET_BYTES - SIGNATURE_BYTES} bytes", len(data))
    _require(bool(data) and data[0] == _VERSION_0, "a message of version 0", data[:1].hex())
    parsed = _parsed(data)
    header, keys = parsed.header, parsed.account_keys
    _require(to_bytes_versioned(parsed) == data, "its only bytes", "others")
    _require(not parsed.address_table_lookups, "no lookup table", "one")
    _require(header.num_required_signatures == 1, "one signer", header.num_required_signatures)
    _require(header.num_readonly_signed_accounts == 0, "a payer that pays", "a read-only one")
    _require(len(set(keys)) == len(keys), "each account once", "one twice")
    last = len(keys) - header.num_readonly_unsigned_accounts
    _require(1 <= last <= len(keys), "accounts as the header says", last)
    _require(len(parsed.instructions) <= _CALLS_MAX, f"at most {_CALLS_MAX} calls", "more")
    calls: list[Call] = []
    for it in parsed.instructions:
        places = (it.program_id_index, *it.accounts)
        _require(max(places) < len(keys), f"accounts below {len(keys)}", max(places))
        named = tuple(keys[at] for at in it.accounts)
        calls.append(Call(keys[it.program_id_index], named, bytes(it.data)))
    return Owned(keys[0], str(parsed.recent_blockhash), frozenset(keys[:last]), tuple(calls))


def _parsed(data: bytes) -> MessageV0:
    try:
        parsed: LegacyMessage | MessageV0 = from_bytes_versioned(data)
    except ValueError as error:
        raise NotTaken("tx-altered", "a message", error) from error
    if not isinstance(parsed, MessageV0):
        raise NotTaken("tx-altered", "a message of version 0", "a legacy one")
    return parsed


def _is_wallets(call: Call) -> bool:
    return call.program in (COMPUTE_BUDGET, LIGHTHOUSE)


def _require(is_met: bool, expected: str, found: object) -> None:  # noqa: FBT001 - a predicate
    if not is_met:
        raise NotTaken("tx-altered", expected, found)
