"""Orders, the setup that they serve, and the position that their fills make."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from contracts import order as o
from contracts.event import Recorded
from contracts.values import Leg, OrderKind, Side
from contracts.verdict import OrderApproved

_ZERO = Decimal(0)


class OrderStatus(StrEnum):
    """Where an order stands, by the last thing that the log says of it."""

    INTENDED = "intended"
    RESTING = "resting"
    REPLACING = "replacing"
    CANCELING = "canceling"
    PARTIALLY_FILLED = "partially_filled"
    TRIGGERED = "triggered"
    FILLED = "filled"
    CANCELED = "canceled"
    REJECTED = "rejected"

    @property
    def is_over(self) -> bool:
        """Whether nothing more can happen to the order."""
        return self in (OrderStatus.FILLED, OrderStatus.CANCELED, OrderStatus.REJECTED)


class SetupStatus(StrEnum):
    """Where a setup stands."""

    APPROVED = "approved"
    ENTERING = "entering"
    OPEN = "open"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderState:
    """One order of ours."""

    client_order_id: str
    setup: UUID
    leg: Leg
    side: Side
    kind: OrderKind
    status: OrderStatus
    price_usd: Decimal
    quantity_base: Decimal | None
    filled_base: Decimal
    is_reduce_only: bool
    generation: int
    reason: str
    """Why it was canceled or rejected; empty otherwise."""
    position: int
    """Of the last event about it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetupState:
    """The newest approved setup, as it was approved, and how it went."""

    id: UUID
    proposal: UUID
    side: Side
    status: SetupStatus
    quantity_base: Decimal
    entry_price_usd: Decimal
    stop_price_usd: Decimal
    tp_prices_usd: tuple[Decimal, Decimal, Decimal]
    notional_usd: Decimal
    risk_usd: Decimal
    approved_at: datetime
    expires_at: datetime
    outcome: str
    realized_pnl_usd: Decimal | None
    fees_usd: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """The signed position, its average entry price, and what all fills made and cost."""

    quantity_base: Decimal = _ZERO
    entry_price_usd: Decimal | None = None
    realized_pnl_usd: Decimal = _ZERO
    fees_usd: Decimal = _ZERO
    fills: int = 0
    setups_closed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """Everything of one account in one market that orders and fills change."""

    setup: SetupState | None = None
    orders: tuple[OrderState, ...] = ()
    holding: Holding = field(default_factory=Holding)


def approve(book: Book, recorded: Recorded, event: OrderApproved) -> Book:
    """Begin a setup; forget the orders before it that are over."""
    setup = SetupState(
        id=recorded.id,
        proposal=event.proposal,
        side=event.side,
        status=SetupStatus.APPROVED,
        quantity_base=event.quantity_base,
        entry_price_usd=event.entry_price_usd,
        stop_price_usd=event.stop_price_usd,
        tp_prices_usd=event.tp_prices_usd,
        notional_usd=event.notional_usd,
        risk_usd=event.risk_usd,
        approved_at=recorded.occurred_at,
        expires_at=event.expires_at,
        outcome="",
        realized_pnl_usd=None,
        fees_usd=None,
    )
    open_orders = tuple(order for order in book.orders if not order.status.is_over)
    return replace(book, setup=setup, orders=open_orders)


def evolve(book: Book, recorded: Recorded) -> Book:
    """Fold an event of the order life; an order that nobody intended is passed over."""
    event = recorded.event
    match event:
        case o.OrderIntended():
            intended = _intended(event, recorded.position)
            return _entering(replace(book, orders=(*book.orders, intended)), event.setup)
        case o.OrderFilled():
            return _filled(_changed(book, recorded, event), event)
        case o.SetupClosed():
            return _closed(book, event)
        case (
            o.ReplaceIntended()
            | o.CancelIntended()
            | o.OrderPlaced()
            | o.OrderRejected()
            | o.OrderReplaced()
            | o.OrderCanceled()
            | o.StopTriggered()
        ):
            return _changed(book, recorded, event)
        case _:
            return book


_Change = (
    o.ReplaceIntended
    | o.CancelIntended
    | o.OrderPlaced
    | o.OrderRejected
    | o.OrderReplaced
    | o.OrderCanceled
    | o.StopTriggered
    | o.OrderFilled
)


def _changed(book: Book, recorded: Recorded, event: _Change) -> Book:
    orders = tuple(
        replace(_after(order, event), position=recorded.position)
        if order.client_order_id == event.client_order_id
        else order
        for order in book.orders
    )
    return replace(book, orders=orders)


def _after(order: OrderState, event: _Change) -> OrderState:
    match event:
        case o.ReplaceIntended():
            return replace(order, status=OrderStatus.REPLACING)
        case o.CancelIntended():
            return replace(order, status=OrderStatus.CANCELING, reason=event.reason)
        case o.OrderPlaced():
            return replace(order, status=OrderStatus.RESTING, price_usd=event.price_usd)
        case o.OrderReplaced():
            return replace(
                order,
                status=_resting(order.filled_base),
                price_usd=event.price_usd,
                generation=event.generation,
            )
        case o.OrderRejected():
            # A refused replace leaves the order where it rests; a refused order never rested.
            if order.status is OrderStatus.REPLACING:
                return replace(order, status=_resting(order.filled_base))
            return replace(order, status=OrderStatus.REJECTED, reason=event.reason)
        case o.OrderCanceled():
            return replace(order, status=OrderStatus.CANCELED, reason=event.reason)
        case o.StopTriggered():
            return replace(order, status=OrderStatus.TRIGGERED)
        case o.OrderFilled():
            status = (
                OrderStatus.FILLED if event.remaining_base == 0 else OrderStatus.PARTIALLY_FILLED
            )
            return replace(
                order, status=status, filled_base=order.filled_base + event.quantity_base
            )


def _resting(filled_base: Decimal) -> OrderStatus:
    return OrderStatus.PARTIALLY_FILLED if filled_base else OrderStatus.RESTING


def _intended(event: o.OrderIntended, position: int) -> OrderState:
    return OrderState(
        client_order_id=event.client_order_id,
        setup=event.setup,
        leg=event.leg,
        side=event.side,
        kind=event.kind,
        status=OrderStatus.INTENDED,
        price_usd=event.price_usd,
        quantity_base=event.quantity_base,
        filled_base=_ZERO,
        is_reduce_only=event.is_reduce_only,
        generation=0,
        reason="",
        position=position,
    )


def _entering(book: Book, setup: UUID) -> Book:
    known = book.setup
    if known is None or known.id != setup or known.status is not SetupStatus.APPROVED:
        return book
    return replace(book, setup=replace(known, status=SetupStatus.ENTERING))


def _filled(book: Book, event: o.OrderFilled) -> Book:
    held, after = book.holding, event.position_after_base
    holding = replace(
        held,
        quantity_base=after,
        entry_price_usd=_average(held, after, event),
        realized_pnl_usd=held.realized_pnl_usd + event.realized_pnl_usd,
        fees_usd=held.fees_usd + event.fee_usd,
        fills=held.fills + 1,
    )
    setup = book.setup
    if setup is not None and setup.id == event.setup and setup.status is not SetupStatus.CLOSED:
        setup = replace(setup, status=SetupStatus.OPEN)
    return replace(book, holding=holding, setup=setup)


def _average(held: Holding, after: Decimal, event: o.OrderFilled) -> Decimal | None:
    """Give the average entry price: weighted while the position grows, kept while it shrinks."""
    before = held.quantity_base
    if after == 0:
        return None
    if held.entry_price_usd is None or before * after <= 0:
        return event.price_usd
    if abs(after) <= abs(before):
        return held.entry_price_usd
    added = abs(after) - abs(before)
    total = abs(before) * held.entry_price_usd + added * event.price_usd
    return (total / abs(after)).quantize(Decimal("1E-8"))


def _closed(book: Book, event: o.SetupClosed) -> Book:
    holding = replace(book.holding, setups_closed=book.holding.setups_closed + 1)
    setup = book.setup
    if setup is not None and setup.id == event.setup:
        setup = replace(
            setup,
            status=SetupStatus.CLOSED,
            outcome=event.outcome,
            realized_pnl_usd=event.realized_pnl_usd,
            fees_usd=event.fees_usd,
        )
    return replace(book, holding=holding, setup=setup)
