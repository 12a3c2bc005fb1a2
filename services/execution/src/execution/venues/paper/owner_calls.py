"""What the owner's calls on orders come to on the paper chain, by the program's layouts."""

import msgspec
from solders.pubkey import Pubkey

from contracts.values import OrderKind, Side
from execution.signing import drift_ix
from execution.signing.drift_ix import U64_MAX, Direction, OrderType, PostOnly
from execution.signing.refusals import Refused as Unread
from execution.venues.drift.config import DriftVenue
from execution.venues.paper.codes import Code, Refused
from execution.venues.paper.wire import (
    CancelOrder,
    CancelOrders,
    Instruction,
    ModifyOrder,
    OrderParams,
    PlaceAndTake,
    PlaceOrders,
    TriggerOrder,
)

_SECOND_MS = 1_000
_decoder = msgspec.json.Decoder(tuple[Instruction, ...])
"""Holds numbers to the same bounds as a delegate's."""
_SIDES = {Direction.LONG: Side.LONG, Direction.SHORT: Side.SHORT}


def instructions_of(
    data: bytes, accounts: tuple[Pubkey, ...], venue: DriftVenue
) -> tuple[Instruction, ...]:
    """Read a call of the program on the owner's orders; raise Refused for what it is not."""
    try:
        call = drift_ix.decode(data)
    except Unread as error:
        raise Refused(Code.UNREADABLE) from error
    _require_places(call, accounts, venue)
    try:
        return _decoder.decode(msgspec.json.encode(_instructions(call)))
    except ValueError as error:
        raise Refused(Code.UNREADABLE) from error


def _require_places(call: drift_ix.Call, accounts: tuple[Pubkey, ...], venue: DriftVenue) -> None:
    match call:
        case drift_ix.Take():
            named = (venue.state, venue.user, venue.user_stats, venue.owner)
        case drift_ix.Fire():
            named = (venue.state, venue.owner, venue.user, venue.user)
        case _:
            named = (venue.state, venue.user, venue.owner)
    if accounts[: len(named)] != named:
        raise Refused(Code.NOT_A_SIGNER)


def _instructions(call: drift_ix.Call) -> tuple[Instruction, ...]:
    match call:
        case drift_ix.Place(orders):
            return (PlaceOrders(tuple(_params(it, _resting_kind(it)) for it in orders)),)
        case drift_ix.Take(order):
            return (PlaceAndTake(_params(order, OrderKind.IMMEDIATE_OR_CANCEL)),)
        case drift_ix.Modify(order_id, changes):
            return (_moved(order_id, changes),)
        case drift_ix.Cancel(order_ids):
            return tuple(CancelOrder(_known(it)) for it in order_ids)
        case drift_ix.CancelSide(direction=direction):
            sides = (Side.LONG, Side.SHORT) if direction is None else (_SIDES[direction],)
            return tuple(CancelOrders(it) for it in sides)
        case drift_ix.Fire(order_id):
            return (TriggerOrder(order_id),)
        case drift_ix.CancelNumber():
            raise ValueError("expected a call that the desk makes, found a cancel by number")


def _params(order: drift_ix.OrderParams, kind: OrderKind) -> OrderParams:
    is_trigger = kind is OrderKind.TRIGGER_MARKET
    size = order.base_asset_amount
    return OrderParams(
        user_order_id=order.user_order_id,
        side=_SIDES[order.direction],
        kind=kind,
        price=_known(order.trigger_price) if is_trigger else order.price,
        quantity=None if size == U64_MAX else size,
        is_reduce_only=order.reduce_only,
        max_ms=(order.max_ts or 0) * _SECOND_MS,
    )


def _resting_kind(order: drift_ix.OrderParams) -> OrderKind:
    if order.order_type is OrderType.TRIGGER_MARKET:
        return OrderKind.TRIGGER_MARKET
    if order.order_type is not OrderType.LIMIT:
        raise ValueError(f"expected a limit or a market stop, found {order.order_type.name}")
    if order.post_only is PostOnly.MUST:
        return OrderKind.POST_ONLY_LIMIT
    return OrderKind.REDUCE_ONLY_LIMIT if order.reduce_only else OrderKind.LIMIT


def _moved(order_id: int | None, changes: drift_ix.Changes) -> ModifyOrder:
    """Read a move as the desk writes one; a limit that may take says so."""
    if changes.trigger_price is not None:
        kind, price = OrderKind.TRIGGER_MARKET, changes.trigger_price
    else:
        may_take = changes.post_only is PostOnly.NONE
        kind = OrderKind.LIMIT if may_take else OrderKind.POST_ONLY_LIMIT
        price = _known(changes.price)
    end_ms = _known(changes.max_ts) * _SECOND_MS
    return ModifyOrder(order_id=_known(order_id), kind=kind, price=price, max_ms=end_ms)


def _known(value: int | None) -> int:
    if value is None:
        raise ValueError("expected a value, found none")
    return value
