"""Which program, which market and whose sub-account: configuration, and the addresses of it.

Source of the seeds: protocol-v2 `sdk/src/addresses/pda.ts`.
"""

from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from solders.pubkey import Pubkey

CLOCK = Pubkey.from_string("SysvarC1ock11111111111111111111111111111111")
"""Where a chain tells its slot and its time."""
QUOTE_INDEX = 0
"""The spot market of the quote asset."""
TOKENS = Pubkey.from_string("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA")
"""The program of tokens."""
_ASSOCIATED = Pubkey.from_string("ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL")


@dataclass(frozen=True, slots=True)
class FirstMoney:
    """What the owner pays in the transaction that names a delegate, where it is not there yet."""

    deposit_usd: Decimal = Decimal(0)
    """Into the sub-account, before its first deposit."""
    delegate_lamports: int = 0
    """So much the delegate is to have for fees."""


NO_MONEY = FirstMoney()


@dataclass(frozen=True)
class DriftVenue:
    """One market of one program, and the sub-account that trades there."""

    cluster: str
    """`localnet`, `devnet`, `mainnet`: what the screen says."""
    program: Pubkey
    quote_asset: str
    """What a dollar is there: `USDC`, `USDT`."""
    market: str
    """Our name of it, such as `sol-perp`."""
    market_index: int
    owner: Pubkey
    sub_account: int = 0
    has_success_condition: bool = False
    """Whether `place_and_take_perp_order` reads its last argument as the success condition; older
    programs read an order id there."""
    quote_mint: Pubkey | None = None
    """What a dollar is there, where we were told."""
    first_money: FirstMoney = NO_MONEY

    def _derived(self, *seeds: bytes) -> Pubkey:
        return Pubkey.find_program_address(list(seeds), self.program)[0]

    @cached_property
    def state(self) -> Pubkey:
        """Give the exchange's state."""
        return self._derived(b"drift_state")

    def market_of(self, index: int, *, is_perp: bool) -> Pubkey:
        """Give a market by its number."""
        seed = b"perp_market" if is_perp else b"spot_market"
        return self._derived(seed, index.to_bytes(2, "little"))

    @cached_property
    def perp_market(self) -> Pubkey:
        """Give the market."""
        return self.market_of(self.market_index, is_perp=True)

    @cached_property
    def quote_market(self) -> Pubkey:
        """Give the quote asset's spot market."""
        return self.market_of(QUOTE_INDEX, is_perp=False)

    @cached_property
    def markets(self) -> frozenset[tuple[bool, int]]:
        """Name both as an account names what it uses (`User.markets`)."""
        return frozenset({(True, self.market_index), (False, QUOTE_INDEX)})

    @cached_property
    def quote_vault(self) -> Pubkey:
        """Give what holds the deposits of the quote asset."""
        return self._derived(b"spot_market_vault", QUOTE_INDEX.to_bytes(2, "little"))

    @cached_property
    def owner_tokens(self) -> Pubkey:
        """Give the owner's account of the quote asset; raise ValueError where that is not told."""
        if self.quote_mint is None:
            raise ValueError("expected the mint of the quote asset to be told, found none")
        seeds = [bytes(self.owner), bytes(TOKENS), bytes(self.quote_mint)]
        return Pubkey.find_program_address(seeds, _ASSOCIATED)[0]

    @cached_property
    def user(self) -> Pubkey:
        """Give the sub-account."""
        number = self.sub_account.to_bytes(2, "little")
        return self._derived(b"user", bytes(self.owner), number)

    @cached_property
    def user_stats(self) -> Pubkey:
        """Give the owner's statistics."""
        return self._derived(b"user_stats", bytes(self.owner))
