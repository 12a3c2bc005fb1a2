"""Every way in which a request can fail: RFC 9457 problems, catalogued.

A problem's type, title and status are fixed by its code; `detail` is about the case at hand and
says what was expected and what was found. No other body ever answers a failed request.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

import msgspec

MEDIA_TYPE = "application/problem+json"


class Code(StrEnum):
    """Stable names of problems."""

    MALFORMED_JSON = "malformed_json"
    IDEMPOTENCY_KEY_MISSING = "idempotency_key_missing"
    IDEMPOTENCY_KEY_INVALID = "idempotency_key_invalid"
    SIGN_IN_REQUIRED = "sign_in_required"
    CHALLENGE_INVALID = "challenge_invalid"
    MESSAGE_MISMATCH = "message_mismatch"
    SIGNATURE_INVALID = "signature_invalid"
    WALLET_NOT_ALLOWED = "wallet_not_allowed"
    ACCOUNT_DENIED = "account_denied"
    STEP_UP_REQUIRED = "step_up_required"
    ORIGIN_NOT_ALLOWED = "origin_not_allowed"
    OWNER_WALLET_REQUIRED = "owner_wallet_required"
    OPERATOR_WALLET_REQUIRED = "operator_wallet_required"
    NOT_FOUND = "not_found"
    TX_UNKNOWN = "tx_unknown"
    ORDER_UNKNOWN = "order_unknown"
    EVENT_UNKNOWN = "event_unknown"
    MARKET_UNKNOWN = "market_unknown"
    SESSION_UNKNOWN = "session_unknown"
    SIGN_IN_OFF = "sign_in_off"
    CHANNEL_UNKNOWN = "channel_unknown"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    NO_MARKET = "no_market"
    ORDER_NOT_OPEN = "order_not_open"
    ORDER_IS_PROTECTION = "order_is_protection"
    NOTIFICATIONS_OFF = "notifications_off"
    IDEMPOTENCY_KEY_IN_FLIGHT = "idempotency_key_in_flight"
    NO_OWNER = "no_owner"
    CONSENT_MISSING = "consent_missing"
    CONSENT_CHANGED = "consent_changed"
    DELEGATION_REFUSED = "delegation_refused"
    TX_EXPIRED = "tx_expired"
    TX_REPLACED = "tx_replaced"
    TX_UNWANTED = "tx_unwanted"
    TX_REPEATED = "tx_repeated"
    TX_NOT_NOW = "tx_not_now"
    NOT_BY_HAND = "not_by_hand"
    STOP_CHANGED = "stop_changed"
    SETTINGS_CHANGED = "settings_changed"
    PAYLOAD_TOO_LARGE = "payload_too_large"
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type"
    HOST_NOT_ALLOWED = "host_not_allowed"
    INVALID_REQUEST = "invalid_request"
    IDEMPOTENCY_KEY_REUSED = "idempotency_key_reused"
    IF_MATCH_REQUIRED = "if_match_required"
    TX_ALTERED = "tx_altered"
    TX_FEE_TOO_HIGH = "tx_fee_too_high"
    TX_SIGNATURE_INVALID = "tx_signature_invalid"
    TOO_MANY_REQUESTS = "too_many_requests"
    INTERNAL_ERROR = "internal_error"
    STARTING = "starting"
    LOG_UNAVAILABLE = "log_unavailable"
    HISTORY_UNAVAILABLE = "history_unavailable"
    SESSIONS_UNAVAILABLE = "sessions_unavailable"
    NOTIFICATIONS_UNAVAILABLE = "notifications_unavailable"
    VENUE_SILENT = "venue_silent"
    LOG_FULL = "log_full"


@dataclass(frozen=True, slots=True)
class Kind:
    """What is fixed about a problem."""

    status: int
    title: str


CATALOGUE: Mapping[Code, Kind] = MappingProxyType(
    {
        Code.MALFORMED_JSON: Kind(400, "The body is not JSON"),
        Code.IDEMPOTENCY_KEY_MISSING: Kind(400, "The Idempotency-Key header is missing"),
        Code.IDEMPOTENCY_KEY_INVALID: Kind(400, "The Idempotency-Key header is malformed"),
        Code.SIGN_IN_REQUIRED: Kind(401, "Nobody is signed in"),
        Code.CHALLENGE_INVALID: Kind(401, "The challenge is not to be answered here and now"),
        Code.MESSAGE_MISMATCH: Kind(401, "The wallet signed another text"),
        Code.SIGNATURE_INVALID: Kind(401, "The signature is not the wallet's"),
        Code.WALLET_NOT_ALLOWED: Kind(403, "This wallet may not sign in here"),
        Code.ACCOUNT_DENIED: Kind(403, "The wallet commands another account"),
        Code.STEP_UP_REQUIRED: Kind(403, "The sign-in is too old for this"),
        Code.ORIGIN_NOT_ALLOWED: Kind(403, "The request comes from another site"),
        Code.OWNER_WALLET_REQUIRED: Kind(
            403, "Only the owner's wallet may do this, or one that acts for it"
        ),
        Code.OPERATOR_WALLET_REQUIRED: Kind(403, "Only an operator's wallet may do this"),
        Code.TX_UNKNOWN: Kind(404, "No such transaction was offered"),
        Code.NOT_FOUND: Kind(404, "Nothing is at this address"),
        Code.ORDER_UNKNOWN: Kind(404, "No such order"),
        Code.EVENT_UNKNOWN: Kind(404, "No such event"),
        Code.MARKET_UNKNOWN: Kind(404, "No such market"),
        Code.SESSION_UNKNOWN: Kind(404, "No such session"),
        Code.SIGN_IN_OFF: Kind(404, "This desk has no sign-in"),
        Code.CHANNEL_UNKNOWN: Kind(404, "No such channel"),
        Code.METHOD_NOT_ALLOWED: Kind(405, "This address does not take this method"),
        Code.NO_MARKET: Kind(409, "No feed has opened a market"),
        Code.ORDER_NOT_OPEN: Kind(409, "The order is over"),
        Code.ORDER_IS_PROTECTION: Kind(409, "What protects or closes a position stays"),
        Code.NOTIFICATIONS_OFF: Kind(409, "This desk has no key to keep targets with"),
        Code.IDEMPOTENCY_KEY_IN_FLIGHT: Kind(409, "The first request with this key has no answer"),
        Code.NO_OWNER: Kind(409, "No wallet owns the account"),
        Code.CONSENT_MISSING: Kind(409, "The owner has not agreed to the text that stands"),
        Code.CONSENT_CHANGED: Kind(409, "The text is another one by now"),
        Code.DELEGATION_REFUSED: Kind(409, "No delegation can be made now"),
        Code.TX_EXPIRED: Kind(409, "The transaction can be taken no more"),
        Code.TX_REPLACED: Kind(409, "A newer transaction stands for it"),
        Code.TX_UNWANTED: Kind(409, "It is not wanted any more"),
        Code.TX_REPEATED: Kind(409, "The transaction was signed already"),
        Code.TX_NOT_NOW: Kind(409, "The transaction may not be sent now"),
        Code.NOT_BY_HAND: Kind(409, "This wallet does not sign by hand now"),
        Code.STOP_CHANGED: Kind(409, "Another stop came in between"),
        Code.SETTINGS_CHANGED: Kind(412, "The settings changed in between"),
        Code.PAYLOAD_TOO_LARGE: Kind(413, "The body is too large"),
        Code.UNSUPPORTED_MEDIA_TYPE: Kind(415, "The body must be application/json"),
        Code.HOST_NOT_ALLOWED: Kind(421, "This server does not answer to that host name"),
        Code.INVALID_REQUEST: Kind(422, "The request has invalid values"),
        Code.IDEMPOTENCY_KEY_REUSED: Kind(422, "The Idempotency-Key was used for another request"),
        Code.IF_MATCH_REQUIRED: Kind(428, "The change needs an If-Match header"),
        Code.TX_ALTERED: Kind(422, "The transaction is not the one that was offered"),
        Code.TX_FEE_TOO_HIGH: Kind(422, "The wallet offers too high a priority fee"),
        Code.TX_SIGNATURE_INVALID: Kind(422, "The owner's wallet did not sign this"),
        Code.TOO_MANY_REQUESTS: Kind(429, "Too many requests"),
        Code.INTERNAL_ERROR: Kind(500, "The gateway failed"),
        Code.STARTING: Kind(503, "The gateway is not ready yet"),
        Code.LOG_UNAVAILABLE: Kind(503, "The log does not answer"),
        Code.HISTORY_UNAVAILABLE: Kind(503, "The audit service does not answer"),
        Code.SESSIONS_UNAVAILABLE: Kind(503, "The store of sessions does not answer"),
        Code.NOTIFICATIONS_UNAVAILABLE: Kind(503, "The store of notifications does not answer"),
        Code.VENUE_SILENT: Kind(503, "The venue does not answer"),
        Code.LOG_FULL: Kind(507, "The log is full"),
    }
)


class FieldError(msgspec.Struct, frozen=True):
    """One value that is wrong; `pointer` is a JSON pointer into the body or a parameter's name."""

    pointer: str
    message: str


class ProblemBody(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """What a failed request is answered with (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    instance: str
    """Id of the request, also in the `X-Request-Id` header."""
    errors: list[FieldError] = []
    retry_after: int | None = None
    """Seconds after which asking again makes sense."""
    current_revision: str | None = None
    """What stands, of what was to be changed as it was seen."""


class Problem(Exception):
    """A request fails for a reason of the catalogue."""

    def __init__(
        self,
        code: Code,
        detail: str,
        *,
        errors: Sequence[FieldError] = (),
        retry_after: int | None = None,
        headers: Mapping[str, str] | None = None,
        current_revision: str | None = None,
    ) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
        self.errors = tuple(errors)
        self.retry_after = retry_after
        self.headers = dict(headers or {})
        self.current_revision = current_revision

    @property
    def status(self) -> int:
        """Give the HTTP status."""
        return CATALOGUE[self.code].status

    def body(self, *, request_id: str) -> bytes:
        """Give the JSON that answers the request."""
        return msgspec.json.encode(
            ProblemBody(
                type=f"urn:problem:{self.code}",
                title=CATALOGUE[self.code].title,
                status=self.status,
                detail=self.detail,
                code=self.code,
                instance=request_id,
                errors=list(self.errors),
                retry_after=self.retry_after,
                current_revision=self.current_revision,
            )
        )

    def all_headers(self) -> dict[str, str]:
        """Give the headers that go with the answer."""
        headers = dict(self.headers)
        if self.retry_after is not None:
            headers["Retry-After"] = str(self.retry_after)
        return headers


def catalogue_text() -> str:
    """Give the catalogue as a Markdown table."""
    rows = [
        f"| {kind.status} | `{code}` | {kind.title} |"
        for code, kind in sorted(CATALOGUE.items(), key=lambda item: (item[1].status, item[0]))
    ]
    return "\n".join(["| status | code | title |", "|---|---|---|", *rows])
