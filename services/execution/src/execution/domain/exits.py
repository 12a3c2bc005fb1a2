"""Leaving: cancels, the market exit, and our own hand on a stop that nobody fires.

A cancel by id is enough while nothing moves the order; otherwise the whole side is taken back,
because a move in flight gives the order another id.
"""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

from contracts.order import (
    CancelIntended,
    CancelReason,
    SideCancelIntended,
    TriggerIntended,
)
from contracts.transaction import RetryClass, Urgency
from contracts.values import Leg, OrderKind, Side
from contracts.venue import ObservedOrder
from execution.domain.commands import Send, carried
from execution.domain.intents import order_intent
from execution.domain.ledger import ZERO
from execution.domain.pricing import aggressive_limit, floor_to
from execution.domain.setup import TAKE_PROFITS, Order, Setup
from execution.domain.uids import is_exhausted
from execution.domain.view import Mine, View

_BPS = Decimal(10_000)


def cancel_side(view: View, side: Side, reason: CancelReason, urgency: Urgency) -> list[Send]:
    """Take back a whole side, again and again until it is empty."""
    if view.state.is_tripped("wide", view.slot):
        return []
    newest = next(iter(reversed(view.wide_flights)), None)
    if newest is not None and view.slot - newest.planned_slot < view.policy.resend_slots:
        return []
    intent = SideCancelIntended(
        account=view.state.account,
        market=view.state.market,
        setup=view.setup.id if view.setup is not None else None,
        side=side,
        reason=reason,
    )
    return [Send((intent,), RetryClass.WIDE, urgency)]


def cancel(
    view: View, orders: Sequence[Mine], reason: CancelReason, urgency: Urgency
) -> list[Send]:
    """Take back orders by their ids, all in one transaction."""
    setup = view.setup
    if setup is None or view.state.is_tripped("cancel", view.slot):
        return []
    going = {
        it.client_order_id
        for transaction in view.flights
        for it in transaction.intents
        if it.event_type == CancelIntended.event_type
    }
    intents = tuple(
        CancelIntended(
            account=view.state.account,
            market=view.state.market,
            setup=setup.id,
            client_order_id=mine.order.client_order_id,
            leg=mine.order.leg,
            venue_order_id=mine.seen.venue_order_id,
            reason=reason,
        )
        for mine in orders
        if mine.order.client_order_id not in going
    )
    return [Send(intents, RetryClass.REDUCING, urgency)] if intents else []


def end_entry(view: View, reason: CancelReason, urgency: Urgency = Urgency.NORMAL) -> list[Send]:
    """Take back the entry: by id while its lane is quiet, else by side.

    Beside an order of the owner on that side the lane has to be quiet first: its fence ends the
    entry anyway. What placed the entry that rests has arrived, whether its fate is told or not.
    """
    setup = view.setup
    if setup is None:
        return []
    arrived = {it.seen.user_order_id for it in view.entries}
    flying = [it for it in view.flying(Leg.ENTRY) if not it.numbers & arrived]
    if view.wide_flights or any(it.retry_class is not RetryClass.REDUCING for it in flying):
        is_alone = all(it.side is not setup.side for it in view.foreign)
        return cancel_side(view, setup.side, reason, urgency) if is_alone else []
    return [] if flying else cancel(view, view.entries, reason, urgency)


def sweep(view: View, reason: CancelReason) -> list[Send]:
    """Take back what a flat position leaves behind: stop, take-profits, exits."""
    left = [
        mine for leg in (Leg.STOP, *TAKE_PROFITS, Leg.CLOSE) for mine in view.resting.get(leg, ())
    ]
    return cancel(view, left, reason, Urgency.NORMAL)


def trim(view: View) -> list[Send]:
    """Take back the take-profits of a naked position that is smaller than they are.

    At their worst they turn it over, and the venue asks so much margin for that that it may refuse
    the stop and the exit alike.
    """
    ladder = [mine for leg in TAKE_PROFITS for mine in view.resting.get(leg, ())]
    total = sum(((it.seen.quantity_base or ZERO) - it.seen.filled_base for it in ladder), ZERO)
    if view.stop is not None or not view.base or total <= abs(view.base):
        return []
    return cancel(view, ladder, CancelReason.STALE, Urgency.PROTECTIVE)


def close(view: View, urgency: Urgency) -> list[Send]:
    """Take the whole position off at the market; each further attempt may take farther.

    Reduce-only and for all of it: a late copy finds nothing to close. As many as there are numbers
    may be on their way; then their fates are waited for. One at once takes from whoever rests;
    where that was nobody, the next one rests for some seconds, for keepers and the AMM to fill.
    """
    setup, side = view.setup, view.side
    if setup is None or side is None or view.state.is_tripped("close", view.slot):
        return []
    if _is_closing(view) or is_exhausted(Leg.CLOSE, taken=view.numbers_taken):
        return []
    newest = view.newest_flight(Leg.CLOSE)
    if newest is not None and view.slot - newest.planned_slot < view.policy.resend_slots:
        return []
    quantity = floor_to(abs(view.base), view.spec.step_base)
    if not quantity:
        return []
    attempts = sum(it.leg is Leg.CLOSE for it in setup.orders)
    cap_bps = view.policy.close_caps_bps[min(attempts, len(view.policy.close_caps_bps) - 1)]
    exit_side = side.opposite
    oracle = view.seen.market_seen.oracle_usd
    price = oracle * (1 + exit_side.sign * Decimal(cap_bps) / _BPS)
    rests = _found_nobody(setup.newest(Leg.CLOSE))
    intent = order_intent(
        view,
        setup,
        Leg.CLOSE,
        side=exit_side,
        kind=OrderKind.REDUCE_ONLY_LIMIT if rests else OrderKind.IMMEDIATE_OR_CANCEL,
        price_usd=aggressive_limit(exit_side, price, view.spec.tick_usd),
        quantity_base=quantity,
        expires_at=view.at + timedelta(milliseconds=view.policy.close_rest_ms) if rests else None,
    )
    return [Send((intent,), RetryClass.REDUCING, urgency)]


def _is_closing(view: View) -> bool:
    """Say whether a market exit rests whose time is not over."""
    ends = (it.seen.expires_at for it in view.resting.get(Leg.CLOSE, ()))
    return any(end is not None and end > view.at for end in ends)


def _found_nobody(close: Order | None) -> bool:
    """Say whether the exit before this one was one at once, and came to nothing."""
    if close is None or close.kind is not OrderKind.IMMEDIATE_OR_CANCEL:
        return False
    return close.is_over and not close.filled_base


def fire(view: View, setup: Setup, stop: ObservedOrder) -> list[Send]:
    """Fire our own stop, when nobody else has."""
    order = setup.by_number(stop.user_order_id)
    if order is None or view.state.is_tripped("trigger", view.slot):
        return []
    if any(carried(it, TriggerIntended) for it in view.flights):
        return []
    intent = TriggerIntended(
        account=view.state.account,
        market=view.state.market,
        setup=setup.id,
        client_order_id=order.client_order_id,
        leg=order.leg,
        venue_order_id=stop.venue_order_id,
    )
    return [Send((intent,), RetryClass.REDUCING, Urgency.PROTECTIVE)]
