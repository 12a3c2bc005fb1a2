"""A venue's records, as events.

Ids derive from the venue's own names, so what is told twice is the same event.
"""

from decimal import Decimal
from typing import TypedDict
from uuid import UUID

from contracts.event import Event
from contracts.ids import EventId, derive_root_id
from contracts.order import (
    CancelReason,
    OrderCanceled,
    OrderFilled,
    OrderPlaced,
    OrderReplaced,
    StopTriggered,
)
from contracts.values import Leg, Side, VenueClock, from_millis
from contracts.venue import (
    CapitalMoved,
    ForeignOrderFilled,
    FundingSettled,
    PositionLiquidated,
    VenueFeeCharged,
)
from execution.domain.account import AccountState
from execution.domain.setup import Order
from execution.seen import Seen
from execution.venues.port import (
    AnyRecord,
    CapitalRecord,
    EndedRecord,
    FeeRecord,
    FilledRecord,
    FundingRecord,
    LiquidatedRecord,
    MovedRecord,
    PlacedRecord,
    TriggeredRecord,
)


def recorded(state: AccountState, record: AnyRecord) -> Seen | None:
    """Give the event of a venue's record; None when it says nothing that is ours to say.

    What was before the account was funded is part of what it was funded with.
    """
    event = None if record.slot <= state.funded_slot else _event(state, record)
    if event is None:
        return None
    return Seen(event, id_of(state, record))


def id_of(state: AccountState, record: AnyRecord) -> EventId:
    """Give the id of a record's event: by the record alone, so that it is one for ever.

    Not by the event's type: a fill of ours that is told again after its setup is a stranger's.
    """
    return derive_root_id("record", state.venue, state.account, state.market, record.key)


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
        case CapitalRecord():
            return CapitalMoved(**who, key=record.key, amount_usd=record.amount_usd, clock=clock)
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
