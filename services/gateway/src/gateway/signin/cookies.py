"""The two cookies: what opens a session, and what ties a challenge to one browser.

Both are random, seen by no script, and sent to this site alone. Where there is TLS their names
begin with `__Host-`, so that no other host can plant one.
"""

import secrets
from dataclasses import dataclass
from hashlib import sha256

from litestar.datastructures import Cookie

TOKEN_CHARS = 43
"""Of 32 random bytes in base64."""


def new_token() -> str:
    """Give a new secret of 256 random bits."""
    return secrets.token_urlsafe(32)


def digest(token: str) -> str:
    """Give what is stored of a secret: enough to know it again, not to use it."""
    return sha256(token.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class CookieNames:
    """The names of the cookies on a site."""

    is_secure: bool

    @property
    def session(self) -> str:
        """Name the cookie that opens a session."""
        return f"{self._prefix}sid"

    @property
    def challenge(self) -> str:
        """Name the cookie that ties a challenge to a browser."""
        return f"{self._prefix}siws"

    def make(self, name: str, token: str, *, seconds: int) -> Cookie:
        """Give a cookie to be kept for so long."""
        return Cookie(
            key=name,
            value=token,
            path="/",
            secure=self.is_secure,
            httponly=True,
            samesite="strict",
            max_age=seconds,
        )

    def clear(self, name: str) -> Cookie:
        """Give the cookie that ends another one."""
        return self.make(name, "", seconds=0)

    @property
    def _prefix(self) -> str:
        return "__Host-" if self.is_secure else ""


def token_in(header: str, name: str) -> str | None:
    """Give a secret from a Cookie header; None when it is absent, malformed or there twice."""
    pairs = (pair.strip().partition("=") for pair in header.split(";"))
    found = [value for key, _, value in pairs if key == name]
    return found[0] if len(found) == 1 and len(found[0]) == TOKEN_CHARS else None
