"""One setup of one account: what was approved, the orders that serve it, and what filled.

Every function takes something that has happened and gives a new value; none refuses.
"""

from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

import msgspec
from msgspec.structs import replace

from contracts.ids import ClientOrderId, EventId, derive_client_order_id
from contracts.markets import MarketSpec
from contracts.order import (
    CancelIntended,
    CancelReason,
    OrderCanceled,
    OrderFilled,
    OrderIntended,
    OrderPlaced,
    OrderRejected,
    OrderReplaced,
    ReplaceIntended,
    SideCancelIntended,
    StopTriggered,
)
from contracts.values import Leg, OrderKind, Side
from contracts.verdict import OrderApproved
from execution.domain.ledger import FLAT, ZERO, Ledger
from execution.domain.policy import Policy
from execution.domain.pricing import floor_to, passive_limit, stop_trigger

TAKE_PROFITS = (Leg.TP1, Leg.TP2, Leg.TP3)


class OrderStatus(StrEnum):
    """How far an order has come, as far as the log tells."""

    INTENDED = "intended"
    WORKING = "working"
    ENDED = "ended"
    """Filled, canceled or refused."""


class Order(msgspec.Struct, frozen=True):
    """One order of a setup."""

    client_order_id: ClientOrderId
    user_order_id: int
    leg: Leg
    side: Side
    kind: OrderKind
    price_usd: Decimal
    quantity_base: Decimal | None
    expires_at: datetime | None
    status: OrderStatus = OrderStatus.INTENDED
    venue_order_id: int | None = None
    generation: int = 0
    filled_base: Decimal = ZERO
    cancel_reason: CancelReason | None = None
    """Why we take it back, since we intended to."""
    is_unwanted: bool = False
    """A person asked to cancel it."""
    since: datetime | None = None
    """Chain time at which it came to its price."""
    triggered_slot: int | None = None

    @property
    def is_over(self) -> bool:
        """Say whether the log says that it ended."""
        return self.status is OrderStatus.ENDED

    @property
    def was_taken(self) -> bool:
        """Say whether the log says that the venue took it."""
        return self.venue_order_id is not None or self.filled_base > 0


class Setup(msgspec.Struct, frozen=True):
    """A setup from its approval to its end. `id` is that of its approval, or of its adoption."""

    id: UUID
    correlation_id: UUID
    side: Side
    quantity_base: Decimal
    entry_price_usd: Decimal
    """The first entry's; the chase limit counts from here."""
    stop_price_usd: Decimal
    """Where the stop should stand now; it only ever moves toward profit."""
    stop_distance_usd: Decimal
    """R: from the first entry to the first stop."""
    tp_prices_usd: tuple[Decimal, ...]
    fence_at: datetime | None
    """Chain time after which no entry may land or fill; None when it was adopted."""
    fee_cap_microlamports: int | None
    """What its transactions may offer per compute unit, unless they protect."""
    orders: tuple[Order, ...] = ()
    is_sent: bool = False
    """An entry is on its way, or was taken."""
    attempts: int = 0
    """Entries whose transaction died."""
    replaces: int = 0
    """Moves that were sent, and refusals for crossing."""
    converts: int = 0
    refused_code: int | None = None
    """The venue, or our signer, refused the entry for good."""
    filled_base: Decimal = ZERO
    """By entries."""
    filled_since: datetime | None = None
    """Chain time of the first fill."""
    break_even_usd: Decimal | None = None
    """Where the stop was sent to once TP1 had filled."""
    is_declined: bool = False
    """The owner did not want to sign its entry."""
    costs: Ledger = FLAT
    """Fills, fees and funding while it lived."""
    transaction_fees_lamports: int = 0

    def by_number(self, user_order_id: int) -> Order | None:
        """Give its newest order with a number of ours."""
        found = (it for it in reversed(self.orders) if it.user_order_id == user_order_id)
        return next(found, None)

    def by_client_id(self, client_order_id: str) -> Order | None:
        """Give its order with our id."""
        return next((it for it in self.orders if it.client_order_id == client_order_id), None)

    def newest(self, leg: Leg) -> Order | None:
        """Give the newest order of a leg, over or not."""
        return next((it for it in reversed(self.orders) if it.leg is leg), None)

    def exited_base(self, leg: Leg) -> Decimal:
        """Give what the orders of an exit leg have filled."""
        return sum((it.filled_base for it in self.orders if it.leg is leg), ZERO)

    def next_client_id(self, leg: Leg) -> ClientOrderId:
        """Give the id of the next order of a leg."""
        count = sum(it.leg is leg for it in self.orders)
        return derive_client_order_id(EventId(self.id), leg, count + 1)

    def with_order(self, order: Order) -> "Setup":
        """Put an order in the place of the one with its id, or behind the others."""
        ids = [it.client_order_id for it in self.orders]
        if order.client_order_id not in ids:
            return replace(self, orders=(*self.orders, order))
        at = ids.index(order.client_order_id)
        return replace(self, orders=(*self.orders[:at], order, *self.orders[at + 1 :]))


def approved(
    verdict: OrderApproved,
    *,
    verdict_id: UUID,
    correlation_id: UUID,
    spec: MarketSpec,
    policy: Policy,
) -> Setup:
    """Give the setup that an approval begins, on the market's grid, with no order yet."""
    side = verdict.side
    entry = passive_limit(side, verdict.entry_price_usd, spec.tick_usd)
    stop = stop_trigger(side, verdict.stop_price_usd, spec.tick_usd)
    return Setup(
        id=verdict_id,
        correlation_id=correlation_id,
        side=side,
        quantity_base=floor_to(verdict.quantity_base, spec.step_base),
        entry_price_usd=entry,
        stop_price_usd=stop,
        stop_distance_usd=side.sign * (entry - stop),
        tp_prices_usd=tuple(
            passive_limit(side.opposite, price, spec.tick_usd) for price in verdict.tp_prices_usd
        ),
        fence_at=verdict.expires_at - timedelta(milliseconds=policy.fence_margin_ms),
        fee_cap_microlamports=verdict.priority_fee_microlamports,
    )


def adopted(
    *, adoption_id: UUID, position_base: Decimal, stop_price_usd: Decimal, price_usd: Decimal
) -> Setup:
    """Give the setup of a position that nothing explains: it is protected and nothing else."""
    side = Side.LONG if position_base > 0 else Side.SHORT
    return Setup(
        id=adoption_id,
        correlation_id=adoption_id,
        side=side,
        quantity_base=abs(position_base),
        entry_price_usd=price_usd,
        stop_price_usd=stop_price_usd,
        stop_distance_usd=abs(price_usd - stop_price_usd),
        tp_prices_usd=(),
        fence_at=None,
        fee_cap_microlamports=None,
        is_sent=True,
        filled_base=abs(position_base),
        costs=Ledger(position_base=position_base, cost_usd=abs(position_base) * price_usd),
    )


def intended(setup: Setup, event: OrderIntended) -> Setup:
    """Give the setup after one more order was intended."""
    order = Order(
        client_order_id=ClientOrderId(event.client_order_id),
        user_order_id=event.user_order_id,
        leg=event.leg,
        side=event.side,
        kind=event.kind,
        price_usd=event.price_usd,
        quantity_base=event.quantity_base,
        expires_at=event.expires_at,
    )
    is_entry = event.leg is Leg.ENTRY
    return replace(setup.with_order(order), is_sent=setup.is_sent or is_entry)


def move_intended(setup: Setup, event: ReplaceIntended) -> Setup:
    """Give the setup after a move was intended."""
    if event.leg is Leg.STOP:
        return replace(setup, break_even_usd=event.price_usd, stop_price_usd=event.price_usd)
    if event.leg is not Leg.ENTRY:
        return setup
    if event.kind is OrderKind.LIMIT:
        return replace(setup, converts=setup.converts + 1)
    return replace(setup, replaces=setup.replaces + 1)


def cancel_intended(setup: Setup, event: CancelIntended | SideCancelIntended) -> Setup:
    """Give the setup after the cancel of an order, or of a whole side, was intended."""

    def is_meant(order: Order) -> bool:
        if order.is_over:
            return False
        if isinstance(event, CancelIntended):
            return order.client_order_id == event.client_order_id
        return order.side is event.side

    orders = tuple(
        replace(it, cancel_reason=event.reason) if is_meant(it) else it for it in setup.orders
    )
    return replace(setup, orders=orders)


OrderObservation = (
    OrderPlaced | OrderRejected | OrderReplaced | OrderCanceled | StopTriggered | OrderFilled
)
"""What the venue was seen to do with an order of ours."""


def observed(setup: Setup, event: OrderObservation) -> Setup:
    """Give the setup after the venue was seen to do something with one of its orders."""
    order = setup.by_client_id(event.client_order_id)
    if order is None:
        return setup
    if order.leg is Leg.ENTRY and isinstance(event, OrderPlaced | OrderFilled):
        setup = replace(setup, is_sent=True)  # Also when its transaction counted as dead.
    match event:
        case OrderPlaced():
            status = OrderStatus.ENDED if order.is_over else OrderStatus.WORKING
            return setup.with_order(
                replace(
                    order,
                    status=status,
                    venue_order_id=event.venue_order_id,
                    since=event.clock.at,
                )
            )
        case OrderReplaced():
            return setup.with_order(
                replace(
                    order,
                    price_usd=event.price_usd,
                    generation=event.generation,
                    venue_order_id=event.venue_order_id,
                    since=event.clock.at,
                )
            )
        case OrderRejected():
            if order.status is not OrderStatus.INTENDED:
                return setup  # A refused move leaves the order where it rests.
            return setup.with_order(replace(order, status=OrderStatus.ENDED))
        case OrderCanceled():
            return setup.with_order(replace(order, status=OrderStatus.ENDED))
        case StopTriggered():
            return setup.with_order(replace(order, triggered_slot=event.clock.slot))
        case OrderFilled():
            return _filled(setup, order, event)


def _filled(setup: Setup, order: Order, event: OrderFilled) -> Setup:
    status = OrderStatus.WORKING if event.remaining_base else OrderStatus.ENDED
    order = replace(order, filled_base=order.filled_base + event.quantity_base, status=status)
    filled = setup.with_order(order)
    if order.leg is not Leg.ENTRY:
        return filled
    return replace(
        filled,
        filled_base=setup.filled_base + event.quantity_base,
        filled_since=setup.filled_since or event.clock.at,
    )
