"""Logs of processes stay small, and no line is lost when a new file begins."""

from pathlib import Path

import pytest

from supervisor.log_file import OLD_FILES_MAX, LogFile

BYTES_MAX = 100


def line(number: int) -> bytes:
    return f"line {number:04}\n".encode()


def written(path: Path, numbers: range) -> None:
    with LogFile(path, bytes_max=BYTES_MAX) as log:
        for number in numbers:
            log.write(line(number))


def files_of(path: Path) -> list[bytes]:
    """Give what the files hold, the oldest first."""
    found = sorted(path.parent.glob(f"{path.name}*"), reverse=True)
    return [it.read_bytes() for it in found]


def test_no_line_is_lost_or_torn_at_the_turn_also_of_another_run(tmp_path: Path) -> None:
    path = tmp_path / "tiny.log"
    written(path, range(17))
    written(path, range(17, 45))

    # 10 bytes a line, so ten of them in a file.
    assert [len(it) for it in files_of(path)] == [100, 100, 100, 100, 50]
    assert b"".join(files_of(path)) == b"".join(map(line, range(45)))


def test_the_oldest_goes(tmp_path: Path) -> None:
    path = tmp_path / "tiny.log"
    written(path, range(1_000))

    files = files_of(path)
    assert len(files) == 1 + OLD_FILES_MAX
    assert b"".join(files) == b"".join(map(line, range(950, 1_000)))


def test_a_line_larger_than_a_file_has_one_for_itself(tmp_path: Path) -> None:
    path = tmp_path / "tiny.log"
    with LogFile(path, bytes_max=BYTES_MAX) as log:
        for it in (b"one\n", b"x" * 500 + b"\n", b"two\n"):
            log.write(it)

    assert files_of(path) == [b"one\n", b"x" * 500 + b"\n", b"two\n"]


def test_where_nothing_can_be_renamed_the_file_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Path, target: Path) -> Path:
        raise PermissionError(self, target)

    path = tmp_path / "tiny.log"
    monkeypatch.setattr(Path, "rename", refuse)
    written(path, range(30))

    assert files_of(path) == [b"".join(map(line, range(30)))]
