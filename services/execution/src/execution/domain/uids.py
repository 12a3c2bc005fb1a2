"""Our numbers of orders at the venue: a ring for each kind of leg (execution.md 2.4).

A number is unique among the account's open orders. It comes round again only when no open order
has it, no transaction that can still land places it, and the ring was passed once.
"""

from collections.abc import Mapping, Set

from contracts.values import Leg

Rings = Mapping[str, int]
"""The number that each ring gave last."""

STOP_NUMBERS = frozenset(range(48, 112))
"""Of orders whose size is whatever the position is."""
_RINGS: Mapping[str, range] = {
    "entry": range(16, 48),
    "stop": range(48, 112),
    "take-profit": range(112, 208),
    "close": range(208, 240),
}
_RING_OF: Mapping[Leg, str] = {
    Leg.ENTRY: "entry",
    Leg.STOP: "stop",
    Leg.TP1: "take-profit",
    Leg.TP2: "take-profit",
    Leg.TP3: "take-profit",
    Leg.CLOSE: "close",
}


class RingExhausted(Exception):
    """Every number of a ring is in use: more orders of a kind than the venue has slots."""


def next_user_order_id(rings: Rings, leg: Leg, *, taken: Set[int]) -> int:
    """Give the number for the next order of a leg; raise RingExhausted when there is none."""
    ring = _RINGS[_RING_OF[leg]]
    last = rings.get(_RING_OF[leg], ring[-1])
    for step in range(1, len(ring) + 1):
        number = ring[(last - ring.start + step) % len(ring)]
        if number not in taken:
            return number
    raise RingExhausted(f"expected a free number of {ring} for {leg}, found all taken")


def is_exhausted(leg: Leg, *, taken: Set[int]) -> bool:
    """Say whether no number is left for an order of a leg."""
    return all(number in taken for number in _RINGS[_RING_OF[leg]])


def used(rings: Rings, leg: Leg, user_order_id: int) -> Rings:
    """Give the rings after a number was given to an order of a leg."""
    return {**rings, _RING_OF[leg]: user_order_id}
