"""Chance without a state: each draw is a hash of the seed, a purpose, a key and an index.

So the same thing meets the same luck however often and in whatever order it is worked through.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

_ALL = 1 << 64
_PPM = 1_000_000


@dataclass(frozen=True, slots=True)
class Chance:
    """Draws for one market of one seed."""

    seed: int
    market: str

    def draw(self, purpose: str, key: str, index: int, *, below: int) -> int:
        """Give a number from 0 up to, and without, `below`."""
        text = f"{self.seed}|{self.market}|{purpose}|{key}|{index}"
        number = int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")
        return number * below // _ALL

    def happens(self, purpose: str, key: str, index: int, *, ppm: int) -> bool:
        """Say whether something happens that has this probability, in millionths."""
        return self.draw(purpose, key, index, below=_PPM) < ppm

    def delay_ms(
        self, purpose: str, key: str, index: int, *, quantiles: Sequence[tuple[int, int]]
    ) -> int:
        """Give a duration of a distribution (`rules.Quantiles`)."""
        place = self.draw(purpose, key, index, below=_PPM)
        low = quantiles[0]
        for high in quantiles[1:]:
            if place < high[0] * 1_000:
                width = (high[0] - low[0]) * 1_000
                return low[1] + (high[1] - low[1]) * (place - low[0] * 1_000) // width
            low = high
        return low[1]
