"""A Pyth price account as bytes, of which the program reads price, confidence, twap and slot.

Source: the `Price` structure of pyth-client 0.2 (version 2, 3,312 bytes).
"""

import struct
from decimal import Decimal

from solders.account import Account

from localnet.drift.addresses import PYTH

SIZE = 3_312
EXPONENT = -8
CONFIDENCE_PPM = 200
"""Half-width of the price, as a fraction of it: two basis points."""
_MAGIC, _VERSION, _PRICE_ACCOUNT, _PRICE_TYPE, _TRADING = 0xA1B2C3D4, 2, 3, 1, 1
_PUBLISHERS = 32
_HEAD = struct.Struct("<IIIIIiIIQQ")
_AVERAGE = struct.Struct("<qqq")
_AGGREGATE = struct.Struct("<qQIIQ")
_TWAP_AT, _AGGREGATE_AT = 48, 208


def price_account(price_usd: Decimal, *, slot: int, lamports: int) -> Account:
    """Write an oracle that was published at a slot."""
    price = int(price_usd.scaleb(-EXPONENT))
    confidence = price * CONFIDENCE_PPM // 1_000_000
    data = bytearray(SIZE)
    _HEAD.pack_into(
        data,
        0,
        _MAGIC,
        _VERSION,
        _PRICE_ACCOUNT,
        SIZE,
        _PRICE_TYPE,
        EXPONENT,
        _PUBLISHERS,
        _PUBLISHERS,
        slot,
        slot,
    )
    _AVERAGE.pack_into(data, _TWAP_AT, price, price, 1)
    _AGGREGATE.pack_into(data, _AGGREGATE_AT, price, confidence, _TRADING, 0, slot)
    return Account(lamports, bytes(data), PYTH)


def price_of(account: Account) -> tuple[Decimal, int]:
    """Give the price in dollars, and the slot in which it was published."""
    price, _, _, _, slot = _AGGREGATE.unpack_from(account.data, _AGGREGATE_AT)
    return Decimal(price).scaleb(EXPONENT), slot
