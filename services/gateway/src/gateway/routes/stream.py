"""The WebSocket: Litestar's socket fitted to a stream session."""

from typing import Any

from litestar import WebSocket, websocket
from litestar.exceptions import WebSocketDisconnect, WebSocketException

from gateway.routes.shared import AdmissionPart, CommandsPart, LivePart
from gateway.stream import session


@websocket("/api/ws/engine.events")
async def engine_events(
    socket: WebSocket[Any, Any, Any],
    live: LivePart,
    commands: CommandsPart,
    admission: AdmissionPart,
) -> None:
    """Stream every event of the log after a position, and the newest of what moves fast."""
    await socket.accept()
    end = _Socket(socket)
    query = socket.query_params
    try:
        opening = session.read_opening(
            after=query.get("after", ""),
            epoch=query.get("epoch", ""),
            topics=query.get("topics", ""),
            version=query.get("v", ""),
        )
    except session.BadOpening as error:
        await session.say_goodbye(end, error.code, str(error)[:100])
        return
    await session.serve(end, live.hub, opening, clock=commands.clock, closes=admission.closes)


class _Socket:
    """Fits session.Socket."""

    def __init__(self, socket: WebSocket[Any, Any, Any]) -> None:
        self._socket = socket

    async def send(self, text: str) -> None:
        try:
            # As `send_text` would, without its detours: this runs for every event and client.
            await self._socket.send({"type": "websocket.send", "text": text, "bytes": None})
        except (WebSocketException, OSError, RuntimeError) as error:
            raise session.Disconnected from error

    async def receive(self) -> str:
        try:
            message = await self._socket.receive()
        except (WebSocketDisconnect, RuntimeError) as error:
            raise session.Disconnected from error
        if message["type"] == "websocket.disconnect":
            raise session.Disconnected
        return message.get("text") or ""

    async def close(self, code: int, reason: str) -> None:
        try:
            await self._socket.close(code=code, reason=reason)
        except (WebSocketException, OSError, RuntimeError) as error:
            raise session.Disconnected from error
