"""A sub-account on a chain as its owner sees it (`venues.owned.OwnedVenue`), open or not yet.

It belongs to one wallet for ever. Time is the chain's, and goes on by our own clock since it was
read: nothing of an owner's waits for nodes that are silent.
"""

from collections.abc import Callable
from decimal import Decimal

from solders.pubkey import Pubkey

from contracts.values import VenueClock, from_millis, plain
from execution.venues.drift.config import QUOTE_INDEX, DriftVenue
from execution.venues.drift.encoder import places_of
from execution.venues.drift.lander import Lander
from execution.venues.drift.reader import Reader
from execution.venues.drift.rehearsal import simulate
from execution.venues.drift.rpc import Rpc, RpcRefused, RpcSilent
from execution.venues.drift.view import ChainView
from execution.venues.port import Blockhash, Landed, SignedTransaction, SubAccountSeen
from execution.venues.units import base, usd

SLOT_MS = 400
STALE_S = 5.0
"""After so long without a new answer, an owner is told nothing new."""
_NOBODY = Pubkey.default()


class DriftOwned:
    """The owner's view of one account of ours."""

    def __init__(
        self,
        venue: DriftVenue,
        rpc: Rpc,
        reader: Reader,
        lander: Lander,
        clock: Callable[[], float],
        *,
        account: str,
        quote_mint: Pubkey | None,
    ) -> None:
        self._account, self._quote_mint = account, quote_mint
        self._venue, self._rpc = venue, rpc
        self._reader, self._lander = reader, lander
        self._clock = clock
        self._latest_ms = 0
        self.slot_ms = SLOT_MS
        self.build: str | None = None
        """The program's version, once it was read, where it is a build that we know."""
        self.market = venue.market
        self.owner = str(venue.owner)

    @property
    def is_read(self) -> bool:
        """Say whether the chain was ever read."""
        return self._reader.shown is not None

    @property
    def is_current(self) -> bool:
        """Say whether it was read lately, and a transaction can be bound to a block."""
        try:
            self.blockhash()
        except RpcSilent:
            return False
        return self.was_read_lately

    @property
    def was_read_lately(self) -> bool:
        """Say whether it was read lately."""
        return self._clock() - self._reader.shown_at < STALE_S

    @property
    def now_ms(self) -> int:
        """Give the chain's time, which goes on by our clock since it was read."""
        since_ms = int((self._clock() - self._reader.shown_at) * 1_000)
        at_ms = self._shown.clock.at_s * 1_000 + max(0, since_ms)
        self._latest_ms = max(self._latest_ms, at_ms)
        return self._latest_ms

    def holds(self, account: str) -> bool:
        """Say whether it is the account of this sub-account."""
        return account == self._account

    def moment(self) -> VenueClock:
        """Give the chain's clock as it was read."""
        clock = self._shown.clock
        return VenueClock(at=from_millis(clock.at_s * 1_000), slot=clock.slot)

    def place(self, owner: str) -> DriftVenue:
        """Give the addresses of the owner's sub-account; raise ValueError for another wallet's."""
        if owner != self.owner:
            raise ValueError(f"expected {self.owner} to own the account, found {owner}")
        return self._venue

    def market_accounts(self) -> tuple[Pubkey, ...]:
        """Name oracles, spot and perp markets, in the order in which the program takes them up."""
        return (*places_of(self._shown).readable, self._venue.perp_market)

    def sub_account(self, account: str) -> SubAccountSeen:
        """Give the sub-account as it was read; one that is not there yet holds nothing."""
        del account
        view = self._shown
        user = view.user if view.has_user else None
        payer = self._reader.payer
        position = 0 if user is None else user.position(self._venue.market_index).base
        named = None if user is None or user.delegate == _NOBODY else str(user.delegate)
        payer_lamports = 0 if payer is None else view.lamports(payer)
        money, is_empty = self._venue.first_money, user is None or not user.deposits
        return SubAccountSeen(
            delegate=named,
            slot=view.clock.slot,
            block_height=self._lander.shown_height(view.block_height),
            owner_lamports=view.lamports(self._venue.owner),
            fee_payer_lamports=payer_lamports,
            position_base=base(position),
            orders=0 if user is None else len(user.orders),
            is_open=user is not None,
            has_statistics=self._venue.user_stats in view.accounts,
            margin_ratio=0 if user is None else user.margin_ratio,
            deposit_due_usd=money.deposit_usd if is_empty else Decimal(0),
            fees_due_lamports=max(0, money.delegate_lamports - payer_lamports),
        )

    def quote(self) -> dict[str, object]:
        """Say what a dollar is there, whether we were told so, and how much of it is deposited."""
        view = self._shown
        deposits = view.user.deposits if view.has_user else ()
        scaled = sum(it.scaled for it in deposits if it.market_index == QUOTE_INDEX)
        return {
            "is_mint_known": self._quote_mint in {None, view.quote.mint},
            "mint": str(view.quote.mint),
            "deposit_usd": plain(usd(view.quote.tokens(scaled))),
        }

    def blockhash(self) -> Blockhash:
        """Give what a transaction that is signed now is bound to; raise RpcSilent without one."""
        return self._lander.blockhash(self._rpc.heads.height)

    def fate(self, signature: str) -> Landed | None:
        """Say where a transaction landed; None while that is not known."""
        return self._lander.fate(signature)

    def submit(self, transaction: SignedTransaction) -> None:
        """Broadcast now, and again until its fate is known."""
        self._lander.submit(transaction)

    def hand_over(self, account: str, owner: str | None) -> None:
        """Change nothing: an account on a chain belongs to its wallet."""

    async def rehearse(self, account: str, message: bytes) -> str | None:
        """Let a node simulate a message without its signature; say what it refuses."""
        del account
        try:
            value = await simulate(self._rpc, message)
        except (RpcSilent, RpcRefused) as error:
            return str(error)
        error = value["err"]
        return None if error is None else f"{error!s:.200}"

    @property
    def _shown(self) -> ChainView:
        if self._reader.shown is None:
            raise LookupError("expected the chain to have been read, found that it was not yet")
        return self._reader.shown
