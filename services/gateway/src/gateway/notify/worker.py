"""Files notices and sends them, in one gateway at a time, beside everything else.

The outbox names its holder, and every write of it is made against the revision that was read: a
gateway that lost it notices at its next write and stands by. Nothing on the trading path waits for
this.
"""

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec
import structlog

from chassis.connection import OutcomeUnknown
from chassis.jetstream import JetStreamError
from chassis.keyvalue import RevisionConflict
from chassis.log import Log, RawFollower, RawMessage
from chassis.reading import decode
from contracts.codec import UndecodableMessage
from contracts.ids import AccountId
from gateway.notify import outbox as box
from gateway.notify.config import Config
from gateway.notify.delivery import Sender
from gateway.notify.outbox import Outbox, Pending, Ping
from gateway.notify.rules import Memory, Tally, daily_summary, remember, summary_due
from gateway.notify.sealing import Sealer, Unsealable
from gateway.notify.store import Entry, Store
from gateway.notify.watching import Readings, watch

CONSUMER = "gateway-notify-people"
SEALED_ELSEWHERE = "sealed_with_another_key"

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How often things are done, in seconds."""

    tick_s: float = 1.0
    """Longest wait for events before messages, digests and pings are looked at."""
    save_s: float = 15.0
    """How often an outbox in which only the position moved is written; it also says: I live."""
    lease_s: float = 60.0
    """An outbox that stood still for so long is taken from its holder."""
    look_s: float = 2.0
    """How often one who stands by looks at it."""
    again_s: float = 5.0
    """Pause after a failure of the store."""


class Worker:
    """The notifications of one account."""

    def __init__(
        self,
        *,
        account: AccountId,
        instance: str,
        store: Store,
        log: Log,
        sender: Sender,
        sealer: Sealer | None,
        label: Callable[[], str],
        is_healthy: Callable[[], bool],
        readings: Callable[[], Readings],
        clock: Callable[[], datetime],
        pace: Pace = Pace(),
    ) -> None:
        """`label` says what the desk trades on; it stands before every title."""
        self._account = account
        self._instance = instance
        self._store = store
        self._log = log
        self._sender = sender
        self._sealer = sealer
        self._label = label
        self._is_healthy = is_healthy
        self._readings = readings
        self._clock = clock
        self._pace = pace

    async def run(self) -> None:
        """Work whenever no other gateway does, for ever; a failure is logged and tried again."""
        while True:
            try:
                entry = await self._hold()
                _log.info("notifying", position=entry.value.position)
                await self._work(entry)
            except RevisionConflict:
                _log.info("notifying_elsewhere")
            except (OutcomeUnknown, JetStreamError) as error:
                _log.warning("outbox_unavailable", reason=type(error).__name__)
                await asyncio.sleep(self._pace.again_s)
            except Exception:  # noqa: BLE001  It must never take the page and the stop with it.
                _log.exception("notifying_failed")
                await asyncio.sleep(self._pace.again_s)

    async def _hold(self) -> Entry[Outbox]:
        """Become the holder of the outbox, once nobody else is."""
        loop, seen, since = asyncio.get_running_loop(), -1, 0.0
        while True:
            entry = await self._store.outbox()
            if entry is None:
                # What happened before is not told: nobody had asked for it.
                tally = Tally(since=self._clock())
                fresh = Outbox(position=await self._log.head(), memory=Memory(tally=tally))
                return await self._taken(Entry(fresh, 0))
            if entry.value.holder in ("", self._instance):
                return await self._taken(entry)
            if entry.revision != seen:
                seen, since = entry.revision, loop.time()
            elif loop.time() - since >= self._pace.lease_s:
                return await self._taken(entry)
            await asyncio.sleep(self._pace.look_s)

    async def _taken(self, entry: Entry[Outbox]) -> Entry[Outbox]:
        return await self._saved(entry, holder=self._instance)

    async def _saved(self, entry: Entry[Outbox], *, holder: str) -> Entry[Outbox]:
        outbox = msgspec.structs.replace(entry.value, holder=holder)
        return Entry(outbox, await self._store.put_outbox(outbox, revision=entry.revision))

    async def _work(self, entry: Entry[Outbox]) -> None:
        """File and send until the outbox is another's."""
        after = entry.value.position
        try:
            async with self._log.follow_raw(CONSUMER, after=after) as follower:
                while True:
                    entry = await self._turn(entry, follower)
        except asyncio.CancelledError:
            # Whoever comes next need not wait until the lease is over.
            with contextlib.suppress(Exception):
                async with asyncio.timeout(1):
                    await self._saved(entry, holder="")
            raise

    async def _turn(self, entry: Entry[Outbox], follower: RawFollower) -> Entry[Outbox]:
        loop = asyncio.get_running_loop()
        kept, begin = entry.value, loop.time()
        outbox = kept
        while True:
            messages = await follower.next(timeout_s=self._pace.tick_s)
            config = (await self._store.config()).value
            for message in messages:
                outbox = self._filed(outbox, message, config)
            if messages:
                follower.acknowledge(messages[-1].position)
            outbox = self._tended(outbox, config)
            outbox = await self._pinged(outbox, config)
            outbox = await self._sent(outbox, config)
            has_moved = msgspec.structs.replace(outbox, position=kept.position) != kept
            if has_moved or loop.time() - begin >= self._pace.save_s:
                return await self._saved(Entry(outbox, entry.revision), holder=self._instance)

    def _filed(self, outbox: Outbox, message: RawMessage, config: Config) -> Outbox:
        """File what one message says; one that was filed before changes nothing."""
        if message.position <= outbox.position:
            return outbox
        moved = msgspec.structs.replace(outbox, position=message.position)
        try:
            recorded = decode(message)
        except UndecodableMessage:
            return moved
        memory, notice = remember(
            outbox.memory, recorded, self._account, veto_streak=config.veto_streak
        )
        moved = msgspec.structs.replace(moved, memory=memory)
        return moved if notice is None else box.file(moved, notice, config, self._clock())

    def _tended(self, outbox: Outbox, config: Config) -> Outbox:
        """Let summary and digests go whose time has come."""
        now = self._clock()
        if summary_due(outbox.memory, config.summary_at, now) is not None:
            memory, notice = daily_summary(outbox.memory, position=outbox.position, now=now)
            outbox = msgspec.structs.replace(outbox, memory=memory)
            outbox = box.file(outbox, notice, config, now)
        outbox = self._watched(outbox, config, now)
        return box.release(outbox, config, now)

    def _watched(self, outbox: Outbox, config: Config, now: datetime) -> Outbox:
        """File what no event says."""
        memory, notices = watch(
            outbox.memory, self._readings(), config, position=outbox.position, now=now
        )
        outbox = msgspec.structs.replace(outbox, memory=memory)
        for notice in notices:
            outbox = box.file(outbox, notice, config, now)
        return outbox

    async def _pinged(self, outbox: Outbox, config: Config) -> Outbox:
        """Tell whoever waits for silence that all is well, when it is."""
        beat, now = config.heartbeat, self._clock()
        if beat is None or not self._is_healthy():
            return outbox
        if outbox.ping is not None and now - outbox.ping.at < timedelta(seconds=beat.every_s):
            return outbox
        target = self._opened(beat.sealed, beat.place)
        error = SEALED_ELSEWHERE if target is None else await self._sender.ping(target)
        if error:
            _log.warning("heartbeat_failed", error=error)
        return msgspec.structs.replace(outbox, ping=Ping(at=self._clock(), error=error))

    async def _sent(self, outbox: Outbox, config: Config) -> Outbox:
        """Send what is due, one message to each channel at the same time."""
        due = box.due(outbox, self._clock())
        errors = await asyncio.gather(*(self._send(one, config) for one in due))
        for one, error in zip(due, errors, strict=True):
            outbox = box.settle(outbox, one, error, self._clock())
            said: Mapping[str, object] = {
                "place": one.place,
                "notice": one.kind,
                "position": one.position,
                "attempt": one.attempts + 1,
            }
            if error:
                _log.warning("notice_not_delivered", error=error, **said)
            else:
                _log.info("notice_delivered", **said)
        return outbox

    async def _send(self, pending: Pending, config: Config) -> str:
        channel = config.channel(pending.place)
        target = None if channel is None else self._opened(channel.sealed, channel.place)
        if target is None:
            return SEALED_ELSEWHERE
        title = f"[{self._label()}] {pending.title}"
        return await self._sender.deliver(target, title=title, body=pending.body)

    def _opened(self, sealed: str, place: str) -> str | None:
        if self._sealer is None:
            return None
        try:
            return self._sealer.open(sealed, place=place)
        except Unsealable:
            return None
