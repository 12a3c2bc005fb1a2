"""Why paper and the program may differ: the list of ADR 22. What is not on it is a fault."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from contracts.order import CancelReason, OrderIntended, ReplaceIntended
from contracts.values import Leg, OrderKind, Side
from contracts.venue import ObservedOrder, VenueObserved
from execution.venues.port import AnyRecord, FeeRecord, Intent
from kit.scenario import DEPOSIT_USD

FIRED_COUNTS = "a fired stop counts as an open order"
WHOLE = 48
"""Number of a stop of the whole position: the program shows a size of its own for it."""
_INSUFFICIENT, _TOO_SMALL, _GONE, _WOULD_CROSS = 6003, 6047, 6061, 6057
_UNIT = Decimal("0.000001")
_OF_ANOTHER = (None, 6110, 6252)
_BAD_ORDER = (6059, 6071)
"""Too small a size, and a number in use."""
_DEPTH_USD = Decimal("0.01")
"""How far beyond its quote the AMM has nothing of the smallest size."""


def explanation(
    intents: Sequence[Intent], paper: int | None, program: int | None, before: VenueObserved
) -> str | None:
    """Say why two codes may differ, as ADR 22 lists it; None when they may not."""
    if paper == _INSUFFICIENT and len(intents) > 1 and program is None:
        return "the last order's margin alone"
    wholes = [it for it in intents if isinstance(it, OrderIntended) and it.quantity_base is None]
    if wholes and program == _TOO_SMALL:
        return "no margin for a stop's largest size"
    closes = [it for it in intents if isinstance(it, OrderIntended) and it.leg is Leg.CLOSE]
    if closes and paper == _GONE and program in _OF_ANOTHER:
        return "a late close is asked for in another order's name"
    if paper == _WOULD_CROSS and program == _INSUFFICIENT:
        return "of two faults the other is named"
    if (
        paper == _WOULD_CROSS
        and program is None
        and not any(_crosses(it, before) for it in intents)
    ):
        return "the AMM's quote is its own"
    if paper in _BAD_ORDER and any(_is_late(it, before) for it in intents):
        return "older builds pass a late order over before they look at it"
    has_fired = any(it.is_triggered for it in before.orders)
    if paper is None and program == _INSUFFICIENT and has_fired:
        return FIRED_COUNTS
    if paper is None and program == _INSUFFICIENT and _profit(before) > 0:
        return "profit is no margin before it is settled"
    return None


def _is_late(intent: Intent, before: VenueObserved) -> bool:
    end = intent.expires_at if isinstance(intent, OrderIntended) else None
    return end is not None and end <= before.clock.at


def _profit(seen: VenueObserved) -> Decimal:
    """Give what an account has made so far, at the oracle's price."""
    return seen.cash_usd + seen.position_base * seen.market_seen.oracle_usd - DEPOSIT_USD


def _crosses(intent: Intent, before: VenueObserved) -> bool:
    """Say whether a post-only order crosses what the program's AMM shows, by more than its depth
    at the smallest size.
    """
    is_order = isinstance(intent, OrderIntended | ReplaceIntended)
    if not is_order or intent.kind is not OrderKind.POST_ONLY_LIMIT:
        return False
    if isinstance(intent, OrderIntended):
        side = intent.side
    else:
        moved = [it for it in before.orders if it.venue_order_id == intent.venue_order_id]
        side = moved[0].side if moved else Side.LONG
    market = before.market_seen
    best = market.ask_usd if side is Side.LONG else market.bid_usd
    return side.sign * (intent.price_usd - best) > _DEPTH_USD


def explanation_of_orders(
    paper: VenueObserved, program: VenueObserved, ended: Mapping[int, CancelReason | None]
) -> str | None:
    """Say why open orders may differ, as ADR 22 lists it; None when they may not.

    `ended` says why paper ended orders, by the venue's id.
    """
    ours = {it.venue_order_id: it for it in paper.orders}
    theirs = {it.venue_order_id: it for it in program.orders}
    only_ours = [it for key, it in ours.items() if key not in theirs]
    only_theirs = [it for key, it in theirs.items() if key not in ours]
    other = [key for key in ours.keys() & theirs.keys() if _line(ours, key) != _line(theirs, key)]
    parted = [*only_ours, *only_theirs, *(ours[key] for key in other)]
    if len(parted) > 1 and len({(it.side, it.price_usd) for it in parted}) == 1:
        return "which of ours at one price fills first"
    if other:
        return None
    if only_theirs and all(
        ended.get(it.venue_order_id) is CancelReason.BREACHED_LIMITS for it in only_theirs
    ):
        return None if only_ours else "nobody there takes off what the margin does not carry"
    ends = [it.expires_at for it in only_theirs]
    if ends and not only_ours and all(it is not None and it <= program.clock.at for it in ends):
        return "whoever comes by ends an order that is over"
    is_stop = [it.kind is OrderKind.TRIGGER_MARKET and it.is_reduce_only for it in only_theirs]
    if is_stop and all(is_stop) and not only_ours and not paper.position_base:
        return "stops outlive a taker's close on older builds"
    is_useless = [it.is_reduce_only and it.side.sign * paper.position_base >= 0 for it in only_ours]
    if is_useless and all(is_useless) and not only_theirs:
        return "keepers touch what cannot reduce"
    return None


def explanation_of_cash(
    more: Decimal, paper: Sequence[AnyRecord], program: Sequence[AnyRecord]
) -> str | None:
    """Say why paper may have so much more, as ADR 22 lists it; None when it may not."""
    fired = [
        sum(it.fee_usd for it in records if isinstance(it, FeeRecord) and it.reason == "trigger")
        for records in (paper, program)
    ]
    is_theirs = fired[1] > fired[0] and abs(more - (fired[1] - fired[0])) < _UNIT
    return "stops outlive a taker's close on older builds" if is_theirs else None


def _line(orders: Mapping[int, ObservedOrder], key: int) -> str:
    return order_line(orders[key])


def orders_of(seen: VenueObserved) -> list[str]:
    """Give the open orders as lines, by id."""
    return [order_line(it) for it in sorted(seen.orders, key=lambda it: it.venue_order_id)]


def order_line(it: ObservedOrder) -> str:
    """Give all of an order that has to agree."""
    is_whole = it.kind is OrderKind.TRIGGER_MARKET and it.user_order_id == WHOLE
    size = (
        "all" if is_whole else f"{plain_or_dash(it.quantity_base)}/{plain_or_dash(it.filled_base)}"
    )
    flags = f"{'r' * it.is_reduce_only}{'f' * it.is_triggered}"
    end = "" if it.expires_at is None else f" until {it.expires_at:%H:%M:%S}"
    return (
        f"{it.venue_order_id} #{it.user_order_id} {it.side} {it.kind} "
        f"{plain_or_dash(it.price_usd)} {size} {flags}{end}"
    )


def plain_or_dash(number: Decimal | None) -> str:
    """Write a number for people."""
    return "-" if number is None else f"{number.normalize():f}"
