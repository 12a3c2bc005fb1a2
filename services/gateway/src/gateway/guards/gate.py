"""The layer between the edge and the routes: nobody passes who is not let in.

It stands before the routing and knows what is open by name; whatever is not named needs a session,
addresses that do not exist included. So a new route is closed until somebody opens it here. Where
there is no sign-in, everybody who reaches the loopback is the local person.
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

import structlog
from litestar.utils.path import normalize_path

from gateway.domain.actor import LOCAL, Actor
from gateway.edge import App, Receive, Scope, Send, address_of, headers_of
from gateway.guards.rates import network_of
from gateway.page_files import PATHS
from gateway.problems import Code, Problem
from gateway.signin.cookies import token_in
from gateway.signin.sessions import Session
from gateway.signin.sign_in import AUTHENTICATE, SignIn
from gateway.stream.protocol import Close, bye_text

STREAMS_PER_SESSION_MAX = 5
STREAMS_PER_WALLET_MAX = 10
STREAMS_PER_ADDRESS_MAX = 20
_ADMISSION = "gateway_admission"
_READS = frozenset({"GET", "HEAD", "OPTIONS"})

_log = structlog.get_logger()


class Rule(Enum):
    """What an address asks of whoever comes."""

    OPEN = auto()
    """Nothing: it shows nothing of the desk."""
    SESSION = auto()
    STOP = auto()
    """A session, even one idle too long; never counted, and open while the store is away."""


_OPEN: frozenset[tuple[str, str]] = frozenset(
    {
        *(("GET", path) for path in PATHS),
        ("GET", "/healthz"),
        ("GET", "/api/auth/session"),
        ("POST", "/api/auth/challenge"),
        ("POST", "/api/auth/verify"),
    }
)
_ASSET = re.compile(r"/assets/[A-Za-z0-9_.-]+")
_STOP: frozenset[tuple[str, str]] = frozenset(
    {
        ("POST", "/api/engine/kill"),
        ("POST", "/api/delegation/revoke"),
        ("POST", "/api/delegation/revoke/submit"),
        ("POST", "/api/signing/submit"),
        ("POST", "/api/auth/sign-out"),
        ("DELETE", "/api/auth/sessions"),
    }
)
_ONE_SESSION = re.compile(r"/api/auth/sessions/[0-9a-f]{32}")


def rule_of(method: str, path: str) -> Rule:
    """Give the rule of an address, in the spelling that it is routed by.

    What is open is so in its own spelling alone.
    """
    if (method, path) in _OPEN or (method == "GET" and _ASSET.fullmatch(path)):
        return Rule.OPEN
    routed = normalize_path(path)
    if (method, routed) in _STOP or (method == "DELETE" and _ONE_SESSION.fullmatch(routed)):
        return Rule.STOP
    return Rule.SESSION


@dataclass(frozen=True, slots=True)
class Admission:
    """Who was let in; no session where there is no sign-in."""

    actor: Actor
    session: Session | None
    closes: Callable[[], Close | None]
    """Says whether it is over by now, and how a stream is to be closed then."""


def admission_of(scope: Mapping[str, Any]) -> Admission | None:
    """Give who was let in with this request; None on an open address without a session."""
    return scope.get(_ADMISSION)


class Gate:
    """An ASGI app around the gateway's; refusals of requests are raised as problems."""

    def __init__(self, app: App, sign_in: SignIn | None) -> None:
        self._app = app
        self._sign_in = sign_in
        self._streams: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one connection in, or refuse it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif self._sign_in is None:
            scope[_ADMISSION] = Admission(LOCAL, None, lambda: None)
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._stream(self._sign_in, scope, receive, send)
        else:
            scope[_ADMISSION] = await self._admit(self._sign_in, scope)
            await self._app(scope, receive, send)

    async def _admit(self, sign_in: SignIn, scope: Scope) -> Admission | None:
        method, path = str(scope["method"]), str(scope["path"])
        rule = rule_of(method, path)
        session = await _session_of(sign_in, scope)
        if rule is Rule.OPEN:
            _count_open(sign_in, path, session, address_of(scope))
            return _optional(sign_in, session)
        admission = _required(sign_in, session, is_stop=rule is Rule.STOP)
        if rule is Rule.SESSION and session is not None:
            grant, rates = session.grant, sign_in.rates
            is_read = method in _READS
            sign_in.require_rate(
                rates.reads.wait_s(grant.handle) if is_read else rates.writes.wait_s(grant.wallet)
            )
        return admission

    async def _stream(self, sign_in: SignIn, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a stream in. A refusal is told after the handshake: before it no page sees why."""
        try:
            admission = await self._admit_stream(sign_in, scope)
        except Problem as problem:
            _log.warning("stream_refused", code=problem.code, detail=problem.detail)
            await receive()
            await send({"type": "websocket.accept"})
            code = _CLOSES.get(problem.code, Close.TRY_LATER)
            await send({"type": "websocket.send", "text": bye_text(code)})
            await send({"type": "websocket.close", "code": code, "reason": problem.code})
            return
        scope[_ADMISSION] = admission
        whose = [name for name, _ in _holders(admission, scope)]
        self._streams.update(whose)
        try:
            await self._app(scope, receive, send)
        finally:
            self._streams.subtract(whose)
            self._streams += Counter()  # Forgets who has none.

    async def _admit_stream(self, sign_in: SignIn, scope: Scope) -> Admission:
        session = await _session_of(sign_in, scope)
        admission = _required(sign_in, session, is_stop=False)
        if session is not None:
            sign_in.require_rate(sign_in.rates.handshakes.wait_s(session.grant.handle))
        for name, streams_max in _holders(admission, scope):
            if self._streams[name] >= streams_max:
                detail = f"expected at most {streams_max} streams of one {name.partition(' ')[0]}"
                raise Problem(Code.TOO_MANY_REQUESTS, detail)
        return admission


def _holders(admission: Admission, scope: Scope) -> list[tuple[str, int]]:
    """Name whose stream it is, and how many each of them may have."""
    handle = "" if admission.session is None else admission.session.grant.handle
    return [
        (f"session {handle}", STREAMS_PER_SESSION_MAX),
        (f"wallet {admission.actor.by}", STREAMS_PER_WALLET_MAX),
        (f"address {network_of(address_of(scope))}", STREAMS_PER_ADDRESS_MAX),
    ]


_CLOSES: Mapping[Code, Close] = {
    Code.SIGN_IN_REQUIRED: Close.SIGN_IN,
    Code.ACCOUNT_DENIED: Close.FORBIDDEN,
    Code.TOO_MANY_REQUESTS: Close.TOO_MANY,
}


async def _session_of(sign_in: SignIn, scope: Scope) -> Session | None:
    token = token_in(headers_of(scope).get("cookie", ""), sign_in.cookies.session)
    if token is None:
        return None
    address = address_of(scope)
    return await sign_in.sessions.find(
        token, may_ask=lambda: sign_in.rates.lookups.wait_s(address) == 0
    )


def _required(sign_in: SignIn, session: Session | None, *, is_stop: bool) -> Admission:
    """Let a session in; refuse with what is missing."""
    sessions = sign_in.sessions
    if session is None or not (is_stop or sessions.is_alive(session)):
        detail = "expected a session, found none that stands: sign in"
        raise Problem(Code.SIGN_IN_REQUIRED, detail, headers=AUTHENTICATE)
    actor = sign_in.actor_of(session)
    if not (is_stop or sessions.is_current):
        detail = "expected to know which sessions stand, found that their store is silent"
        raise Problem(Code.SESSIONS_UNAVAILABLE, detail, retry_after=5)
    if sessions.is_alive(session):
        sessions.touch(session)

    def closes() -> Close | None:
        if not sessions.is_alive(session):
            return Close.SIGN_IN
        return None if sessions.is_current else Close.TRY_LATER

    return Admission(actor, session, closes)


def _optional(sign_in: SignIn, session: Session | None) -> Admission | None:
    try:
        return _required(sign_in, session, is_stop=False)
    except Problem:
        return None


def _count_open(sign_in: SignIn, path: str, session: Session | None, address: str) -> None:
    """Count who asks to sign in: by session where there is one, else by network."""
    rates = sign_in.rates
    limits = {"/api/auth/challenge": rates.challenges, "/api/auth/verify": rates.proofs}
    limit = limits.get(path)
    if limit is None:
        return
    if session is not None and sign_in.sessions.is_alive(session):
        sign_in.require_rate(rates.step_ups.wait_s(session.grant.handle))
    else:
        sign_in.require_rate(limit.wait_s(address))
