"""What orders and fills change: setups, orders, their transactions, and the position."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from contracts.engine import PositionAdopted
from contracts.event import Event, Recorded
from contracts.order import OrderFilled, OrderIntended, SetupClosed, SideCancelIntended
from contracts.transaction import TransactionPlanned
from contracts.values import Side
from contracts.venue import VenueObserved
from contracts.verdict import OrderApproved
from gateway.domain import holding, orders, transactions
from gateway.domain.holding import Booking, Holding
from gateway.domain.orders import Change, OrderState
from gateway.domain.transactions import Step, TransactionState

TRANSACTIONS_MAX = 64
"""Transactions kept; of more the oldest are forgotten."""


class SetupStatus(StrEnum):
    """Where a setup stands."""

    APPROVED = "approved"
    ENTERING = "entering"
    OPEN = "open"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class SetupState:
    """The newest approved setup, as it was approved, and how it went."""

    id: UUID
    proposal: UUID
    side: Side
    status: SetupStatus
    quantity_base: Decimal
    entry_price_usd: Decimal
    stop_price_usd: Decimal
    tp_prices_usd: tuple[Decimal, Decimal, Decimal]
    notional_usd: Decimal
    risk_usd: Decimal
    approved_at: datetime
    expires_at: datetime
    closed: SetupClosed | None = None
    """How it ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopted:
    """A position that no setup explains; it was given a stop."""

    id: UUID
    quantity_base: Decimal
    stop_price_usd: Decimal
    position: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """The position as the venue showed it when something was last decided on it."""

    at: datetime
    position_base: Decimal
    break_even_usd: Decimal | None
    liquidation_usd: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """Everything of one account in one market that orders and fills change."""

    setup: SetupState | None = None
    adopted: Adopted | None = None
    """Until it is closed."""
    orders: tuple[OrderState, ...] = ()
    transactions: tuple[TransactionState, ...] = ()
    """Of the orders that are not over, and those that may still land; by their plan."""
    holding: Holding = field(default_factory=Holding)
    observed: Observed | None = None
    setups_closed: int = 0


def approve(book: Book, recorded: Recorded, event: OrderApproved) -> Book:
    """Begin a setup; forget the orders before it that are over."""
    setup = SetupState(
        id=recorded.id,
        proposal=event.proposal,
        side=event.side,
        status=SetupStatus.APPROVED,
        quantity_base=event.quantity_base,
        entry_price_usd=event.entry_price_usd,
        stop_price_usd=event.stop_price_usd,
        tp_prices_usd=event.tp_prices_usd,
        notional_usd=event.notional_usd,
        risk_usd=event.risk_usd,
        approved_at=recorded.occurred_at,
        expires_at=event.expires_at,
    )
    return replace(_without_ended(book), setup=setup)


def evolve(book: Book, recorded: Recorded) -> Book:
    """Fold an event of the order life; an order that nobody intended is passed over."""
    event = recorded.event
    match event:
        case OrderIntended():
            new = orders.intended(event, recorded)
            return _entering(replace(book, orders=(*book.orders, new)), event.setup)
        case SideCancelIntended():
            return _side_canceled(book, recorded, event)
        case PositionAdopted():
            return _adopted(book, recorded, event)
        case SetupClosed():
            return _closed(book, event)
        case VenueObserved():
            return replace(book, observed=_observed(event))
        case TransactionPlanned():
            return _planned(book, recorded, event)
        case _ if isinstance(event, Step):
            return _stepped(book, recorded, event)
        case _:
            return _booked(_changed(book, recorded, event), event)


def _changed(book: Book, recorded: Recorded, event: Event) -> Book:
    if not isinstance(event, Change):
        return book

    def change(order: OrderState) -> OrderState:
        is_meant = order.client_order_id == event.client_order_id
        return orders.changed(order, event, recorded) if is_meant else order

    return _with_orders(book, change)


def _side_canceled(book: Book, recorded: Recorded, event: SideCancelIntended) -> Book:
    def change(order: OrderState) -> OrderState:
        is_meant = order.side is event.side and not order.status.is_over
        return orders.side_canceled(order, event, recorded) if is_meant else order

    return _with_orders(book, change)


def _with_orders(book: Book, change: Callable[[OrderState], OrderState]) -> Book:
    return _without_settled(replace(book, orders=tuple(change(order) for order in book.orders)))


def _entering(book: Book, setup: UUID) -> Book:
    known = book.setup
    if known is None or known.id != setup or known.status is not SetupStatus.APPROVED:
        return book
    return replace(book, setup=replace(known, status=SetupStatus.ENTERING))


def _booked(book: Book, event: Event) -> Book:
    if not isinstance(event, Booking):
        return book
    setup = book.setup
    if (
        isinstance(event, OrderFilled)
        and setup is not None
        and setup.id == event.setup
        and setup.status is not SetupStatus.CLOSED
    ):
        setup = replace(setup, status=SetupStatus.OPEN)
    return replace(book, setup=setup, holding=holding.evolve(book.holding, event))


def _adopted(book: Book, recorded: Recorded, event: PositionAdopted) -> Book:
    adopted = Adopted(
        id=recorded.id,
        quantity_base=event.position_base,
        stop_price_usd=event.stop_price_usd,
        position=recorded.position,
    )
    return replace(_without_ended(book), adopted=adopted)


def _closed(book: Book, event: SetupClosed) -> Book:
    setup, adopted = book.setup, book.adopted
    if setup is not None and setup.id == event.setup:
        setup = replace(setup, status=SetupStatus.CLOSED, closed=event)
    if adopted is not None and adopted.id == event.setup:
        adopted = None
    return replace(book, setup=setup, adopted=adopted, setups_closed=book.setups_closed + 1)


def _observed(event: VenueObserved) -> Observed:
    return Observed(
        at=event.clock.at,
        position_base=event.position_base,
        break_even_usd=event.break_even_usd,
        liquidation_usd=event.liquidation_usd,
    )


def _planned(book: Book, recorded: Recorded, event: TransactionPlanned) -> Book:
    named = set(event.intents)
    concerned = tuple(
        order.client_order_id for order in book.orders if not named.isdisjoint(order.intents)
    )
    new = transactions.planned(event, recorded, client_order_ids=concerned)
    return replace(book, transactions=(*book.transactions, new)[-TRANSACTIONS_MAX:])


def _stepped(book: Book, recorded: Recorded, event: Step) -> Book:
    after = tuple(
        transactions.evolve(one, event, position=recorded.position)
        if one.id == event.transaction
        else one
        for one in book.transactions
    )
    return _without_settled(replace(book, transactions=after))


def _without_ended(book: Book) -> Book:
    """Forget the orders that are over."""
    kept = tuple(order for order in book.orders if not order.status.is_over)
    return _without_settled(replace(book, orders=kept))


def _without_settled(book: Book) -> Book:
    """Forget the transactions whose fate is known and whose orders are all over."""
    live = {order.client_order_id for order in book.orders if not order.status.is_over}
    kept = tuple(
        one
        for one in book.transactions
        if one.fate.is_open or not live.isdisjoint(one.client_order_ids)
    )
    return replace(book, transactions=kept)
