"""Which build decided what stands at a position: each service says what it runs when it starts.

Rules that are installed can judge only what the same rules decided. Where another build decided
otherwise, that is no lie of the record, and no proof either.
"""

from collections import defaultdict
from dataclasses import dataclass

from contracts.event import Recorded
from contracts.process import ServiceStarted

UNKNOWN = "unknown"
"""The revision of a build that does not know it."""


@dataclass(frozen=True, slots=True)
class Build:
    """What a service runs."""

    revision: str
    packages_sha256: str

    def is_same_as(self, other: "Build") -> bool:
        """Say whether both decide by the same code, as far as they can tell."""
        if UNKNOWN in (self.revision, other.revision):
            return self == other
        return self.revision == other.revision

    def __str__(self) -> str:
        """Name it as git does, or by its packages."""
        known = self.revision != UNKNOWN
        return self.revision[:12] if known else f"of packages {self.packages_sha256[:12]}"


@dataclass(frozen=True, slots=True)
class Started:
    """A build that took over a service."""

    position: int
    build: Build


class Builds:
    """The builds of each service, as the log tells them."""

    def __init__(self) -> None:
        self._started: dict[str, list[Started]] = defaultdict(list)

    def hear(self, recorded: Recorded) -> None:
        """Take note of a start."""
        event = recorded.event
        if isinstance(event, ServiceStarted):
            build = Build(event.revision, event.packages_sha256)
            self._started[event.service].append(Started(recorded.position, build))

    def at(self, service: str, position: int) -> Started | None:
        """Give what ran when a position was recorded; None when the log does not tell."""
        before = [it for it in self._started[service] if it.position < position]
        return before[-1] if before else None
