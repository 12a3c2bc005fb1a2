"""The order life: what execution intends, and what the venue was seen to do.

Intents are written before their effect. Observations carry the venue's time and the last trade
that the venue had worked through, so that a restart continues exactly there.
"""

from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from contracts.event import Event
from contracts.values import (
    DecimalString,
    Leg,
    Liquidity,
    NotNegative,
    OrderKind,
    Positive,
    Side,
    Token,
    UtcTime,
)

ClientOrderIdField = Field(pattern=r"^[0-9a-z]{26}$")


class CancelReason(StrEnum):
    """Why an order is taken back."""

    STALE = "stale"
    EXPIRED = "expired"
    KILL_SWITCH = "kill_switch"
    REQUESTED = "requested"
    FLAT = "flat"
    ENTRY_ENDED = "entry_ended"


class _OrderEvent(Event):
    owner: ClassVar[str] = "execution"

    account: Token
    market: Token
    setup: UUID
    """The `order_approved` that this serves."""
    client_order_id: str = ClientOrderIdField
    leg: Leg


class OrderIntended(_OrderEvent):
    """An order is to be placed."""

    event_type: ClassVar[str] = "order_intended"

    side: Side
    """Direction of this order: an exit has the side opposite to the position."""
    kind: OrderKind
    price_usd: Positive
    """Limit price, or trigger price of a stop."""
    quantity_base: Positive | None
    """None on a reduce-only trigger: whatever the position is when it fires."""
    is_reduce_only: bool
    expires_at: UtcTime | None
    """Never set on a stop."""
    earliest_at: UtcTime
    """Market time of its cause; the venue adds its latency."""


class ReplaceIntended(_OrderEvent):
    """A resting order is to move to another price, keeping its unfilled remainder."""

    event_type: ClassVar[str] = "replace_intended"

    generation: int = Field(ge=1)
    """1 for the first replace of the order."""
    price_usd: Positive
    reason: Token
    earliest_at: UtcTime
    """Market time of its cause; the venue adds its latency."""


class CancelIntended(_OrderEvent):
    """A resting order is to be taken back."""

    event_type: ClassVar[str] = "cancel_intended"

    reason: CancelReason
    earliest_at: UtcTime
    """Market time of its cause; the venue adds its latency."""


class VenueClock(BaseModel):
    """How far the venue had worked when it was seen to do this."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    at: UtcTime
    """Exchange time of the last print worked through."""
    trade_id: int
    """Its id."""


class _VenueObservation(_OrderEvent):
    clock: VenueClock
    """How far the venue had worked."""


class OrderPlaced(_VenueObservation):
    """The venue holds the order."""

    event_type: ClassVar[str] = "order_placed"

    price_usd: Positive


class OrderRejected(_VenueObservation):
    """The venue refused the order or the replace; `code` is the venue's."""

    event_type: ClassVar[str] = "order_rejected"

    code: int
    reason: Token
    last_price_usd: Positive | None = None
    """Where the market stood, when that is why: what a new price is planned from."""


class OrderReplaced(_VenueObservation):
    """The venue moved the order."""

    event_type: ClassVar[str] = "order_replaced"

    generation: int = Field(ge=1)
    price_usd: Positive


class OrderCanceled(_VenueObservation):
    """The venue no longer holds the order; `unfilled_base` of it never traded."""

    event_type: ClassVar[str] = "order_canceled"

    reason: CancelReason
    unfilled_base: NotNegative | None
    """None when the order's size was the position's."""


class EntryWentStale(_VenueObservation):
    """The market moved away from a resting entry; the planner replaces or gives up."""

    event_type: ClassVar[str] = "entry_went_stale"

    last_price_usd: Positive
    resting_ms: int = Field(ge=0)
    """How long it rested, in market time."""


class StopTriggered(_VenueObservation):
    """The stop's condition became true; its fill follows."""

    event_type: ClassVar[str] = "stop_triggered"

    trigger_price_usd: Positive


class OrderFilled(_VenueObservation):
    """The venue filled the order, wholly or in part. Once per fill id."""

    event_type: ClassVar[str] = "order_filled"

    fill_id: str = Field(max_length=100)
    """The venue's name of this fill."""
    side: Side
    liquidity: Liquidity
    price_usd: Positive
    quantity_base: Positive
    remaining_base: NotNegative
    """What the order may still fill."""
    fee_usd: DecimalString
    """Negative for a rebate."""
    realized_pnl_usd: DecimalString
    """Price PnL of the part that this fill closed, before fees; zero on an entry."""
    position_after_base: DecimalString
    """Signed position after the fill."""


class CancelDenied(Event):
    """We did not pass on a person's wish to cancel, and why."""

    event_type: ClassVar[str] = "cancel_denied"
    owner: ClassVar[str] = "execution"

    account: Token
    market: Token
    client_order_id: str = ClientOrderIdField
    reason: Token
    """`stop-protects`, `no-such-order`, `already-canceling`."""


class SetupClosed(Event):
    """A setup is over: flat, and no order of it rests."""

    event_type: ClassVar[str] = "setup_closed"
    owner: ClassVar[str] = "execution"

    account: Token
    market: Token
    setup: UUID
    outcome: Token
    """`not_filled`, `stopped`, `took_profit` and so on, as a token: `took-profit`."""
    realized_pnl_usd: DecimalString
    """Sum over its fills, before fees."""
    fees_usd: DecimalString
    """Sum over its fills; negative for rebates."""


class VenueAdvanced(Event):
    """The paper venue has worked through every print before the one that closed these bars.

    All fills on the data before `closed_at` precede it in the log: the account's state is
    current, and risk may judge (ADR 0004).
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
