"""Checkpoints and dead letters in memory."""

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import structlog

from chassis.checkpoints import Checkpoint, CheckpointTooLarge
from chassis.log import Log
from contracts import codec

STATE_BYTES_MAX = 1_000_000

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Kept:
    version: str
    position: int
    event_id: str
    digest: str
    state: bytes


class InMemoryCheckpoints:
    """Checkpoints in a dict, with the checks of the real ones."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._kept: dict[str, _Kept] = {}
        self.refused: list[str] = []
        """Why checkpoints were refused, in order."""

    async def load(self, name: str, *, version: str) -> Checkpoint | None:
        """Do as Checkpoints.load."""
        await asyncio.sleep(0)
        kept = self._kept.get(name)
        if kept is None:
            return None
        found_id = await self._event_id(kept.position)
        digest = hashlib.sha256(kept.state).hexdigest()
        for what, expected, found in (
            ("version", version, kept.version),
            ("digest", kept.digest, digest),
            ("event", kept.event_id, found_id),
        ):
            if expected != found:
                _log.warning(
                    "checkpoint_refused", name=name, field=what, expected=expected, found=found
                )
                self.refused.append(what)
                return None
        return Checkpoint(position=kept.position, state=kept.state)

    async def save(self, name: str, *, version: str, position: int, state: bytes) -> None:
        """Do as Checkpoints.save."""
        await asyncio.sleep(0)
        if len(state) > STATE_BYTES_MAX:
            raise CheckpointTooLarge(
                f"expected at most {STATE_BYTES_MAX} bytes, found {len(state)}"
            )
        self._kept[name] = _Kept(
            version=version,
            position=position,
            event_id=await self._event_id(position),
            digest=hashlib.sha256(state).hexdigest(),
            state=state,
        )

    def damage(self, name: str) -> None:
        """Flip a bit of the kept state."""
        kept = self._kept[name]
        state = bytes([kept.state[0] ^ 1]) + kept.state[1:] if kept.state else b"?"
        self._kept[name] = _Kept(kept.version, kept.position, kept.event_id, kept.digest, state)

    def copy_from(self, other: "InMemoryCheckpoints") -> None:
        """Take another bucket's checkpoints, as a restored backup would."""
        self._kept |= other._kept

    async def _event_id(self, position: int) -> str:
        if position == 0:
            return ""
        async for message in self._log.read_raw(after=position - 1, until=position):
            return message.headers.get(codec.ID, "")
        return ""


@dataclass(frozen=True, slots=True)
class Parked:
    """A dead letter."""

    what: str
    reason: str
    body: bytes
    headers: Mapping[str, str]
    origin: str


class InMemoryDeadLetters:
    """Dead letters in a list; equal bytes from the same origin are kept once."""

    def __init__(self) -> None:
        self.parked: list[Parked] = []

    async def park(
        self,
        *,
        what: str,
        reason: str,
        body: bytes,
        headers: Mapping[str, str] | None = None,
        origin: str = "",
    ) -> None:
        """Do as DeadLetters.park."""
        await asyncio.sleep(0)
        letter = Parked(what, reason, body, dict(headers or {}), origin)
        known = {(kept.what, kept.origin, kept.body) for kept in self.parked}
        if (what, origin, body) not in known:
            self.parked.append(letter)
