"""The trades report: rows from recorded events, markouts from prints, and what is printed."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from audit.domain.trades.journal import Journal
from audit.domain.trades.markouts import AGE_MS_MAX, Markouts
from audit.domain.trades.rows import Fill, Money, Placement, Setup
from audit.domain.trades.summary import fill_rates, markouts, slippages
from audit.trades import Reported, mark_out
from audit.trades_report import show_trades, trades_json
from contracts.control import AccountOpened
from contracts.event import Recorded
from contracts.feed import FeedKind, FeedOpened
from contracts.order import SetupClosed
from contracts.ticks import Trade
from contracts.values import Leg, Liquidity, Side, to_millis
from kit.audit_history import history, recorded
from kit.audit_life import BEGIN
from kit.risk_events import SETTINGS

BEGIN_MS = to_millis(BEGIN)


def journal(events: Sequence[Recorded]) -> Journal:
    result = Journal()
    for event in events:
        result.step(event)
    return result


def a_setup(*fills: Fill, placements: Sequence[Placement] = ()) -> Setup:
    (setup,) = journal(recorded(history(1))).setups.values()
    return replace(setup, fills=list(fills), placements=list(placements))


def a_fill(at_ms: int = 0, *, side: Side = Side.LONG, price: str = "100", size: str = "1") -> Fill:
    return Fill(
        fill_id=f"fill-{at_ms}",
        leg=Leg.ENTRY,
        side=side,
        liquidity=Liquidity.MAKER,
        at=BEGIN + timedelta(milliseconds=at_ms),
        price_usd=Decimal(price),
        quantity_base=Decimal(size),
        fee_usd=Decimal(0),
    )


def a_print(number: int, at_ms: int, price: str) -> Trade:
    return Trade(i=number, t=BEGIN_MS + at_ms, p=price, q="1", m=True)


def marked(fill: Fill, *prints: Trade) -> dict[int, Decimal | None]:
    found = Markouts([fill])
    for trade in prints:
        found.see(trade)
    return fill.markouts_bps


def a_placement(distance: str | None, *, size: str = "10", filled: str = "0") -> Placement:
    away = None if distance is None else Decimal(distance)
    return Placement(BEGIN, Decimal(100), Decimal(size), away, away, Decimal(filled))


def test_what_stands_twice_in_the_log_is_counted_once() -> None:
    once = recorded(history(1))
    again = [replace(it, position=it.position + len(once)) for it in once]
    counted = journal([*once, *again])
    assert counted.accounts == journal(once).accounts
    assert [it.fills for it in counted.setups.values()] == [
        it.fills for it in journal(once).setups.values()
    ]


def test_a_setup_is_one_row_from_signal_to_exit() -> None:
    (setup,) = journal(recorded(history(1))).setups.values()
    assert (setup.proposal, setup.exit_kind) == ("manual_order_requested", "stopped")
    assert setup.signaled_at is not None
    assert setup.intended_at == setup.approved_at
    assert setup.placed_at == setup.filled_at == setup.approved_at + timedelta(seconds=5)
    assert (setup.filled_base, setup.filled_price_usd) == (Decimal(10), Decimal(100))
    assert setup.exit_price_usd == Decimal("98.9")


def test_the_result_is_split_and_told_in_r() -> None:
    found = journal(recorded(history(1)))
    (setup,) = found.setups.values()
    expected = Money(
        price_pnl_usd=Decimal(-11),
        fees_usd=3 * Decimal("0.2"),
        venue_fees_usd=Decimal("0.01"),
        funding_usd=Decimal("-0.05"),
        priority_lamports=3 * 4_200,
        signature_lamports=3 * 5_000,
    )
    assert setup.money == expected
    assert found.accounts == {("local", "sol-perp"): expected}
    assert setup.money.net_usd == Decimal("-11.66")  # -11 - 0.6 - 0.01 - 0.05
    assert setup.entry_price_usd is not None
    assert setup.stop_price_usd is not None
    risk = abs(setup.entry_price_usd - setup.stop_price_usd) * 10
    assert setup.r_multiple == (Decimal("-11.66") / risk).quantize(Decimal("0.0001"))


def test_a_rebate_is_received_and_a_fee_is_paid() -> None:
    money = Money()
    for fee in ("0.5", "-0.2", "0.1"):
        money.charge(Decimal(fee))
    assert (money.fees_usd, money.rebates_usd) == (Decimal("0.6"), Decimal("0.2"))
    assert money.net_usd == Decimal("-0.4")


@pytest.mark.parametrize(
    "change",
    [
        {"realized_pnl_usd": Decimal(-10)},
        {"fees_usd": Decimal("0.6")},
        {"funding_usd": Decimal(0)},
        {"transaction_fees_lamports": 0},
    ],
)
def test_sums_that_are_not_those_of_the_events_are_a_difference(change: dict[str, Any]) -> None:
    events = recorded(history(1))
    assert journal(events).differences == []
    spoiled = [
        replace(it, event=it.event.model_copy(update=change))
        if isinstance(it.event, SetupClosed)
        else it
        for it in events
    ]
    (found,) = journal(spoiled).differences
    (closed,) = [it for it in events if isinstance(it.event, SetupClosed)]
    assert found.position == closed.position
    assert found.what.endswith(next(iter(change)))


def test_a_stop_slips_against_its_own_trigger_price() -> None:
    (setup,) = journal(recorded(history(1))).setups.values()
    (slip,) = setup.slips
    assert (slip.what, slip.reference_usd, slip.price_usd) == ("stop", Decimal(99), Decimal("98.9"))
    assert slip.slippage_bps == Decimal("10.1010")  # 0.1 / 99, sold lower than it was to be
    (total,) = slippages([setup])
    assert (total.what, total.orders) == ("stop", 1)
    assert total.mean_bps == total.worst_bps == slip.slippage_bps


def test_a_markout_is_the_last_print_at_most_so_long_after_the_fill() -> None:
    prints = [
        a_print(1, -10, "99"),
        a_print(2, 1_000, "101"),
        a_print(3, 1_001, "102"),
        a_print(4, 4_999, "103"),
        a_print(5, 60_000, "98"),
        a_print(6, 60_001, "50"),
    ]
    expected = {1: Decimal(100), 5: Decimal(300), 60: Decimal(-200)}
    assert marked(a_fill(), *prints) == expected
    other = {seconds: -mark for seconds, mark in expected.items()}
    assert marked(a_fill(side=Side.SHORT), *prints) == other


def test_a_markout_is_unknown_until_a_print_shows_that_the_time_has_passed() -> None:
    prints = [a_print(1, 0, "100"), a_print(2, 5_000, "101")]
    assert marked(a_fill(), *prints) == {1: Decimal(0), 5: None, 60: None}


def test_a_markout_is_unknown_before_the_first_print_and_after_a_long_silence() -> None:
    assert marked(a_fill(), a_print(1, 1_001, "101"), a_print(2, 5_001, "102")) == {
        1: None,
        5: Decimal(100),
        60: None,
    }
    silent = [a_print(1, 1_000 - AGE_MS_MAX - 1, "100"), a_print(2, 1_001, "101")]
    assert marked(a_fill(), *silent)[1] is None


def test_prints_that_come_again_count_once() -> None:
    prints = [a_print(1, 0, "100"), a_print(2, 900, "101"), a_print(1, 950, "90")]
    assert marked(a_fill(), *prints, a_print(3, 1_500, "99"))[1] == Decimal(100)


def test_the_mean_markout_is_weighted_and_says_what_it_does_not_know() -> None:
    known, heavy, unknown = a_fill(), a_fill(1, size="3"), a_fill(2)
    known.markouts_bps[1], heavy.markouts_bps[1] = Decimal(8), Decimal(-4)
    first = markouts([a_setup(known, heavy, unknown)])[0]
    assert (first.kind, first.seconds, first.fills, first.unknown) == ("entry maker", 1, 2, 1)
    assert (first.mean_bps, first.against) == (Decimal(-1), 1)  # (8 - 3 x 4) / 4


def test_fill_rates_are_by_distance_and_by_quantity() -> None:
    near = [a_placement("1", filled="10"), a_placement("0.5")]
    far = [a_placement("20.1", size="5", filled="1"), a_placement(None)]
    at_the_touch, beyond = fill_rates([a_setup(placements=[*near, *far])], by_mid=False)
    assert (at_the_touch.above_bps, at_the_touch.up_to_bps) == (Decimal(0), Decimal(1))
    assert (at_the_touch.placements, at_the_touch.filled) == (2, 1)
    assert at_the_touch.quantity_rate == Decimal("0.5")
    assert (beyond.above_bps, beyond.up_to_bps) == (Decimal(20), None)
    assert beyond.quantity_rate == Decimal("0.2")


def reported(kind: FeedKind) -> Reported:
    found = Reported(journal(recorded(history(2))), "PostgreSQL", 70, 1, 70)
    found.journal.feeds.append(
        FeedOpened(
            venue="synthetic",
            symbol="solusdt",
            market="sol-perp",
            kind=kind,
            identity="seed:1",
            is_replayable=True,
            description="seed 1",
        )
    )
    account = AccountOpened(
        account="local",
        venue="paper",
        equity_usd=Decimal(1),
        priority_fee_microlamports=0,
        settings=SETTINGS,
    )
    found.journal.venues[account.account] = account.venue
    return found


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (FeedKind.SYNTHETIC, "trades       paper; synthetic market (seed 1)"),
        (FeedKind.TAPE, "trades       paper; recording (seed 1)"),
        (FeedKind.BINANCE, "trades       paper; live feed (seed 1)"),
    ],
)
def test_the_report_says_what_it_is_made_of(kind: FeedKind, said: str) -> None:
    assert show_trades(reported(kind)).splitlines()[0] == said
    body = json.loads(trades_json(reported(kind)))
    assert body["is_paper"] is True
    assert body["is_synthetic"] is (kind is FeedKind.SYNTHETIC)


def test_the_report_for_a_person_has_a_line_per_setup_and_ends_with_a_word() -> None:
    lines = show_trades(reported(FeedKind.TAPE)).splitlines()
    assert len([it for it in lines if " filled +" in it and "stopped" in it]) == 2
    assert "  price -22.00, rebates +0.00, fees -1.20, venue fees -0.02, funding -0.10" in next(
        it for it in lines if it.startswith("  price")
    )
    assert lines[-1] == "clean"


@pytest.mark.parametrize(
    ("has_fills", "said"),
    [(True, "2 of the market stream"), (False, "not needed: nothing filled")],
)
def test_the_report_says_which_prints_it_used(*, has_fills: bool, said: str) -> None:
    async def prints() -> AsyncIterator[Trade]:
        for number in (1, 2):
            yield a_print(number, 0, "100")

    found = reported(FeedKind.TAPE) if has_fills else Reported()
    asyncio.run(mark_out(found, prints(), name="the market stream"))
    assert f"prints       {said}" in show_trades(found).splitlines()


def test_the_json_holds_every_row_in_plain_decimals() -> None:
    body = json.loads(trades_json(reported(FeedKind.TAPE)))
    assert len(body["setups"]) == 2
    first = body["setups"][0]
    assert (first["exit_kind"], first["filled_base"], first["side"]) == ("stopped", "10", "long")
    assert first["money"]["net_usd"] == "-11.66"
    assert first["fills"][0]["price_usd"] == "100"
    assert first["approved_at"].endswith("Z")
    assert body["differences"] == []
