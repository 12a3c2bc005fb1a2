"""Where a venue would take a position over, simplified: this position alone, on its whole margin.

Risk judges entries by it and the page shows it. The venue's own price, which knows every position
and open order of the account, is in `venue_observed`.
"""

from decimal import Decimal

from contracts.values import Side


def liquidation_price_usd(
    *,
    side: Side,
    quantity_base: Decimal,
    price_usd: Decimal,
    margin_usd: Decimal,
    maintenance_ratio: Decimal,
) -> Decimal:
    """Give the price at which the margin left is the maintenance margin.

    `margin_usd` M is what the account is worth while the market stands at `price_usd` E. With
    quantity q and ratio r a long is liquidated at the price P where `M - q (E - P) = r q P`, a
    short where `M - q (P - E) = r q P`. A long whose P is not positive cannot be: zero.
    """
    if side is Side.LONG:
        price = (quantity_base * price_usd - margin_usd) / (quantity_base * (1 - maintenance_ratio))
        return max(price, Decimal(0))
    return (quantity_base * price_usd + margin_usd) / (quantity_base * (1 + maintenance_ratio))
