"""Arithmetic that is exact where it can be, and rounds against the trade where it cannot.

A finding is decided on the value that it shows, so that a reader who compares the two numbers
comes to the same answer.
"""

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Context, Decimal

ARITHMETIC = Context(prec=120, rounding=ROUND_HALF_EVEN)
"""Products and sums of wire values (18 digits on either side of the point) are exact in it."""

_SHOWN = Decimal("1E-8")
_EXACT = Decimal("1E-18")
_WIRE_MAX = Decimal(999999999999999999)


def rounded_up(value: Decimal) -> Decimal:
    """Give a value with a ceiling to compare it with: 8 decimals, never less than it is."""
    return _within_wire(value.quantize(_SHOWN, ROUND_CEILING, ARITHMETIC))


def rounded_down(value: Decimal) -> Decimal:
    """Give a value with a floor to compare it with: 8 decimals, never more than it is."""
    return _within_wire(value.quantize(_SHOWN, ROUND_FLOOR, ARITHMETIC))


def as_recorded(value: Decimal) -> Decimal:
    """Give a sum of wire values as the wire can carry it."""
    return _within_wire(value.quantize(_EXACT, ROUND_HALF_EVEN, ARITHMETIC))


def _within_wire(value: Decimal) -> Decimal:
    """Give the nearest value that has 18 digits before the point."""
    return max(-_WIRE_MAX, min(_WIRE_MAX, value))
