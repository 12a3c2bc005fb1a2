"""The position and the money: what fills, funding and the venue's fees made of them."""

from dataclasses import dataclass, replace
from decimal import Decimal

from contracts.order import OrderFilled
from contracts.venue import (
    ForeignOrderFilled,
    FundingSettled,
    PositionLiquidated,
    VenueFeeCharged,
)

_ZERO = Decimal(0)
Fill = OrderFilled | PositionLiquidated | ForeignOrderFilled
Booking = Fill | FundingSettled | VenueFeeCharged
"""What moves money."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """The signed position, its average entry price, and what all that happened made and cost."""

    quantity_base: Decimal = _ZERO
    entry_price_usd: Decimal | None = None
    realized_pnl_usd: Decimal = _ZERO
    """Of fills, before fees and funding."""
    fees_usd: Decimal = _ZERO
    """Of fills; negative for rebates."""
    venue_fees_usd: Decimal = _ZERO
    """Flat ones, beside the fills."""
    funding_usd: Decimal = _ZERO
    """Received; negative when paid."""
    fills: int = 0

    @property
    def made_usd(self) -> Decimal:
        """Give what has been realized, after all fees."""
        return self.realized_pnl_usd - self.fees_usd - self.venue_fees_usd + self.funding_usd


def evolve(held: Holding, event: Booking) -> Holding:
    """Fold what moves money; a fill of any kind moves the position."""
    match event:
        case FundingSettled():
            return replace(held, funding_usd=held.funding_usd + event.amount_usd)
        case VenueFeeCharged():
            return replace(held, venue_fees_usd=held.venue_fees_usd + event.fee_usd)
        case OrderFilled() | PositionLiquidated() | ForeignOrderFilled():
            return replace(
                held,
                quantity_base=event.position_after_base,
                entry_price_usd=_average(held, event),
                realized_pnl_usd=held.realized_pnl_usd + event.realized_pnl_usd,
                fees_usd=held.fees_usd + event.fee_usd,
                fills=held.fills + 1,
            )


def _average(held: Holding, event: Fill) -> Decimal | None:
    """Give the average entry price: weighted while the position grows, kept while it shrinks."""
    before, after = held.quantity_base, event.position_after_base
    if after == 0:
        return None
    if held.entry_price_usd is None or before * after <= 0:
        return event.price_usd
    if abs(after) <= abs(before):
        return held.entry_price_usd
    added = abs(after) - abs(before)
    total = abs(before) * held.entry_price_usd + added * event.price_usd
    return (total / abs(after)).quantize(Decimal("1E-8"))
