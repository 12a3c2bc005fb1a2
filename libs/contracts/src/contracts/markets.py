"""The markets that we know: how each is fed, and its venue's increments.

SOL-PERP increments are the venue's (execution.md 2.10); the others are paper-only and take the
increments of their feed.
"""

from dataclasses import dataclass
from decimal import Decimal

from contracts.ids import MarketId, Symbol


@dataclass(frozen=True, slots=True)
class MarketSpec:
    """A market's increments: prices are multiples of `tick_usd`, sizes of `step_base`."""

    market: MarketId
    symbol: Symbol
    tick_usd: Decimal
    step_base: Decimal
    quantity_base_min: Decimal
    maintenance_margin_ratio: Decimal


def _spec(market: str, symbol: str, tick: str, step: str, smallest: str) -> MarketSpec:
    return MarketSpec(
        MarketId(market),
        Symbol(symbol),
        Decimal(tick),
        Decimal(step),
        Decimal(smallest),
        Decimal("0.03"),
    )


MARKETS: tuple[MarketSpec, ...] = (
    _spec("sol-perp", "solusdt", "0.001", "0.01", "0.01"),
    _spec("btc-perp", "btcusdt", "0.1", "0.0001", "0.001"),
    _spec("eth-perp", "ethusdt", "0.01", "0.001", "0.001"),
    _spec("ltc-perp", "ltcusdt", "0.01", "0.01", "0.01"),
)


class UnknownMarket(ValueError):
    """No market is known by that name."""


def market_spec(market: MarketId) -> MarketSpec:
    """Give a market by its id; raise UnknownMarket with the known ones."""
    return _find("market", market, {spec.market: spec for spec in MARKETS})


def market_of(symbol: Symbol) -> MarketSpec:
    """Give the market that a feed symbol drives; raise UnknownMarket with the known ones."""
    return _find("symbol", symbol, {spec.symbol: spec for spec in MARKETS})


def _find(what: str, name: str, known: dict[str, MarketSpec]) -> MarketSpec:
    if name not in known:
        raise UnknownMarket(f"expected a {what} of {', '.join(known)}, found {name!r}")
    return known[name]
