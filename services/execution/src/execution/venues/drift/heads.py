"""Where each node says that the chain is, and which of them is believed (execution.md 3.3, 10).

A node that stands still, is behind, or claims what nobody can have reached is not believed, however
well it answers. How far the chain is for sure is told by two, while two are believed. Nodes that
never agreed and are far apart are none of them believed: one of them is of another chain.
"""

from collections.abc import Callable
from dataclasses import dataclass

BEHIND_SLOTS_MAX = 12
STILL_S = 5.0
"""A chain moves within so long."""
_HEARD_S = 10.0
"""What a node said longer ago says nothing."""
_SLOTS_PER_S_MAX = 5.0
"""No slot shorter than 200 ms is planned."""
_APART_MAX = 150
"""Slots, or blocks, between two nodes of one chain."""
_AGES_AGO = float("-inf")


@dataclass(slots=True)
class _Head:
    """What a node says."""

    slot: int = 0
    height: int = 0
    behind: int = 0
    """Slots, when it was said."""
    heard_at: float = _AGES_AGO
    newest: int = -1
    """The newest slot that it can have reached."""
    moved_at: float = _AGES_AGO
    """When it came there."""

    @property
    def is_still(self) -> bool:
        return self.heard_at - self.moved_at >= STILL_S


class Heads:
    """What the nodes of one chain say, each under its place from 1 on."""

    def __init__(self, count: int, *, clock: Callable[[], float]) -> None:
        """Listen to so many; `clock` counts seconds and never goes back."""
        self.height = 0
        """The newest block height that is believed; 0 before the first."""
        self.sure_height = 0
        """The newest that two say, while two are believed."""
        self._heads = {place: _Head() for place in range(1, count + 1)}
        self._clock = clock
        self._slot, self._slot_at = 0, _AGES_AGO
        """The newest slot that is believed, and since when."""
        self._have_agreed = count == 1
        self._is_torn = False

    def tell(self, place: int, *, slot: int, height: int) -> None:
        """Take in what a node says now."""
        head, now = self._heads[place], self._clock()
        head.slot, head.height, head.heard_at = slot, height, now
        if slot > head.newest and self._can_be_at(head):
            head.newest, head.moved_at = slot, now
        moving = [it for it in self._heads.values() if _is_heard(it, now) and not it.is_still]
        reached = self._reached(moving)
        newest = max((it.slot for it in reached), default=0)
        if newest > self._slot:
            self._slot, self._slot_at = newest, now
        head.behind = self._slot - slot
        self._believe([it for it in reached if it.behind <= BEHIND_SLOTS_MAX])

    def is_reachable(self, slot: int) -> bool:
        """Say whether the chain can have come to a slot since it was last known where it is."""
        return not self._is_bound or slot <= self._slot + self._slots_since()

    def _can_be_at(self, head: _Head) -> bool:
        is_height_reachable = not self._is_bound or head.height <= self.height + self._slots_since()
        return self.is_reachable(head.slot) and is_height_reachable

    @property
    def _is_bound(self) -> bool:
        """Say whether what one of them claims is held to what several said."""
        return len(self._heads) > 1 and self._have_agreed

    def _slots_since(self) -> float:
        return BEHIND_SLOTS_MAX + (self._clock() - self._slot_at) * _SLOTS_PER_S_MAX

    def is_behind(self, slot: int) -> bool:
        """Say whether what is of a slot is too old to be decided on."""
        return self._slot - slot > BEHIND_SLOTS_MAX

    def is_well(self, place: int) -> bool:
        """Say whether nothing speaks against a node."""
        return not self._fault(self._heads[place])

    @property
    def trouble(self) -> str:
        """Say what is wrong with the nodes that are heard; empty: nothing."""
        now = self._clock()
        heard = {place: it for place, it in self._heads.items() if _is_heard(it, now)}
        if self._is_torn:
            slots = ", ".join(str(it.slot) for it in heard.values())
            return f"the nodes are of different chains, at the slots {slots}"
        faults = ((place, self._fault(it)) for place, it in heard.items())
        return "; ".join(f"node {place} {fault}" for place, fault in faults if fault)

    def _fault(self, head: _Head) -> str:
        if self._is_torn:
            return "is not known to be of our chain"
        if not self._can_be_at(head):
            return f"claims slot {head.slot} and block {head.height}, too far ahead of the chain"
        if head.is_still:
            return f"stands still at slot {head.newest}"
        return f"is {head.behind} slots behind" if head.behind > BEHIND_SLOTS_MAX else ""

    def _reached(self, moving: list[_Head]) -> list[_Head]:
        """Give those that may be where they say; before they agreed, the most that are together."""
        reached = [it for it in moving if self._can_be_at(it)]
        if len(moving) > 1 and not reached:
            self._have_agreed = False  # All are far ahead: our clock stood still, not they.
        if self._have_agreed:
            return reached
        groups = ([it for it in moving if _is_near(it, to)] for to in moving)
        together = max(groups, key=len, default=list[_Head]())
        self._is_torn = bool(moving) and len(together) * 2 <= len(moving)
        if self._is_torn:
            self._slot, self.height, self.sure_height = 0, 0, 0
            return []
        self._have_agreed = len(together) > 1
        return together

    def _believe(self, heads: list[_Head]) -> None:
        heights = sorted(it.height for it in heads)
        if heights:
            self.height = max(self.height, heights[-1])
            self.sure_height = max(self.sure_height, heights[-2:][0])


def _is_heard(head: _Head, now: float) -> bool:
    return now - head.heard_at < _HEARD_S


def _is_near(one: _Head, other: _Head) -> bool:
    slots, blocks = one.slot - other.slot, one.height - other.height
    return max(abs(slots), abs(blocks)) <= _APART_MAX
