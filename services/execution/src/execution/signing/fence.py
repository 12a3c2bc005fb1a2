"""What the log holds now, read by the signer itself and not taken from whoever wants a signature.

It is read anew before each signature, because asking the log takes time and signing does not: what
is older than a second counts as not read.
"""

import asyncio
from collections.abc import Callable
from decimal import Decimal

from chassis.log import Log
from contracts.control import AccountOpened, KillSwitchEngaged, SettingsChanged, TradingResumed
from contracts.event import Event
from contracts.ids import AccountId, MarketId
from contracts.subjects import orders
from execution.signing.facts import Standing

_PEOPLE = "control.>"
_FRESH_S = 1.0


class FenceStale(Exception):
    """The log was not read right before a signature."""


class LogFence:
    """Reads kill, switch and last positions (`signer.Fence`)."""

    def __init__(self, log: Log, *, clock: Callable[[], float]) -> None:
        """Read a log; `clock` counts seconds and never goes back."""
        self._log = log
        self._clock = clock
        self._people = 0
        self._kills: dict[str | None, int] = {}
        self._is_switched_on: dict[str, bool] = {}
        self._leverage: dict[str, Decimal] = {}
        self._orders: dict[str, int] = {}
        self._read_at: dict[str, float] = {}

    async def refresh(self, account: str, market: str) -> None:
        """Read the log to its end; returns when that is done."""
        began_at = self._clock()
        said, ordered = await asyncio.gather(
            self._log.last_position(_PEOPLE),
            self._log.last_position(orders(AccountId(account), MarketId(market))),
        )
        if said > self._people:
            # A read costs the server a consumer: seven times what asking for a position does.
            async for recorded in self._log.read(
                after=self._people, until=said, subjects=[_PEOPLE]
            ):
                self._people = recorded.position
                self._hear(recorded.event)
        self._orders[account] = ordered
        self._read_at[account] = began_at

    def read(self, account: str) -> Standing:
        """Give the account's standing; raise FenceStale unless the log was read just now."""
        age_s = self._clock() - self._read_at.get(account, float("-inf"))
        if age_s > _FRESH_S:
            raise FenceStale(f"expected the log of {account} read within {_FRESH_S:g} s")
        return Standing(
            kill_level=max(self._kills.get(None, 0), self._kills.get(account, 0)),
            is_revoked=not self._is_switched_on.get(account, False),
            control_position=self._people,
            orders_position=self._orders[account],
        )

    def leverage_max(self, account: str) -> Decimal:
        """Give the account's cap; nothing may be held by one that nobody opened."""
        return self._leverage.get(account, Decimal(0))

    def _hear(self, event: Event) -> None:
        match event:
            case KillSwitchEngaged():
                level = max(self._kills.get(event.account, 0), int(event.level))
                self._kills[event.account] = level
            case TradingResumed():
                self._kills.pop(event.account, None)
            case AccountOpened() | SettingsChanged():
                self._is_switched_on[event.account] = event.settings.delegate_enabled
                self._leverage[event.account] = event.settings.leverage_max
            case _:
                pass
