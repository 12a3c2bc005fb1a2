"""The instructions of Drift that we may send, read from their bytes.

Written from the program's source and never from what encodes: each is known by its discriminator,
`sha256("global:<name>")[:8]`, and read field by field. Bytes past the last field are refused,
although the program would pass over them. An instruction that is not listed here does not exist.

Source: protocol-v2 `programs/drift/src/state/order_params.rs` and `instructions/`.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum, IntFlag
from typing import TypeVar

from execution.signing.refusals import Code, Refused, require

_Value = TypeVar("_Value")
_Choice = TypeVar("_Choice", bound=IntEnum)

U64_MAX = 2**64 - 1
"""The size of an order that covers whatever the position is."""
_ORDERS_MAX = 32


class OrderType(IntEnum):
    """How the program executes an order."""

    MARKET = 0
    LIMIT = 1
    TRIGGER_MARKET = 2
    TRIGGER_LIMIT = 3
    ORACLE = 4


class MarketType(IntEnum):
    """What an order's market index counts."""

    SPOT = 0
    PERP = 1


class Direction(IntEnum):
    """The side of an order."""

    LONG = 0
    SHORT = 1


class PostOnly(IntEnum):
    """Whether an order may take."""

    NONE = 0
    MUST = 1
    TRY = 2
    SLIDE = 3


class Trigger(IntEnum):
    """On which side of its trigger price an order fires."""

    ABOVE = 0
    BELOW = 1
    TRIGGERED_ABOVE = 2
    TRIGGERED_BELOW = 3


class Flags(IntFlag):
    """`bit_flags` of an order."""

    IMMEDIATE_OR_CANCEL = 1
    HIGH_LEVERAGE = 2


MUST_MODIFY = 1
"""Bit of a change's policy: fail when the order is gone."""


@dataclass(frozen=True, slots=True)
class Extras:
    """Fields that can turn an order's price into another one."""

    oracle_price_offset: int | None
    auction_duration: int | None
    auction_start_price: int | None
    auction_end_price: int | None


@dataclass(frozen=True, slots=True)
class OrderParams:
    """An order: prices in 1e-6 USD, sizes in 1e-9 base, times in seconds."""

    order_type: OrderType
    market_type: MarketType
    direction: Direction
    user_order_id: int
    base_asset_amount: int
    price: int
    market_index: int
    reduce_only: bool
    post_only: PostOnly
    bit_flags: int
    max_ts: int | None
    trigger_price: int | None
    trigger_condition: Trigger
    extras: Extras


@dataclass(frozen=True, slots=True)
class Changes:
    """What a modified order has anew; None keeps what it has."""

    direction: Direction | None
    base_asset_amount: int | None
    price: int | None
    reduce_only: bool | None
    post_only: PostOnly | None
    bit_flags: int | None
    max_ts: int | None
    trigger_price: int | None
    trigger_condition: Trigger | None
    extras: Extras
    policy: int | None


@dataclass(frozen=True, slots=True)
class Place:
    """`place_perp_order` and `place_orders`."""

    orders: tuple[OrderParams, ...]


@dataclass(frozen=True, slots=True)
class Take:
    """`place_and_take_perp_order`."""

    order: OrderParams
    success_condition: int | None


@dataclass(frozen=True, slots=True)
class Modify:
    """`modify_order`: by the venue's order id."""

    order_id: int | None
    changes: Changes


@dataclass(frozen=True, slots=True)
class Cancel:
    """`cancel_order` and `cancel_orders_by_ids`; None is the order placed last."""

    order_ids: tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class CancelNumber:
    """`cancel_order_by_user_id`."""

    user_order_id: int


@dataclass(frozen=True, slots=True)
class CancelSide:
    """`cancel_orders`; without a market it cancels everywhere."""

    market_type: MarketType | None
    market_index: int | None
    direction: Direction | None


@dataclass(frozen=True, slots=True)
class Fire:
    """`trigger_order`."""

    order_id: int


Call = Place | Take | Modify | Cancel | CancelNumber | CancelSide | Fire


class Reader:
    """Reads borsh from front to back; raises Refused where the bytes are not as they must be."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def number(self, size: int, *, signed: bool = False) -> int:
        """Read a little-endian integer of so many bytes."""
        end = self._at + size
        have = len(self._data)
        require(end <= have, Code.ARGUMENTS, f"{end} bytes at least", have)
        value = int.from_bytes(self._data[self._at : end], "little", signed=signed)
        self._at = end
        return value

    def flag(self) -> bool:
        """Read a bool."""
        value = self.number(1)
        require(value <= 1, Code.ARGUMENTS, "0 or 1", value)
        return value == 1

    def choice(self, kind: type[_Choice]) -> _Choice:
        """Read an enum without fields."""
        value = self.number(1)
        require(value < len(kind), Code.ARGUMENTS, f"a {kind.__name__} below {len(kind)}", value)
        return kind(value)

    def maybe(self, read: Callable[[], _Value]) -> _Value | None:
        """Read an option."""
        return read() if self.flag() else None

    def many(self, read: Callable[[], _Value], *, count_max: int) -> tuple[_Value, ...]:
        """Read a vector of one to `count_max` values."""
        count = self.number(4)
        require(1 <= count <= count_max, Code.ARGUMENTS, f"1 to {count_max} values", count)
        return tuple(read() for _ in range(count))

    def end(self) -> None:
        """Require that nothing is left."""
        left = len(self._data) - self._at
        require(not left, Code.ARGUMENTS, "no more bytes", f"{left} more")


def decode(data: bytes) -> Call:
    """Read a call of the program; raise Refused for any that we may not send."""
    read = _READERS.get(data[:8])
    if read is None:
        raise Refused(Code.INSTRUCTION_FORBIDDEN, "an instruction of the list", data[:8].hex())
    reader = Reader(data[8:])
    call = read(reader)
    reader.end()
    return call


def _order(it: Reader) -> OrderParams:
    return OrderParams(
        order_type=it.choice(OrderType),
        market_type=it.choice(MarketType),
        direction=it.choice(Direction),
        user_order_id=it.number(1),
        base_asset_amount=it.number(8),
        price=it.number(8),
        market_index=it.number(2),
        reduce_only=it.flag(),
        post_only=it.choice(PostOnly),
        bit_flags=it.number(1),
        max_ts=it.maybe(lambda: it.number(8, signed=True)),
        trigger_price=it.maybe(lambda: it.number(8)),
        trigger_condition=it.choice(Trigger),
        extras=_extras(it),
    )


def _changes(it: Reader) -> Changes:
    return Changes(
        direction=it.maybe(lambda: it.choice(Direction)),
        base_asset_amount=it.maybe(lambda: it.number(8)),
        price=it.maybe(lambda: it.number(8)),
        reduce_only=it.maybe(it.flag),
        post_only=it.maybe(lambda: it.choice(PostOnly)),
        bit_flags=it.maybe(lambda: it.number(1)),
        max_ts=it.maybe(lambda: it.number(8, signed=True)),
        trigger_price=it.maybe(lambda: it.number(8)),
        trigger_condition=it.maybe(lambda: it.choice(Trigger)),
        extras=_extras(it),
        policy=it.maybe(lambda: it.number(1)),
    )


def _extras(it: Reader) -> Extras:
    return Extras(
        oracle_price_offset=it.maybe(lambda: it.number(4, signed=True)),
        auction_duration=it.maybe(lambda: it.number(1)),
        auction_start_price=it.maybe(lambda: it.number(8, signed=True)),
        auction_end_price=it.maybe(lambda: it.number(8, signed=True)),
    )


def _cancel_side(it: Reader) -> Call:
    return CancelSide(
        market_type=it.maybe(lambda: it.choice(MarketType)),
        market_index=it.maybe(lambda: it.number(2)),
        direction=it.maybe(lambda: it.choice(Direction)),
    )


def _ids(it: Reader) -> tuple[int, ...]:
    return it.many(lambda: it.number(4), count_max=_ORDERS_MAX)


_NAMED: dict[str, Callable[[Reader], Call]] = {
    "place_perp_order": lambda it: Place((_order(it),)),
    "place_orders": lambda it: Place(it.many(lambda: _order(it), count_max=_ORDERS_MAX)),
    "place_and_take_perp_order": lambda it: Take(_order(it), it.maybe(lambda: it.number(4))),
    "modify_order": lambda it: Modify(it.maybe(lambda: it.number(4)), _changes(it)),
    "cancel_order": lambda it: Cancel((it.maybe(lambda: it.number(4)),)),
    "cancel_orders_by_ids": lambda it: Cancel(_ids(it)),
    "cancel_order_by_user_id": lambda it: CancelNumber(it.number(1)),
    "cancel_orders": _cancel_side,
    "trigger_order": lambda it: Fire(it.number(4)),
}
_READERS = {hashlib.sha256(f"global:{it}".encode()).digest()[:8]: _NAMED[it] for it in _NAMED}
