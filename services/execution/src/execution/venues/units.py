"""The program's integers: prices and USD in 1e-6, sizes in 1e-9; ratios in millionths.

Decimals are read and written here and nowhere else, so no digit is ever lost on the way.
"""

from decimal import Decimal

from execution.domain.policy import ARITHMETIC

PRICE_DIGITS = 6
BASE_DIGITS = 9
USD_DIGITS = 6
PPM = 1_000_000
BASE = 10**BASE_DIGITS


def to_units(value: Decimal, digits: int, *, what: str) -> int:
    """Give a decimal as a whole number of 10^-digits; raise ValueError when it is none."""
    scaled = value.scaleb(digits, context=ARITHMETIC)
    number = int(scaled)
    if number != scaled:
        raise ValueError(f"expected at most {digits} decimals in {what}, found {value}")
    return number


def from_units(number: int, digits: int) -> Decimal:
    """Give a whole number of 10^-digits as a decimal, exactly."""
    return Decimal(number).scaleb(-digits, context=ARITHMETIC)


def price_units(value: Decimal) -> int:
    """Give a price in units."""
    return to_units(value, PRICE_DIGITS, what="a price")


def base_units(value: Decimal) -> int:
    """Give a size in units."""
    return to_units(value, BASE_DIGITS, what="a quantity")


def usd_units(value: Decimal) -> int:
    """Give an amount of USD in units."""
    return to_units(value, USD_DIGITS, what="an amount")


def ppm(ratio: Decimal) -> int:
    """Give a ratio in millionths."""
    return to_units(ratio, PRICE_DIGITS, what="a ratio")


def bps_ppm(bps: Decimal) -> int:
    """Give basis points in millionths."""
    return to_units(bps, 2, what="basis points")


def price_usd(number: int) -> Decimal:
    """Give a price from its units."""
    return from_units(number, PRICE_DIGITS)


def base(number: int) -> Decimal:
    """Give a size from its units."""
    return from_units(number, BASE_DIGITS)


def usd(number: int) -> Decimal:
    """Give an amount of USD from its units."""
    return from_units(number, USD_DIGITS)


def floor_to(number: int, unit: int) -> int:
    """Give the largest multiple of a unit that is not above a number."""
    return number // unit * unit


def ceil_to(number: int, unit: int) -> int:
    """Give the smallest multiple of a unit that is not below a number."""
    return -(-number // unit) * unit
