"""The disk under a data folder: said while it is nearly full, and what stood still goes on after.

nats-server stops a stream for good when it could not store a message, and says so; only a new start
of the server opens the stream again. Nothing is lost by that: what it did not store it did not
acknowledge, and who sent it sends it again.
"""

import shutil
import time
from collections.abc import Callable
from pathlib import Path

from supervisor.refusal import Refusal

FREE_MB_MIN = 128
"""Below it the desk does not start, and says so while it runs; PostgreSQL alone begins with 60."""
_RENEW_EVERY_S = 30.0
_NOT_STORED = "failed to store a msg"
_MB = 1 << 20


class Disk:
    """Watches the free space, and whether the server of a store stands still."""

    def __init__(
        self,
        folder: Path,
        *,
        free: Callable[[Path], int] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._folder = folder
        self._free = free or _free_bytes
        self._clock = clock
        self._stands_still = False
        self._renewed_at: float | None = None

    @property
    def problem(self) -> str:
        """Say what is expected and what was found; empty when there is room."""
        try:
            free_mb = self._free(self._folder) // _MB
        except OSError as error:
            return f"expected to look at {self._folder}, found: {error.strerror}"
        if free_mb >= FREE_MB_MIN:
            return ""
        return f"expected {FREE_MB_MIN} MB free at {self._folder}, found {free_mb}"

    def require_room(self) -> None:
        """Raise Refusal where a desk could not record what it does."""
        if self.problem:
            raise Refusal(self.problem)

    def hear(self, line: str) -> None:
        """Take a line of nats-server."""
        self._stands_still = self._stands_still or _NOT_STORED in line

    def wants_renewal(self) -> bool:
        """Say whether the server is to start anew now: it stands still, and there is room again."""
        if not self._stands_still or self.problem:
            return False
        now = self._clock()
        if self._renewed_at is not None and now - self._renewed_at < _RENEW_EVERY_S:
            return False
        self._stands_still, self._renewed_at = False, now
        return True


def _free_bytes(folder: Path) -> int:
    return shutil.disk_usage(folder).free
