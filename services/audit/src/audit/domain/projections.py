"""Orders, fills, positions and verdicts, folded from the recorded events.

A projection holds nothing that the log does not: folding all events again gives the same rows.
The rows are those that queries answer with; they are constructed without a check, because all
their values are those of events, which are checked.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Context, Decimal

from contracts.event import Event, Recorded
from contracts.order import (
    OrderCanceled,
    OrderFilled,
    OrderIntended,
    OrderPlaced,
    OrderRejected,
    OrderReplaced,
    StopTriggered,
)
from contracts.queries import FillRow, OrderRow, OrderStatus, PositionRow, VerdictRow
from contracts.verdict import OrderApproved, OrderDenied

_ORDER_EVENTS = (
    OrderIntended,
    OrderPlaced,
    OrderRejected,
    OrderReplaced,
    OrderCanceled,
    StopTriggered,
    OrderFilled,
)
_OrderEvent = (
    OrderIntended
    | OrderPlaced
    | OrderRejected
    | OrderReplaced
    | OrderCanceled
    | StopTriggered
    | OrderFilled
)
PROJECTED: frozenset[type[Event]] = frozenset({*_ORDER_EVENTS, OrderApproved, OrderDenied})
"""The events that change a projection."""
_PRICE_STEP = Decimal("1e-12")
_EXACT = Context(prec=100)
"""Wide enough that no sum or product of the wire's decimals (18 digits each side) is rounded."""

OrderKey = str
PositionKey = tuple[str, str]
"""Account and market."""


@dataclass(frozen=True, slots=True)
class Keys:
    """The rows that some events may change."""

    orders: frozenset[OrderKey]
    positions: frozenset[PositionKey]


def keys_of(events: Iterable[Recorded]) -> Keys:
    """Give the rows that must be known before these events are folded."""
    orders: set[OrderKey] = set()
    positions: set[PositionKey] = set()
    for recorded in events:
        event = recorded.event
        if isinstance(event, _OrderEvent):
            orders.add(event.client_order_id)
            if isinstance(event, OrderFilled):
                positions.add((event.account, event.market))
    return Keys(frozenset(orders), frozenset(positions))


@dataclass(slots=True)
class Projections:
    """The rows that were known and those that events changed or added."""

    orders: dict[OrderKey, OrderRow] = field(default_factory=dict[OrderKey, OrderRow])
    positions: dict[PositionKey, PositionRow] = field(
        default_factory=dict[PositionKey, PositionRow]
    )
    fills: list[FillRow] = field(default_factory=list[FillRow])
    verdicts: list[VerdictRow] = field(default_factory=list[VerdictRow])

    def fold(self, recorded: Recorded) -> None:
        """Take one event in position order."""
        event = recorded.event
        match event:
            case OrderApproved() | OrderDenied():
                self.verdicts.append(_verdict(event, recorded))
            case OrderFilled():
                self._fold_order(event, recorded)
                self.fills.append(_fill(event, recorded))
                key = (event.account, event.market)
                self.positions[key] = _position(self.positions.get(key), event, recorded)
            case _ if isinstance(event, _OrderEvent):
                self._fold_order(event, recorded)
            case _:
                pass

    def _fold_order(self, event: _OrderEvent, recorded: Recorded) -> None:
        before = self.orders.get(event.client_order_id)
        after = _order(before, event, recorded)
        if after is not None:
            self.orders[event.client_order_id] = after


def _order(before: OrderRow | None, event: _OrderEvent, recorded: Recorded) -> OrderRow | None:
    if isinstance(event, OrderIntended):
        return _intended(event, recorded)
    if before is None:
        return None
    change: dict[str, object] = {}
    match event:
        case OrderPlaced():
            change = {"status": OrderStatus.RESTING, "price_usd": event.price_usd}
        case OrderReplaced():
            change = {"price_usd": event.price_usd, "generation": event.generation}
        case OrderRejected():
            change = {"reason": event.reason}
            if before.status is OrderStatus.INTENDED:
                change["status"] = OrderStatus.REJECTED
        case OrderCanceled():
            change = {"status": OrderStatus.CANCELED, "reason": event.reason.value}
        case StopTriggered():
            change = {"status": OrderStatus.TRIGGERED}
        case OrderFilled():
            is_filled = event.remaining_base == 0
            change = {
                "status": OrderStatus.FILLED if is_filled else OrderStatus.PARTIALLY_FILLED,
                "filled_base": _EXACT.add(before.filled_base, event.quantity_base),
            }
    seen = {"updated_at": recorded.occurred_at, "updated_position": recorded.position}
    return before.model_copy(update=change | seen)


def _intended(event: OrderIntended, recorded: Recorded) -> OrderRow:
    return OrderRow.model_construct(
        client_order_id=event.client_order_id,
        account=event.account,
        market=event.market,
        setup=event.setup,
        leg=event.leg,
        side=event.side,
        kind=event.kind,
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


def _fill(event: OrderFilled, recorded: Recorded) -> FillRow:
    return FillRow.model_construct(
        position=recorded.position,
        id=recorded.id,
        fill_id=event.fill_id.replace("\0", "\ufffd"),
        client_order_id=event.client_order_id,
        account=event.account,
        market=event.market,
        setup=event.setup,
        leg=event.leg,
        side=event.side,
        liquidity=event.liquidity,
        price_usd=event.price_usd,
        quantity_base=event.quantity_base,
        fee_usd=event.fee_usd,
        realized_pnl_usd=event.realized_pnl_usd,
        position_after_base=event.position_after_base,
        filled_at=recorded.occurred_at,
    )


def _position(before: PositionRow | None, event: OrderFilled, recorded: Recorded) -> PositionRow:
    realized, fees, fills = Decimal(0), Decimal(0), 0
    if before is not None:
        realized, fees, fills = before.realized_pnl_usd, before.fees_usd, before.fills
    return PositionRow.model_construct(
        account=event.account,
        market=event.market,
        quantity_base=event.position_after_base,
        entry_price_usd=_entry_price(before, event),
        realized_pnl_usd=_EXACT.add(event.realized_pnl_usd, realized),
        fees_usd=_EXACT.add(event.fee_usd, fees),
        fills=fills + 1,
        updated_at=recorded.occurred_at,
        updated_position=recorded.position,
    )


def _entry_price(before: PositionRow | None, event: OrderFilled) -> Decimal | None:
    """Give the mean price of what is open: a fill that grows the position moves it."""
    after = event.position_after_base
    quantity = _EXACT.subtract(after, event.quantity_base * event.side.sign)
    if after == 0:
        return None
    is_same_side = (quantity > 0) == (after > 0) and quantity != 0
    if before is None or before.entry_price_usd is None or not is_same_side:
        return event.price_usd
    if abs(after) <= abs(quantity):
        return before.entry_price_usd
    held = _EXACT.multiply(before.entry_price_usd, abs(quantity))
    paid = _EXACT.add(held, _EXACT.multiply(event.price_usd, event.quantity_base))
    return _EXACT.quantize(_EXACT.divide(paid, abs(after)), _PRICE_STEP)


def _verdict(event: OrderApproved | OrderDenied, recorded: Recorded) -> VerdictRow:
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
