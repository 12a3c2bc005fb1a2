"""A transaction's message: what the simulated program reads.

Canonical JSON, equal for equal input. What is not exactly what `encode` writes is not read.
"""

import hashlib
from collections.abc import Sequence
from typing import Annotated

import msgspec
from solders.hash import Hash
from solders.signature import Signature

from contracts.order import (
    CancelIntended,
    OrderIntended,
    ReplaceIntended,
    SideCancelIntended,
    TriggerIntended,
)
from contracts.values import OrderKind, Side, to_millis
from execution.venues.paper.codes import Code, Refused
from execution.venues.paper.state import ORDERS_MAX
from execution.venues.port import Intent
from execution.venues.units import base_units, price_units

_NUMBER_MAX = (1 << 63) - 1
_Natural = Annotated[int, msgspec.Meta(ge=0, le=_NUMBER_MAX)]
_Positive = Annotated[int, msgspec.Meta(gt=0, le=_NUMBER_MAX)]


class OrderParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An order as it is asked for."""

    user_order_id: Annotated[int, msgspec.Meta(ge=0, le=255)]
    side: Side
    kind: OrderKind
    price: _Positive
    """Limit price, or trigger price of a stop."""
    quantity: _Positive | None
    """None: whatever the position is (program: `u64::MAX`)."""
    is_reduce_only: bool
    max_ms: _Natural
    """Chain time after which it is over; 0: never."""


class _Instruction(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="ix"):
    pass


class PlaceOrders(_Instruction, frozen=True, tag="place_orders"):
    """Place orders, all or none."""

    orders: Annotated[tuple[OrderParams, ...], msgspec.Meta(min_length=1, max_length=ORDERS_MAX)]


class PlaceAndTake(_Instruction, frozen=True, tag="place_and_take"):
    """Take what there is up to a price, and end."""

    order: OrderParams


class ModifyOrder(_Instruction, frozen=True, tag="modify_order"):
    """Cancel an order and place its remainder anew, or fail (program: `MustModify`)."""

    order_id: _Natural
    kind: OrderKind
    price: _Positive
    max_ms: _Natural
    """Explicit, also when it is never: nothing is inherited."""


class CancelOrder(_Instruction, frozen=True, tag="cancel_order"):
    """Cancel an order by its id; none is no error."""

    order_id: _Natural


class CancelOrders(_Instruction, frozen=True, tag="cancel_orders"):
    """Cancel every order of a side."""

    side: Side


class TriggerOrder(_Instruction, frozen=True, tag="trigger_order"):
    """Fire a stop; the account is its own keeper."""

    order_id: _Natural


Instruction = PlaceOrders | PlaceAndTake | ModifyOrder | CancelOrder | CancelOrders | TriggerOrder


class Message(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is signed."""

    account: str
    blockhash: str
    priority_fee_lamports: _Natural
    instructions: Annotated[tuple[Instruction, ...], msgspec.Meta(min_length=1, max_length=32)]


_decoder = msgspec.json.Decoder(Message)


def encode(message: Message) -> bytes:
    """Give a message's only bytes."""
    return msgspec.json.encode(message)


def message_of(
    account: str,
    intents: Sequence[Intent],
    *,
    market: str,
    hash_: str,
    priority_fee_lamports: int,
) -> bytes:
    """Write intents as one message; raise ValueError for what the program could not read."""
    for intent in intents:
        if (intent.account, intent.market) != (account, market):
            raise ValueError(
                f"expected an intent of {account} in {market}, "
                f"found one of {intent.account} in {intent.market}"
            )
    return encode(Message(account, hash_, priority_fee_lamports, _instructions_of(intents)))


def decode(data: bytes) -> Message:
    """Read a message; raise Refused when these are not the bytes of one."""
    try:
        message = _decoder.decode(data)
    except ValueError as error:
        raise Refused(Code.UNREADABLE) from error
    if encode(message) != data:
        raise Refused(Code.UNREADABLE)
    return message


def _instructions_of(intents: Sequence[Intent]) -> tuple[Instruction, ...]:
    """Give the instructions that carry intents out; neighboring orders are placed together.

    Raises ValueError for what the program could not read.
    """
    instructions: list[Instruction] = []
    for intent in intents:
        instruction = _instruction(intent)
        last = instructions[-1] if instructions else None
        if isinstance(last, PlaceOrders) and isinstance(instruction, PlaceOrders):
            instructions[-1] = PlaceOrders(orders=(*last.orders, *instruction.orders))
        else:
            instructions.append(instruction)
    return tuple(instructions)


def paper_signature(message: bytes) -> str:
    """Give a signature that nobody made: 64 bytes of the message's hash, in base58."""
    return str(Signature.from_bytes(hashlib.sha512(message).digest()))


def paper_blockhash(seed: int, market: str, height: int) -> str:
    """Give the hash of a block, in base58."""
    text = f"{seed}|{market}|block|{height}"
    return str(Hash.from_bytes(hashlib.sha256(text.encode()).digest()))


def _instruction(intent: Intent) -> Instruction:
    match intent:
        case OrderIntended():
            params = _params(intent)
            if intent.kind is OrderKind.IMMEDIATE_OR_CANCEL:
                return PlaceAndTake(order=params)
            return PlaceOrders(orders=(params,))
        case ReplaceIntended():
            return ModifyOrder(
                order_id=intent.venue_order_id,
                kind=intent.kind,
                price=price_units(intent.price_usd),
                max_ms=0 if intent.expires_at is None else to_millis(intent.expires_at),
            )
        case CancelIntended():
            return CancelOrder(order_id=intent.venue_order_id)
        case TriggerIntended():
            return TriggerOrder(order_id=intent.venue_order_id)
        case SideCancelIntended():
            return CancelOrders(side=intent.side)


def _params(intent: OrderIntended) -> OrderParams:
    is_stop = intent.kind is OrderKind.TRIGGER_MARKET and intent.is_reduce_only
    if intent.quantity_base is None and not is_stop:
        raise ValueError(f"expected a quantity of a {intent.kind}, found none")
    return OrderParams(
        user_order_id=intent.user_order_id,
        side=intent.side,
        kind=intent.kind,
        price=price_units(intent.price_usd),
        quantity=None if intent.quantity_base is None else base_units(intent.quantity_base),
        is_reduce_only=intent.is_reduce_only,
        max_ms=0 if intent.expires_at is None else to_millis(intent.expires_at),
    )
