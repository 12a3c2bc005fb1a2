"""What a wallet gave back: the very message that was offered, or one with a wallet's additions.

Wallets may set the compute budget, and some assert the outcome with the Lighthouse program. They
may do nothing else: no other instruction, no account that would be written or sign beside those
that were offered, no other payer, no other block.
"""

from dataclasses import dataclass

from solders.message import Message as LegacyMessage
from solders.message import MessageV0, from_bytes_versioned, to_bytes_versioned
from solders.pubkey import Pubkey
from solders.signature import Signature

PACKET_BYTES = 1232
SIGNATURE_BYTES = 1 + 64
COMPUTE_BUDGET = Pubkey.from_string("ComputeBudget111111111111111111111111111111")
LIGHTHOUSE = Pubkey.from_string("L2TExMFKdjpN9kozasaurPirfHy9P8sbXoAN1qA3S95")
_VERSION_0 = 0x80
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
    budget = [it.data[:1] for it in after.calls if it.program == COMPUTE_BUDGET]
    _require(len(set(budget)) == len(budget), "each budget once", "one twice")
    try:
        is_signed = Signature.from_string(signature).verify(after.payer, returned)
    except ValueError:
        is_signed = False
    if not is_signed:
        raise NotTaken("tx-signature-invalid", f"a signature of {after.payer}", "another")


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
    if call.program == COMPUTE_BUDGET:
        return not call.accounts
    return call.program == LIGHTHOUSE


def _require(is_met: bool, expected: str, found: object) -> None:  # noqa: FBT001 - a predicate
    if not is_met:
        raise NotTaken("tx-altered", expected, found)
