"""Execution whose owner signs by hand, and what its wallet does with offers."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from contracts.event import Recorded
from contracts.manual import (
    OfferClosed,
    OfferOutcome,
    SignatureAsked,
    SigningMode,
    TransactionOffered,
)
from kit.execution_events import ACCOUNT, an_approval
from kit.owner_desk import OwnerDesk
from kit.owner_words import a_decline, a_mode, a_signature


@dataclass
class ManualDesk(OwnerDesk):
    """One account whose owner signs every transaction."""

    async def choose(self, mode: SigningMode) -> Recorded:
        """Choose who signs from now on."""
        return await self.say(a_mode(ACCOUNT, self.wallet, mode))

    async def approve(self, key: str = "first", *, entry: str = "99.9") -> None:
        """Let risk approve a setup."""
        await self.append(an_approval(key, entry=entry, milliseconds=self.now_ms), source="risk")
        await self.settle(1)

    @property
    def standing_offers(self) -> list["Waiting"]:
        """Give the offers that stand, with their bytes."""
        return standing_offers(self.log.recorded)

    @property
    def legs(self) -> list[list[str]]:
        """Name what each standing offer is about."""
        return [it.legs for it in self.standing_offers]

    @property
    def outcomes(self) -> list[OfferOutcome]:
        """Give how offers ended, in order."""
        return [it.outcome for it in self.events(OfferClosed)]

    async def sign(
        self,
        at: int = -1,
        *,
        message: str | None = None,
        signature: str | None = None,
        wallet: str | None = None,
    ) -> Recorded:
        """Sign a standing offer, or give back what is said."""
        waiting = self.standing_offers[at]
        return await self.give(
            waiting.asked, message or waiting.offered.message, signature=signature, wallet=wallet
        )

    async def give(
        self,
        asked: Recorded,
        message: str,
        *,
        signature: str | None = None,
        wallet: str | None = None,
    ) -> Recorded:
        """Give something back for an offer, whether it stands or not."""
        said = a_signature(ACCOUNT, self.wallet, asked.id, message, signature=signature)
        return await self.say(said.model_copy(update={"wallet": wallet or said.wallet}))

    async def refuse(self, at: int = -1) -> Recorded:
        """Decline a standing offer."""
        offer = self.standing_offers[at].asked.id
        return await self.say(a_decline(ACCOUNT, self.wallet, offer))


class Waiting(NamedTuple):
    """An offer that stands, with its bytes."""

    asked: Recorded
    wish: SignatureAsked
    offered: TransactionOffered

    @property
    def legs(self) -> list[str]:
        """Name what it is about."""
        return [getattr(it, "leg", None) or it.event_type for it in self.wish.intents]


def standing_offers(log: Sequence[Recorded]) -> list[Waiting]:
    """Give the offers of a log that stand, in order."""
    events = [it.event for it in log]
    closed = {it.offer for it in events if isinstance(it, OfferClosed)}
    offered = {it.offer: it for it in events if isinstance(it, TransactionOffered)}
    return [
        Waiting(it, it.event, offered[it.id])
        for it in log
        if isinstance(it.event, SignatureAsked) and it.id in offered and it.id not in closed
    ]


async def a_manual_desk(folder: Path, **options: object) -> ManualDesk:
    """Open a desk whose owner signs by hand."""
    desk = ManualDesk(folder / "keys", **options)  # pyright: ignore[reportArgumentType]
    await desk.open()
    await desk.name_owner()
    await desk.settle(2)
    await desk.choose(SigningMode.MANUAL)
    await desk.settle(1)
    return desk
