"""What the sections measure: figures with their floor, in rounds.

These machines are noisy, so floor and ours alternate within a round, and the ratio that counts is
the median of the rounds' ratios.
"""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Size(StrEnum):
    """How much to measure."""

    FULL = "full"
    QUICK = "quick"
    TINY = "tiny"
    """Proves that a section runs; the figures mean nothing."""


@dataclass(frozen=True, slots=True)
class Row:
    """One figure of ours, beside its floor if it has one; without an aim it is only shown."""

    section: str
    what: str
    unit: str
    ours: float
    floor_name: str = ""
    floor: float | None = None
    ratio: float | None = None
    """Ours by the floor: the median over the rounds."""
    rounds: int = 1
    aim: float | None = None
    is_latency: bool = False

    @property
    def meets_aim(self) -> bool | None:
        """Say whether the ratio is at least the aim, or at most for a latency."""
        if self.aim is None or self.ratio is None:
            return None
        return self.ratio <= self.aim if self.is_latency else self.ratio >= self.aim


def row(
    section: str,
    what: str,
    unit: str,
    *,
    ours: Sequence[float],
    floor_name: str,
    floor: Sequence[float],
    aim: float | None = None,
    is_latency: bool = False,
) -> Row:
    """Give the row of some rounds; `ours` and `floor` are in pairs."""
    return Row(
        section=section,
        what=what,
        unit=unit,
        ours=statistics.median(ours),
        floor_name=floor_name,
        floor=statistics.median(floor),
        ratio=statistics.median(a / b for a, b in zip(ours, floor, strict=True)),
        rounds=len(ours),
        aim=aim,
        is_latency=is_latency,
    )


def quantile(values: Sequence[float], q: float) -> float:
    """Give the smallest value that at least this part of all values does not exceed."""
    ordered = sorted(values)
    return ordered[math.ceil(round(q * len(ordered), 6)) - 1]
