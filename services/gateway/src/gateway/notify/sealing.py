"""Targets at rest: AES-256-GCM under a key that stands in a file of the operator's.

The associated data bind each one to its account and its place, so that none can be lent to
another. No secret appears in a repr, a log line or an exception.
"""

import base64
import binascii
import os
import secrets
import stat
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from chassis.settings import ConfigurationError

_KEY_BYTES = 32
_NONCE_BYTES = 12
_DIGITS = 2 * _KEY_BYTES
_FILE_BYTES_MAX = _DIGITS + 3
"""With the end of a line; a longer file is none."""


class Unsealable(Exception):
    """What was sealed cannot be opened: another key, another place, or changed."""


class Sealer:
    """Seals and opens the targets of one account."""

    __slots__ = ("_account", "_cipher")

    def __init__(self, key: bytes, *, account: str) -> None:
        if len(key) != _KEY_BYTES:
            raise ValueError(f"expected {_KEY_BYTES} bytes, found {len(key)}")
        self._cipher = AESGCM(key)
        self._account = account

    def seal(self, target: str, *, place: str) -> str:
        """Give a target sealed for a place, as text that anybody may read."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = self._cipher.encrypt(nonce, target.encode(), self._bound(place))
        return base64.b64encode(nonce + sealed).decode()

    def open(self, sealed: str, *, place: str) -> str:
        """Give the target; raise Unsealable."""
        try:
            raw = base64.b64decode(sealed, validate=True)
            nonce, rest = raw[:_NONCE_BYTES], raw[_NONCE_BYTES:]
            return self._cipher.decrypt(nonce, rest, self._bound(place)).decode()
        except (InvalidTag, ValueError):
            raise Unsealable("expected a target sealed with this key and for this place") from None

    def __repr__(self) -> str:
        return "<sealer>"

    def _bound(self, place: str) -> bytes:
        return f"notification 1 {self._account} {place}".encode()


def read_key(path: Path) -> bytes:
    """Read a key: 64 hexadecimal digits in a file that others may not read.

    Raises ConfigurationError for anything else.
    """
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            text = file.read(_FILE_BYTES_MAX)
    except OSError as error:
        raise ConfigurationError(f"expected a key file, found {error}") from None
    if mode & stat.S_IRWXO:
        raise ConfigurationError(f"expected {path} to be closed to others, found mode {mode:04o}")
    try:
        key = binascii.unhexlify(text.strip())
    except binascii.Error:
        key = b""
    if len(key) != _KEY_BYTES:
        raise ConfigurationError(f"expected {_DIGITS} hexadecimal digits in {path}")
    return key
