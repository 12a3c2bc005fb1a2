"""Where delegate keys lie: sealed, a file for each in one folder, and open in this process alone.

A key's file is there before the log hears of the key. Before the log hears of its end the file
holds the reason and no key any more; afterwards it goes. It is named by the request that the key
was made for, so that a crash in between makes no second key and forgets no end, and what no request
explains is swept away.
"""

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from uuid import UUID

from solders.pubkey import Pubkey

from execution.signing.keys import DelegateKey, KeyUnusable, SealedKey, Vault

_SUFFIX = ".key"
_ENDED = "ended: "


class KeyCabinet:
    """The keys of one process, at most one for an account."""

    def __init__(self, folder: Path, vault: Vault) -> None:
        """Open the folder, and make it if need be; raise KeyUnusable when that fails."""
        self._folder = folder
        self._vault = vault
        self._held: dict[str, DelegateKey] = {}
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
                raise PermissionError(f"no access to {folder}")
        except OSError as error:
            raise KeyUnusable(f"expected a folder for sealed keys, found {error}") from None

    def bear(self, *, account: str, wallet: str, request: UUID, now_ms: int) -> SealedKey:
        """Give the key that was made for a request, or a new one; its file is on the disk.

        Raises KeyUnusable when the file cannot be written.
        """
        path = self._path(account, request)
        with suppress(KeyUnusable):
            sealed = self._read(path)
            self._hold(self._unsealed(sealed, account=account, wallet=wallet, now_ms=now_ms))
            return sealed
        owner = Pubkey.from_string(wallet)
        key, sealed = self._vault.bear(wallet=owner, account=account, now_ms=now_ms)
        try:
            self._write(path, sealed.dump())
        except OSError as error:
            key.destroy()
            raise KeyUnusable(f"expected to keep a sealed key, found {error}") from None
        self._hold(key)
        return sealed

    def open(self, *, account: str, wallet: str, request: UUID, delegate: str, now_ms: int) -> bool:
        """Hold a key that was made earlier; say whether it is there and can be opened."""
        held = self._held.get(account)
        if held is not None and str(held.session.delegate) == delegate:
            return True
        try:
            sealed = self._read(self._path(account, request))
            if sealed.delegate != delegate:
                return False
            self._hold(self._unsealed(sealed, account=account, wallet=wallet, now_ms=now_ms))
        except KeyUnusable:
            return False
        return True

    def destroy(self, account: str, request: UUID, *, reason: str) -> None:
        """Overwrite the account's key, and leave the reason in its file; raise OSError."""
        held = self._held.pop(account, None)
        if held is not None:
            held.destroy()
        self._write(self._path(account, request), f"{_ENDED}{reason}".encode())

    def ended(self, account: str, request: UUID) -> str | None:
        """Give the reason that `destroy` left, until it is swept."""
        try:
            text = self._path(account, request).read_bytes().decode()
        except (OSError, UnicodeDecodeError):
            return None
        return text.removeprefix(_ENDED) if text.startswith(_ENDED) else None

    def sweep(self, alive: Iterable[tuple[str, UUID]]) -> list[str]:
        """Take off the disk what belongs to none of these accounts and requests; name the files."""
        kept = {self._path(account, request) for account, request in alive}
        swept = [it for it in sorted(self._folder.glob(f"*{_SUFFIX}*")) if it not in kept]
        for path in swept:
            path.unlink(missing_ok=True)
        self._settle_folder()
        return [it.name for it in swept]

    def key(self, account: str) -> DelegateKey | None:
        """Give the account's key that is open; None without one."""
        return self._held.get(account)

    def address(self, account: str, now_ms: int) -> str | None:
        """Give the address that signs for an account now; None without a key that lives."""
        held = self._held.get(account)
        if held is None or now_ms >= held.session.expires_ms:
            return None
        return str(held.session.delegate)

    def sign(self, account: str, message: bytes, *, now_ms: int) -> str | None:
        """Give the signature of the account's key in base58; None without one.

        Raises KeyUnusable outside of its life.
        """
        held = self._held.get(account)
        return None if held is None else str(held.sign(message, now_ms=now_ms))

    def _hold(self, key: DelegateKey) -> None:
        before = self._held.pop(key.account, None)
        if before is not None:
            before.destroy()
        self._held[key.account] = key

    def _unsealed(
        self, sealed: SealedKey, *, account: str, wallet: str, now_ms: int
    ) -> DelegateKey:
        owner = Pubkey.from_string(wallet)
        # A chain's clock may stand a little behind where it stood when the key was made.
        at_ms = max(now_ms, sealed.opened_ms)
        return self._vault.unseal(sealed, wallet=owner, account=account, now_ms=at_ms)

    def _read(self, path: Path) -> SealedKey:
        try:
            return SealedKey.load(path.read_bytes())
        except OSError as error:
            raise KeyUnusable(f"expected a sealed key, found {error}") from None

    def _write(self, path: Path, data: bytes) -> None:
        unfinished = path.with_name(f"{path.name}.new")
        unfinished.unlink(missing_ok=True)
        file = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(file, "wb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        unfinished.replace(path)
        self._settle_folder()

    def _settle_folder(self) -> None:
        """Let what was renamed or removed survive a power cut."""
        folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _path(self, account: str, request: UUID) -> Path:
        return self._folder / f"{account}.{request.hex}{_SUFFIX}"
