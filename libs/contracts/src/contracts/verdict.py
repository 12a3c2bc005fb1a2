"""Risk's answer: exactly one verdict per proposal and account, with every rule's finding."""

from decimal import Decimal
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from contracts.event import Event
from contracts.values import DecimalString, NotNegative, Positive, Side, Token, UtcTime

ENTRY_CHASE_R_MAX = Decimal("0.3")
"""Farthest that execution may move an approved entry toward its take-profits, in units of R, the
distance from the entry to the stop. Risk sizes for an entry there."""


class Rule(StrEnum):
    """The rules, in order of precedence for the headline of a denial."""

    NOT_HALTED = "not_halted"
    RECONCILED = "reconciled"
    """The log and the venue agree about the account's position and cash in every market. Nothing
    is observed before a chain has shown the account's money."""
    ENGINE_RUNS = "engine_runs"
    """The engine's mode is `run` in every market of the account. Observed is the most restrictive
    one by its place in `Mode`: 0 is `run`. The engine says its mode when it changes; until then it
    runs."""
    STRATEGY_ENABLED = "strategy_enabled"
    INPUTS_FRESH = "inputs_fresh"
    INPUTS_COMPLETE = "inputs_complete"
    PRICES_ORDERED = "prices_ordered"
    """Stop, entry and take-profits stand in the order that the side needs."""
    ONE_POSITION_PER_MARKET = "one_position_per_market"
    DAILY_LOSS = "daily_loss"
    QUANTITY_MIN = "quantity_min"
    LEVERAGE = "leverage"
    RISK_PER_TRADE = "risk_per_trade"
    PRIORITY_FEE_CAP = "priority_fee_cap"
    LIQUIDATION_DISTANCE = "liquidation_distance"


class Finding(BaseModel):
    """One rule's result: what was observed, what the limit is; `None` means not known."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    rule: Rule
    passed: bool
    observed: DecimalString | None
    """What the rule saw; None when that is not known."""
    limit: DecimalString | None
    """What it was compared with."""
    unit: str = Field(max_length=16)
    """Of both; `not_applicable` when the rule asks nothing of this proposal."""
    inputs: tuple[UUID, ...]
    """Ids of the events that the observed value comes from."""


class _Verdict(Event):
    """What approvals and denials share."""

    owner: ClassVar[str] = "risk"

    account: Token
    market: Token
    proposal: UUID
    """The `entry_signaled` or `manual_order_requested` that this answers."""
    side: Side
    quantity_base: NotNegative
    """The size that was judged; zero when none could be computed."""
    entry_price_usd: Positive
    stop_price_usd: Positive
    tp_prices_usd: tuple[Positive, Positive, Positive]
    """TP1 to TP3, nearest first."""
    notional_usd: NotNegative
    """Quantity times entry price."""
    risk_usd: NotNegative
    """What the account loses when the stop fills at its price, from the farthest entry that
    execution may chase to, before fees."""
    equity_usd: DecimalString
    """What was paid in, net, plus realized PnL, funding and interest, less the fees of trades and
    of the venue; 0 before a chain has shown the account's money."""
    leverage_after: DecimalString | None
    """Exposure with this entry, and its farthest chase on top, over equity; None without equity."""
    policy: Token
    """Version of the rules: `risk-3`."""
    findings: tuple[Finding, ...]
    """One per rule, in the order of `Rule`."""


class OrderApproved(_Verdict):
    """Every rule passed: execution may work this setup until `expires_at`."""

    event_type: ClassVar[str] = "order_approved"

    expires_at: UtcTime
    """Exchange time after which no entry of it may rest."""
    priority_fee_microlamports: int = Field(ge=0)
    """What each transaction of it may offer."""


class OrderDenied(_Verdict):
    """At least one rule failed; `headline` is the first of them by precedence."""

    event_type: ClassVar[str] = "order_denied"

    headline: Rule
