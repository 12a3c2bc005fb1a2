"""The perp markets of a world: the program's increments, margins and AMM, in its integers.

Ticks and steps are those of `contracts.markets`. Margins and tiers are near mainnet's of 2024.
"""

from dataclasses import dataclass
from decimal import Decimal

from solders.pubkey import Pubkey

from contracts.ids import MarketId
from contracts.markets import MarketSpec, market_spec
from localnet.drift.orders import BASE, PRICE

_TIER_A, _TIER_B = 0, 1


@dataclass(frozen=True, slots=True)
class Market:
    """A perp market."""

    index: int
    spec: MarketSpec
    oracle: Pubkey
    """The address of the Pyth account on mainnet."""
    first_price_usd: Decimal
    """Where its world begins, unless that is told."""
    depth_base: int
    tier: int
    initial_ratio: int = 500
    """In ten-thousandths: 20 times leverage."""
    maintenance_ratio: int = 300
    liquidator_fee: int = 7_500
    insurance_fee: int = 7_500
    """Both in millionths."""
    spread: int = 200
    spread_max: int = 20_000
    """Of the AMM, in millionths."""
    curve_intensity: int = 100

    @property
    def name(self) -> str:
        """Give the name that the program and people know: SOL-PERP."""
        return self.spec.market.upper()

    @property
    def tick(self) -> int:
        """Give the smallest step of a price."""
        return int(self.spec.tick_usd * PRICE)

    @property
    def step(self) -> int:
        """Give the smallest step of a size."""
        return int(self.spec.step_base * BASE)

    @property
    def smallest(self) -> int:
        """Give the smallest order."""
        return int(self.spec.quantity_base_min * BASE)

    @property
    def amm_reserve(self) -> int:
        """Give the AMM's reserves on either side: its depth."""
        return self.depth_base * BASE


QUOTE_ORACLE = Pubkey.from_string("Gnt27xtC473ZT2Mw5u8wZ68Z3gULkSTb5DuxJy7eJotD")
"""USDC in dollars, on mainnet."""

MARKETS = (
    Market(
        index=0,
        spec=market_spec(MarketId("sol-perp")),
        oracle=Pubkey.from_string("H6ARHf6YXhGYeQfUzQNGk6rDNnLBQKrenN712K4AQJEG"),
        first_price_usd=Decimal(150),
        depth_base=2_000_000,
        tier=_TIER_A,
    ),
    Market(
        index=1,
        spec=market_spec(MarketId("btc-perp")),
        oracle=Pubkey.from_string("GVXRSBjFk6e6J3NbVPXohDJetcTjaeeuykUpbQF8UoMU"),
        first_price_usd=Decimal(60_000),
        depth_base=5_000,
        tier=_TIER_A,
    ),
    Market(
        index=2,
        spec=market_spec(MarketId("eth-perp")),
        oracle=Pubkey.from_string("JBu1AL4obBcCMqKBBxhpWCNUt136ijcuMZLFvTP7iWdB"),
        first_price_usd=Decimal(3_000),
        depth_base=100_000,
        tier=_TIER_B,
    ),
)
_BY_ID = {market.spec.market: market for market in MARKETS}


def market_by(name: str) -> Market:
    """Give a market by its id, `sol-perp`; raise KeyError."""
    return _BY_ID[MarketId(name)]
