"""The speed at which a replayable feed is played: the exchange's own time, divided."""

import math
from collections.abc import Callable

BEHIND_S_MAX = 1.0
"""A play that is held up for longer continues at its pace; it does not run to catch up."""


class Pace:
    """Says how long to wait before an item goes out.

    `speed` is exchange seconds per second, infinite for no waiting. What happened before
    `free_until_ms` goes out at once. `now` gives monotonic seconds.
    """

    def __init__(self, *, speed: float, now: Callable[[], float], free_until_ms: int = 0) -> None:
        self._speed = speed
        self._now = now
        self._free_until_ms = free_until_ms
        self._latest_ms = 0
        self._anchor_ms: int | None = None
        self._anchor_s = 0.0

    def delay_s(self, at_ms: int) -> float:
        """Give the seconds until an item of this exchange time is due; 0 when it is."""
        if at_ms <= self._latest_ms or at_ms < self._free_until_ms or math.isinf(self._speed):
            return 0.0
        self._latest_ms = at_ms
        now_s = self._now()
        if self._anchor_ms is None:
            self._anchor_ms, self._anchor_s = at_ms, now_s
            return 0.0
        ahead_s = self._anchor_s + (at_ms - self._anchor_ms) / 1000 / self._speed - now_s
        if ahead_s < -BEHIND_S_MAX:
            self._anchor_ms, self._anchor_s = at_ms, now_s
        return max(0.0, ahead_s)
