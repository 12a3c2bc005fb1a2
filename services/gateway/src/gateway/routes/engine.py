"""Commands: orders, cancels, kill and resume. Each answers 202; the truth comes as events."""

import asyncio
from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.params import JSONBody

from gateway.handlers import Done
from gateway.present import verdict_view
from gateway.requests import (
    REASON_NOT_GIVEN,
    CancelRequest,
    OrderRequest,
    ReasonRequest,
    clean_reason,
)
from gateway.routes.shared import (
    CommandsPart,
    IdempotencyKey,
    LivePart,
    checked_key,
    json_only,
    problems,
    replay_headers,
)
from gateway.stream.protocol import time_text
from gateway.views import CommandAccepted, Pong

KILL_BODY_BYTES = 16 * 1024
KILL_BODY_S = 1.0


@get("/api/engine/ping", responses=problems())
async def ping(commands: CommandsPart, live: LivePart) -> Pong:
    """Say that the gateway answers, and up to where it has read the log."""
    return Pong(ok=True, pos=str(live.state.position), server_time=time_text(commands.clock()))


@post(
    "/api/engine/orders",
    status_code=202,
    guards=[json_only],
    responses=problems(400, 409, 413, 415, 422, 503, 507),
)
async def request_order(
    data: JSONBody[OrderRequest],
    commands: CommandsPart,
    idempotency_key: IdempotencyKey = None,
) -> Response[CommandAccepted]:
    """Ask for a setup by hand. It goes through risk like any signal.

    The verdict is in the answer when it comes within two seconds; otherwise the status is
    `pending`, and the verdict comes as an event whose `proposal` is the command's id.
    """
    done, said = await commands.request_order(data, checked_key(idempotency_key))
    view = None if said is None else verdict_view(said)
    status = "pending" if view is None else "approved" if view.is_approved else "denied"
    return _accepted(done, status=status, verdict=view)


@post(
    "/api/engine/cancel",
    status_code=202,
    guards=[json_only],
    responses=problems(400, 404, 409, 413, 415, 422, 503, 507),
)
async def cancel(
    data: JSONBody[CancelRequest],
    commands: CommandsPart,
    idempotency_key: IdempotencyKey = None,
) -> Response[CommandAccepted]:
    """Ask to take back a resting entry or take-profit. A stop stays."""
    return _accepted(await commands.cancel(data.orderId, checked_key(idempotency_key)))


@post("/api/engine/kill", status_code=202, request_max_body_size=None, responses=problems(507))
async def kill(
    request: Request[Any, Any, Any], commands: CommandsPart
) -> Response[CommandAccepted]:
    """Stop automation: entries are canceled, protective orders stay, nothing new is opened.

    Never refused for its body: `{"reason": "..."}` is kept as far as it can be read. The answer
    has no `pos` while the log is away; the kill is then recorded as soon as it is back.
    """
    return _accepted(await commands.kill(await _reason(request)))


@post(
    "/api/engine/resume",
    status_code=202,
    guards=[json_only],
    responses=problems(400, 413, 415, 422, 503, 507),
)
async def resume(
    data: JSONBody[ReasonRequest],
    commands: CommandsPart,
    idempotency_key: IdempotencyKey = None,
) -> Response[CommandAccepted]:
    """Lift the kill of this account."""
    return _accepted(await commands.resume(data.reason, checked_key(idempotency_key)))


def _accepted(done: Done, *, status: str = "", verdict: Any = None) -> Response[CommandAccepted]:
    recorded = "recording" if done.position is None else "recorded"
    accepted = CommandAccepted(
        command_id=str(done.command),
        pos=None if done.position is None else str(done.position),
        status=status or recorded,
        verdict=verdict,
    )
    return Response(accepted, headers=replay_headers(done))


async def _reason(request: Request[Any, Any, Any]) -> str:
    """Read why, from whatever was sent; what cannot be read in a second was not given."""
    body = bytearray()
    try:
        async with asyncio.timeout(KILL_BODY_S):
            async for chunk in request.stream():
                body += chunk
                if len(body) > KILL_BODY_BYTES:
                    break
        sent: Any = msgspec.json.decode(bytes(body))
    except Exception:  # noqa: BLE001 - nothing about its body may stop a kill
        return REASON_NOT_GIVEN
    return clean_reason(sent.get("reason") if isinstance(sent, dict) else None)  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]  # the wire
