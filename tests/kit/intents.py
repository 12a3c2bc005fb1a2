"""Intents for any venue, of the account and market that stages have."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from contracts.order import (
    CancelIntended,
    CancelReason,
    OrderIntended,
    ReplaceIntended,
    SideCancelIntended,
    TriggerIntended,
)
from contracts.values import Leg, OrderKind, Side

ACCOUNT, MARKET = "local", "sol-perp"
SETUP = UUID(int=7)


def an_order(
    leg: Leg,
    kind: OrderKind,
    side: Side,
    price: Decimal,
    quantity: Decimal | None,
    *,
    number: int,
    is_reduce_only: bool = False,
    expires_at: datetime | None = None,
) -> OrderIntended:
    """Want an order."""
    return OrderIntended(
        **_about(leg),
        user_order_id=number,
        side=side,
        kind=kind,
        price_usd=price,
        quantity_base=quantity,
        is_reduce_only=is_reduce_only,
        expires_at=expires_at,
    )


def a_move(
    leg: Leg, order_id: int, kind: OrderKind, price: Decimal, *, expires_at: datetime | None = None
) -> ReplaceIntended:
    """Want an order at another price."""
    return ReplaceIntended(
        **_about(leg),
        venue_order_id=order_id,
        generation=1,
        kind=kind,
        price_usd=price,
        expires_at=expires_at,
        reason="test",
    )


def a_cancel(leg: Leg, order_id: int) -> CancelIntended:
    """Want an order back."""
    return CancelIntended(**_about(leg), venue_order_id=order_id, reason=CancelReason.REQUESTED)


def a_side_cancel(side: Side) -> SideCancelIntended:
    """Want a side back."""
    return SideCancelIntended(
        account=ACCOUNT, market=MARKET, setup=SETUP, side=side, reason=CancelReason.KILL_SWITCH
    )


def a_fire(order_id: int) -> TriggerIntended:
    """Want our stop fired."""
    return TriggerIntended(**_about(Leg.STOP), venue_order_id=order_id)


def _about(leg: Leg) -> dict[str, Any]:
    return {
        "account": ACCOUNT,
        "market": MARKET,
        "setup": SETUP,
        "client_order_id": str(leg.value).replace("_", "").ljust(26, "0"),
        "leg": leg,
    }
