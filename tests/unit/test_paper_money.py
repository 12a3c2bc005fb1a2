"""What the paper chain charges and pays, to the last unit (execution.md 2.10, 2.13)."""

from decimal import Decimal

import pytest

from contracts.values import Liquidity
from execution.venues.paper.fees import FEES
from execution.venues.paper.rules import PaperRules
from execution.venues.port import FundingRecord
from kit.paper_chain import (
    BEGIN_MS,
    LONG,
    SHORT,
    Desk,
    a_stop,
    a_take,
    a_target,
    an_order,
    calm,
    long_position,
)

HOUR_MS = 3_600_000


@pytest.mark.parametrize(
    ("venue", "maker", "taker"),
    [
        # 3.33 SOL at 99.001 are 329.67333 USD, at 99.799 they are 332.33067 USD
        ("velocity", "-0.008241", "0.132933"),  # 0.25 bp: 0.00824183; 4 bp: 0.13293227
        ("drift", "-0.065934", "0.332331"),  # 2 bp: 0.06593467; 10 bp: 0.33233067
    ],
)
def test_a_taker_fee_is_rounded_up_and_a_rebate_down(venue: str, maker: str, taker: str) -> None:
    desk = Desk(calm(fees=FEES[venue], taker_spread_bps=Decimal(0), depth_usd=Decimal(10**12)))
    desk.place(an_order(LONG, "99.001", "3.33"))
    desk.sell("99", "3.33")
    desk.sell("99.8")
    desk.place(a_take(SHORT, "99", "3.33"))
    bought, sold = desk.fills
    assert (bought.liquidity, bought.fee_usd) == (Liquidity.MAKER, Decimal(maker))
    assert (sold.liquidity, sold.price_usd) == (Liquidity.TAKER, Decimal("99.799"))
    assert sold.fee_usd == Decimal(taker)


def test_cash_is_the_deposit_and_every_flow() -> None:
    desk = Desk()
    long_position(desk, "2", "100")
    assert desk.seen.cash_usd == Decimal("9800.005")  # - 200, + 0.25 bp of it
    desk.place(a_target(SHORT, "101", "2"))
    desk.buy("101.5", "1.5")
    # + 151.5 + 0.0037875, the rebate rounded down
    assert desk.seen.cash_usd == Decimal("9951.508787")
    assert desk.seen.position_base == Decimal("0.5")


# Break-even


def test_break_even_of_a_long_earns_back_its_price_less_the_rebate() -> None:
    desk = Desk()
    long_position(desk, "2", "100")
    assert desk.seen.break_even_usd == Decimal("99.9975")  # (200 - 0.005) / 2


def test_break_even_of_a_short_that_took_is_below_its_price_by_the_fee() -> None:
    desk = Desk()
    desk.place(a_take(SHORT, "99", "2", reduce_only=False))
    price = desk.fills[0].price_usd
    assert price == Decimal("99.979")  # 100 less 2 bp and 0.08 bp, down to the tick
    assert desk.seen.break_even_usd == Decimal("99.939008")  # 99.979 - 0.07998…/2, down


def test_break_even_is_scaled_when_a_part_closes_and_bears_the_closing_fee() -> None:
    desk = Desk()
    long_position(desk, "2", "100")
    desk.place(a_target(SHORT, "110", "1"))
    desk.buy("110.5", "1")
    # half of 199.995, less 1 USD's worth of rebate on 110: 0.00275
    assert desk.seen.break_even_usd == Decimal("99.99475")


def test_break_even_contains_keeper_fees_and_funding() -> None:
    desk = Desk()
    long_position(desk, "2", "100")
    before = desk.seen.break_even_usd
    assert before is not None
    desk.place(an_order(LONG, "99", "1", reduce_only=True, number=9))
    desk.sell("98.9")  # nothing to reduce: the flat fee
    assert desk.seen.break_even_usd == before + Decimal("0.005")
    desk.buy("100")
    desk.wait(HOUR_MS)
    desk.place(a_stop())  # touches the account
    (funding,) = desk.told(FundingRecord)
    paid = -funding.amount_usd
    assert paid > 0
    assert desk.seen.break_even_usd == before + Decimal("0.005") + paid / 2


def test_a_flat_account_has_no_break_even_and_starts_anew() -> None:
    desk = Desk()
    long_position(desk, "2", "100")
    desk.place(a_take(SHORT, "90", "2"))
    assert desk.seen.break_even_usd is None
    desk.place(an_order(LONG, "99", "1"))
    desk.sell("98.9")
    assert desk.seen.break_even_usd == Decimal("98.997525")  # 99 less 0.25 bp


def test_a_flip_starts_break_even_anew() -> None:
    desk = Desk()
    long_position(desk, "1", "100")
    desk.place(an_order(SHORT, "110", "3"))
    desk.buy("110.5", "3")
    assert desk.seen.position_base == -2
    # 2 * 110 and the rebate of all three: 330 * 0.25 bp = 0.00825
    assert desk.seen.break_even_usd == Decimal("110.004125")


def test_a_position_that_gains_more_than_its_price_has_no_break_even() -> None:
    desk = Desk(calm(keeper_fee_usd=Decimal(500)))
    desk.place(an_order(SHORT, "100.01", "1"))
    desk.buy("100.1")
    desk.place(an_order(SHORT, "101", "1", reduce_only=True, number=9))
    desk.buy("101.1")  # 500 USD of a fee on a short of 100: no price earns that back
    assert desk.seen.break_even_usd is None


# Funding


def test_funding_is_charged_hourly_when_the_account_is_touched() -> None:
    desk = Desk()
    long_position(desk, "100", "100")
    cash = desk.seen.cash_usd
    desk.wait(2 * HOUR_MS + 1)
    assert desk.seen.cash_usd == cash
    assert desk.told(FundingRecord) == []
    desk.place(a_stop())
    first, second = desk.told(FundingRecord)
    assert first.hour_ms == BEGIN_MS + HOUR_MS
    assert second.hour_ms == BEGIN_MS + 2 * HOUR_MS
    assert first.position_base == 100
    assert desk.seen.cash_usd == cash + first.amount_usd + second.amount_usd
    # 10.95 % a year of 100 (the mean oracle): 100 * 0.1095 / 365 / 24 = 0.00125 a SOL and hour
    assert second.amount_usd == pytest.approx(Decimal("-0.12499875"), abs=Decimal("0.0001"))
    assert second.rate == pytest.approx(Decimal("0.0000125"), abs=Decimal("1e-9"))


def test_a_short_receives_what_a_long_pays_rounded_against_it() -> None:
    amounts: list[Decimal] = []
    for side in (LONG, SHORT):
        desk = Desk()
        desk.place(a_take(side, "104" if side is LONG else "96", "1.11", reduce_only=False))
        desk.sell("100.777")
        desk.wait(HOUR_MS)
        desk.place(a_stop())
        amounts += [it.amount_usd for it in desk.told(FundingRecord)]
    paid, received = amounts
    assert paid < 0 < received
    assert received + paid in (0, Decimal("-0.000001"))


@pytest.mark.parametrize(
    ("basis_bps", "rate"),
    [
        ("0", "0.0000125"),  # the offset alone: 10.95 % / 365 / 24
        ("4", "0.0000125"),  # within the dead zone
        ("-100", "-0.000404167"),  # (-1 % + 0.03 %) / 24
        ("500", "0.0012625"),  # clamped to 3 %: (3 % + 0.03 %) / 24
    ],
)
def test_the_rate_is_the_clamped_difference_of_mark_and_oracle(basis_bps: str, rate: str) -> None:
    desk = Desk(calm(basis_bps=Decimal(basis_bps), taker_bound_bps=Decimal(2_000)))
    desk.place(a_take(LONG, "150", "1", reduce_only=False))
    desk.buy("100.001")
    desk.sell("100")
    desk.wait(HOUR_MS)
    desk.place(a_stop())
    (funded,) = desk.told(FundingRecord)
    assert funded.rate == pytest.approx(Decimal(rate), abs=Decimal("2e-7"))


def test_a_keeper_settles_funding_after_a_day_without_a_touch() -> None:
    desk = Desk()
    long_position(desk)
    desk.wait(24 * HOUR_MS)
    assert len(desk.told(FundingRecord)) == 24
    desk.wait(HOUR_MS)
    assert len(desk.told(FundingRecord)) == 24


def test_funding_that_is_due_counts_for_margin() -> None:
    rules = calm(funding_offset_per_year=Decimal(80), oracle_stale_slots=10**9)
    desk = Desk(rules, deposit="1000")
    long_position(desk, "190")  # 19,000 USD: 174 USD an hour; below 570 USD after 3 hours
    desk.wait(2 * HOUR_MS + 10_000)
    assert desk.seen.position_base == 190
    desk.wait(HOUR_MS)
    assert desk.seen.position_base < 190


def test_the_defaults_are_pessimistic() -> None:
    rules = PaperRules()
    assert rules.drop_rate >= Decimal("0.1")
    assert rules.participation <= Decimal("0.02")
    assert rules.queue_ahead_usd >= 25_000
    assert rules.landing_ms[0][1] >= rules.slot_ms
    assert rules.fees == FEES["velocity"]
