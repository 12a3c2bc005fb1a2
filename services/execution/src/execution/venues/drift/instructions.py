"""The program's instructions that we send, written byte by byte.

Source: protocol-v2 `state/order_params.rs` and `instructions/user.rs`, in borsh. Written by us
because a verdict waits for it; driftpy's builders write the same (`tests/kit/drift_messages.py`).
"""

import hashlib
import struct
from collections.abc import Sequence
from dataclasses import dataclass

from solders.instruction import AccountMeta, Instruction
from solders.pubkey import Pubkey

LIMIT, TRIGGER_MARKET = 1, 2
"""How an order executes."""
LONG, SHORT = 0, 1
ABOVE, BELOW = 0, 1
"""When a trigger fires."""
MUST_POST_ONLY, MAY_TAKE = 1, 0
IMMEDIATE_OR_CANCEL = 1
"""A bit of an order's flags."""
MUST_MODIFY = 1
"""A bit of a change's policy: fail when the order is gone."""
_PERP = 1
_NONE = b"\0"
_ORDER = struct.Struct("<BBBBQQHBBB")
_SIDE = struct.Struct("<BBBHBB")


@dataclass(frozen=True, slots=True)
class Named:
    """The accounts that instructions name, before the markets."""

    program: Pubkey
    state: Pubkey
    user: Pubkey
    user_stats: Pubkey
    authority: Pubkey
    """Who signs: the owner's delegate."""


def order_params(
    *,
    order_type: int,
    direction: int,
    user_order_id: int,
    base: int,
    price: int,
    market_index: int,
    is_reduce_only: bool,
    post_only: int,
    flags: int,
    max_ts: int,
    trigger_price: int | None,
    trigger_condition: int,
) -> bytes:
    """Write an order; prices in 1e-6, its size in 1e-9, its last second (0: it has none)."""
    head = _ORDER.pack(
        order_type,
        _PERP,
        direction,
        user_order_id,
        base,
        price,
        market_index,
        is_reduce_only,
        post_only,
        flags,
    )
    ends = _maybe("q", max_ts) + _maybe("Q", trigger_price)
    return head + ends + bytes((trigger_condition,)) + _NO_AUCTION


def place_orders(named: Named, orders: Sequence[bytes], rest: Sequence[AccountMeta]) -> Instruction:
    """Place orders, all or none."""
    return _call("place_orders", struct.pack("<I", len(orders)) + b"".join(orders), named, rest)


def place_and_take(
    named: Named, order: bytes, condition: int | None, rest: Sequence[AccountMeta]
) -> Instruction:
    """Place an order that takes at once; `condition` is that of its success."""
    return _call("place_and_take_perp_order", order + _maybe("I", condition), named, rest)


def modify_order(
    named: Named,
    order_id: int,
    *,
    price: int | None,
    post_only: int | None,
    max_ts: int,
    trigger_price: int | None,
    rest: Sequence[AccountMeta],
) -> Instruction:
    """Change an order of this id; what is None stays, and so does its size."""
    changes = b"".join(
        (
            _NONE,  # direction
            _NONE,  # base
            _maybe("Q", price),
            _NONE,  # reduce only
            _maybe("B", post_only),
            _NONE,  # flags
            _maybe("q", max_ts),
            _maybe("Q", trigger_price),
            _NONE,  # trigger condition
            _NO_AUCTION,
            _maybe("B", MUST_MODIFY),
        )
    )
    return _call("modify_order", _maybe("I", order_id) + changes, named, rest)


def cancel_order(named: Named, order_id: int, rest: Sequence[AccountMeta]) -> Instruction:
    """Cancel the order of this id."""
    return _call("cancel_order", _maybe("I", order_id), named, rest)


def cancel_orders(
    named: Named, market_index: int, direction: int, rest: Sequence[AccountMeta]
) -> Instruction:
    """Cancel all orders of one side in a market."""
    return _call("cancel_orders", _SIDE.pack(1, _PERP, 1, market_index, 1, direction), named, rest)


def trigger_order(named: Named, order_id: int, rest: Sequence[AccountMeta]) -> Instruction:
    """Fire our own trigger: we are our own keeper, and charge ourselves nothing."""
    accounts = (
        _read(named.state),
        _signer(named.authority),
        _write(named.user),
        _write(named.user),
    )
    data = _SELECTORS["trigger_order"] + struct.pack("<I", order_id)
    return Instruction(named.program, data, [*accounts, *rest])


def _call(name: str, body: bytes, named: Named, rest: Sequence[AccountMeta]) -> Instruction:
    stats = [_write(named.user_stats)] if name == "place_and_take_perp_order" else []
    accounts = (_read(named.state), _write(named.user), *stats, _signer(named.authority))
    return Instruction(named.program, _SELECTORS[name] + body, [*accounts, *rest])


def _maybe(kind: str, value: int | None) -> bytes:
    return _NONE if value is None else struct.pack(f"<B{kind}", 1, value)


def _read(key: Pubkey) -> AccountMeta:
    return AccountMeta(key, is_signer=False, is_writable=False)


def _write(key: Pubkey) -> AccountMeta:
    return AccountMeta(key, is_signer=False, is_writable=True)


def _signer(key: Pubkey) -> AccountMeta:
    return AccountMeta(key, is_signer=True, is_writable=False)


_NO_AUCTION = _NONE * 4
"""Offset from the oracle, and an auction's duration, start and end."""
_SELECTORS = {
    name: hashlib.sha256(f"global:{name}".encode()).digest()[:8]
    for name in (
        "place_orders",
        "place_and_take_perp_order",
        "modify_order",
        "cancel_order",
        "cancel_orders",
        "trigger_order",
    )
}
