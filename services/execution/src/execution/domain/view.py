"""The account as a decision sees it: what the venue holds, what is ours, what is on its way."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from contracts.markets import MarketSpec
from contracts.transaction import RetryClass
from contracts.values import Leg, Side, to_millis
from contracts.venue import ObservedOrder, VenueObserved
from execution.domain.account import AccountState
from execution.domain.policy import Policy
from execution.domain.setup import Order, Setup
from execution.domain.timers import stop_of
from execution.domain.transactions import Transaction


@dataclass(frozen=True, slots=True)
class Mine:
    """An order of ours that the venue holds: what we know of it and what it shows."""

    order: Order
    seen: ObservedOrder


@dataclass(frozen=True, slots=True)
class View:
    """State and snapshot together. Decisions are made on this and the mode alone."""

    state: AccountState
    seen: VenueObserved
    spec: MarketSpec
    policy: Policy
    resting: Mapping[Leg, tuple[Mine, ...]]
    foreign: tuple[ObservedOrder, ...]
    flights: tuple[Transaction, ...]
    """Transactions whose effect the snapshot may not show yet."""

    @property
    def setup(self) -> Setup | None:
        """Give the live setup."""
        return self.state.setup

    @property
    def base(self) -> Decimal:
        """Give the signed position."""
        return self.seen.position_base

    @property
    def slot(self) -> int:
        """Give the slot of the snapshot."""
        return self.seen.clock.slot

    @property
    def at(self) -> datetime:
        """Give the chain time of the snapshot."""
        return self.seen.clock.at

    @property
    def now_ms(self) -> int:
        """Give the chain time of the snapshot in epoch milliseconds."""
        return to_millis(self.seen.clock.at)

    @property
    def entries(self) -> tuple[Mine, ...]:
        """Give our entries that rest."""
        return self.resting.get(Leg.ENTRY, ())

    @property
    def stop(self) -> ObservedOrder | None:
        """Give our stop that rests."""
        return stop_of(self.seen, self.setup)

    @property
    def side(self) -> Side | None:
        """Give the position's side; None when flat."""
        if not self.base:
            return None
        return Side.LONG if self.base > 0 else Side.SHORT

    def flying(self, *legs: Leg) -> tuple[Transaction, ...]:
        """Give the open transactions that do something with an order of these legs."""
        return tuple(it for it in self.flights if it.touches(*legs))

    def newest_flight(self, *legs: Leg) -> Transaction | None:
        """Give the newest open transaction that touches these legs."""
        return next(iter(reversed(self.flying(*legs))), None)

    @property
    def wide_flights(self) -> tuple[Transaction, ...]:
        """Give the open cancels of a whole side."""
        return tuple(it for it in self.flights if it.retry_class is RetryClass.WIDE)

    @property
    def has_exposure_flight(self) -> bool:
        """Say whether something that may open or grow a position is on its way."""
        return any(it.adds_exposure for it in self.flights)

    @property
    def is_entry_over(self) -> bool:
        """Say whether no entry rests and none is on its way."""
        return not self.entries and not self.has_exposure_flight

    @property
    def is_explained(self) -> bool:
        """Say whether the log's fills make the position that the venue shows."""
        return self.state.ledger.position_base == self.base

    @property
    def numbers_taken(self) -> frozenset[int]:
        """Give the numbers that an open order has or that an open transaction places."""
        resting = frozenset(it.user_order_id for it in self.seen.orders)
        return resting.union(*(it.numbers for it in self.flights))

    def price_of(self, side: Side) -> Decimal:
        """Give the best price at which somebody else is ready to take an order of a side."""
        market = self.seen.market_seen
        return market.ask_usd if side is Side.LONG else market.bid_usd


def view_of(state: AccountState, seen: VenueObserved, *, spec: MarketSpec, policy: Policy) -> View:
    """Match a snapshot with the account's state."""
    resting: dict[Leg, tuple[Mine, ...]] = {}
    foreign: list[ObservedOrder] = []
    for order in seen.orders:
        mine = state.setup.by_number(order.user_order_id) if state.setup is not None else None
        if mine is None:
            foreign.append(order)
        else:
            resting[mine.leg] = (*resting.get(mine.leg, ()), Mine(mine, order))
    return View(
        state=state,
        seen=seen,
        spec=spec,
        policy=policy,
        resting=resting,
        foreign=tuple(foreign),
        flights=state.open_transactions(seen.clock.slot),
    )
