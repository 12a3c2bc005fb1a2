"""The position ledger."""

from dataclasses import dataclass
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.values import Side
from execution.domain.ledger import FLAT, Ledger, PositionFlipped


@dataclass(frozen=True)
class Fill:
    is_exit: bool
    price: Decimal
    quantity: Decimal
    fee: Decimal


fills = st.lists(
    st.builds(
        Fill,
        is_exit=st.booleans(),
        price=st.decimals(min_value="0.001", max_value=100_000, places=8),
        quantity=st.decimals(min_value="0.00000001", max_value=1_000, places=8),
        fee=st.decimals(min_value=-10, max_value=10, places=6),
    ),
    max_size=12,
)


def after(ledger: Ledger, side: Side, price: str, quantity: str, fee: str = "0") -> Ledger:
    return ledger.filled(
        side=side,
        price_usd=Decimal(price),
        quantity_base=Decimal(quantity),
        fee_usd=Decimal(fee),
    )


@given(st.sampled_from(Side), fills)
def test_realized_less_fees_is_the_cash_that_the_fills_moved(side: Side, fills: list[Fill]) -> None:
    ledger, cash = FLAT, Decimal(0)
    for fill in fills:
        is_exit = fill.is_exit and ledger.side is not None
        quantity = min(fill.quantity, ledger.quantity_base) if is_exit else fill.quantity
        way = side.opposite if is_exit else side
        ledger = ledger.filled(
            side=way, price_usd=fill.price, quantity_base=quantity, fee_usd=fill.fee
        )
        cash -= way.sign * fill.price * quantity + fill.fee
        assert ledger.side in (None, side)
    # What is still open stands at its cost; everything else is realized, to the last digit.
    open_cost = side.sign * ledger.cost_usd
    assert ledger.realized_pnl_usd - ledger.fees_usd == cash + open_cost
    if ledger.side is None:
        assert ledger.cost_usd == ledger.open_fees_usd == 0


def test_a_partial_close_realizes_its_share_of_the_average_entry() -> None:
    ledger = after(after(FLAT, Side.LONG, "100", "1"), Side.LONG, "103", "2")  # average 102
    ledger = after(ledger, Side.SHORT, "105", "1")
    assert ledger.realized_pnl_usd == 3  # 105 - 102
    assert ledger.cost_usd == 204  # 2 x 102
    assert ledger.position_base == 2


def test_a_short_earns_when_it_buys_back_lower() -> None:
    ledger = after(after(FLAT, Side.SHORT, "100", "2"), Side.LONG, "90", "2")
    assert ledger.realized_pnl_usd == 20  # 2 x (100 - 90)
    assert ledger.side is None


@pytest.mark.parametrize(
    ("side", "fee", "expected"),
    [
        (Side.LONG, "2", "101"),  # (200 + 2) / 2
        (Side.LONG, "-2", "99"),  # a rebate lowers what has to be earned back
        (Side.SHORT, "2", "99"),  # (200 - 2) / 2
        (Side.SHORT, "-2", "101"),
    ],
)
def test_break_even_counts_the_fees_of_the_entry(side: Side, fee: str, expected: str) -> None:
    assert after(FLAT, side, "100", "2", fee).break_even_usd == Decimal(expected)


def test_break_even_does_not_move_when_a_part_is_closed() -> None:
    ledger = after(FLAT, Side.LONG, "100", "4", "2")
    closed = after(ledger, Side.SHORT, "110", "3", "5")
    assert closed.break_even_usd == ledger.break_even_usd == Decimal("100.5")


def test_a_fill_that_would_flip_the_position_is_refused() -> None:
    with pytest.raises(PositionFlipped, match="at most 1, found a fill of 2"):
        after(after(FLAT, Side.LONG, "100", "1"), Side.SHORT, "100", "2")
