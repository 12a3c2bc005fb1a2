"""Chain time while a live feed is silent.

A chain goes on when nobody trades: a kill's cancel lands without a print. The paper venue's time
comes with the prints; when they stay away while something is on its way, what a clock of this
process has counted takes their place. It stays behind that clock, so that a print on its way
seldom comes late, and each step is recorded before the venue hears of it.
"""

from collections.abc import Callable

BEHIND_MS = 1_000
"""So far the chain stays behind the clock."""
STEP_MS = 1_000
"""Shortest step: what silence adds to the log is one event a second at most."""


class LiveTime:
    """Counts on from the last print."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """Count with a monotonic clock in seconds."""
        self._clock = clock
        self._chain_ms = 0
        self._since_s = clock()

    def came_to(self, chain_ms: int) -> None:
        """Note that a print has just brought the chain here."""
        self._chain_ms = chain_ms
        self._since_s = self._clock()

    def next_step_s(self, chain_ms: int) -> float:
        """Give in how many seconds the chain may step on from where it is."""
        return max(0.0, (chain_ms + STEP_MS - self._now_ms()) / 1_000)

    def step(self, chain_ms: int) -> int | None:
        """Give the chain time to step to from where it is; None while that is too near."""
        now_ms = self._now_ms()
        return now_ms if now_ms >= chain_ms + STEP_MS else None

    def _now_ms(self) -> int:
        elapsed_ms = int((self._clock() - self._since_s) * 1_000)
        return self._chain_ms + elapsed_ms - BEHIND_MS
