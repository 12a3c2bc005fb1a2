"""Missing trades from the exchange's REST interface: GET /fapi/v1/aggTrades by id."""

import asyncio
import time

import httpx
import structlog

from contracts.ids import Symbol
from contracts.ticks import Trade
from ingest.domain.decode import FrameDecoder
from ingest.domain.items import Refusal

PATH = "/fapi/v1/aggTrades"
ROWS_MAX = 1_000
"""Rows that one request gives; it costs 20 of 2,400 weight a minute."""
PAGES_MAX = 20
REPAIR_S_MAX = 2.0
"""Trades that follow a gap wait no longer than this for those in it."""
PAUSE_S = 60.0
"""No requests for this long after the exchange limited us, unless it says longer."""

_log = structlog.get_logger()


class Backfill:
    """Fetches trades of one symbol; never raises for what the exchange or the network does."""

    def __init__(
        self, base_url: str, symbol: Symbol, *, decoder: FrameDecoder, client: httpx.AsyncClient
    ) -> None:
        self._url = base_url.rstrip("/") + PATH
        self._symbol = symbol.upper()
        self._decoder = decoder
        self._client = client
        self._paused_until_s = 0.0

    async def fetch(self, first_id: int, last_id: int) -> list[Trade]:
        """Give the trades from `first_id` on without a hole, as far as they are to be had.

        Answers within `REPAIR_S_MAX`; an empty list when there is nothing.
        """
        found: list[Trade] = []
        if time.monotonic() < self._paused_until_s:
            return found
        try:
            async with asyncio.timeout(REPAIR_S_MAX):
                for _ in range(PAGES_MAX):
                    page = await self._page(first_id + len(found))
                    for trade in page:
                        if trade.i == first_id + len(found) and trade.i <= last_id:
                            found.append(trade)
                    if len(page) < ROWS_MAX or page[-1].i >= last_id:
                        break
        except (httpx.HTTPError, TimeoutError) as error:
            _log.warning("backfill_failed", reason=f"{type(error).__name__}: {error}")
        return found

    async def _page(self, from_id: int) -> list[Trade]:
        response = await self._client.get(
            self._url,
            params={"symbol": self._symbol, "fromId": from_id, "limit": ROWS_MAX},
        )
        if response.status_code in (418, 429):
            text = response.headers.get("Retry-After", "")
            wait_s = float(text) if text.isdigit() and len(text) < 6 else 0.0
            self._paused_until_s = time.monotonic() + max(PAUSE_S, wait_s)
        response.raise_for_status()
        rows = self._decoder.decode_rows(response.content)
        if isinstance(rows, Refusal):
            _log.warning("backfill_refused", reason=rows.reason)
            return []
        return rows
