"""The account's limits and switches. Each change is an event with before, after and who."""

from litestar import Response, get, put
from litestar.params import JSONBody

from gateway.domain.desk import AccountState
from gateway.problems import Code, Problem
from gateway.requests import SettingsBody, settings_body
from gateway.routes.shared import (
    AdmissionPart,
    CommandsPart,
    IdempotencyKey,
    IfMatch,
    LivePart,
    checked_key,
    json_only,
    problems,
    required_revision,
)


@get("/api/settings", responses=problems(503))
async def read_settings(live: LivePart) -> Response[SettingsBody]:
    """Give the settings; the ETag is their revision."""
    account = live.state.account
    if account is None:
        detail = "expected an open account, found none: no feed has opened yet"
        raise Problem(Code.STARTING, detail, retry_after=2)
    return _answer(account)


@put(
    "/api/settings",
    guards=[json_only],
    responses=problems(400, 412, 413, 415, 422, 428, 503, 507),
)
async def change_settings(
    data: JSONBody[SettingsBody],
    commands: CommandsPart,
    admission: AdmissionPart,
    if_match: IfMatch = None,
    idempotency_key: IdempotencyKey = None,
) -> Response[SettingsBody]:
    """Replace the settings, all of them; give them as they stand in the log.

    `If-Match: *` replaces whatever stands. To raise a limit, or to turn a switch on, needs a fresh
    sign-in.
    """
    account = await commands.change_settings(
        data,
        if_match=None if if_match == "*" else required_revision(if_match),
        key=checked_key(idempotency_key),
        actor=admission.actor,
    )
    return _answer(account)


def _answer(account: AccountState) -> Response[SettingsBody]:
    return Response(settings_body(account.settings), headers={"ETag": f'"{account.revision}"'})
