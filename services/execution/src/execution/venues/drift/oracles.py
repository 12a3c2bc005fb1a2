"""An oracle's price in the program's units, exactly: driftpy goes through floats.

Sources: the `Price` structure of pyth-client 0.2, and `PythLazerOracle` of protocol-v2.
"""

import struct
from dataclasses import dataclass

from solders.pubkey import Pubkey

from execution.venues.drift import abi

_DIGITS = 6
_MAGIC = 0xA1B2C3D4
_HEAD, _EXPONENT, _AGGREGATE = struct.Struct("<I"), struct.Struct("<i"), struct.Struct("<qQIIQ")
_VALID_SLOT = struct.Struct("<Q")
_EXPONENT_AT, _VALID_SLOT_AT, _AGGREGATE_AT = 20, 40, 208
_TRADING = 1
_MULTIPLES = {"1K": 10**3, "1M": 10**6}


class OracleUnreadable(ValueError):
    """An oracle's account says something that we do not read."""


@dataclass(frozen=True, slots=True)
class OraclePrice:
    """What an oracle says: price and half-width in 1e-6 USD."""

    price: int
    confidence: int
    slot: int
    """In which it was published."""


def read_oracle(data: bytes, source: str, *, program: Pubkey) -> OraclePrice:
    """Read an oracle by its source's name in the market's account; raise OracleUnreadable."""
    multiple = _MULTIPLES.get(source[-2:], 1)
    match source.removesuffix("1K").removesuffix("1M"):
        case "Pyth" | "PythStableCoin":
            found, exponent = _pyth(data)
        case "PythLazer" | "PythLazerStableCoin":
            found, exponent = _lazer(data, program)
        case _:
            raise OracleUnreadable(f"expected a Pyth or a Pyth Lazer oracle, found {source}")
    if found.price <= 0:
        raise OracleUnreadable(f"expected a price above 0, found {found.price}e{exponent}")
    return OraclePrice(
        price=_scaled(found.price * multiple, exponent),
        confidence=_scaled(found.confidence * multiple, exponent),
        slot=found.slot,
    )


def _pyth(data: bytes) -> tuple[OraclePrice, int]:
    if len(data) < _AGGREGATE_AT + _AGGREGATE.size or _HEAD.unpack_from(data)[0] != _MAGIC:
        raise OracleUnreadable(f"expected a Pyth price account, found {len(data)} bytes")
    (exponent,) = _EXPONENT.unpack_from(data, _EXPONENT_AT)
    price, confidence, status, _, slot = _AGGREGATE.unpack_from(data, _AGGREGATE_AT)
    if status != _TRADING:
        # The program goes on with the price of when it last did, which grows old.
        (slot,) = _VALID_SLOT.unpack_from(data, _VALID_SLOT_AT)
    return OraclePrice(price, confidence, slot), exponent


def _lazer(data: bytes, program: Pubkey) -> tuple[OraclePrice, int]:
    try:
        found = abi.decoded(program, data)
        return OraclePrice(found.price, found.conf, found.posted_slot), found.exponent
    except (AttributeError, ValueError) as error:
        raise OracleUnreadable(f"expected a Pyth Lazer oracle, found: {error}") from error


def _scaled(value: int, exponent: int) -> int:
    """Give a value of 10^exponent in 1e-6; digits past the sixth are cut off, as on chain."""
    shift = exponent + _DIGITS
    return value * 10**shift if shift >= 0 else value // 10**-shift
