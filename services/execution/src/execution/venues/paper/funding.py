"""Funding: what longs pay shorts each hour, from the hour's mean mark and mean oracle.

The mark is the last price with the basis: it leaves the oracle when that is frozen.
rate of a day = (mark - oracle, clamped, without the dead zone) + offset; an hour pays a 24th of
it on the position that it ends with (execution.md 2.13). It accrues here, and is charged when
something touches the account; a keeper does that after a day.
"""

from execution.venues.paper.entries import RATE_DIGITS
from execution.venues.paper.state import Account, Accrual, Market
from execution.venues.paper.terms import Terms
from execution.venues.units import PPM

HOUR_MS = 3_600_000
ACCRUALS_MAX = 24
_YEAR_DAYS, _DAY_HOURS = 365, 24
_FINE = 1_000
"""A rate per base is kept in 1e-9 USD."""


def pass_time(market: Market, to_ms: int) -> None:
    """Let the market stand as it is until a time of the same hour."""
    span_ms = to_ms - market.now_ms
    if market.oracle:
        market.weight_ms += span_ms
        market.oracle_sum += market.oracle * span_ms
        market.last_sum += market.last * span_ms
    market.now_ms = to_ms


def close_hour(market: Market, terms: Terms) -> tuple[int, int]:
    """End the hour; give its rate per base, and as a part of the notional (`RATE_DIGITS`)."""
    weight = market.weight_ms
    oracle = market.oracle_sum // weight if weight else 0
    mark = market.last_sum * (PPM + terms.basis) // (weight * PPM) if weight else 0
    market.hour_ms += HOUR_MS
    market.weight_ms = market.oracle_sum = market.last_sum = 0
    if not oracle:
        return 0, 0
    clamp = oracle * terms.funding_clamp // PPM
    spread = max(-clamp, min(clamp, mark - oracle))
    if abs(spread) * PPM <= oracle * terms.funding_dead_zone:
        spread = 0
    offset = oracle * terms.funding_offset * _FINE // (_YEAR_DAYS * PPM)
    per_base = (spread * _FINE + offset) // _DAY_HOURS
    return per_base, per_base * 10**RATE_DIGITS // (oracle * _FINE)


def accrue(account: Account, *, hour_ms: int, per_base: int, rate: int) -> None:
    """Let an hour's funding fall due on a position: a payment is rounded up, a receipt down."""
    amount = -account.position * per_base // 10**12
    account.accruals.append(Accrual(hour_ms, rate, account.position, amount))
