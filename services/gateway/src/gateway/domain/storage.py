"""How much room the log has left, and when entries stop for want of it.

A full log takes no event, and without one nothing is sent: no stop moves, no position is closed. So
new risk stops long before (reliability.md 8).
"""

from dataclasses import dataclass
from typing import NamedTuple

from gateway.domain.actor import Actor

DESK = Actor(by="desk", is_fresh=True, is_operator=False)
"""Who stops entries when nobody looks."""
LOG_LEFT_PCT = (20, 10, 5)
"""Parts of the log's limit; each that is crossed stops entries once."""
DISK_LEFT_MB = (512, 256, 128)
"""The same of the disk that the log lies on, whatever else fills it."""
_AGAIN = 1.25
"""A line counts as left behind when there is a quarter more room than at the line."""
_MB = 1 << 20


class Storage(NamedTuple):
    """What was seen of the log and of its disk."""

    log_bytes: int
    log_bytes_max: int
    disk_free_bytes: int | None
    """None where the disk is not ours to look at."""

    @property
    def log_free_bytes(self) -> int:
        """Give what the log still takes."""
        return self.log_bytes_max - self.log_bytes

    def __str__(self) -> str:
        """Say it to a person."""
        free_pct = 100 * self.log_free_bytes // self.log_bytes_max
        words = f"{free_pct} % of the log's {self.log_bytes_max // _MB} MB are free"
        if self.disk_free_bytes is None:
            return words
        return f"{words}, and {self.disk_free_bytes // _MB} MB of its disk"


@dataclass(frozen=True, slots=True)
class Watch:
    """Remembers how many lines stopped entries, so that a person may resume in spite of them."""

    lines: int = 0

    def knows(self, storage: Storage) -> "Watch":
        """Take it that the lines which are crossed now have stopped entries."""
        return Watch(max(self.lines, _crossed(storage)))

    def sees(self, storage: Storage) -> tuple["Watch", bool]:
        """Look at the storage; say whether entries are to stop."""
        known = min(self.lines, _crossed(storage, _AGAIN))
        found = _crossed(storage)
        return Watch(max(known, found)), found > known


def _crossed(storage: Storage, room: float = 1.0) -> int:
    """Count the lines that are crossed, of whichever has crossed more."""
    log_free, limit = storage.log_free_bytes, storage.log_bytes_max
    of_log = sum(100 * log_free < it * room * limit for it in LOG_LEFT_PCT)
    free = storage.disk_free_bytes
    of_disk = 0 if free is None else sum(free < it * room * _MB for it in DISK_LEFT_MB)
    return max(of_log, of_disk)
