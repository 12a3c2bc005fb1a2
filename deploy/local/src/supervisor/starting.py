"""Waiting for a server: as long as it lives, because it may read a long store first."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from supervisor.child import Child
from supervisor.refusal import Refusal
from supervisor.status import say

_LOOK_EVERY_S = 0.05
_REMIND_S = 10.0
_ENDS_MAX = 3


async def wait_for(
    server: Child, is_there: Callable[[], Awaitable[bool]], *, remind_s: float = _REMIND_S
) -> None:
    """Return when a server takes connections; say now and then that it does not yet.

    Raises Refusal when it ended by itself again and again.
    """
    began = told = time.monotonic()
    while not await is_there():
        if server.restarts >= _ENDS_MAX:
            raise Refusal(f"{server.name} did not start: {server.ended}: {server.last_words()}")
        now = time.monotonic()
        if now - told >= remind_s:
            told = now
            say(f"{server.name:12} starting for {now - began:.0f} s: {server.last_words()}")
        await asyncio.sleep(_LOOK_EVERY_S)
