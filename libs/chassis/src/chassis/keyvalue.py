"""Small values by key, shared by processes: the newest of each, with its revision.

A revision is the sequence in the bucket's stream, so it grows over all keys. A change that
depends on what stands is made with the revision that was seen, and exactly one of two wins.
"""

import json
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Protocol
from uuid import uuid4

from chassis import jetstream
from chassis.connection import Connection
from chassis.consumers import Delivery, PullSpec
from chassis.jetstream import JetStreamError
from chassis.pull import Pull
from chassis.wire import Message, encode_headers
from contracts.subjects import Bucket

_OPERATION = "KV-Operation"
_DELETED = "DEL"
_EXPECTED_LAST = "Nats-Expected-Last-Subject-Sequence"
_WINDOW = 256


@dataclass(frozen=True, slots=True)
class Change:
    """What stands under a key since `revision`; no value when it was deleted."""

    key: str
    revision: int
    value: bytes | None


class RevisionConflict(Exception):
    """Another change of the key came first."""


class BucketLost(Exception):
    """The bucket holds less than was seen of it: its data are gone, or others."""


class Watcher(Protocol):
    """Tells what stands at first, then every change in order."""

    @property
    def is_current(self) -> bool:
        """Say whether everything that stands has been told, as far as the server can be heard."""
        ...

    async def next(self, timeout_s: float | None = None) -> list[Change]:
        """Give what is new; an empty list only when the time is over. Raises BucketLost."""
        ...


class KeyValue(Protocol):
    """One bucket."""

    async def get(self, key: str) -> Change | None:
        """Give what stands under a key; None when nothing does. Waits out every outage."""
        ...

    async def put(self, key: str, value: bytes, *, revision: int) -> int:
        """Replace the value of `revision`, 0 for a key that was never used; give the new revision.

        Raises RevisionConflict, and OutcomeUnknown when the server did not answer.
        """
        ...

    async def take(self, key: str, *, revision: int) -> None:
        """Delete the value of `revision`. Raises as `put`."""
        ...

    async def delete(self, key: str) -> None:
        """Delete whatever stands. Waits out every outage."""
        ...

    def watch(self) -> AbstractAsyncContextManager[Watcher]:
        """Follow all keys."""
        ...


class KeyValueClient:
    """A bucket on a NATS server."""

    def __init__(self, connection: Connection, bucket: Bucket) -> None:
        self._connection = connection
        self._stream = f"KV_{bucket}"
        self._prefix = f"$KV.{bucket}."

    async def get(self, key: str) -> Change | None:
        """Do as KeyValue.get."""
        query = {"last_by_subj": self._prefix + key}
        message = await jetstream.stored(self._connection, self._stream, query)
        if message is None or _OPERATION in message.headers:
            return None
        return Change(key, int(message.headers["Nats-Sequence"]), message.data)

    async def put(self, key: str, value: bytes, *, revision: int) -> int:
        """Do as KeyValue.put."""
        return await self._send(key, value, {_EXPECTED_LAST: str(revision)})

    async def take(self, key: str, *, revision: int) -> None:
        """Do as KeyValue.take."""
        await self._send(key, b"", {_OPERATION: _DELETED, _EXPECTED_LAST: str(revision)})

    async def delete(self, key: str) -> None:
        """Do as KeyValue.delete."""
        await jetstream.insist(
            self._connection, lambda: self._send(key, b"", {_OPERATION: _DELETED})
        )

    @asynccontextmanager
    async def watch(self) -> AsyncGenerator[Watcher, None]:
        """Do as KeyValue.watch."""
        spec = PullSpec(
            stream=self._stream,
            consumer=f"watch-{uuid4().hex}",
            filters=(),
            is_durable=False,
            window=_WINDOW,
        )
        pull = Pull(self._connection, spec, after=0, make=self._change, resume=self._resume)
        async with pull:
            yield _Watcher(pull)

    async def _resume(self, handed_out: int) -> int:
        last = await jetstream.last_sequence(self._connection, self._stream)
        if last < handed_out:
            raise BucketLost(f"expected revision {handed_out} in {self._stream}, found {last}")
        return handed_out

    async def _send(self, key: str, value: bytes, headers: dict[str, str]) -> int:
        subject = self._prefix + key
        answer = await self._connection.request(subject, value, head=encode_headers(headers))
        result = json.loads(answer.data)
        if "error" not in result:
            return int(result["seq"])
        error = JetStreamError(subject=self._stream, error=result["error"])
        if error.err_code == jetstream.WRONG_LAST_SEQUENCE:
            raise RevisionConflict(str(error)) from None
        raise error

    def _change(self, message: Message, delivery: Delivery) -> Change:
        is_deleted = _OPERATION in message.headers
        return Change(
            key=message.subject.removeprefix(self._prefix),
            revision=delivery.sequence,
            value=None if is_deleted else message.data,
        )


class _Watcher:
    def __init__(self, pull: Pull[Change]) -> None:
        self._pull = pull

    @property
    def is_current(self) -> bool:
        return self._pull.is_exhausted

    async def next(self, timeout_s: float | None = None) -> list[Change]:
        return await self._pull.next(timeout_s)
