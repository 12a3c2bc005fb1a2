"""The outermost layer: who may knock, and what every answer carries.

A page of another site must not reach this server through the visitor's browser. So the Host
header must name this server (DNS rebinding), and a request that changes something, or opens a
stream, must come from our own page. Where nobody signs in, a tool that is no browser may, too.
Reading the API is no other page's business either: it could not see the answer, but an export is
work, and stands in the log.
"""

import re
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from typing import Any
from uuid import uuid4

import structlog

from gateway.problems import MEDIA_TYPE, Code, Problem
from gateway.site import Site

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_METHODS = _SAFE | {"POST", "PUT", "PATCH", "DELETE"}
_REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")
_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
SECURITY_HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": _CSP,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
Scope = MutableMapping[str, Any]  # Any: the ASGI protocol, which Litestar and uvicorn type apart.
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
App = Callable[[Any, Any, Any], Awaitable[None]]
Observe = Callable[[str, str, int, float], None]
"""Is told of each answer: method, route, status, seconds."""

_REQUEST_ID_KEY = "gateway_request_id"

_log = structlog.get_logger()


class Edge:
    """An ASGI app around the gateway's."""

    def __init__(self, app: App, *, site: Site, observe: Observe | None = None) -> None:
        """Guard `app`, which is reached as `site`."""
        self._app = app
        self._site = site
        self._observe = observe

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one connection."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        headers = headers_of(scope)
        request_id = _request_id(headers)
        scope[_REQUEST_ID_KEY] = request_id
        refusal = self._refusal(scope, headers)
        if scope["type"] == "websocket":
            if refusal is None:
                await self._app(scope, receive, send)
                return
            _log.warning("stream_refused", code=refusal.code, detail=refusal.detail)
            await send({"type": "websocket.close", "code": 4403, "reason": refusal.code})
            return
        answer = _Answer(scope, send, request_id=request_id, is_secure=self._site.is_secure)
        started = time.perf_counter()
        try:
            if refusal is not None:
                await answer.problem(refusal)
            else:
                await self._app(scope, receive, answer.send)
        except Problem as problem:
            await answer.problem(problem)
        except Exception:
            _log.exception("request_failed", path=scope["path"], request_id=request_id)
            if answer.status:
                raise
            detail = f"the request failed; its id in the log is {request_id}"
            await answer.problem(Problem(Code.INTERNAL_ERROR, detail))
        self._note(scope, answer.status, time.perf_counter() - started, request_id)

    def _refusal(self, scope: Scope, headers: Mapping[str, str]) -> Problem | None:
        host = headers.get("host", "")
        ours = self._site.origin_of(host)
        if ours is None:
            hosts = ", ".join(self._site.origins)
            detail = f"expected Host to be one of {hosts}, found {host!r:.80}"
            return Problem(Code.HOST_NOT_ALLOWED, detail)
        is_stream = scope["type"] == "websocket"
        if not is_stream and scope["method"] in _SAFE:
            if not scope["path"].startswith("/api/") or _is_no_other_page(headers, ours):
                return None
        elif _is_same_origin(headers, ours, must_say=is_stream or self._site.requires_origin):
            return None
        detail = (
            f"expected Origin {ours}, found {headers.get('origin')!r:.80} with Sec-Fetch-Site "
            f"{headers.get('sec-fetch-site')!r:.40}"
        )
        return Problem(Code.ORIGIN_NOT_ALLOWED, detail)

    def _note(self, scope: Scope, status: int, seconds: float, request_id: str) -> None:
        # Whatever word a stranger makes up, it must not grow the metrics.
        method = str(scope["method"]) if scope["method"] in _METHODS else "other"
        route = str(scope.get("path_template") or "unmatched")
        if self._observe is not None:
            self._observe(method, route, status, seconds)
        if method not in _SAFE or status >= 400:
            _log.info(
                "request_answered",
                method=method,
                route=route,
                status=status,
                ms=round(seconds * 1000, 1),
                request_id=request_id,
            )


def request_id_of(scope: Mapping[str, Any]) -> str:
    """Give the id of the request that this scope belongs to."""
    return str(scope.get(_REQUEST_ID_KEY, ""))


class _Answer:
    """Sends one HTTP answer, with the headers that all answers carry."""

    def __init__(self, scope: Scope, send: Send, *, request_id: str, is_secure: bool) -> None:
        self._send = send
        self._request_id = request_id
        self._is_secure = is_secure
        self.status = 0

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            said = list(message.get("headers", ()))
            message = {**message, "headers": [*said, *self._extra(said)]}
        await self._send(message)

    async def problem(self, problem: Problem) -> None:
        body = problem.body(request_id=self._request_id)
        headers = {"Content-Type": MEDIA_TYPE, "Content-Length": str(len(body))}
        headers.update(problem.all_headers())
        await self.send(
            {
                "type": "http.response.start",
                "status": problem.status,
                "headers": _pairs(headers),
            }
        )
        await self.send({"type": "http.response.body", "body": body, "more_body": False})

    def _extra(self, said: Sequence[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        headers = {**SECURITY_HEADERS, "X-Request-Id": self._request_id}
        # Only what is the same for everybody says that it may be kept.
        if not any(name.lower() == b"cache-control" for name, _ in said):
            headers["Cache-Control"] = "no-store"
        if self._is_secure:
            headers["Strict-Transport-Security"] = "max-age=31536000"
        return _pairs(headers)


def address_of(scope: Mapping[str, Any]) -> str:
    """Give the network address of the client; empty when there is none."""
    client = scope.get("client")
    return str(client[0]) if client else ""


def headers_of(scope: Mapping[str, Any]) -> dict[str, str]:
    """Give the headers; one that is there twice, as no browser does, joins to no valid value."""
    found: dict[str, str] = {}
    for name, value in scope["headers"]:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        found[key] = f"{found[key]}, {text}" if key in found else text
    return found


def _is_same_origin(headers: Mapping[str, str], ours: str, *, must_say: bool) -> bool:
    """Say whether our own page asks, or no browser: browsers send Origin on unsafe methods."""
    origin, site = headers.get("origin"), headers.get("sec-fetch-site")
    if must_say:
        return origin == ours and site in (None, "same-origin")
    if origin is None and site is None:
        return not any(name.startswith("sec-fetch-") or name == "referer" for name in headers)
    return origin in (None, ours) and site in (None, "same-origin")


def _is_no_other_page(headers: Mapping[str, str], ours: str) -> bool:
    """Say whether no page of another site asks to read; a person's own words to a browser may."""
    site = headers.get("sec-fetch-site")
    return headers.get("origin") in (None, ours) and site in (None, "same-origin", "none")


def _request_id(headers: Mapping[str, str]) -> str:
    given = headers.get("x-request-id", "")
    return given if _REQUEST_ID.fullmatch(given) else uuid4().hex


def _pairs(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]
