"""What a node showed of everything that we look at, at one slot, read into the program's units.

The accounts come from one answer of one node, so that they belong together.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from solders.pubkey import Pubkey

from execution.venues.drift import abi
from execution.venues.drift.config import CLOCK, DriftVenue
from execution.venues.drift.oracles import OraclePrice, read_oracle
from execution.venues.drift.user import User, read_user

_CLOCK = struct.Struct("<QqQQq")
_SYSTEM = Pubkey.default()
_SHARES = 10**13
"""Scaled balance (1e-9) times interest (1e-10), over the quote's 1e-6."""


class AccountMissing(ValueError):
    """An account that has to be there is not, or belongs to somebody else."""


@dataclass(frozen=True, slots=True)
class RawAccount:
    """An account as a node shows it."""

    data: bytes
    owner: Pubkey
    lamports: int


@dataclass(frozen=True, slots=True)
class ChainClock:
    """The chain's own clock, in the accounts' slot."""

    slot: int
    at_s: int


@dataclass(frozen=True, slots=True)
class Exchange:
    """The exchange's state."""

    paused: int
    """Bits: deposit 1, withdraw 2, AMM 4, fill 8, liquidation 16, funding 32, settlement 64, AMM's
    immediate fill 128. All of them: nothing goes through, not even a cancel."""
    taker_fee: tuple[int, int]
    """Of the first tier, as a fraction."""


@dataclass(frozen=True, slots=True)
class PerpMarket:
    """The market, in the program's units."""

    index: int
    status: str
    """Initialized, Active, FundingPaused, AmmPaused, FillPaused, WithdrawPaused, ReduceOnly,
    Settlement, Delisted."""
    paused: int
    """Bits; fills are paused at 4."""
    oracle: Pubkey
    oracle_source: str
    tick: int
    step: int
    order_min: int
    bid: int
    """At which the AMM buys."""
    ask: int
    initial_ratio: int
    """In 1e-4."""
    maintenance_ratio: int


@dataclass(frozen=True, slots=True)
class QuoteMarket:
    """The spot market of the quote asset."""

    oracle: Pubkey
    mint: Pubkey
    interest: int
    """By which a scaled deposit grows, in 1e-10."""

    def tokens(self, scaled: int) -> int:
        """Give a scaled deposit in 1e-6 of the quote."""
        return scaled * self.interest // _SHARES


@dataclass(frozen=True)
class ChainView:
    """Everything at one slot; what is costly to read is read when it is asked for."""

    venue: DriftVenue
    accounts: Mapping[Pubkey, RawAccount]
    block_height: int
    fee_per_unit_microlamports: int
    """What others paid lately, 75th percentile."""

    @cached_property
    def clock(self) -> ChainClock:
        """Give the chain's clock."""
        slot, _, _, _, at_s = _CLOCK.unpack_from(self._raw(CLOCK, "the chain's clock").data)
        return ChainClock(slot, at_s)

    @cached_property
    def exchange(self) -> Exchange:
        """Give the exchange's state."""
        found = self._decoded(self.venue.state, "the exchange's state")
        tier = found.perp_fee_structure.fee_tiers[0]
        return Exchange(found.exchange_status, (tier.fee_numerator, tier.fee_denominator))

    @cached_property
    def market(self) -> PerpMarket:
        """Give the market."""
        found = self._decoded(self.venue.perp_market, f"market {self.venue.market_index}")
        amm = found.amm
        return PerpMarket(
            index=found.market_index,
            status=abi.name_of(found.status),
            paused=found.paused_operations,
            oracle=amm.oracle,
            oracle_source=abi.name_of(amm.oracle_source),
            tick=amm.order_tick_size,
            step=amm.order_step_size,
            order_min=amm.min_order_size,
            bid=amm.bid_quote_asset_reserve * amm.peg_multiplier // amm.bid_base_asset_reserve,
            ask=-(-amm.ask_quote_asset_reserve * amm.peg_multiplier // amm.ask_base_asset_reserve),
            initial_ratio=found.margin_ratio_initial,
            maintenance_ratio=found.margin_ratio_maintenance,
        )

    @cached_property
    def quote(self) -> QuoteMarket:
        """Give the quote asset's spot market."""
        found = self._decoded(self.venue.quote_market, f"the market of {self.venue.quote_asset}")
        return QuoteMarket(found.oracle, found.mint, found.cumulative_deposit_interest)

    @cached_property
    def oracle(self) -> OraclePrice:
        """Give the market's price."""
        raw = self._raw(self.market.oracle, "the market's oracle")
        source = self.market.oracle_source
        return read_oracle(raw.data, source, program=self.venue.program)

    @cached_property
    def user(self) -> User:
        """Give our sub-account."""
        return read_user(self._owned(self.venue.user, "our sub-account").data)

    def lamports(self, key: Pubkey) -> int:
        """Give what a wallet has; nothing when there is no such account."""
        raw = self.accounts.get(key)
        return 0 if raw is None else raw.lamports

    def _decoded(self, key: Pubkey, what: str) -> Any:
        return abi.decoded(self.venue.program, self._owned(key, what).data)

    def _owned(self, key: Pubkey, what: str) -> RawAccount:
        raw = self._raw(key, what)
        if raw.owner != self.venue.program:
            raise AccountMissing(
                f"expected {what} at {key} of {self.venue.program}, found one of {raw.owner}"
            )
        return raw

    def _raw(self, key: Pubkey, what: str) -> RawAccount:
        raw = self.accounts.get(key)
        if raw is None:
            raise AccountMissing(f"expected {what} at {key}, found no account")
        return raw


def slot_of(clock: RawAccount) -> int:
    """Give the slot that a chain's clock shows."""
    return _CLOCK.unpack_from(clock.data)[0]


def first_addresses(venue: DriftVenue) -> tuple[Pubkey, ...]:
    """Name what is read before the oracles are known."""
    own = (venue.user, venue.user_stats, venue.state, venue.perp_market, venue.quote_market)
    return (CLOCK, *own)


def addresses(view: ChainView, *, payer: Pubkey | None) -> tuple[Pubkey, ...]:
    """Name all that a view needs; `payer` is the delegate, whose SOL pays the fees."""
    venue = view.venue
    oracles = (it for it in (view.market.oracle, view.quote.oracle) if it != _SYSTEM)
    return (*first_addresses(venue), *oracles, *(() if payer is None else (payer,)))
