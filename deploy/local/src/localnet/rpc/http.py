"""The HTTP side of a node: JSON-RPC at `/`, the control API below `/control`, both on loopback."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

import msgspec

from localnet.errors import PARSE_ERROR, RpcError
from localnet.faults import Switchboard
from localnet.node import Node
from localnet.rpc.methods import answer, failure

if TYPE_CHECKING:
    from uvicorn._types import ASGIReceiveCallable, ASGISendCallable, Scope

BODY_BYTES_MAX = 1 << 20
_JSON = b"application/json"
_BATCH_MAX = 100
Control = Callable[[str, str, bytes], tuple[int, object]]
"""Takes a method, a path below `/control` and a body; gives a status and an answer."""


class HttpApp:
    """An ASGI application."""

    def __init__(self, node: Node, control: Control) -> None:
        self._node = node
        self._control = control

    async def __call__(
        self, scope: "Scope", receive: "ASGIReceiveCallable", send: "ASGISendCallable"
    ) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            raise RuntimeError(f"expected an HTTP request, found {scope['type']}")
        body = await _body(receive)
        method, path = scope["method"], scope["path"]
        if path == "/control" or path.startswith("/control/"):
            status, told = self._controlled(scope, method, path, body)
            await _send(send, status, msgspec.json.encode(told), _JSON)
        elif method != "POST":
            await _send(send, 405, b"Used HTTP Method is not allowed. POST is required\n")
        elif self._switchboard.refuses_request():
            await _send(send, 429, b"<html>Too many requests</html>", b"text/html")
        else:
            told = self._answered(body)
            await asyncio.sleep(self._switchboard.faults.answer_delay_ms / 1_000)
            await _send(send, 200, told, _JSON, breaks=self._breaks(body))

    @property
    def _switchboard(self) -> Switchboard:
        return self._node.switchboard

    def _breaks(self, body: bytes) -> bool:
        return b"sendTransaction" in body and self._switchboard.loses_answer()

    def _answered(self, body: bytes) -> bytes:
        try:
            calls: object = msgspec.json.decode(body)
        except msgspec.DecodeError:
            return msgspec.json.encode(failure(None, RpcError(PARSE_ERROR, "Parse error")))
        if isinstance(calls, list):
            batch = cast("list[object]", calls)[:_BATCH_MAX]
            return msgspec.json.encode([answer(self._node, call) for call in batch])
        return msgspec.json.encode(answer(self._node, calls))

    def _controlled(
        self, scope: "Scope", method: str, path: str, body: bytes
    ) -> tuple[int, object]:
        """Answer to this machine's programs alone: no page in a browser moves the market."""
        headers = dict(cast("dict[str, list[tuple[bytes, bytes]]]", scope)["headers"])
        host = headers.get(b"host", b"").rpartition(b":")[0]
        if b"origin" in headers or host not in (b"127.0.0.1", b"localhost"):
            return 403, {"error": "the control API answers to programs on loopback only"}
        return self._control(method, path.removeprefix("/control").strip("/"), body)


async def _body(receive: "ASGIReceiveCallable") -> bytes:
    body = b""
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return body
        body += message.get("body", b"")
        if not message.get("more_body", False) or len(body) > BODY_BYTES_MAX:
            return body


async def _send(
    send: "ASGISendCallable",
    status: int,
    body: bytes,
    kind: bytes = b"text/plain",
    *,
    breaks: bool = False,
) -> None:
    """Send an answer; one that breaks promises a body, and the connection ends instead."""
    headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode())]
    await send(
        {"type": "http.response.start", "status": status, "headers": headers, "trailers": False}
    )
    if not breaks:
        await send({"type": "http.response.body", "body": body, "more_body": False})
