"""The newest events of the log, ready to be sent: one bounded buffer that all readers share."""

from dataclasses import dataclass

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
    """Holds contiguous positions; the oldest leave when there are too many events or bytes.

    Every reader asks at every event, so that a page costs what it holds, wherever it begins.
    """

    def __init__(self, *, events_max: int = EVENTS_MAX, bytes_max: int = BYTES_MAX) -> None:
        self._entries: list[Entry | None] = []
        """Those that left are None, until as many have left as stay."""
        self._left = 0
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
        return self._last + 1 - self._held

    def add(self, entry: Entry) -> None:
        """Take the next event; positions leave no hole."""
        if self._held and entry.position != self._last + 1:
            raise ValueError(f"expected position {self._last + 1}, found {entry.position}")
        self._entries.append(entry)
        self._last = entry.position
        self._bytes += len(entry.text)
        while self._held > self._events_max or (self._bytes > self._bytes_max and self._held > 1):
            self._drop_oldest()

    def after(self, position: int, *, limit: int) -> list[Entry]:
        """Give the events that follow `position`, oldest first."""
        start = self._left + max(0, position + 1 - self.first)
        return [entry for entry in self._entries[start : start + limit] if entry is not None]

    def before(self, position: int, *, limit: int) -> list[Entry]:
        """Give the events that precede `position`, newest first."""
        end = self._left + max(0, min(position - self.first, self._held))
        start = max(self._left, end - limit)
        return [entry for entry in self._entries[start:end] if entry is not None][::-1]

    def get(self, position: int) -> Entry | None:
        """Give one event, if it is held."""
        found = self.after(position - 1, limit=1) if position >= self.first else []
        return found[0] if found else None

    @property
    def _held(self) -> int:
        return len(self._entries) - self._left

    def _drop_oldest(self) -> None:
        oldest = self._entries[self._left]
        self._bytes -= len(oldest.text) if oldest is not None else 0
        self._entries[self._left] = None
        self._left += 1
        if self._left > self._held:
            del self._entries[: self._left]
            self._left = 0
