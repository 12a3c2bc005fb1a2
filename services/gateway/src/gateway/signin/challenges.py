"""Challenges: each is for one browser, one wallet, one use, and a few minutes.

Nothing is kept of a challenge until it has let somebody in: it is sealed under a key that the
gateways share, and goes out and comes back whole. So whoever asks for challenges, from however many
networks, fills nothing. What is kept is that one was used, for as long as it could be used again.
"""

import base64
import hmac
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import msgspec

from chassis.keyvalue import KeyValue, RevisionConflict
from contracts.values import to_millis
from gateway.signin.cookies import digest
from gateway.signin.siws import Message, render

LIFETIME = timedelta(minutes=5)
PERIOD = timedelta(minutes=5)
"""How long one key seals. The bucket keeps it for ten minutes, which is this and a lifetime."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_KEY_BYTES = 32
_KEYS_MAX = 4


class _Sealed(msgspec.Struct, frozen=True, array_like=True):
    """What comes back of a challenge."""

    address: str
    domain: str
    uri: str
    nonce: str
    request_id: str
    issued_ms: int


@dataclass(frozen=True, slots=True)
class Challenge:
    """A challenge that may be answered here and now; `request_id` is what it is used up by."""

    address: str
    text: bytes
    request_id: str


_sealed = msgspec.json.Decoder(_Sealed)


class Challenges:
    """Issues and reads challenges. Any gateway on the same bucket reads what another issued."""

    def __init__(self, bucket: KeyValue, *, chain_id: str) -> None:
        self._bucket = bucket
        self._chain_id = chain_id
        self._keys: dict[int, bytes] = {}

    async def issue(
        self, *, address: str, domain: str, origin: str, browser: str, now: datetime
    ) -> tuple[Message, str]:
        """Give a new challenge and its seal; `browser` is the cookie's secret.

        Raises OutcomeUnknown.
        """
        sealed = _Sealed(
            address=address,
            domain=domain,
            uri=origin,
            nonce=secrets.token_hex(16),
            request_id=secrets.token_hex(16),
            issued_ms=to_millis(now),
        )
        key = await self._key(_period(sealed.issued_ms))
        said = msgspec.json.encode(sealed)
        return self._message(sealed), f"{_text(said)}.{_text(_mac(key, said, browser))}"

    async def read(
        self, seal: str, *, domain: str, browser: str, now: datetime
    ) -> Challenge | None:
        """Give what a seal holds; None when it is not ours, over, or of another browser or site."""
        said, mac = (_bytes(part) for part in seal.split(".", 1))
        try:
            sealed = _sealed.decode(said)
        except msgspec.DecodeError:
            return None
        period = _period(sealed.issued_ms)
        if abs(period - _period(to_millis(now))) > 1:
            return None
        key = self._keys.get(period) or await self._kept(period)
        if key is None or not secrets.compare_digest(_mac(key, said, browser), mac):
            return None
        message = self._message(sealed)
        if sealed.domain != domain or now >= message.expires_at:
            return None
        text = render(message).encode()
        return Challenge(address=sealed.address, text=text, request_id=sealed.request_id)

    async def use(self, challenge: Challenge) -> bool:
        """Use up a challenge; say whether nobody had. Raises OutcomeUnknown."""
        try:
            await self._bucket.put(digest(challenge.request_id), b"used", revision=0)
        except RevisionConflict:
            return False
        return True

    def _message(self, sealed: _Sealed) -> Message:
        issued_at = _EPOCH + timedelta(milliseconds=sealed.issued_ms)
        return Message(
            domain=sealed.domain,
            address=sealed.address,
            uri=sealed.uri,
            chain_id=self._chain_id,
            nonce=sealed.nonce,
            issued_at=issued_at,
            expires_at=issued_at + LIFETIME,
            request_id=sealed.request_id,
        )

    async def _key(self, period: int) -> bytes:
        """Give the key of a period, made here if no gateway has yet."""
        key = self._keys.get(period) or await self._kept(period)
        if key is None:
            made = secrets.token_bytes(_KEY_BYTES)
            try:
                await self._bucket.put(_name(period), made, revision=0)
            except RevisionConflict:
                made = await self._kept(period) or made
            key = self._remembered(period, made)
        return key

    async def _kept(self, period: int) -> bytes | None:
        found = await self._bucket.get(_name(period))
        if found is None or found.value is None:
            return None
        return self._remembered(period, found.value)

    def _remembered(self, period: int, key: bytes) -> bytes:
        self._keys[period] = key
        for oldest in sorted(self._keys)[:-_KEYS_MAX]:
            del self._keys[oldest]
        return key


def _period(at_ms: int) -> int:
    return at_ms // (PERIOD // timedelta(milliseconds=1))


def _name(period: int) -> str:
    return f"key-{period}"


def _mac(key: bytes, said: bytes, browser: str) -> bytes:
    """Tie what is said to one browser, which need not be named in it."""
    return hmac.digest(key, digest(browser).encode() + said, "sha256")


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    """Read what the API's pattern let in; what is no base64 reads as nothing."""
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        return b""
