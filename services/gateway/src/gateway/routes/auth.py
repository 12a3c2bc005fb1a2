"""Signing in and out. Cookies carry the secrets; no body, address or answer ever does."""

import base64
from collections.abc import Sequence
from typing import Annotated, Any

from litestar import Request, Response, delete, get, post
from litestar.params import JSONBody, PathParameter

from contracts.access import SignOutCause
from gateway.access_views import (
    AccessView,
    ChallengeView,
    EndedView,
    SessionList,
    SessionView,
)
from gateway.domain.actor import LOCAL
from gateway.edge import address_of
from gateway.guards.gate import Admission
from gateway.limits import invalid
from gateway.problems import Code, FieldError, Problem
from gateway.requests import ChallengeRequest, VerifyRequest, clean_text
from gateway.routes.shared import (
    AdmissionPart,
    LivePart,
    MaybeAdmissionPart,
    SignInPart,
    json_only,
    problems,
)
from gateway.signin.challenges import LIFETIME
from gateway.signin.cookies import token_in
from gateway.signin.sessions import Client, Session
from gateway.signin.sign_in import Proof, SignIn
from gateway.signin.siws import render
from gateway.stream.protocol import time_text

_Request = Request[Any, Any, Any]


@post(
    "/api/auth/challenge",
    status_code=200,
    guards=[json_only],
    responses=problems(400, 404, 413, 415, 422),
)
async def issue_challenge(
    data: JSONBody[ChallengeRequest], request: _Request, sign_in: SignInPart
) -> Response[ChallengeView]:
    """Give what the wallet is to sign, once, within five minutes, in this browser.

    `input` is what a wallet's `signIn` takes; `message` is the text that it must give back, and
    what a wallet without `signIn` signs as a message.
    """
    there = _there(sign_in)
    message, seal, browser = await there.challenge(data.address, host=_host(request))
    view = ChallengeView(
        challenge_id=seal,
        message=render(message),
        input=message.fields(),
        expires_at=time_text(message.expires_at),
    )
    cookies = there.cookies
    seconds = int(LIFETIME.total_seconds())
    return Response(view, cookies=[cookies.make(cookies.challenge, browser, seconds=seconds)])


@post(
    "/api/auth/verify",
    status_code=200,
    guards=[json_only],
    responses=problems(400, 404, 413, 415, 422, 507),
)
async def verify(
    data: JSONBody[VerifyRequest],
    request: _Request,
    sign_in: SignInPart,
) -> Response[SessionView]:
    """Sign in with the wallet's signature of the challenge, which is good for one sign-in.

    The session's cookie is always a new one. Signing in again makes the session fresh, as what
    is dangerous needs it, and ends the one before.
    """
    there = _there(sign_in)
    proof = Proof(
        challenge_id=data.challengeId,
        signed_message=_bytes("/signedMessage", data.signedMessage),
        signature=_bytes("/signature", data.signature),
    )
    names = there.cookies
    cookies_sent = request.headers.get("cookie", "")
    # Idle too long or not, what this browser held ends.
    before = token_in(cookies_sent, names.session)
    held = None if before is None else await there.sessions.find(before, may_ask=lambda: False)
    session, token = await there.verify(
        proof,
        host=_host(request),
        browser=token_in(cookies_sent, names.challenge),
        before=held,
        client=Client(
            address=address_of(request.scope)[:64],
            user_agent=clean_text(request.headers.get("user-agent", "")),
        ),
    )
    seconds = int(there.rules.lifetime.total_seconds())
    cookies = [names.make(names.session, token, seconds=seconds), names.clear(names.challenge)]
    return Response(_view(there, session, current=session), cookies=cookies)


@get("/api/auth/session", responses=problems())
async def read_session(
    live: LivePart, sign_in: SignInPart, maybe_admission: MaybeAdmissionPart
) -> AccessView:
    """Say whether this desk asks for a sign-in, and who is signed in here."""
    if sign_in is None:
        return AccessView(
            mode="local", account=live.account_id, session=None, may_stop_all=LOCAL.is_operator
        )
    session = None if maybe_admission is None else maybe_admission.session
    if maybe_admission is None or session is None:
        return AccessView(mode="wallet", account=None, session=None, may_stop_all=False)
    return AccessView(
        mode="wallet",
        account=sign_in.rules.account,
        session=_view(sign_in, session, current=session),
        may_stop_all=maybe_admission.actor.is_operator,
    )


@get("/api/auth/sessions", responses=problems(404))
async def read_sessions(sign_in: SignInPart, admission: AdmissionPart) -> SessionList:
    """Give the sessions of the wallet that asks, the newest first."""
    there, session = _signed_in(sign_in, admission)
    own = there.sessions.of(session.grant.wallet)
    return SessionList(items=[_view(there, one, current=session) for one in own])


@delete("/api/auth/sessions", status_code=200, responses=problems(404))
async def end_sessions(sign_in: SignInPart, admission: AdmissionPart) -> Response[EndedView]:
    """End all sessions of the wallet that asks, this one included. Never refused.

    `sessions` counts those that are known here; others end as well.
    """
    there, session = _signed_in(sign_in, admission)
    wallet = session.grant.wallet
    # The one that asks may have been idle too long to be listed.
    others = [one for one in there.sessions.of(wallet) if one.key != session.key]
    has_taken = await there.end_all(wallet, [session, *others])
    return _answer(there, [session, *others], session, has_taken=has_taken)


@delete("/api/auth/sessions/{handle:str}", status_code=200, responses=problems(404, 422))
async def end_session(
    handle: Annotated[str, PathParameter(pattern=r"^[0-9a-f]{32}$")],
    sign_in: SignInPart,
    admission: AdmissionPart,
) -> Response[EndedView]:
    """End one session of the wallet that asks. Never refused."""
    there, session = _signed_in(sign_in, admission)
    own = [session, *there.sessions.of(session.grant.wallet)]
    found = next((one for one in own if one.grant.handle == handle), None)
    if found is None:
        raise Problem(Code.SESSION_UNKNOWN, "expected a session of your wallet, found none")
    has_taken = await there.end([found], cause=SignOutCause.REVOKED)
    return _answer(there, [found], session, has_taken=has_taken)


@post("/api/auth/sign-out", status_code=200, responses=problems(404))
async def sign_out(sign_in: SignInPart, admission: AdmissionPart) -> Response[EndedView]:
    """End this session. Never refused."""
    there, session = _signed_in(sign_in, admission)
    has_taken = await there.end([session], cause=SignOutCause.SIGNED_OUT)
    return _answer(there, [session], session, has_taken=has_taken)


def _answer(
    there: SignIn, sessions: Sequence[Session], current: Session, *, has_taken: bool
) -> Response[EndedView]:
    status = "ended" if has_taken else "ending"
    is_current = any(one.key == current.key for one in sessions)
    return Response(
        EndedView(sessions=len(sessions), status=status),
        cookies=[there.cookies.clear(there.cookies.session)] if is_current else [],
    )


def _there(sign_in: SignIn | None) -> SignIn:
    if sign_in is None:
        detail = "expected a desk with sign-in, found a local one: nobody needs to sign in"
        raise Problem(Code.SIGN_IN_OFF, detail)
    return sign_in


def _signed_in(sign_in: SignIn | None, admission: Admission) -> tuple[SignIn, Session]:
    there = _there(sign_in)
    if admission.session is None:
        raise LookupError("expected the gate to let in sessions only, found none")
    return there, admission.session


def _view(there: SignIn, session: Session, *, current: Session) -> SessionView:
    grant = session.grant
    return SessionView(
        id=grant.handle,
        wallet=grant.wallet,
        account=there.rules.account,
        is_current=session.key == current.key,
        signed_in_at=time_text(grant.signed_in_at),
        fresh_until=time_text(grant.signed_in_at + there.rules.step_up),
        idle_at=time_text(there.sessions.idle_at(session)),
        expires_at=time_text(grant.expires_at),
        address=grant.client.address,
        user_agent=grant.client.user_agent,
    )


def _host(request: _Request) -> str:
    return request.headers.get("host", "")


def _bytes(pointer: str, text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        raise invalid([FieldError(pointer, "expected base64")]) from None
