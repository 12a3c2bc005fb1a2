"""Where nats-server lays out an atomic append before it takes it: in memory, if the machine can.

The server gives each append of several events a folder below the stream and syncs five times there,
which costs ten times what the append itself does. Nothing in that folder outlives the server: it
throws the folder away when it starts, and answers only when the stream itself is on disk. So it may
lie in memory (ADR 23). When the memory is full or gone, the server refuses the append whole, and
who appends tries again.
"""

import contextlib
import hashlib
import os
import shutil
import stat
from pathlib import Path

from chassis.appender import BATCH_MAX
from contracts.subjects import STREAMS, StreamName

MEMORY = Path("/dev/shm")  # noqa: S108  See `_is_ours`.
"""A file system in memory, where Linux has one."""
_LARGEST_BYTES = BATCH_MAX * next(
    spec.message_bytes_max for spec in STREAMS if spec.name is StreamName.LOG
)
_FREE_BYTES_MIN = 2 * _LARGEST_BYTES
"""Below it, memory is left alone: an append that never fits would be tried for ever."""


class Staging:
    """The folder for the appends of one store, moved to memory."""

    def __init__(self, store: Path, *, memory: Path = MEMORY) -> None:
        """Stand for the store of a nats-server; `store` is its `store_dir`."""
        name = hashlib.sha256(os.fsencode(store.resolve())).hexdigest()[:16]
        self._memory = memory
        self._folder = memory / f"perp-desk-{os.getuid()}-{name}"
        self._link = store / "jetstream" / "$G" / "streams" / StreamName.LOG / "batches"

    def keep(self) -> bool:
        """Let appends be laid out in memory, and say whether they are.

        Call it now and then: the server takes the link away at each start, and some systems clear
        the memory of a user who logs out. While it says no, appends are laid out on disk.
        """
        if not self._has_room():
            self.remove()
            return False
        if not self._link.parent.is_dir():
            return False
        with contextlib.suppress(OSError):
            self._folder.mkdir(mode=0o700, exist_ok=True)
            if self._is_ours() and not self._is_linked():
                # It is not empty while an append is laid out there: the next call comes.
                with contextlib.suppress(FileNotFoundError):
                    self._link.rmdir()
                self._link.symlink_to(self._folder)
        return self._is_linked()

    def remove(self) -> None:
        """Give the memory back. An append that was laid out there is tried again, on disk."""
        with contextlib.suppress(OSError):
            if self._is_linked():
                self._link.unlink()
        with contextlib.suppress(OSError):
            if self._is_ours():
                shutil.rmtree(self._folder)

    def _is_linked(self) -> bool:
        with contextlib.suppress(OSError):  # The server may take it away at any moment.
            return self._link.readlink() == self._folder
        return False

    def _is_ours(self) -> bool:
        """Say whether nobody else can read or change what lies there; raise OSError if nothing is.

        Everybody may make folders in the memory, under any name.
        """
        found = self._folder.lstat()
        is_private = found.st_uid == os.getuid() and not found.st_mode & 0o077
        return stat.S_ISDIR(found.st_mode) and is_private

    def _has_room(self) -> bool:
        try:
            return shutil.disk_usage(self._memory).free >= _FREE_BYTES_MIN
        except OSError:
            return False
