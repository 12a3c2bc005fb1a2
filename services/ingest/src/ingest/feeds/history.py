"""What a live feed's session held before its first trade (ADR 0011).

GET /fapi/v1/klines for the minutes up to the one before the last, which have been over for a
minute at least; GET /fapi/v1/aggTrades from there to the first trade of the socket, by contiguous
ids. So each trade of the session is in a minute of the exchange's or among ours, and never in
both. All of it is had, or nothing is given.
"""

import asyncio

import httpx

from contracts.ids import Symbol
from contracts.minutes import MINUTE_MS, minute_of
from contracts.ticks import Candle, Candles, Trade
from ingest.domain.candles import Span, decode_klines, in_parts, span_before
from ingest.domain.decode import FrameDecoder
from ingest.domain.items import Missed, Refusal
from ingest.feeds.backfill import PATH as TRADES_PATH
from ingest.feeds.backfill import ROWS_MAX as TRADES_MAX
from ingest.feeds.rest import Limited, Rest

KLINES_PATH = "/fapi/v1/klines"
KLINES_MAX = 1_500
"""Klines that one request gives; it costs 10 of 2,400 weight a minute."""
TRADE_PAGES_MAX = 50
"""Two minutes of trades; all pages together cost less than half of a minute's weight."""
HISTORY_S_MAX = 120.0
"""The first trades of a feed wait no longer than this: time for one limit of the exchange."""
ATTEMPTS_MAX = 4
RETRY_S = 0.5


class _NotYet(Exception):
    """The REST interface lags behind the socket."""


class _Refused(Exception):
    """An answer is not what it must be."""


class History:
    """Fetches the history of one symbol; never raises for what exchange or network do."""

    def __init__(self, rest: Rest, symbol: Symbol, *, decoder: FrameDecoder) -> None:
        self._rest = rest
        self._symbol = symbol.upper()
        self._decoder = decoder

    async def before(self, first: Trade) -> list[Candles | Trade] | Missed:
        """Give what was before a trade: the minutes of its session, then the trades up to it."""
        try:
            async with asyncio.timeout(HISTORY_S_MAX):
                return await self._insist(first)
        except TimeoutError:
            return Missed(f"expected the history within {HISTORY_S_MAX:g} s, found none")

    async def _insist(self, first: Trade) -> list[Candles | Trade] | Missed:
        failure: Exception | None = None
        for attempt in range(1, ATTEMPTS_MAX + 1):
            try:
                return await self._fetch(first)
            except _Refused as refused:
                return Missed(str(refused))
            except Limited as limited:
                if limited.wait_s >= HISTORY_S_MAX:
                    return Missed(str(limited))
                failure = limited
                await asyncio.sleep(limited.wait_s)
            except (httpx.HTTPError, _NotYet) as error:
                failure = error
                await asyncio.sleep(RETRY_S * attempt)
        return Missed(f"expected an answer, found {type(failure).__name__}: {failure}")

    async def _fetch(self, first: Trade) -> list[Candles | Trade]:
        joint_ms = minute_of(first.t) - MINUTE_MS
        span = span_before(session_ms=first.t, end_ms=joint_ms)
        candles = await self._candles(span)
        trades = await self._trades(joint_ms, first)
        next_trade = trades[0] if trades else first
        parts = in_parts(candles, begin_ms=span.begin_ms, next_trade_id=next_trade.i)
        return [*parts, *trades]

    async def _candles(self, span: Span) -> list[Candle]:
        candles: list[Candle] = []
        step_ms = KLINES_MAX * MINUTE_MS
        for begin_ms in range(span.begin_ms, span.end_ms, step_ms):
            part = Span(begin_ms, min(begin_ms + step_ms, span.end_ms))
            body = await self._rest.get(
                KLINES_PATH,
                symbol=self._symbol,
                interval="1m",
                startTime=part.begin_ms,
                endTime=part.end_ms - 1,
                limit=KLINES_MAX,
            )
            found = decode_klines(body, part)
            if isinstance(found, Refusal):
                raise _Refused(found.reason)
            candles += found
        return candles

    async def _trades(self, begin_ms: int, first: Trade) -> list[Trade]:
        """Give every trade from `begin_ms` on before the first one of the socket."""
        page = await self._page(startTime=begin_ms, endTime=minute_of(first.t) + MINUTE_MS - 1)
        if page and not (page[0].t >= begin_ms and page[0].i <= first.i):
            raise _Refused(
                f"expected trades from {begin_ms} ms up to trade {first.i},"
                f" found trade {page[0].i} at {page[0].t} ms"
            )
        trades: list[Trade] = []
        for _ in range(TRADE_PAGES_MAX):
            for trade in page:
                if trades and trade.i != trades[-1].i + 1:
                    raise _Refused(f"expected trade {trades[-1].i + 1}, found {trade.i}")
                if trade.i == first.i:
                    return trades
                trades.append(trade)
            if not page:
                raise _NotYet(f"expected trades up to {first.i}, found none yet")
            page = await self._page(fromId=trades[-1].i + 1)
        raise _Refused(f"expected trade {first.i} within {TRADE_PAGES_MAX} pages, found no end")

    async def _page(self, **query: int) -> list[Trade]:
        body = await self._rest.get(TRADES_PATH, symbol=self._symbol, limit=TRADES_MAX, **query)
        rows = self._decoder.decode_rows(body)
        if isinstance(rows, Refusal):
            raise _Refused(rows.reason)
        return rows
