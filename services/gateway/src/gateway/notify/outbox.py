"""What is to be told and was not yet, as one value: the state of a fold over the log.

It is kept together with the position that it was folded to, so a notice is filed exactly once,
whatever dies in between. What was sent is known only after it was: whoever dies between the two
sends it again. Pure; every list in it is bounded.
"""

from datetime import datetime, timedelta

import msgspec

from gateway.notify.config import Channel, Config
from gateway.notify.rules import Memory, Notice

PENDING_MAX = 20
"""Messages waiting for one channel; what comes on top is told in a digest."""
DELIVERIES_MAX = 50
DIGEST_LINES_MAX = 8
DIGEST_LINE_CHARS_MAX = 110
DIGEST_AFTER = timedelta(minutes=5)
"""A digest gathers for this long at least."""
URGENT_DIGEST_AFTER = timedelta(minutes=1)
URGENT_CAP = 60
"""Urgent messages an hour; above it they are told in a digest as well."""
HOUR = timedelta(hours=1)
BACKOFF_S = (10, 20, 40, 80, 160, 320, 640, 900)
ATTEMPTS_MAX = 8
URGENT_ATTEMPTS_MAX = 40
"""About nine hours."""
DIGEST = "digest"


class _Kept(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    pass


class Pending(_Kept, frozen=True, kw_only=True):
    """One message for one channel."""

    place: str
    kind: str
    """A Kind, or `digest`."""
    position: int
    is_urgent: bool
    title: str
    body: str
    since: datetime
    attempts: int = 0


class Held(_Kept, frozen=True, kw_only=True):
    """What a channel's next digest tells."""

    place: str
    counts: dict[str, int]
    """Notices by title."""
    lines: tuple[str, ...]
    """The newest ones."""
    since: datetime
    position: int
    is_urgent: bool = False


class Line(_Kept, frozen=True, kw_only=True):
    """How it stands with one channel."""

    place: str
    failures: int = 0
    """In a row."""
    retry_at: datetime | None = None
    sent_at: tuple[datetime, ...] = ()
    """Of the last hour."""


class Delivery(_Kept, frozen=True, kw_only=True):
    """What came of one attempt."""

    at: datetime
    place: str
    kind: str
    position: int
    status: str
    """`delivered`, `failed` (it is tried again), or `gave_up`."""
    attempt: int
    error: str = ""


class Ping(_Kept, frozen=True, kw_only=True):
    """What came of the last heartbeat."""

    at: datetime
    error: str = ""


class Outbox(_Kept, frozen=True, kw_only=True):
    """The state of one account."""

    position: int
    """The last position of the log that was filed."""
    holder: str = ""
    """The gateway that sends; nobody else does."""
    memory: Memory
    pending: tuple[Pending, ...] = ()
    held: tuple[Held, ...] = ()
    lines: tuple[Line, ...] = ()
    deliveries: tuple[Delivery, ...] = ()
    """The newest first."""
    ping: Ping | None = None

    def line(self, place: str) -> Line:
        """Give how it stands with a channel."""
        return next((one for one in self.lines if one.place == place), Line(place=place))


def file(outbox: Outbox, notice: Notice, config: Config, now: datetime) -> Outbox:
    """Take a notice for every channel that is to get it."""
    takers = config.takers(notice.kind, notice.severity)
    if notice.change is not None:
        takers += tuple(it.channel for it in config.former if it.number >= notice.change)
    for channel in takers:
        outbox = _file(outbox, notice, channel, config, now)
    return outbox


def release(outbox: Outbox, config: Config, now: datetime) -> Outbox:
    """Let digests go whose time has come, and forget channels that are no more."""
    outbox = _forget(outbox, config)
    for held in outbox.held:
        channel = config.channel(held.place)
        if channel is not None and _may_go(outbox, held, channel, config, now):
            rest = tuple(one for one in outbox.held if one is not held)
            pending = (*outbox.pending, _digest(held, now))
            outbox = msgspec.structs.replace(outbox, held=rest, pending=pending)
    return outbox


def due(outbox: Outbox, now: datetime) -> tuple[Pending, ...]:
    """Give what is to be sent now: the first of each channel, urgent ones before others."""
    first: dict[str, Pending] = {}
    for one in sorted(outbox.pending, key=lambda it: not it.is_urgent):
        first.setdefault(one.place, one)
    ready: list[Pending] = []
    for one in first.values():
        retry_at = outbox.line(one.place).retry_at
        if retry_at is None or retry_at <= now:
            ready.append(one)
    return tuple(ready)


def settle(outbox: Outbox, sent: Pending, error: str, now: datetime) -> Outbox:
    """Take what came of a message."""
    line, attempt = outbox.line(sent.place), sent.attempts + 1
    at = next(i for i, one in enumerate(outbox.pending) if one == sent)
    before, after = outbox.pending[:at], outbox.pending[at + 1 :]
    is_over = not error or attempt >= (URGENT_ATTEMPTS_MAX if sent.is_urgent else ATTEMPTS_MAX)
    again = () if is_over else (msgspec.structs.replace(sent, attempts=attempt),)
    if error:
        failures = line.failures + 1
        wait_s = BACKOFF_S[min(failures, len(BACKOFF_S)) - 1]
        retry_at = now + timedelta(seconds=wait_s)
        line = msgspec.structs.replace(line, failures=failures, retry_at=retry_at)
    else:
        sent_at = (*_lately(line, now), now)
        line = msgspec.structs.replace(line, failures=0, retry_at=None, sent_at=sent_at)
    delivery = Delivery(
        at=now,
        place=sent.place,
        kind=sent.kind,
        position=sent.position,
        status="gave_up" if error and is_over else "failed" if error else "delivered",
        attempt=attempt,
        error=error,
    )
    return msgspec.structs.replace(
        outbox,
        pending=(*before, *again, *after),
        lines=(*(it for it in outbox.lines if it.place != sent.place), line),
        deliveries=(delivery, *outbox.deliveries)[:DELIVERIES_MAX],
    )


def _file(
    outbox: Outbox, notice: Notice, channel: Channel, config: Config, now: datetime
) -> Outbox:
    place, is_urgent = channel.place, notice.is_urgent
    waiting = [one for one in outbox.pending if one.place == place]
    used = len(waiting) + len(_lately(outbox.line(place), now))
    is_gathering = any(one.place == place for one in outbox.held)
    cap = URGENT_CAP if is_urgent else channel.hourly_cap
    is_held = not is_urgent and (is_gathering or config.is_quiet(now))
    if is_held or used >= cap or len(waiting) >= PENDING_MAX:
        return _hold(outbox, notice, place, now)
    pending = Pending(
        place=place,
        kind=notice.kind,
        position=notice.position,
        is_urgent=is_urgent,
        title=notice.title,
        body=notice.body,
        since=now,
    )
    return msgspec.structs.replace(outbox, pending=(*outbox.pending, pending))


def _hold(outbox: Outbox, notice: Notice, place: str, now: datetime) -> Outbox:
    found = next((one for one in outbox.held if one.place == place), None)
    if found is None:
        found = Held(place=place, counts={}, lines=(), since=now, position=notice.position)
    counts = found.counts | {notice.title: found.counts.get(notice.title, 0) + 1}
    line = f"{notice.at:%H:%M} {notice.first_line}"[:DIGEST_LINE_CHARS_MAX]
    held = Held(
        place=place,
        counts=counts,
        lines=(*found.lines, line)[-DIGEST_LINES_MAX:],
        since=found.since,
        position=notice.position,
        is_urgent=found.is_urgent or notice.is_urgent,
    )
    others = (one for one in outbox.held if one.place != place)
    return msgspec.structs.replace(outbox, held=(*others, held))


def _may_go(outbox: Outbox, held: Held, channel: Channel, config: Config, now: datetime) -> bool:
    waiting = sum(one.place == held.place for one in outbox.pending)
    used = waiting + len(_lately(outbox.line(held.place), now))
    gathers = URGENT_DIGEST_AFTER if held.is_urgent else DIGEST_AFTER
    if now - held.since < gathers or waiting >= PENDING_MAX:
        return False
    if held.is_urgent:
        return used < URGENT_CAP
    return used < channel.hourly_cap and not config.is_quiet(now)


def _digest(held: Held, now: datetime) -> Pending:
    total = sum(held.counts.values())
    counts = ", ".join(f"{title} × {count}" for title, count in sorted(held.counts.items()))
    newest = "" if total <= len(held.lines) else f"The newest {len(held.lines)}:\n"
    return Pending(
        place=held.place,
        kind=DIGEST,
        position=held.position,
        is_urgent=held.is_urgent,
        title=f"{total} notices since {held.since:%d %b %H:%M} UTC",
        body=f"{counts[:300]}\n{newest}" + "\n".join(held.lines),
        since=now,
    )


def _lately(line: Line, now: datetime) -> tuple[datetime, ...]:
    return tuple(at for at in line.sent_at if now - at < HOUR)[-URGENT_CAP:]


def _forget(outbox: Outbox, config: Config) -> Outbox:
    every = [*outbox.pending, *outbox.held, *outbox.lines]
    if all(config.channel(one.place) is not None for one in every):
        return outbox
    return msgspec.structs.replace(
        outbox,
        pending=tuple(it for it in outbox.pending if config.channel(it.place) is not None),
        held=tuple(it for it in outbox.held if config.channel(it.place) is not None),
        lines=tuple(it for it in outbox.lines if config.channel(it.place) is not None),
    )
