"""From a recorded event to the row that it leaves behind.

The rows are those that queries answer with; they are constructed without a check, because all
their values are those of events, which are checked.
"""

from decimal import Context, Decimal
from typing import Any

from contracts.event import Recorded
from contracts.order import (
    CancelIntended,
    OrderCanceled,
    OrderFilled,
    OrderIntended,
    OrderPlaced,
    OrderRejected,
    OrderReplaced,
    ReplaceIntended,
    SideCancelIntended,
    StopTriggered,
    TriggerIntended,
)
from contracts.queries import (
    FillKind,
    FillRow,
    OrderRow,
    OrderStatus,
    PositionRow,
    TransactionRow,
    TransactionStatus,
    VerdictRow,
)
from contracts.transaction import (
    SigningRefused,
    TransactionDied,
    TransactionLanded,
    TransactionPlanned,
    TransactionSigned,
)
from contracts.venue import (
    ForeignOrderFilled,
    FundingSettled,
    PositionLiquidated,
    VenueFeeCharged,
)
from contracts.verdict import OrderApproved, OrderDenied

OrderChange = (
    ReplaceIntended
    | CancelIntended
    | TriggerIntended
    | OrderPlaced
    | OrderRejected
    | OrderReplaced
    | OrderCanceled
    | StopTriggered
    | OrderFilled
)
"""What happens to one order after it was intended."""
Fill = OrderFilled | PositionLiquidated | ForeignOrderFilled
PositionChange = Fill | FundingSettled | VenueFeeCharged
TransactionChange = TransactionSigned | SigningRefused | TransactionLanded | TransactionDied

_Changes = dict[str, Any]  # Any: values of several columns.
_PRICE_STEP = Decimal("1e-12")
_EXACT = Context(prec=100)
"""Wide enough that no sum or product of the wire's decimals (18 digits each side) is rounded."""


def intended_order(event: OrderIntended, recorded: Recorded) -> OrderRow:
    """Give the row of an order that is to be placed."""
    return OrderRow.model_construct(
        client_order_id=event.client_order_id,
        user_order_id=event.user_order_id,
        venue_order_id=None,
        account=event.account,
        market=event.market,
        setup=event.setup,
        leg=event.leg,
        side=event.side,
        kind=event.kind,
        kind_after_move=None,
        price_usd=event.price_usd,
        quantity_base=event.quantity_base,
        filled_base=Decimal(0),
        status=OrderStatus.INTENDED,
        reason=None,
        generation=0,
        intended_at=recorded.occurred_at,
        updated_at=recorded.occurred_at,
        intended_position=recorded.position,
        updated_position=recorded.position,
    )


def changed_order(before: OrderRow, event: OrderChange, recorded: Recorded) -> OrderRow:
    """Give the row of an order after something happened to it."""
    match event:
        case ReplaceIntended() | CancelIntended() | TriggerIntended():
            change = _intent(event)
        case OrderFilled():
            change = _filled(before, event)
        case _:
            change = _observed(before, event)
    return before.model_copy(update=change | _seen(recorded))


def side_canceled_order(
    before: OrderRow, event: SideCancelIntended, recorded: Recorded
) -> OrderRow:
    """Give the row of an order whose whole side is to be taken back."""
    change: _Changes = {"status": OrderStatus.CANCELING, "reason": event.reason.value}
    return before.model_copy(update=change | _seen(recorded))


def fill_row(event: Fill, recorded: Recorded) -> FillRow:
    """Give the row of a fill."""
    ours = event if isinstance(event, OrderFilled) else None
    return FillRow.model_construct(
        position=recorded.position,
        id=recorded.id,
        fill_id=event.fill_id.replace("\0", "\ufffd"),
        kind=_fill_kind(event),
        client_order_id=ours and ours.client_order_id,
        venue_order_id=event.venue_order_id if isinstance(event, ForeignOrderFilled) else None,
        account=event.account,
        market=event.market,
        setup=ours and ours.setup,
        leg=ours and ours.leg,
        side=event.side,
        liquidity=ours and ours.liquidity,
        price_usd=event.price_usd,
        quantity_base=event.quantity_base,
        fee_usd=event.fee_usd,
        realized_pnl_usd=event.realized_pnl_usd,
        position_after_base=event.position_after_base,
        filled_at=recorded.occurred_at,
    )


def changed_position(
    before: PositionRow | None, event: PositionChange, recorded: Recorded
) -> PositionRow:
    """Give the row of a position after a fill, a fee or funding; the first makes it, flat."""
    known = before or _flat(event.account, event.market)
    match event:
        case FundingSettled():
            change: _Changes = {"funding_usd": _EXACT.add(known.funding_usd, event.amount_usd)}
        case VenueFeeCharged():
            change = {"venue_fees_usd": _EXACT.add(known.venue_fees_usd, event.fee_usd)}
        case _:
            change = {
                "quantity_base": event.position_after_base,
                "entry_price_usd": _entry_price(known, event),
                "realized_pnl_usd": _EXACT.add(known.realized_pnl_usd, event.realized_pnl_usd),
                "fees_usd": _EXACT.add(known.fees_usd, event.fee_usd),
                "fills": known.fills + 1,
            }
    return known.model_copy(update=change | _seen(recorded))


def planned_transaction(event: TransactionPlanned, recorded: Recorded) -> TransactionRow:
    """Give the row of a transaction that is planned; the event's id names it."""
    return TransactionRow.model_construct(
        id=recorded.id,
        account=event.account,
        market=event.market,
        setup=event.setup,
        intents=event.intents,
        retry_class=event.retry_class,
        urgency=event.urgency,
        attempt=event.attempt,
        status=TransactionStatus.PLANNED,
        priority_fee_lamports=event.priority_fee_lamports,
        fee_lamports=None,
        signature=None,
        message_sha256=None,
        last_valid_block_height=None,
        signed_slot=None,
        landed_slot=None,
        died_block_height=None,
        code=None,
        reason=None,
        planned_at=recorded.occurred_at,
        updated_at=recorded.occurred_at,
        planned_position=recorded.position,
        updated_position=recorded.position,
    )


def changed_transaction(
    before: TransactionRow, event: TransactionChange, recorded: Recorded
) -> TransactionRow:
    """Give the row of a transaction after it was signed, or after its fate was seen."""
    match event:
        case TransactionSigned():
            change: _Changes = {
                "status": TransactionStatus.SIGNED,
                "signature": event.signature,
                "message_sha256": event.message_sha256,
                "last_valid_block_height": event.last_valid_block_height,
                "signed_slot": event.clock.slot,
            }
        case TransactionLanded():
            is_good = event.code is None
            change = {
                "status": TransactionStatus.LANDED if is_good else TransactionStatus.FAILED,
                "landed_slot": event.slot,
                "code": event.code,
                "reason": event.reason,
                "fee_lamports": event.fee_lamports,
            }
        case SigningRefused():
            change = {"status": TransactionStatus.DEAD, "reason": event.code}
        case TransactionDied():
            change = {
                "status": TransactionStatus.DEAD,
                "died_block_height": event.block_height,
            }
    return before.model_copy(update=change | _seen(recorded))


def verdict_row(event: OrderApproved | OrderDenied, recorded: Recorded) -> VerdictRow:
    """Give the row of a verdict."""
    findings = tuple(
        finding.model_copy(update={"unit": finding.unit.replace("\0", "\ufffd")})
        for finding in event.findings
    )
    return VerdictRow.model_construct(
        position=recorded.position,
        id=recorded.id,
        account=event.account,
        market=event.market,
        proposal=event.proposal,
        is_approved=isinstance(event, OrderApproved),
        headline=event.headline if isinstance(event, OrderDenied) else None,
        side=event.side,
        quantity_base=event.quantity_base,
        entry_price_usd=event.entry_price_usd,
        stop_price_usd=event.stop_price_usd,
        tp_prices_usd=event.tp_prices_usd,
        notional_usd=event.notional_usd,
        risk_usd=event.risk_usd,
        equity_usd=event.equity_usd,
        leverage_after=event.leverage_after,
        policy=event.policy,
        findings=findings,
        decided_at=recorded.occurred_at,
    )


def _seen(recorded: Recorded) -> _Changes:
    return {"updated_at": recorded.occurred_at, "updated_position": recorded.position}


def _intent(event: ReplaceIntended | CancelIntended | TriggerIntended) -> _Changes:
    match event:
        case ReplaceIntended():
            return {
                "status": OrderStatus.REPLACING,
                "kind_after_move": event.kind,
                "reason": event.reason,
            }
        case CancelIntended():
            return {"status": OrderStatus.CANCELING, "reason": event.reason.value}
        case TriggerIntended():
            return {"status": OrderStatus.TRIGGERING}


def _observed(
    before: OrderRow,
    event: OrderPlaced | OrderRejected | OrderReplaced | OrderCanceled | StopTriggered,
) -> _Changes:
    match event:
        case OrderPlaced():
            return {
                "status": _at_rest(before),
                "venue_order_id": event.venue_order_id,
                "price_usd": event.price_usd,
            }
        case OrderReplaced():
            return {
                "status": _at_rest(before),
                "venue_order_id": event.venue_order_id,
                "price_usd": event.price_usd,
                "generation": event.generation,
                "kind": before.kind_after_move or before.kind,
                "kind_after_move": None,
            }
        case OrderRejected():
            return {
                "status": _rejected(before),
                "reason": event.reason,
                "kind_after_move": None,
            }
        case OrderCanceled():
            return {"status": OrderStatus.CANCELED, "reason": event.reason.value}
        case StopTriggered():
            return {"status": OrderStatus.TRIGGERED}


def _at_rest(before: OrderRow) -> OrderStatus:
    return OrderStatus.PARTIALLY_FILLED if before.filled_base else OrderStatus.RESTING


def _rejected(before: OrderRow) -> OrderStatus:
    """Only an order that the venue never held is over; else what was refused is its move."""
    if before.venue_order_id is None and not before.filled_base:
        return OrderStatus.REJECTED
    if before.status in (OrderStatus.REPLACING, OrderStatus.TRIGGERING):
        return _at_rest(before)
    return before.status


def _filled(before: OrderRow, event: OrderFilled) -> _Changes:
    is_whole = event.remaining_base == 0
    return {
        "status": OrderStatus.FILLED if is_whole else OrderStatus.PARTIALLY_FILLED,
        "filled_base": _EXACT.add(before.filled_base, event.quantity_base),
    }


def _fill_kind(event: Fill) -> FillKind:
    match event:
        case OrderFilled():
            return FillKind.ORDER
        case PositionLiquidated():
            return FillKind.LIQUIDATION
        case ForeignOrderFilled():
            return FillKind.FOREIGN


def _flat(account: str, market: str) -> PositionRow:
    nothing = Decimal(0)
    return PositionRow.model_construct(
        account=account,
        market=market,
        quantity_base=nothing,
        entry_price_usd=None,
        realized_pnl_usd=nothing,
        fees_usd=nothing,
        venue_fees_usd=nothing,
        funding_usd=nothing,
        fills=0,
    )


def _entry_price(before: PositionRow, event: Fill) -> Decimal | None:
    """Give the mean price of what is open: a fill that grows the position moves it."""
    after = event.position_after_base
    quantity = _EXACT.subtract(after, event.quantity_base * event.side.sign)
    if after == 0:
        return None
    is_same_side = (quantity > 0) == (after > 0) and quantity != 0
    if before.entry_price_usd is None or not is_same_side:
        return event.price_usd
    if abs(after) <= abs(quantity):
        return before.entry_price_usd
    held = _EXACT.multiply(before.entry_price_usd, abs(quantity))
    paid = _EXACT.add(held, _EXACT.multiply(event.price_usd, event.quantity_base))
    return _EXACT.quantize(_EXACT.divide(paid, abs(after)), _PRICE_STEP)
