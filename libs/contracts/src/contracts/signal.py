"""What the strategy says about each closed bar: an entry, or why not."""

from enum import StrEnum
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

from contracts.event import Event
from contracts.values import DecimalString, NotNegative, Positive, Side, Token, UtcTime


class Features(BaseModel):
    """The indicators at the bar's close; `None` means not warmed up yet, never zero."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    close_usd: Positive
    """Close of the bar."""
    session_vwap_usd: Positive | None
    """Volume-weighted mean price since 00:00 UTC; of what was seen while the session is
    incomplete."""
    session_cvd_base: DecimalString
    """Cumulative volume delta since 00:00 UTC; of what was seen while the session is incomplete."""
    atr_5m_usd: NotNegative | None
    """Wilder ATR(14) of closed 5m bars."""
    rsi: DecimalString | None
    """Wilder RSI(14) on 1m closes, 0..100; 50 on a flat window."""


class Phase(StrEnum):
    """Where one side's VWAP-reclaim machine stands (market-data.md 4)."""

    IDLE = "idle"
    LOST = "lost"
    CROSSED = "crossed"
    SPENT = "spent"
    """This episode has given its signal, or became invalid; the next LOST starts a new one."""


class WithheldReason(StrEnum):
    """Why a bar gave no entry; the most telling of the two sides."""

    SESSION_INCOMPLETE = "session_incomplete"
    """The feed lacks a part of the session (`contracts.sessions`), so its VWAP is not known; over
    with the next 00:00 UTC at the latest."""
    WARMING_UP = "warming_up"
    ANCHOR_TOO_YOUNG = "anchor_too_young"
    VWAP_NOT_LOST = "vwap_not_lost"
    WAITING_FOR_CROSS = "waiting_for_cross"
    WAITING_FOR_CONFIRMATION = "waiting_for_confirmation"
    VOLUME_TOO_LOW = "volume_too_low"
    CVD_AGAINST = "cvd_against"
    CONFIRMATION_TIMED_OUT = "confirmation_timed_out"
    RECLAIM_INVALIDATED = "reclaim_invalidated"
    TRADE_SILENCE_IN_WINDOW = "trade_silence_in_window"
    BAR_INCOMPLETE = "bar_incomplete"
    STOP_TOO_CLOSE = "stop_too_close"


class EntrySignaled(Event):
    """The strategy wants a position: where to enter, where it is wrong, where it takes profit."""

    event_type: ClassVar[str] = "entry_signaled"
    owner: ClassVar[str] = "signals"

    market: Token
    side: Side
    strategy: Token
    """The strategy and its version."""
    minute: UtcTime
    """Start of the bar that it was decided on."""
    closed_at: UtcTime
    """Exchange time at which that bar closed."""
    entry_price_usd: Positive
    stop_price_usd: Positive
    tp_prices_usd: tuple[Positive, Positive, Positive]
    """TP1 to TP3, nearest first."""
    features: Features
    missing_trades_in_window: int = Field(ge=0)
    """Trades that are missing by id from the bars it rests on."""


class EntryWithheld(Event):
    """A bar gave no entry, and why."""

    event_type: ClassVar[str] = "entry_withheld"
    owner: ClassVar[str] = "signals"

    market: Token
    strategy: Token
    """The strategy and its version."""
    minute: UtcTime
    """Start of the bar."""
    reason: WithheldReason
    long_phase: Phase
    short_phase: Phase
    features: Features
