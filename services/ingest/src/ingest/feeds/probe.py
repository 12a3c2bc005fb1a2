"""Whether the exchange can be heard from here: a first trade within a few seconds."""

import asyncio

from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from contracts.ids import Symbol
from contracts.ticks import Trade
from ingest.domain.decode import FrameDecoder

FRAMES_MAX = 1_000


async def hear_trade(base_url: str, symbol: Symbol, *, within_s: float) -> str | None:
    """Give None when a trade frame came in time, else the reason why not."""
    url = f"{base_url.rstrip('/')}/market/stream?streams={symbol}@aggTrade"
    decoder = FrameDecoder(symbol)
    try:
        async with (
            asyncio.timeout(within_s),
            connect(url, open_timeout=within_s, close_timeout=0.2, compression=None) as socket,
        ):
            for _ in range(FRAMES_MAX):
                if isinstance(decoder.decode(await socket.recv(decode=False)), Trade):
                    return None
    except TimeoutError:
        return f"expected a trade of {symbol} from {base_url} within {within_s:g} s, found none"
    except (OSError, WebSocketException) as error:
        return f"expected a socket at {base_url}, found {error or type(error).__name__}"
    return f"expected trades of {symbol} from {base_url}, found {FRAMES_MAX} other frames"
