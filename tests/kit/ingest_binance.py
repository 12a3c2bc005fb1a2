"""A Binance USD-M server on the loopback that keeps the exchange's rules (market-data.md 2.1).

bookTicker is heard on /public only and the rest on /market only: on the wrong path a connection
opens and stays silent. Connections live for a set time, must answer pings, and may send ten
messages a second, pings and pongs counted. Trades go on whether somebody listens or not.

Its clock stands still while this process is held up, so that a slow machine is not taken for a
slow client.
"""

import asyncio
import json
import time
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, urlsplit

from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode
from websockets.http11 import Request, Response
from websockets.protocol import State

from contracts.minutes import MINUTE_MS
from contracts.ticks import Trade
from kit.ingest_binance_rest import RestRules
from kit.ingest_frames import NOON_MS, agg_trade, book_ticker, combined, force_order, mark_price

PUBLIC = ("bookTicker", "depth")
MESSAGES_PER_S_MAX = 10
TICK_S = 0.005
REST_PATHS = ("/fapi/v1/aggTrades", "/fapi/v1/klines")
TOO_MANY = 1008


@dataclass
class Rules:
    """The exchange's limits, scaled to what a test can wait for; seconds."""

    life_s: float = 3600
    ping_s: float = 3600
    pong_s: float = 3600
    trades_per_s: float = 400
    rest_delay_s: float = 0.0
    status: HTTPStatus | None = None
    """Answered to every handshake instead of a socket."""


class CountingConnection(ServerConnection):
    """Counts every frame that the client sends, as the exchange does."""

    def __init__(self, *given: Any, **named: Any) -> None:  # Any: the library's own arguments.
        super().__init__(*given, **named)
        self.received: deque[float] = deque()
        self.most_per_s = 0

    def process_event(self, event: Any) -> None:  # Any: its events are frames and handshakes.
        if isinstance(event, Frame) and event.opcode is not Opcode.CLOSE:
            now_s = time.monotonic()
            self.received.append(now_s)
            while self.received[0] < now_s - 1:
                self.received.popleft()
            self.most_per_s = max(self.most_per_s, len(self.received))
        super().process_event(event)


@dataclass(eq=False)
class Listener:
    """One connection and what it asked for."""

    connection: CountingConnection
    path: str
    streams: set[str]

    def hears(self, stream: str) -> bool:
        is_public = stream.partition("@")[2].startswith(PUBLIC)
        return stream in self.streams and self.path.startswith(
            "/public" if is_public else "/market"
        )


@dataclass
class FakeBinance:
    """The exchange. `trades` is what happened, heard or not."""

    rules: Rules
    rest: RestRules = field(default_factory=RestRules)
    trades: list[Trade] = field(default_factory=list[Trade])
    listeners: set[Listener] = field(default_factory=set[Listener])
    opened: int = 0
    killed: int = 0
    refused: int = 0
    """Handshakes that were answered with `Rules.status`."""
    most_per_s: int = 0
    requests: list[int] = field(default_factory=list[int])
    """Ids from which trades were asked for."""
    silent: set[str] = field(default_factory=set[str])
    """Streams on which nothing is sent."""
    spoiled: deque[bytes] = field(default_factory=deque[bytes])
    """Frames to be sent once, to everyone on /market."""
    port: int = 0
    _ticks: int = 0
    _past: int = 0
    """Trades that happened before this server began."""

    @property
    def now_s(self) -> float:
        """Give the seconds that have passed here."""
        return self._ticks * TICK_S

    async def passes(self, seconds: float) -> None:
        """Wait until so many seconds have passed here."""
        end_s = self.now_s + seconds
        while self.now_s < end_s:  # noqa: ASYNC110  Many wait, each for another moment.
            await asyncio.sleep(TICK_S)

    @property
    def ws_url(self) -> str:
        """Give the address of the sockets."""
        return f"ws://127.0.0.1:{self.port}"

    @property
    def rest_url(self) -> str:
        """Give the address of the REST interface."""
        return f"http://127.0.0.1:{self.port}"

    def drop_all(self) -> None:
        """Break every connection without a word."""
        for listener in self.listeners:
            listener.connection.transport.abort()

    def has_past(self, *, minutes: int, trades_per_minute: int) -> None:
        """Let trades have happened before noon; ids count from 1 and go on."""
        step_ms = MINUTE_MS // trades_per_minute
        self._past = minutes * trades_per_minute
        for number in range(1, self._past + 1):
            at_ms = NOON_MS - (self._past - number) * step_ms - 1
            price, quantity = f"14{number % 9}.{number % 100:02d}", f"{number % 5 + 1}.25"
            self.trades.append(Trade(number, at_ms, price, quantity, number % 3 == 0))

    def trade(self) -> None:
        """Let one trade happen and tell whoever listens."""
        number = len(self.trades) + 1
        at_ms = NOON_MS + (number - self._past) * 10
        data = agg_trade(number, p=f"15{number % 7}.{number % 100:02d}", T=at_ms, E=at_ms + 100)
        self.trades.append(Trade(number, at_ms, data["p"], data["q"], data["m"]))
        self._tell("solusdt@aggTrade", combined(data, stream="solusdt@aggTrade"))
        self._tell("solusdt@bookTicker", combined(book_ticker(number * 3)))
        if number % 40 == 0:
            self._tell("solusdt@markPrice@1s", combined(mark_price(at_ms)))
            self._tell("solusdt@forceOrder", combined(force_order(at_ms)))
        while self.spoiled:
            self._tell("solusdt@aggTrade", self.spoiled.popleft())

    def _tell(self, stream: str, frame: bytes) -> None:
        if stream in self.silent:
            return
        for listener in self.listeners:
            is_open = listener.connection.protocol.state is State.OPEN
            if is_open and listener.hears(stream):
                # Straight to the transport, in order, without waiting for a slow client.
                listener.connection.protocol.send_text(frame)
                listener.connection.send_data()

    async def run(self) -> None:
        """Trade until canceled."""
        while True:
            await asyncio.sleep(TICK_S)
            self._ticks += 1
            while len(self.trades) - self._past < int(self.now_s * self.rules.trades_per_s):
                self.trade()

    async def serve_socket(self, connection: ServerConnection) -> None:
        """Keep the rules on one connection until it ends."""
        assert isinstance(connection, CountingConnection)
        assert connection.request is not None
        url = urlsplit(connection.request.path)
        streams = parse_qs(url.query).get("streams", [""])[0].split("/")
        listener = Listener(connection, url.path, set(streams))
        self.opened += 1
        tasks = [
            asyncio.create_task(self._live(listener)),
            asyncio.create_task(self._ping(listener)),
        ]
        self.listeners.add(listener)
        try:
            async for message in connection:
                if connection.most_per_s > MESSAGES_PER_S_MAX:
                    await connection.close(TOO_MANY, "Too many requests")
                await connection.send(self._answer(listener, message))
        except ConnectionClosed:
            pass
        finally:
            self.most_per_s = max(self.most_per_s, connection.most_per_s)
            self.listeners.discard(listener)
            for task in tasks:
                task.cancel()

    async def _live(self, listener: Listener) -> None:
        await self.passes(self.rules.life_s)
        self.killed += 1
        await listener.connection.close(1001, "24 hours")

    async def _ping(self, listener: Listener) -> None:
        while True:
            await self.passes(self.rules.ping_s)
            if listener.connection.most_per_s > MESSAGES_PER_S_MAX:
                await listener.connection.close(TOO_MANY, "Too many requests")
            pong = asyncio.ensure_future(await listener.connection.ping(str(time.time_ns())))
            late = asyncio.create_task(self.passes(self.rules.pong_s))
            await asyncio.wait((pong, late), return_when=asyncio.FIRST_COMPLETED)
            late.cancel()
            if not pong.done():
                listener.connection.transport.abort()

    def _answer(self, listener: Listener, message: str | bytes) -> str:
        asked = json.loads(message)
        match asked:
            case {"method": "SUBSCRIBE", "params": params, "id": number}:
                listener.streams |= set(params)
                return json.dumps({"result": None, "id": number})
            case _:
                error = {"code": 2, "msg": "Invalid request"}
                return json.dumps({"error": error, "id": asked.get("id")})

    async def answer_http(self, connection: ServerConnection, request: Request) -> Response | None:
        """Answer REST, refuse what is no path of ours, and let the sockets through."""
        url = urlsplit(request.path)
        if self.rules.status is not None:
            self.refused += 1
            return connection.respond(self.rules.status, "limited\n")
        if url.path in REST_PATHS:
            await self.passes(self.rules.rest_delay_s)
            return self._rest(url.path, {k: v[0] for k, v in parse_qs(url.query).items()})
        if url.path in ("/public/stream", "/market/stream", "/public/ws", "/market/ws"):
            return None
        # The paths of before were retired.
        return connection.respond(HTTPStatus.NOT_FOUND, "no such path\n")

    def _rest(self, path: str, query: dict[str, str]) -> Response:
        if "fromId" in query:
            self.requests.append(int(query["fromId"]))
        status, rows, named = self.rest.answer(path, query, self.trades)
        body = json.dumps(rows).encode()
        headers = Headers({"Content-Type": "application/json", "Content-Length": str(len(body))})
        for name, value in named.items():
            headers[name] = value
        return Response(status, status.phrase, headers, body)


@asynccontextmanager
async def fake_binance(rules: Rules | None = None) -> AsyncGenerator[FakeBinance, None]:
    """Run the exchange for as long as the context lasts."""
    exchange = FakeBinance(rules or Rules())
    trading = asyncio.create_task(exchange.run())
    try:
        async with serve(
            exchange.serve_socket,
            "127.0.0.1",
            0,
            process_request=exchange.answer_http,
            create_connection=CountingConnection,
            ping_interval=None,
            close_timeout=0.2,
            compression=None,
        ) as server:
            exchange.port = next(iter(server.sockets)).getsockname()[1]
            yield exchange
    finally:
        trading.cancel()
        await asyncio.gather(trading, return_exceptions=True)
