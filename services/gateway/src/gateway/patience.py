"""How long a request waits for NATS, and what it answers when that was too long."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import structlog

from chassis.appends import LogFull
from chassis.connection import OutcomeUnknown
from chassis.jetstream import JetStreamError
from gateway.problems import Code, Problem

STORE_S_MAX = 4.0

_log = structlog.get_logger()


@asynccontextmanager
async def in_time(code: Code, detail: str) -> AsyncGenerator[None]:
    """Give up, as the problem that is given, when a bucket or the log does not answer."""
    try:
        async with asyncio.timeout(STORE_S_MAX):
            yield
    except LogFull as full:
        raise Problem(Code.LOG_FULL, str(full)) from full
    except (TimeoutError, OutcomeUnknown, JetStreamError) as error:
        _log.error("store_unavailable", code=code, error=type(error).__name__)
        raise Problem(code, detail, retry_after=5) from error
