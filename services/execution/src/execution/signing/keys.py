"""Delegate keys: born here, sealed at rest, gone after a day.

A key is 32 secret bytes. At rest they are encrypted with AES-256-GCM; the associated data binds
them to wallet, account, public key and life, so that nothing of a sealed key can be changed or
lent to another account. In memory they stand in one buffer, which `destroy` overwrites. No secret
appears in a repr, a log line, an exception or a pickle. What the runtime copied meanwhile cannot be
overwritten: a process that holds keys writes no core dumps.
"""

import binascii
import os
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from solders.pubkey import Pubkey
from solders.signature import Signature

from execution.signing.facts import Session
from execution.signing.limits import LIMITS

_SECRET_BYTES = 32
_NONCE_BYTES = 12
_VERSION = 1
_DIGITS = 2 * _SECRET_BYTES
_FILE_BYTES_MAX = _DIGITS + 3
"""With the end of a line; a longer file is none."""


class KeyUnusable(Exception):
    """A key cannot be read or used; the message never holds any part of it."""


class Secret:
    """Secret bytes that show nothing of themselves and end with `destroy`."""

    __slots__ = ("_bytes",)

    def __init__(self, value: bytes | bytearray) -> None:
        if len(value) != _SECRET_BYTES:
            raise KeyUnusable(f"expected {_SECRET_BYTES} secret bytes, found {len(value)}")
        self._bytes = bytearray(value)

    def open(self) -> bytearray:
        """Give the bytes themselves; raise KeyUnusable when they are destroyed."""
        if not self._bytes:
            raise KeyUnusable("expected a key, found a destroyed one")
        return self._bytes

    def destroy(self) -> None:
        """Overwrite the bytes; a second time changes nothing."""
        for at in range(len(self._bytes)):
            self._bytes[at] = 0
        self._bytes = bytearray()

    def __repr__(self) -> str:
        return "<secret>"

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a secret is never pickled or copied")


class SealedKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A delegate key as it is stored. It may be read by anyone."""

    version: int
    wallet: str
    """The owner's address."""
    account: str
    delegate: str
    """The key's own address."""
    opened_ms: int
    expires_ms: int
    nonce: bytes
    ciphertext: bytes

    @property
    def session(self) -> Session:
        """Give the key's life."""
        return Session(Pubkey.from_string(self.delegate), self.opened_ms, self.expires_ms)

    def dump(self) -> bytes:
        """Give it as JSON."""
        return msgspec.json.encode(self)

    @classmethod
    def load(cls, data: bytes) -> "SealedKey":
        """Read what `dump` gave; raise KeyUnusable when it is not that."""
        try:
            sealed = msgspec.json.decode(data, type=cls)
        except ValueError as error:
            raise KeyUnusable(f"expected a sealed key, found {error}") from None
        if sealed.version != _VERSION:
            raise KeyUnusable(f"expected version {_VERSION}, found {sealed.version}")
        return sealed


class DelegateKey:
    """A key that signs until its session ends."""

    __slots__ = ("_secret", "account", "session")

    def __init__(self, secret: Secret, *, account: str, session: Session) -> None:
        self._secret = secret
        self.account = account
        self.session = session

    def sign(self, message: bytes, *, now_ms: int) -> Signature:
        """Sign bytes; raise KeyUnusable outside of its life. At the end it destroys itself."""
        _require_alive(self.session, now_ms, self._secret)
        signed = Ed25519PrivateKey.from_private_bytes(self._secret.open()).sign(message)
        return Signature.from_bytes(signed)

    def destroy(self) -> None:
        """Overwrite the key."""
        self._secret.destroy()

    def __repr__(self) -> str:
        return f"<delegate key {self.session.delegate} of {self.account}>"

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a key is never pickled or copied")


@dataclass(frozen=True, slots=True)
class Vault:
    """Makes keys and opens sealed ones, with the key-encryption key."""

    encryption: Secret

    def bear(self, *, wallet: Pubkey, account: str, now_ms: int) -> tuple[DelegateKey, SealedKey]:
        """Make a key for an account of a wallet, and the same key sealed; it lives for a day."""
        secret = Secret(secrets.token_bytes(_SECRET_BYTES))
        session = Session(_address(secret), now_ms, now_ms + LIMITS.session_ms_max)
        nonce = secrets.token_bytes(_NONCE_BYTES)
        bound = _bound(str(wallet), account, session)
        ciphertext = AESGCM(self.encryption.open()).encrypt(nonce, secret.open(), bound)
        sealed = SealedKey(
            version=_VERSION,
            wallet=str(wallet),
            account=account,
            delegate=str(session.delegate),
            opened_ms=session.opened_ms,
            expires_ms=session.expires_ms,
            nonce=nonce,
            ciphertext=ciphertext,
        )
        return DelegateKey(secret, account=account, session=session), sealed

    def unseal(
        self, sealed: SealedKey, *, wallet: Pubkey, account: str, now_ms: int
    ) -> DelegateKey:
        """Open the sealed key of an account; raise KeyUnusable when it is another's, changed,
        sealed with another encryption key, or past its life.
        """
        secret = Secret(bytes(_SECRET_BYTES))
        try:
            session = sealed.session
            bound = _bound(str(wallet), account, session)
            AESGCM(self.encryption.open()).decrypt_into(
                sealed.nonce, sealed.ciphertext, bound, secret.open()
            )
        except (InvalidTag, ValueError):
            secret.destroy()
            raise KeyUnusable(f"expected the sealed key of {account}, found another") from None
        _require_alive(session, now_ms, secret)
        return DelegateKey(secret, account=account, session=session)


def encryption_key(path: Path) -> Secret:
    """Read a key-encryption key: 64 hexadecimal digits in a file that others may not read.

    Raises KeyUnusable for anything else.
    """
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            text = bytearray(file.read(_FILE_BYTES_MAX))
    except OSError as error:
        raise KeyUnusable(f"expected a key-encryption key, found {error}") from None
    try:
        if mode & stat.S_IRWXO:
            raise KeyUnusable(f"expected {path} to be closed to others, found mode {mode:04o}")
        return Secret(binascii.unhexlify(text.strip()))
    except binascii.Error:
        raise KeyUnusable(f"expected {_DIGITS} hexadecimal digits in {path}") from None
    finally:
        text[:] = bytes(len(text))


def _address(secret: Secret) -> Pubkey:
    public = Ed25519PrivateKey.from_private_bytes(secret.open()).public_key()
    return Pubkey.from_bytes(public.public_bytes_raw())


def _bound(wallet: str, account: str, session: Session) -> bytes:
    """Give the associated data: equal only for the same wallet, account, key and life."""
    parts = [_VERSION, wallet, account, str(session.delegate)]
    return msgspec.json.encode([*parts, session.opened_ms, session.expires_ms])


def _require_alive(session: Session, now_ms: int, secret: Secret) -> None:
    if now_ms < session.opened_ms:
        raise KeyUnusable(f"expected a time from {session.opened_ms} on, found {now_ms}")
    if now_ms >= session.expires_ms:
        secret.destroy()
        raise KeyUnusable(f"expected a time before {session.expires_ms}, found {now_ms}")
