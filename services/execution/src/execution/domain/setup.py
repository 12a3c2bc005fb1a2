"""One setup of one account: what was approved, the orders that serve it, and what filled.

`evolve` takes what the venue was seen to do and never refuses; `applied` takes what we decided to
send. Both give a new value.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from contracts.ids import ClientOrderId, EventId, derive_client_order_id
from contracts.markets import MarketSpec
from contracts.order import (
    EntryWentStale,
    OrderCanceled,
    OrderFilled,
    OrderPlaced,
    OrderRejected,
    OrderReplaced,
    StopTriggered,
)
from contracts.values import Leg, Side
from contracts.verdict import OrderApproved
from execution.domain.commands import Cancel, Command, Place, Replace
from execution.domain.errors import Action, classify
from execution.domain.ledger import FLAT, ZERO, Ledger
from execution.domain.pricing import floor_to, passive_limit, stop_trigger

TAKE_PROFITS = (Leg.TP1, Leg.TP2, Leg.TP3)


class OrderStatus(StrEnum):
    """How far an order has come, as far as we were told."""

    INTENDED = "intended"
    """On its way to the venue."""
    WORKING = "working"
    """The venue holds it."""
    ENDED = "ended"
    """Filled, canceled or refused."""


@dataclass(frozen=True, slots=True)
class OrderState:
    """One order of a setup."""

    client_order_id: ClientOrderId
    leg: Leg
    price_usd: Decimal
    quantity_base: Decimal | None
    status: OrderStatus = OrderStatus.INTENDED
    filled_base: Decimal = ZERO
    generation: int = 0
    is_moving: bool = False
    """A replace is on its way; it is always answered."""
    is_canceling: bool = False
    """A cancel is on its way; it is not answered when the order ended before."""
    is_triggered: bool = False

    @property
    def is_live(self) -> bool:
        """Say whether it may still fill."""
        return self.status is not OrderStatus.ENDED

    @property
    def is_settled(self) -> bool:
        """Say whether the venue holds it and nothing is on its way to it."""
        return self.status is OrderStatus.WORKING and not (
            self.is_moving or self.is_canceling or self.is_triggered
        )


@dataclass(frozen=True, slots=True)
class Setup:
    """A setup from its approval to its end. `id` is the approval's."""

    id: UUID
    correlation_id: UUID
    account: str
    market: str
    side: Side
    quantity_base: Decimal
    entry_price_usd: Decimal
    """The first entry's; the chase limit counts from here."""
    stop_price_usd: Decimal
    """Where the stop stands now; it only ever moves toward profit."""
    stop_distance_usd: Decimal
    """R: from the first entry to the first stop."""
    tp_prices_usd: tuple[Decimal, ...]
    expires_at: datetime
    orders: tuple[OrderState, ...] = ()
    ledger: Ledger = FLAT
    entry_filled_base: Decimal = ZERO
    replaces: int = 0
    drifted_to_usd: Decimal | None = None
    """The market left the resting entry, and we have not answered yet."""
    crossed_at_usd: Decimal | None = None
    """The market stood beyond the entry when it arrived, so that it was refused."""
    last_exit_usd: Decimal | None = None
    has_ladder: bool = False
    is_at_break_even: bool = False

    def live(self, leg: Leg) -> OrderState | None:
        """Give the live order of a leg; there is at most one."""
        return next((it for it in self.orders if it.leg is leg and it.is_live), None)

    def newest(self, leg: Leg) -> OrderState | None:
        """Give the newest order of a leg, live or not."""
        return next((it for it in reversed(self.orders) if it.leg is leg), None)

    def order(self, client_order_id: str) -> OrderState | None:
        """Give an order by our id."""
        return next((it for it in self.orders if it.client_order_id == client_order_id), None)

    def next_id(self, leg: Leg) -> ClientOrderId:
        """Give the id of the next attempt at a leg."""
        attempts = sum(it.leg is leg for it in self.orders)
        return derive_client_order_id(EventId(self.id), leg, attempts + 1)

    @property
    def is_flat(self) -> bool:
        """Say whether no position is open."""
        return not self.ledger.position_base

    @property
    def is_at_rest(self) -> bool:
        """Say whether nothing of it is live and nothing that will be answered is on its way."""
        return not any(it.is_live or it.is_moving for it in self.orders)

    def with_order(self, order: OrderState) -> "Setup":
        """Put an order in the place of the one with its id, or behind the others."""
        others = [it.client_order_id for it in self.orders]
        if order.client_order_id not in others:
            return replace(self, orders=(*self.orders, order))
        at = others.index(order.client_order_id)
        return replace(self, orders=(*self.orders[:at], order, *self.orders[at + 1 :]))


def opened(
    verdict: OrderApproved, *, verdict_id: UUID, correlation_id: UUID, spec: MarketSpec
) -> Setup:
    """Give the setup that an approval begins, on the market's grid, with no order yet."""
    side = verdict.side
    entry = passive_limit(side, verdict.entry_price_usd, spec.tick_usd)
    stop = stop_trigger(side, verdict.stop_price_usd, spec.tick_usd)
    return Setup(
        id=verdict_id,
        correlation_id=correlation_id,
        account=verdict.account,
        market=verdict.market,
        side=side,
        quantity_base=floor_to(verdict.quantity_base, spec.step_base),
        entry_price_usd=entry,
        stop_price_usd=stop,
        stop_distance_usd=side.sign * (entry - stop),
        tp_prices_usd=tuple(
            passive_limit(side.opposite, price, spec.tick_usd) for price in verdict.tp_prices_usd
        ),
        expires_at=verdict.expires_at,
    )


def applied(setup: Setup, command: Command) -> Setup:
    """Give the setup after a command was decided."""
    match command:
        case Place():
            return _placed(setup, command)
        case Replace(leg=leg):
            order = replace(_known(setup, command.client_order_id), is_moving=True)
            moved = setup.with_order(order)
            if leg is Leg.STOP:
                return replace(moved, is_at_break_even=True)
            return replace(moved, replaces=setup.replaces + 1, drifted_to_usd=None)
        case Cancel():
            order = replace(_known(setup, command.client_order_id), is_canceling=True)
            return replace(setup.with_order(order), drifted_to_usd=None)


def _placed(setup: Setup, command: Place) -> Setup:
    is_again = command.leg is Leg.ENTRY and setup.newest(Leg.ENTRY) is not None
    order = OrderState(
        client_order_id=command.client_order_id,
        leg=command.leg,
        price_usd=command.price_usd,
        quantity_base=command.quantity_base,
    )
    return replace(
        setup.with_order(order),
        replaces=setup.replaces + is_again,
        crossed_at_usd=None if command.leg is Leg.ENTRY else setup.crossed_at_usd,
        has_ladder=setup.has_ladder or command.leg in TAKE_PROFITS,
    )


Observation = (
    OrderPlaced
    | OrderRejected
    | OrderReplaced
    | OrderCanceled
    | EntryWentStale
    | StopTriggered
    | OrderFilled
)
"""What the venue was seen to do with an order."""


class UnknownOrder(Exception):
    """The venue was recorded doing something with an order that we never intended."""


def evolve(setup: Setup, event: Observation) -> Setup:
    """Give the setup after the venue was seen to do something with one of its orders."""
    order = _known(setup, event.client_order_id)
    match event:
        case OrderPlaced():
            return setup.with_order(
                replace(order, status=OrderStatus.WORKING, price_usd=event.price_usd)
            )
        case OrderRejected():
            return _rejected(setup, order, event)
        case OrderReplaced():
            moved = setup.with_order(
                replace(
                    order,
                    price_usd=event.price_usd,
                    generation=event.generation,
                    is_moving=False,
                )
            )
            if order.leg is Leg.STOP:
                return replace(moved, stop_price_usd=event.price_usd)
            return moved
        case OrderCanceled():
            return setup.with_order(replace(order, status=OrderStatus.ENDED))
        case EntryWentStale():
            return replace(setup, drifted_to_usd=event.last_price_usd)
        case StopTriggered():
            return setup.with_order(replace(order, is_triggered=True))
        case OrderFilled():
            return _filled(setup, order, event)


def _rejected(setup: Setup, order: OrderState, event: OrderRejected) -> Setup:
    if order.is_moving:
        return setup.with_order(replace(order, is_moving=False))
    ended = setup.with_order(replace(order, status=OrderStatus.ENDED))
    if order.leg is Leg.ENTRY and classify(event.code) is Action.REPLAN_PRICE:
        return replace(ended, crossed_at_usd=event.last_price_usd)
    return ended


def _filled(setup: Setup, order: OrderState, event: OrderFilled) -> Setup:
    ledger = setup.ledger.filled(
        side=event.side,
        price_usd=event.price_usd,
        quantity_base=event.quantity_base,
        fee_usd=event.fee_usd,
    )
    status = order.status if event.remaining_base else OrderStatus.ENDED
    order = replace(order, filled_base=order.filled_base + event.quantity_base, status=status)
    filled = replace(setup.with_order(order), ledger=ledger)
    if order.leg is Leg.ENTRY:
        return replace(filled, entry_filled_base=setup.entry_filled_base + event.quantity_base)
    return replace(filled, last_exit_usd=event.price_usd)


def _known(setup: Setup, client_order_id: str) -> OrderState:
    order = setup.order(client_order_id)
    if order is None:
        raise UnknownOrder(
            f"expected an order of setup {setup.id}, found {client_order_id} in the log"
        )
    return order
