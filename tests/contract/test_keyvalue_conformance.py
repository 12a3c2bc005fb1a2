"""One suite for every implementation of a KV bucket."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import cast

import pytest

from chassis.keyvalue import Change, KeyValue, RevisionConflict, Watcher
from kit.chassis_stage import KINDS, Kind, stage


@pytest.fixture(params=KINDS)
async def bucket(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[KeyValue, None]:
    async with stage(cast("Kind", request.param), tmp_path) as opened:
        yield opened.keyvalue


async def heard(watcher: Watcher, count: int) -> list[Change]:
    changes: list[Change] = []
    while len(changes) < count:
        changes += await watcher.next(5)
    return changes


async def test_what_was_put_is_given_with_its_revision(bucket: KeyValue) -> None:
    assert await bucket.get("a") is None
    revision = await bucket.put("a", b"one", revision=0)
    assert await bucket.get("a") == Change("a", revision, b"one")
    assert await bucket.get("b") is None


async def test_only_the_revision_that_stands_is_replaced(bucket: KeyValue) -> None:
    first = await bucket.put("a", b"one", revision=0)
    second = await bucket.put("a", b"two", revision=first)
    for stale in (0, first, second + 1):
        with pytest.raises(RevisionConflict):
            await bucket.put("a", b"late", revision=stale)
        with pytest.raises(RevisionConflict):
            await bucket.take("a", revision=stale)
    assert await bucket.get("a") == Change("a", second, b"two")


async def test_of_many_takers_one_wins(bucket: KeyValue) -> None:
    revision = await bucket.put("a", b"one", revision=0)
    takers = [bucket.take("a", revision=revision) for _ in range(8)]
    ends = await asyncio.gather(*takers, return_exceptions=True)
    assert ends.count(None) == 1
    assert sum(isinstance(end, RevisionConflict) for end in ends) == 7
    assert await bucket.get("a") is None


async def test_what_was_deleted_cannot_be_replaced(bucket: KeyValue) -> None:
    revision = await bucket.put("a", b"one", revision=0)
    await bucket.delete("a")
    await bucket.delete("a")
    await bucket.delete("never")
    for seen in (0, revision):
        with pytest.raises(RevisionConflict):
            await bucket.put("a", b"again", revision=seen)
    assert await bucket.get("a") is None


async def test_a_watcher_hears_what_stands_and_what_changes(bucket: KeyValue) -> None:
    first = await bucket.put("a", b"one", revision=0)
    second = await bucket.put("b", b"two", revision=0)
    third = await bucket.put("a", b"three", revision=first)
    async with bucket.watch() as watcher:
        assert await heard(watcher, 2) == [
            Change("b", second, b"two"),
            Change("a", third, b"three"),
        ]
        assert await watcher.next(0.05) == []
        assert watcher.is_current
        await bucket.delete("b")
        (gone,) = await heard(watcher, 1)
        assert (gone.key, gone.value) == ("b", None)
        assert gone.revision > third
