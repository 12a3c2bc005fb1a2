"""A transaction's message, read from the bytes that are to be signed.

Nothing is taken from whoever wrote the message. What comes out holds every account that the chain
will see, with the flags that it will see, and only one sequence of bytes gives it.

Source: Solana's message format, legacy and version 0 (SIMD-0001).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from solders.hash import Hash
from solders.message import Message as LegacyMessage
from solders.message import MessageV0, from_bytes_versioned, to_bytes_versioned
from solders.pubkey import Pubkey

from execution.signing.refusals import Code, Refused, require

MESSAGE_BYTES_MAX = 1232 - 1 - 64
"""A packet, less the count of signatures and the one signature."""
INSTRUCTIONS_MAX = 16
_LEGACY_LAST = 0x7F
_VERSION_0 = 0x80
_NO_HASH = Hash.default()

Tables = Mapping[Pubkey, tuple[Pubkey, ...]]
"""What the lookup tables hold that a message may name, by address."""


@dataclass(frozen=True, slots=True)
class Account:
    """An account as an instruction sees it; the flags are the whole message's."""

    key: Pubkey
    is_signer: bool
    is_writable: bool


@dataclass(frozen=True, slots=True)
class Instruction:
    """One call of a program."""

    program: Pubkey
    accounts: tuple[Account, ...]
    data: bytes


@dataclass(frozen=True, slots=True)
class Message:
    """All that a signature would agree to."""

    fee_payer: Pubkey
    blockhash: Hash
    instructions: tuple[Instruction, ...]


def decode(data: bytes, tables: Tables) -> Message:
    """Read a message that asks for one signature; raise Refused for any other bytes."""
    parsed = _parse(data)
    blockhash, compiled = parsed.recent_blockhash, parsed.instructions
    require(blockhash != _NO_HASH, Code.BLOCKHASH_EMPTY, "a hash", "zeros")
    accounts, static = _accounts(parsed, tables)
    require(compiled, Code.NO_INSTRUCTIONS, "an instruction", "none")
    count = len(compiled)
    require(count <= INSTRUCTIONS_MAX, Code.TOO_MANY_INSTRUCTIONS, INSTRUCTIONS_MAX, count)
    instructions: list[Instruction] = []
    used = {0}
    written: set[tuple[int, bytes, bytes]] = set()
    for it in compiled:
        index, places, argument = it.program_id_index, it.accounts, it.data
        highest = max((index, *places))
        require(highest < len(accounts), Code.ACCOUNT_INDEX, f"below {len(accounts)}", highest)
        used.update((index, *places))
        program = accounts[index]
        is_plain = not program.is_signer and not program.is_writable
        require(is_plain and index < static, Code.PROGRAM_PLACE, "a static read-only key", program)
        called = tuple([accounts[at] for at in places])
        instructions.append(Instruction(program.key, called, argument))
        # No key stands twice among the accounts, so equal places are equal accounts.
        written.add((index, places, argument))
    unused = sorted(set(range(len(accounts))) - used)
    require(not unused, Code.ACCOUNT_UNUSED, "accounts that are used", unused)
    repeated = len(written) != count
    require(not repeated, Code.INSTRUCTION_REPEATED, "each instruction once", "one twice")
    return Message(accounts[0].key, blockhash, tuple(instructions))


def _parse(data: bytes) -> LegacyMessage | MessageV0:
    require(len(data) <= MESSAGE_BYTES_MAX, Code.TOO_LONG, MESSAGE_BYTES_MAX, len(data))
    require(data, Code.UNREADABLE, "a message", "no bytes")
    is_known = data[0] <= _LEGACY_LAST or data[0] == _VERSION_0
    require(is_known, Code.VERSION, "legacy or version 0", f"first byte {data[0]:#x}")
    try:
        parsed = from_bytes_versioned(data)
    except ValueError as error:
        raise Refused(Code.UNREADABLE, "a message", error) from error
    again = to_bytes_versioned(parsed)
    require(again == data, Code.NOT_CANONICAL, f"{len(again)} bytes", f"{len(data)} others")
    return parsed


def _accounts(parsed: LegacyMessage | MessageV0, tables: Tables) -> tuple[Sequence[Account], int]:
    """Give all accounts, and how many of them stand in the message itself."""
    header, keys = parsed.header, parsed.account_keys
    signers, unsigned = header.num_required_signatures, header.num_readonly_unsigned_accounts
    require(signers == 1, Code.SIGNERS, 1, signers)
    readonly, static = header.num_readonly_signed_accounts, len(keys)
    fits = readonly == 0 and signers + unsigned <= static
    require(fits, Code.HEADER, f"at most {static} keys", f"{signers}/{readonly}/{unsigned}")
    accounts = [
        Account(key, is_signer=at == 0, is_writable=at < static - unsigned)
        for at, key in enumerate(keys)
    ]
    if isinstance(parsed, MessageV0):
        accounts += _looked_up(parsed, tables)
    count = len({it.key for it in accounts})
    require(count == len(accounts), Code.ACCOUNT_REPEATED, len(accounts), f"{count} keys")
    return accounts, static


def _looked_up(parsed: MessageV0, tables: Tables) -> list[Account]:
    """Give the accounts out of tables, writable ones first, as the chain loads them."""
    writable: list[Pubkey] = []
    readonly: list[Pubkey] = []
    for lookup in parsed.address_table_lookups:
        table = tables.get(lookup.account_key)
        if table is None:
            raise Refused(Code.LOOKUP_TABLE_UNKNOWN, "a known table", lookup.account_key)
        places = (*lookup.writable_indexes, *lookup.readonly_indexes)
        require(places, Code.LOOKUP_TABLE_INDEX, "an index", "none")
        highest = max(places)
        require(highest < len(table), Code.LOOKUP_TABLE_INDEX, f"below {len(table)}", highest)
        writable += [table[at] for at in lookup.writable_indexes]
        readonly += [table[at] for at in lookup.readonly_indexes]
    return [
        *(Account(key, is_signer=False, is_writable=True) for key in writable),
        *(Account(key, is_signer=False, is_writable=False) for key in readonly),
    ]
