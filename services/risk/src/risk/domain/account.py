"""An account's state: a fold of what people decided for it and what the venue did with it.

Equity is opening equity plus realized PnL less fees; what is open counts at cost, so that no
price from outside the account's own events enters.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

from contracts.control import AccountOpened, Settings, SettingsChanged
from contracts.event import Event
from contracts.ids import EventId
from contracts.order import OrderFilled, SetupClosed
from contracts.values import Leg
from contracts.verdict import OrderApproved

_COST_QUANTUM = Decimal("1E-18")


@dataclass(frozen=True, slots=True)
class Halt:
    """Whether a kill is in force, and the event that says so."""

    is_engaged: bool
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
    """An approved setup that is not over; what its entry has not filled still may."""

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
    opening_equity_usd: Decimal
    priority_fee_microlamports: int
    settings: Settings
    settings_by: EventId
    positions: Mapping[str, Position]
    """By market; none that is flat."""
    setups: tuple[Setup, ...] = ()
    """In the order in which they were approved."""
    realized_usd: Decimal = Decimal(0)
    """Realized PnL less fees, since the account was opened."""
    day: date | None = None
    """UTC day of the newest fill."""
    day_realized_usd: Decimal = Decimal(0)
    """The part of `realized_usd` that is of `day`."""
    last_fill: EventId | None = None

    @property
    def equity_usd(self) -> Decimal:
        """Give the equity, without what open positions would gain or lose."""
        return self.opening_equity_usd + self.realized_usd

    @property
    def exposure_usd(self) -> Decimal:
        """Give the cost of all positions plus what live setups may still fill."""
        held = sum((held.cost_usd for _, held in sorted(self.positions.items())), Decimal(0))
        return held + sum((setup.unfilled_usd for setup in self.setups), Decimal(0))

    @property
    def equity_sources(self) -> tuple[EventId, ...]:
        """Give the events that the equity comes from: its opening and the last fill."""
        return (self.opened_by,) if self.last_fill is None else (self.opened_by, self.last_fill)

    @property
    def exposure_sources(self) -> tuple[EventId, ...]:
        """Give the events that the exposure comes from."""
        held = tuple(held.source for _, held in sorted(self.positions.items()))
        return held + tuple(setup.id for setup in self.setups)

    def day_start_equity_usd(self, day: date) -> Decimal:
        """Give the equity before the day's first fill."""
        return self.equity_usd + self.day_loss_usd(day)

    def day_loss_usd(self, day: date) -> Decimal:
        """Give what was lost on the day, realized and fees; a gain is negative."""
        return -self.day_realized_usd if self.day is not None and self.day >= day else Decimal(0)


def opened(event: AccountOpened, *, event_id: EventId) -> AccountState:
    """Give the state that an account starts from."""
    return AccountState(
        account=event.account,
        venue=event.venue,
        opened_by=event_id,
        opening_equity_usd=event.equity_usd,
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
        case OrderApproved():
            setup = Setup(event_id, event.market, event.quantity_base, event.entry_price_usd)
            return replace(state, setups=(*state.setups, setup))
        case SetupClosed():
            kept = tuple(setup for setup in state.setups if setup.id != event.setup)
            return replace(state, setups=kept)
        case OrderFilled():
            return _filled(state, event, event_id=event_id, day=occurred_at.date())
        case _:
            return state


def _filled(
    state: AccountState, event: OrderFilled, *, event_id: EventId, day: date
) -> AccountState:
    net = event.realized_pnl_usd - event.fee_usd
    is_newest = state.day is None or day >= state.day
    is_new_day = state.day is None or day > state.day
    day_before = Decimal(0) if is_new_day else state.day_realized_usd
    return replace(
        state,
        positions=_positions_after(state.positions, event, event_id=event_id),
        setups=tuple(_setup_after(setup, event) for setup in state.setups),
        realized_usd=state.realized_usd + net,
        day=day if is_newest else state.day,
        day_realized_usd=day_before + net if is_newest else state.day_realized_usd,
        last_fill=event_id,
    )


def _setup_after(setup: Setup, event: OrderFilled) -> Setup:
    if setup.id == event.setup and event.leg is Leg.ENTRY:
        return replace(setup, unfilled_base=event.remaining_base)
    return setup


def _positions_after(
    positions: Mapping[str, Position], event: OrderFilled, *, event_id: EventId
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


def _cost_after(held: Position | None, event: OrderFilled) -> Decimal:
    """Grow the cost at the fill's price; shrink it in proportion; a flip starts anew."""
    size = abs(event.position_after_base)
    if held is None or (held.base > 0) != (event.position_after_base > 0):
        return size * event.price_usd
    grown = size - abs(held.base)
    if grown >= 0:
        return held.cost_usd + grown * event.price_usd
    return (held.cost_usd * size / abs(held.base)).quantize(_COST_QUANTUM)
