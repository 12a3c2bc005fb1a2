"""FastStream as the shell for subscribers and request-reply, with its dangerous defaults set.

Its default acknowledgement policy terminates a message whose handler failed, and its client gives
up after two minutes (reliability: facts measured). A request that its handler cannot take is
parked and answered with an error; the subscriber goes on.
"""

import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from faststream import AckPolicy, BaseMiddleware
from faststream.message import StreamMessage
from faststream.nats import NatsBroker

from chassis.connection import Connection
from chassis.dead_letters import DeadLetters

GRACEFUL_S = 10.0
"""Longest wait for handlers in flight at the end."""

_log = structlog.get_logger()


def make_broker(connection: Connection, dead_letters: DeadLetters) -> NatsBroker:
    """Make the broker that opens and shares this connection."""

    class Refusing(BaseMiddleware):
        """Parks what a handler cannot take, and answers whoever waits for a reply."""

        async def consume_scope(
            self,
            call_next: Callable[[Any], Awaitable[Any]],
            msg: StreamMessage[Any],
        ) -> Any:
            try:
                return await call_next(msg)
            except Exception as error:  # noqa: BLE001  One bad message must not stop the others.
                return await _refuse(msg, error, dead_letters)

    return NatsBroker(
        **connection.options(),
        ack_policy=AckPolicy.NACK_ON_ERROR,
        graceful_timeout=GRACEFUL_S,
        middlewares=[Refusing],
        logger=_quiet_logger(),
        log_level=logging.DEBUG,
    )


def _quiet_logger() -> logging.Logger:
    """Give a logger without FastStream's own handler; we say ourselves what it would say."""
    logger = logging.getLogger("chassis.faststream")
    logger.setLevel(logging.ERROR)
    return logger


async def _refuse(
    message: StreamMessage[Any], error: Exception, dead_letters: DeadLetters
) -> dict[str, str]:
    subject = str(getattr(message.raw_message, "subject", ""))
    reason = f"{type(error).__name__}: {error}"
    _log.error("message_refused", subject=subject, reason=reason[:500])
    body = message.body if isinstance(message.body, bytes) else json.dumps(message.body).encode()
    await dead_letters.park(
        what="request",
        reason=reason,
        body=body,
        headers={str(name): str(value) for name, value in message.headers.items()},
        origin=subject,
    )
    return {"error": "refused", "reason": reason[:500]}
