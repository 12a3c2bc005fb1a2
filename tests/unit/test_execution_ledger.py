"""The position ledger."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.values import Side
from execution.domain.ledger import FLAT, Ledger


@dataclass(frozen=True)
class Fill:
    side: Side
    price: Decimal
    quantity: Decimal
    fee: Decimal


@dataclass(frozen=True)
class Charge:
    fee: Decimal


@dataclass(frozen=True)
class Funding:
    amount: Decimal


prices = st.decimals(min_value="0.001", max_value=100_000, places=8)
quantities = st.decimals(min_value="0.00000001", max_value=1_000, places=8)
amounts = st.decimals(min_value=-10, max_value=10, places=6)
fills = st.builds(Fill, side=st.sampled_from(Side), price=prices, quantity=quantities, fee=amounts)
flows = st.lists(
    fills | st.builds(Charge, fee=amounts) | st.builds(Funding, amount=amounts), max_size=12
)


def after(ledger: Ledger, side: Side, price: str, quantity: str, fee: str = "0") -> Ledger:
    return ledger.filled(
        side=side,
        price_usd=Decimal(price),
        quantity_base=Decimal(quantity),
        fee_usd=Decimal(fee),
    )


def folded(flows: Sequence[Fill | Charge | Funding]) -> Ledger:
    ledger = FLAT
    for flow in flows:
        match flow:
            case Fill():
                ledger = ledger.filled(
                    side=flow.side,
                    price_usd=flow.price,
                    quantity_base=flow.quantity,
                    fee_usd=flow.fee,
                )
            case Charge():
                ledger = ledger.charged(flow.fee)
            case Funding():
                ledger = ledger.funded(flow.amount)
    return ledger


def cash_of(flow: Fill | Charge | Funding) -> Decimal:
    match flow:
        case Fill():
            return -flow.side.sign * flow.price * flow.quantity - flow.fee
        case Charge():
            return -flow.fee
        case Funding():
            return flow.amount


@given(flows)
def test_cash_is_the_sum_of_every_flow(flows: list[Fill | Charge | Funding]) -> None:
    ledger = folded(flows)
    assert ledger.cash_usd == sum(map(cash_of, flows))
    # What is still open stands at its cost; everything else is realized, to the last digit.
    sign = 0 if ledger.side is None else ledger.side.sign
    assert ledger.net_usd == ledger.cash_usd + sign * ledger.cost_usd


@given(flows)
def test_a_flat_ledger_has_no_cost_and_the_position_is_the_sum_of_its_fills(
    flows: list[Fill | Charge | Funding],
) -> None:
    ledger = folded(flows)
    bought = sum(it.side.sign * it.quantity for it in flows if isinstance(it, Fill))
    assert ledger.position_base == bought
    if ledger.side is None:
        assert ledger.cost_usd == 0


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


def test_a_fill_that_closes_more_than_is_open_opens_the_other_side_at_its_own_price() -> None:
    ledger = after(after(FLAT, Side.LONG, "100", "1"), Side.SHORT, "110", "3", "0.6")
    assert ledger.realized_pnl_usd == 10  # 1 x (110 - 100)
    assert (ledger.side, ledger.position_base) == (Side.SHORT, -2)
    assert ledger.cost_usd == 220  # 2 x 110
    assert ledger.fees_usd == Decimal("0.6")  # once, although the fill counts in two parts
    assert ledger.cash_usd == Decimal("229.4")  # -100 + 330 - 0.6


@pytest.mark.parametrize(
    ("side", "expected"),
    [
        (Side.LONG, "6.5"),  # 10 of the fills, less fees of 2 and 1, less 0.01, less funding 0.49
        (Side.SHORT, "-13.5"),  # -10 of the fills, less the same
    ],
)
def test_net_counts_fees_flat_fees_and_funding(side: Side, expected: str) -> None:
    ledger = after(FLAT, side, "100", "2", "2")
    ledger = after(ledger, side.opposite, "105", "2", "1")
    ledger = ledger.charged(Decimal("0.01")).funded(Decimal("-0.49"))
    assert ledger.net_usd == ledger.cash_usd == Decimal(expected)
    assert (ledger.fees_usd, ledger.venue_fees_usd) == (3, Decimal("0.01"))


def test_a_rebate_is_a_negative_fee_and_funding_received_is_positive() -> None:
    ledger = after(FLAT, Side.LONG, "100", "1", "-0.25").funded(Decimal("0.5"))
    assert (ledger.fees_usd, ledger.funding_usd) == (Decimal("-0.25"), Decimal("0.5"))
    assert ledger.cash_usd == Decimal("-99.25")  # -100 + 0.25 + 0.5
    assert ledger.net_usd == Decimal("0.75")
