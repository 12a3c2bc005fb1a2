"""A few places for long work. One that is held too long is given to the next who asks."""

import time
from collections.abc import Callable
from itertools import count


class Slots:
    """So many places, each for so many seconds at the most."""

    def __init__(
        self, places: int, *, seconds: float, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._places = places
        self._seconds = seconds
        self._now = now
        self._numbers = count()
        self._held: dict[int, float] = {}
        """When each place was taken, by its number."""

    def take(self) -> int | None:
        """Take a place; give its number, None when there is none."""
        self._held = {number: at for number, at in self._held.items() if not self._is_over(at)}
        if len(self._held) >= self._places:
            return None
        number = next(self._numbers)
        self._held[number] = self._now()
        return number

    def holds(self, number: int) -> bool:
        """Say whether a place is still held, and may be."""
        at = self._held.get(number)
        return at is not None and not self._is_over(at)

    def give_back(self, number: int) -> None:
        """Leave a place."""
        self._held.pop(number, None)

    def _is_over(self, taken_at: float) -> bool:
        return self._now() - taken_at >= self._seconds
