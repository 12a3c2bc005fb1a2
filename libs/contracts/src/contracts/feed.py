"""Feed health: what ingest knows about where ticks come from and which are missing."""

from enum import StrEnum
from typing import ClassVar

from pydantic import Field

from contracts.event import Event
from contracts.values import Note, NotNegative, Token, UtcTime


class FeedKind(StrEnum):
    """Where ticks come from."""

    TAPE = "tape"
    BINANCE = "binance"
    SYNTHETIC = "synthetic"


class FeedOpened(Event):
    """A feed begins. One log holds one feed; `identity` is what a second start compares.

    With `is_replayable` the feed gives the same ticks every time, and the paper venue keeps tape
    time: it waits for every decision on the data before a print (ADR 0004).
    """

    event_type: ClassVar[str] = "feed_opened"
    owner: ClassVar[str] = "ingest"

    venue: Token
    symbol: Token
    market: Token
    kind: FeedKind
    identity: str = Field(max_length=200)
    """What makes it this feed: digest of a recording, seed, or venue and symbol."""
    is_replayable: bool
    description: Note
    """For a person."""


class TradeGapDetected(Event):
    """Trades are missing: the exchange's ids jump."""

    event_type: ClassVar[str] = "trade_gap_detected"
    owner: ClassVar[str] = "ingest"

    venue: Token
    symbol: Token
    first_missing_id: int
    last_missing_id: int
    missing_trades: int = Field(gt=0)
    before_at: UtcTime
    """Exchange time of the last trade before the gap."""
    after_at: UtcTime
    """Exchange time of the first trade after it."""


class FeedStalled(Event):
    """No data arrived for longer than the feed's deadline, or its connection is gone."""

    event_type: ClassVar[str] = "feed_stalled"
    owner: ClassVar[str] = "ingest"
    is_process: ClassVar[bool] = True

    venue: Token
    symbol: Token
    stream: str
    """Which of the feed's streams."""
    reason: Note
    silence_ms: int = Field(ge=0)


class FeedRecovered(Event):
    """Data flows again after a stall."""

    event_type: ClassVar[str] = "feed_recovered"
    owner: ClassVar[str] = "ingest"
    is_process: ClassVar[bool] = True

    venue: Token
    symbol: Token
    stream: str
    """Which of the feed's streams."""
    stalled_ms: int = Field(ge=0)


class FrameRefused(Event):
    """A frame could not be read; its bytes are parked in the dead letters."""

    event_type: ClassVar[str] = "frame_refused"
    owner: ClassVar[str] = "ingest"

    venue: Token
    symbol: Token
    reason: Note
    frame_sha256: str
    frame_bytes: int = Field(ge=0)
    origin: str = Field(max_length=300)
    """Where it stood: file name and line of a tape, or the socket."""


class HistoryMissed(Event):
    """What a live feed's session held before its first trade could not be had.

    There are no entries before the next 00:00 UTC (`contracts.sessions`).
    """

    event_type: ClassVar[str] = "history_missed"
    owner: ClassVar[str] = "ingest"
    is_process: ClassVar[bool] = True

    venue: Token
    symbol: Token
    reason: Note


class TapeEnded(Event):
    """A recording was published to its end; the totals are those of the file."""

    event_type: ClassVar[str] = "tape_ended"
    owner: ClassVar[str] = "ingest"

    venue: Token
    symbol: Token
    trades: int = Field(ge=0)
    """Trades in the file, each counted once."""
    quantity_base: NotNegative
    first_trade_id: int
    last_trade_id: int
    gaps: int = Field(ge=0)
    missing_trades: int = Field(ge=0)
    is_truncated: bool
    """Whether the recording broke off in the middle of a line or of a compressed block."""
