"""JetStream's JSON API, as far as we use it: the wire, before anything has a type."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from chassis.connection import REQUEST_S_MAX, Connection, OutcomeUnknown
from chassis.wire import Message

# Error codes of nats-server (server/errors.json).
CONSUMER_NOT_FOUND = 10014
STREAM_NOT_FOUND = 10059
STREAM_NAME_IN_USE = 10058
CONSUMER_NAME_EXISTS = 10013
CONSUMER_EXISTS = 10148
WRONG_LAST_SEQUENCE = 10071
DUPLICATE_IN_PROCESS = 10158
BATCH_INCOMPLETE = 10176
BATCH_HAS_DUPLICATE = 10201
BATCHES_TOO_MANY = 10210
STORE_FAILED = 10077

RETRY_S_MIN = 0.05
RETRY_S_MAX = 1.0

UNAVAILABLE = 503
"""The code of what passes by itself: JetStream is starting, or has no leader."""

JsonObject = dict[str, Any]  # The wire, before validation.
T = TypeVar("T")


class JetStreamError(Exception):
    """The server answered a JetStream request with an error."""

    def __init__(self, *, subject: str, error: Mapping[str, Any]) -> None:
        self.code = int(error.get("code", 0))
        self.err_code = int(error.get("err_code", 0))
        self.description = str(error.get("description", ""))
        super().__init__(f"{subject}: {self.description} ({self.code}, {self.err_code})")


async def call(
    connection: Connection,
    api: str,
    request: Mapping[str, Any] | None = None,
    *,
    timeout_s: float = REQUEST_S_MAX,
) -> JsonObject:
    """Ask `$JS.API.<api>`. Raises JetStreamError and OutcomeUnknown."""
    payload = b"" if request is None else json.dumps(request).encode()
    subject = f"$JS.API.{api}"
    answer = json.loads((await connection.request(subject, payload, timeout_s=timeout_s)).data)
    if "error" in answer:
        raise JetStreamError(subject=subject, error=answer["error"])
    return answer


async def insist(connection: Connection, ask: Callable[[], Awaitable[T]]) -> T:
    """Ask until the outcome is known, through outages of any length; for what may be repeated."""
    pause = RETRY_S_MIN
    while True:
        await connection.wait_up()
        try:
            return await ask()
        except OutcomeUnknown:
            await asyncio.sleep(pause)
            pause = min(2 * pause, RETRY_S_MAX)
        except JetStreamError as error:
            if error.code != UNAVAILABLE:
                raise
            await asyncio.sleep(pause)
            pause = min(2 * pause, RETRY_S_MAX)


async def insist_call(
    connection: Connection, api: str, request: Mapping[str, Any] | None = None
) -> JsonObject:
    """Ask `$JS.API.<api>` until it is answered; for what may be repeated."""
    return await insist(connection, lambda: call(connection, api, request))


async def stored(connection: Connection, stream: str, query: Mapping[str, Any]) -> Message | None:
    """Get one stored message by `{"seq": n}` or `{"last_by_subj": subject}`, or None.

    Its headers carry Nats-Sequence, Nats-Subject and Nats-Time-Stamp.
    """
    payload = json.dumps(query).encode()
    subject = f"$JS.API.DIRECT.GET.{stream}"
    message = await insist(connection, lambda: connection.request(subject, payload))
    status = message.headers.get("Status")
    if status == "404":
        return None
    if status is not None:
        raise JetStreamError(
            subject=subject, error={"code": status, "description": str(message.headers)}
        )
    return message


async def last_sequence(connection: Connection, stream: str) -> int:
    """Give the sequence of the last message that the stream took; 0 when it took none."""
    info = await insist_call(connection, f"STREAM.INFO.{stream}")
    return int(info["state"]["last_seq"])


async def size(connection: Connection, stream: str) -> tuple[int, int]:
    """Give the bytes that the stream holds, and how many it may."""
    info = await insist_call(connection, f"STREAM.INFO.{stream}")
    return int(info["state"]["bytes"]), int(info["config"]["max_bytes"])


def stored_time(text: str) -> datetime:
    """Read the server's time: RFC 3339 with up to nine decimals, cut to microseconds."""
    seconds, _, fraction = text.removesuffix("Z").partition(".")
    moment = datetime.fromisoformat(seconds).replace(tzinfo=UTC)
    return moment.replace(microsecond=int(fraction[:6].ljust(6, "0")) if fraction else 0)


def nanoseconds(seconds: float) -> int:
    """Give JetStream's unit of time."""
    return round(seconds * 1_000_000_000)
