"""Whom a close may take from beside the AMM: whoever rests on the other side, best price first.

The AMM fills a taker only after its auction, so that a close that wants to be over at once names
makers (execution.md 2.11).
"""

import base64
from collections.abc import Mapping

from solders.pubkey import Pubkey

from execution.venues.drift.user import DISCRIMINATOR, SIZE, Order, User, read_user
from execution.venues.drift.view import ChainView, RawAccount

Makers = tuple[tuple[Pubkey, Pubkey], ...]
"""Sub-accounts with their owners' statistics."""

_MAX = 3
"""Two accounts each: a close still fits in its packet."""
_HAS_OPEN_ORDER_AT = 4_352
_LIMIT = 1


def users_filter() -> list[dict[str, object]]:
    """Give what a node is asked for: sub-accounts with open orders."""

    def at(offset: int, value: bytes) -> dict[str, object]:
        text = base64.b64encode(value).decode()
        return {"memcmp": {"offset": offset, "bytes": text, "encoding": "base64"}}

    return [{"dataSize": SIZE}, at(0, DISCRIMINATOR), at(_HAS_OPEN_ORDER_AT, b"\1")]


def makers_for(view: ChainView, users: Mapping[Pubkey, RawAccount]) -> Makers:
    """Name the best of those who rest on the side that a close of our position takes from.

    The program checks each one's margin in the same transaction, for which it needs every market
    that one uses (else 6078 or 6087): only those are named who use none but ours.
    """
    venue, index = view.venue, view.venue.market_index
    wants_bids = view.user.position(index).base > 0
    known = venue.markets | view.user.markets
    found: list[tuple[int, bytes, tuple[Pubkey, Pubkey]]] = []
    for key, raw in users.items():
        user = read_user(raw.data)
        prices = [it.price for it in user.orders if _rests(it, index, is_bid=wants_bids)]
        is_ours = key == venue.user or user.authority == venue.owner
        if is_ours or not prices or not user.markets <= known:
            continue
        best = -max(prices) if wants_bids else min(prices)
        found.append((best, bytes(key), (key, _stats_of(view, user))))
    return tuple(pair for _, _, pair in sorted(found)[:_MAX])


def _rests(order: Order, market_index: int, *, is_bid: bool) -> bool:
    is_here = order.is_perp and order.market_index == market_index
    is_plain = order.order_type == _LIMIT and order.price > 0 and not order.is_reduce_only
    return is_here and is_plain and order.is_long is is_bid


def _stats_of(view: ChainView, user: User) -> Pubkey:
    seeds = [b"user_stats", bytes(user.authority)]
    return Pubkey.find_program_address(seeds, view.venue.program)[0]
