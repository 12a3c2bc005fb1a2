"""What the paper venue holds for one account, and how each observation changes it.

The venue changes its books only through `evolve`, with the observation that it is about to have
recorded. So the books are a fold of the log, and a restart finds them as they were.
"""

from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID

import msgspec

from contracts.event import Recorded
from contracts.order import (
    CancelIntended,
    CancelReason,
    EntryWentStale,
    OrderCanceled,
    OrderFilled,
    OrderIntended,
    OrderPlaced,
    OrderRejected,
    OrderReplaced,
    ReplaceIntended,
    StopTriggered,
)
from contracts.values import Leg, OrderKind, Side, to_millis
from execution.domain.ledger import FLAT, Ledger
from execution.domain.setup import Observation


class Pending(msgspec.Struct, frozen=True, tag_field="kind"):
    """A command on its way; it takes effect at the first print at or after `lands_ms`."""

    intent_id: UUID
    correlation_id: UUID
    setup: UUID
    client_order_id: str
    leg: Leg
    lands_ms: int


class PendingPlace(Pending, frozen=True, tag="place"):
    """An order on its way."""

    side: Side
    order_kind: OrderKind
    price_usd: Decimal
    quantity_base: Decimal | None
    expires_ms: int | None


class PendingReplace(Pending, frozen=True, tag="replace"):
    """A new price on its way."""

    generation: int
    price_usd: Decimal


class PendingCancel(Pending, frozen=True, tag="cancel"):
    """A cancel on its way."""

    reason: CancelReason


AnyPending = PendingPlace | PendingReplace | PendingCancel
Intent = OrderIntended | ReplaceIntended | CancelIntended


@dataclass(slots=True)
class HeldOrder:
    """An order that the venue holds."""

    client_order_id: str
    setup: UUID
    correlation_id: UUID
    cause_id: UUID
    """The intent that put it where it is: what its fills are caused by."""
    leg: Leg
    side: Side
    kind: OrderKind
    price_usd: Decimal
    unfilled_base: Decimal | None
    expires_ms: int | None
    since_ms: int
    """When it came to this price."""
    generation: int = 0
    stale_at_ms: int | None = None
    """When it was last called stale."""
    stale_count: int = 0
    triggered_ms: int | None = None


@dataclass(slots=True)
class Book:
    """One account in one market."""

    account: str
    market: str
    ledger: Ledger = FLAT
    pending: list[AnyPending] = field(default_factory=list[AnyPending])
    """In the order in which they arrived; they land in that order."""
    orders: list[HeldOrder] = field(default_factory=list[HeldOrder])

    @property
    def is_idle(self) -> bool:
        """Say whether no print can change anything."""
        return not (self.pending or self.orders)

    def held(self, client_order_id: str) -> HeldOrder | None:
        """Give a held order by our id."""
        return next((it for it in self.orders if it.client_order_id == client_order_id), None)

    def held_leg(self, leg: Leg) -> HeldOrder | None:
        """Give the held order of a leg."""
        return next((it for it in self.orders if it.leg is leg), None)

    def expect(self, recorded: Recorded, intent: Intent, *, latency_ms: int) -> None:
        """Take a recorded intent, to land after the latency."""
        self.pending.append(_pending(recorded, intent, latency_ms=latency_ms))

    def evolve(self, event: Observation) -> None:
        """Take an observation of one of this account's orders."""
        match event:
            case OrderPlaced():
                place = self._take_place(event.client_order_id)
                if place is not None:
                    self.orders.append(_held(place, event))
            case OrderRejected():
                if self._take_place(event.client_order_id) is None:
                    self._take_move(event.client_order_id)
            case OrderReplaced():
                self._move(event)
            case OrderCanceled():
                self._take_place(event.client_order_id)
                self._take_cancels(event.client_order_id)
                self._drop(event.client_order_id)
            case OrderFilled():
                self._fill(event)
            case EntryWentStale() | StopTriggered():
                self._mark(event)

    def land_nothing(self, cancel: PendingCancel) -> None:
        """Let a cancel land on an order that is gone: nothing happens."""
        self._take_cancels(cancel.client_order_id)

    def _move(self, event: OrderReplaced) -> None:
        move = self._take_move(event.client_order_id)
        order = self.held(event.client_order_id)
        if move is None or order is None:
            return
        order.cause_id = move.intent_id
        order.price_usd = event.price_usd
        order.generation = event.generation
        order.since_ms = to_millis(event.clock.at)
        order.stale_at_ms, order.stale_count = None, 0

    def _mark(self, event: EntryWentStale | StopTriggered) -> None:
        order = self.held(event.client_order_id)
        if order is None:
            return
        if isinstance(event, StopTriggered):
            order.triggered_ms = to_millis(event.clock.at)
        else:
            order.stale_at_ms = to_millis(event.clock.at)
            order.stale_count += 1

    def _fill(self, event: OrderFilled) -> None:
        self.ledger = self.ledger.filled(
            side=event.side,
            price_usd=event.price_usd,
            quantity_base=event.quantity_base,
            fee_usd=event.fee_usd,
        )
        order = self.held(event.client_order_id)
        if order is None:
            return
        if event.remaining_base:
            order.unfilled_base = event.remaining_base
        else:
            self._drop(event.client_order_id)

    def _drop(self, client_order_id: str) -> None:
        self.orders = [it for it in self.orders if it.client_order_id != client_order_id]

    def _take_cancels(self, client_order_id: str) -> None:
        self.pending = [
            it
            for it in self.pending
            if not (isinstance(it, PendingCancel) and it.client_order_id == client_order_id)
        ]

    def _take_place(self, client_order_id: str) -> PendingPlace | None:
        for it in self.pending:
            if isinstance(it, PendingPlace) and it.client_order_id == client_order_id:
                self.pending.remove(it)
                return it
        return None

    def _take_move(self, client_order_id: str) -> PendingReplace | None:
        for it in self.pending:
            if isinstance(it, PendingReplace) and it.client_order_id == client_order_id:
                self.pending.remove(it)
                return it
        return None


def _pending(recorded: Recorded, intent: Intent, *, latency_ms: int) -> AnyPending:
    intent_id, correlation_id = recorded.id, recorded.correlation_id
    lands_ms = to_millis(intent.earliest_at) + latency_ms
    match intent:
        case OrderIntended():
            return PendingPlace(
                intent_id=intent_id,
                correlation_id=correlation_id,
                setup=intent.setup,
                client_order_id=intent.client_order_id,
                leg=intent.leg,
                lands_ms=lands_ms,
                side=intent.side,
                order_kind=intent.kind,
                price_usd=intent.price_usd,
                quantity_base=intent.quantity_base,
                expires_ms=None if intent.expires_at is None else to_millis(intent.expires_at),
            )
        case ReplaceIntended():
            return PendingReplace(
                intent_id=intent_id,
                correlation_id=correlation_id,
                setup=intent.setup,
                client_order_id=intent.client_order_id,
                leg=intent.leg,
                lands_ms=lands_ms,
                generation=intent.generation,
                price_usd=intent.price_usd,
            )
        case CancelIntended():
            return PendingCancel(
                intent_id=intent_id,
                correlation_id=correlation_id,
                setup=intent.setup,
                client_order_id=intent.client_order_id,
                leg=intent.leg,
                lands_ms=lands_ms,
                reason=intent.reason,
            )


def _held(place: PendingPlace, event: OrderPlaced) -> HeldOrder:
    return HeldOrder(
        client_order_id=place.client_order_id,
        setup=place.setup,
        correlation_id=place.correlation_id,
        cause_id=place.intent_id,
        leg=place.leg,
        side=place.side,
        kind=place.order_kind,
        price_usd=event.price_usd,
        unfilled_base=place.quantity_base,
        expires_ms=place.expires_ms,
        since_ms=to_millis(event.clock.at),
    )
