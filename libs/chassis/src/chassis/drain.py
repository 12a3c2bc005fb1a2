"""How long a process may take from the moment it is told to stop."""

import time
from collections.abc import Callable

FAREWELL_S = 3.0
"""Longest time for each step from what was in flight to the end."""
_FAREWELLS = 5
"""Work that is cut short, the last append, the health port, the broker, the connection."""


def stop_s_max(drain_s: float) -> float:
    """Give the longest time from SIGTERM to the end of a process."""
    return drain_s + _FAREWELLS * FAREWELL_S


class Drain:
    """The time for what is in flight: one for all of it, whatever waits for how much."""

    def __init__(self, drain_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._drain_s = drain_s
        self._clock = clock
        self._until: float | None = None

    def left_s(self) -> float:
        """Give what is left of it; the first to ask starts the clock."""
        now = self._clock()
        if self._until is None:
            self._until = now + self._drain_s
        return max(0.0, self._until - now)
