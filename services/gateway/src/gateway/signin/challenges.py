"""Challenges: each is for one browser, one wallet, one use, and a few minutes."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from chassis.keyvalue import KeyValue, RevisionConflict
from gateway.signin.cookies import digest
from gateway.signin.siws import Message, render

LIFETIME = timedelta(minutes=5)


class _Kept(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A challenge as the bucket holds it, under the digest of its id."""

    address: str
    domain: str
    text: str
    browser: str
    """Digest of the cookie of the browser that asked."""
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Challenge:
    """A challenge that was taken: nobody can take it again."""

    address: str
    text: bytes


_kept = msgspec.json.Decoder(_Kept)


class Challenges:
    """Issues and takes challenges. Any gateway on the same bucket takes what another issued."""

    def __init__(self, bucket: KeyValue, *, chain_id: str) -> None:
        self._bucket = bucket
        self._chain_id = chain_id

    async def issue(
        self, *, address: str, domain: str, origin: str, browser: str, now: datetime
    ) -> Message:
        """Give a new challenge; `browser` is the cookie's secret. Raises OutcomeUnknown."""
        message = Message(
            domain=domain,
            address=address,
            uri=origin,
            chain_id=self._chain_id,
            nonce=secrets.token_hex(16),
            issued_at=now,
            expires_at=now + LIFETIME,
            request_id=secrets.token_hex(16),
        )
        kept = _Kept(
            address=address,
            domain=domain,
            text=render(message),
            browser=digest(browser),
            expires_at=message.expires_at,
        )
        key = digest(message.request_id)
        await self._bucket.put(key, msgspec.json.encode(kept), revision=0)
        return message

    async def take(
        self, challenge_id: str, *, domain: str, browser: str, now: datetime
    ) -> Challenge | None:
        """Use up a challenge; None when it is unknown, used, over, or of another browser or site.

        Of two that take it at once, one gets it. Raises OutcomeUnknown.
        """
        key = digest(challenge_id)
        found = await self._bucket.get(key)
        if found is None or found.value is None:
            return None
        try:
            await self._bucket.take(key, revision=found.revision)
        except RevisionConflict:
            return None
        kept = _kept.decode(found.value)
        is_ours = secrets.compare_digest(kept.browser, digest(browser))
        if not is_ours or kept.domain != domain or now >= kept.expires_at:
            return None
        return Challenge(address=kept.address, text=kept.text.encode())
