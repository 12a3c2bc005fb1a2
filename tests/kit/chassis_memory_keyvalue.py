"""A KV bucket in memory, with outages."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from chassis.connection import OutcomeUnknown
from chassis.keyvalue import Change, RevisionConflict


class InMemoryKeyValue:
    """A KeyValue over a dict; `pause()` begins an outage and `resume()` ends it."""

    def __init__(self) -> None:
        self._stands: dict[str, Change] = {}
        self._revision = 0
        self._up = asyncio.Event()
        self._up.set()
        self._changed = asyncio.Condition()

    @property
    def values(self) -> dict[str, bytes]:
        """Give all values that stand."""
        return {
            key: change.value for key, change in self._stands.items() if change.value is not None
        }

    def pause(self) -> None:
        """Begin an outage."""
        self._up.clear()

    async def resume(self) -> None:
        """End an outage."""
        self._up.set()
        async with self._changed:
            self._changed.notify_all()

    async def get(self, key: str) -> Change | None:
        """Do as KeyValue.get."""
        await asyncio.sleep(0)
        await self._up.wait()
        found = self._stands.get(key)
        return None if found is None or found.value is None else found

    async def put(self, key: str, value: bytes, *, revision: int) -> int:
        """Do as KeyValue.put."""
        await self._require_up()
        self._require(key, revision)
        return await self._set(key, value)

    async def take(self, key: str, *, revision: int) -> None:
        """Do as KeyValue.take."""
        await self._require_up()
        self._require(key, revision)
        await self._set(key, None)

    async def delete(self, key: str) -> None:
        """Do as KeyValue.delete."""
        await asyncio.sleep(0)
        await self._up.wait()
        await self._set(key, None)

    @asynccontextmanager
    async def watch(self) -> AsyncGenerator["_MemoryWatcher", None]:
        """Do as KeyValue.watch."""
        yield _MemoryWatcher(self)

    def changes(self, after: int) -> list[Change]:
        """Give what stands and is newer than a revision; nothing in an outage."""
        if not self.is_up:
            return []
        newer = (change for change in self._stands.values() if change.revision > after)
        return sorted(newer, key=lambda change: change.revision)

    @property
    def is_up(self) -> bool:
        """Say whether there is no outage."""
        return self._up.is_set()

    async def changed(self) -> None:
        """Wait for a change, or for the end of an outage."""
        async with self._changed:
            await self._changed.wait()

    async def _require_up(self) -> None:
        await asyncio.sleep(0)
        if not self.is_up:
            raise OutcomeUnknown("expected an answer, found none")

    def _require(self, key: str, revision: int) -> None:
        found = self._stands.get(key)
        if (0 if found is None else found.revision) != revision:
            raise RevisionConflict(f"expected revision {revision} of {key}, found {found}")

    async def _set(self, key: str, value: bytes | None) -> int:
        self._revision += 1
        self._stands[key] = Change(key, self._revision, value)
        async with self._changed:
            self._changed.notify_all()
        return self._revision


class _MemoryWatcher:
    def __init__(self, bucket: InMemoryKeyValue) -> None:
        self._bucket = bucket
        self._seen = 0

    @property
    def is_current(self) -> bool:
        return self._bucket.is_up and not self._bucket.changes(self._seen)

    async def next(self, timeout_s: float | None = None) -> list[Change]:
        try:
            async with asyncio.timeout(timeout_s):
                while not (found := self._bucket.changes(self._seen)):
                    await self._bucket.changed()
        except TimeoutError:
            return []
        await asyncio.sleep(0)
        self._seen = found[-1].revision
        return found
