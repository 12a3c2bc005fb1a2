"""A new order as an intent: what all legs have in common is filled in here."""

from collections.abc import Set
from datetime import datetime
from decimal import Decimal

from contracts.order import OrderIntended
from contracts.values import Leg, OrderKind, Side
from execution.domain.setup import Setup
from execution.domain.uids import next_user_order_id
from execution.domain.view import View


def order_intent(
    view: View,
    setup: Setup,
    leg: Leg,
    *,
    side: Side,
    kind: OrderKind,
    price_usd: Decimal,
    quantity_base: Decimal | None,
    expires_at: datetime | None = None,
    taken: Set[int] | None = None,
) -> OrderIntended:
    """Give the intent of a leg's next order; `quantity_base` is None for the whole position.

    The entry alone may open a position, and it ends with the setup's fence. `taken` are the
    numbers in use, those of the view unless more were given away. Raises RingExhausted.
    """
    is_entry = leg is Leg.ENTRY
    in_use = view.numbers_taken if taken is None else taken
    return OrderIntended(
        account=view.state.account,
        market=view.state.market,
        setup=setup.id,
        client_order_id=setup.next_client_id(leg),
        leg=leg,
        user_order_id=next_user_order_id(view.state.rings, leg, taken=in_use),
        side=side,
        kind=kind,
        price_usd=price_usd,
        quantity_base=quantity_base,
        is_reduce_only=not is_entry,
        expires_at=setup.fence_at if is_entry else expires_at,
    )
