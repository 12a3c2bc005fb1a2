"""Minutes as the exchange sums them: read, held against each other, and cut into messages.

A kline is an array of 12: open time, open, high, low, close, volume, close time, quote volume,
number of fills, taker buy base volume, taker buy quote volume, and one that means nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import msgspec

from contracts.minute import CANDLES_MAX, CandleSource
from contracts.minutes import MINUTE_MS
from contracts.sessions import anchor_of
from contracts.ticks import Candle, Candles
from ingest.domain.items import Refusal
from ingest.domain.numbers import is_not_negative, is_positive, is_total

WARM_UP_MINUTES = 250 * 5
"""Before the anchor: after 250 bars of five minutes an ATR(14) does not tell any more where it
began (market-data.md 4)."""
_PRICE_SHARE_MAX = Decimal("1e-6")
"""How far outside its range a minute's average price may lie: the exchange rounds the turnover."""

_Kline = tuple[int, str, str, str, str, str, int, str, int, str, str, str]
_klines = msgspec.json.Decoder(list[_Kline])


@dataclass(frozen=True, slots=True)
class Span:
    """Minutes that follow each other, from `begin_ms` up to `end_ms`, which is not one of them."""

    begin_ms: int
    end_ms: int

    @property
    def minutes(self) -> int:
        """Count the minutes."""
        return (self.end_ms - self.begin_ms) // MINUTE_MS


def span_before(*, session_ms: int, end_ms: int) -> Span:
    """Give the minutes that the session of `session_ms` needs, up to `end_ms`."""
    return Span(anchor_of(session_ms) - WARM_UP_MINUTES * MINUTE_MS, end_ms)


def decode_klines(body: bytes, span: Span) -> list[Candle] | Refusal:
    """Read an answer of GET /fapi/v1/klines that must be of exactly this span."""
    try:
        rows = _klines.decode(body)
    except msgspec.DecodeError as error:
        return Refusal(f"expected klines of 12 fields, found {error}"[:300])
    if len(rows) != span.minutes:
        return Refusal(f"expected {span.minutes} klines, found {len(rows)}")
    candles: list[Candle] = []
    for index, row in enumerate(rows):
        candle = _candle(row, minute_ms=span.begin_ms + index * MINUTE_MS)
        if isinstance(candle, Refusal):
            return candle
        candles.append(candle)
    return candles


def in_parts(candles: Sequence[Candle], *, begin_ms: int, next_trade_id: int) -> list[Candles]:
    """Cut minutes into messages."""
    starts = range(0, len(candles), CANDLES_MAX)
    return [
        Candles(
            part=number,
            parts=len(starts),
            t=begin_ms + start * MINUTE_MS,
            i=next_trade_id,
            source=CandleSource.BINANCE_KLINES.value,
            minutes=tuple(candles[start : start + CANDLES_MAX]),
        )
        for number, start in enumerate(starts, start=1)
    ]


def _candle(row: _Kline, *, minute_ms: int) -> Candle | Refusal:
    open_ms, opened, high, low, close, volume, close_ms, turnover, _, bought, _, _ = row
    if (open_ms, close_ms) != (minute_ms, minute_ms + MINUTE_MS - 1):
        return _expected(f"the kline of minute {minute_ms}", open_ms, close_ms)
    if not all(map(is_positive, (opened, high, low, close))):
        return _expected("prices as plain decimals above 0", opened, high, low, close)
    if not is_not_negative(volume) or not is_not_negative(bought) or not is_total(turnover):
        return _expected("volumes as plain decimals", volume, bought, turnover)
    lowest, highest, base, quote = map(Decimal, (low, high, volume, turnover))
    if not lowest <= min(Decimal(opened), Decimal(close)) or not highest >= max(
        Decimal(opened), Decimal(close)
    ):
        return _expected(f"open and close within {low} and {high}", opened, close)
    if Decimal(bought) > base:
        return _expected(f"a taker buy volume of at most {volume}", bought)
    slack = base * highest * _PRICE_SHARE_MAX
    if not base * lowest - slack <= quote <= base * highest + slack:
        return _expected(f"a turnover of {volume} at {low} to {high}", turnover)
    return Candle(opened, high, low, close, volume, turnover, bought)


def _expected(what: str, *found: Any) -> Refusal:  # Any: fields of a row as they came.
    return Refusal(f"expected {what}, found " + " and ".join(f"{value!r:.60}" for value in found))
