"""The open position: what it made and cost since it was flat, and what protects it."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

from contracts import order, venue
from contracts.event import Event
from contracts.ids import AccountId, EventId
from contracts.ticks import Trade
from contracts.values import Leg, Side, VenueClock, from_millis, to_millis
from gateway.domain import desk, holding
from gateway.domain.desk import DeskState
from gateway.domain.holding import Booking, Holding
from gateway.domain.ticker import Price
from gateway.live import Live, Market
from gateway.position_views import PositionView
from gateway.present_position import position_view
from kit.gateway_events import MARKET, START, at
from kit.gateway_story import Story
from kit.memory import InMemoryLog

Chapter = Callable[[Story, EventId], Awaitable[object]]


def a_fill(after: str, price: str, quantity: str, **changes: Any) -> venue.ForeignOrderFilled:
    base: dict[str, Any] = {
        "fill_id": f"{after}/{price}",
        "side": Side.LONG,
        "fee_usd": Decimal(1),
        "realized_pnl_usd": Decimal(0),
        "clock": at(3),
        "venue_order_id": 7,
    }
    return venue.ForeignOrderFilled(
        account="local",
        market=MARKET,
        price_usd=Decimal(price),
        quantity_base=Decimal(quantity),
        position_after_base=Decimal(after),
        **{**base, **changes},
    )


def funding(amount: str) -> venue.FundingSettled:
    return venue.FundingSettled(
        account="local",
        market=MARKET,
        amount_usd=Decimal(amount),
        rate=Decimal("0.0001"),
        position_base=Decimal(10),
        hour=START,
        clock=at(60),
    )


def a_venue_fee(fee: str) -> venue.VenueFeeCharged:
    return venue.VenueFeeCharged(
        account="local",
        market=MARKET,
        key=fee,
        venue_order_id=7,
        reason="trigger",
        fee_usd=Decimal(fee),
        clock=at(60),
    )


def held(*events: Booking) -> Holding:
    found = Holding()
    for event in events:
        found = holding.evolve(found, event)
    return found


def test_a_position_counts_from_when_it_was_flat() -> None:
    found = held(
        a_fill("10", "150", "10"),
        funding("-0.5"),
        a_fill("0", "151", "10", realized_pnl_usd=Decimal(10)),
        funding("-0.1"),
        a_fill("4", "152", "4", clock=at(90)),
        a_fill("10", "153", "6", fee_usd=Decimal("-0.2")),
        funding("0.4"),
        a_venue_fee("0.01"),
        a_fill("6", "155", "4", realized_pnl_usd=Decimal("9.6")),
    )
    run = found.run
    assert run is not None
    assert run.opened_at == at(90).at
    assert (run.fills, run.realized_pnl_usd, run.funding_usd) == (3, Decimal("9.6"), Decimal("0.4"))
    assert run.fees_usd == Decimal("1.81")  # 1 - 0.2 + 0.01 + 1
    assert found.fees_usd == Decimal("3.8")  # The account's: 1 + 1 + 1 - 0.2 + 1
    # 152.6 on average; 9.6 - 1.81 + 0.4 = 8.19 made, over 6
    assert found.break_even_usd == Decimal("151.235")
    gain = found.quantity_base * (Decimal("151.235") - Decimal("152.6"))
    assert gain + run.made_usd == 0


def test_of_a_short_the_break_even_lies_below_the_entry() -> None:
    found = held(a_fill("-10", "150", "10", side=Side.SHORT))
    assert found.break_even_usd == Decimal("149.9")  # 150 - 1 / 10


def test_a_position_that_turns_over_takes_its_part_of_the_fee() -> None:
    found = held(
        a_fill("10", "150", "10"),
        a_fill("-5", "152", "15", realized_pnl_usd=Decimal(20), fee_usd=Decimal(3)),
    )
    assert found.run is not None
    assert (found.run.realized_pnl_usd, found.run.fees_usd) == (0, 1)  # 3 x 5 / 15
    assert found.entry_price_usd == 152


def test_a_flat_account_has_no_position_to_break_even() -> None:
    assert held().break_even_usd is None
    closed = held(a_fill("10", "150", "10"), a_fill("0", "151", "10"))
    assert (closed.run, closed.break_even_usd) == (None, None)


def shown(*chapters: Chapter, price: str | None = "150.4") -> PositionView:
    """Fold what a story writes after an approved entry, and value the position."""

    async def write() -> InMemoryLog:
        story = Story(InMemoryLog())
        await story.opens()
        await story.opens_account()
        setup = await story.approves(await story.signals(0))
        await story.enters(setup)
        for chapter in chapters:
            await chapter(story, setup)
        return story.log

    state = DeskState(account_id=AccountId("local"))
    for recorded in asyncio.run(write()).recorded:
        state = desk.evolve(state, recorded)
    live = Live(state)
    if price is not None:
        tick = Trade(i=1, t=to_millis(START), p=price, q="1", m=False)
        last = Price(Decimal(tick.p), from_millis(tick.t), tick.i)
        live.market = Market(price=last, price_heard_at=START + timedelta(hours=1))
    return position_view(live)


def fills_half(story: Story, setup: EventId) -> Awaitable[object]:
    return story.fills(setup, Leg.ENTRY, "150", "20", after="20", remaining="30", fee="0.5")


def sees(position: str, **changes: Any) -> Chapter:
    base: dict[str, Any] = {
        "position_base": Decimal(position),
        "break_even_usd": Decimal("150.06"),
        "liquidation_usd": Decimal(12),
        "clock": at(5),
        "block_height": 1,
        "cash_usd": Decimal(7_000),
        "orders": (),
        "market_seen": venue.ObservedMarket(
            status=venue.MarketStatus.ACTIVE,
            oracle_usd=Decimal(150),
            oracle_age_slots=0,
            trigger_usd=Decimal(150),
            bid_usd=Decimal(150),
            ask_usd=Decimal(150),
        ),
        "delegate": venue.DelegateSeen.OURS,
        "is_liquidating": False,
        "is_reduce_only": False,
        "fee_payer_lamports": 1,
        "fee_per_unit_microlamports": 1,
    }
    event = venue.VenueObserved(account="local", market=MARKET, **{**base, **changes})
    return lambda story, _: story.write(event)


def about(leg: Leg, event: type[Event], /, **fields: Any) -> Chapter:
    return lambda story, setup: story.observes(event, setup, leg, **fields)


def test_a_flat_account_shows_nothing_of_a_position() -> None:
    view = shown()
    assert (view.quantity_base, view.entry_price_usd, view.net_usd) == ("0", None, None)
    assert (view.liquidation_usd, view.break_even_usd, view.protection) == (None, None, None)


def test_a_position_tells_price_funding_and_fees_apart() -> None:
    view = shown(fills_half, lambda story, _: story.write(funding("-0.4")))
    assert (view.unrealized_pnl_usd, view.funding_usd, view.fees_usd) == ("8", "-0.4", "0.5")
    assert view.net_usd == "7.1"  # 20 x 0.4 - 0.4 - 0.5
    assert view.break_even_usd == "150.045"  # 150 + 0.9 / 20
    assert (view.price_usd, view.price_source) == ("150.4", "last trade of binance-usdm solusdt")
    assert view.price_heard_at == "2026-03-02T10:00:00.000Z"


def test_liquidation_is_told_by_risks_formula_and_by_the_venue() -> None:
    view = shown(fills_half, sees("20"))
    # Equity 10000 - 0.5 + 8 covers 20 x 150.4 whole: no price of a long can take it.
    assert (view.liquidation_usd, view.liquidation_distance_pct) == ("0", "100")
    assert view.liquidation_distance_atr == "188"  # 150.4 over an ATR of 0.8
    assert (view.venue_liquidation_usd, view.venue_break_even_usd) == ("12", "150.06")
    assert view.venue_at == "2026-03-02T09:05:00.000Z"
    assert shown(sees("0"), fills_half).venue_at is None


def test_a_large_position_has_a_price_at_which_it_is_gone() -> None:
    def fills_much(story: Story, setup: EventId) -> Awaitable[object]:
        return story.fills(setup, Leg.ENTRY, "150", "500", after="500", fee="0")

    view = shown(fills_much, price="150")
    # (500 x 150 - 10000) / (500 x 0.97)
    assert view.liquidation_usd == "134.02061856"
    assert view.liquidation_distance_pct == "10.65"  # 15.979 of 150
    assert view.liquidation_distance_atr == "19.97"  # 15.979 / 0.8
    assert (view.maintenance_ratio, view.maintenance_usd) == ("0.03", "2250")
    assert view.margin_ratio_pct == "13.33"  # 10,000 of 75,000
    assert view.health_pct == "77.5"  # 2,250 of 10,000 is taken


def test_a_flat_account_has_no_health_to_lose() -> None:
    view = shown()
    assert (view.maintenance_usd, view.margin_ratio_pct, view.health_pct) == (None, None, None)


def test_before_a_trade_is_heard_the_last_minute_is_the_price() -> None:
    view = shown(fills_half, price=None)
    assert view.price_source == "close of the last minute of binance-usdm solusdt"
    assert view.price_heard_at is None


def test_a_position_is_protected_while_the_venue_holds_its_stop() -> None:
    view = shown(fills_half).protection
    assert view is not None
    assert (view.is_held, view.stop_status, view.stop_price_usd) == (True, "resting", "149")
    assert view.stop_distance_pct == "0.93"  # 1.4 of 150.4
    gone = about(
        Leg.STOP,
        order.OrderCanceled,
        reason=order.CancelReason.ELSEWHERE,
        unfilled_base=None,
    )
    view = shown(fills_half, gone).protection
    assert view is not None
    assert (view.is_held, view.stop_status) == (False, None)
    assert shown(fills_half, gone, closes).protection == view


def closes(story: Story, setup: EventId) -> Awaitable[object]:
    return story.intends(setup, Leg.CLOSE, "149", None)


def test_the_rungs_that_are_done_are_counted() -> None:
    async def climbs(story: Story, setup: EventId) -> None:
        await story.places(setup, Leg.TP1, "151", "10")
        await story.places(setup, Leg.TP2, "152", "10")
        await story.fills(setup, Leg.TP1, "151", "10", after="10", made="10")

    view = shown(fills_half, climbs).protection
    assert view is not None
    assert view.targets_filled == 1
    assert [(one.leg, one.status) for one in view.targets] == [
        ("tp1", "filled"),
        ("tp2", "resting"),
    ]


def test_a_short_is_protected_by_a_stop_above() -> None:
    short = a_fill("-20", "148", "20", side=Side.SHORT, clock=VenueClock(at=START, slot=1))
    view = shown(lambda story, _: story.write(short), price="148").protection
    assert view is not None
    assert view.stop_distance_pct == "0.68"  # 1 of 148
