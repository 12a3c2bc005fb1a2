"""From the log to the rows of the trades report: one recorded event in, the rows grow.

Only events of the log count. Distances and decision prices come from the `venue_observed` that
stands before the decision: the book as the venue showed it to whoever decided.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from audit.domain.trades.rows import ZERO, Book, Fill, Money, Placement, Setup, Slip, bps_of
from audit.domain.verification import Difference
from contracts.control import AccountOpened, ManualOrderRequested
from contracts.engine import PositionAdopted
from contracts.event import Event, Recorded
from contracts.feed import FeedOpened
from contracts.minute import MinuteClosed
from contracts.order import (
    OrderFilled,
    OrderIntended,
    OrderPlaced,
    OrderReplaced,
    ReplaceIntended,
    SetupClosed,
)
from contracts.signal import EntrySignaled, EntryWithheld
from contracts.transaction import TransactionLanded, TransactionPlanned
from contracts.values import Leg, OrderKind, Side
from contracts.venue import (
    ForeignOrderFilled,
    FundingSettled,
    PositionLiquidated,
    VenueFeeCharged,
    VenueObserved,
)
from contracts.verdict import OrderApproved

_Flow = FundingSettled | VenueFeeCharged | PositionLiquidated | ForeignOrderFilled
_Frequent = VenueObserved | MinuteClosed | EntryWithheld
"""What comes all the time, and counts nothing."""


@dataclass(slots=True)
class _Order:
    setup: Setup
    leg: Leg
    side: Side
    kind: OrderKind
    price_usd: Decimal
    left_base: Decimal | None
    """What of it can still fill; None when that is the position."""
    book: Book | None
    """When it was decided to come to its price."""
    placement: Placement | None = None
    slip: Slip | None = None


class Journal:
    """Gathers the rows; mutates, because it sees every event."""

    def __init__(self) -> None:
        self.feeds: list[FeedOpened] = []
        self.venues: dict[str, str] = {}
        """Which venue holds an account's orders."""
        self.setups: dict[UUID, Setup] = {}
        self.accounts: dict[tuple[str, str], Money] = {}
        """Everything by account and market, also what belongs to no setup."""
        self.differences: list[Difference] = []
        """Where a setup's recorded sums are not those of its events."""
        self._seen: set[UUID] = set()
        """What was counted already."""
        self._signals: dict[UUID, tuple[str, datetime]] = {}
        self._books: dict[tuple[str, str], Book] = {}
        self._orders: dict[str, _Order] = {}
        self._moves: dict[tuple[str, int], tuple[OrderKind, Book | None]] = {}
        self._transactions: dict[UUID, TransactionPlanned] = {}
        self._live: dict[tuple[str, str], Setup] = {}

    def step(self, recorded: Recorded) -> None:
        """Take the next event of the log; one that stands there again counts once."""
        if recorded.id in self._seen:
            return
        if not isinstance(recorded.event, _Frequent):
            self._seen.add(recorded.id)
        self._take(recorded)

    def _take(self, recorded: Recorded) -> None:
        match recorded.event:
            case FeedOpened() as event:
                self.feeds.append(event)
            case AccountOpened() as event:
                self.venues[event.account] = event.venue
            case EntrySignaled() | ManualOrderRequested() as event:
                self._signals[recorded.id] = (event.event_type, recorded.occurred_at)
            case OrderApproved() as event:
                self._approved(recorded, event)
            case PositionAdopted() as event:
                self._adopted(recorded, event)
            case VenueObserved() as event:
                seen = event.market_seen
                self._books[event.account, event.market] = Book(seen.bid_usd, seen.ask_usd)
            case TransactionPlanned() as event:
                self._transactions[recorded.id] = event
            case TransactionLanded() as event:
                self._landed(event)
            case event:
                self._of_order(recorded, event)

    def _of_order(self, recorded: Recorded, event: Event) -> None:
        match event:
            case OrderIntended():
                self._intended(recorded, event)
            case ReplaceIntended():
                book = self._books.get((event.account, event.market))
                self._moves[event.client_order_id, event.generation] = (event.kind, book)
            case OrderPlaced() | OrderReplaced():
                self._rests(event)
            case OrderFilled():
                self._filled(event)
            case SetupClosed():
                self._closed(recorded, event)
            case FundingSettled() | VenueFeeCharged() | PositionLiquidated() | ForeignOrderFilled():
                self._flows(event)
            case _:
                pass

    def _approved(self, recorded: Recorded, event: OrderApproved) -> None:
        proposal, signaled_at = self._signals.get(event.proposal, ("unknown", None))
        self.setups[recorded.id] = Setup(
            setup=recorded.id,
            account=event.account,
            market=event.market,
            side=event.side,
            approved_at=recorded.occurred_at,
            proposal=proposal,
            signaled_at=signaled_at,
            entry_price_usd=event.entry_price_usd,
            stop_price_usd=event.stop_price_usd,
            quantity_base=event.quantity_base,
        )

    def _adopted(self, recorded: Recorded, event: PositionAdopted) -> None:
        setup = Setup(
            setup=recorded.id,
            account=event.account,
            market=event.market,
            side=Side.LONG if event.position_base > 0 else Side.SHORT,
            approved_at=recorded.occurred_at,
            proposal=event.event_type,
            stop_price_usd=event.stop_price_usd,
        )
        self.setups[recorded.id] = self._live[event.account, event.market] = setup

    def _intended(self, recorded: Recorded, event: OrderIntended) -> None:
        setup = self.setups.get(event.setup)
        if setup is None:
            return
        book = self._books.get((event.account, event.market))
        self._orders[event.client_order_id] = _Order(
            setup, event.leg, event.side, event.kind, event.price_usd, event.quantity_base, book
        )
        self._live[event.account, event.market] = setup
        if event.leg is Leg.ENTRY and setup.intended_at is None:
            setup.intended_at = recorded.occurred_at
            setup.intended_price_usd = event.price_usd

    def _rests(self, event: OrderPlaced | OrderReplaced) -> None:
        order = self._orders.get(event.client_order_id)
        if order is None:
            return
        if isinstance(event, OrderReplaced):
            move = self._moves.get((event.client_order_id, event.generation))
            order.kind, order.book = move or (order.kind, None)
        order.price_usd = event.price_usd
        order.placement = None
        if order.leg is not Leg.ENTRY:
            return
        setup = order.setup
        setup.placed_at = setup.placed_at or event.clock.at
        if order.kind is OrderKind.POST_ONLY_LIMIT:
            order.placement = _placement(order, event.clock.at)
            setup.placements.append(order.placement)

    def _filled(self, event: OrderFilled) -> None:
        self._account(event.account, event.market).charge(event.fee_usd)
        self._account(event.account, event.market).price_pnl_usd += event.realized_pnl_usd
        order = self._orders.get(event.client_order_id)
        if order is None:
            return
        setup = order.setup
        setup.money.charge(event.fee_usd)
        setup.money.price_pnl_usd += event.realized_pnl_usd
        setup.fills.append(
            Fill(
                fill_id=event.fill_id,
                leg=event.leg,
                side=event.side,
                liquidity=event.liquidity,
                at=event.clock.at,
                price_usd=event.price_usd,
                quantity_base=event.quantity_base,
                fee_usd=event.fee_usd,
            )
        )
        if event.leg is Leg.ENTRY:
            setup.filled_at = setup.filled_at or event.clock.at
        if order.left_base is not None:
            order.left_base = event.remaining_base
        if order.placement is not None:
            order.placement.filled_base += event.quantity_base
        _slipped(order, event)

    def _closed(self, recorded: Recorded, event: SetupClosed) -> None:
        setup = self.setups.get(event.setup)
        if setup is None:
            return
        setup.closed_at = recorded.occurred_at
        setup.exit_kind = event.outcome
        if self._live.get((event.account, event.market)) is setup:
            del self._live[event.account, event.market]
        money = setup.money
        pairs: dict[str, tuple[Decimal | int, Decimal | int]] = {
            "fees_usd": (
                money.fees_usd - money.rebates_usd + money.venue_fees_usd,
                event.fees_usd,
            ),
            "funding_usd": (money.funding_usd, event.funding_usd),
            "transaction_fees_lamports": (
                money.priority_lamports + money.signature_lamports,
                event.transaction_fees_lamports,
            ),
        }
        if setup.proposal != PositionAdopted.event_type:
            pairs["realized_pnl_usd"] = (money.price_pnl_usd, event.realized_pnl_usd)
        self.differences += [
            Difference(recorded.position, f"{setup.setup}: {name}", str(ours), str(told))
            for name, (ours, told) in pairs.items()
            if ours != told
        ]

    def _flows(self, event: _Flow) -> None:
        live = self._live.get((event.account, event.market))
        for money in (self._account(event.account, event.market), live and live.money):
            if money is not None:
                _flow(money, event)

    def _landed(self, event: TransactionLanded) -> None:
        planned = self._transactions.pop(event.transaction, None)
        priority = 0 if planned is None else planned.priority_fee_lamports
        setup = None if planned is None or planned.setup is None else planned.setup
        own = None if setup is None else self.setups.get(setup)
        for money in (self._account(event.account, event.market), own and own.money):
            if money is not None:
                money.priority_lamports += priority
                money.signature_lamports += event.fee_lamports - priority

    def _account(self, account: str, market: str) -> Money:
        return self.accounts.setdefault((account, market), Money())


def _placement(order: _Order, at: datetime) -> Placement:
    from_touch = from_mid = None
    if order.book is not None:
        sign, mid = order.side.sign, order.book.mid_usd
        touch = order.book.touch_usd(order.side)
        from_touch = bps_of(sign * (touch - order.price_usd), mid)
        from_mid = bps_of(sign * (mid - order.price_usd), mid)
    return Placement(at, order.price_usd, order.left_base or ZERO, from_touch, from_mid)


def _slipped(order: _Order, event: OrderFilled) -> None:
    """Count a fill of an order that takes: a stop, a converted entry, a close."""
    if order.slip is None:
        if order.leg is Leg.STOP:
            order.slip = Slip(event.client_order_id, "stop", order.side, order.price_usd)
        elif order.book is not None and order.kind in (
            OrderKind.LIMIT,
            OrderKind.IMMEDIATE_OR_CANCEL,
        ):
            what = "convert" if order.leg is Leg.ENTRY else "close"
            order.slip = Slip(event.client_order_id, what, order.side, order.book.mid_usd)
        else:
            return
        order.setup.slips.append(order.slip)
    order.slip.quantity_base += event.quantity_base
    order.slip.turnover_usd += event.price_usd * event.quantity_base


def _flow(money: Money, event: _Flow) -> None:
    match event:
        case FundingSettled():
            money.funding_usd += event.amount_usd
        case VenueFeeCharged():
            money.venue_fees_usd += event.fee_usd
        case PositionLiquidated() | ForeignOrderFilled():
            money.charge(event.fee_usd)
            money.price_pnl_usd += event.realized_pnl_usd
