"""The feed that drives the market, and what was missing of it."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from contracts.event import Recorded
from contracts.feed import (
    FeedOpened,
    FeedRecovered,
    FeedStalled,
    FrameRefused,
    HistoryMissed,
    TapeEnded,
    TradeGapDetected,
)


class FeedStatus(StrEnum):
    """Whether ticks come in."""

    FLOWING = "flowing"
    STALLED = "stalled"
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedState:
    """Where ticks come from, and what was missing."""

    opened: FeedOpened
    opened_at: datetime
    status: FeedStatus = FeedStatus.FLOWING
    reason: str = ""
    history_missed: str = ""
    """Why the first session has no beginning; empty when it has one."""
    gaps: int = 0
    gap_at: datetime | None = None
    """When the newest gap was found."""
    missing_trades: int = 0
    refused_frames: int = 0


FeedEvent = (
    FeedOpened
    | TradeGapDetected
    | FrameRefused
    | FeedStalled
    | FeedRecovered
    | HistoryMissed
    | TapeEnded
)


def evolve(state: FeedState | None, recorded: Recorded, event: FeedEvent) -> FeedState | None:
    """Fold what ingest says; before a feed has opened there is nothing to say it of."""
    if isinstance(event, FeedOpened):
        return FeedState(opened=event, opened_at=recorded.occurred_at)
    if state is None:
        return None
    match event:
        case TradeGapDetected():
            missing = state.missing_trades + event.missing_trades
            return replace(
                state,
                gaps=state.gaps + 1,
                gap_at=recorded.occurred_at,
                missing_trades=missing,
            )
        case FrameRefused():
            return replace(state, refused_frames=state.refused_frames + 1)
        case FeedStalled():
            return replace(state, status=FeedStatus.STALLED, reason=event.reason)
        case FeedRecovered():
            return replace(state, status=FeedStatus.FLOWING, reason="")
        case HistoryMissed():
            return replace(state, history_missed=event.reason)
        case TapeEnded():
            reason = "the recording is truncated" if event.is_truncated else ""
            return replace(state, status=FeedStatus.ENDED, reason=reason)
