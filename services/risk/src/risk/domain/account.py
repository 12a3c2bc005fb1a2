"""An account's state: a fold of what people decided for it and what the venue did with it.

Equity is what was paid in, net, plus realized PnL, funding and interest, less the fees of trades
and of the venue; what is open counts at cost, so that no price from outside the account's own
events enters.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal

from contracts.control import AccountOpened, Settings, SettingsChanged
from contracts.engine import (
    Mode,
    ModeChanged,
    PositionAdopted,
    ReconciliationBroke,
    ReconciliationPassed,
)
from contracts.event import Event
from contracts.ids import EventId
from contracts.order import OrderFilled, SetupClosed
from contracts.values import Leg
from contracts.venue import (
    AccountFunded,
    CapitalMoved,
    ForeignOrderFilled,
    FundingSettled,
    InterestSettled,
    PositionLiquidated,
    VenueFeeCharged,
)
from contracts.verdict import OrderApproved

_COST_QUANTUM = Decimal("1E-18")
_NOTHING = Decimal(0)
_Fill = OrderFilled | PositionLiquidated | ForeignOrderFilled


@dataclass(frozen=True, slots=True)
class Halt:
    """Whether a kill is in force, and the event that says so."""

    is_engaged: bool
    source: EventId


@dataclass(frozen=True, slots=True)
class EngineMode:
    """What the engine may do in a market, and the event that says so."""

    mode: Mode
    source: EventId


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """Whether the log and the venue disagree about something, and the event that says so."""

    is_broken: bool
    source: EventId


@dataclass(frozen=True, slots=True)
class Position:
    """What the account holds in a market; `base` is signed, `cost_usd` never negative."""

    base: Decimal
    cost_usd: Decimal
    source: EventId
    """The last fill."""


@dataclass(frozen=True, slots=True)
class Setup:
    """An approved setup that is not over; what its entry has not filled still may.

    So is an adopted position, which has no entry: nothing unfilled, at no price.
    """

    id: EventId
    market: str
    unfilled_base: Decimal
    entry_price_usd: Decimal

    @property
    def unfilled_usd(self) -> Decimal:
        """Give what its entry may still add to the account's exposure."""
        return self.unfilled_base * self.entry_price_usd


@dataclass(frozen=True, slots=True)
class AccountState:
    """What risk knows about one account."""

    account: str
    venue: str
    opened_by: EventId
    capital_usd: Decimal | None
    """Paid in, less what was taken out; None before a chain has shown the account's money."""
    priority_fee_microlamports: int
    settings: Settings
    settings_by: EventId
    positions: Mapping[str, Position]
    """By market; none that is flat."""
    setups: tuple[Setup, ...] = ()
    """In the order in which they were approved or adopted."""
    modes: Mapping[str, EngineMode] = field(default_factory=dict[str, EngineMode])
    """By market; none until the engine says its mode, which it does when that changes."""
    reconciliations: Mapping[str, Reconciliation] = field(default_factory=dict[str, Reconciliation])
    """By `market/what`; none of what has never broken."""
    realized_usd: Decimal = Decimal(0)
    """Realized PnL, funding and interest, less all fees, since the account was opened."""
    day: date | None = None
    """UTC day of the newest change of `realized_usd` or `capital_usd`."""
    day_realized_usd: Decimal = Decimal(0)
    """The part of `realized_usd` that is of `day`."""
    day_moved_usd: Decimal = Decimal(0)
    """Paid in on `day`, less what was taken out."""
    last_booked: EventId | None = None
    """The newest event that changed `realized_usd` or `capital_usd`."""

    @property
    def equity_usd(self) -> Decimal:
        """Give the equity, without what open positions would gain or lose; 0 before it is known."""
        return Decimal(0) if self.capital_usd is None else self.capital_usd + self.realized_usd

    @property
    def exposure_usd(self) -> Decimal:
        """Give the cost of all positions plus what live setups may still fill."""
        held = sum((held.cost_usd for _, held in sorted(self.positions.items())), Decimal(0))
        return held + sum((setup.unfilled_usd for setup in self.setups), Decimal(0))

    @property
    def equity_sources(self) -> tuple[EventId, ...]:
        """Give the events that the equity comes from: its opening and its last change."""
        return (self.opened_by,) if self.last_booked is None else (self.opened_by, self.last_booked)

    @property
    def exposure_sources(self) -> tuple[EventId, ...]:
        """Give the events that the exposure comes from."""
        held = tuple(held.source for _, held in sorted(self.positions.items()))
        return held + tuple(setup.id for setup in self.setups)

    def day_start_equity_usd(self, day: date) -> Decimal:
        """Give the equity that the day began with, and what was paid in on it, net.

        What is taken out makes it no smaller: that is no loss.
        """
        is_of_day = self.day is not None and self.day >= day
        taken_out = max(-self.day_moved_usd, Decimal(0)) if is_of_day else Decimal(0)
        return self.equity_usd + self.day_loss_usd(day) + taken_out

    def day_loss_usd(self, day: date) -> Decimal:
        """Give what was lost on the day, all fees and funding included; a gain is negative."""
        return -self.day_realized_usd if self.day is not None and self.day >= day else Decimal(0)


def opened(event: AccountOpened, *, event_id: EventId) -> AccountState:
    """Give the state that an account starts from."""
    return AccountState(
        account=event.account,
        venue=event.venue,
        opened_by=event_id,
        capital_usd=event.equity_usd,
        priority_fee_microlamports=event.priority_fee_microlamports,
        settings=event.settings,
        settings_by=event_id,
        positions={},
    )


def evolve(
    state: AccountState, event: Event, *, event_id: EventId, occurred_at: datetime
) -> AccountState:
    """Give the state after an event of this account; what does not concern it changes nothing."""
    match event:
        case SettingsChanged():
            return replace(state, settings=event.settings, settings_by=event_id)
        case OrderApproved() | PositionAdopted() | SetupClosed():
            return replace(state, setups=_setups_after(state.setups, event, event_id=event_id))
        case ModeChanged():
            mode = EngineMode(event.mode, event_id)
            return replace(state, modes={**state.modes, event.market: mode})
        case ReconciliationBroke() | ReconciliationPassed():
            said = Reconciliation(isinstance(event, ReconciliationBroke), event_id)
            key = f"{event.market}/{event.what}"
            return replace(state, reconciliations={**state.reconciliations, key: said})
        case OrderFilled() | PositionLiquidated() | ForeignOrderFilled():
            filled = _filled(state, event, event_id=event_id)
            net = event.realized_pnl_usd - event.fee_usd
            return _booked(filled, net, event_id=event_id, day=occurred_at.date())
        case FundingSettled() | InterestSettled():
            return _booked(state, event.amount_usd, event_id=event_id, day=occurred_at.date())
        case VenueFeeCharged():
            return _booked(state, -event.fee_usd, event_id=event_id, day=occurred_at.date())
        case AccountFunded():
            capital = event.cash_usd - state.realized_usd
            return replace(state, capital_usd=capital, last_booked=event_id)
        case CapitalMoved() if state.capital_usd is not None:
            moved = replace(state, capital_usd=state.capital_usd + event.amount_usd)
            day = occurred_at.date()
            return _booked(moved, moved_usd=event.amount_usd, event_id=event_id, day=day)
        case _:
            return state


def _setups_after(
    setups: tuple[Setup, ...],
    event: OrderApproved | PositionAdopted | SetupClosed,
    *,
    event_id: EventId,
) -> tuple[Setup, ...]:
    match event:
        case OrderApproved():
            unfilled = event.quantity_base
            return (*setups, Setup(event_id, event.market, unfilled, event.entry_price_usd))
        case PositionAdopted():
            return (*setups, Setup(event_id, event.market, Decimal(0), Decimal(0)))
        case SetupClosed():
            return tuple(setup for setup in setups if setup.id != event.setup)


def _booked(
    state: AccountState,
    net_usd: Decimal = _NOTHING,
    *,
    moved_usd: Decimal = _NOTHING,
    event_id: EventId,
    day: date,
) -> AccountState:
    """Book what a day made, and moved; what comes late for an earlier day leaves the newest."""
    booked = replace(state, realized_usd=state.realized_usd + net_usd, last_booked=event_id)
    if state.day is None or day > state.day:
        return replace(booked, day=day, day_realized_usd=net_usd, day_moved_usd=moved_usd)
    if day < state.day:
        return booked
    return replace(
        booked,
        day_realized_usd=state.day_realized_usd + net_usd,
        day_moved_usd=state.day_moved_usd + moved_usd,
    )


def _filled(state: AccountState, event: _Fill, *, event_id: EventId) -> AccountState:
    positions = _positions_after(state.positions, event, event_id=event_id)
    if not isinstance(event, OrderFilled):
        return replace(state, positions=positions)
    setups = tuple(_setup_after(setup, event) for setup in state.setups)
    return replace(state, positions=positions, setups=setups)


def _setup_after(setup: Setup, event: OrderFilled) -> Setup:
    if setup.id == event.setup and event.leg is Leg.ENTRY:
        return replace(setup, unfilled_base=event.remaining_base)
    return setup


def _positions_after(
    positions: Mapping[str, Position], event: _Fill, *, event_id: EventId
) -> Mapping[str, Position]:
    others = {market: held for market, held in positions.items() if market != event.market}
    if event.position_after_base == 0:
        return others
    held = positions.get(event.market)
    return others | {
        event.market: Position(
            base=event.position_after_base, cost_usd=_cost_after(held, event), source=event_id
        )
    }


def _cost_after(held: Position | None, event: _Fill) -> Decimal:
    """Grow the cost at the fill's price; shrink it in proportion; a flip starts anew."""
    size = abs(event.position_after_base)
    if held is None or (held.base > 0) != (event.position_after_base > 0):
        return size * event.price_usd
    grown = size - abs(held.base)
    if grown >= 0:
        return held.cost_usd + grown * event.price_usd
    return (held.cost_usd * size / abs(held.base)).quantize(_COST_QUANTUM)
