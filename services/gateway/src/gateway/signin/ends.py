"""Ends of sessions that the bucket has not taken yet, on this machine's disk.

A gateway that is restarted while NATS is away would else hear of the sessions from the bucket, and
take them for alive.
"""

import asyncio
import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import msgspec
import structlog

from chassis.settings import ConfigurationError

_log = structlog.get_logger()


class End(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was ended: the session under a key of the bucket, or all that a wallet had at a time."""

    key: str
    at: datetime
    is_wallet: bool = False


_ends = msgspec.json.Decoder(list[End])


class Ends:
    """What is to be ended still; without a file it is forgotten with the process."""

    def __init__(self, path: Path | None) -> None:
        """Read what an earlier process left; raise ConfigurationError when that is no list."""
        self._path = path
        self._lock = asyncio.Lock()
        self._waiting: dict[End, None] = {}
        if path is not None and path.exists():
            try:
                self._waiting = dict.fromkeys(_ends.decode(path.read_bytes()))
            except msgspec.DecodeError as error:
                raise ConfigurationError(
                    f"expected SESSION_ENDS_FILE {path} to hold ends of sessions, found {error}"
                ) from None

    @property
    def waiting(self) -> tuple[End, ...]:
        """Give what the bucket has not taken, the oldest first."""
        return tuple(self._waiting)

    async def add(self, ends: Sequence[End]) -> None:
        """Keep ends; a disk that does not take them holds up nobody."""
        self._waiting.update(dict.fromkeys(ends))
        await self._write()

    async def remove(self, end: End) -> None:
        """Forget an end that the bucket has taken."""
        self._waiting.pop(end, None)
        await self._write()

    async def _write(self) -> None:
        if self._path is None:
            return
        async with self._lock:
            data = msgspec.json.encode(list(self._waiting))
            try:
                await asyncio.to_thread(_replace, self._path, data)
            except OSError as error:
                _log.error("session_ends_not_kept", error=str(error))


def _replace(path: Path, data: bytes) -> None:
    fresh = path.with_suffix(".new")
    with fresh.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
