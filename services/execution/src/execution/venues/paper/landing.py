"""Commands reach the venue: placed, refused, moved or taken back, in the order they were sent.

They land at the first print at or after their time, before that print meets the book: whatever an
earlier print filled counts first.
"""

from contracts.order import CancelReason
from contracts.values import Leg, Liquidity, OrderKind
from execution.domain.errors import ORDER_GONE, POST_ONLY_WOULD_CROSS, WRONG_TRIGGER_STATE
from execution.venues.paper.book import HeldOrder, PendingCancel, PendingPlace, PendingReplace
from execution.venues.paper.observing import Observer


def land(observer: Observer) -> None:
    """Land every command that is due."""
    book, now_ms = observer.book, observer.at.now_ms
    while book.pending and book.pending[0].lands_ms <= now_ms:
        match book.pending[0]:
            case PendingPlace() as place:
                _place(observer, place)
            case PendingReplace() as move:
                _replace(observer, move)
            case PendingCancel() as cancel:
                _cancel(observer, cancel)


def expire(observer: Observer) -> None:
    """End the entry whose time is over; nothing fills it from here on."""
    entry = observer.book.held_leg(Leg.ENTRY)
    if entry is None or entry.expires_ms is None or observer.at.now_ms <= entry.expires_ms:
        return
    observer.canceled(
        entry,
        cause=entry.cause_id,
        reason=CancelReason.EXPIRED,
        unfilled_base=entry.unfilled_base,
    )


def _place(observer: Observer, place: PendingPlace) -> None:
    if place.expires_ms is not None and place.expires_ms < observer.at.now_ms:
        observer.canceled(
            place,
            cause=place.intent_id,
            reason=CancelReason.EXPIRED,
            unfilled_base=place.quantity_base,
        )
        return
    is_post_only = place.order_kind is OrderKind.POST_ONLY_LIMIT
    if is_post_only and observer.at.would_cross(place.side, place.price_usd):
        observer.rejected(place, code=POST_ONLY_WOULD_CROSS, reason="post-only-would-cross")
        return
    observer.placed(place)
    order = observer.book.held(place.client_order_id)
    if order is not None and order.kind is OrderKind.REDUCE_ONLY_LIMIT:
        _take_on_arrival(observer, order)


def _take_on_arrival(observer: Observer, order: HeldOrder) -> None:
    """Fill a take-profit that the market has already passed: it takes, and pays for it."""
    if order.unfilled_base is None or not observer.at.is_through(order.side, order.price_usd):
        return
    quantity = observer.offer(min(order.unfilled_base, observer.book.ledger.quantity_base))
    if quantity:
        observer.filled(
            order,
            price_usd=order.price_usd,
            quantity_base=quantity,
            remaining_base=order.unfilled_base - quantity,
            liquidity=Liquidity.TAKER,
        )


def _replace(observer: Observer, move: PendingReplace) -> None:
    order = observer.book.held(move.client_order_id)
    if order is None or order.generation != move.generation - 1:
        observer.rejected(move, code=ORDER_GONE, reason="order-gone")
    elif order.triggered_ms is not None:
        observer.rejected(move, code=WRONG_TRIGGER_STATE, reason="stop-already-triggered")
    elif order.kind is OrderKind.POST_ONLY_LIMIT and observer.at.would_cross(
        order.side, move.price_usd
    ):
        observer.rejected(move, code=POST_ONLY_WOULD_CROSS, reason="post-only-would-cross")
    else:
        observer.replaced(move)


def _cancel(observer: Observer, cancel: PendingCancel) -> None:
    order = observer.book.held(cancel.client_order_id)
    if order is None:
        observer.book.land_nothing(cancel)
        return
    observer.canceled(
        order, cause=cancel.intent_id, reason=cancel.reason, unfilled_base=order.unfilled_base
    )
