"""The ASGI application: routes, their dependencies, and one shape for every failure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

import msgspec
import structlog
from litestar import Litestar, Request, Response, get
from litestar.di import Provide
from litestar.exceptions import (
    HTTPException,
    MethodNotAllowedException,
    NotFoundException,
    ValidationException,
)
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.plugins.pydantic import PydanticPlugin
from litestar.types import Scope

from gateway.activity.export import Exports
from gateway.activity.history import History
from gateway.activity.pages import Pages
from gateway.edge import request_id_of
from gateway.guards.gate import Admission, admission_of
from gateway.handlers import Commands
from gateway.idempotency import Keys
from gateway.identity import API_VERSION, Identity
from gateway.live import Live
from gateway.notify.bodies import NotificationsBody, TryBody
from gateway.notify.manage import Notifications
from gateway.owners import Owners
from gateway.page_files import PageFiles
from gateway.problems import MEDIA_TYPE, Code, FieldError, Problem, catalogue_text
from gateway.requests import (
    CancelRequest,
    ChallengeRequest,
    ConsentRequest,
    DeclineRequest,
    OrderRequest,
    ResumeRequest,
    SettingsBody,
    SignedTransactionRequest,
    SigningModeRequest,
    VerifyRequest,
)
from gateway.routes import (
    activity,
    auth,
    delegation,
    engine,
    health,
    notifications,
    page,
    reading,
    settings,
    signing,
    stream,
    telemetry,
)
from gateway.signin.sign_in import SignIn
from gateway.signing import Signing

BODY_BYTES_MAX = 16 * 1024

_log = structlog.get_logger()


_REQUESTS = (
    ConsentRequest,
    SignedTransactionRequest,
    DeclineRequest,
    SigningModeRequest,
    OrderRequest,
    CancelRequest,
    ResumeRequest,
    SettingsBody,
    ChallengeRequest,
    VerifyRequest,
    NotificationsBody,
    TryBody,
)


_REQUIRED_HEADERS = (
    ("/api/engine/orders", "post", "Idempotency-Key"),
    ("/api/settings", "put", "If-Match"),
    ("/api/notifications", "put", "If-Match"),
)
"""Optional to the framework, so that a missing one is a problem of our catalogue."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What the routes are given."""

    live: Live
    commands: Commands
    history: History
    exports: Exports
    notifications: Notifications
    keys: Keys
    sign_in: SignIn | None
    """None where nobody signs in."""
    identity: Identity
    page_files: PageFiles

    @property
    def pages(self) -> Pages:
        """Give the pages of events."""
        return Pages(self.live.hub, self.history)


def describe() -> dict[str, Any]:
    """Give the OpenAPI document; it needs no part."""
    document = create_app(_no_parts).openapi_schema.to_schema()
    # Litestar leaves out the patterns and bounds of pydantic's annotated fields.
    schemas = document["components"]["schemas"]
    for model in _REQUESTS:
        schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas |= schema.pop("$defs", {})
        schemas[model.__name__] = schema
    for path, method, name in _REQUIRED_HEADERS:
        headers = document["paths"][path][method]["parameters"]
        next(one for one in headers if one["name"] == name)["required"] = True
    return document


def create_app(parts: Callable[[], Parts]) -> Litestar:
    """Build the application; each request is served with the parts of its time."""
    return Litestar(
        route_handlers=[
            engine.ping,
            engine.request_order,
            engine.cancel,
            engine.kill,
            engine.resume,
            delegation.read_delegation,
            delegation.read_consent,
            delegation.give_consent,
            delegation.delegate,
            delegation.revoke,
            delegation.submit_delegate,
            delegation.submit_revoke,
            signing.read_signing,
            signing.read_offer,
            signing.choose_mode,
            signing.submit_signed,
            signing.decline,
            settings.read_settings,
            settings.change_settings,
            notifications.read_notifications,
            notifications.change_notifications,
            notifications.test_channel,
            reading.read_state,
            reading.read_orders,
            activity.read_activity,
            activity.export_activity,
            reading.read_event,
            telemetry.read_telemetry,
            telemetry.read_liquidations,
            telemetry.read_bars,
            stream.engine_events,
            auth.issue_challenge,
            auth.verify,
            auth.read_session,
            auth.read_sessions,
            auth.end_sessions,
            auth.end_session,
            auth.sign_out,
            health.healthz,
            health.readyz,
            health.read_version,
            _read_openapi,
            page.read_page,
            page.read_asset,
        ],
        dependencies={
            "live": Provide(lambda: parts().live, sync_to_thread=False),
            "commands": Provide(lambda: parts().commands, sync_to_thread=False),
            "owners": Provide(lambda: _owners(parts()), sync_to_thread=False),
            "signing": Provide(lambda: Signing(_owners(parts())), sync_to_thread=False),
            "history": Provide(lambda: parts().history, sync_to_thread=False),
            "pages": Provide(lambda: parts().pages, sync_to_thread=False),
            "keys": Provide(lambda: parts().keys, sync_to_thread=False),
            "exports": Provide(lambda: parts().exports, sync_to_thread=False),
            "notifications": Provide(lambda: parts().notifications, sync_to_thread=False),
            "sign_in": Provide(lambda: parts().sign_in, sync_to_thread=False),
            "identity": Provide(lambda: parts().identity, sync_to_thread=False),
            "page_files": Provide(lambda: parts().page_files, sync_to_thread=False),
            "admission": Provide(_admission, sync_to_thread=False),
            "maybe_admission": Provide(_maybe_admission, sync_to_thread=False),
        },
        exception_handlers={Problem: _problem, HTTPException: _http, Exception: _unexpected},
        openapi_config=_openapi(),
        plugins=[PydanticPlugin(validate_strict=True)],
        request_max_body_size=BODY_BYTES_MAX,
        logging_config=None,
    )


def _owners(parts: Parts) -> Owners:
    place, sign_in = parts.identity.place, parts.sign_in
    if sign_in is None:
        return Owners(parts.live, parts.commands, place)
    return Owners(parts.live, parts.commands, place, may_sign_in=sign_in.is_ours)


def _admission(scope: Scope) -> Admission:
    """Give who was let in; a gate that let nobody in is a failure of ours."""
    admission = _maybe_admission(scope)
    if admission is None:
        raise LookupError("expected a gate before this route, found that nobody was let in")
    return admission


def _maybe_admission(scope: Scope) -> Admission | None:
    return admission_of(cast("Mapping[str, Any]", scope))


@get("/api/openapi.json", include_in_schema=False)
async def _read_openapi() -> Response[bytes]:
    """Give the description of this API."""
    return Response(_document(), media_type="application/json")


@cache
def _document() -> bytes:
    return msgspec.json.encode(describe())


def _no_parts() -> Parts:
    raise LookupError("expected to be described only, found a request")


def _openapi() -> OpenAPIConfig:
    return OpenAPIConfig(
        title="Perp desk gateway",
        version=API_VERSION,
        description=(
            "Commands answer 202 and the truth comes as events, on the WebSocket "
            "`/api/ws/engine.events` or by `/api/activity`. Every failure is a problem of this "
            f"catalogue:\n\n{catalogue_text()}"
        ),
        # Without a plugin Litestar serves pages that load scripts from elsewhere.
        path="/api/schema",
        render_plugins=[JsonRenderPlugin()],
    )


def _problem(request: Request[Any, Any, Any], problem: Problem) -> Response[bytes]:
    request_id = _request_id(request)
    return Response(
        problem.body(request_id=request_id),
        status_code=problem.status,
        media_type=MEDIA_TYPE,
        headers=problem.all_headers(),
    )


def _http(request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    return _problem(request, _as_problem(request, error))


def _as_problem(request: Request[Any, Any, Any], error: HTTPException) -> Problem:
    """Give the framework's refusal as a problem of the catalogue."""
    if isinstance(error, NotFoundException):
        return Problem(Code.NOT_FOUND, f"expected a known address, found {request.url.path!r:.200}")
    if isinstance(error, MethodNotAllowedException):
        detail = f"expected another method, found {request.method}"
        return Problem(Code.METHOD_NOT_ALLOWED, detail, headers=error.headers)
    if error.status_code == 413:
        detail = f"expected at most {BODY_BYTES_MAX} bytes, found more"
        return Problem(Code.PAYLOAD_TOO_LARGE, detail)
    if isinstance(error, ValidationException):
        return _invalid(error)
    if error.status_code == 400:
        return Problem(Code.MALFORMED_JSON, f"expected JSON, found {error.detail:.200}")
    return _failed(request, error)


def _invalid(error: ValidationException) -> Problem:
    """Give all invalid values, by JSON pointer in the body and by name elsewhere."""
    found: Any = error.extra or []
    errors = [
        FieldError(
            pointer=_pointer(str(one.get("key", "")), str(one.get("source", ""))),
            message=_message(str(one.get("message", ""))),
        )
        for one in found
    ]
    detail = "; ".join(f"{one.pointer or 'body'}: {one.message}" for one in errors) or error.detail
    return Problem(Code.INVALID_REQUEST, detail[:1_000], errors=errors)


def _message(text: str) -> str:
    return "expected a JSON object, found nothing" if text == "'data'" else text[:300]


def _pointer(key: str, source: str) -> str:
    if source == "body" or not source:
        inner = key.removeprefix("data").strip(".").replace(".", "/")
        return f"/{inner}" if inner else ""
    return key


def _unexpected(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    if isinstance(error, RecursionError):
        # The JSON decoder's answer to brackets without end.
        return _problem(request, Problem(Code.MALFORMED_JSON, "expected flat JSON, found a tower"))
    return _problem(request, _failed(request, error))


def _failed(request: Request[Any, Any, Any], error: Exception) -> Problem:
    request_id = _request_id(request)
    _log.error("request_failed", path=request.url.path, request_id=request_id, exc_info=error)
    detail = f"the request failed; its id in the log is {request_id}"
    return Problem(Code.INTERNAL_ERROR, detail)


def _request_id(request: Request[Any, Any, Any]) -> str:
    return request_id_of(cast("Mapping[str, Any]", request.scope))
