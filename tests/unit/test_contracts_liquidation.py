"""The simplified liquidation price: there the margin left is the maintenance margin."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from contracts.liquidation import health_pct, liquidation_price_usd
from contracts.values import Side

PRICES = st.decimals("0.01", "100000", places=2)
SIZES = st.decimals("0.01", "10000", places=2)
MARGINS = st.decimals("0.01", "1000000", places=2)
RATIO = Decimal("0.03")


@given(side=st.sampled_from(Side), quantity=SIZES, price=PRICES, margin=MARGINS)
def test_there_the_margin_left_is_the_maintenance_margin(
    side: Side, quantity: Decimal, price: Decimal, margin: Decimal
) -> None:
    found = liquidation_price_usd(
        side=side,
        quantity_base=quantity,
        price_usd=price,
        margin_usd=margin,
        maintenance_ratio=RATIO,
    )
    left = margin + side.sign * quantity * (found - price)
    if found == 0:
        assert left >= 0
    else:
        assert abs(left - RATIO * quantity * found) < Decimal("1E-9")


@given(quantity=SIZES, entry=PRICES, price=PRICES, balance=MARGINS)
def test_it_does_not_move_with_the_market(
    quantity: Decimal, entry: Decimal, price: Decimal, balance: Decimal
) -> None:
    """What the account is worth moves with the price, so that either pair gives the same."""
    at_entry, now = (
        liquidation_price_usd(
            side=Side.SHORT,
            quantity_base=quantity,
            price_usd=one,
            margin_usd=balance - quantity * (one - entry),
            maintenance_ratio=RATIO,
        )
        for one in (entry, price)
    )
    assert abs(at_entry - now) < Decimal("1E-12")


@given(side=st.sampled_from(Side), quantity=SIZES, price=PRICES, margin=MARGINS)
def test_health_is_gone_where_the_venue_takes_over(
    side: Side, quantity: Decimal, price: Decimal, margin: Decimal
) -> None:
    at = liquidation_price_usd(
        side=side,
        quantity_base=quantity,
        price_usd=price,
        margin_usd=margin,
        maintenance_ratio=RATIO,
    )
    left = margin + side.sign * quantity * (at - price)
    found = health_pct(
        quantity_base=quantity, price_usd=at, margin_usd=left, maintenance_ratio=RATIO
    )
    assert found == 100 if at == 0 else found < Decimal("1E-6")


def test_health_is_what_the_maintenance_margin_leaves_of_the_equity() -> None:
    def health(quantity: str, margin: str) -> Decimal:
        return health_pct(
            quantity_base=Decimal(quantity),
            price_usd=Decimal(150),
            margin_usd=Decimal(margin),
            maintenance_ratio=RATIO,
        )

    assert health("500", "10000") == Decimal("77.5")  # 3 % of 75,000 is 2,250, 22.5 % of 10,000
    assert health("500", "2000") == 0
    assert health("500", "-1") == 0
    assert health("0", "0") == 100
