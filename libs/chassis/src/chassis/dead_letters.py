"""Dead letters: what could not be handled, parked where a person sees it."""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Protocol

import structlog

from chassis import jetstream
from chassis.connection import Connection
from chassis.jetstream import JetStreamError
from chassis.metrics import Metrics
from chassis.wire import encode_headers

_BODY_BYTES_MAX = 512 * 1024
_TEXT_MAX = 500
_TOKEN = re.compile(r"[a-z0-9-]{1,64}")
_HEADER_NAME = re.compile(r"[A-Za-z0-9_-]{1,100}")

_log = structlog.get_logger()


class DeadLetters(Protocol):
    """Takes what a service cannot handle."""

    async def park(
        self,
        *,
        what: str,
        reason: str,
        body: bytes,
        headers: Mapping[str, str] | None = None,
        origin: str = "",
    ) -> None:
        """Keep the bytes on `dlq.<service>.<what>`; return when they are on disk.

        `what` is a subject token, `origin` says where the bytes came from. Equal bytes from the
        same origin are kept once.
        """
        ...


class DeadLetterClient:
    """Dead letters of one service, on a NATS server.

    The original headers come along as `original-<name>`; a body of more than 512 KiB is cut, and
    `body-bytes` and `body-sha256` say what it was.
    """

    def __init__(self, connection: Connection, *, service: str, metrics: Metrics) -> None:
        self._connection = connection
        self._service = service
        self._metrics = metrics

    async def park(
        self,
        *,
        what: str,
        reason: str,
        body: bytes,
        headers: Mapping[str, str] | None = None,
        origin: str = "",
    ) -> None:
        """Do as DeadLetters.park."""
        if not _TOKEN.fullmatch(what):
            raise ValueError(f"expected a subject token [a-z0-9-]{{1,64}}, found {what!r:.80}")
        digest = hashlib.sha256(body).hexdigest()
        identity = hashlib.sha256(f"{self._service}\n{what}\n{origin}\n{digest}".encode())
        carried = {
            "Nats-Msg-Id": identity.hexdigest(),
            "reason": _line(reason),
            "origin": _line(origin),
            "body-bytes": str(len(body)),
            "body-sha256": digest,
        }
        for name, value in sorted((headers or {}).items()):
            if _HEADER_NAME.fullmatch(name):
                carried[f"original-{name}"] = _line(value)
        head = encode_headers(carried)
        subject = f"dlq.{self._service}.{what}"
        answer = await jetstream.insist(
            self._connection,
            lambda: self._connection.request(subject, body[:_BODY_BYTES_MAX], head=head),
        )
        result = json.loads(answer.data)
        if "error" in result:
            raise JetStreamError(subject=subject, error=result["error"])
        if not result.get("duplicate"):
            self._metrics.dead_letter(what)
            _log.error("dead_letter_parked", what=what, reason=reason, origin=origin)


def _line(text: str) -> str:
    """Give text that fits into one header."""
    return " ".join(text.split())[:_TEXT_MAX].encode("ascii", "backslashreplace").decode()
