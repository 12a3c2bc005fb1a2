"""What a trading venue was seen to hold and to do, beside the life of our own orders."""

from enum import StrEnum
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

from contracts.event import Event
from contracts.values import (
    DecimalString,
    NotNegative,
    OrderKind,
    Positive,
    Side,
    Token,
    UtcTime,
    VenueClock,
    VenueOrderId,
)


class DelegateSeen(StrEnum):
    """Who may sign for the account beside its owner."""

    OURS = "ours"
    NONE = "none"
    FOREIGN = "foreign"


class MarketStatus(StrEnum):
    """What the venue lets anybody do in the market."""

    ACTIVE = "active"
    FILLS_PAUSED = "fills_paused"
    PAUSED = "paused"
    """Nothing is placed or filled; cancels go through."""
    HALTED = "halted"
    """Not even cancels."""
    REPLACED = "replaced"
    """Everything, by another program than the one that we know."""


class ObservedOrder(BaseModel):
    """An open order as the venue holds it."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    venue_order_id: VenueOrderId
    user_order_id: int = Field(ge=0, le=255)
    """The number that its owner gave it; 0 when none."""
    side: Side
    kind: OrderKind
    price_usd: Positive
    """Limit price, or trigger price of a stop."""
    quantity_base: Positive | None
    """None: whatever the position is."""
    filled_base: NotNegative
    is_reduce_only: bool
    is_triggered: bool
    expires_at: UtcTime | None
    slot: int = Field(ge=0)
    """Slot in which it came to this price."""


class ObservedMarket(BaseModel):
    """The market as the venue shows it."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    status: MarketStatus
    oracle_usd: Positive
    oracle_age_slots: int = Field(ge=0)
    trigger_usd: Positive
    """The price that stops are compared with."""
    bid_usd: Positive
    """Best price at which somebody else buys."""
    ask_usd: Positive


class VenueObserved(Event):
    """What the venue held for an account at a slot, as far as a decision was made on it."""

    event_type: ClassVar[str] = "venue_observed"
    owner: ClassVar[str] = "execution"

    account: Token
    market: Token
    clock: VenueClock
    block_height: int = Field(ge=0)
    heard: int = Field(default=0, ge=0)
    """How many verdicts and words of people on this account had been heard. What came later waits
    for the next decision, even if it stands before this in the log.
    """
    position_base: DecimalString
    """Signed."""
    cash_usd: DecimalString
    """Deposits, less what is paid for the open position, plus all that is realized."""
    break_even_usd: Positive | None
    """The exit price that earns back the position with its fees and funding; None when flat or
    when no price does."""
    liquidation_usd: Positive | None
    """The price at which the venue would take the position over; None when flat or when no price
    does."""
    orders: tuple[ObservedOrder, ...] = Field(max_length=32)
    """Open ones, by the venue's order id."""
    market_seen: ObservedMarket
    delegate: DelegateSeen
    is_liquidating: bool
    is_reduce_only: bool
    """The owner lets the account only shrink."""
    fee_payer_lamports: int = Field(ge=0)
    fee_per_unit_microlamports: int = Field(ge=0)
    """What others paid lately, 75th percentile."""


class FundingSettled(Event):
    """The venue settled an hour's funding on the open position."""

    event_type: ClassVar[str] = "funding_settled"
    owner: ClassVar[str] = "execution"

    account: Token
    market: Token
    amount_usd: DecimalString
    """Positive when the account received it."""
    rate: DecimalString
    """Of the hour, of the notional; positive when longs pay."""
    position_base: DecimalString
    """What it was settled on, signed."""
    hour: UtcTime
    """The end of the hour that it is for."""
    clock: VenueClock


class VenueFeeCharged(Event):
    """The venue charged a flat fee that belongs to no fill."""

    event_type: ClassVar[str] = "venue_fee_charged"
    owner: ClassVar[str] = "execution"

    account: Token
    market: Token
    key: str = Field(max_length=100)
    """The venue's name of the charge."""
    venue_order_id: VenueOrderId
    """The order that it is charged for."""
    reason: Token
    """What it is for: `trigger`, `expired`, `reduce-only`, `breached-limits`."""
    fee_usd: Positive
    clock: VenueClock


class QuoteBalance(BaseModel):
    """What an account has of the quote asset at a venue that pays interest on it."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    balance_usd: DecimalString
    """Negative when it is borrowed."""
    deposit_index: Positive
    """To what one that was deposited when the venue began has grown by now."""
    borrow_index: Positive
    """The same of one that was borrowed."""


class AccountFunded(Event):
    """The venue showed what an account holds to begin with, while it was flat. Once per account.

    On a chain alone, where nothing is traded before. What came before it does not count.
    """

    event_type: ClassVar[str] = "account_funded"
    owner: ClassVar[str] = "execution"

    account: Token
    market: Token
    cash_usd: Positive
    quote: QuoteBalance
    clock: VenueClock


class CapitalMoved(Event):
    """Somebody paid into the account, or its owner took out: neither is made nor lost."""

    event_type: ClassVar[str] = "capital_moved"
    owner: ClassVar[str] = "execution"

    account: Token
    market: Token
    key: str = Field(max_length=100)
    """The venue's name of it."""
    amount_usd: DecimalString
    """Positive when it was paid in."""
    clock: VenueClock


class InterestSettled(Event):
    """What the quote balance earned or cost since this or `account_funded` last said it.

    Recorded when something is decided on it, or when it has become worth it.
    """

    event_type: ClassVar[str] = "interest_settled"
    owner: ClassVar[str] = "execution"

    account: Token
    market: Token
    amount_usd: DecimalString
    """Positive when the account received it; with what the venue's rounding took."""
    quote: QuoteBalance
    clock: VenueClock


class _OtherFill(Event):
    owner: ClassVar[str] = "execution"

    account: Token
    market: Token
    fill_id: str = Field(max_length=100)
    """The venue's name of this fill."""
    side: Side
    """Direction of the trade: a liquidation's is opposite to the position."""
    price_usd: Positive
    quantity_base: Positive
    fee_usd: DecimalString
    """Negative for a rebate."""
    realized_pnl_usd: DecimalString
    """Price PnL of the part that this fill closed, before fees."""
    position_after_base: DecimalString
    """Signed position after the fill."""
    clock: VenueClock


class PositionLiquidated(_OtherFill):
    """The venue took over a part of the position; every order of the account is gone."""

    event_type: ClassVar[str] = "position_liquidated"


class ForeignOrderFilled(_OtherFill):
    """An order that is not ours filled on the account."""

    event_type: ClassVar[str] = "foreign_order_filled"

    venue_order_id: VenueOrderId
    """The order that filled."""


class VenueAdvanced(Event):
    """The paper venue has worked through every print before the one that closed these bars.

    All that the venue had shown by `closed_at` precedes it in the log, so that risk may judge
    (ADR 0004). What a node shows may lag behind the chain by a few slots.
    """

    event_type: ClassVar[str] = "venue_advanced"
    owner: ClassVar[str] = "execution"

    venue: Token
    market: Token
    minute: UtcTime
    """Start of the newest bar that is closed."""
    closed_at: UtcTime
    """Exchange time of the print that closed it."""
    last_trade_id: int
    """The last print worked through."""


class VenueTimePassed(Event):
    """The paper venue's chain has gone on to `clock` without a print, on a live feed.

    Recorded before the venue hears of it, so that a restart lets the same time pass after the same
    print. Only while something is on its way; a feed that can be replayed has none (ADR 0004).
    """

    event_type: ClassVar[str] = "venue_time_passed"
    owner: ClassVar[str] = "execution"

    venue: Token
    market: Token
    clock: VenueClock
