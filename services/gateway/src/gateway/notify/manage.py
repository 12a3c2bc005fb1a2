"""What people ask of their notifications: read them, change them, try a channel.

A change stands in the store first and then in the log; `unrecorded` keeps what the log is still to
hear, so that it hears of every change once, whatever dies in between.
"""

import secrets
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

import msgspec
import structlog

from chassis.appends import Appended
from chassis.keyvalue import RevisionConflict
from contracts.control import NotificationsChanged
from contracts.event import Draft
from contracts.ids import AccountId, derive_root_id
from contracts.routes import subject_of
from gateway.domain.actor import Actor
from gateway.guards.rates import Limiter, Rate
from gateway.limits import invalid
from gateway.notify.bodies import ChannelBody, NotificationsBody
from gateway.notify.config import FORMER_MAX, Change, Channel, Config, Former, Heartbeat, QuietHours
from gateway.notify.delivery import Sender
from gateway.notify.outbox import Outbox
from gateway.notify.sealing import Sealer, Unsealable
from gateway.notify.store import Entry, Store
from gateway.notify.targets import TargetRefused, read_ping, read_target
from gateway.notify.worker import SEALED_ELSEWHERE
from gateway.patience import in_time
from gateway.problems import Code, FieldError, Problem

"""Longest wait for the bucket or the log before a person gets an answer."""
TEST_TITLE = "Test"
TEST_BODY = "Somebody pressed the test button. If you read this, the channel works."

_log = structlog.get_logger()


class ChangeLog(Protocol):
    """What a change needs of the log."""

    async def append(self, drafts: Sequence[Draft]) -> list[Appended]:
        """Record all drafts or none; wait out every outage."""
        ...


def _new_place() -> str:
    return secrets.token_hex(8)


def _tests() -> Limiter:
    return Limiter(Rate(6, 60))


@dataclass
class Notifications:
    """The use cases."""

    account: AccountId
    store: Store
    log: ChangeLog
    sender: Sender
    sealer: Sealer | None
    """None where the desk has no key for targets."""
    clock: Callable[[], datetime]
    moment: Callable[[], datetime]
    """The time on the desk's clock, for events."""
    label: Callable[[], str]
    new_place: Callable[[], str] = _new_place
    tests: Limiter = field(default_factory=_tests)

    async def read(self) -> tuple[Config, Outbox | None]:
        """Give the settings, and how their deliveries go."""
        async with _store():
            config = await self.store.config()
            outbox = await self.store.outbox()
        return config.value, None if outbox is None else outbox.value

    async def change(self, body: NotificationsBody, *, if_match: int, actor: Actor) -> None:
        """Replace the settings. Equal ones change nothing.

        What leads elsewhere than before needs a fresh sign-in.
        """
        async with _store():
            entry = await self._recorded(await self.store.config())
            if if_match != entry.value.number:
                raise _changed(entry.value)
            wanted = self._wanted(body, entry.value, actor)
            if wanted is None:
                return
            try:
                revision = await self.store.put_config(wanted, revision=entry.revision)
            except RevisionConflict:
                raise _changed((await self.store.config()).value) from None
            await self._recorded(Entry(wanted, revision))

    async def test(self, channel_id: str) -> str:
        """Send a test to a channel; give "" or the code of what went wrong."""
        sealer = self._require_sealer()
        async with _store():
            config = (await self.store.config()).value
        channel = next((it for it in config.channels if it.id == channel_id), None)
        if channel is None:
            raise Problem(Code.CHANNEL_UNKNOWN, "expected a channel of this account, found none")
        wait_s = self.tests.wait_s(self.account)
        if wait_s > 0:
            retry_after = int(wait_s) + 1
            detail = f"expected fewer tests, found the next one free in {retry_after} s"
            raise Problem(Code.TOO_MANY_REQUESTS, detail, retry_after=retry_after)
        try:
            target = sealer.open(channel.sealed, place=channel.place)
        except Unsealable:
            return SEALED_ELSEWHERE
        title = f"[{self.label()}] {TEST_TITLE}"
        return await self.sender.deliver(target, title=title, body=TEST_BODY)

    def _wanted(self, body: NotificationsBody, before: Config, actor: Actor) -> Config | None:
        """Give the settings that are asked for; None when they stand already."""
        channels = tuple(self._channel(asked, before, at) for at, asked in enumerate(body.channels))
        heartbeat = self._heartbeat(body, before)
        ways, ways_before = _places(channels), _places(before.channels)
        retargeted = sorted({name for name, _ in set(ways.items()) ^ set(ways_before.items())})
        beats = None if heartbeat is None else heartbeat.place
        beat_before = None if before.heartbeat is None else before.heartbeat.place
        if (retargeted or beats != beat_before) and not actor.is_fresh:
            detail = "expected a fresh sign-in to change where notifications go: sign in again"
            raise Problem(Code.STEP_UP_REQUIRED, detail)
        number = before.number + 1
        gone = [it for it in before.channels if it.place not in ways.values()]
        former = (*before.former, *(Former(channel=it, number=number) for it in gone))
        quiet = body.quietHours
        wanted = Config(
            number=number,
            channels=channels,
            matrix={kind: tuple(ids) for kind, ids in sorted(body.matrix.items()) if ids},
            quiet_hours=quiet and QuietHours(begin=quiet.begin, end=quiet.end, zone=quiet.zone),
            veto_streak=body.vetoStreak,
            liquidation_pct=body.liquidationPct,
            delegate_expiry_min=tuple(sorted(set(body.delegateExpiryMin), reverse=True)),
            rpc_silent_s=body.rpcSilentS,
            summary_at=body.dailySummaryAt,
            heartbeat=heartbeat,
            former=former[-FORMER_MAX:],
            unrecorded=Change(
                by=actor.by,
                at=self.moment(),
                retargeted=tuple(retargeted),
                has_other_heartbeat=beats != beat_before,
            ),
        )
        same = msgspec.structs.replace(
            wanted, number=before.number, former=before.former, unrecorded=None
        )
        return None if same == before else wanted

    def _channel(self, asked: ChannelBody, before: Config, at: int) -> Channel:
        found = next((it for it in before.channels if it.id == asked.id), None)
        if asked.target is not None:
            target, place = asked.target.get_secret_value(), self.new_place()
            try:
                scheme = read_target(target)
            except TargetRefused as refused:
                raise invalid([FieldError(f"/channels/{at}/target", str(refused))]) from None
            sealed = self._require_sealer().seal(target, place=place)
        elif found is not None:
            place, scheme, sealed = found.place, found.scheme, found.sealed
        else:
            message = "expected a target, found none kept under this id"
            raise invalid([FieldError(f"/channels/{at}/target", message)])
        return Channel(
            id=asked.id,
            name=asked.name,
            place=place,
            scheme=scheme,
            sealed=sealed,
            floor=asked.floor,
            hourly_cap=asked.hourlyCap,
        )

    def _heartbeat(self, body: NotificationsBody, before: Config) -> Heartbeat | None:
        asked = body.heartbeat
        if asked is None:
            return None
        if asked.target is None:
            if before.heartbeat is None:
                message = "expected a target, found none kept"
                raise invalid([FieldError("/heartbeat/target", message)])
            return msgspec.structs.replace(before.heartbeat, every_s=asked.everyS)
        target, place = asked.target.get_secret_value(), self.new_place()
        try:
            read_ping(target)
        except TargetRefused as refused:
            raise invalid([FieldError("/heartbeat/target", str(refused))]) from None
        sealed = self._require_sealer().seal(target, place=place)
        return Heartbeat(place=place, sealed=sealed, every_s=asked.everyS)

    def _require_sealer(self) -> Sealer:
        if self.sealer is None:
            detail = "expected a key to keep targets with, found none: set NOTIFICATIONS_KEY_FILE"
            raise Problem(Code.NOTIFICATIONS_OFF, detail)
        return self.sealer

    async def _recorded(self, entry: Entry[Config]) -> Entry[Config]:
        """Make sure that the log holds the last change; give the settings that say so."""
        config, change = entry.value, entry.value.unrecorded
        if change is None:
            return entry
        event = NotificationsChanged(
            account=self.account,
            number=config.number,
            channels=tuple(it.id for it in config.channels),
            retargeted=change.retargeted,
            has_other_heartbeat=change.has_other_heartbeat,
            by=change.by,
        )
        identity = derive_root_id(event.event_type, self.account, config.number)
        draft = Draft(
            event=event,
            id=identity,
            subject=subject_of(event),
            occurred_at=change.at,
            correlation_id=identity,
        )
        await self.log.append([draft])
        recorded = msgspec.structs.replace(config, unrecorded=None)
        try:
            return Entry(recorded, await self.store.put_config(recorded, revision=entry.revision))
        except RevisionConflict:
            return await self.store.config()


def _places(channels: Sequence[Channel]) -> dict[str, str]:
    return {it.id: it.place for it in channels}


def _changed(config: Config) -> Problem:
    headers = {"ETag": f'"{config.number}"'}
    detail = f"expected the newest revision, found that it is {config.number}"
    return Problem(Code.SETTINGS_CHANGED, detail, headers=headers)


def _store() -> AbstractAsyncContextManager[None]:
    return in_time(
        Code.NOTIFICATIONS_UNAVAILABLE,
        "expected the store of notifications to answer, found that it does not",
    )
