"""What the chain holds: the market, and of each account its orders, money and history.

Everything here is in units (`units.py`) and can be written as JSON and read back.
"""

from enum import StrEnum
from typing import Self

import msgspec
from msgspec.structs import replace

from contracts.values import OrderKind, Side
from contracts.venue import MarketStatus
from execution.venues.paper.entries import Entry

ORDERS_MAX = 32
"""Slots of an account; a closed order stays in its slot until the slot is used again."""

NEVER_MS = 1 << 62

HOUSE = "house"
"""The delegate of an account without an owner: the desk signs, and the chain checks nothing."""


class OrderStatus(StrEnum):
    """Whether an order can still do something."""

    OPEN = "open"
    FILLED = "filled"
    ENDED = "ended"


class Order(msgspec.Struct):
    """An order in its slot."""

    order_id: int
    user_order_id: int
    side: Side
    kind: OrderKind
    price: int
    """Limit price, or trigger price of a stop."""
    quantity: int | None
    """None: whatever the position is."""
    is_reduce_only: bool
    max_ms: int
    """Chain time after which it is over; 0: never."""
    slot: int
    at_ms: int
    """When it came to this price: earlier prints are not for it."""
    distance_ppm: int
    """How far from the oracle it was placed, in millionths; positive when it was passive."""
    queue_ahead: int
    """Notional that still rests before it at its price."""
    carry: int = 0
    """What of the prints reached it and was no whole step yet, in 1e-15 base."""
    filled: int = 0
    status: OrderStatus = OrderStatus.OPEN
    is_triggered: bool = False
    is_auctioned: bool = False
    """A limit that crossed when it came: keepers let it take, before it rests."""
    touch_ms: int | None = None
    """When a keeper comes to it."""
    touches: int = 0
    reap_ms: int | None = None
    """When a keeper takes it off because its time is over."""

    @property
    def is_open(self) -> bool:
        """Say whether it can still do something."""
        return self.status is OrderStatus.OPEN

    @property
    def is_trigger(self) -> bool:
        """Say whether it waits for a trigger price, or did."""
        return self.kind is OrderKind.TRIGGER_MARKET

    @property
    def unfilled(self) -> int | None:
        """Give what of it never traded; None when its size is the position's."""
        return None if self.quantity is None else self.quantity - self.filled

    @property
    def due_ms(self) -> int:
        """Give when a keeper comes to it; `NEVER_MS` when none will."""
        touch_ms = NEVER_MS if self.touch_ms is None else self.touch_ms
        return touch_ms if self.reap_ms is None else min(touch_ms, self.reap_ms)

    def is_over(self, now_ms: int) -> bool:
        """Say whether its time is over."""
        return self.max_ms != 0 and now_ms > self.max_ms

    def fillable(self, position: int) -> int:
        """Give what may fill: a reduce-only order is capped to the position it would shrink."""
        unfilled = self.unfilled
        if not self.is_reduce_only:
            return unfilled or 0
        shrinkable = max(0, -self.side.sign * position)
        return shrinkable if unfilled is None else min(unfilled, shrinkable)


class Transit(msgspec.Struct):
    """A transaction that is broadcast and has not landed."""

    signature: str
    message: bytes
    hash: str
    last_height: int
    next_ms: int
    """The next broadcast."""
    attempts: int = 0
    lands_ms: int | None = None
    """Where the earliest broadcast lands that was not lost."""

    @property
    def due_ms(self) -> int:
        """Give when something happens with it."""
        return self.next_ms if self.lands_ms is None else min(self.next_ms, self.lands_ms)


class Fate(msgspec.Struct, frozen=True):
    """Where a transaction landed, and how it ended."""

    slot: int
    code: int | None
    fee_lamports: int


class Accrual(msgspec.Struct, frozen=True):
    """Funding of one hour that the account was not charged yet."""

    hour_ms: int
    rate: int
    position: int
    amount: int


class View(msgspec.Struct, frozen=True):
    """The account at the end of a slot."""

    slot: int
    position: int
    cash: int
    break_even: int
    lamports: int
    owner_lamports: int
    delegate: str | None
    is_reduce_only: bool
    is_liquidating: bool
    orders: tuple[Order, ...]


class Account(msgspec.Struct):
    """One account in the market."""

    name: str
    opened_slot: int
    cash: int
    lamports: int
    position: int = 0
    break_even: int = 0
    """What an exit has to earn, negated (program: `quote_break_even_amount`)."""
    owner: str | None = None
    """Address of the wallet that it belongs to; None: the desk's own."""
    owner_lamports: int = 0
    """What the owner's wallet has for fees."""
    delegate: str | None = HOUSE
    """Address of who may sign beside the owner."""
    is_reduce_only: bool = False
    is_liquidating: bool = False
    margin_ms: int | None = None
    """When a keeper comes because margin is short."""
    margin_touches: int = 0
    next_order_id: int = 1
    orders: list[Order] = msgspec.field(default_factory=list[Order])
    accruals: list[Accrual] = msgspec.field(default_factory=list[Accrual])
    transits: list[Transit] = msgspec.field(default_factory=list[Transit])
    fates: dict[str, Fate] = msgspec.field(default_factory=dict[str, Fate])
    """By signature; the oldest first."""
    cursor: int = 0
    entries: list[Entry] = msgspec.field(default_factory=list[Entry])
    views: list[View] = msgspec.field(default_factory=list[View])
    """One per slot in which something changed, ascending."""

    @property
    def is_empty(self) -> bool:
        """Say whether it has no position and no order."""
        return not (self.position or any(it.is_open for it in self.orders))

    @property
    def is_idle(self) -> bool:
        """Say whether no print and no time can change anything."""
        return self.is_empty and not self.transits

    def open_orders(self) -> list[Order]:
        """Give the open orders, by id."""
        return sorted((it for it in self.orders if it.is_open), key=lambda it: it.order_id)

    def find(self, order_id: int) -> Order | None:
        """Give an order that is still in a slot."""
        return next((it for it in self.orders if it.order_id == order_id), None)

    def trial(self) -> Self:
        """Give a copy on which a transaction may fail without a trace."""
        return replace(
            self,
            orders=[replace(it) for it in self.orders],
            accruals=list(self.accruals),
            transits=list(self.transits),
            fates=dict(self.fates),
            entries=list(self.entries),
            views=list(self.views),
        )

    @property
    def due_ms(self) -> int:
        """Give when something happens that needs no print; `NEVER_MS` when nothing does."""
        due = min((it.due_ms for it in self.transits), default=NEVER_MS)
        if self.margin_ms is not None:
            due = min(due, self.margin_ms)
        return min(due, min((it.due_ms for it in self.orders), default=NEVER_MS))


class Market(msgspec.Struct):
    """The market, as the prints and its operators left it."""

    now_ms: int = 0
    """Chain time; 0 before it starts."""
    last_trade_id: int | None = None
    last: int = 0
    """The feed's last price; 0 before the first."""
    bid: int = 0
    ask: int = 0
    """The feed's book as its prints show it."""
    oracle: int = 0
    oracle_ms: int = 0
    status: MarketStatus = MarketStatus.ACTIVE
    hour_ms: int = 0
    """End of the hour that is averaged."""
    weight_ms: int = 0
    oracle_sum: int = 0
    last_sum: int = 0
    """Sums of oracle and last price over the hour's milliseconds."""
