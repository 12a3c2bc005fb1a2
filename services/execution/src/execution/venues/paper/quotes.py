"""Prices of the modelled market, from the feed's last prints and the oracle.

The oracle is the feed's last price; the mark is the oracle with the basis. The venue's book is
the feed's, as its prints show it (the last seller met the bid, the last buyer the ask), with the
basis and a wider spread. The vAMM quotes around the mark while the oracle is fresh.

The program's trigger price is the median of the last fill and of two oracles with a mean basis,
within a band of the oracle. Here both mean bases are the basis, so the median is the mark.
"""

from contracts.values import Side
from execution.venues.paper.state import Market
from execution.venues.paper.terms import Terms
from execution.venues.paper.weather import Weather
from execution.venues.units import BASE, PPM, ceil_to, floor_to

_PERCENT = PPM // 100


def oracle_age_slots(terms: Terms, market: Market, weather: Weather) -> int:
    """Give how many slots ago the oracle published; it goes on for a while without a print."""
    silence_ms = 0 if weather.oracle_is_frozen else terms.rules.oracle_silence_ms
    published_ms = min(market.now_ms, market.oracle_ms + silence_ms)
    return terms.slot_at(market.now_ms) - terms.slot_at(published_ms)


def mark_price(terms: Terms, market: Market) -> int:
    """Give the venue's fair price."""
    return market.oracle * (PPM + terms.basis) // PPM


def trigger_price(terms: Terms, market: Market) -> int:
    """Give the price that stops are compared with."""
    basis = max(-terms.trigger_band, min(terms.trigger_band, terms.basis))
    return market.oracle * (PPM + basis) // PPM


def print_price(terms: Terms, price: int, *, is_sell: bool) -> int:
    """Give a print's price at the venue; off the tick, it is rounded so that it reaches less."""
    if not terms.basis:
        return price
    shifted = price * (PPM + terms.basis)
    return (ceil_to if is_sell else floor_to)(shifted, PPM * terms.tick) // PPM


def best_price(terms: Terms, market: Market, weather: Weather, side: Side) -> int:
    """Give the best price at which somebody else takes an order of this side: ask or bid."""
    sign = side.sign
    book = market.ask if side is Side.LONG else market.bid
    price = _shifted(terms, side, book, terms.basis + sign * terms.venue_spread)
    if oracle_age_slots(terms, market, weather) > terms.rules.amm_stale_slots:
        return price
    amm = _shifted(terms, side, mark_price(terms, market), sign * terms.amm_spread)
    return min(price, amm) if side is Side.LONG else max(price, amm)


def _shifted(terms: Terms, side: Side, price: int, by_ppm: int) -> int:
    """Shift a price, and put it on the tick away from the middle; never to nothing."""
    return max(terms.against(side, price * (PPM + by_ppm) // PPM), terms.tick)


def would_cross(terms: Terms, market: Market, weather: Weather, side: Side, price: int) -> bool:
    """Say whether a limit would take instead of resting."""
    return side.sign * (price - best_price(terms, market, weather, side)) >= 0


def taker_fill(
    terms: Terms,
    market: Market,
    side: Side,
    wanted: int,
    *,
    limit: int | None,
    quote_max: int | None,
) -> tuple[int, int]:
    """Give price and size at which a taker is filled; size 0 when nothing is for sale for it.

    It pays a spread and an impact that grows with its size, beyond the mark or beyond the last
    price when that is worse, and never more than `limit` and the rules' bound.
    """
    sign = side.sign
    mark, last = mark_price(terms, market), print_price(terms, market.last, is_sell=sign < 0)
    reference = max(mark, last) if sign > 0 else min(mark, last)
    bound = terms.on_grid(side, mark * (PPM + sign * terms.taker_bound) // PPM)
    worst = bound if limit is None else sign * min(sign * bound, sign * limit)
    room = sign * (worst - reference) * PPM // reference - terms.taker_spread
    if room < 0:
        return 0, 0
    quote = room * terms.depth // _PERCENT
    if quote_max is not None:
        quote = min(quote, max(quote_max, terms.quote(reference, terms.step) + 1))
    size = min(wanted, floor_to(quote * BASE // reference, terms.step))
    if size < terms.step:
        return 0, 0
    impact = -(-terms.quote(reference, size) * _PERCENT // terms.depth)
    price = terms.against(side, reference * (PPM + sign * (terms.taker_spread + impact)) // PPM)
    return price, size
