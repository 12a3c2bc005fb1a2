"""Proofs of wallets, and what must not come of one that is refused."""

from collections.abc import Mapping
from typing import Any

import httpx

from contracts.access import SignedIn, SignedOut
from kit.gateway_app import Desk
from kit.gateway_signin import (
    NEIGHBOR,
    OWNER,
    STRANGER,
)

VERIFY = "/api/auth/verify"


def browser(desk: Desk, **headers: str) -> httpx.AsyncClient:
    """Give another browser on the same desk."""
    transport = httpx.ASGITransport(app=desk.edge)
    given = {"Origin": str(desk.http.headers["origin"]), **headers}
    return httpx.AsyncClient(transport=transport, base_url=str(desk.http.base_url), headers=given)


def events(desk: Desk) -> list[SignedIn | SignedOut]:
    """Give who came and went, as the log says it."""
    found = (one.event for one in desk.log.recorded)
    return [event for event in found if isinstance(event, SignedIn | SignedOut)]


async def refused(
    desk: Desk, body: Mapping[str, Any], status: int, code: str, *, client: Any = None
) -> None:
    """Send a proof that must be refused: no cookie, no session, no event."""
    answer = await (client or desk.http).post(VERIFY, json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert "set-cookie" not in answer.headers
    if status == 401:
        assert answer.headers["www-authenticate"].startswith("SIWS ")
    assert not desk_sessions(desk)
    assert events(desk) == []


def desk_sessions(desk: Desk) -> list[Any]:
    """Give all sessions that stand."""
    assert desk.sign_in is not None
    return [
        one for who in (OWNER, STRANGER, NEIGHBOR) for one in desk.sign_in.sessions.of(who.address)
    ]
