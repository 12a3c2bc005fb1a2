"""Accounts with a short past, so that each commitment reads what it should, and by owner."""

from collections import defaultdict
from collections.abc import Iterator

from solders.account import Account
from solders.pubkey import Pubkey

from localnet.journal import KEPT_SLOTS

_Version = tuple[int, Account | None]


class Accounts:
    """Every account that was ever written, as it stood in each of the last slots."""

    def __init__(self) -> None:
        self._versions: dict[Pubkey, list[_Version]] = {}
        self._by_owner: defaultdict[Pubkey, set[Pubkey]] = defaultdict(set)
        self.held: list[int] = []
        """Slots whose accounts are kept, however long ago they were."""

    def write(self, slot: int, key: Pubkey, account: Account | None) -> bool:
        """Keep an account's new contents; None when it is gone. Say whether that is news."""
        versions = self._versions.setdefault(key, [])
        if (versions[-1][1] if versions else None) == account:
            return False
        if versions and versions[-1][0] == slot:
            versions.pop()
        versions.append((slot, account))
        needed = min([slot - KEPT_SLOTS, *self.held])
        while len(versions) > 1 and versions[1][0] <= needed:
            versions.pop(0)
        if account is not None:
            self._by_owner[account.owner].add(key)
        return True

    def knows(self, key: Pubkey) -> bool:
        """Say whether an account was ever written."""
        return key in self._versions

    def read(self, key: Pubkey, *, slot: int) -> Account | None:
        """Give an account as it stood at the end of a slot; None when there was none."""
        for written, account in reversed(self._versions.get(key, [])):
            if written <= slot:
                return account if account is not None and account.lamports > 0 else None
        return None

    def owned_by(self, owner: Pubkey, *, slot: int) -> Iterator[tuple[Pubkey, Account]]:
        """Give a program's accounts as they stood at the end of a slot, ordered by key."""
        for key in sorted(self._by_owner[owner], key=bytes):
            account = self.read(key, slot=slot)
            if account is not None and account.owner == owner:
                yield key, account
