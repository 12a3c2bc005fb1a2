"""Questions to the audit and its answers: NATS request-reply, outside of the streams.

A request is the JSON of a query (an empty body asks with the defaults). The reply is the JSON of
the answer, or of a `QueryFailed`. Pages are stable, because what they show is append-only: `next`
of one answer is the cursor of the next request.
"""

from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from contracts.transaction import RetryClass, Urgency
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
    VenueOrderId,
)
from contracts.verdict import Finding, Rule

EVENTS = "audit.query.events"
ORDERS = "audit.query.orders"
FILLS = "audit.query.fills"
POSITIONS = "audit.query.positions"
TRANSACTIONS = "audit.query.transactions"
VERDICTS = "audit.query.verdicts"
HEAD = "audit.query.head"

ROWS_MAX = 500
Position = Annotated[int, Field(ge=0, lt=1 << 63)]
Limit = Annotated[int, Field(ge=1, le=ROWS_MAX)]


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class FailureCode(StrEnum):
    """Why a query has no answer."""

    BAD_REQUEST = "bad_request"
    """The request is not a query; `message` says where."""
    UNAVAILABLE = "unavailable"
    """The event store cannot be reached now; asking again later may help."""
    TOO_SLOW = "too_slow"
    """The query took longer than it may; narrow it."""
    INTERNAL = "internal"


class Failure(_Message):
    """One failure, for a program and for a person."""

    code: FailureCode
    message: str


class QueryFailed(_Message):
    """The reply when there is no answer."""

    error: Failure


class Order(StrEnum):
    """In which order events come."""

    OLDEST_FIRST = "asc"
    NEWEST_FIRST = "desc"


class EventsQuery(_Message):
    """Events after `after` and before `before`, both exclusive."""

    after: Position | None = None
    before: Position | None = None
    order: Order | None = None
    """Oldest first when `after` is given alone, else newest first."""
    limit: Limit = 100
    types: tuple[Annotated[str, Field(max_length=64)], ...] = Field(default=(), max_length=50)
    subject_prefix: Annotated[str, Field(max_length=200)] = ""
    correlation_id: UUID | None = None
    text: Annotated[str, Field(max_length=100)] = ""
    """Somewhere in the event's JSON, in any case."""


class EventRow(_Message):
    """A recorded event. `data` is None when the message is not an event that was understood."""

    position: int
    id: UUID
    type: str
    version: int | None
    subject: str
    source: str | None
    correlation_id: UUID | None
    causation_id: UUID | None
    occurred_at: UtcTime | None
    recorded_at: UtcTime
    data: Any  # The event's own JSON: the wire.
    defect: str | None
    """Why the message is not a regular event."""


class EventsAnswer(_Message):
    """A page of events."""

    events: tuple[EventRow, ...]
    next: int | None
    """Cursor of the next page, `after` for oldest first, else `before`; None at the end."""
    head: int
    """Position of the newest event."""


class OrdersQuery(_Message):
    """Orders, the newest first."""

    account: Token | None = None
    market: Token | None = None
    setup: UUID | None = None
    before: Position | None = None
    limit: Limit = 100


class OrderStatus(StrEnum):
    """Where an order stands, by the last event about it."""

    INTENDED = "intended"
    RESTING = "resting"
    REPLACING = "replacing"
    """It rests, and a move is intended."""
    CANCELING = "canceling"
    """It rests, and a cancel is intended: of the order, or of its whole side."""
    TRIGGERING = "triggering"
    """It rests, and we intend to fire it ourselves."""
    TRIGGERED = "triggered"
    PARTIALLY_FILLED = "partially_filled"
    FILLED = "filled"
    CANCELED = "canceled"
    REJECTED = "rejected"

    @property
    def is_over(self) -> bool:
        """Whether nothing more can happen to the order."""
        return self in (OrderStatus.FILLED, OrderStatus.CANCELED, OrderStatus.REJECTED)


class OrderRow(_Message):
    """An order as its events left it."""

    client_order_id: str
    user_order_id: UserOrderId
    venue_order_id: VenueOrderId | None
    """The newest; None while the venue was not seen to hold the order."""
    account: str
    market: str
    setup: UUID
    leg: Leg
    side: Side
    kind: OrderKind
    kind_after_move: OrderKind | None
    """What the move that is intended makes of it."""
    price_usd: Positive
    quantity_base: NotNegative | None
    filled_base: NotNegative
    status: OrderStatus
    reason: str | None
    """Of the last cancel, move or rejection."""
    generation: int
    """How often the venue moved it."""
    intended_at: UtcTime
    updated_at: UtcTime
    intended_position: int
    updated_position: int


class OrdersAnswer(_Message):
    """A page of orders; `next` is the `before` of the next page."""

    orders: tuple[OrderRow, ...]
    next: int | None
    head: int


class FillsQuery(_Message):
    """Fills, the newest first."""

    account: Token | None = None
    market: Token | None = None
    setup: UUID | None = None
    before: Position | None = None
    limit: Limit = 100


class FillKind(StrEnum):
    """Whose doing a fill was."""

    ORDER = "order"
    """An order of ours."""
    LIQUIDATION = "liquidation"
    """The venue's: it took over a part of the position."""
    FOREIGN = "foreign"
    """An order that is not ours."""


class FillRow(_Message):
    """A fill; only one of an order of ours has a client order id, a setup, a leg, a liquidity."""

    position: int
    id: UUID
    fill_id: str
    kind: FillKind
    client_order_id: str | None
    venue_order_id: VenueOrderId | None
    """Of a foreign order."""
    account: str
    market: str
    setup: UUID | None
    leg: Leg | None
    side: Side
    liquidity: Liquidity | None
    price_usd: Positive
    quantity_base: Positive
    fee_usd: DecimalString
    realized_pnl_usd: DecimalString
    position_after_base: DecimalString
    filled_at: UtcTime


class FillsAnswer(_Message):
    """A page of fills; `next` is the `before` of the next page."""

    fills: tuple[FillRow, ...]
    next: int | None
    head: int


class PositionsQuery(_Message):
    """Trading positions of all accounts, or of one."""

    account: Token | None = None


class PositionRow(_Message):
    """A trading position; `entry_price_usd` is None while it is flat."""

    account: str
    market: str
    quantity_base: DecimalString
    entry_price_usd: Positive | None
    realized_pnl_usd: DecimalString
    """Before fees and funding."""
    fees_usd: DecimalString
    """Of its fills; negative for rebates."""
    venue_fees_usd: NotNegative
    """Flat ones, beside its fills."""
    funding_usd: DecimalString
    """Received; negative when paid."""
    fills: int
    updated_at: UtcTime
    updated_position: int


class PositionsAnswer(_Message):
    """All of them, by account and market."""

    positions: tuple[PositionRow, ...]
    head: int


class TransactionsQuery(_Message):
    """Transactions, the newest first."""

    account: Token | None = None
    market: Token | None = None
    setup: UUID | None = None
    signature: Annotated[str, Field(max_length=88)] | None = None
    before: Position | None = None
    limit: Limit = 100


class TransactionStatus(StrEnum):
    """What became of a transaction."""

    PLANNED = "planned"
    SIGNED = "signed"
    LANDED = "landed"
    FAILED = "failed"
    """It landed, and the program refused it; `code` says why."""
    DEAD = "dead"
    """No block can take it any more."""


class TransactionRow(_Message):
    """A transaction, from its plan to its fate."""

    id: UUID
    account: str
    market: str
    setup: UUID | None
    intents: tuple[UUID, ...]
    """Ids of the intents that it carries out, in order."""
    retry_class: RetryClass
    urgency: Urgency
    attempt: int
    status: TransactionStatus
    priority_fee_lamports: int
    """Offered."""
    fee_lamports: int | None
    """Paid, with the fee of its signature; None while it has not landed."""
    signature: str | None
    message_sha256: str | None
    last_valid_block_height: int | None
    signed_slot: int | None
    """How far the chain was seen to be when it was signed."""
    landed_slot: int | None
    died_block_height: int | None
    """The height that proves that it is dead."""
    code: int | None
    reason: str | None
    planned_at: UtcTime
    updated_at: UtcTime
    planned_position: int
    updated_position: int


class TransactionsAnswer(_Message):
    """A page of transactions; `next` is the `before` of the next page."""

    transactions: tuple[TransactionRow, ...]
    next: int | None
    head: int


class VerdictsQuery(_Message):
    """Verdicts, the newest first."""

    account: Token | None = None
    market: Token | None = None
    proposal: UUID | None = None
    is_approved: bool | None = None
    before: Position | None = None
    limit: Limit = 100


class VerdictRow(_Message):
    """A verdict with every finding."""

    position: int
    id: UUID
    account: str
    market: str
    proposal: UUID
    is_approved: bool
    headline: Rule | None
    side: Side
    quantity_base: NotNegative
    entry_price_usd: Positive
    stop_price_usd: Positive
    tp_prices_usd: tuple[Positive, ...]
    notional_usd: NotNegative
    risk_usd: NotNegative
    equity_usd: DecimalString
    leverage_after: DecimalString | None
    policy: str
    findings: tuple[Finding, ...]
    decided_at: UtcTime


class VerdictsAnswer(_Message):
    """A page of verdicts; `next` is the `before` of the next page."""

    verdicts: tuple[VerdictRow, ...]
    next: int | None
    head: int


class HeadQuery(_Message):
    """How far the archive is."""


class HeadAnswer(_Message):
    """The newest archived event; position 0 when there is none."""

    position: int
    hash: str
    """Head of the hash chain, hexadecimal: note it elsewhere, and no one can rewrite the past."""
    recorded_at: UtcTime | None
