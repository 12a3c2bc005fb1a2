"""Appends of several events are laid out in memory, and only their speed depends on it."""

import asyncio
import errno
import shutil
from pathlib import Path

import pytest

from chassis.log import LogClient
from kit.chassis_events import drafts
from kit.chassis_stage import real_stage
from supervisor import staging
from supervisor.staging import Staging


async def positions(log: LogClient, first: int, last: int) -> list[int]:
    """Append drafts in one piece; give where they stand."""
    return [it.position for it in await log.append(drafts(first, last))]


@pytest.fixture
def memory(tmp_path: Path) -> Path:
    """Give a folder to stand for the memory."""
    folder = tmp_path / "memory"
    folder.mkdir()
    return folder


def the_folder(memory: Path) -> Path:
    """Give the one folder that lies in the memory."""
    (folder,) = memory.iterdir()
    return folder


def is_empty(memory: Path) -> bool:
    """Say whether the memory was given back."""
    return not list(memory.iterdir())


def a_store(folder: Path) -> Path:
    """Give a store as the server leaves it that holds our log."""
    (folder / "store/jetstream/$G/streams/LOG/batches").mkdir(parents=True)
    return folder / "store"


async def test_an_append_waits_whole_while_the_memory_is_gone(memory: Path, tmp_path: Path) -> None:
    async with real_stage(tmp_path / "nats") as stage:
        staged = Staging(stage.server.store, memory=memory)
        assert staged.keep()
        assert await positions(stage.log, 1, 3) == [1, 2, 3]

        shutil.rmtree(the_folder(memory))
        waiting = asyncio.create_task(positions(stage.log, 4, 6))
        await asyncio.wait([waiting], timeout=0.2)
        assert not waiting.done()
        assert await stage.log.head() == 3

        assert staged.keep()
        assert await waiting == [4, 5, 6]


async def test_a_server_that_starts_again_needs_nothing_of_it(memory: Path, tmp_path: Path) -> None:
    async with real_stage(tmp_path / "nats") as stage:
        staged = Staging(stage.server.store, memory=memory)
        assert staged.keep()
        assert await positions(stage.log, 1, 3) == [1, 2, 3]
        await stage.server.restart()
        assert await positions(stage.log, 4, 6) == [4, 5, 6]
        assert staged.keep()
        assert await positions(stage.log, 7, 9) == [7, 8, 9]
        await stage.server.kill()
        shutil.rmtree(memory)
        await stage.server.start()
        assert await stage.log.head() == 9


def test_a_disk_that_takes_no_change_ends_nothing(
    memory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    staged = Staging(a_store(tmp_path), memory=memory)
    assert staged.keep()
    monkeypatch.setattr(Path, "unlink", refuse)
    staged.remove()


def test_an_append_that_is_laid_out_on_disk_is_left_there(memory: Path, tmp_path: Path) -> None:
    store = a_store(tmp_path)
    batch = store / "jetstream/$G/streams/LOG/batches/1"
    batch.mkdir()
    staged = Staging(store, memory=memory)

    assert not staged.keep()
    batch.rmdir()
    assert staged.keep()


def test_a_store_without_a_log_is_left_alone(memory: Path, tmp_path: Path) -> None:
    assert not Staging(tmp_path / "store", memory=memory).keep()
    assert not (tmp_path / "store").exists()


def test_a_machine_without_such_memory_works_on_disk(tmp_path: Path) -> None:
    staged = Staging(a_store(tmp_path), memory=tmp_path / "none")

    assert not staged.keep()
    staged.remove()


async def test_memory_that_is_nearly_full_is_given_back(
    memory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with real_stage(tmp_path / "nats") as stage:
        staged = Staging(stage.server.store, memory=memory)
        assert staged.keep()
        assert await positions(stage.log, 1, 3) == [1, 2, 3]
        monkeypatch.setattr(staging, "_FREE_BYTES_MIN", shutil.disk_usage(memory).total + 1)

        assert not staged.keep()
        assert await positions(stage.log, 4, 6) == [4, 5, 6]
        assert is_empty(memory)


@pytest.mark.parametrize("kind", ["folder", "link"])
def test_what_others_could_reach_is_neither_used_nor_removed(
    memory: Path, tmp_path: Path, kind: str
) -> None:
    store = a_store(tmp_path)
    staged = Staging(store, memory=memory)
    assert staged.keep()
    folder = the_folder(memory)
    staged.remove()
    assert is_empty(memory)
    (store / "jetstream/$G/streams/LOG/batches").mkdir()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o755)
    if kind == "link":
        folder.symlink_to(elsewhere)
    else:
        folder.mkdir(mode=0o755)

    assert not staged.keep()
    staged.remove()
    assert folder.exists()
    assert elsewhere.exists()
