"""Trade ids of one symbol: contiguous unless trades are missing.

One trade in, its place out. Ids alone decide; exchange times only describe a gap's edges.
"""

from dataclasses import dataclass
from enum import Enum

from contracts.minutes import JUMP_MS_MAX, MINUTE_MS

ID_JUMP_MAX = 1_000_000_000
"""More trades than any outage can hide: the id is corrupt."""
RUN_MIN = 3
"""This many trades in a row, with contiguous ids, are believed however far their ids jump."""
TIME_JUMP_MS_MAX = JUMP_MS_MAX - 24 * 60 * MINUTE_MS
"""A trade further ahead has a corrupt time. Stricter than `contracts.minutes.is_plausible`, so that
no fold refuses what is published."""


UPDATE_JUMP_MAX = 1_000_000_000_000
"""More updates of a book than years have: the id is corrupt."""


def is_far(number: int, last: int, *, jump_max: int) -> bool:
    """Say whether a number that only grows is too far ahead of the last to be true; -1 is none."""
    return last >= 0 and number - last > jump_max


class Place(Enum):
    """Where a trade stands when nothing is missing before it."""

    NEXT = "next"
    KNOWN = "known"
    """Its id is not above the last one: a duplicate, or too late to be put in order."""


@dataclass(frozen=True, slots=True)
class Gap:
    """The ids that are missing right before a trade; the trade itself is the next one."""

    first_missing_id: int
    last_missing_id: int
    before_ms: int
    """Exchange time of the last trade before the gap."""
    after_ms: int
    """Exchange time of the trade that revealed it."""

    @property
    def missing_trades(self) -> int:
        """Count the missing trades."""
        return self.last_missing_id - self.first_missing_id + 1


@dataclass(frozen=True, slots=True)
class Implausible:
    """The trade jumps too far ahead to be true; the sequence has not moved."""

    reason: str


class TradeSequence:
    """Follows the ids; mutates, because it sees every trade."""

    __slots__ = ("_doubted_id", "_run", "last_id", "last_ms")

    def __init__(self, *, last_id: int | None = None, last_ms: int = 0) -> None:
        self.last_id = last_id
        self.last_ms = last_ms
        self._doubted_id = 0
        self._run = 0

    def step(self, trade_id: int, time_ms: int) -> Place | Gap | Implausible:
        """Say where a trade stands, and move on to it unless it is known or implausible."""
        last_id = self.last_id
        if last_id is None:
            self.last_id, self.last_ms = trade_id, time_ms
            return Place.NEXT
        ahead = trade_id - last_id
        if ahead <= 0:
            return Place.KNOWN
        before_ms = self.last_ms
        is_far = time_ms - before_ms > TIME_JUMP_MS_MAX
        if is_far or (ahead > ID_JUMP_MAX and not self._is_run(trade_id)):
            return Implausible(
                f"expected a trade near id {last_id} at {before_ms} ms, "
                f"found id {trade_id} at {time_ms} ms"
            )
        self._run = 0
        self.last_id, self.last_ms = trade_id, time_ms
        if ahead == 1:
            return Place.NEXT
        return Gap(last_id + 1, trade_id - 1, before_ms, time_ms)

    def _is_run(self, trade_id: int) -> bool:
        self._run = self._run + 1 if trade_id == self._doubted_id + 1 else 1
        self._doubted_id = trade_id
        return self._run >= RUN_MIN
