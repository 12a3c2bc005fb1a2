"""Sessions: who is signed in, in the bucket that all gateways share, mirrored here.

A request is decided on the mirror, so that no outage of NATS stands between a person and the stop.
What was ended here or elsewhere is remembered as ended, so that no late write brings it back. The
end of all sessions of a wallet is a record of its own, so that it holds for those, too, that this
gateway has not heard of.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from time import monotonic
from typing import Any

import msgspec
import structlog

from chassis.connection import OutcomeUnknown
from chassis.keyvalue import Change, KeyValue, RevisionConflict
from gateway.signin.cookies import digest, new_token
from gateway.signin.ends import End, Ends

TOUCH_EVERY = timedelta(minutes=1)
"""How often a session in use is written; its idle time is known to this grain elsewhere."""
SILENT_S_MAX = 30.0
"""Without hearing the bucket for this long, sessions open nothing but the stop."""
WATCH_S = 0.5
END_S_MAX = 3.0
"""Longest wait until the bucket has taken the end of sessions."""
RETRY_S = 0.5
PER_WALLET_MAX = 10
"""Sessions of one wallet; a new one ends the oldest."""

_log = structlog.get_logger()


class Client(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a request comes from."""

    address: str
    user_agent: str


class Grant(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One browser of one wallet, signed in: what the bucket holds under the cookie's digest."""

    handle: str
    """Names the session, and opens nothing."""
    wallet: str
    signed_in_at: datetime
    seen_at: datetime
    expires_at: datetime
    client: Client


@dataclass(frozen=True, slots=True)
class Session:
    """A grant with its place in the bucket."""

    key: str
    revision: int
    grant: Grant


class _Cut(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All that a wallet had signed in before is over."""

    before: datetime


_CUT = "all-"
"""What the key of such a record begins with; the wallet's digest follows."""
_grant = msgspec.json.Decoder(Grant)
_cut = msgspec.json.Decoder(_Cut)


class Sessions:
    """The sessions that stand; `follow` must run for as long as they are asked for."""

    def __init__(
        self,
        bucket: KeyValue,
        *,
        idle: timedelta,
        lifetime: timedelta,
        clock: Callable[[], datetime],
        changed: Callable[[], None],
        ends: Ends,
        silent_s_max: float = SILENT_S_MAX,
    ) -> None:
        """Call `changed` whenever a session ends; `ends` holds what the bucket is to take yet."""
        self._bucket = bucket
        self._idle = idle
        self._lifetime = lifetime
        self._clock = clock
        self._changed = changed
        self._silent_s_max = silent_s_max
        self._stands: dict[str, Session] = {}
        self._ended: dict[str, datetime] = {}
        """Ended sessions by key, until the bucket itself has forgotten them."""
        self._cuts: dict[str, datetime] = {}
        """By key of the bucket, as long as they cut anything."""
        self._ends = ends
        for end in ends.waiting:
            self._cut(end.key, end.at) if end.is_wallet else self._drop(end.key)
        self._heard_at = -float("inf")
        self._tasks: set[asyncio.Task[None]] = set()

    async def follow(self) -> None:
        """Mirror the bucket, for ever; it takes first what an earlier process could not tell it."""
        for end in self._ends.waiting:
            self._start(self._tell(end))
        async with self._bucket.watch() as watcher:
            while True:
                if watcher.is_current:
                    self._heard_at = monotonic()
                self._forget()
                for change in await watcher.next(WATCH_S):
                    self._apply(change)

    @property
    def is_current(self) -> bool:
        """Say whether what other gateways ended is known here."""
        return monotonic() - self._heard_at <= self._silent_s_max

    async def create(self, *, handle: str, wallet: str, client: Client) -> tuple[Session, str]:
        """Give a new session and the secret that opens it. Raises OutcomeUnknown."""
        token, now = new_token(), self._clock()
        grant = Grant(
            handle=handle,
            wallet=wallet,
            signed_in_at=now,
            seen_at=now,
            expires_at=now + self._lifetime,
            client=client,
        )
        key = digest(token)
        revision = await self._bucket.put(key, msgspec.json.encode(grant), revision=0)
        session = self._stands[key] = Session(key, revision, grant)
        return session, token

    async def find(self, token: str, *, may_ask: Callable[[], bool]) -> Session | None:
        """Give the session that a secret opens, alive or idle too long; None past its end.

        One that is not mirrored yet is asked for in the bucket, if `may_ask` lets it.
        """
        key = digest(token)
        found = self._stands.get(key)
        if found is None and key not in self._ended and may_ask():
            found = await self._fetched(key)
        return None if found is None or self._clock() >= found.grant.expires_at else found

    def is_alive(self, session: Session) -> bool:
        """Say whether a session stands now: not ended, not over, not idle too long."""
        found = self._stands.get(session.key)
        now = self._clock()
        return found is not None and now < self.idle_at(found)

    def idle_at(self, session: Session) -> datetime:
        """Give when a session ends unless it is used before."""
        grant = session.grant
        return min(grant.seen_at + self._idle, grant.expires_at)

    def touch(self, session: Session) -> None:
        """Note that a session is in use."""
        now = self._clock()
        if now - session.grant.seen_at < TOUCH_EVERY or session.key not in self._stands:
            return
        seen = replace(session, grant=msgspec.structs.replace(session.grant, seen_at=now))
        self._stands[session.key] = seen
        self._start(self._write(seen))

    def of(self, wallet: str) -> list[Session]:
        """Give a wallet's sessions, the newest first; also those idle too long, which can still
        stop and are to be ended like any other.
        """
        now = self._clock()
        open_ones = (one for one in self._stands.values() if now < one.grant.expires_at)
        own = (one for one in open_ones if one.grant.wallet == wallet)
        return sorted(own, key=lambda one: (one.grant.signed_in_at, one.key), reverse=True)

    async def end(self, *sessions: Session) -> bool:
        """End sessions, here at once; say whether the bucket has taken it.

        When it has not yet, it will as soon as it is back.
        """
        now = self._clock()
        return await self._end([End(session.key, now) for session in sessions])

    async def end_all(self, wallet: str, *known: Session) -> bool:
        """End what a wallet has signed in until now, here and anywhere; answers as `end`."""
        now = self._clock()
        everywhere = End(_CUT + digest(wallet), now, is_wallet=True)
        return await self._end([everywhere, *(End(session.key, now) for session in known)])

    async def _end(self, ends: Sequence[End]) -> bool:
        for end in ends:
            self._cut(end.key, end.at) if end.is_wallet else self._drop(end.key)
        if not ends:
            return True
        await self._ends.add(ends)
        told = [self._start(self._tell(end)) for end in ends]
        done, waiting = await asyncio.wait(told, timeout=END_S_MAX)
        failed = [one for one in done if one.cancelled() or one.exception() is not None]
        return not waiting and not failed

    async def _tell(self, end: End) -> None:
        """Have the bucket take an end, however long it is away."""
        if end.is_wallet:
            while not await self._is_cut_told(end):  # noqa: ASYNC110  Others write, too.
                await asyncio.sleep(RETRY_S)
        else:
            await self._bucket.delete(end.key)
        await self._ends.remove(end)

    async def _is_cut_told(self, end: End) -> bool:
        stands = await self._bucket.get(end.key)
        revision = 0 if stands is None else stands.revision
        if stands is not None and stands.value is not None:
            before = _read_cut(stands.value)
            if before is not None and before >= end.at:
                return True
        try:
            value = msgspec.json.encode(_Cut(before=end.at))
            await self._bucket.put(end.key, value, revision=revision)
        except (RevisionConflict, OutcomeUnknown):
            return False
        return True

    async def settle(self, *, timeout_s: float) -> None:
        """Wait for writes that the bucket has not taken yet."""
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=timeout_s)

    def _apply(self, change: Change) -> None:
        if change.key.startswith(_CUT):
            before = None if change.value is None else _read_cut(change.value)
            if before is not None:
                self._cut(change.key, before)
            return
        if change.value is None:
            self._drop(change.key)
            return
        if change.key in self._ended:
            return
        found = self._stands.get(change.key)
        if found is None or found.revision < change.revision:
            try:
                grant = _grant.decode(change.value)
            except msgspec.DecodeError as error:
                # Of another build: whoever holds it signs in again.
                _log.warning("session_unreadable", reason=str(error))
                return
            if self._is_cut(grant):
                self._drop(change.key)
                return
            self._stands[change.key] = Session(change.key, change.revision, grant)

    def _cut(self, key: str, before: datetime) -> None:
        known = self._cuts.get(key)
        if known is not None and known >= before:
            return
        self._cuts[key] = before
        for session in [one for one in self._stands.values() if self._is_cut(one.grant)]:
            self._drop(session.key)

    def _is_cut(self, grant: Grant) -> bool:
        before = self._cuts.get(_CUT + digest(grant.wallet))
        return before is not None and grant.signed_in_at < before

    async def _fetched(self, key: str) -> Session | None:
        try:
            async with asyncio.timeout(END_S_MAX):
                change = await self._bucket.get(key)
                if change is not None:
                    await self._fetch_cut(change)
        except TimeoutError:
            return None
        if change is not None:
            self._apply(change)
        return self._stands.get(key)

    async def _fetch_cut(self, change: Change) -> None:
        """Hear what the bucket says of a wallet's sessions, before the mirror does."""
        try:
            grant = _grant.decode(change.value or b"")
        except msgspec.DecodeError:
            return
        cut = await self._bucket.get(_CUT + digest(grant.wallet))
        if cut is not None:
            self._apply(cut)

    def _drop(self, key: str) -> None:
        self._stands.pop(key, None)
        self._ended[key] = self._clock() + self._lifetime
        self._changed()

    def _forget(self) -> None:
        now = self._clock()
        for key in [key for key, one in self._stands.items() if now >= one.grant.expires_at]:
            del self._stands[key]
        for key in [key for key, until in self._ended.items() if now >= until]:
            del self._ended[key]
        for key in [key for key, at in self._cuts.items() if now >= at + self._lifetime]:
            del self._cuts[key]

    async def _write(self, session: Session) -> None:
        value = msgspec.json.encode(session.grant)
        try:
            revision = await self._bucket.put(session.key, value, revision=session.revision)
        except (RevisionConflict, OutcomeUnknown) as error:
            # Ended, or touched elsewhere: what the bucket holds comes by the watch.
            _log.debug(
                "session_not_touched", session=session.grant.handle, reason=type(error).__name__
            )
            return
        found = self._stands.get(session.key)
        if found is not None and found.revision < revision:
            self._stands[session.key] = replace(session, revision=revision)

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)
        return task

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            _log.error("session_write_failed", error=str(task.exception()))


def _read_cut(value: bytes) -> datetime | None:
    try:
        return _cut.decode(value).before
    except msgspec.DecodeError as error:
        _log.warning("cut_unreadable", reason=str(error))
        return None
