"""The desk's state as the gateway shows it: a fold over the log.

It decides nothing. An event that this build cannot read is counted and passed over, because a
person must see the rest, and see that something is missing.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import cast
from uuid import UUID

from pydantic import TypeAdapter

from contracts import control, engine, minute, signal, venue, verdict
from contracts.control import KillLevel
from contracts.event import Event, Recorded
from contracts.ids import AccountId
from contracts.subjects import control as control_subject
from gateway.domain import book as books
from gateway.domain import feed as feeds
from gateway.domain import lives as all_lives
from gateway.domain import manual as by_hand
from gateway.domain import marks as all_marks
from gateway.domain import owner as owners
from gateway.domain.book import Book
from gateway.domain.feed import FeedEvent, FeedState
from gateway.domain.lives import Lives
from gateway.domain.manual import SigningState
from gateway.domain.marks import Mark
from gateway.domain.owner import OwnerState
from gateway.domain.session import BARS_MAX, Bar, Session, backfill, bar_of, extend

STATE_VERSION = "gateway-desk-10"
"""Changes with the shape or the rules of the state, so that an older checkpoint is refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountState:
    """The account with the settings that hold now; `revision` is the position they came with."""

    opened: control.AccountOpened
    capital_usd: Decimal | None
    """Paid in, less what was taken out; None before a chain has shown the account's money."""
    settings: control.Settings
    revision: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Halt:
    """An engaged kill switch, at its highest level."""

    level: KillLevel
    reason: str
    by: str
    position: int
    newest: int
    """Position of the newest kill, of whatever level."""
    recorded_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineState:
    """What the execution engine may do with the account, and why."""

    mode: engine.Mode
    reason: str
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
    engine: EngineState | None = None
    """None until the engine says its mode, which it does when that changes: it runs."""
    decision: Decision | None = None
    verdict: Verdict | None = None
    session: Session | None = None
    bars: tuple[Bar, ...] = ()
    book: Book = field(default_factory=Book)
    lives: Lives = field(default_factory=Lives)
    marks: tuple[Mark, ...] = ()
    owner: OwnerState = field(default_factory=OwnerState)
    signing: SigningState = field(default_factory=SigningState)
    control_position: int = 0
    """Last position on the account's control subject: the lock that a settings change takes."""
    unreadable: int = 0
    unreadable_position: int = 0
    """Position of the last event that this build could not read; 0 for none."""

    @property
    def is_halted(self) -> bool:
        """Whether new entries are stopped by a person."""
        return self.kill_level is not None

    @property
    def kill_level(self) -> KillLevel | None:
        """Give the level that stands: the higher of the account's and the global kill."""
        halts = (self.halt, self.global_halt)
        return max((halt.level for halt in halts if halt is not None), default=None)


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
        case minute.MinutesBackfilled():
            session, bars = backfill(moved.session, event)
            return replace(moved, session=session, bars=(*moved.bars, *bars)[-BARS_MAX:])
        case signal.EntrySignaled() | signal.EntryWithheld():
            said = Decision(event=event, id=recorded.id, position=recorded.position)
            return replace(moved, decision=said, marks=all_marks.evolve(moved.marks, recorded))
        case venue.VenueAdvanced():
            return replace(moved, market_at=_later(moved.market_at, event.closed_at))
        case engine.ModeChanged():
            return replace(moved, engine=_engine(recorded, event))
        case verdict.OrderApproved() | verdict.OrderDenied():
            return _judged(moved, recorded, event)
        case _ if isinstance(event, FeedEvent):
            return replace(moved, feed=feeds.evolve(moved.feed, recorded, event))
        case (
            control.AccountOpened()
            | control.SettingsChanged()
            | control.KillSwitchEngaged()
            | control.TradingResumed()
            | venue.AccountFunded()
            | venue.CapitalMoved()
        ):
            return _controlled(moved, recorded, event)
        case _:
            return replace(
                moved,
                book=books.evolve(moved.book, recorded),
                lives=all_lives.evolve(moved.lives, recorded),
                marks=all_marks.evolve(moved.marks, recorded),
                owner=owners.evolve(moved.owner, recorded),
                signing=by_hand.evolve(moved.signing, recorded),
            )


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
        book = books.approve(book, recorded, event)
    lives = all_lives.evolve(state.lives, recorded)
    marks = all_marks.evolve(state.marks, recorded)
    return replace(state, verdict=said, book=book, lives=lives, marks=marks)


def _engine(recorded: Recorded, event: engine.ModeChanged) -> EngineState:
    return EngineState(
        mode=event.mode,
        reason=event.reason,
        position=recorded.position,
        recorded_at=recorded.recorded_at,
    )


_ControlEvent = (
    control.AccountOpened
    | control.SettingsChanged
    | control.KillSwitchEngaged
    | control.TradingResumed
    | venue.AccountFunded
    | venue.CapitalMoved
)


def _controlled(state: DeskState, recorded: Recorded, event: _ControlEvent) -> DeskState:
    match event:
        case control.AccountOpened():
            opened = AccountState(
                opened=event,
                capital_usd=event.equity_usd,
                settings=event.settings,
                revision=recorded.position,
            )
            return state if state.account else replace(state, account=opened)
        case control.SettingsChanged():
            if state.account is None:
                return state
            changed = replace(state.account, settings=event.settings, revision=recorded.position)
            return replace(state, account=changed)
        case control.KillSwitchEngaged():
            if event.account is None:
                return replace(state, global_halt=_halted(state.global_halt, recorded, event))
            return replace(state, halt=_halted(state.halt, recorded, event))
        case control.TradingResumed():
            if event.account is None:
                return replace(state, global_halt=None)
            return replace(state, halt=None)
        case venue.AccountFunded() | venue.CapitalMoved():
            return _capital(state, event)


def _capital(state: DeskState, event: venue.AccountFunded | venue.CapitalMoved) -> DeskState:
    account = state.account
    if account is None:
        return state
    match event:
        case venue.AccountFunded():
            capital = event.cash_usd - state.book.holding.made_usd
        case venue.CapitalMoved():
            before = account.capital_usd
            capital = None if before is None else before + event.amount_usd
    return replace(state, account=replace(account, capital_usd=capital))


def _halted(before: Halt | None, recorded: Recorded, event: control.KillSwitchEngaged) -> Halt:
    """Give the kill that stands: a lower one does not take a higher one's place."""
    if before is not None and before.level > event.level:
        return replace(before, newest=recorded.position)
    return Halt(
        level=event.level,
        reason=event.reason,
        by=event.by,
        position=recorded.position,
        newest=recorded.position,
        recorded_at=recorded.recorded_at,
    )


def equity_usd(state: DeskState, price_usd: Decimal | None) -> Decimal | None:
    """Give the account's equity at a price; None while it is not known."""
    if state.account is None:
        return None
    open_pnl = unrealized_usd(state, price_usd)
    balance = balance_usd(state.account, state.book)
    return None if open_pnl is None or balance is None else balance + open_pnl


def balance_usd(account: AccountState, book: Book) -> Decimal | None:
    """Give what was paid in, plus what has been realized, after all fees; None before it is known.

    Whatever was made before the account was funded is in what it was funded with.
    """
    capital = account.capital_usd
    return None if capital is None else capital + book.holding.made_usd


def unrealized_usd(state: DeskState, price_usd: Decimal | None) -> Decimal | None:
    """Give what closing at a price would make, before fees; None when the price is not known."""
    holding = state.book.holding
    if holding.quantity_base == 0:
        return Decimal(0)
    if holding.entry_price_usd is None or price_usd is None:
        return None
    return holding.quantity_base * (price_usd - holding.entry_price_usd)
