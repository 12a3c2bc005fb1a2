"""The desk's state as the gateway shows it: a fold over the log.

It decides nothing. An event that this build cannot read is counted and passed over, because a
person must see the rest, and see that something is missing.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import cast
from uuid import UUID

from pydantic import TypeAdapter

from contracts import control, feed, minute, order, signal, verdict
from contracts.event import Event, Recorded
from contracts.ids import AccountId
from contracts.subjects import control as control_subject
from gateway.domain import orders
from gateway.domain.orders import Book
from gateway.domain.session import BARS_MAX, Bar, Session, bar_of, extend

STATE_VERSION = "gateway-desk-1"
"""Changes with the shape or the rules of the state, so that an older checkpoint is refused."""


class FeedStatus(StrEnum):
    """Whether ticks come in."""

    FLOWING = "flowing"
    STALLED = "stalled"
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedState:
    """Where ticks come from, and what was missing."""

    opened: feed.FeedOpened
    opened_at: datetime
    status: FeedStatus = FeedStatus.FLOWING
    reason: str = ""
    gaps: int = 0
    missing_trades: int = 0
    refused_frames: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountState:
    """The account with the settings that hold now; `revision` is the position they came with."""

    opened: control.AccountOpened
    settings: control.Settings
    revision: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Halt:
    """An engaged kill switch."""

    reason: str
    by: str
    position: int
    recorded_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Risk's newest answer."""

    event: verdict.OrderApproved | verdict.OrderDenied
    id: UUID
    position: int
    occurred_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What the strategy said about the newest bar."""

    event: signal.EntrySignaled | signal.EntryWithheld
    id: UUID
    position: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskState:
    """Everything that the log says about one account and its market."""

    account_id: AccountId
    position: int = 0
    recorded_at: datetime | None = None
    market_at: datetime | None = None
    """Newest market time in the log: how far the desk has come in the market's own time."""
    feed: FeedState | None = None
    account: AccountState | None = None
    halt: Halt | None = None
    global_halt: Halt | None = None
    decision: Decision | None = None
    verdict: Verdict | None = None
    session: Session | None = None
    bars: tuple[Bar, ...] = ()
    book: Book = field(default_factory=Book)
    control_position: int = 0
    """Last position on the account's control subject: the lock that a settings change takes."""
    unreadable: int = 0
    unreadable_position: int = 0
    """Position of the last event that this build could not read; 0 for none."""

    @property
    def is_halted(self) -> bool:
        """Whether new entries are stopped."""
        return self.halt is not None or self.global_halt is not None


_ADAPTER = TypeAdapter(DeskState)


def dump(state: DeskState) -> bytes:
    """Give the state as bytes that `load` understands."""
    return _ADAPTER.dump_json(state)


def load(data: bytes) -> DeskState:
    """Read a state that `dump` gave; raise ValueError when it is not one."""
    return _ADAPTER.validate_json(data)


def pass_over(state: DeskState, *, position: int, subject: str, recorded_at: datetime) -> DeskState:
    """Fold an event that cannot be read: only its place is known."""
    moved = _moved(state, position=position, subject=subject, recorded_at=recorded_at)
    return replace(moved, unreadable=state.unreadable + 1, unreadable_position=position)


def evolve(state: DeskState, recorded: Recorded) -> DeskState:
    """Fold one event."""
    moved = _moved(
        state,
        position=recorded.position,
        subject=recorded.subject,
        recorded_at=recorded.recorded_at,
    )
    event = recorded.event
    if not _concerns(moved, event):
        return moved
    match event:
        case minute.MinuteClosed():
            return _minute(moved, event)
        case signal.EntrySignaled() | signal.EntryWithheld():
            said = Decision(event=event, id=recorded.id, position=recorded.position)
            return replace(moved, decision=said)
        case order.VenueAdvanced():
            return replace(moved, market_at=_later(moved.market_at, event.closed_at))
        case verdict.OrderApproved() | verdict.OrderDenied():
            return _judged(moved, recorded, event)
        case (
            feed.FeedOpened()
            | feed.TradeGapDetected()
            | feed.FrameRefused()
            | feed.FeedStalled()
            | feed.FeedRecovered()
            | feed.TapeEnded()
        ):
            return replace(moved, feed=_feed(moved.feed, recorded, event))
        case (
            control.AccountOpened()
            | control.SettingsChanged()
            | control.KillSwitchEngaged()
            | control.TradingResumed()
        ):
            return _controlled(moved, recorded, event)
        case _:
            return replace(moved, book=orders.evolve(moved.book, recorded))


def _moved(state: DeskState, *, position: int, subject: str, recorded_at: datetime) -> DeskState:
    is_control = subject == control_subject(state.account_id)
    return replace(
        state,
        position=position,
        recorded_at=recorded_at,
        control_position=position if is_control else state.control_position,
    )


def _concerns(state: DeskState, event: Event) -> bool:
    """Say whether an event is about this account, or about no account at all."""
    account = cast("str | None", getattr(event, "account", None))
    return account is None or account == state.account_id


def _later(one: datetime | None, other: datetime) -> datetime:
    return other if one is None or other > one else one


def _minute(state: DeskState, event: minute.MinuteClosed) -> DeskState:
    session = extend(state.session, event)
    bars = (*state.bars, bar_of(event, session))[-BARS_MAX:]
    market_at = _later(state.market_at, event.closed_at)
    return replace(state, session=session, bars=bars, market_at=market_at)


def _judged(
    state: DeskState, recorded: Recorded, event: verdict.OrderApproved | verdict.OrderDenied
) -> DeskState:
    said = Verdict(
        event=event,
        id=recorded.id,
        position=recorded.position,
        occurred_at=recorded.occurred_at,
    )
    book = state.book
    if isinstance(event, verdict.OrderApproved):
        book = orders.approve(book, recorded, event)
    return replace(state, verdict=said, book=book)


_FeedEvent = (
    feed.FeedOpened
    | feed.TradeGapDetected
    | feed.FrameRefused
    | feed.FeedStalled
    | feed.FeedRecovered
    | feed.TapeEnded
)


def _feed(state: FeedState | None, recorded: Recorded, event: _FeedEvent) -> FeedState | None:
    if isinstance(event, feed.FeedOpened):
        return FeedState(opened=event, opened_at=recorded.occurred_at)
    if state is None:
        return None
    match event:
        case feed.TradeGapDetected():
            missing = state.missing_trades + event.missing_trades
            return replace(state, gaps=state.gaps + 1, missing_trades=missing)
        case feed.FrameRefused():
            return replace(state, refused_frames=state.refused_frames + 1)
        case feed.FeedStalled():
            return replace(state, status=FeedStatus.STALLED, reason=event.reason)
        case feed.FeedRecovered():
            return replace(state, status=FeedStatus.FLOWING, reason="")
        case feed.TapeEnded():
            reason = "the recording is truncated" if event.is_truncated else ""
            return replace(state, status=FeedStatus.ENDED, reason=reason)


_ControlEvent = (
    control.AccountOpened
    | control.SettingsChanged
    | control.KillSwitchEngaged
    | control.TradingResumed
)


def _controlled(state: DeskState, recorded: Recorded, event: _ControlEvent) -> DeskState:
    match event:
        case control.AccountOpened():
            opened = AccountState(opened=event, settings=event.settings, revision=recorded.position)
            return state if state.account else replace(state, account=opened)
        case control.SettingsChanged():
            if state.account is None:
                return state
            changed = replace(state.account, settings=event.settings, revision=recorded.position)
            return replace(state, account=changed)
        case control.KillSwitchEngaged():
            halt = Halt(
                reason=event.reason,
                by=event.by,
                position=recorded.position,
                recorded_at=recorded.recorded_at,
            )
            if event.account is None:
                return replace(state, global_halt=halt)
            return replace(state, halt=halt)
        case control.TradingResumed():
            if event.account is None:
                return replace(state, global_halt=None)
            return replace(state, halt=None)


def equity_usd(state: DeskState, price_usd: Decimal | None) -> Decimal | None:
    """Give the account's equity at a price; None while it is not known."""
    if state.account is None:
        return None
    open_pnl = unrealized_usd(state, price_usd)
    if open_pnl is None:
        return None
    return balance_usd(state.account, state.book) + open_pnl


def balance_usd(account: AccountState, book: Book) -> Decimal:
    """Give what the account started with, plus what fills made, less what they cost."""
    return account.opened.equity_usd + book.holding.realized_pnl_usd - book.holding.fees_usd


def unrealized_usd(state: DeskState, price_usd: Decimal | None) -> Decimal | None:
    """Give what closing at a price would make, before fees; None when the price is not known."""
    holding = state.book.holding
    if holding.quantity_base == 0:
        return Decimal(0)
    if holding.entry_price_usd is None or price_usd is None:
        return None
    return holding.quantity_base * (price_usd - holding.entry_price_usd)
