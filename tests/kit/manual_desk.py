"""Execution whose owner signs by hand, and what its wallet does with offers."""

from dataclasses import dataclass
from pathlib import Path

from contracts.event import Recorded
from contracts.manual import (
    OfferClosed,
    OfferDeclined,
    OfferOutcome,
    SignatureAsked,
    SigningMode,
    SigningModeChanged,
    TransactionOffered,
    TransactionReturned,
)
from kit.execution_events import ACCOUNT, an_approval
from kit.owner_desk import OwnerDesk


@dataclass
class ManualDesk(OwnerDesk):
    """One account whose owner signs every transaction."""

    async def choose(self, mode: SigningMode) -> Recorded:
        """Choose who signs from now on."""
        is_manual = mode is SigningMode.MANUAL
        return await self.say(
            SigningModeChanged(
                account=ACCOUNT,
                before=SigningMode.DELEGATE if is_manual else SigningMode.MANUAL,
                mode=mode,
                wallet=self.wallet.address if is_manual else None,
                by="test",
            )
        )

    async def approve(self, key: str = "first", *, entry: str = "99.9") -> None:
        """Let risk approve a setup."""
        await self.append(an_approval(key, entry=entry, milliseconds=self.now_ms), source="risk")
        await self.settle(1)

    @property
    def asked(self) -> list[tuple[Recorded, SignatureAsked]]:
        """Give what the wallet was asked to sign, in order."""
        return [(it, it.event) for it in self.log.recorded if isinstance(it.event, SignatureAsked)]

    @property
    def standing_offers(self) -> list[tuple[Recorded, SignatureAsked, TransactionOffered]]:
        """Give the offers that stand, with their bytes."""
        closed = {it.offer for it in self.events(OfferClosed)}
        offered = {it.offer: it for it in self.events(TransactionOffered)}
        return [
            (asked, event, offered[asked.id])
            for asked, event in self.asked
            if asked.id not in closed and asked.id in offered
        ]

    @property
    def legs(self) -> list[list[str]]:
        """Name what each standing offer is about."""
        return [
            [getattr(it, "leg", None) or it.event_type for it in event.intents]
            for _, event, _ in self.standing_offers
        ]

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
        recorded, _, offered = self.standing_offers[at]
        return await self.give(
            recorded, message or offered.message, signature=signature, wallet=wallet
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
        kept, signed = self.wallet.signed(message)
        return await self.say(
            TransactionReturned(
                account=ACCOUNT,
                wallet=wallet or self.wallet.address,
                offer=asked.id,
                signature=signature or signed,
                message=kept,
                by="test",
            )
        )

    async def refuse(self, at: int = -1) -> Recorded:
        """Decline a standing offer."""
        recorded, _, _ = self.standing_offers[at]
        return await self.say(
            OfferDeclined(account=ACCOUNT, wallet=self.wallet.address, offer=recorded.id, by="test")
        )


async def a_manual_desk(folder: Path, **options: object) -> ManualDesk:
    """Open a desk whose owner signs by hand."""
    desk = ManualDesk(folder / "keys", **options)  # pyright: ignore[reportArgumentType]
    await desk.open()
    await desk.name_owner()
    await desk.settle(2)
    await desk.choose(SigningMode.MANUAL)
    await desk.settle(1)
    return desk
