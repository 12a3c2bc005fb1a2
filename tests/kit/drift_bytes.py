"""Writes what a wallet would be asked to sign: Drift's instructions, and messages byte by byte.

Hand-written from the layouts, so that tests need no Solana client library, and able to write what
no library would: false headers, repeated keys, trailing bytes.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from solders.pubkey import Pubkey

U64_MAX = 2**64 - 1


def discriminator(name: str) -> bytes:
    return hashlib.sha256(f"global:{name}".encode()).digest()[:8]


def u(size: int, value: int) -> bytes:
    return value.to_bytes(size, "little")


def i(size: int, value: int) -> bytes:
    return value.to_bytes(size, "little", signed=True)


def maybe(data: bytes | None) -> bytes:
    return b"\x00" if data is None else b"\x01" + data


def _u(size: int, value: int | None) -> bytes:
    return maybe(None if value is None else u(size, value))


def _i(size: int, value: int | None) -> bytes:
    return maybe(None if value is None else i(size, value))


@dataclass(frozen=True)
class Order:
    """Order params, as bytes: enums are numbers."""

    order_type: int = 1
    market_type: int = 1
    direction: int = 0
    number: int = 16
    base: int = 0
    price: int = 0
    market: int = 0
    reduce_only: int = 0
    post_only: int = 0
    flags: int = 0
    max_ts: int | None = None
    trigger_price: int | None = None
    condition: int = 0
    offset: int | None = None
    auction_duration: int | None = None
    auction_start: int | None = None
    auction_end: int | None = None

    def data(self) -> bytes:
        return b"".join(
            [
                u(1, self.order_type),
                u(1, self.market_type),
                u(1, self.direction),
                u(1, self.number),
                u(8, self.base),
                u(8, self.price),
                u(2, self.market),
                u(1, self.reduce_only),
                u(1, self.post_only),
                u(1, self.flags),
                _i(8, self.max_ts),
                _u(8, self.trigger_price),
                u(1, self.condition),
                _i(4, self.offset),
                _u(1, self.auction_duration),
                _i(8, self.auction_start),
                _i(8, self.auction_end),
            ]
        )


@dataclass(frozen=True)
class Change:
    """Params of a modified order; None keeps."""

    direction: int | None = None
    base: int | None = None
    price: int | None = None
    reduce_only: int | None = None
    post_only: int | None = None
    flags: int | None = None
    max_ts: int | None = None
    trigger_price: int | None = None
    condition: int | None = None
    offset: int | None = None
    auction_duration: int | None = None
    auction_start: int | None = None
    auction_end: int | None = None
    policy: int | None = 1

    def data(self) -> bytes:
        return b"".join(
            [
                _u(1, self.direction),
                _u(8, self.base),
                _u(8, self.price),
                _u(1, self.reduce_only),
                _u(1, self.post_only),
                _u(1, self.flags),
                _i(8, self.max_ts),
                _u(8, self.trigger_price),
                _u(1, self.condition),
                _i(4, self.offset),
                _u(1, self.auction_duration),
                _i(8, self.auction_start),
                _i(8, self.auction_end),
                _u(1, self.policy),
            ]
        )


def place_perp_order(order: Order) -> bytes:
    return discriminator("place_perp_order") + order.data()


def place_orders(*orders: Order) -> bytes:
    return discriminator("place_orders") + u(4, len(orders)) + b"".join(it.data() for it in orders)


def place_and_take(order: Order, success: int | None = None) -> bytes:
    return discriminator("place_and_take_perp_order") + order.data() + _u(4, success)


def modify_order(order_id: int | None, change: Change) -> bytes:
    return discriminator("modify_order") + _u(4, order_id) + change.data()


def cancel_order(order_id: int | None) -> bytes:
    return discriminator("cancel_order") + _u(4, order_id)


def cancel_orders_by_ids(*order_ids: int) -> bytes:
    ids = b"".join(u(4, it) for it in order_ids)
    return discriminator("cancel_orders_by_ids") + u(4, len(order_ids)) + ids


def cancel_order_by_user_id(number: int) -> bytes:
    return discriminator("cancel_order_by_user_id") + u(1, number)


def cancel_orders(market_type: int | None, market: int | None, direction: int | None) -> bytes:
    return discriminator("cancel_orders") + _u(1, market_type) + _u(2, market) + _u(1, direction)


def trigger_order(order_id: int) -> bytes:
    return discriminator("trigger_order") + u(4, order_id)


@dataclass(frozen=True)
class Meta:
    """An account of an instruction."""

    key: Pubkey
    writable: bool = False
    signer: bool = False


@dataclass(frozen=True)
class Ix:
    """An instruction before it is in a message."""

    program: Pubkey
    metas: tuple[Meta, ...]
    data: bytes


def compact(value: int) -> bytes:
    """Write Solana's compact-u16."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


@dataclass(frozen=True)
class Lookup:
    """The accounts that come out of a table."""

    table: Pubkey
    writable: tuple[int, ...] = ()
    readonly: tuple[int, ...] = ()


@dataclass(frozen=True)
class Raw:
    """A message before it is bytes; every part can be made false."""

    header: tuple[int, int, int]
    keys: tuple[Pubkey, ...]
    blockhash: bytes
    calls: tuple[tuple[int, tuple[int, ...], bytes], ...]
    """Index of the program, indexes of the accounts, data."""
    lookups: tuple[Lookup, ...] = field(default=())
    prefix: bytes = b"\x80"

    def data(self) -> bytes:
        parts = [self.prefix, bytes(self.header), compact(len(self.keys))]
        parts += [bytes(it) for it in self.keys]
        parts += [self.blockhash, compact(len(self.calls))]
        for program, accounts, data in self.calls:
            parts += [bytes([program]), compact(len(accounts)), bytes(accounts)]
            parts += [compact(len(data)), data]
        if self.prefix:
            parts.append(compact(len(self.lookups)))
            for it in self.lookups:
                parts += [bytes(it.table), compact(len(it.writable)), bytes(it.writable)]
                parts += [compact(len(it.readonly)), bytes(it.readonly)]
        return b"".join(parts)

    def but(self, **changes: object) -> "Raw":
        return replace(self, **changes)


def compiled(
    calls: Sequence[Ix],
    *,
    payer: Pubkey,
    blockhash: bytes,
    legacy: bool = False,
    tables: dict[Pubkey, tuple[Pubkey, ...]] | None = None,
) -> Raw:
    """Compile instructions as wallets do; accounts in tables are looked up."""
    flags: dict[Pubkey, tuple[bool, bool]] = {payer: (True, True)}
    programs = [it.program for it in calls]
    for meta in [meta for it in calls for meta in it.metas] + [Meta(it) for it in programs]:
        signer, writable = flags.get(meta.key, (False, False))
        flags[meta.key] = (signer or meta.signer, writable or meta.writable)
    found: dict[Pubkey, tuple[Pubkey, int]] = {
        key: (table, at)
        for table, content in (tables or {}).items()
        for at, key in enumerate(content)
        if key in flags and key not in programs and not flags[key][0]
    }
    order = sorted(
        (it for it in flags if it not in found),
        key=lambda it: (it != payer, not flags[it][0], not flags[it][1]),
    )
    signers = sum(flags[it][0] for it in order)
    readonly_signed = sum(flags[it][0] and not flags[it][1] for it in order)
    readonly = sum(not flags[it][0] and not flags[it][1] for it in order)
    lookups = tuple(
        Lookup(
            table,
            tuple(at for key, (of, at) in found.items() if of == table and flags[key][1]),
            tuple(at for key, (of, at) in found.items() if of == table and not flags[key][1]),
        )
        for table in (tables or {})
    )
    loaded = [(tables or {})[it.table][at] for it in lookups for at in it.writable]
    loaded += [(tables or {})[it.table][at] for it in lookups for at in it.readonly]
    place = {key: at for at, key in enumerate([*order, *loaded])}
    return Raw(
        header=(signers, readonly_signed, readonly),
        keys=tuple(order),
        blockhash=blockhash,
        calls=tuple(
            (place[it.program], tuple(place[meta.key] for meta in it.metas), it.data)
            for it in calls
        ),
        lookups=lookups,
        prefix=b"" if legacy else b"\x80",
    )
