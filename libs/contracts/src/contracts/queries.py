"""Questions to the audit and its answers: NATS request-reply, outside of the streams.

A request is the JSON of a query (an empty body asks with the defaults). The reply is the JSON of
the answer, or of a `QueryFailed`. Pages are stable, because what they show is append-only: `next`
of one answer is the cursor of the next request.
"""

from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

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
from contracts.verdict import Finding, Rule

EVENTS = "audit.query.events"
ORDERS = "audit.query.orders"
FILLS = "audit.query.fills"
POSITIONS = "audit.query.positions"
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
    """Where an order stands."""

    INTENDED = "intended"
    RESTING = "resting"
    TRIGGERED = "triggered"
    PARTIALLY_FILLED = "partially_filled"
    FILLED = "filled"
    CANCELED = "canceled"
    REJECTED = "rejected"


class OrderRow(_Message):
    """An order as its events left it."""

    client_order_id: str
    account: str
    market: str
    setup: UUID
    leg: Leg
    side: Side
    kind: OrderKind
    price_usd: Positive
    quantity_base: NotNegative | None
    filled_base: NotNegative
    status: OrderStatus
    reason: str | None
    generation: int
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


class FillRow(_Message):
    """A fill."""

    position: int
    id: UUID
    fill_id: str
    client_order_id: str
    account: str
    market: str
    setup: UUID
    leg: Leg
    side: Side
    liquidity: Liquidity
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
    """Before fees."""
    fees_usd: DecimalString
    fills: int
    updated_at: UtcTime
    updated_position: int


class PositionsAnswer(_Message):
    """All of them, by account and market."""

    positions: tuple[PositionRow, ...]
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
