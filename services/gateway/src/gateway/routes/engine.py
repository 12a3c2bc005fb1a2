"""Commands: orders, cancels, kill and resume. Each answers 202; the truth comes as events."""

import asyncio
from dataclasses import dataclass
from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.openapi import ResponseSpec
from litestar.openapi.spec import (
    OpenAPIMediaType,
    OpenAPIType,
    Operation,
    RequestBody,
    Schema,
)
from litestar.params import JSONBody

from contracts.control import KillLevel
from gateway.domain import kills
from gateway.handlers import Done
from gateway.idempotency import Answer, Ask
from gateway.present_orders import verdict_view
from gateway.problems import Code, Problem
from gateway.requests import (
    CancelRequest,
    OrderRequest,
    ResumeRequest,
    clean_reason,
)
from gateway.routes.shared import (
    AdmissionPart,
    CommandsPart,
    IdempotencyKey,
    KeysPart,
    LivePart,
    OrderKey,
    checked_key,
    json_only,
    problems,
    replay_headers,
    required_key,
)
from gateway.stream.protocol import time_text
from gateway.views import CommandAccepted, KillAccepted, Pong

KILL_BODY_BYTES = 16 * 1024
KILL_BODY_S = 1.0
_ACCEPTED = ResponseSpec(
    CommandAccepted, description="The order is in the log", generate_examples=False
)
_STANDS_HIGHER = ResponseSpec(
    KillAccepted, description="A higher level stands already; the kill is recorded beneath it"
)


@get("/api/engine/ping", responses=problems())
async def ping(commands: CommandsPart, live: LivePart) -> Pong:
    """Say that the gateway answers, and up to where it has read the log."""
    return Pong(ok=True, pos=str(live.state.position), server_time=time_text(commands.clock()))


@post(
    "/api/engine/orders",
    status_code=202,
    guards=[json_only],
    responses={202: _ACCEPTED, **problems(400, 409, 413, 415, 422, 503, 507)},
)
async def request_order(
    data: JSONBody[OrderRequest],
    commands: CommandsPart,
    admission: AdmissionPart,
    keys: KeysPart,
    idempotency_key: OrderKey = None,
) -> Response[str]:
    """Ask for a setup by hand. It goes through risk like any signal.

    The verdict is in the answer when it comes within two seconds; otherwise the status is
    `pending`, and the verdict comes as an event whose `proposal` is the command's id.
    """
    key, actor = required_key(idempotency_key), admission.actor

    async def work() -> Answer:
        done, said = await commands.request_order(data, key, actor=actor)
        view = None if said is None else verdict_view(said)
        status = "pending" if view is None else "approved" if view.is_approved else "denied"
        accepted = _accepted(done, status=status, verdict=view)
        return Answer(202, msgspec.json.encode(accepted).decode(), is_replay=done.is_replay)

    ask = Ask((commands.live.account_id, actor.by, "orders"), key, data.model_dump_json().encode())
    answer = await keys.once(ask, work)
    return Response(
        answer.body,
        status_code=answer.status,
        media_type="application/json",
        headers=replay_headers(is_replay=answer.is_replay),
    )


@post(
    "/api/engine/cancel",
    status_code=202,
    guards=[json_only],
    responses=problems(400, 404, 409, 413, 415, 422, 503, 507),
)
async def cancel(
    data: JSONBody[CancelRequest],
    commands: CommandsPart,
    admission: AdmissionPart,
    idempotency_key: IdempotencyKey = None,
) -> Response[CommandAccepted]:
    """Ask to take back a resting entry or take-profit. A stop stays."""
    key = checked_key(idempotency_key)
    return _recorded(await commands.cancel(data.orderId, key, actor=admission.actor))


@dataclass
class _KillOperation(Operation):
    """Describes the kill's body, which its handler reads by itself."""

    def __post_init__(self) -> None:
        """Put the body into the description."""
        levels = [kills.name_of(level) for level in KillLevel]
        body = Schema(
            type=OpenAPIType.OBJECT,
            properties={
                "reason": Schema(type=OpenAPIType.STRING),
                "level": Schema(
                    type=OpenAPIType.STRING, enum=levels, default=kills.name_of(kills.DEFAULT)
                ),
                "scope": Schema(
                    type=OpenAPIType.STRING, enum=[*kills.Scope], default=kills.Scope.ACCOUNT
                ),
            },
        )
        media = {"application/json": OpenAPIMediaType(schema=body)}
        self.request_body = RequestBody(content=media, required=False)


@post(
    "/api/engine/kill",
    status_code=202,
    request_max_body_size=None,
    operation_class=_KillOperation,
    responses={200: _STANDS_HIGHER, **problems(507)},
)
async def kill(
    request: Request[Any, Any, Any],
    commands: CommandsPart,
    live: LivePart,
    admission: AdmissionPart,
) -> Response[KillAccepted]:
    """Stop automation: nothing new is opened, by strategy or by hand.

    The `level` says what else happens: `pause_entries` leaves what rests, `cancel_entries` (when
    none is given, or none that is known) cancels entries and keeps an open position with its stop
    and take-profits, `flatten` also closes the position and then cancels the rest. A kill never
    goes down: while a higher level stands, the answer is 200 and says which.

    The `scope` is `account`, or `global` for every account on this log, which only an operator's
    wallet stops: asked by another one, the kill is of this account, and the answer 403 says so.

    Never refused for its body: `{"reason": "...", "level": "...", "scope": "..."}` is kept as far
    as it can be read. The answer has no `pos` while the log is away; the kill is then recorded as
    soon as it is back.
    """
    sent = await _whatever_was_sent(request)
    scope = kills.scope_of(sent.get("scope"))
    killed = await commands.kill(
        clean_reason(sent.get("reason")),
        kills.level_of(sent.get("level")),
        actor=admission.actor,
        scope=scope,
    )
    if killed.scope is not scope:
        detail = (
            f"expected an operator's wallet to stop all accounts, found another one; the kill "
            f"({kills.name_of(killed.level)}) is of account {live.account_id} alone"
        )
        raise Problem(Code.OPERATOR_WALLET_REQUIRED, detail)
    effect = kills.EFFECTS[killed.level]
    accepted = KillAccepted(
        command_id=str(killed.done.command),
        pos=None if killed.done.position is None else str(killed.done.position),
        status=_status(killed.done),
        asked=kills.name_of(killed.asked),
        level=kills.name_of(killed.level),
        does=effect.does,
        leaves_open=effect.leaves_open,
        scope=killed.scope,
    )
    return Response(accepted, status_code=202 if killed.level is killed.asked else 200)


@post(
    "/api/engine/resume",
    status_code=202,
    guards=[json_only],
    responses=problems(400, 409, 413, 415, 422, 503, 507),
)
async def resume(
    data: JSONBody[ResumeRequest],
    commands: CommandsPart,
    admission: AdmissionPart,
    idempotency_key: IdempotencyKey = None,
) -> Response[CommandAccepted]:
    """Lift the kill of this account, or the global one, whatever its level; the other stands on.

    Needs a fresh sign-in, and for all accounts an operator's wallet. With `knows`, a stop that came
    after the one that the person saw stands, and the answer is 409.
    """
    key, scope = checked_key(idempotency_key), kills.Scope(data.scope)
    knows = None if data.knows is None else int(data.knows)
    done = await commands.resume(data.reason, key, actor=admission.actor, scope=scope, knows=knows)
    return _recorded(done)


def _recorded(done: Done) -> Response[CommandAccepted]:
    return Response(_accepted(done), headers=replay_headers(is_replay=done.is_replay))


def _accepted(done: Done, *, status: str = "", verdict: Any = None) -> CommandAccepted:
    return CommandAccepted(
        command_id=str(done.command),
        pos=None if done.position is None else str(done.position),
        status=status or _status(done),
        verdict=verdict,
    )


def _status(done: Done) -> str:
    return "recording" if done.position is None else "recorded"


async def _whatever_was_sent(request: Request[Any, Any, Any]) -> dict[Any, Any]:
    """Read an object from the body; what cannot be read in a second was not given."""
    body = bytearray()
    try:
        async with asyncio.timeout(KILL_BODY_S):
            async for chunk in request.stream():
                body += chunk
                if len(body) > KILL_BODY_BYTES:
                    break
        sent: Any = msgspec.json.decode(bytes(body))
    except Exception:  # noqa: BLE001 - nothing about its body may stop a kill
        return {}
    return sent if isinstance(sent, dict) else {}  # pyright: ignore[reportUnknownVariableType]  # the wire
