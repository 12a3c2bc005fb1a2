"""One answer for one Idempotency-Key: the first is kept, and given again to whoever asks again.

A key is claimed before its work begins, by one of all gateways on the same bucket. A claim whose
gateway died is taken over after a while; that is safe because the id of what is recorded derives
from the key, so that the log takes it once. Draft-ietf-httpapi-idempotency-key-header-07.
"""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

import msgspec
import structlog

from chassis.keyvalue import KeyValue, RevisionConflict
from gateway.patience import in_time
from gateway.problems import Code, Problem

CLAIM_MAX = timedelta(seconds=30)
"""Work takes a few seconds; a claim that is older is nobody's any more."""
RERUN_MAX = timedelta(hours=20)
"""The log knows an id for 24 hours; a claim that is older is not worked on again."""
"""Longest wait for the bucket before a person gets an answer."""

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Ask:
    """Who asks for what under which key."""

    scope: tuple[str, ...]
    """Whose key it is, and of which address: the same key elsewhere is another one."""
    key: str
    body: bytes

    @property
    def place(self) -> str:
        """Name the key in the bucket."""
        return sha256(msgspec.json.encode((*self.scope, self.key))).hexdigest()

    @property
    def body_sha256(self) -> str:
        """Give the digest of what is asked."""
        return sha256(self.body).hexdigest()


class Answer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was answered: JSON."""

    status: int
    body: str
    is_replay: bool = False


class _Kept(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A key as the bucket holds it."""

    body_sha256: str
    """Empty when the work was refused: then the key is as good as new."""
    begun_at: datetime
    answer: Answer | None = None
    """None while nobody has answered."""
    is_open: bool = True
    """Whether somebody may be at work."""


_kept = msgspec.json.Decoder(_Kept)


class Keys:
    """The keys that were used in the last 48 hours."""

    def __init__(self, bucket: KeyValue, *, clock: Callable[[], datetime]) -> None:
        self._bucket = bucket
        self._clock = clock

    async def once(self, ask: Ask, work: Callable[[], Awaitable[Answer]]) -> Answer:
        """Do the work of a key once; give its first answer again to the same ask.

        Work that is refused leaves the key free, so that it may be asked better.
        """
        found, revision = await self._found(ask)
        if found is not None and found.answer is not None:
            return msgspec.structs.replace(found.answer, is_replay=True)
        revision = await self._put(ask, self._claim(ask), revision)
        try:
            answer = await work()
        except Problem as problem:
            # Where nobody knows what became of it, the key stays with what was asked.
            is_known = problem.code is not Code.LOG_UNAVAILABLE
            body = "" if is_known else ask.body_sha256
            kept = _Kept(body_sha256=body, begun_at=self._clock(), is_open=False)
            await self._tried(ask, kept, revision)
            raise
        await self._tried(ask, msgspec.structs.replace(self._claim(ask), answer=answer), revision)
        return answer

    async def _found(self, ask: Ask) -> tuple[_Kept | None, int]:
        """Give what stands, if the ask may go on from there, and its revision."""
        async with _store():
            change = await self._bucket.get(ask.place)
        if change is None or change.value is None:
            return None, 0
        try:
            kept = _kept.decode(change.value)
        except msgspec.DecodeError:
            raise _in_flight("found one of another build: use a new key") from None
        if kept.body_sha256 not in ("", ask.body_sha256):
            detail = "expected what was asked with this key before, found something else"
            raise Problem(Code.IDEMPOTENCY_KEY_REUSED, detail)
        if kept.answer is None:
            self._require_free(kept)
        return kept, change.revision

    def _require_free(self, kept: _Kept) -> None:
        age = self._clock() - kept.begun_at
        if kept.is_open and age < CLAIM_MAX:
            raise _in_flight("found it being worked on", retry_after=1)
        if kept.body_sha256 and age > RERUN_MAX:
            raise _in_flight(
                "found that nobody knows what became of it: look at the activity, and use a new key"
            )

    def _claim(self, ask: Ask) -> _Kept:
        return _Kept(body_sha256=ask.body_sha256, begun_at=self._clock())

    async def _put(self, ask: Ask, kept: _Kept, revision: int) -> int:
        try:
            async with _store():
                return await self._bucket.put(
                    ask.place, msgspec.json.encode(kept), revision=revision
                )
        except RevisionConflict:
            raise _in_flight("found another one that came first", retry_after=1) from None

    async def _tried(self, ask: Ask, kept: _Kept, revision: int) -> None:
        """Keep what became of it, if the bucket takes it; else the claim becomes nobody's."""
        try:
            await self._put(ask, kept, revision)
        except Problem as problem:
            _log.warning("idempotency_key_not_kept", reason=problem.code)


def _in_flight(what: str, *, retry_after: int | None = None) -> Problem:
    detail = f"expected the answer of the first request with this key, {what}"
    return Problem(Code.IDEMPOTENCY_KEY_IN_FLIGHT, detail, retry_after=retry_after)


def _store() -> AbstractAsyncContextManager[None]:
    return in_time(
        Code.LOG_UNAVAILABLE,
        "expected the store of keys to answer, found that it does not; nothing was done",
    )
