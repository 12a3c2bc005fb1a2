"""Since when something has been so that may not last: on the slots of recorded snapshots.

A snapshot that starts or ends one of these is recorded for that alone, so that a replay counts the
same slots.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from contracts.values import Leg, OrderKind, Side
from contracts.venue import MarketStatus, ObservedOrder, VenueObserved
from execution.domain.holdings import shown_by
from execution.domain.policy import POLICY
from execution.domain.setup import Setup


@dataclass(frozen=True, slots=True)
class Timers:
    """The slot at which each began; None while it is not so."""

    unprotected: int | None = None
    """There is a position and no stop."""
    stop_due: int | None = None
    """The stop's condition is true and nobody has fired it."""
    mismatch: Mapping[str, int] = field(default_factory=dict[str, int])
    """Log and venue disagree, by what about."""
    hindered: int | None = None
    """The venue may refuse exits for a reason of its own, that passes."""

    @property
    def is_running(self) -> bool:
        """Say whether something is so that must not last."""
        return bool(self.mismatch) or self.unprotected is not None or self.stop_due is not None


def timers_after(
    before: Timers, seen: VenueObserved, *, setup: Setup | None, expected: Mapping[str, Decimal]
) -> Timers:
    """Give the timers after a snapshot; `expected` is what the log says it must show."""
    slot = seen.clock.slot
    stop = stop_of(seen, setup)
    is_due = stop is not None and not stop.is_triggered and is_beyond(stop, seen)
    found = shown_by(seen)
    return Timers(
        unprotected=_since(
            before.unprotected, slot, is_so=stop is None and bool(seen.position_base)
        ),
        stop_due=_since(before.stop_due, slot, is_so=is_due),
        mismatch={
            what: before.mismatch.get(what, slot)
            for what, amount in sorted(expected.items())
            if amount != found[what]
        },
        hindered=_since(before.hindered, slot, is_so=_is_hindered(seen)),
    )


def stop_of(seen: VenueObserved, setup: Setup | None) -> ObservedOrder | None:
    """Give our stop that rests, if it covers the side that the position is on."""
    for order in seen.orders:
        mine = setup.by_number(order.user_order_id) if setup is not None else None
        if mine is None or mine.leg is not Leg.STOP or order.kind is not OrderKind.TRIGGER_MARKET:
            continue
        if not seen.position_base or order.side is closing_side(seen):
            return order
    return None


def closing_side(seen: VenueObserved) -> Side:
    """Give the direction of an order that shrinks the position; only when there is one."""
    return Side.SHORT if seen.position_base > 0 else Side.LONG


def is_beyond(stop: ObservedOrder, seen: VenueObserved) -> bool:
    """Say whether a stop's condition is true: strictly beyond its trigger price."""
    return stop.side.sign * (seen.market_seen.trigger_usd - stop.price_usd) > 0


def _is_hindered(seen: VenueObserved) -> bool:
    market = seen.market_seen
    is_stale = market.oracle_age_slots > POLICY.oracle_age_slots_max
    return is_stale or seen.is_liquidating or market.status is not MarketStatus.ACTIVE


def _since(before: int | None, slot: int, *, is_so: bool) -> int | None:
    if not is_so:
        return None
    return slot if before is None else before
