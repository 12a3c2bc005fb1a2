"""The paper chain as the owner of an account sees it (`venues.owned.OwnedVenue`)."""

from dataclasses import dataclass

from solders.pubkey import Pubkey

from contracts.values import VenueClock, from_millis
from execution.venues.drift.config import DriftVenue
from execution.venues.paper.chain import PaperChain
from execution.venues.paper.owners import paper_venue
from execution.venues.port import Blockhash, Landed, SignedTransaction, SubAccountSeen


@dataclass(frozen=True, slots=True)
class PaperOwned:
    """A paper chain that any wallet may own an account of."""

    chain: PaperChain
    slot_ms: int
    owner: None = None

    @property
    def market(self) -> str:
        """Name the market."""
        return self.chain.market

    @property
    def now_ms(self) -> int:
        """Give chain time."""
        return self.chain.now_ms

    def holds(self, account: str) -> bool:
        """Say that every account's orders are here."""
        del account
        return True

    def moment(self) -> VenueClock:
        """Give how far the chain is."""
        chain = self.chain
        return VenueClock(
            at=from_millis(chain.now_ms), slot=chain.slot, trade_id=chain.last_trade_id
        )

    def place(self, owner: str) -> DriftVenue:
        """Give the addresses of an owner's sub-account."""
        return paper_venue(self.chain.market, owner)

    def market_accounts(self) -> tuple[Pubkey, ...]:
        """Name nothing: the model reads no account."""
        return ()

    def sub_account(self, account: str) -> SubAccountSeen:
        """Give the sub-account as it is shown."""
        return self.chain.sub_account(account)

    def blockhash(self) -> Blockhash:
        """Give the newest block."""
        return self.chain.blockhash()

    def fate(self, signature: str) -> Landed | None:
        """Say where a transaction landed."""
        return self.chain.fate(signature)

    def submit(self, transaction: SignedTransaction) -> None:
        """Broadcast."""
        self.chain.submit(transaction)

    def hand_over(self, account: str, owner: str | None) -> None:
        """Hold the account for a wallet, with no delegate."""
        self.chain.hand_over(account, owner)

    async def rehearse(self, account: str, message: bytes) -> str | None:
        """Let the model carry a message out on a copy of the account."""
        code = self.chain.simulate(account, message).code
        return None if code is None else f"error {code}"
