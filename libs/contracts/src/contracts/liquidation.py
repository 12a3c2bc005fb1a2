"""Where a venue would take a position over, simplified: this position alone, on its whole margin.

Risk judges entries by it and the page shows it. The venue's own price, which knows every position
and open order of the account, is in `venue_observed`.
"""

from decimal import Decimal

from contracts.values import Side

_PCT = Decimal(100)


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


def health_pct(
    *, quantity_base: Decimal, price_usd: Decimal, margin_usd: Decimal, maintenance_ratio: Decimal
) -> Decimal:
    """Give how far the margin is from being taken over: 100 with nothing open, 0 at liquidation.

    As the Drift SDK's `User.getHealth`: `100 (1 - requirement / collateral)`, held between 0 and
    100, with the maintenance requirement `r q E` and the whole margin M as the collateral. Like the
    price above it leaves out open orders and what the ratio grows by with the size (`imf_factor`).
    """
    required = maintenance_ratio * quantity_base * price_usd
    if required == 0:
        return _PCT
    if margin_usd <= 0:
        return Decimal(0)
    return max(_PCT - required * _PCT / margin_usd, Decimal(0))
