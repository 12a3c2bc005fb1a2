"""The WebSocket side of a node: subscriptions, one queue and one writer per connection."""

import asyncio
import http
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import cast

import msgspec
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from localnet.errors import PARSE_ERROR, RpcError, invalid
from localnet.faults import SocketMood
from localnet.node import Node
from localnet.rpc.methods import failure, method_of, result
from localnet.rpc.params import Params
from localnet.rpc.subscriptions import SUBSCRIBES, UNSUBSCRIBES, Subscription

QUEUE_MAX = 10_000
"""A reader that is so many messages behind is cut off, as a node does."""
_MESSAGE_BYTES_MAX = 1 << 16


class _Connection:
    """One client: its subscriptions, and what is still to be written to it."""

    def __init__(self, client: ServerConnection) -> None:
        self._client = client
        self.subscriptions: dict[int, Subscription] = {}
        self._queue: asyncio.Queue[bytes] = asyncio.Queue(QUEUE_MAX)

    def say(self, message: object) -> None:
        """Write a message soon, or cut the connection when too many wait."""
        try:
            self._queue.put_nowait(msgspec.json.encode(message))
        except asyncio.QueueFull:
            self.cut()

    def cut(self) -> None:
        """End the connection without a word."""
        self._client.transport.abort()

    async def finish(self) -> None:
        """Wait until what was said is written, and end the connection without another word."""
        await self._queue.join()
        self.cut()

    async def write(self) -> None:
        """Write what is said until the connection ends."""
        while True:
            await self._client.send((await self._queue.get()).decode())
            self._queue.task_done()


class Sockets:
    """Every connection of a node."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._connections: set[_Connection] = set()
        self._last_number = 0
        self._is_woken = False

    @property
    def count(self) -> int:
        """Give how many connections are open."""
        return len(self._connections)

    def wake(self) -> None:
        """Notify soon; many calls of one moment are one."""
        if not self._is_woken:
            self._is_woken = True
            asyncio.get_running_loop().call_soon(self._notify)

    def cut(self) -> int:
        """End every connection without a word; give how many there were."""
        for connection in self._connections:
            connection.cut()
        return len(self._connections)

    @asynccontextmanager
    async def serving(self, listener: socket.socket) -> AsyncGenerator[None]:
        """Take connections for as long as the block runs."""
        async with serve(
            self._handle,
            sock=listener,
            process_request=self._refuse,
            compression=None,
            max_size=_MESSAGE_BYTES_MAX,
        ):
            yield
            self.cut()

    def _refuse(self, client: ServerConnection, _request: Request) -> Response | None:
        if self._node.switchboard.faults.sockets is SocketMood.REFUSED:
            return client.respond(http.HTTPStatus.SERVICE_UNAVAILABLE, "refused on purpose\n")
        return None

    async def _handle(self, client: ServerConnection) -> None:
        connection = _Connection(client)
        self._connections.add(connection)
        writer = asyncio.create_task(connection.write())
        try:
            async for text in client:
                said = self._answer(connection, text)
                if self._node.switchboard.cuts_socket():
                    return await connection.finish()
                connection.say(said)
                self.wake()
        except ConnectionClosed:
            pass
        finally:
            self._connections.discard(connection)
            writer.cancel()
            await asyncio.gather(writer, return_exceptions=True)

    def _answer(self, connection: _Connection, text: str | bytes) -> object:
        try:
            call = msgspec.json.decode(text)
        except msgspec.DecodeError:
            return failure(None, RpcError(PARSE_ERROR, "Parse error"))
        asked = cast("dict[str, object]", call) if isinstance(call, dict) else {}
        number, name = asked.get("id"), asked.get("method")
        try:
            params = Params(asked.get("params"))
            if name in UNSUBSCRIBES:
                return result(number, _unsubscribe(connection, params))
            opened = method_of(name, SUBSCRIBES)(self._node, params)
        except RpcError as error:
            return failure(number, error)
        self._last_number += 1
        connection.subscriptions[self._last_number] = opened
        return result(number, self._last_number)

    def _notify(self) -> None:
        self._is_woken = False
        is_silent = self._node.switchboard.faults.sockets is SocketMood.SILENT
        for connection in self._connections:
            for number, opened in list(connection.subscriptions.items()):
                for news in opened.news(self._node):
                    if is_silent:
                        continue
                    connection.say(
                        {
                            "jsonrpc": "2.0",
                            "method": opened.method,
                            "params": {"result": news, "subscription": number},
                        }
                    )
                    if opened.ends_when_told:
                        connection.subscriptions.pop(number, None)


def _unsubscribe(connection: _Connection, params: Params) -> bool:
    if connection.subscriptions.pop(params.whole(0), None) is None:
        raise invalid("Invalid subscription id.")
    return True
