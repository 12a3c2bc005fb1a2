"""What routes share: headers, the problems that an address may answer with, and the JSON guard."""

import re
from collections.abc import Mapping
from typing import Annotated, Any

from litestar.connection import ASGIConnection
from litestar.di import NamedDependency
from litestar.handlers import BaseRouteHandler
from litestar.openapi import ResponseSpec
from litestar.params import HeaderParameter, SkipValidation

from gateway.activity.export import Exports
from gateway.activity.history import History
from gateway.activity.pages import Pages
from gateway.guards.gate import Admission
from gateway.handlers import Commands
from gateway.idempotency import Keys
from gateway.identity import Identity
from gateway.live import Live
from gateway.notify.manage import Notifications
from gateway.owners import Owners
from gateway.page_files import PageFiles
from gateway.problems import MEDIA_TYPE, Code, Problem, ProblemBody
from gateway.signin.sign_in import SignIn
from gateway.signing import Signing

IdempotencyKey = Annotated[
    str | None,
    HeaderParameter(
        name="Idempotency-Key",
        description="The same key again within 24 h gives the same command, recorded once.",
    ),
]
OrderKey = Annotated[
    str | None,
    HeaderParameter(
        name="Idempotency-Key",
        description="Required. The same key again within 48 h gives the first answer again.",
    ),
]
IfMatch = Annotated[
    str | None,
    HeaderParameter(
        name="If-Match", description="Required: the ETag that was read; another one refuses."
    ),
]
# The parts come from the composition root: there is nothing to validate about them.
LivePart = SkipValidation[NamedDependency[Live]]
CommandsPart = SkipValidation[NamedDependency[Commands]]
AdmissionPart = SkipValidation[NamedDependency[Admission]]
MaybeAdmissionPart = SkipValidation[NamedDependency[Admission | None]]
SignInPart = SkipValidation[NamedDependency[SignIn | None]]
NotificationsPart = SkipValidation[NamedDependency[Notifications]]
KeysPart = SkipValidation[NamedDependency[Keys]]
OwnersPart = SkipValidation[NamedDependency[Owners]]
SigningPart = SkipValidation[NamedDependency[Signing]]
HistoryPart = SkipValidation[NamedDependency[History]]
PagesPart = SkipValidation[NamedDependency[Pages]]
ExportsPart = SkipValidation[NamedDependency[Exports]]
IdentityPart = SkipValidation[NamedDependency[Identity]]
PageFilesPart = SkipValidation[NamedDependency[PageFiles]]
_ETAG = re.compile(r'"([0-9]{1,19})"')
_KEY = re.compile(r"[\x21-\x7e]{1,255}")


def required_revision(if_match: str | None) -> int:
    """Give the revision that a person saw; refuse when they say none."""
    if if_match is None:
        detail = 'expected If-Match with the ETag that was read, such as "17", found none'
        raise Problem(Code.IF_MATCH_REQUIRED, detail)
    found = _ETAG.fullmatch(if_match.strip())
    if found is None:
        detail = f'expected If-Match such as "17", found {if_match!r:.80}'
        raise Problem(Code.SETTINGS_CHANGED, detail)
    return int(found.group(1))


def required_key(key: str | None) -> str:
    """Give the key; refuse when there is none."""
    checked = checked_key(key)
    if checked is None:
        detail = "expected an Idempotency-Key, found none: without it a repeat would act twice"
        raise Problem(Code.IDEMPOTENCY_KEY_MISSING, detail)
    return checked


def checked_key(key: str | None) -> str | None:
    """Give the key; refuse one that is no printable ASCII."""
    if key is not None and not _KEY.fullmatch(key):
        raise Problem(
            Code.IDEMPOTENCY_KEY_INVALID,
            f"expected 1 to 255 printable ASCII characters, found {key!r:.80}",
        )
    return key


def replay_headers(*, is_replay: bool) -> dict[str, str]:
    """Give the headers that mark an answer to a repeated command."""
    return {"Idempotency-Replayed": "true"} if is_replay else {}


def problems(*statuses: int) -> Mapping[int, ResponseSpec]:
    """Describe the problems that an address may answer with, beside those that all may."""
    return {
        status: ResponseSpec(
            ProblemBody,
            description="A problem (RFC 9457)",
            media_type=MEDIA_TYPE,
            generate_examples=False,
        )
        for status in sorted({401, 403, 421, 429, 500, 503, *statuses})
    }


async def json_only(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """Refuse a body that is not declared as JSON: forms of other pages cannot declare it.

    It waits for nothing; a plain function would have to wait for a thread.
    """
    declared = connection.headers.get("content-type", "").split(";")[0].strip().lower()
    if declared != "application/json":
        raise Problem(
            Code.UNSUPPORTED_MEDIA_TYPE,
            f"expected Content-Type application/json, found {declared!r:.80}",
        )
