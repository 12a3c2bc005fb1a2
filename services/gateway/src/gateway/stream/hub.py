"""Where the fold meets the readers of the live stream.

Readers pull by position from one shared ring, so nothing is queued per reader, and no gap or
duplicate can arise between catching up and following. What moves fast is kept as its newest
value only.
"""

import asyncio
import contextlib
from collections.abc import Generator
from dataclasses import dataclass, field

from gateway.stream.protocol import Topic
from gateway.stream.ring import Entry, Ring


@dataclass(frozen=True, slots=True)
class Snap:
    """The newest value of a fast thing, as a message; `version` grows with each."""

    name: str
    topic: Topic
    version: int
    text: str


@dataclass
class Hub:
    """Events by position, newest values by name, and a bell for whoever waits."""

    ring: Ring = field(default_factory=Ring)
    epoch: str = ""
    """Names this log; another log, or one that was rebuilt, has another."""
    is_open: bool = False
    """Whether the fold has caught up, so that readers get a true head."""
    is_closing: bool = False
    streams: int = 0
    """Streams that are open now."""
    snaps: dict[str, Snap] = field(default_factory=dict[str, Snap])
    newest: int = 0
    """The version of the newest value of all."""
    _bells: set[asyncio.Event] = field(default_factory=set[asyncio.Event])

    def publish(self, entry: Entry) -> None:
        """Add the next event of the log."""
        self.ring.add(entry)
        self.ring_bells()

    def show(self, name: str, *, topic: Topic, text: str) -> None:
        """Replace the newest value of a fast thing."""
        self.newest += 1
        self.snaps[name] = Snap(name, topic, self.newest, text)
        self.ring_bells()

    def close(self) -> None:
        """Tell every stream to end."""
        self.is_closing = True
        self.ring_bells()

    def ring_bells(self) -> None:
        """Wake whoever waits for something new."""
        for bell in self._bells:
            bell.set()

    @contextlib.contextmanager
    def bell(self) -> Generator[asyncio.Event]:
        """Lend an event that is set whenever something is new."""
        bell = asyncio.Event()
        self._bells.add(bell)
        try:
            yield bell
        finally:
            self._bells.discard(bell)
