"""What the plan wants of the venue, before it is an event."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from contracts.ids import ClientOrderId
from contracts.order import CancelReason
from contracts.values import Leg, OrderKind, Side


@dataclass(frozen=True, slots=True)
class Place:
    """Put up an order."""

    client_order_id: ClientOrderId
    leg: Leg
    side: Side
    kind: OrderKind
    price_usd: Decimal
    quantity_base: Decimal | None
    expires_at: datetime | None = None

    @property
    def is_reduce_only(self) -> bool:
        """Say whether it may only shrink the position."""
        return self.leg is not Leg.ENTRY


@dataclass(frozen=True, slots=True)
class Replace:
    """Move a resting order, if it is still what we think it is."""

    client_order_id: ClientOrderId
    leg: Leg
    generation: int
    price_usd: Decimal
    reason: str


@dataclass(frozen=True, slots=True)
class Cancel:
    """Take an order back."""

    client_order_id: ClientOrderId
    leg: Leg
    reason: CancelReason


Command = Place | Replace | Cancel
