"""What holds of the price that the paper chain gives a taker, whatever it asks for."""

from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from contracts.ids import MarketId
from contracts.markets import market_spec
from contracts.values import Side
from execution.venues.paper.quotes import mark_price, taker_fill
from execution.venues.paper.rules import PaperRules
from execution.venues.paper.state import Market
from execution.venues.paper.terms import Terms
from execution.venues.units import PPM

SOL = market_spec(MarketId("sol-perp"))

rules = st.builds(
    replace,
    st.just(PaperRules()),
    basis_bps=st.integers(-300, 300).map(lambda it: Decimal(it) / 10),
    taker_spread_bps=st.integers(0, 500).map(lambda it: Decimal(it) / 10),
    depth_usd=st.integers(1, 10**7).map(Decimal),
    taker_bound_bps=st.integers(1, 1_000).map(Decimal),
)
prices = st.integers(10_000, 1_000_000)
"""In ticks: 10 to 1,000 USD."""


@given(
    how=rules,
    side=st.sampled_from(Side),
    oracle=prices,
    drift=st.integers(-2_000, 2_000),
    steps=st.integers(1, 10**6),
    away=st.none() | st.integers(-2_000, 20_000),
    quote_max=st.none() | st.integers(1, 10**12),
)
def test_a_taker_is_never_filled_beyond_its_limit_its_size_or_the_bound(
    *,
    how: PaperRules,
    side: Side,
    oracle: int,
    drift: int,
    steps: int,
    away: int | None,
    quote_max: int | None,
) -> None:
    terms = Terms.of(how, SOL)
    market = Market(last=(oracle + drift) * terms.tick, oracle=oracle * terms.tick)
    limit = None if away is None else max(1, oracle + side.sign * away) * terms.tick
    wanted = steps * terms.step
    price, size = taker_fill(terms, market, side, wanted, limit=limit, quote_max=quote_max)
    if not size:
        return
    mark = mark_price(terms, market)
    assert size % terms.step == 0 < size <= wanted
    assert price % terms.tick == 0 < price
    # The bound is cut off to whole units, so it may be passed by less than one.
    assert side.sign * (price - mark) * PPM < mark * terms.taker_bound + PPM
    assert side.sign * (price - mark) >= 0
    if limit is not None:
        assert side.sign * (price - limit) <= 0
