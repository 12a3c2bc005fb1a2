"""The minute facts: what one minute of ticks folds to, with the fingerprint of those ticks, and
what the exchange says of the minutes before them.
"""

from enum import StrEnum
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

from contracts.event import Event
from contracts.values import NotNegative, Positive, Token, UtcTime


class MinuteClosed(Event):
    """A one-minute bar on exchange time, closed by the watermark (`contracts.minutes`).

    An empty minute carries the last close and zero volume. All sums are exact. A trade that
    arrives after its own bar closed is folded into the open bar and counted in `late_trades`, so
    that every trade is in exactly one bar.
    """

    event_type: ClassVar[str] = "minute_closed"
    owner: ClassVar[str] = "signals"

    venue: Token
    symbol: Token
    market: Token
    minute: UtcTime
    """Start of the bar."""
    closed_at: UtcTime
    """Exchange time of the trade that closed it: the earliest time a decision on it may act."""
    is_complete: bool
    """False for the last, unfinished bar of a tape; nothing is decided on it."""
    open_usd: Positive
    """Price of the first trade; of an empty bar, the last close."""
    high_usd: Positive
    low_usd: Positive
    close_usd: Positive
    """Price of the last trade; of an empty bar, the last close."""
    volume_base: NotNegative
    buy_volume_base: NotNegative
    """Volume whose aggressor bought; delta is `2 x buy - volume`."""
    turnover_usd: NotNegative
    """Sum of price times quantity."""
    trades: int = Field(ge=0)
    """Trades folded into this bar."""
    late_trades: int = Field(ge=0)
    """Those of them that belong to a bar that had closed."""
    missing_trades: int = Field(ge=0)
    """Trades missing by id, counted in the oldest bar that was open when the next trade showed it:
    those before the trade that closes a bar count in the bar that it closes, those before the
    end of a tape in its last bar."""
    silence_ms_max: int = Field(ge=0)
    """Longest time between consecutive trades that ended in this bar, or ran from its last trade to
    the next one; of an empty bar, the time that is still running at its end."""
    first_trade_id: int | None
    """None on an empty bar."""
    last_trade_id: int
    """Last trade folded so far; an empty bar repeats the one before."""
    ticks_sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    """SHA-256 over the bar's trades in order, each as `id,time_ms,price,quantity,b|s` + LF."""


CANDLES_MAX = 180
"""Minutes in one event, so that it stays below the log's largest message."""


class CandleSource(StrEnum):
    """Who summed a minute that we did not fold from trades."""

    BINANCE_KLINES = "binance_klines"
    """GET /fapi/v1/klines of one minute."""


class BackfilledMinute(BaseModel):
    """One minute as the exchange sums it."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    open_usd: Positive
    high_usd: Positive
    low_usd: Positive
    close_usd: Positive
    volume_base: NotNegative
    buy_volume_base: NotNegative
    """Volume whose aggressor bought; delta is `2 x buy - volume`."""
    turnover_usd: NotNegative
    """Sum of price times quantity."""


class MinutesBackfilled(Event):
    """Minutes before the first trade of a live feed, so that its first session is whole.

    Their sums and closes count in every indicator; nothing is decided on them. All parts of a
    history are in the log, or none is.
    """

    event_type: ClassVar[str] = "minutes_backfilled"
    owner: ClassVar[str] = "signals"

    venue: Token
    symbol: Token
    market: Token
    source: CandleSource
    part: int = Field(ge=1)
    parts: int = Field(ge=1)
    first_minute: UtcTime
    """Start of the first of `minutes`; the others follow it without a hole."""
    minutes: tuple[BackfilledMinute, ...] = Field(min_length=1, max_length=CANDLES_MAX)
    next_trade_id: int
    """The first trade after the last minute of the last part: there the ticks begin."""


MinuteFact = MinuteClosed | MinutesBackfilled
"""What `market.minute.<market>` carries: minutes that follow each other without a hole."""
