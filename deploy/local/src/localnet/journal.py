"""What happened on the chain, in order: the source of every notification.

Entries are kept for as long as a reader at `finalized` may still want them.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from solders.account import Account
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.transaction import VersionedTransaction
from solders.transaction_status import TransactionErrorType

KEPT_SLOTS = 64


@dataclass(frozen=True, slots=True)
class Landed:
    """A transaction in a block, well or failed; `error` is None when it went well."""

    transaction: VersionedTransaction
    slot: int
    at_s: int
    error: TransactionErrorType | None
    logs: tuple[str, ...]
    units: int
    fee_lamports: int
    keys: tuple[Pubkey, ...]
    """Every account it names, those from lookup tables last: writable ones, then the others."""
    writes: frozenset[Pubkey]
    price_micro_lamports: int
    """What it bid for a compute unit."""
    loaded: tuple[tuple[Pubkey, ...], tuple[Pubkey, ...]]
    """Of `keys`, those that came from lookup tables: writable, read-only."""
    before: tuple[int, ...]
    after: tuple[int, ...]
    """Lamports of each key."""

    @property
    def signature(self) -> Signature:
        """Give its name."""
        return self.transaction.signatures[0]


@dataclass(frozen=True, slots=True)
class AccountWritten:
    """An account has new contents."""

    key: Pubkey
    account: Account


@dataclass(frozen=True, slots=True)
class SlotOpened:
    """A new slot is the tip."""

    parent: int


Happened = Landed | AccountWritten | SlotOpened


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that happened, and the slot it belongs to. `number` counts up from 1."""

    number: int
    slot: int
    what: Happened


class Journal:
    """The newest entries."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque()
        self.last_number = 0

    def write(self, slot: int, what: Happened) -> None:
        """Add an entry, and drop those that nobody can want any more."""
        self.last_number += 1
        self._entries.append(Entry(self.last_number, slot, what))
        while self._entries[0].slot < slot - KEPT_SLOTS:
            self._entries.popleft()

    def last_number_at(self, slot: int) -> int:
        """Give the number of the last entry that belongs to a slot or to one before it."""
        for entry in reversed(self._entries):
            if entry.slot <= slot:
                return entry.number
        return self._entries[0].number - 1 if self._entries else self.last_number

    def read(self, *, after: int, slot_max: int) -> Iterator[Entry]:
        """Give the entries after a number, up to a slot, oldest first."""
        if not self._entries:
            return
        first = self._entries[0].number
        for index in range(max(0, after + 1 - first), len(self._entries)):
            entry = self._entries[index]
            if entry.slot > slot_max:
                return
            yield entry
