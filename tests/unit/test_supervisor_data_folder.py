"""The data folder refuses what would mix two worlds, in one line."""

import errno
from pathlib import Path
from typing import IO

import pytest

from supervisor.data_folder import MARKER, DataFolder, read_runtime
from supervisor.refusal import Refusal


def test_a_new_folder_is_marked_and_opens_again_with_the_same_feed(tmp_path: Path) -> None:
    DataFolder(tmp_path / "data", feed="synthetic:7").close()
    DataFolder(tmp_path / "data", feed="synthetic:7").close()
    assert (tmp_path / "data" / MARKER).exists()


def test_another_feed_is_refused_by_name(tmp_path: Path) -> None:
    DataFolder(tmp_path, feed="synthetic:7").close()
    with pytest.raises(Refusal, match=r"holds the feed 'synthetic:7'.*not 'binance:solusdt'"):
        DataFolder(tmp_path, feed="binance:solusdt")


def test_a_folder_with_other_files_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("mine", encoding="utf-8")
    with pytest.raises(Refusal, match="expected an empty folder"):
        DataFolder(tmp_path, feed="synthetic:7")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["thesis.tex"]


def test_a_file_in_its_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("", encoding="utf-8")
    with pytest.raises(Refusal, match="expected a folder"):
        DataFolder(tmp_path / "data", feed="synthetic:7")


@pytest.mark.parametrize("content", ["", "{", "[]", '{"format": 1}'])
def test_a_damaged_marker_is_refused_unless_it_is_empty(tmp_path: Path, content: str) -> None:
    DataFolder(tmp_path, feed="synthetic:7").close()
    (tmp_path / MARKER).write_text(content, encoding="utf-8")
    if content:
        with pytest.raises(Refusal, match="unreadable content"):
            DataFolder(tmp_path, feed="synthetic:7")
    else:  # A crash between creating and writing the marker: nothing else can be there yet.
        DataFolder(tmp_path, feed="synthetic:7").close()


def test_a_folder_in_use_is_refused_and_tells_how_to_reach_it(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path, feed="synthetic:7")
    folder.write_runtime({"nats_url": "nats://127.0.0.1:1"})
    with pytest.raises(Refusal, match="in use by process"):
        DataFolder(tmp_path, feed="synthetic:7")
    assert read_runtime(tmp_path) == {"nats_url": "nats://127.0.0.1:1"}
    assert (tmp_path / "runtime.json").stat().st_mode & 0o077 == 0
    folder.close()
    assert read_runtime(tmp_path) is None


def test_a_desk_that_starts_just_now_is_said_to(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path, feed="synthetic:7")
    with pytest.raises(Refusal, match="starts or stops just now"):
        read_runtime(tmp_path)
    folder.close()


def test_a_disk_that_takes_nothing_is_said_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> IO[str]:
        raise OSError(errno.ENOSPC, "No space left on device", str(tmp_path / ".lock"))

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(Refusal, match=r"expected to write in the data folder .*No space left"):
        DataFolder(tmp_path, feed="synthetic:7")


def test_a_disk_that_had_no_room_for_the_marker_is_no_reason_later(tmp_path: Path) -> None:
    (tmp_path / ".lock").touch()
    folder = DataFolder(tmp_path, feed="synthetic:7")
    assert folder.is_new
    folder.close()
    assert (tmp_path / MARKER).exists()


def test_a_start_that_was_refused_leaves_the_folder_new(tmp_path: Path) -> None:
    DataFolder(tmp_path, feed="synthetic:7").close()
    again = DataFolder(tmp_path, feed="synthetic:7")
    assert again.is_new
    again.close()
