"""A browser's WebSocket to the gateway, without a network."""

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from gateway.edge import Edge
from gateway.stream import session
from kit.gateway_app import BASE, Desk, until


def paced(monkeypatch: pytest.MonkeyPatch, **seconds: float) -> None:
    """Give streams other times than those of a desk that runs."""
    known = session.serve.__kwdefaults__ or {}
    monkeypatch.setattr(session.serve, "__kwdefaults__", {**known, **seconds})


@dataclass
class PageStream:
    """What the page's end of a stream sees."""

    is_accepted: bool = False
    closed: int | None = None
    """The close code; before an accept the browser sees a refused handshake."""
    got: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    _inbox: asyncio.Queue[dict[str, Any]] = field(default_factory=asyncio.Queue[dict[str, Any]])

    async def send(self, message: Mapping[str, Any]) -> None:
        """Take what the server sends."""
        await asyncio.sleep(0)
        match message["type"]:
            case "websocket.accept":
                self.is_accepted = True
            case "websocket.close":
                self.closed = message["code"]
            case _:
                self.got.append(json.loads(message["text"]))

    async def receive(self) -> dict[str, Any]:
        """Give what the page sends."""
        return await self._inbox.get()

    def leave(self) -> None:
        """Go away."""
        self._inbox.put_nowait({"type": "websocket.disconnect", "code": 1001})

    async def ended(self) -> int:
        """Wait for the close; give its code."""
        await until(lambda: self.closed is not None)
        return self.closed or 0

    def connect(self) -> None:
        """Begin."""
        self._inbox.put_nowait({"type": "websocket.connect"})


@contextlib.asynccontextmanager
async def page_stream(
    edge: Edge, headers: Mapping[str, str], *, query: str = "v=1"
) -> AsyncGenerator[PageStream]:
    """Open a stream with these headers; it ends with the context."""
    stream = PageStream()
    scope: dict[str, Any] = {
        "type": "websocket",
        "asgi": {"version": "3.0"},
        "scheme": "ws",
        "http_version": "1.1",
        "path": "/api/ws/engine.events",
        "raw_path": b"/api/ws/engine.events",
        "root_path": "",
        "query_string": query.encode(),
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 50_000),
        "server": ("127.0.0.1", 8001),
        "subprotocols": [],
    }
    stream.connect()
    task = asyncio.create_task(edge(scope, stream.receive, stream.send))
    try:
        yield stream
    finally:
        stream.leave()
        await asyncio.wait_for(task, 10)


def page_headers(desk: Desk, **more: str) -> dict[str, str]:
    """Give the headers of the page's handshake, with its session."""
    cookie = {"Cookie": f"sid={desk.http.cookies['sid']}"}
    return {"Host": "127.0.0.1:8001", "Origin": BASE, **cookie, **more}
