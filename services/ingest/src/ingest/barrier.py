"""The start barrier of a replayable feed: no tick before everyone who decides on it listens.

A recording gives the same events in every run only if nobody misses its beginning (architecture.md
8, tape time).
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Protocol

from contracts import subjects
from contracts.control import AccountOpened
from contracts.event import Recorded
from contracts.ids import AccountId

LISTENERS = ("signals-fold-trades", "execution-work-prints")
"""The consumers of MARKET that decide; whoever only shows prices is not waited for."""
POLL_S = 0.1


class Reads(Protocol):
    """What of the log is needed here."""

    def read(
        self, *, after: int = 0, until: int | None = None, subjects: Sequence[str] = ()
    ) -> AsyncIterator[Recorded]: ...


class HasLags(Protocol):
    """What of MARKET is needed here."""

    async def lags(self) -> dict[str, int]: ...


async def wait_for_desk(
    log: Reads, market: HasLags, *, account: AccountId, ready: Callable[[bool, str], None]
) -> None:
    """Return when the account is open and the folds follow MARKET."""
    while not await _is_open(log, account):
        ready(False, f"waiting for account {account} to be opened")
        await asyncio.sleep(POLL_S)
    while missing := sorted(set(LISTENERS) - (await market.lags()).keys()):
        ready(False, f"waiting for {' and '.join(missing)} to listen")
        await asyncio.sleep(POLL_S)


async def _is_open(log: Reads, account: AccountId) -> bool:
    async for recorded in log.read(subjects=[subjects.control(account)]):
        if isinstance(recorded.event, AccountOpened):
            return True
    return False
