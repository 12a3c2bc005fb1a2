"""What a node showed of everything that we look at, at one slot, read into the program's units.

The accounts come from one answer of one node, so that they belong together.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from solders.pubkey import Pubkey

from execution.venues.drift.config import CLOCK, DriftVenue
from execution.venues.drift.markets import (
    Exchange,
    PerpMarket,
    QuoteMarket,
    oracle_at,
    read_exchange,
    read_perp_market,
    read_quote_market,
)
from execution.venues.drift.oracles import OraclePrice, read_oracle
from execution.venues.drift.user import User, read_user

_CLOCK = struct.Struct("<QqQQq")
_SYSTEM = Pubkey.default()


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
        return read_exchange(self._owned(self.venue.state, "the exchange's state").data)

    @cached_property
    def market(self) -> PerpMarket:
        """Give the market."""
        raw = self._owned(self.venue.perp_market, f"market {self.venue.market_index}")
        return read_perp_market(raw.data)

    @cached_property
    def quote(self) -> QuoteMarket:
        """Give the quote asset's spot market."""
        raw = self._owned(self.venue.quote_market, f"the market of {self.venue.quote_asset}")
        return read_quote_market(raw.data)

    @cached_property
    def oracle(self) -> OraclePrice:
        """Give the market's price."""
        raw = self._raw(self.market.oracle, "the market's oracle")
        source = self.market.oracle_source
        return read_oracle(raw.data, source, program=self.venue.program)

    @property
    def lasting(self) -> frozenset[Pubkey]:
        """Name the accounts here that nobody can close: clock, exchange, markets and oracles."""
        venue = self.venue
        keys = {CLOCK, venue.state, venue.perp_market, venue.quote_market}
        if venue.perp_market in self.accounts:
            keys.add(self.market.oracle)
        return frozenset(keys & self.accounts.keys())

    def require_readable(self) -> None:
        """Raise ValueError unless all that is decided on can be read."""
        _ = (self.clock, self.exchange, self.market, self.quote, self.oracle, self.user)

    @property
    def has_user(self) -> bool:
        """Say whether our sub-account is there; its owner opens it."""
        return self.venue.user in self.accounts

    @cached_property
    def user(self) -> User:
        """Give our sub-account."""
        return read_user(self._owned(self.venue.user, "our sub-account").data)

    @cached_property
    def other_markets(self) -> tuple[Pubkey, ...]:
        """Name the markets beside ours that our sub-account uses, spot markets first.

        The program reads all of them, and their oracles, to know its margin.
        """
        if not self.has_user:
            return ()
        named = sorted(self.user.markets - self.venue.markets)
        return tuple(self.venue.market_of(index, is_perp=is_perp) for is_perp, index in named)

    def oracle_of(self, market: Pubkey) -> Pubkey | None:
        """Give the oracle of a market of the program; None when that was not read yet."""
        raw = self.accounts.get(market)
        return None if raw is None else oracle_at(raw.data)

    def lamports(self, key: Pubkey) -> int:
        """Give what a wallet has; nothing when there is no such account."""
        raw = self.accounts.get(key)
        return 0 if raw is None else raw.lamports

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
    return (CLOCK, *own, venue.owner)


def addresses(view: ChainView, *, payer: Pubkey | None) -> tuple[Pubkey, ...]:
    """Name all that a view needs; `payer` is the delegate, whose SOL pays the fees."""
    venue = view.venue
    oracles = (it for it in (view.market.oracle, view.quote.oracle) if it != _SYSTEM)
    payers = () if payer is None else (payer,)
    return (*first_addresses(venue), *oracles, *view.other_markets, *payers)
