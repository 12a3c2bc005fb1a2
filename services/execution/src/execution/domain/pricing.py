"""Prices and sizes on the venue's grid, and the prices that the plan aims at.

A limit is rounded away from the market, as the venue rounds it; a stop is rounded so that it
triggers earlier (execution.md 8.8, I16). Sizes are rounded down.
"""

from collections.abc import Sequence
from decimal import Decimal

from contracts.values import Side

_BPS = Decimal(10_000)


def floor_to(value: Decimal, unit: Decimal) -> Decimal:
    """Give the largest multiple of `unit` that is not above a positive value."""
    return value // unit * unit


def ceil_to(value: Decimal, unit: Decimal) -> Decimal:
    """Give the smallest multiple of `unit` that is not below a positive value."""
    down = floor_to(value, unit)
    return down if down == value else down + unit


def passive_limit(side: Side, price_usd: Decimal, tick_usd: Decimal) -> Decimal:
    """Put a limit on the grid: a buy down, a sell up. `side` is the order's own."""
    return (floor_to if side is Side.LONG else ceil_to)(price_usd, tick_usd)


def aggressive_limit(side: Side, price_usd: Decimal, tick_usd: Decimal) -> Decimal:
    """Put the worst price of a taker on the grid: a buy up, a sell down; one tick at least."""
    if side is Side.LONG:
        return ceil_to(price_usd, tick_usd)
    return max(floor_to(price_usd, tick_usd), tick_usd)


def stop_trigger(side: Side, price_usd: Decimal, tick_usd: Decimal) -> Decimal:
    """Put a stop on the grid so that it triggers earlier. `side` is the position's."""
    return (ceil_to if side is Side.LONG else floor_to)(price_usd, tick_usd)


def inside_book(
    side: Side, price_usd: Decimal, *, bid_usd: Decimal, ask_usd: Decimal, tick_usd: Decimal
) -> Decimal:
    """Give the price nearest to a wish at which an order of this side still rests."""
    if side is Side.LONG:
        return floor_to(min(price_usd, ask_usd - tick_usd), tick_usd)
    return ceil_to(max(price_usd, bid_usd + tick_usd), tick_usd)


def ladder(quantity_base: Decimal, step_base: Decimal, weights: Sequence[int]) -> list[Decimal]:
    """Split a quantity over take-profits by weight, the last one taking the remainder.

    Every part but the last is floored to the step. When a part would be smaller than a step there
    are fewer parts; one part at least, so the parts always sum to the quantity.
    """
    total = sum(weights)
    for count in range(len(weights), 1, -1):
        parts = [floor_to(quantity_base * weight / total, step_base) for weight in weights]
        parts = parts[: count - 1]
        parts.append(quantity_base - sum(parts))
        if min(parts) >= step_base:
            return parts
    return [quantity_base]


def break_even_trigger(
    side: Side,
    cost_per_base_usd: Decimal,
    *,
    tick_usd: Decimal,
    fee_bps: Decimal,
    slippage_bps: Decimal,
) -> Decimal:
    """Give the trigger at which a stop earns back what the position cost, its own fee included.

    `cost_per_base_usd` is the average entry with the fees paid so far (`Ledger.break_even_usd`).
    The fill is taken to be `slippage_bps` worse than the trigger, and on the grid.
    """
    if side is Side.LONG:
        proceeds = ceil_to(cost_per_base_usd / (1 - fee_bps / _BPS), tick_usd)
        return ceil_to(proceeds / (1 - slippage_bps / _BPS), tick_usd)
    price = floor_to(cost_per_base_usd / (1 + fee_bps / _BPS), tick_usd)
    return floor_to(price / (1 + slippage_bps / _BPS), tick_usd)
