"""What execution writes of an account's delegation, event by event, for the gateway's page."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

from contracts.delegation import (
    AccountHandedOver,
    DelegateKeyBorn,
    DelegateKeyDestroyed,
    DelegationChanged,
    DelegationState,
    KeyEnd,
    OwnerTransactionDied,
    OwnerTransactionKind,
    OwnerTransactionLanded,
    OwnerTransactionOffered,
    OwnerTransactionReturned,
    OwnerTransactionSent,
)
from contracts.ids import EventId
from kit.gateway_app import Desk, until
from kit.gateway_signin import OWNER, wallet
from kit.golden import EXAMPLES

DELEGATE, REVOKE = OwnerTransactionKind.DELEGATE, OwnerTransactionKind.REVOKE
SOL = 1_000_000_000
HEAD = 1_000_000
"""Beyond all that a test records."""


@dataclass
class OwnerStory:
    """Writes as execution would, which reads a chain whose time is the clock's."""

    desk: Desk
    keys: int = 0
    born: EventId | None = None
    signatures: int = 0
    sent: dict[str, Any] = field(default_factory=dict[str, Any])
    state: DelegationState = DelegationState.NONE

    @property
    def key(self) -> str:
        """Give the address of the newest key."""
        return wallet(100 + self.keys).address

    def reads(
        self,
        *,
        owner_lamports: int = SOL,
        fee_payer_lamports: int = SOL,
        position: int = HEAD,
        more: Mapping[str, object] = MappingProxyType({}),
        sub_account: Mapping[str, object] | None = None,
    ) -> None:
        """Let execution answer, and say what it reads from now on.

        `position` is how far it has read the log; `more` is told with the owner's reading,
        `sub_account` of a sub-account on a chain.
        """
        reading = {
            "at": datetime.now(UTC).isoformat(),
            "owner_lamports": owner_lamports,
            "fee_payer_lamports": fee_payer_lamports,
            "has_key_store": True,
            **more,
        }
        status = {"ready": "true", "reason": "", "delegation.local": reading}
        status["position"] = str(position)
        if sub_account is not None:
            status["sub_account.local"] = dict(sub_account)
        self.desk.ask.answers["status.execution"] = json.dumps(status).encode()

    async def is_heard(self) -> None:
        """Wait until the gateway, whose clock is the system's, has heard the newest reading."""
        now = datetime.now(UTC)
        live = self.desk.live
        await until(
            lambda: any(it.name == "execution" and it.asked_at >= now for it in live.services)
        )

    async def hands_over(self) -> None:
        """Let the venue hold the account for its owner."""
        await self._write(AccountHandedOver, wallet=OWNER.address)

    async def bears(self, *, lives: timedelta = timedelta(hours=24)) -> None:
        """Make a key."""
        self.keys += 1
        now = datetime.now(UTC)
        named = {"wallet": OWNER.address, "born_at": now, "expires_at": now + lives}
        self.born = await self._write(DelegateKeyBorn, delegate=self.key, **named)

    async def destroys(self, reason: KeyEnd) -> None:
        """End the newest key."""
        await self._write(DelegateKeyDestroyed, delegate=self.key, key=self.born, reason=reason)

    async def offers(
        self, kind: OwnerTransactionKind, *, for_s: float = 60, **changes: object
    ) -> None:
        """Offer a transaction."""
        delegate = self.key if kind is DELEGATE else None
        expires_at = datetime.now(UTC) + timedelta(seconds=for_s)
        offer = await self._write(
            OwnerTransactionOffered,
            kind=kind,
            wallet=OWNER.address,
            delegate=delegate,
            expires_at=expires_at,
            **changes,
        )
        self.sent = {"kind": kind, "offer": offer}

    async def takes(self) -> OwnerTransactionReturned:
        """Wait for the owner's signature under what was offered last, and send it."""
        log = self.desk.log
        await until(lambda: isinstance(log.recorded[-1].event, OwnerTransactionReturned))
        returned = log.recorded[-1]
        assert isinstance(returned.event, OwnerTransactionReturned)
        self.sent["signature"] = returned.event.signature
        sent = self._event(OwnerTransactionSent, **self.sent)
        await self.desk.story.write(sent, cause=returned.id)
        return returned.event

    async def sends(self) -> None:
        """Send what was offered last, as signed."""
        self.signatures += 1
        self.sent["signature"] = "5" * 86 + "ABCDEFGHJK"[self.signatures]
        await self._write(OwnerTransactionSent, **self.sent)

    async def lands(self, *, code: int | None = None) -> None:
        """Tell the fate of what was sent last: in a block, and whether the program took it."""
        await self._write(OwnerTransactionLanded, **self.sent, code=code)

    async def dies(self) -> None:
        """Tell that no block took it."""
        await self._write(OwnerTransactionDied, **self.sent)

    async def shows(self, state: DelegationState, delegate: str | None) -> None:
        """Read another delegate from the chain, or that something is on its way."""
        await self._write(DelegationChanged, before=self.state, state=state, delegate=delegate)
        self.state = state

    async def _write(self, event_class: type[Any], **changes: Any) -> EventId:
        return await self.desk.story.write(self._event(event_class, **changes))

    def _event(self, event_class: type[Any], **changes: Any) -> Any:
        found: Any = next(one for one in EXAMPLES if isinstance(one, event_class))
        clock = {}
        if "clock" in event_class.model_fields:
            clock["clock"] = found.clock.model_copy(update={"at": datetime.now(UTC)})
        return found.model_copy(update={"account": "local", **clock, **changes})
