"""HTTP/1.1 straight to a node: a request is one write, on a connection that stands.

What a general client does between its caller and the socket takes as long as half of a decision,
and signed bytes wait for it. URLs, headers and the reading of bodies stay with `httpx`, the
protocol with `h11`. A connection carries one request at a time, and is kept for the next one while
its node keeps it.
"""

import asyncio
import ssl
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast
from urllib.request import getproxies

import h11
import httpx

_IDLE_MAX = 4
"""Connections to one node that are kept for later."""
_HEAD_BYTES_MAX, _ANSWER_BYTES_MAX = 1 << 16, 1 << 26
_PORTS = {"http": 80, "https": 443}

_Origin = tuple[str, str, int]


def way_to_nodes() -> httpx.AsyncBaseTransport | None:
    """Give the direct one; None, which is httpx's own, where the environment names a proxy."""
    return None if getproxies().keys() & {"http", "https", "all"} else Direct()


class Direct(httpx.AsyncBaseTransport):
    """Carries the requests of an `httpx.AsyncClient`."""

    def __init__(self) -> None:
        self._idle: defaultdict[_Origin, list[_Connection]] = defaultdict(list)
        self._tls: ssl.SSLContext | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Do as `httpx.AsyncBaseTransport`; raise an `httpx.TransportError`.

        A node may end a connection while nobody uses it: what was asked on it then is asked again
        on a new one, unless some of the answer had come.
        """
        origin = _origin_of(request)
        body = await request.aread()
        within = cast("dict[str, float | None]", request.extensions.get("timeout", {}))
        kept = self._kept(origin)
        if kept is not None:
            try:
                return await self._asked(kept, request, body, within)
            except _Gone:
                pass
        fresh = await self._opened(origin, within)
        try:
            return await self._asked(fresh, request, body, within)
        except _Gone:
            raise httpx.RemoteProtocolError("expected an answer, found none") from None

    async def aclose(self) -> None:
        """End the connections that are kept."""
        for connections in self._idle.values():
            for it in connections:
                it.end()
        self._idle.clear()

    def _kept(self, origin: _Origin) -> "_Connection | None":
        """Take the connection that was used last, if one still stands."""
        connections = self._idle[origin]
        while connections:
            connection = connections.pop()
            if connection.is_open:
                return connection
        return None

    async def _asked(
        self,
        connection: "_Connection",
        request: httpx.Request,
        body: bytes,
        within: Mapping[str, float | None],
    ) -> httpx.Response:
        answering = connection.ask(request, body)
        try:
            async with asyncio.timeout(within.get("read")):
                answer = await answering
        except TimeoutError:
            raise httpx.ReadTimeout("expected an answer in time, found none") from None
        finally:
            idle = self._idle[_origin_of(request)]
            if connection.is_free and len(idle) < _IDLE_MAX:
                idle.append(connection)
            else:
                connection.end()
        return httpx.Response(answer.status, headers=answer.headers, content=answer.body)

    async def _opened(self, origin: _Origin, within: dict[str, float | None]) -> "_Connection":
        scheme, host, port = origin
        if scheme == "https" and self._tls is None:
            self._tls = httpx.create_ssl_context()
        tls = self._tls if scheme == "https" else None
        try:
            async with asyncio.timeout(within.get("connect")):
                _, connection = await asyncio.get_running_loop().create_connection(
                    _Connection, host, port, ssl=tls
                )
        except TimeoutError:
            raise httpx.ConnectTimeout("expected a connection in time, found none") from None
        except OSError as error:
            raise httpx.ConnectError(
                f"expected a connection, found {type(error).__name__}"
            ) from None
        return connection


def _origin_of(request: httpx.Request) -> _Origin:
    url = request.url
    return url.scheme, url.raw_host.decode(), url.port or _PORTS[url.scheme]


class _Gone(Exception):
    """The connection ended before anything of an answer came."""


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


class _Connection(asyncio.Protocol):
    """One connection; it carries one request at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=_HEAD_BYTES_MAX)
        self._waiting: asyncio.Future[_Answer] | None = None
        self._head: h11.Response | None = None
        self._body = bytearray()
        self._has_heard = False
        self.is_open = False

    @property
    def is_free(self) -> bool:
        """Say whether another request may be written."""
        return self.is_open and self._http.our_state is h11.IDLE

    def ask(self, request: httpx.Request, body: bytes) -> "asyncio.Future[_Answer]":
        """Write a request, and give its answer, or an `httpx.TransportError`, or _Gone."""
        self._head, self._has_heard = None, False
        self._body.clear()
        self._waiting = asyncio.get_running_loop().create_future()
        url, headers = request.url, request.headers.raw
        head = h11.Request(method=request.method, target=url.raw_path, headers=headers)
        parts = [self._http.send(it) for it in (head, h11.Data(data=body), h11.EndOfMessage())]
        if self._transport is not None:
            self._transport.write(b"".join(it for it in parts if it))
        return self._waiting

    def end(self) -> None:
        """End it, whatever is under way."""
        self.is_open = False
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self.is_open = True

    def data_received(self, data: bytes) -> None:
        if self._waiting is None:
            self.end()  # Nobody asked.
            return
        self._has_heard = True
        self._take(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_open = False
        if not self._has_heard:
            self._tell(_Gone())
        else:
            self._take(b"")
            self._tell(httpx.ReadError("expected the whole answer, found the connection's end"))

    def _take(self, data: bytes) -> None:
        """Read on; an empty piece is the connection's end."""
        try:
            self._http.receive_data(data)
            answer = self._read()
        except h11.RemoteProtocolError as error:
            is_cut = not data
            failure = httpx.ReadError if is_cut else httpx.RemoteProtocolError
            self._tell(failure(str(error)))
            self.end()
            return
        if answer is not None:
            self._tell(answer)

    def _read(self) -> _Answer | None:
        """Give the answer once it is whole; raise h11.RemoteProtocolError when it is none."""
        while True:
            match event := self._http.next_event():
                case h11.InformationalResponse():
                    pass
                case h11.Response():
                    self._head = event
                case h11.Data():
                    self._body += event.data
                    if len(self._body) > _ANSWER_BYTES_MAX:
                        raise h11.RemoteProtocolError(f"expected {_ANSWER_BYTES_MAX} bytes at most")
                case h11.EndOfMessage():
                    return self._whole()
                case _:
                    return None

    def _whole(self) -> _Answer | None:
        if self._head is None:
            return None
        if self._http.trailing_data[0] or self._http.their_state is not h11.DONE:
            self.is_open = False
        else:
            self._http.start_next_cycle()
        return _Answer(self._head.status_code, self._head.headers.raw_items(), bytes(self._body))

    def _tell(self, answer: _Answer | Exception) -> None:
        waiting, self._waiting = self._waiting, None
        if waiting is None or waiting.done():
            return
        if isinstance(answer, Exception):
            waiting.set_exception(answer)
        else:
            waiting.set_result(answer)
