"""The position and the money: what fills, funding and the venue's fees made of them."""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from contracts.order import OrderFilled
from contracts.venue import (
    ForeignOrderFilled,
    FundingSettled,
    InterestSettled,
    PositionLiquidated,
    VenueFeeCharged,
)

_ZERO = Decimal(0)
_PLACES = Decimal("1E-8")
Fill = OrderFilled | PositionLiquidated | ForeignOrderFilled
Booking = Fill | FundingSettled | VenueFeeCharged | InterestSettled
"""What makes money, or costs it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What the open position has made and cost since it was flat."""

    opened_at: datetime
    """Of its first fill, in the chain's time."""
    fills: int = 0
    realized_pnl_usd: Decimal = _ZERO
    """Of the parts that were closed, before fees."""
    fees_usd: Decimal = _ZERO
    """All that the venue charged; negative for rebates."""
    funding_usd: Decimal = _ZERO
    """Received; negative when paid."""

    @property
    def made_usd(self) -> Decimal:
        """Give what has been realized, after all fees."""
        return self.realized_pnl_usd - self.fees_usd + self.funding_usd


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
    interest_usd: Decimal = _ZERO
    """On the quote balance; negative when paid."""
    fills: int = 0
    run: Run | None = None
    """Of the open position; None while flat."""

    @property
    def break_even_usd(self) -> Decimal | None:
        """Give the exit price that earns back all that the open position cost, before its exit."""
        if self.run is None or self.entry_price_usd is None:
            return None
        return (self.entry_price_usd - self.run.made_usd / self.quantity_base).quantize(_PLACES)

    @property
    def made_usd(self) -> Decimal:
        """Give what has been realized, after all fees."""
        received = self.funding_usd + self.interest_usd
        return self.realized_pnl_usd - self.fees_usd - self.venue_fees_usd + received


def evolve(held: Holding, event: Booking) -> Holding:
    """Fold what makes or costs money; a fill of any kind moves the position."""
    match event:
        case FundingSettled():
            run = held.run and replace(
                held.run, funding_usd=held.run.funding_usd + event.amount_usd
            )
            return replace(held, funding_usd=held.funding_usd + event.amount_usd, run=run)
        case VenueFeeCharged():
            run = held.run and replace(held.run, fees_usd=held.run.fees_usd + event.fee_usd)
            return replace(held, venue_fees_usd=held.venue_fees_usd + event.fee_usd, run=run)
        case InterestSettled():
            return replace(held, interest_usd=held.interest_usd + event.amount_usd)
        case OrderFilled() | PositionLiquidated() | ForeignOrderFilled():
            return replace(
                held,
                quantity_base=event.position_after_base,
                entry_price_usd=_average(held, event),
                realized_pnl_usd=held.realized_pnl_usd + event.realized_pnl_usd,
                fees_usd=held.fees_usd + event.fee_usd,
                fills=held.fills + 1,
                run=_run(held, event),
            )


def _run(held: Holding, event: Fill) -> Run | None:
    """Give the sums of the position that a fill leaves; one that turns over begins another."""
    before, after = held.quantity_base, event.position_after_base
    if after == 0:
        return None
    if held.run is None or before * after <= 0:
        fee_usd = event.fee_usd * abs(after) / event.quantity_base
        return Run(opened_at=event.clock.at, fills=1, fees_usd=fee_usd)
    return replace(
        held.run,
        fills=held.run.fills + 1,
        realized_pnl_usd=held.run.realized_pnl_usd + event.realized_pnl_usd,
        fees_usd=held.run.fees_usd + event.fee_usd,
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
    return (total / abs(after)).quantize(_PLACES)
