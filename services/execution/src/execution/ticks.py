"""Messages of the market stream as ticks, and which of them count.

What is refused here is what the strategy's fold refuses, so that both agree on the print that
closes a bar.
"""

import re
from collections.abc import Sequence
from decimal import Decimal

import msgspec

from chassis.market import MarketMessage
from contracts.minutes import is_plausible
from contracts.ticks import Tick, Trade, decode_tick

_NUMBER = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,8}0*)?")
_CACHE_MAX = 65_536
_TURNOVER_USD_MAX = 10**12
ID_JUMP_MAX = 10**10
_ticks = msgspec.json.Decoder(list[Tick])


class BadTick(ValueError):
    """A message of the market stream is no trade of our feed that can be true."""


def decode_ticks(messages: Sequence[MarketMessage]) -> Sequence[Tick | ValueError]:
    """Read a batch at once; where one cannot be read, give the reason in its place."""
    try:
        ticks = _ticks.decode(b"[" + b",".join([it.body for it in messages]) + b"]")
    except ValueError:
        ticks = []
    if len(ticks) == len(messages):
        return ticks
    return [_decode(message.body) for message in messages]


def _decode(body: bytes) -> Tick | ValueError:
    try:
        return decode_tick(body)
    except ValueError as error:
        return ValueError(f"expected a trade or the end of a tape, found {error}")


class Soundness:
    """Says which trades can be true; remembers numbers, for trades repeat them."""

    def __init__(self) -> None:
        self._numbers: dict[str, Decimal] = {}

    def require(self, trade: Trade) -> None:
        """Raise BadTick for a trade whose numbers are not positive or make an absurd turnover."""
        price = self._numbers.get(trade.p) or self._number("price", trade)
        quantity = self._numbers.get(trade.q) or self._number("quantity", trade)
        if price * quantity > _TURNOVER_USD_MAX:
            raise BadTick(
                f"expected at most 10^12 USD in trade {trade.i}, found {trade.p} x {trade.q}"
            )

    def _number(self, what: str, trade: Trade) -> Decimal:
        text = trade.p if what == "price" else trade.q
        if not _NUMBER.fullmatch(text) or not text.strip("0."):
            raise BadTick(f"expected a positive {what} in trade {trade.i}, found {text!r:.60}")
        if len(self._numbers) >= _CACHE_MAX:
            self._numbers.clear()
        number = self._numbers[text] = Decimal(text)
        return number


def require_subject(message: MarketMessage, subject: str) -> None:
    """Raise BadTick for what another exchange or symbol said: this log holds one feed."""
    if message.subject != subject:
        raise BadTick(f"expected a message on {subject}, found one on {message.subject}")


def require_plausible(tick: Tick, *, open_minute_ms: int | None) -> None:
    """Raise BadTick for a time that cannot be true."""
    if not is_plausible(tick.t, open_minute_ms=open_minute_ms):
        raise BadTick(
            f"expected a time near the open minute {open_minute_ms} at trade {tick.i}, "
            f"found {tick.t}"
        )
