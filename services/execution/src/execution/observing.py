"""What a venue tells, as events: records, the fate of transactions, and orders that are just gone.

Ids derive from the venue's own names, so what is told twice is the same event.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import TypedDict
from uuid import UUID

from contracts.event import Draft, Event
from contracts.ids import EventId, derive_id, derive_root_id
from contracts.order import (
    CancelReason,
    OrderCanceled,
    OrderFilled,
    OrderPlaced,
    OrderRejected,
    OrderReplaced,
    StopTriggered,
)
from contracts.routes import subject_of
from contracts.transaction import TransactionDied, TransactionLanded
from contracts.values import Leg, Side, VenueClock, from_millis
from contracts.venue import (
    ForeignOrderFilled,
    FundingSettled,
    PositionLiquidated,
    VenueFeeCharged,
    VenueObserved,
)
from execution.domain.account import AccountState
from execution.domain.errors import NUMBER_IN_USE, classify
from execution.domain.holdings import shown_by
from execution.domain.setup import Order, OrderStatus
from execution.domain.state import VENUE
from execution.domain.transactions import Transaction
from execution.venues.port import (
    AnyRecord,
    EndedRecord,
    FeeRecord,
    FilledRecord,
    FundingRecord,
    Landed,
    LiquidatedRecord,
    MovedRecord,
    PlacedRecord,
    TriggeredRecord,
)


@dataclass(frozen=True, slots=True)
class Seen:
    """An event that the venue's word makes, before it is in the log."""

    event: Event
    id: EventId
    causation_id: UUID | None = None

    def draft(self, state: AccountState, at: VenueClock) -> Draft:
        """Give what is appended."""
        setup = state.setup
        return Draft(
            event=self.event,
            id=self.id,
            subject=subject_of(self.event),
            occurred_at=at.at,
            correlation_id=self.id if setup is None else EventId(setup.correlation_id),
            causation_id=None if self.causation_id is None else EventId(self.causation_id),
        )


def landed(
    state: AccountState, transaction: Transaction, fate: Landed, clock: VenueClock
) -> Iterator[Seen]:
    """Say that a transaction landed, and what it was refused with."""
    reason = None if fate.code is None else classify(fate.code).value.replace("_", "-")
    yield Seen(
        TransactionLanded(
            account=state.account,
            market=state.market,
            transaction=transaction.id,
            signature=transaction.signature,
            slot=fate.slot,
            code=fate.code,
            reason=reason,
            fee_lamports=fate.fee_lamports,
            clock=clock,
        ),
        derive_id(EventId(transaction.id), TransactionLanded.event_type),
        transaction.id,
    )
    if fate.code is None or fate.code == NUMBER_IN_USE or state.setup is None:
        return
    for ordinal, intent in enumerate(transaction.intents):
        order = state.setup.by_client_id(intent.client_order_id or "")
        if order is None or not (intent.is_place or intent.is_move) or order.is_over:
            continue
        if intent.is_place and order.status is not OrderStatus.INTENDED:
            continue
        yield Seen(
            OrderRejected(
                account=state.account,
                market=state.market,
                setup=state.setup.id,
                client_order_id=order.client_order_id,
                leg=order.leg,
                code=fate.code,
                reason=reason or "refused",
                clock=clock,
            ),
            derive_id(EventId(transaction.id), OrderRejected.event_type, ordinal),
            transaction.id,
        )


def died(state: AccountState, transaction: Transaction, seen: VenueObserved) -> Iterator[Seen]:
    """Say that a transaction can never land, and which orders never were."""
    yield Seen(
        TransactionDied(
            account=state.account,
            market=state.market,
            transaction=transaction.id,
            signature=transaction.signature,
            block_height=seen.block_height,
            clock=seen.clock,
        ),
        derive_id(EventId(transaction.id), TransactionDied.event_type),
        transaction.id,
    )
    others = [it for it in state.transactions if it.id != transaction.id]
    carried = {intent.id for other in others for intent in other.intents}
    resting = {it.user_order_id for it in seen.orders}
    for intent in transaction.intents:
        order = state.setup and state.setup.by_client_id(intent.client_order_id or "")
        if not order or not intent.is_place or intent.id in carried:
            continue
        if order.status is OrderStatus.INTENDED and order.user_order_id not in resting:
            yield _gone(state, order, CancelReason.NEVER_LANDED, seen.clock)


def vanished(state: AccountState, seen: VenueObserved) -> Iterator[Seen]:
    """Say which orders are gone although the venue never said so: skipped, or told and lost.

    Only while log and venue agree on position and cash, so that no fill is missing.
    """
    setup = state.setup
    if setup is None or state.expected != shown_by(seen):
        return
    resting = {it.user_order_id for it in seen.orders}
    flying = {
        intent.client_order_id
        for transaction in state.open_transactions(seen.clock.slot)
        for intent in transaction.intents
    }
    for order in setup.orders:
        if order.is_over or order.user_order_id in resting or order.client_order_id in flying:
            continue
        was_taken = order.status is OrderStatus.WORKING
        reason = CancelReason.ELSEWHERE if was_taken else CancelReason.EXPIRED
        yield _gone(state, order, order.cancel_reason or reason, seen.clock)


def recorded(state: AccountState, record: AnyRecord) -> Seen | None:
    """Give the event of a venue's record; None when it says nothing that is ours to say."""
    event = _event(state, record)
    if event is None:
        return None
    return Seen(event, id_of(state, record))


def id_of(state: AccountState, record: AnyRecord) -> EventId:
    """Give the id of a record's event: by the record alone, so that it is one for ever.

    Not by the event's type: a fill of ours that is told again after its setup is a stranger's.
    """
    return derive_root_id("record", VENUE, state.account, state.market, record.key)


def _event(state: AccountState, record: AnyRecord) -> Event | None:
    clock = VenueClock(at=from_millis(record.at_ms), slot=record.slot, trade_id=record.trade_id)
    who = {"account": state.account, "market": state.market}
    match record:
        case FundingRecord():
            return FundingSettled(
                **who,
                amount_usd=record.amount_usd,
                rate=record.rate,
                position_base=record.position_base,
                hour=from_millis(record.hour_ms),
                clock=clock,
            )
        case LiquidatedRecord():
            return PositionLiquidated(
                **who,
                **_fill(state, record),
                clock=clock,
            )
        case FeeRecord():
            return VenueFeeCharged(
                **who,
                key=record.key,
                venue_order_id=record.venue_order_id,
                reason=record.reason,
                fee_usd=record.fee_usd,
                clock=clock,
            )
        case _:
            setup = state.setup
            order = None if setup is None else setup.by_number(record.user_order_id)
            if setup is None or order is None:
                return _of_stranger(state, record, clock)
            return _of_order(state, order, record, clock)


def _of_stranger(
    state: AccountState,
    record: "_OrderRecord",
    clock: VenueClock,
) -> Event | None:
    if not isinstance(record, FilledRecord):
        return None
    return ForeignOrderFilled(
        account=state.account,
        market=state.market,
        **_fill(state, record),
        venue_order_id=record.venue_order_id,
        clock=clock,
    )


class _OfOrder(TypedDict):
    account: str
    market: str
    setup: UUID
    client_order_id: str
    leg: Leg
    clock: VenueClock


_OrderRecord = PlacedRecord | MovedRecord | EndedRecord | TriggeredRecord | FilledRecord


def _of_order(
    state: AccountState, order: Order, record: _OrderRecord, clock: VenueClock
) -> Event | None:
    setup = state.setup
    if setup is None:
        return None
    who: _OfOrder = {
        "account": state.account,
        "market": state.market,
        "setup": setup.id,
        "client_order_id": order.client_order_id,
        "leg": order.leg,
        "clock": clock,
    }
    match record:
        case PlacedRecord():
            return OrderPlaced(
                **who, venue_order_id=record.venue_order_id, price_usd=record.price_usd
            )
        case MovedRecord():
            return OrderReplaced(
                **who,
                venue_order_id=record.venue_order_id,
                generation=order.generation + 1,
                price_usd=record.price_usd,
            )
        case EndedRecord():
            reason = record.reason or order.cancel_reason or CancelReason.ELSEWHERE
            return OrderCanceled(**who, reason=reason, unfilled_base=record.unfilled_base)
        case TriggeredRecord():
            return StopTriggered(**who, trigger_price_usd=record.trigger_price_usd)
        case FilledRecord():
            return OrderFilled(
                **who,
                **_fill(state, record),
                liquidity=record.liquidity,
                remaining_base=record.remaining_base,
            )


class _Fill(TypedDict):
    fill_id: str
    side: Side
    price_usd: Decimal
    quantity_base: Decimal
    fee_usd: Decimal
    realized_pnl_usd: Decimal
    position_after_base: Decimal


def _fill(state: AccountState, record: FilledRecord | LiquidatedRecord) -> _Fill:
    """Give what every fill says; the PnL is the price PnL of what it closed."""
    after = state.ledger.filled(
        side=record.side,
        price_usd=record.price_usd,
        quantity_base=record.quantity_base,
        fee_usd=record.fee_usd,
    )
    return {
        "fill_id": record.key,
        "side": record.side,
        "price_usd": record.price_usd,
        "quantity_base": record.quantity_base,
        "fee_usd": record.fee_usd,
        "realized_pnl_usd": after.realized_pnl_usd - state.ledger.realized_pnl_usd,
        "position_after_base": record.position_after_base,
    }


def _gone(state: AccountState, order: Order, reason: CancelReason, clock: VenueClock) -> Seen:
    if state.setup is None:
        raise ValueError("expected the setup of an order, found none")
    unfilled = None if order.quantity_base is None else order.quantity_base - order.filled_base
    event = OrderCanceled(
        account=state.account,
        market=state.market,
        setup=state.setup.id,
        client_order_id=order.client_order_id,
        leg=order.leg,
        reason=reason,
        unfilled_base=unfilled,
        clock=clock,
    )
    return Seen(event, derive_id(EventId(state.setup.id), f"gone/{order.client_order_id}"))
