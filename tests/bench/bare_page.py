"""The floor of the gateway: Litestar with one socket and one address, and nothing on top.

It hears the same log by plain nats-py, reads nothing of it, and sends each message to every client
in turn, as long as the gateway's would be. The same uvicorn serves it.
"""

import asyncio
import contextlib
from multiprocessing.connection import Connection as Pipe
from typing import Any

from litestar import Litestar, Response, WebSocket, get, websocket
from litestar.exceptions import WebSocketDisconnect
from litestar.params import FromPath
from nats.aio.msg import Msg
from uvloop import new_event_loop

from bench.raw import ContinuousPull, open_client
from contracts.subjects import StreamName
from gateway.server import bind, serving

FOLLOW, CATCH_UP = "/follow", "/catch-up"
_WINDOW = 1024
_HELLO = '{"kind":"hello"}'


def answer_path(size: int) -> str:
    """Give the address that answers with so many bytes."""
    return f"/bytes/{size}"


def has_path(position: int) -> str:
    """Give the address that answers with success once the page has a position."""
    return f"/has/{position}"


def serve(pipe: Pipe, url: str, text_bytes: int) -> None:
    """Serve the log of `url`, each message as so many bytes of text; tell the port."""

    async def work() -> None:
        page = _Page(text_bytes)
        client = await open_client(url)
        pull = ContinuousPull(
            client,
            stream=StreamName.LOG,
            consumer="bare-page",
            window=_WINDOW,
            on_message=page.on_message,
        )
        await pull.start((">",))
        listener = await bind("127.0.0.1", 0)
        async with serving(page.app(), listener):
            pipe.send(int(listener.getsockname()[1]))
            await asyncio.Event().wait()

    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(work())


class _Page:
    def __init__(self, text_bytes: int) -> None:
        self._text_bytes = text_bytes
        self._texts: list[str] = []
        self._sockets: set[WebSocket[Any, Any, Any]] = set()

    def app(self) -> Litestar:
        """Give the application."""

        @websocket(FOLLOW)
        async def follow(socket: WebSocket[Any, Any, Any]) -> None:
            await socket.accept()
            await socket.send_text(_HELLO)
            self._sockets.add(socket)
            await _gone(socket)
            self._sockets.discard(socket)

        @websocket(CATCH_UP)
        async def catch_up(socket: WebSocket[Any, Any, Any]) -> None:
            await socket.accept()
            for text in self._texts[int(socket.query_params["after"]) :]:
                await socket.send_text(text)
            await _gone(socket)

        @get("/bytes/{size:int}")
        async def answer(size: FromPath[int]) -> Response[bytes]:
            return Response(b"x" * size, media_type="application/json")

        @get("/has/{position:int}")
        async def has(position: FromPath[int]) -> Response[bytes]:
            return Response(b"", status_code=200 if position <= len(self._texts) else 404)

        return Litestar([follow, catch_up, answer, has], logging_config=None, openapi_config=None)

    async def on_message(self, message: Msg) -> None:
        """Send what the log says to everybody."""
        head = f'{{"kind":"ev","pos":"{message.metadata.sequence.stream}","data":'
        text = f"{head}{message.data.decode()}}}".ljust(self._text_bytes)
        self._texts.append(text)
        for socket in list(self._sockets):
            await socket.send_text(text)


async def _gone(socket: WebSocket[Any, Any, Any]) -> None:
    with contextlib.suppress(WebSocketDisconnect):
        await socket.receive_text()
