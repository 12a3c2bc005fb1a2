"""The order life: what execution intends, and what the venue was seen to do.

An intent is written before its effect, and reaches the venue inside a transaction
(`contracts.transaction`). Observations carry the venue's clock.
"""

from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from pydantic import Field

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
    UserOrderId,
    UtcTime,
    VenueClock,
    VenueOrderId,
)

ClientOrderIdField = Field(pattern=r"^[0-9a-z]{26}$")


class CancelReason(StrEnum):
    """Why an order is taken back, or ended without being filled."""

    STALE = "stale"
    EXPIRED = "expired"
    """Its time was over: the venue ended it, or never took it."""
    KILL_SWITCH = "kill_switch"
    MODE = "mode"
    """The engine may take no new risk: see `mode_changed`."""
    REQUESTED = "requested"
    FLAT = "flat"
    """The position that it served is closed."""
    ENTRY_ENDED = "entry_ended"
    NEVER_LANDED = "never_landed"
    """Its transaction died before the chain took it."""
    LIQUIDATION = "liquidation"
    """The venue took every order off to liquidate the account."""
    REDUCE_ONLY = "reduce_only"
    """It had nothing left to reduce."""
    BREACHED_LIMITS = "breached_limits"
    """The venue took it off: margin, or too far from the oracle."""
    ELSEWHERE = "elsewhere"
    """Somebody else took it back."""


class _OrderEvent(Event):
    owner: ClassVar[str] = "execution"

    account: Token
    market: Token
    setup: UUID
    """The setup that this serves: the id of its `order_approved` or `position_adopted`."""
    client_order_id: str = ClientOrderIdField
    leg: Leg


class OrderIntended(_OrderEvent):
    """An order is to be placed."""

    event_type: ClassVar[str] = "order_intended"

    user_order_id: UserOrderId
    side: Side
    """Direction of this order: an exit has the side opposite to the position."""
    kind: OrderKind
    price_usd: Positive
    """Limit price, or trigger price of a stop."""
    quantity_base: Positive | None
    """None on a reduce-only trigger: whatever the position is when it fires."""
    is_reduce_only: bool
    expires_at: UtcTime | None
    """Chain time after which it may neither land nor fill. Never set on a stop."""


class ReplaceIntended(_OrderEvent):
    """A resting order is to move to another price, keeping its unfilled remainder.

    It names the venue's order id, which every move changes: it lands once or not at all.
    """

    event_type: ClassVar[str] = "replace_intended"

    venue_order_id: VenueOrderId
    generation: int = Field(ge=1)
    """1 for the first move of the order."""
    kind: OrderKind
    """What the order is from now on: an entry that is converted becomes a `limit`."""
    price_usd: Positive
    expires_at: UtcTime | None
    """Never set on a stop."""
    reason: Token


class CancelIntended(_OrderEvent):
    """A resting order is to be taken back."""

    event_type: ClassVar[str] = "cancel_intended"

    venue_order_id: VenueOrderId
    reason: CancelReason


class TriggerIntended(_OrderEvent):
    """We fire our own stop, because no keeper did."""

    event_type: ClassVar[str] = "trigger_intended"

    venue_order_id: VenueOrderId


class SideCancelIntended(Event):
    """Every order of one side in the market is to be taken back, whoever placed it.

    By side, because a cancel by id misses an order that a move in flight gives another id.
    """

    event_type: ClassVar[str] = "side_cancel_intended"
    owner: ClassVar[str] = "execution"

    account: Token
    market: Token
    setup: UUID | None
    """The setup that lives there; None when none does."""
    side: Side
    """Of the orders that go: an entry's side leaves its stop and take-profits alone."""
    reason: CancelReason


class _OrderObservation(_OrderEvent):
    clock: VenueClock


class OrderPlaced(_OrderObservation):
    """The venue holds the order."""

    event_type: ClassVar[str] = "order_placed"

    venue_order_id: VenueOrderId
    price_usd: Positive


class OrderRejected(_OrderObservation):
    """The venue refused the order, or its move; `code` is the venue's."""

    event_type: ClassVar[str] = "order_rejected"

    code: int
    reason: Token
    """What the code means: `would-cross`, `order-gone`, …"""


class OrderReplaced(_OrderObservation):
    """The venue moved the order."""

    event_type: ClassVar[str] = "order_replaced"

    venue_order_id: VenueOrderId
    """The new one."""
    generation: int = Field(ge=1)
    price_usd: Positive


class OrderCanceled(_OrderObservation):
    """The order is over; `unfilled_base` of it never traded."""

    event_type: ClassVar[str] = "order_canceled"

    reason: CancelReason
    unfilled_base: NotNegative | None
    """None when the order's size was the position's."""


class StopTriggered(_OrderObservation):
    """The stop was fired; its fill follows."""

    event_type: ClassVar[str] = "stop_triggered"

    trigger_price_usd: Positive


class OrderFilled(_OrderObservation):
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
    """A setup is over: flat, no order of it rests, and no transaction of it can land any more."""

    event_type: ClassVar[str] = "setup_closed"
    owner: ClassVar[str] = "execution"

    account: Token
    market: Token
    setup: UUID
    outcome: Token
    """`not-filled`, `stopped`, `took-profit` and so on."""
    realized_pnl_usd: DecimalString
    """Sum over its fills, before fees."""
    fees_usd: DecimalString
    """All that the venue charged while it lived; negative for rebates."""
    funding_usd: DecimalString
    """Received while it lived; negative when paid."""
    transaction_fees_lamports: int = Field(ge=0)
    """What its transactions cost the fee payer."""
