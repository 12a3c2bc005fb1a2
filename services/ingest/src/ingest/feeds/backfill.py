"""Missing trades from the exchange's REST interface: GET /fapi/v1/aggTrades by id."""

import asyncio

import httpx
import structlog

from contracts.ids import Symbol
from contracts.ticks import Trade
from ingest.domain.decode import FrameDecoder
from ingest.domain.items import Refusal
from ingest.feeds.rest import Limited, Rest

PATH = "/fapi/v1/aggTrades"
ROWS_MAX = 1_000
"""Rows that one request gives; it costs 20 of 2,400 weight a minute."""
PAGES_MAX = 20
REPAIR_S_MAX = 2.0
"""Trades that follow a gap wait no longer than this for those in it."""

_log = structlog.get_logger()


class Backfill:
    """Fetches trades of one symbol; never raises for what the exchange or the network does."""

    def __init__(self, rest: Rest, symbol: Symbol, *, decoder: FrameDecoder) -> None:
        self._rest = rest
        self._symbol = symbol.upper()
        self._decoder = decoder

    async def fetch(self, first_id: int, last_id: int) -> list[Trade]:
        """Give the trades from `first_id` on without a hole, as far as they are to be had.

        Answers within `REPAIR_S_MAX`; an empty list when there is nothing.
        """
        found: list[Trade] = []
        try:
            async with asyncio.timeout(REPAIR_S_MAX):
                for _ in range(PAGES_MAX):
                    page = await self._page(first_id + len(found))
                    for trade in page:
                        if trade.i == first_id + len(found) and trade.i <= last_id:
                            found.append(trade)
                    if len(page) < ROWS_MAX or page[-1].i >= last_id:
                        break
        except (httpx.HTTPError, Limited, TimeoutError) as error:
            _log.warning("backfill_failed", reason=f"{type(error).__name__}: {error}")
        return found

    async def _page(self, from_id: int) -> list[Trade]:
        body = await self._rest.get(PATH, symbol=self._symbol, fromId=from_id, limit=ROWS_MAX)
        rows = self._decoder.decode_rows(body)
        if isinstance(rows, Refusal):
            _log.warning("backfill_refused", reason=rows.reason)
            return []
        return rows
