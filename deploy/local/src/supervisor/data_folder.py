"""The data folder: one log, one database, one feed, and one supervisor at a time."""

import fcntl
import json
import os
import secrets
from pathlib import Path
from typing import IO

from supervisor.refusal import Refusal

STORE = "nats"
"""Where JetStream's files lie in a data folder."""
MARKER = "perp-desk.json"
LOCK = ".lock"
RUNTIME = "runtime.json"
_FORMAT = 1


class DataFolder:
    """A folder that this supervisor owns until `close`.

    Raises Refusal when it holds something else, another feed, or another supervisor.
    """

    def __init__(self, path: Path, *, feed: str) -> None:
        self.path = path
        if path.exists() and not path.is_dir():
            raise Refusal(f"expected a folder at {path}, found a file")
        try:
            path.mkdir(parents=True, exist_ok=True)
            is_new = not any(it.name != LOCK for it in path.iterdir())
        except OSError as error:
            raise Refusal(f"cannot make the data folder {path}: {error.strerror}") from None
        self.is_new = not (path / STORE).exists()
        """Whether nothing was recorded in it yet."""
        if not is_new and not (path / MARKER).exists():
            raise Refusal(
                f"expected an empty folder or one that `up` made at {path}, found other files"
            )
        try:
            self._lock = self._take_lock()
            if is_new or not (path / MARKER).stat().st_size:
                marker = {"format": _FORMAT, "feed": feed}
                (path / MARKER).write_text(json.dumps(marker), encoding="utf-8")
                return
        except OSError as error:
            raise Refusal(
                f"expected to write in the data folder {path}, found: {error.strerror}"
            ) from None
        self._check_marker(feed)

    @property
    def logs(self) -> Path:
        """Give the folder of the logs, which is there."""
        folder = self.path / "logs"
        folder.mkdir(exist_ok=True)
        return folder

    def write_runtime(self, runtime: dict[str, str]) -> None:
        """Tell other commands how to reach what runs here; readable by the owner only."""
        target = self.path / RUNTIME
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(runtime, file, indent=1)

    def key_file(self, name: str) -> Path:
        """Give a file with a key of 32 random bytes, made at first; only the owner reads it."""
        folder = self.path / "keys"
        folder.mkdir(mode=0o700, exist_ok=True)
        target, part = folder / f"{name}.key", folder / f"{name}.part"
        if not target.exists():
            part.unlink(missing_ok=True)
            descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(secrets.token_hex(32) + "\n")
                file.flush()
                os.fsync(file.fileno())
            part.rename(target)
        return target

    def close(self) -> None:
        """Give the folder free."""
        try:
            (self.path / RUNTIME).unlink(missing_ok=True)
        finally:
            self._lock.close()

    def _take_lock(self) -> IO[str]:
        lock = (self.path / LOCK).open("a+", encoding="utf-8")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            owner = lock.read().strip() or "unknown"
            lock.close()
            raise Refusal(f"the data folder {self.path} is in use by process {owner}") from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        return lock

    def _check_marker(self, feed: str) -> None:
        try:
            marker = json.loads((self.path / MARKER).read_text(encoding="utf-8"))
            found_format, found_feed = marker["format"], marker["feed"]
        except (ValueError, KeyError, TypeError):
            self._lock.close()
            raise Refusal(
                f"expected {MARKER} of this product in {self.path}, found unreadable content"
            ) from None
        if found_format != _FORMAT or found_feed != feed:
            self._lock.close()
            raise Refusal(
                f"the data folder {self.path} holds the feed {found_feed!r} (format "
                f"{found_format}), not {feed!r} (format {_FORMAT}); give another --data-dir"
            )


def read_runtime(path: Path) -> dict[str, str] | None:
    """Give how to reach what runs on a data folder, or None when nothing does.

    Raises Refusal while it starts or stops.
    """
    try:
        with (path / LOCK).open("a+", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _runtime_of(path)
    except OSError:
        return None
    return None


def _runtime_of(path: Path) -> dict[str, str]:
    try:
        return json.loads((path / RUNTIME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise Refusal(
            f"expected the desk on {path} to run, found that it starts or stops just now"
        ) from None


def read_marker_feed(path: Path) -> str:
    """Give the feed that a data folder holds; raise Refusal when the marker is unreadable."""
    try:
        return str(json.loads((path / MARKER).read_text(encoding="utf-8"))["feed"])
    except (OSError, ValueError, KeyError, TypeError):
        raise Refusal(f"expected {MARKER} of this product in {path}, found none readable") from None
