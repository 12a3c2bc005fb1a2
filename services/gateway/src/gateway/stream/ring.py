"""The newest events of the log, ready to be sent: one bounded buffer that all readers share."""

from collections import deque
from dataclasses import dataclass
from itertools import islice

EVENTS_MAX = 10_000
BYTES_MAX = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Entry:
    """An event as the stream sends it; `text` is the whole JSON message.

    It is empty for what concerns an account that this gateway does not serve: the place is kept,
    so that positions leave no hole, and nobody is shown it.
    """

    position: int
    text: str


class Ring:
    """Holds contiguous positions; the oldest leave when there are too many events or bytes."""

    def __init__(self, *, events_max: int = EVENTS_MAX, bytes_max: int = BYTES_MAX) -> None:
        self._entries: deque[Entry] = deque()
        self._events_max = events_max
        self._bytes_max = bytes_max
        self._bytes = 0
        self._last = 0

    @property
    def last(self) -> int:
        """Position of the newest event; 0 for none."""
        return self._last

    @property
    def first(self) -> int:
        """Position of the oldest event held; one past the newest when none is."""
        return self._entries[0].position if self._entries else self._last + 1

    def add(self, entry: Entry) -> None:
        """Take the next event; positions leave no hole."""
        if self._entries and entry.position != self._last + 1:
            raise ValueError(f"expected position {self._last + 1}, found {entry.position}")
        self._entries.append(entry)
        self._last = entry.position
        self._bytes += len(entry.text)
        while len(self._entries) > self._events_max or (
            self._bytes > self._bytes_max and len(self._entries) > 1
        ):
            self._bytes -= len(self._entries.popleft().text)

    def after(self, position: int, *, limit: int) -> list[Entry]:
        """Give the events that follow `position`, oldest first."""
        skip = max(0, position + 1 - self.first)
        return list(islice(self._entries, skip, skip + limit))

    def before(self, position: int, *, limit: int) -> list[Entry]:
        """Give the events that precede `position`, newest first."""
        end = max(0, min(position - self.first, len(self._entries)))
        start = max(0, end - limit)
        return list(islice(self._entries, start, end))[::-1]

    def get(self, position: int) -> Entry | None:
        """Give one event, if it is held."""
        found = self.after(position - 1, limit=1) if position >= self.first else []
        return found[0] if found else None
