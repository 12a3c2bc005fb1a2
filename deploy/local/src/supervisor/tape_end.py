"""Waits until a tape is worked off: every tick folded, every event archived."""

import asyncio
import json

from chassis.connection import Connection, OutcomeUnknown, connect, request
from chassis.log import LogClient
from chassis.market import MarketClient
from chassis.provision import provision
from chassis.settings import ServiceSettings
from contracts.feed import TapeEnded

_LOOK_EVERY_S = 0.5
_QUIET_LOOKS = 3
_FOLDS = ("signals-fold-trades", "execution-work-prints")


async def wait_until_worked_off(nats_url: str) -> None:
    """Return when the tape has ended, no tick is pending, and the audit has the quiet log."""
    connection = await connect(ServiceSettings(nats_url=nats_url), service="supervisor")
    log, market = LogClient(connection, service="supervisor"), MarketClient(connection)
    await provision(connection)
    head, quiet = -1, 0
    while quiet < _QUIET_LOOKS:
        await asyncio.sleep(_LOOK_EVERY_S)
        found = await log.head()
        is_quiet = (
            found == head and await _is_folded(log, market) and await _archived(connection) >= found
        )
        head, quiet = found, quiet + 1 if is_quiet else 0
    await connection.close()


async def _is_folded(log: LogClient, market: MarketClient) -> bool:
    has_ended = False
    async for recorded in log.read(subjects=["feed.>"]):
        has_ended = has_ended or isinstance(recorded.event, TapeEnded)
    lags = await market.lags()
    return has_ended and not any(lags.get(name) for name in _FOLDS)


async def _archived(connection: Connection) -> int:
    try:
        answer = json.loads(await request(connection, "status.audit", b"", 2.0))
    except OutcomeUnknown:
        return -1
    return int(answer.get("archived") or 0)
