"""Orders and positions as the program writes them: parameters in, accounts out.

Source: `state/order_params.rs` and `state/user.rs`; the layout is the same in 2.42, 2.82 and 2.142.
Prices are millionths of a dollar, sizes are billionths of the base.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

from solders.pubkey import Pubkey

PRICE = 10**6
BASE = 10**9
USER_SIZE = 4_376


class OrderType(IntEnum):
    """What kind of order."""

    MARKET = 0
    LIMIT = 1
    TRIGGER_MARKET = 2
    TRIGGER_LIMIT = 3
    ORACLE = 4


class Direction(IntEnum):
    """Which way."""

    LONG = 0
    SHORT = 1


class PostOnly(IntEnum):
    """What becomes of an order that would cross."""

    NONE = 0
    MUST = 1
    TRY = 2
    SLIDE = 3


class Condition(IntEnum):
    """When a trigger order fires, and whether it has."""

    ABOVE = 0
    BELOW = 1
    TRIGGERED_ABOVE = 2
    TRIGGERED_BELOW = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderParams:
    """What is asked for; the program's defaults are ours."""

    market: int
    direction: Direction
    base: int
    kind: OrderType = OrderType.LIMIT
    price: int = 0
    user_order_id: int = 0
    reduce_only: bool = False
    post_only: PostOnly = PostOnly.NONE
    immediate_or_cancel: bool = False
    max_ts: int | None = None
    trigger_price: int | None = None
    condition: Condition = Condition.ABOVE

    def __bytes__(self) -> bytes:
        """Write them in borsh."""
        head = struct.pack(
            "<BBBBQQHBBB",
            self.kind,
            1,  # a perp market
            self.direction,
            self.user_order_id,
            self.base,
            self.price,
            self.market,
            self.reduce_only,
            self.post_only,
            self.immediate_or_cancel,
        )
        tail = bytes([self.condition, 0, 0, 0, 0])  # no oracle offset, no auction of our own
        return head + _option("<q", self.max_ts) + _option("<Q", self.trigger_price) + tail


@dataclass(frozen=True, slots=True)
class Order:
    """An open order as it rests in an account."""

    id: int
    slot: int
    market: int
    kind: OrderType
    direction: Direction
    price: int
    base: int
    filled: int
    trigger_price: int
    condition: Condition
    auction_slots: int
    max_ts: int
    user_order_id: int
    reduce_only: bool
    post_only: bool

    @property
    def is_armed(self) -> bool:
        """Say whether it waits for a trigger."""
        waits = self.kind in (OrderType.TRIGGER_MARKET, OrderType.TRIGGER_LIMIT)
        return waits and self.condition in (Condition.ABOVE, Condition.BELOW)

    @property
    def is_resting(self) -> bool:
        """Say whether it is a price that a taker may hit."""
        return not self.is_armed and self.price > 0 and self.kind is OrderType.LIMIT


@dataclass(frozen=True, slots=True)
class UserAccount:
    """A sub-account: who may sign, what it holds, what it asks for."""

    authority: Pubkey
    delegate: Pubkey
    sub_account: int
    positions: dict[int, int]
    """Base by market; shorts are negative."""
    orders: tuple[Order, ...]
    """Those that are open."""


_PERPS_AT, _PERP_SIZE = 424, 96
_ORDERS_AT, _ORDER_SIZE = 1_192, 96
_SUB_ACCOUNT_AT = 4_346
_ORDER = struct.Struct("<QQQQQQqqqiIHBBBBBBBBBBB")
_OPEN, _PERP = 1, 1


def read_user(data: bytes) -> UserAccount:
    """Read a sub-account."""
    positions: dict[int, int] = {}
    for at in range(_PERPS_AT, _PERPS_AT + 8 * _PERP_SIZE, _PERP_SIZE):
        (base,) = struct.unpack_from("<q", data, at + 8)
        (market,) = struct.unpack_from("<H", data, at + 92)
        if base:
            positions[market] = base
    return UserAccount(
        authority=Pubkey(data[8:40]),
        delegate=Pubkey(data[40:72]),
        sub_account=struct.unpack_from("<H", data, _SUB_ACCOUNT_AT)[0],
        positions=positions,
        orders=tuple(_open_orders(data)),
    )


def _open_orders(data: bytes) -> Iterator[Order]:
    for at in range(_ORDERS_AT, _ORDERS_AT + 32 * _ORDER_SIZE, _ORDER_SIZE):
        fields = _ORDER.unpack_from(data, at)
        if fields[12] != _OPEN or fields[14] != _PERP:
            continue
        yield Order(
            id=fields[10],
            slot=fields[0],
            market=fields[11],
            kind=OrderType(fields[13]),
            direction=Direction(fields[17]),
            price=fields[1],
            base=fields[2],
            filled=fields[3],
            trigger_price=fields[5],
            condition=Condition(fields[21]),
            auction_slots=fields[22],
            max_ts=fields[8],
            user_order_id=fields[15],
            reduce_only=bool(fields[18]),
            post_only=bool(fields[19]),
        )


def _option(form: str, value: int | None) -> bytes:
    return b"\0" if value is None else b"\1" + struct.pack(form, value)
