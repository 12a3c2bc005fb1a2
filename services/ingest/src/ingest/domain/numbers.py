"""Numbers of exchanges: plain decimal strings and epoch milliseconds, checked at the edge."""

import re

_AMOUNT = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,8}0{0,9})?")
"""As much as the folds take: exact integers of 8 decimal places (zeros may follow)."""
_SIGNED = re.compile(r"-?[0-9]{1,9}(?:\.[0-9]{1,18})?")
_TOTAL = re.compile(r"[0-9]{1,13}(?:\.[0-9]{1,16})?")
"""A sum of prices times quantities: exact in 16 decimal places."""
TURNOVER_USD_MAX = 1e12
"""More than a market can trade at once: one of the two numbers is corrupt."""
_EARLIEST_MS = 1_230_940_800_000
"""2009-01-03: no coin traded before."""
_LATEST_MS = 4_102_444_800_000
"""2100-01-01."""
ID_MAX = (1 << 63) - 1

_matches_amount = _AMOUNT.fullmatch


def is_positive(text: str) -> bool:
    """Say whether the text is a plain decimal above zero; NaN, signs and exponents are not."""
    return _matches_amount(text) is not None and text.strip("0.") != ""


def is_not_negative(text: str) -> bool:
    """Say whether the text is a plain decimal of zero or more."""
    return _matches_amount(text) is not None


def is_total(text: str) -> bool:
    """Say whether the text is a plain decimal that a sum of turnovers can be."""
    return _TOTAL.fullmatch(text) is not None


def is_zero(text: str) -> bool:
    """Say whether the text is a plain decimal of zero."""
    return _matches_amount(text) is not None and text.strip("0.") == ""


def is_turnover(price: str, quantity: str) -> bool:
    """Say whether one trade can be worth that much; both must be positive."""
    return float(price) * float(quantity) < TURNOVER_USD_MAX


def is_signed(text: str) -> bool:
    """Say whether the text is a plain decimal of either sign."""
    return _SIGNED.fullmatch(text) is not None


def is_time_ms(time_ms: int) -> bool:
    """Say whether the number can be an exchange's time in epoch milliseconds."""
    return _EARLIEST_MS <= time_ms < _LATEST_MS


def is_id(number: int) -> bool:
    """Say whether the number can be an exchange's id."""
    return 0 <= number <= ID_MAX
