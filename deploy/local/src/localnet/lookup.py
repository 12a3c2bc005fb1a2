"""Lookup tables: the accounts of a transaction that it names by an index into one.

Layout of a table: 56 bytes of head (type, deactivation slot, last extended slot, start index,
authority), then the addresses. Source: the address-lookup-table program.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass

from solders.account import Account
from solders.message import MessageV0
from solders.pubkey import Pubkey
from solders.transaction import VersionedTransaction

PROGRAM = Pubkey.from_string("AddressLookupTab1e1111111111111111111111111")
_HEAD = struct.Struct("<IQQBB32sH")
_TABLE = 1
_NEVER = 2**64 - 1


class UnknownTable(Exception):
    """A transaction names a lookup table that is not there, or an index beyond its end."""


@dataclass(frozen=True, slots=True)
class Keys:
    """The accounts of a transaction in the order of its indexes."""

    all: tuple[Pubkey, ...]
    loaded: tuple[tuple[Pubkey, ...], tuple[Pubkey, ...]]
    """Those from lookup tables: writable, read-only."""


def keys_of(transaction: VersionedTransaction, read: Callable[[Pubkey], Account | None]) -> Keys:
    """Give the accounts of a transaction; raise UnknownTable."""
    message = transaction.message
    writable: list[Pubkey] = []
    readable: list[Pubkey] = []
    if isinstance(message, MessageV0):
        for lookup in message.address_table_lookups:
            table = _addresses(lookup.account_key, read)
            try:
                writable.extend(table[index] for index in bytes(lookup.writable_indexes))
                readable.extend(table[index] for index in bytes(lookup.readonly_indexes))
            except IndexError:
                raise UnknownTable(str(lookup.account_key)) from None
    loaded = (tuple(writable), tuple(readable))
    return Keys((*message.account_keys, *loaded[0], *loaded[1]), loaded)


def writes_of(transaction: VersionedTransaction, keys: Keys) -> frozenset[Pubkey]:
    """Give the accounts that a transaction locks for writing."""
    message = transaction.message
    own, header = message.account_keys, message.header
    signers = header.num_required_signatures
    signing = own[: signers - header.num_readonly_signed_accounts]
    others = own[signers : len(own) - header.num_readonly_unsigned_accounts]
    return frozenset((*signing, *others, *keys.loaded[0]))


def table_bytes(addresses: tuple[Pubkey, ...], *, authority: Pubkey, slot: int) -> bytes:
    """Write a table that has been usable since before a slot."""
    head = _HEAD.pack(_TABLE, _NEVER, slot - 1, 0, 1, bytes(authority), 0)
    return head + b"".join(bytes(address) for address in addresses)


def _addresses(key: Pubkey, read: Callable[[Pubkey], Account | None]) -> tuple[Pubkey, ...]:
    account = read(key)
    if account is None or account.owner != PROGRAM:
        raise UnknownTable(str(key))
    data = account.data[_HEAD.size :]
    return tuple(Pubkey(data[at : at + 32]) for at in range(0, len(data), 32))
