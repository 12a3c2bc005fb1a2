"""The rows of the trades report, as they are gathered from the log.

Distances, markouts and slippage are in basis points, rounded to `BPS_PLACES`; USD are exact.
"""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from contracts.values import Leg, Liquidity, Side

BPS_PLACES = Decimal("0.0001")
_BPS = Decimal(10_000)
ZERO = Decimal(0)


def bps_of(difference_usd: Decimal, price_usd: Decimal) -> Decimal:
    """Give a difference of prices in basis points of a price."""
    return (difference_usd * _BPS / price_usd).quantize(BPS_PLACES)


@dataclass(frozen=True, slots=True)
class Book:
    """The venue's best prices when a decision was made, as its snapshot recorded them."""

    bid_usd: Decimal
    ask_usd: Decimal

    @property
    def mid_usd(self) -> Decimal:
        """Give the middle."""
        return (self.bid_usd + self.ask_usd) / 2

    def touch_usd(self, side: Side) -> Decimal:
        """Give the best resting price of a side."""
        return self.bid_usd if side is Side.LONG else self.ask_usd


@dataclass(slots=True)
class Placement:
    """An entry that rested at one price. Distances are positive away from the market."""

    at: datetime
    """Chain time at which it came to its price."""
    price_usd: Decimal
    quantity_base: Decimal
    """What it could still fill then."""
    from_touch_bps: Decimal | None
    """From the best price of its side when it was decided; None when no snapshot says."""
    from_mid_bps: Decimal | None
    filled_base: Decimal = ZERO


@dataclass(slots=True)
class Fill:
    """A fill of one of our orders."""

    fill_id: str
    leg: Leg
    side: Side
    liquidity: Liquidity
    at: datetime
    price_usd: Decimal
    quantity_base: Decimal
    fee_usd: Decimal
    """Negative for a rebate."""
    markouts_bps: dict[int, Decimal | None] = field(default_factory=dict[int, Decimal | None])
    """By seconds after the fill: how far the market had gone our way. None when it is not known."""


@dataclass(slots=True)
class Slip:
    """An order that took, against what it was to get. Positive slippage is worse for us."""

    order: str
    what: str
    """`stop` against its own trigger price, `convert` and `close` against the mid at decision."""
    side: Side
    reference_usd: Decimal
    quantity_base: Decimal = ZERO
    turnover_usd: Decimal = ZERO

    @property
    def price_usd(self) -> Decimal | None:
        """Give the mean price of its fills; None before the first."""
        return self.turnover_usd / self.quantity_base if self.quantity_base else None

    @property
    def slippage_bps(self) -> Decimal | None:
        """Give how much worse than the reference it got; None before its first fill."""
        price = self.price_usd
        if price is None:
            return None
        return bps_of(self.side.sign * (price - self.reference_usd), self.reference_usd)


@dataclass(slots=True)
class Money:
    """Where a result comes from. Realized only: an open position is not valued."""

    price_pnl_usd: Decimal = ZERO
    """Of what is closed, before fees."""
    fees_usd: Decimal = ZERO
    """Paid on fills."""
    rebates_usd: Decimal = ZERO
    """Received on fills."""
    venue_fees_usd: Decimal = ZERO
    """Flat fees that belong to no fill."""
    funding_usd: Decimal = ZERO
    """Received; negative when paid."""
    priority_lamports: int = 0
    """Priority fees of transactions that landed."""
    signature_lamports: int = 0
    """All else that they cost the fee payer."""

    @property
    def net_usd(self) -> Decimal:
        """Give what is left; the fee payer's lamports are another purse and not in it."""
        earned = self.price_pnl_usd + self.rebates_usd + self.funding_usd
        return earned - self.fees_usd - self.venue_fees_usd

    def charge(self, fee_usd: Decimal) -> None:
        """Count the fee of a fill, or its rebate."""
        if fee_usd < 0:
            self.rebates_usd -= fee_usd
        else:
            self.fees_usd += fee_usd


@dataclass(slots=True)
class Setup:
    """One approved setup, or a position that was adopted, from its signal to its end."""

    setup: UUID
    account: str
    market: str
    side: Side
    approved_at: datetime
    proposal: str
    """`entry_signaled`, `manual_order_requested`, `position_adopted`."""
    signaled_at: datetime | None = None
    entry_price_usd: Decimal | None = None
    """As approved; None of an adopted position."""
    stop_price_usd: Decimal | None = None
    quantity_base: Decimal = ZERO
    """As approved."""
    intended_at: datetime | None = None
    intended_price_usd: Decimal | None = None
    placed_at: datetime | None = None
    filled_at: datetime | None = None
    """The first fill of the entry."""
    closed_at: datetime | None = None
    exit_kind: str = "open"
    """How it ended: the outcome of its `setup_closed`."""
    placements: list[Placement] = field(default_factory=list[Placement])
    fills: list[Fill] = field(default_factory=list[Fill])
    slips: list[Slip] = field(default_factory=list[Slip])
    money: Money = field(default_factory=Money)

    @property
    def filled_base(self) -> Decimal:
        """Give what of the entry filled."""
        return sum((it.quantity_base for it in self.fills if it.leg is Leg.ENTRY), ZERO)

    @property
    def filled_price_usd(self) -> Decimal | None:
        """Give the mean price of the entry's fills."""
        return _mean_price([it for it in self.fills if it.leg is Leg.ENTRY])

    @property
    def exit_price_usd(self) -> Decimal | None:
        """Give the mean price of the exits' fills."""
        return _mean_price([it for it in self.fills if it.leg is not Leg.ENTRY])

    @property
    def r_multiple(self) -> Decimal | None:
        """Give the net result in units of R, the approved distance to the stop times what filled.

        None while it is open, and when nothing filled.
        """
        if self.entry_price_usd is None or self.stop_price_usd is None or self.closed_at is None:
            return None
        risk_usd = abs(self.entry_price_usd - self.stop_price_usd) * self.filled_base
        return (self.money.net_usd / risk_usd).quantize(BPS_PLACES) if risk_usd else None


def _mean_price(fills: list[Fill]) -> Decimal | None:
    quantity = sum((it.quantity_base for it in fills), ZERO)
    turnover = sum((it.price_usd * it.quantity_base for it in fills), ZERO)
    return turnover / quantity if quantity else None
