"""One order of ours, by what the log says of it."""

from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from contracts import order as o
from contracts.event import Recorded
from contracts.values import Leg, OrderKind, Side

Change = (
    o.ReplaceIntended
    | o.CancelIntended
    | o.TriggerIntended
    | o.OrderPlaced
    | o.OrderRejected
    | o.OrderReplaced
    | o.OrderCanceled
    | o.StopTriggered
    | o.OrderFilled
)
"""What happens to one order after it was intended."""
_Intent = o.ReplaceIntended | o.CancelIntended | o.TriggerIntended


class OrderStatus(StrEnum):
    """Where an order stands, by the last thing that the log says of it."""

    INTENDED = "intended"
    RESTING = "resting"
    REPLACING = "replacing"
    CANCELING = "canceling"
    TRIGGERING = "triggering"
    """We fire our own stop."""
    PARTIALLY_FILLED = "partially_filled"
    TRIGGERED = "triggered"
    FILLED = "filled"
    CANCELED = "canceled"
    REJECTED = "rejected"

    @property
    def is_over(self) -> bool:
        """Whether nothing more can happen to the order."""
        return self in (OrderStatus.FILLED, OrderStatus.CANCELED, OrderStatus.REJECTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderState:
    """One order of ours."""

    client_order_id: str
    venue_order_id: int | None
    """The newest; None while the venue was not seen to hold the order."""
    setup: UUID
    leg: Leg
    side: Side
    kind: OrderKind
    kind_after_move: OrderKind | None
    """What the move that is intended makes of it."""
    status: OrderStatus
    price_usd: Decimal
    quantity_base: Decimal | None
    filled_base: Decimal
    is_reduce_only: bool
    generation: int
    reason: str
    """Why it was canceled or rejected; empty otherwise."""
    intents: tuple[UUID, ...]
    """Ids of all intents about it: what transactions name."""
    position: int
    """Of the last event about it."""


def intended(event: o.OrderIntended, recorded: Recorded) -> OrderState:
    """Give an order that is to be placed."""
    return OrderState(
        client_order_id=event.client_order_id,
        venue_order_id=None,
        setup=event.setup,
        leg=event.leg,
        side=event.side,
        kind=event.kind,
        kind_after_move=None,
        status=OrderStatus.INTENDED,
        price_usd=event.price_usd,
        quantity_base=event.quantity_base,
        filled_base=Decimal(0),
        is_reduce_only=event.is_reduce_only,
        generation=0,
        reason="",
        intents=(recorded.id,),
        position=recorded.position,
    )


def changed(order: OrderState, event: Change, recorded: Recorded) -> OrderState:
    """Fold something that happened to the order."""
    after = replace(_after(order, event), position=recorded.position)
    if isinstance(event, _Intent):
        return replace(after, intents=(*after.intents, recorded.id))
    return after


def side_canceled(order: OrderState, event: o.SideCancelIntended, recorded: Recorded) -> OrderState:
    """Fold that every order of the order's side is to be taken back."""
    return replace(
        order,
        status=OrderStatus.CANCELING,
        reason=event.reason,
        intents=(*order.intents, recorded.id),
        position=recorded.position,
    )


def _after(order: OrderState, event: Change) -> OrderState:
    match event:
        case o.ReplaceIntended():
            return replace(order, status=OrderStatus.REPLACING, kind_after_move=event.kind)
        case o.CancelIntended():
            return replace(order, status=OrderStatus.CANCELING, reason=event.reason)
        case o.TriggerIntended():
            return replace(order, status=OrderStatus.TRIGGERING)
        case o.OrderPlaced():
            return replace(
                order,
                status=_at_rest(order),
                venue_order_id=event.venue_order_id,
                price_usd=event.price_usd,
            )
        case o.OrderReplaced():
            return replace(
                order,
                status=_at_rest(order),
                venue_order_id=event.venue_order_id,
                price_usd=event.price_usd,
                generation=event.generation,
                kind=order.kind_after_move or order.kind,
                kind_after_move=None,
            )
        case o.OrderRejected():
            return _rejected(order, event)
        case o.OrderCanceled():
            return replace(order, status=OrderStatus.CANCELED, reason=event.reason)
        case o.StopTriggered():
            return replace(order, status=OrderStatus.TRIGGERED)
        case o.OrderFilled():
            is_whole = event.remaining_base == 0
            return replace(
                order,
                status=OrderStatus.FILLED if is_whole else OrderStatus.PARTIALLY_FILLED,
                filled_base=order.filled_base + event.quantity_base,
            )


def _rejected(order: OrderState, event: o.OrderRejected) -> OrderState:
    """Only an order that the venue never held is over; else what was refused is its move."""
    if order.venue_order_id is None and not order.filled_base:
        return replace(order, status=OrderStatus.REJECTED, reason=event.reason)
    is_moving = order.status in (OrderStatus.REPLACING, OrderStatus.TRIGGERING)
    status = _at_rest(order) if is_moving else order.status
    return replace(order, status=status, kind_after_move=None)


def _at_rest(order: OrderState) -> OrderStatus:
    return OrderStatus.PARTIALLY_FILLED if order.filled_base else OrderStatus.RESTING
