"""What people decided: settings, kill and resume, orders by hand."""

from enum import IntEnum
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

from contracts.event import Event
from contracts.values import Note, Positive, Side, Token


class Settings(BaseModel):
    """An account's limits and switches."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    leverage_max: Positive
    """Exposure over equity, at most."""
    risk_per_trade_bps: Positive
    """Equity lost when the stop is hit, in basis points."""
    daily_drawdown_limit_pct: Positive
    """Loss that stops the UTC day, of the equity it began with and what was paid in since, net:
    realized, with fees, funding and interest. What is taken out is no loss."""
    priority_fee_cap_microlamports: int = Field(ge=0)
    delegate_enabled: bool
    """Whether a delegate key may sign for the account."""
    strategy_enabled: bool
    """Whether signals may trade; orders by hand always may."""


class AccountOpened(Event):
    """An account exists, with the settings that it starts from. Once per account."""

    event_type: ClassVar[str] = "account_opened"
    event_version: ClassVar[int] = 2
    owner: ClassVar[str] = "gateway"

    account: Token
    venue: Token
    """The venue that holds its orders, of `contracts.venues`."""
    equity_usd: Positive | None
    """Opening equity; None on a chain, where the account holds what `account_funded` says."""
    priority_fee_microlamports: int = Field(ge=0)
    """What each transaction offers until a fee policy takes over."""
    settings: Settings


class SettingsChanged(Event):
    """A person changed settings; `settings` is the whole new state."""

    event_type: ClassVar[str] = "settings_changed"
    owner: ClassVar[str] = "gateway"

    account: Token
    before: Settings
    """The state that it replaces."""
    settings: Settings
    by: Note


class NotificationsChanged(Event):
    """A person changed what people are told, or where. No address of a channel stands here."""

    event_type: ClassVar[str] = "notifications_changed"
    owner: ClassVar[str] = "gateway"

    account: Token
    number: int = Field(ge=1)
    """Of the change: each account's begin at 1."""
    channels: tuple[Token, ...] = Field(max_length=8)
    """Names of the channels that there are now."""
    retargeted: tuple[Token, ...] = Field(max_length=16)
    """Names of those that were added, removed, or lead elsewhere now."""
    has_other_heartbeat: bool
    """Whether the address that is asked for while all is well is another one."""
    by: Note


class KillLevel(IntEnum):
    """How much is stopped. A kill never goes down by itself: only a person resumes."""

    PAUSE_ENTRIES = 1
    """No new entry is sent; what rests stays."""
    CANCEL_ENTRIES = 2
    """Entries are canceled; stops and take-profits stay."""
    FLATTEN = 3
    """Entries are canceled, positions are closed, then the rest is canceled."""
    REVOKE_DELEGATE = 4
    """As `FLATTEN`; then the key that signs for the account is destroyed."""


class KillSwitchEngaged(Event):
    """A person, or the desk itself, stopped automation.

    The highest level of all kills since the last resume stands.

    `account` is None for the global kill, which stands above every account.
    """

    event_type: ClassVar[str] = "kill_switch_engaged"
    owner: ClassVar[str] = "gateway"

    account: Token | None
    level: KillLevel
    reason: Note
    by: Note
    """Who stopped it; `desk` where the log has too little room left."""


class TradingResumed(Event):
    """A person lifted the kill, whatever its level; the global and an account's one by one."""

    event_type: ClassVar[str] = "trading_resumed"
    owner: ClassVar[str] = "gateway"

    account: Token | None
    reason: Note
    by: Note


class ManualOrderRequested(Event):
    """A person asks for a setup; it goes through risk like any signal."""

    event_type: ClassVar[str] = "manual_order_requested"
    owner: ClassVar[str] = "gateway"

    account: Token
    market: Token
    side: Side
    entry_price_usd: Positive
    quantity_base: Positive
    stop_price_usd: Positive
    tp_prices_usd: tuple[Positive, Positive, Positive]
    """TP1 to TP3, nearest first."""
    leverage: Positive
    """What the person asks for; the account's cap stands above it."""
    venue: Token
    notes: Note
    by: Note


class CancelRequested(Event):
    """A person asks to cancel one of our resting orders."""

    event_type: ClassVar[str] = "cancel_requested"
    owner: ClassVar[str] = "gateway"

    account: Token
    market: Token
    client_order_id: str = Field(pattern=r"^[0-9a-z]{26}$")
    by: Note
