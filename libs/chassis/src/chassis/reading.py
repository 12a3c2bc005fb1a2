"""Reading the log: single messages, and all of them from a position to a position."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import uuid4

from chassis import jetstream
from chassis.connection import Connection
from chassis.consumers import Delivery, PullSpec
from chassis.pull import Pull
from chassis.wire import Message
from contracts import codec
from contracts.event import Recorded
from contracts.subjects import StreamName

WINDOW = 1024
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PATIENCE_S = 5.0
_NO_MESSAGE = 10037


class LogGap(Exception):
    """Positions of the log are missing: it was cut, or belongs to other data."""

    def __init__(self, *, expected: int, found: int) -> None:
        super().__init__(f"expected position {expected} of the log, found {found}")
        self.expected = expected
        self.found = found


class LogForked(Exception):
    """A position of the log holds another message than it did: this is not the same log."""


class RawMessage(NamedTuple):
    """A message of the log, not decoded."""

    position: int
    subject: str
    headers: Mapping[str, str]
    body: bytes
    recorded_at: datetime


def decode(message: RawMessage) -> Recorded:
    """Read the event in a message; raise codec.UndecodableMessage, with the position noted."""
    try:
        return codec.decode(
            subject=message.subject,
            headers=message.headers,
            body=message.body,
            position=message.position,
            recorded_at=message.recorded_at,
        )
    except codec.UndecodableMessage as error:
        error.add_note(f"at position {message.position} on {message.subject}")
        raise


def make_raw(message: Message, delivery: Delivery) -> RawMessage:
    """Give a delivered message its place in the log."""
    return RawMessage(
        position=delivery.sequence,
        subject=message.subject,
        headers=message.headers,
        body=message.data,
        recorded_at=_EPOCH + timedelta(microseconds=delivery.time_ns // 1000),
    )


def hole(expected: int, found: int) -> LogGap:
    """Give the error for positions that are missing."""
    return LogGap(expected=expected, found=found)


class Resume:
    """Says where a follower of the log goes on, and proves that the log still has that place."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._seen: RawMessage | None = None

    def saw(self, message: RawMessage) -> None:
        """Remember the last message handed out."""
        self._seen = message

    async def __call__(self, handed_out: int) -> int:
        """Give the position to go on after; raise LogGap when the log has it no longer."""
        if handed_out == 0:
            return 0
        now = await stored(self._connection, {"seq": handed_out})
        if now is None:
            head = await jetstream.last_sequence(self._connection, StreamName.LOG)
            raise LogGap(expected=handed_out, found=head)
        seen = self._seen
        if seen is not None and seen.position == handed_out and _identity(seen) != _identity(now):
            raise LogForked(f"expected {_identity(seen)} at {handed_out}, found {_identity(now)}")
        return handed_out


def _identity(message: RawMessage) -> tuple[str, str]:
    return message.subject, message.headers.get(codec.MESSAGE_ID, "")


async def stored(connection: Connection, query: Mapping[str, str | int]) -> RawMessage | None:
    """Get one message by `{"seq": n}` or `{"last_by_subj": subject}`."""
    message = await jetstream.stored(connection, StreamName.LOG, query)
    if message is None:
        return None
    headers = dict(message.headers)
    headers.pop("Nats-Stream", None)
    return RawMessage(
        position=int(headers.pop("Nats-Sequence")),
        subject=headers.pop("Nats-Subject"),
        recorded_at=jetstream.stored_time(headers.pop("Nats-Time-Stamp")),
        headers=headers,
        body=message.data,
    )


async def last_position(connection: Connection, subjects: str) -> int:
    """Give the position of the last message on the subjects of a filter; 0 when there is none.

    The leader answers, and no other replica, so nothing is missing that was acknowledged before.
    """
    query = {"last_by_subj": subjects}
    try:
        told = await jetstream.insist_call(connection, f"STREAM.MSG.GET.{StreamName.LOG}", query)
    except jetstream.JetStreamError as error:
        if error.err_code != _NO_MESSAGE:
            raise
        return 0
    return int(told["message"]["seq"])


async def read_raw(
    connection: Connection, *, after: int, until: int | None, subjects: Sequence[str]
) -> AsyncIterator[RawMessage]:
    """Give the messages after `after` until `until`, or until the head at the call."""
    head = await jetstream.last_sequence(connection, StreamName.LOG)
    end = head if until is None else min(until, head)
    if after >= end:
        return
    resume = Resume(connection)
    pull = Pull(
        connection,
        PullSpec(
            stream=StreamName.LOG,
            consumer=f"read-{uuid4().hex}",
            filters=tuple(subjects),
            is_durable=False,
            window=WINDOW,
        ),
        after=after,
        make=make_raw,
        resume=resume,
        hole=None if subjects else hole,
    )
    async with pull:
        while not pull.is_exhausted:
            for message in await pull.next(_PATIENCE_S):
                if message.position > end:
                    return
                resume.saw(message)
                yield message
                if message.position == end:
                    return
