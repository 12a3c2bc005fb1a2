"""The port to a venue as the owner of an account sees it: whom it named, and what it sends."""

from typing import Protocol

from solders.pubkey import Pubkey

from contracts.values import VenueClock
from execution.venues.drift.config import DriftVenue
from execution.venues.port import Blockhash, Landed, SignedTransaction, SubAccountSeen


class OwnedVenue(Protocol):
    """What a delegation is decided on, and carried out at; only a rehearsal waits."""

    @property
    def market(self) -> str:
        """Name the market."""
        ...

    @property
    def slot_ms(self) -> int:
        """Say how long the chain probably takes for a block."""
        ...

    @property
    def now_ms(self) -> int:
        """Give chain time; it never goes back."""
        ...

    @property
    def owner(self) -> str | None:
        """Give the only wallet that the account can belong to; None where any can."""
        ...

    def holds(self, account: str) -> bool:
        """Say whether an account's orders are here."""
        ...

    def moment(self) -> VenueClock:
        """Give how far the chain was seen to be."""
        ...

    def place(self, owner: str) -> DriftVenue:
        """Give the addresses of an owner's sub-account."""
        ...

    def market_accounts(self) -> tuple[Pubkey, ...]:
        """Name what a cancel has to name of the market, in the program's order."""
        ...

    def sub_account(self, account: str) -> SubAccountSeen:
        """Give the sub-account as it is shown."""
        ...

    def blockhash(self) -> Blockhash:
        """Give what a transaction that is signed now is bound to."""
        ...

    def fate(self, signature: str) -> Landed | None:
        """Say where a transaction landed; None while that is not known."""
        ...

    def submit(self, transaction: SignedTransaction) -> None:
        """Broadcast now, and again until its fate is known."""
        ...

    def hand_over(self, account: str, owner: str | None) -> None:
        """Hold the account for a wallet from now on, or for the desk itself."""
        ...

    async def rehearse(self, account: str, message: bytes) -> str | None:
        """Let the program carry a message out without keeping it; say what it refuses."""
        ...
