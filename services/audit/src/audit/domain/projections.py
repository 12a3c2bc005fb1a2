"""Orders, fills, positions, transactions and verdicts, folded from the recorded events.

A projection holds nothing that the log does not: folding all events again gives the same rows.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, get_args
from uuid import UUID

from audit.domain import rows
from audit.domain.rows import Fill, OrderChange, PositionChange, TransactionChange
from contracts.event import Event, Recorded
from contracts.order import OrderFilled, OrderIntended, SideCancelIntended
from contracts.queries import FillRow, OrderRow, PositionRow, TransactionRow, VerdictRow
from contracts.transaction import TransactionPlanned
from contracts.venue import FundingSettled, VenueFeeCharged
from contracts.verdict import OrderApproved, OrderDenied

_Projected = (
    OrderIntended
    | OrderChange
    | SideCancelIntended
    | PositionChange
    | TransactionPlanned
    | TransactionChange
    | OrderApproved
    | OrderDenied
)
PROJECTED: frozenset[type[Event]] = frozenset(get_args(_Projected))
"""The events that change a projection."""

OrderKey = str
"""Our id of an order."""
MarketKey = tuple[str, str]
"""Account and market."""
TransactionKey = UUID


@dataclass(frozen=True, slots=True)
class Keys:
    """The rows that some events may change."""

    orders: frozenset[OrderKey]
    markets_of_orders: frozenset[MarketKey]
    """Where every order that is not over may change."""
    positions: frozenset[MarketKey]
    transactions: frozenset[TransactionKey]


def keys_of(events: Iterable[Recorded]) -> Keys:
    """Give the rows that must be known before these events are folded."""
    orders: set[OrderKey] = set()
    markets: set[MarketKey] = set()
    positions: set[MarketKey] = set()
    transactions: set[TransactionKey] = set()
    for recorded in events:
        event = recorded.event
        if isinstance(event, OrderIntended | OrderChange):
            orders.add(event.client_order_id)
        if isinstance(event, SideCancelIntended):
            markets.add((event.account, event.market))
        if isinstance(event, PositionChange):
            positions.add((event.account, event.market))
        if isinstance(event, TransactionChange):
            transactions.add(event.transaction)
    return Keys(
        orders=frozenset(orders),
        markets_of_orders=frozenset(markets),
        positions=frozenset(positions),
        transactions=frozenset(transactions),
    )


class Changes(NamedTuple):
    """Rows to be written: those of events as they came, the others as they are now."""

    orders: Sequence[OrderRow]
    fills: Sequence[FillRow]
    positions: Sequence[PositionRow]
    transactions: Sequence[TransactionRow]
    verdicts: Sequence[VerdictRow]


@dataclass(slots=True)
class Projections:
    """The rows that were known and those that events changed or added."""

    orders: dict[OrderKey, OrderRow] = field(default_factory=dict[OrderKey, OrderRow])
    positions: dict[MarketKey, PositionRow] = field(default_factory=dict[MarketKey, PositionRow])
    transactions: dict[TransactionKey, TransactionRow] = field(
        default_factory=dict[TransactionKey, TransactionRow]
    )
    _fills: list[FillRow] = field(default_factory=list[FillRow])
    _verdicts: list[VerdictRow] = field(default_factory=list[VerdictRow])
    _orders_changed: set[OrderKey] = field(default_factory=set[OrderKey])
    _positions_changed: set[MarketKey] = field(default_factory=set[MarketKey])
    _transactions_changed: set[TransactionKey] = field(default_factory=set[TransactionKey])

    def fold(self, recorded: Recorded) -> None:
        """Take one event in position order."""
        event = recorded.event
        match event:
            case OrderApproved() | OrderDenied():
                self._verdicts.append(rows.verdict_row(event, recorded))
            case OrderIntended():
                self._put_order(rows.intended_order(event, recorded))
            case SideCancelIntended():
                self._cancel_side(event, recorded)
            case TransactionPlanned():
                self._put_transaction(rows.planned_transaction(event, recorded))
            case FundingSettled() | VenueFeeCharged():
                self._change_position(event, recorded)
            case _ if isinstance(event, TransactionChange):
                self._change_transaction(event, recorded)
            case _ if isinstance(event, Fill):
                self._fills.append(rows.fill_row(event, recorded))
                self._change_position(event, recorded)
                if isinstance(event, OrderFilled):
                    self._change_order(event, recorded)
            case _ if isinstance(event, OrderChange):
                self._change_order(event, recorded)
            case _:
                pass

    def take(self) -> Changes:
        """Give what changed since the last time; the rows of fills and verdicts are forgotten."""
        taken = Changes(
            orders=[self.orders[key] for key in sorted(self._orders_changed)],
            fills=self._fills,
            positions=[self.positions[key] for key in sorted(self._positions_changed)],
            transactions=[self.transactions[key] for key in sorted(self._transactions_changed)],
            verdicts=self._verdicts,
        )
        self._fills, self._verdicts = [], []
        for changed in (
            self._orders_changed,
            self._positions_changed,
            self._transactions_changed,
        ):
            changed.clear()
        return taken

    def _put_order(self, row: OrderRow) -> None:
        self.orders[row.client_order_id] = row
        self._orders_changed.add(row.client_order_id)

    def _put_transaction(self, row: TransactionRow) -> None:
        self.transactions[row.id] = row
        self._transactions_changed.add(row.id)

    def _change_order(self, event: OrderChange, recorded: Recorded) -> None:
        before = self.orders.get(event.client_order_id)
        if before is not None:
            self._put_order(rows.changed_order(before, event, recorded))

    def _cancel_side(self, event: SideCancelIntended, recorded: Recorded) -> None:
        place = (event.account, event.market, event.side)
        for before in list(self.orders.values()):
            is_meant = (before.account, before.market, before.side) == place
            if is_meant and not before.status.is_over:
                self._put_order(rows.side_canceled_order(before, event, recorded))

    def _change_position(self, event: PositionChange, recorded: Recorded) -> None:
        key = (event.account, event.market)
        self.positions[key] = rows.changed_position(self.positions.get(key), event, recorded)
        self._positions_changed.add(key)

    def _change_transaction(self, event: TransactionChange, recorded: Recorded) -> None:
        before = self.transactions.get(event.transaction)
        if before is not None:
            self._put_transaction(rows.changed_transaction(before, event, recorded))
