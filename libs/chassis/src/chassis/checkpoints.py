"""Checkpoints: a fold's state with the position that it was taken at.

An accelerator, never the truth: a checkpoint that is absent or wrong costs time, not correctness.
"""

import hashlib
import json
import zlib
from dataclasses import asdict, dataclass
from typing import Protocol

import structlog

from chassis import jetstream, reading
from chassis.connection import Connection
from chassis.jetstream import JetStreamError
from contracts import codec
from contracts.subjects import Bucket, bucket

_SEPARATOR = b"\n"
_BYTES_MAX = bucket(Bucket.CHECKPOINTS).value_bytes_max
_LEVEL = 1
"""Fast compression: a checkpoint is written far more often than it is read."""

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A state, and the position of the last event folded into it."""

    position: int
    state: bytes


class CheckpointTooLarge(Exception):
    """The state does not fit into one value of the bucket, even compressed."""


class Keeps(Protocol):
    """Where checkpoints go."""

    async def save(self, name: str, *, version: str, position: int, state: bytes) -> None:
        """Keep the state in place of the one before. Raises CheckpointTooLarge."""
        ...


class Checkpoints(Keeps, Protocol):
    """Where folds keep their checkpoints."""

    async def load(self, name: str, *, version: str) -> Checkpoint | None:
        """Give the checkpoint; None when there is none, or when it is refused.

        It is refused when the digest, the version, or the id of the event at its position is not
        the one it was taken with; the log line `checkpoint_refused` says which.
        """
        ...


async def keep(checkpoints: Keeps, name: str, *, version: str, position: int, state: bytes) -> None:
    """Keep the state, or say that it is too large: the next start then folds more of the log."""
    try:
        await checkpoints.save(name, version=version, position=position, state=state)
    except CheckpointTooLarge as error:
        _log.error("checkpoint_too_large", name=name, error=str(error))


@dataclass(frozen=True, slots=True)
class _Header:
    version: str
    position: int
    event_id: str
    """Id of the event of the log at `position`, empty at 0: the same log has the same one."""
    sha256: str
    """Of the state, before compression."""


class KeyValueCheckpoints:
    """Checkpoints in the KV bucket; a value is one line of JSON and the compressed state."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def load(self, name: str, *, version: str) -> Checkpoint | None:
        """Do as Checkpoints.load."""
        message = await jetstream.stored(
            self._connection, f"KV_{Bucket.CHECKPOINTS}", {"last_by_subj": _key(name)}
        )
        if message is None or message.headers.get("KV-Operation"):
            return None
        try:
            head, _, packed = message.data.partition(_SEPARATOR)
            header = _Header(**json.loads(head))
            state = zlib.decompress(packed)
        except (ValueError, TypeError, zlib.error) as error:
            _refuse(name, field="value", expected="a header and a state", found=str(error))
            return None
        found_id = await self._event_id(header.position)
        for field, expected, found in (
            ("version", version, header.version),
            ("sha256", header.sha256, hashlib.sha256(state).hexdigest()),
            ("event_id", header.event_id, found_id),
        ):
            if expected != found:
                _refuse(name, field=field, expected=expected, found=found)
                return None
        return Checkpoint(position=header.position, state=state)

    async def save(self, name: str, *, version: str, position: int, state: bytes) -> None:
        """Do as Checkpoints.save."""
        header = _Header(
            version=version,
            position=position,
            event_id=await self._event_id(position),
            sha256=hashlib.sha256(state).hexdigest(),
        )
        value = json.dumps(asdict(header)).encode() + _SEPARATOR + zlib.compress(state, _LEVEL)
        if len(value) > _BYTES_MAX:
            raise CheckpointTooLarge(
                f"expected checkpoint {name} to have at most {_BYTES_MAX} bytes, "
                f"found {len(value)} ({len(state)} before compression)"
            )
        answer = await jetstream.insist(
            self._connection, lambda: self._connection.request(_key(name), value)
        )
        result = json.loads(answer.data)
        if "error" in result:
            raise JetStreamError(subject=_key(name), error=result["error"])

    async def _event_id(self, position: int) -> str:
        """Give the id of the event at a position of the log; empty when there is none."""
        if position == 0:
            return ""
        message = await reading.stored(self._connection, {"seq": position})
        return "" if message is None else message.headers.get(codec.ID, "")


def _key(name: str) -> str:
    return f"$KV.{Bucket.CHECKPOINTS}.{name}"


def _refuse(name: str, *, field: str, expected: str, found: str) -> None:
    _log.warning("checkpoint_refused", name=name, field=field, expected=expected, found=found)
