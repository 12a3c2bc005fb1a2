"""Exact numbers: decimals as scaled integers, so that sums never drift and order never matters.

Nothing here depends on a decimal context, which belongs to the thread and not to us.
"""

from decimal import Decimal

TICK_PLACES = 8
"""Decimal places of a price or a quantity on the wire; more are refused."""
TURNOVER_PLACES = 2 * TICK_PLACES
PRICE_PLACES = 10
"""Decimal places of prices inside the indicators and the strategy: finer than any tick, because
an average lies between ticks."""


class Inexact(ValueError):
    """A number has more decimal places than we keep."""


def to_units(value: Decimal, places: int) -> int:
    """Give `value` x 10^`places`, exactly; raise Inexact when that is not whole."""
    numerator, denominator = value.as_integer_ratio()
    units, rest = divmod(numerator * 10**places, denominator)
    if rest:
        raise Inexact(f"expected at most {places} decimal places, found {value}")
    return units


def from_units(units: int, places: int) -> Decimal:
    """Give `units` / 10^`places`, exactly."""
    return Decimal(f"{units}E-{places}")


def divide(numerator: int, denominator: int) -> int:
    """Give the nearest whole number, the even one of two; the denominator is positive."""
    quotient, rest = divmod(numerator, denominator)
    twice = 2 * rest
    if twice > denominator or (twice == denominator and quotient % 2):
        return quotient + 1
    return quotient
