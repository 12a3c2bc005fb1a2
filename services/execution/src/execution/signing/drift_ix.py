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
from struct import Struct
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

    def fields(self, layout: Struct) -> tuple[int, ...]:
        """Read numbers that stand one after another."""
        end = self._at + layout.size
        have = len(self._data)
        require(end <= have, Code.ARGUMENTS, f"{end} bytes at least", have)
        values = layout.unpack_from(self._data, self._at)
        self._at = end
        return values

    def number(self, layout: Struct) -> int:
        """Read one number."""
        return self.fields(layout)[0]

    def maybe(self, layout: Struct) -> int | None:
        """Read an option of a number."""
        return self.number(layout) if _flag(self.number(_U8)) else None

    def maybe_one(self, of: tuple[_Choice, ...]) -> _Choice | None:
        """Read an option of an enum without fields."""
        value = self.maybe(_U8)
        return None if value is None else _one(of, value)

    def many(self, read: Callable[["Reader"], _Value], *, count_max: int) -> tuple[_Value, ...]:
        """Read a vector of one to `count_max` values."""
        count = self.number(_U32)
        require(1 <= count <= count_max, Code.ARGUMENTS, f"1 to {count_max} values", count)
        return tuple(read(self) for _ in range(count))

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


def _flag(value: int) -> bool:
    require(value <= 1, Code.ARGUMENTS, "0 or 1", value)
    return value == 1


def _one(of: tuple[_Choice, ...], value: int) -> _Choice:
    """Give the member of an enum whose members count from 0."""
    require(value < len(of), Code.ARGUMENTS, f"a {type(of[0]).__name__} below {len(of)}", value)
    return of[value]


def _order(it: Reader) -> OrderParams:
    kind, market, side, number, size, price, index, reduces, post_only, flags = it.fields(_ORDER)
    return OrderParams(
        order_type=_one(_ORDER_TYPES, kind),
        market_type=_one(_MARKET_TYPES, market),
        direction=_one(_DIRECTIONS, side),
        user_order_id=number,
        base_asset_amount=size,
        price=price,
        market_index=index,
        reduce_only=_flag(reduces),
        post_only=_one(_POST_ONLY, post_only),
        bit_flags=flags,
        max_ts=it.maybe(_I64),
        trigger_price=it.maybe(_U64),
        trigger_condition=_one(_TRIGGERS, it.number(_U8)),
        extras=_extras(it),
    )


def _changes(it: Reader) -> Changes:
    direction, size, price = it.maybe_one(_DIRECTIONS), it.maybe(_U64), it.maybe(_U64)
    reduces = it.maybe(_U8)
    return Changes(
        direction=direction,
        base_asset_amount=size,
        price=price,
        reduce_only=None if reduces is None else _flag(reduces),
        post_only=it.maybe_one(_POST_ONLY),
        bit_flags=it.maybe(_U8),
        max_ts=it.maybe(_I64),
        trigger_price=it.maybe(_U64),
        trigger_condition=it.maybe_one(_TRIGGERS),
        extras=_extras(it),
        policy=it.maybe(_U8),
    )


def _extras(it: Reader) -> Extras:
    return Extras(
        oracle_price_offset=it.maybe(_I32),
        auction_duration=it.maybe(_U8),
        auction_start_price=it.maybe(_I64),
        auction_end_price=it.maybe(_I64),
    )


def _cancel_side(it: Reader) -> Call:
    return CancelSide(
        market_type=it.maybe_one(_MARKET_TYPES),
        market_index=it.maybe(_U16),
        direction=it.maybe_one(_DIRECTIONS),
    )


def _ids(it: Reader) -> tuple[int, ...]:
    return it.many(lambda each: each.number(_U32), count_max=_ORDERS_MAX)


_U8, _U16, _U32, _U64 = map(Struct, ("<B", "<H", "<I", "<Q"))
_I32, _I64 = Struct("<i"), Struct("<q")
_ORDER = Struct("<BBBBQQHBBB")
"""An order's fields before its options."""
_ORDER_TYPES, _MARKET_TYPES, _DIRECTIONS = tuple(OrderType), tuple(MarketType), tuple(Direction)
_POST_ONLY, _TRIGGERS = tuple(PostOnly), tuple(Trigger)
_NAMED: dict[str, Callable[[Reader], Call]] = {
    "place_perp_order": lambda it: Place((_order(it),)),
    "place_orders": lambda it: Place(it.many(_order, count_max=_ORDERS_MAX)),
    "place_and_take_perp_order": lambda it: Take(_order(it), it.maybe(_U32)),
    "modify_order": lambda it: Modify(it.maybe(_U32), _changes(it)),
    "cancel_order": lambda it: Cancel((it.maybe(_U32),)),
    "cancel_orders_by_ids": lambda it: Cancel(_ids(it)),
    "cancel_order_by_user_id": lambda it: CancelNumber(it.number(_U8)),
    "cancel_orders": _cancel_side,
    "trigger_order": lambda it: Fire(it.number(_U32)),
}
_READERS = {hashlib.sha256(f"global:{it}".encode()).digest()[:8]: _NAMED[it] for it in _NAMED}
