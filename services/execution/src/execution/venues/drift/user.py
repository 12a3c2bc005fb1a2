"""A sub-account as its bytes are: who may sign, what it holds, what it asks for.

Source: `state/user.rs` (execution.md, appendix B); the layout is the same from 2.42 on. Read by
place, because this is done for every snapshot.
"""

import hashlib
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from solders.pubkey import Pubkey

SIZE = 4_376
DISCRIMINATOR = hashlib.sha256(b"account:User").digest()[:8]
_SPOTS_AT, _SPOT_SIZE, _SPOTS = 104, 40, 8
_PERPS_AT, _PERP_SIZE, _PERPS = 424, 96, 8
_ORDERS_AT, _ORDER_SIZE, _ORDERS = 1_192, 96, 32
_SPOT = struct.Struct("<QqqqHBB4x")
_PERP = struct.Struct("<qqqqqqqq24xiHBx")
_ORDER = struct.Struct("<QQQQQQqqqiIHBBBBBBBBBBB")
_TAIL = struct.Struct("<I2xHB")
_TAIL_AT = 4_340
_OPEN = 1
_BEING_LIQUIDATED, _BANKRUPT, _REDUCE_ONLY = 1, 2, 4
"""Bits of `status`."""


@dataclass(frozen=True, slots=True)
class Deposit:
    """A balance in a spot market; scaled by its interest, in 1e-9."""

    market_index: int
    scaled: int
    is_borrow: bool


@dataclass(frozen=True, slots=True)
class Position:
    """A perp position in the program's units: base in 1e-9, quote in 1e-6."""

    market_index: int
    base: int
    quote: int
    """What was paid and earned: negative for a long that was bought."""
    quote_break_even: int
    open_bids: int
    open_asks: int
    last_cumulative_funding: int
    open_orders: int


@dataclass(frozen=True, slots=True)
class Order:
    """An open order; prices in 1e-6, sizes in 1e-9, times in seconds."""

    order_id: int
    user_order_id: int
    slot: int
    market_index: int
    is_perp: bool
    order_type: int
    """Market 0, limit 1, trigger market 2, trigger limit 3, oracle 4."""
    is_long: bool
    price: int
    base: int
    filled: int
    trigger_price: int
    trigger_condition: int
    """Above 0, below 1; fired: above 2, below 3."""
    max_ts: int
    oracle_offset: int
    """Its limit is so far from the oracle, where it has no price of its own."""
    is_reduce_only: bool
    is_post_only: bool

    @property
    def is_trigger(self) -> bool:
        """Say whether it has a trigger price."""
        return self.order_type in {2, 3}

    @property
    def is_triggered(self) -> bool:
        """Say whether it was fired."""
        return self.trigger_condition in {2, 3}


@dataclass(frozen=True, slots=True)
class User:
    """A sub-account."""

    authority: Pubkey
    delegate: Pubkey
    sub_account: int
    deposits: tuple[Deposit, ...]
    positions: tuple[Position, ...]
    orders: tuple[Order, ...]
    """Those that are open, by id."""
    markets: frozenset[tuple[bool, int]]
    """All that the program has to read to know its margin: whether a perp market, and which."""
    is_liquidating: bool
    is_reduce_only: bool
    margin_ratio: int
    """The owner's cap, in 1e-4 of what is held; 0 for none."""

    def position(self, market_index: int) -> Position:
        """Give the position in a market; an empty one when there is none."""
        found = (it for it in self.positions if it.market_index == market_index)
        return next(found, Position(market_index, 0, 0, 0, 0, 0, 0, 0))


def read_user(data: bytes) -> User:
    """Read a sub-account; raise ValueError for other bytes."""
    if len(data) != SIZE or data[:8] != DISCRIMINATOR:
        found = f"{len(data)} bytes that begin with {data[:8].hex()}"
        raise ValueError(f"expected a sub-account of {SIZE} bytes, found {found}")
    margin_ratio, sub_account, status = _TAIL.unpack_from(data, _TAIL_AT)
    positions = tuple(_positions(data))
    return User(
        authority=Pubkey(data[8:40]),
        delegate=Pubkey(data[40:72]),
        sub_account=sub_account,
        deposits=tuple(_deposits(data)),
        positions=positions,
        orders=tuple(sorted(_orders(data), key=lambda it: it.order_id)),
        markets=frozenset(
            {(False, it) for it in _spot_markets(data)}
            | {(True, it.market_index) for it in positions}
        ),
        is_liquidating=bool(status & (_BEING_LIQUIDATED | _BANKRUPT)),
        is_reduce_only=bool(status & _REDUCE_ONLY),
        margin_ratio=margin_ratio,
    )


def _deposits(data: bytes) -> Iterator[Deposit]:
    for at in range(_SPOTS_AT, _SPOTS_AT + _SPOTS * _SPOT_SIZE, _SPOT_SIZE):
        scaled, _, _, _, market, balance, _ = _SPOT.unpack_from(data, at)
        if scaled:
            yield Deposit(market, scaled, is_borrow=bool(balance))


def _spot_markets(data: bytes) -> Iterator[int]:
    for at in range(_SPOTS_AT, _SPOTS_AT + _SPOTS * _SPOT_SIZE, _SPOT_SIZE):
        scaled, _, _, _, market, _, orders = _SPOT.unpack_from(data, at)
        if scaled or orders:
            yield market


def _positions(data: bytes) -> Iterator[Position]:
    for at in range(_PERPS_AT, _PERPS_AT + _PERPS * _PERP_SIZE, _PERP_SIZE):
        funding, base, quote, even, _, bids, asks, _, _, market, orders = _PERP.unpack_from(
            data, at
        )
        if base or quote or orders:
            yield Position(market, base, quote, even, bids, asks, funding, orders)


def _orders(data: bytes) -> Iterator[Order]:
    for at in range(_ORDERS_AT, _ORDERS_AT + _ORDERS * _ORDER_SIZE, _ORDER_SIZE):
        it = _ORDER.unpack_from(data, at)
        if it[12] != _OPEN:
            continue
        yield Order(
            order_id=it[10],
            user_order_id=it[15],
            slot=it[0],
            market_index=it[11],
            is_perp=it[14] == 1,
            order_type=it[13],
            is_long=it[17] == 0,
            price=it[1],
            base=it[2],
            filled=it[3],
            trigger_price=it[5],
            trigger_condition=it[21],
            max_ts=it[8],
            oracle_offset=it[9],
            is_reduce_only=bool(it[18]),
            is_post_only=bool(it[19]),
        )
