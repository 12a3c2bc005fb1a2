"""Prints of the feed in units, and which of them cannot be true."""

import re

from contracts.minutes import EARLIEST_MS, JUMP_MS_MAX, is_plausible
from contracts.ticks import Trade
from execution.venues.units import BASE, BASE_DIGITS, PRICE_DIGITS

_NUMBER = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,18}0*)?")
_CACHE_MAX = 65_536
_TURNOVER_MAX = 10**18
"""10^12 USD, in units."""


class BadPrint(ValueError):
    """A print cannot be true; nothing has changed."""


class PrintReader:
    """Reads prices and quantities; remembers them, for prints repeat them."""

    def __init__(self) -> None:
        self._prices: dict[str, int] = {}
        self._quantities: dict[str, int] = {}

    def read(self, trade: Trade) -> tuple[int, int]:
        """Give price and quantity in units; raise BadPrint unless both are positive and sane.

        What is finer than a unit is cut off, but never to nothing: a print that the feed's other
        readers take must count here as well.
        """
        price = self._prices.get(trade.p) or self._remember(
            self._prices, trade.p, PRICE_DIGITS, "price", trade.i
        )
        quantity = self._quantities.get(trade.q) or self._remember(
            self._quantities, trade.q, BASE_DIGITS, "quantity", trade.i
        )
        if price * quantity > _TURNOVER_MAX * BASE:
            raise BadPrint(
                f"expected at most 10^12 USD in print {trade.i}, found {trade.p} x {trade.q}"
            )
        return price, quantity

    def _remember(
        self, known: dict[str, int], text: str, digits: int, what: str, trade_id: int
    ) -> int:
        number = 0
        if _NUMBER.fullmatch(text):
            whole, _, fraction = text.partition(".")
            is_positive = text.strip("0.") != ""
            number = max(int(whole + fraction[:digits].ljust(digits, "0")), is_positive)
        if not number:
            raise BadPrint(f"expected a positive {what} in print {trade_id}, found {text!r:.60}")
        if len(known) >= _CACHE_MAX:
            known.clear()
        known[text] = number
        return number


def require_time(trade: Trade, *, now_ms: int) -> None:
    """Raise BadPrint for a time that cannot be true, at a chain time or before the first (0)."""
    if not is_plausible(trade.t, open_minute_ms=now_ms or None):
        raise BadPrint(
            f"expected a time from {EARLIEST_MS} to {JUMP_MS_MAX} after {now_ms} in print"
            f" {trade.i}, found {trade.t}"
        )
