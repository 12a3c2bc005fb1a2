"""How amounts, numbers and times are written in what the API answers; what is not there is null."""

from datetime import datetime
from decimal import Context, Decimal

from contracts.values import plain
from gateway.stream.protocol import time_text

CENT = Decimal("0.01")
WIDE = Context(prec=60)
"""Room for the product of any two decimals of the log."""


def cents(value: Decimal) -> str:
    """Write an amount in whole cents."""
    return plain(value.quantize(CENT, context=WIDE))


def maybe_cents(value: Decimal | None) -> str | None:
    """Do as `cents`."""
    return None if value is None else cents(value)


def maybe_plain(value: Decimal | None) -> str | None:
    """Do as `plain`."""
    return None if value is None else plain(value)


def maybe_text(number: int | None) -> str | None:
    """Write an integer that may be larger than a script's numbers are exact."""
    return None if number is None else str(number)


def maybe_time(moment: datetime | None) -> str | None:
    """Do as `time_text`."""
    return None if moment is None else time_text(moment)
