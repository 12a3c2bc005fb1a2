"""The gateway's fold over the log: what it shows after what happened."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts import control, feed, minute, order, venue, verdict
from contracts.control import KillLevel
from contracts.engine import Mode, PositionAdopted
from contracts.event import Event
from contracts.ids import AccountId
from contracts.values import Leg, Side
from gateway.domain import desk
from gateway.domain.book import SetupStatus
from gateway.domain.desk import DeskState
from gateway.domain.feed import FeedStatus
from gateway.domain.orders import OrderStatus
from kit import gateway_events as events
from kit.gateway_events import START
from kit.gateway_story import Story
from kit.memory import InMemoryLog

Write = Callable[[Story], Awaitable[object]]


async def written(*chapters: Write, **account: Any) -> InMemoryLog:
    """Write a story of an account."""
    log = InMemoryLog()
    story = Story(log)
    await story.opens()
    await story.opens_account(**account)
    for chapter in chapters:
        await chapter(story)
    return log


def folded(*chapters: Write, **account: Any) -> DeskState:
    """Fold what a story writes."""
    state = DeskState(account_id=AccountId("local"))
    for recorded in asyncio.run(written(*chapters, **account)).recorded:
        state = desk.evolve(state, recorded)
    return state


def test_an_open_position_shows_its_average_entry_and_its_ladder() -> None:
    state = folded(lambda story: story.holds(0))
    assert state.book.holding.quantity_base == 50
    assert state.book.holding.entry_price_usd == 150
    assert state.book.setup is not None
    assert state.book.setup.status is SetupStatus.OPEN
    statuses = {one.leg: one.status for one in state.book.orders}
    assert statuses == {
        Leg.ENTRY: OrderStatus.FILLED,
        Leg.STOP: OrderStatus.RESTING,
        Leg.TP1: OrderStatus.RESTING,
        Leg.TP2: OrderStatus.RESTING,
        Leg.TP3: OrderStatus.RESTING,
    }


def test_equity_is_the_start_plus_what_fills_made_less_fees_plus_what_is_open() -> None:
    async def chapter(story: Story) -> None:
        setup = await story.holds(0)
        await story.fills(setup, Leg.TP1, "151", "25", after="25", made="25", fee="0.5")

    state = folded(chapter)
    # 10000 + 25 made - 0.75 - 0.5 fees = 10023.75; 25 left, 2 above the entry: + 50.
    assert desk.equity_usd(state, Decimal(152)) == Decimal("10073.75")
    assert desk.equity_usd(state, None) is None


def test_a_growing_position_averages_its_entries_and_a_shrinking_one_keeps_them() -> None:
    async def chapter(story: Story) -> None:
        setup = await story.approves(await story.signals(0))
        await story.places(setup, Leg.ENTRY, "150", "50")
        await story.fills(setup, Leg.ENTRY, "150", "10", after="10", remaining="40")
        await story.fills(setup, Leg.ENTRY, "149", "30", after="40", remaining="10")
        await story.fills(setup, Leg.TP1, "151", "20", after="20")

    state = folded(chapter)
    # (10 x 150 + 30 x 149) / 40 = 149.25
    assert state.book.holding.entry_price_usd == Decimal("149.25")
    assert state.book.orders[0].status is OrderStatus.PARTIALLY_FILLED


def test_a_closed_setup_is_flat_and_says_how_it_ended() -> None:
    async def chapter(story: Story) -> None:
        setup = await story.holds(0)
        await story.fills(setup, Leg.STOP, "149", "50", after="0", made="-50")
        await story.write(events.setup_closed(setup))

    state = folded(chapter)
    assert state.book.setup is not None
    assert state.book.setup.status is SetupStatus.CLOSED
    assert state.book.setup.closed is not None
    assert state.book.setup.closed.outcome == "stopped"
    assert state.book.holding.quantity_base == 0
    assert state.book.holding.entry_price_usd is None
    assert state.book.setups_closed == 1


def kill(account: str | None, level: KillLevel = KillLevel.CANCEL_ENTRIES) -> Write:
    return lambda story: story.write(events.a_kill(account, level, reason=f"to {level.name}"))


def resume(account: str | None) -> Write:
    event = control.TradingResumed(account=account, reason="fine", by="local")
    return lambda story: story.write(event)


def test_a_kill_halts_and_a_resume_of_the_same_scope_lifts_it() -> None:
    assert folded(kill("local")).is_halted
    assert not folded(kill("local"), resume("local")).is_halted
    assert folded(kill(None), resume("local")).is_halted
    assert not folded(kill(None), resume(None)).is_halted


def test_a_kill_never_goes_down_by_itself() -> None:
    high, low = kill("local", KillLevel.FLATTEN), kill("local", KillLevel.PAUSE_ENTRIES)
    raised, lowered, anew = folded(low, high), folded(high, low), folded(high, resume("local"), low)

    assert raised.halt is not None
    assert raised.halt.reason == "to FLATTEN"
    assert lowered.halt is not None
    assert (raised.kill_level, lowered.kill_level) == (KillLevel.FLATTEN, KillLevel.FLATTEN)
    assert lowered.halt.reason == "to FLATTEN"
    assert anew.kill_level is KillLevel.PAUSE_ENTRIES


def test_of_the_accounts_and_the_global_kill_the_higher_level_stands() -> None:
    both = (kill(None, KillLevel.PAUSE_ENTRIES), kill("local", KillLevel.FLATTEN))

    assert folded(*both).kill_level is KillLevel.FLATTEN
    assert folded(*both, resume("local")).kill_level is KillLevel.PAUSE_ENTRIES
    assert folded(*both, resume(None)).kill_level is KillLevel.FLATTEN
    assert folded(*both, resume(None), resume("local")).kill_level is None


def test_the_engine_shows_its_newest_mode_and_why() -> None:
    def change(mode: Mode, reason: str) -> Write:
        return lambda story: story.write(events.mode_changed(mode, reason=reason))

    degraded = folded(change(Mode.DEGRADED, "oracle-stale"))
    killed = folded(change(Mode.DEGRADED, "oracle-stale"), change(Mode.KILL_CANCEL, "killed"))

    assert folded().engine is None
    assert degraded.engine is not None
    assert (degraded.engine.mode, degraded.engine.reason) == (Mode.DEGRADED, "oracle-stale")
    assert degraded.engine.position == degraded.position
    assert killed.engine is not None
    assert (killed.engine.mode, killed.engine.reason) == (Mode.KILL_CANCEL, "killed")


def test_funding_and_venue_fees_move_the_balance_apart_from_trading_fees() -> None:
    funding = venue.FundingSettled(
        account="local",
        market=events.MARKET,
        amount_usd=Decimal("-0.4"),
        rate=Decimal("0.00001"),
        position_base=Decimal(50),
        hour=START,
        clock=events.at(2),
    )
    fee = venue.VenueFeeCharged(
        account="local",
        market=events.MARKET,
        key="fee-1",
        venue_order_id=7,
        reason="trigger",
        fee_usd=Decimal("0.01"),
        clock=events.at(2),
    )
    state = folded(
        lambda story: story.holds(0),
        lambda story: story.write(funding),
        lambda story: story.write(fee),
    )
    holding = state.book.holding
    assert (holding.fees_usd, holding.venue_fees_usd, holding.funding_usd) == (
        Decimal("0.75"),
        Decimal("0.01"),
        Decimal("-0.4"),
    )
    # 10000 - 0.75 - 0.01 - 0.4; 50 at their entry price make nothing.
    assert desk.equity_usd(state, Decimal(150)) == Decimal("9998.84")


def test_money_on_a_chain_is_what_was_shown_and_paid_in_and_no_gain() -> None:
    quote = venue.QuoteBalance(
        balance_usd=Decimal(1_000), deposit_index=Decimal(1), borrow_index=Decimal(1)
    )
    who: dict[str, Any] = {"account": "local", "market": events.MARKET, "clock": events.at(2)}
    funded = venue.AccountFunded(**who, cash_usd=Decimal("1234.56"), quote=quote)
    paid_in = venue.CapitalMoved(**who, key="1", amount_usd=Decimal("500.25"))
    taken_out = venue.CapitalMoved(**who, key="2", amount_usd=Decimal(-1_000))
    earned = venue.InterestSettled(**who, amount_usd=Decimal("0.4"), quote=quote)

    def on_chain(*after: Event) -> DeskState:
        async def chapter(story: Story) -> None:
            for event in after:
                await story.write(event)

        return folded(chapter, venue="devnet", equity_usd=None)

    unknown = on_chain(paid_in)
    assert unknown.account is not None
    assert (unknown.account.capital_usd, desk.equity_usd(unknown, None)) == (None, None)
    state = on_chain(funded, paid_in, taken_out, earned)
    assert state.account is not None
    assert state.account.capital_usd == Decimal("734.81")  # 1234.56 + 500.25 - 1000
    assert desk.equity_usd(state, None) == Decimal("735.21")  # The interest is what it made.


def test_another_accounts_events_change_only_the_position() -> None:
    state = folded(kill("other"))
    assert state.position == 4
    assert not state.is_halted


def test_gaps_stalls_and_the_end_of_a_tape_show_on_the_feed() -> None:
    gap = feed.TradeGapDetected(
        venue="binance-usdm",
        symbol="solusdt",
        first_missing_id=10,
        last_missing_id=14,
        missing_trades=5,
        before_at=START,
        after_at=START,
    )
    stalled = feed.FeedStalled(
        venue="binance-usdm", symbol="solusdt", stream="trades", reason="silence", silence_ms=9_000
    )
    state = folded(lambda story: story.write(gap), lambda story: story.write(stalled))
    assert state.feed is not None
    assert (state.feed.gaps, state.feed.missing_trades) == (1, 5)
    assert state.feed.gap_at is not None
    assert (state.feed.status, state.feed.reason) == (FeedStatus.STALLED, "silence")


def test_a_missed_history_shows_on_the_feed_when_it_flows() -> None:
    missed = feed.HistoryMissed(venue="binance-usdm", symbol="solusdt", reason="status 503")
    stalled = feed.FeedStalled(
        venue="binance-usdm", symbol="solusdt", stream="trades", reason="silence", silence_ms=9_000
    )
    recovered = feed.FeedRecovered(
        venue="binance-usdm", symbol="solusdt", stream="trades", stalled_ms=9_500
    )

    async def chapter(story: Story) -> None:
        for event in (missed, stalled, recovered):
            await story.write(event)

    state = folded(chapter)
    assert state.feed is not None
    assert (state.feed.status, state.feed.reason) == (FeedStatus.FLOWING, "")
    assert state.feed.history_missed == "status 503"


def test_backfilled_minutes_are_in_the_session_and_on_the_chart() -> None:
    summed = minute.BackfilledMinute(
        open_usd=Decimal(149),
        high_usd=Decimal(151),
        low_usd=Decimal(148),
        close_usd=Decimal(150),
        volume_base=Decimal(10),
        buy_volume_base=Decimal(7),
        turnover_usd=Decimal(1490),
    )
    history = minute.MinutesBackfilled(
        venue="binance-usdm",
        symbol="solusdt",
        market="sol-perp",
        source=minute.CandleSource.BINANCE_KLINES,
        part=1,
        parts=1,
        first_minute=datetime(2026, 1, 1, 23, 59, tzinfo=UTC),
        minutes=(summed,) * 3,
        next_trade_id=8,
    )
    state = folded(lambda story: story.write(history))
    assert state.session is not None
    # One minute belongs to the day before: 2 x (2 x 7 - 10), 2 x 1,490 USD
    assert (state.session.cvd_base, state.session.turnover_usd) == (8, 2_980)
    assert [bar.cvd_base for bar in state.bars] == [4, 4, 8]
    assert state.bars[-1].vwap_usd == 149
    assert state.session.last_trade_id == 7


def test_the_session_sums_start_anew_at_midnight() -> None:
    before_midnight = 14 * 60 + 59  # The story starts at 09:00.

    async def chapter(story: Story) -> None:
        await story.passes(before_midnight, buy_volume_base=Decimal(80))
        await story.passes(before_midnight + 1, buy_volume_base=Decimal(55))

    state = folded(chapter)
    assert state.session is not None
    assert [bar.cvd_base for bar in state.bars] == [60, 10]  # 2 x 80 - 100, then 2 x 55 - 100.
    assert state.session.minute == START + timedelta(hours=15)


def test_an_unreadable_event_is_counted_and_moves_the_lock() -> None:
    state = folded()
    passed = desk.pass_over(
        state, position=9, subject="control.p16.local", recorded_at=START + timedelta(hours=1)
    )
    assert (passed.unreadable, passed.unreadable_position) == (1, 9)
    assert (passed.position, passed.control_position) == (9, 9)


def test_a_damaged_checkpoint_is_refused() -> None:
    with pytest.raises(ValueError, match="account_id"):
        desk.load(b"{}")


NOBODY = events.derive_root_id("nobody")
ADOPTED = PositionAdopted(
    account="local",
    market=events.MARKET,
    position_base=Decimal(3),
    oracle_usd=Decimal(150),
    stop_price_usd=Decimal(140),
)
FOREIGN = venue.ForeignOrderFilled(
    account="local",
    market=events.MARKET,
    fill_id="theirs",
    venue_order_id=9,
    side=Side.SHORT,
    price_usd=Decimal(150),
    quantity_base=Decimal(1),
    fee_usd=Decimal("0.1"),
    realized_pnl_usd=Decimal(1),
    position_after_base=Decimal(2),
    clock=events.at(1),
)
EVERY_LONG_CANCELED = order.SideCancelIntended(
    account="local",
    market=events.MARKET,
    setup=None,
    side=Side.LONG,
    reason=order.CancelReason.KILL_SWITCH,
)
CHAPTERS: tuple[Write, ...] = (
    lambda story: story.passes(story.count),
    lambda story: story.holds(story.count),
    lambda story: story.opens(),
    lambda story: story.opens_account(),
    lambda story: story.write(events.order_denied(NOBODY, verdict.Rule.LEVERAGE)),
    lambda story: story.fills(NOBODY, Leg.STOP, "149", "5", after="-5"),
    lambda story: story.observes(
        order.StopTriggered, NOBODY, Leg.STOP, trigger_price_usd=Decimal(1)
    ),
    kill("local"),
    kill("local", KillLevel.FLATTEN),
    lambda story: story.write(events.mode_changed(Mode.DEGRADED)),
    lambda story: story.write(ADOPTED),
    lambda story: story.write(FOREIGN),
    lambda story: story.plans(None, [NOBODY]),
    lambda story: story.lands(NOBODY),
    lambda story: story.write(EVERY_LONG_CANCELED),
)


@given(st.lists(st.sampled_from(CHAPTERS), max_size=6), st.integers(0, 60))
@settings(max_examples=40, deadline=None)
def test_a_checkpoint_anywhere_in_any_story_changes_nothing(
    chapters: list[Write], position: int
) -> None:
    recorded = asyncio.run(written(*chapters)).recorded
    whole = split = DeskState(account_id=AccountId("local"))
    for one in recorded:
        whole = desk.evolve(whole, one)
        split = desk.evolve(split, one)
        if one.position == position:
            split = desk.load(desk.dump(split))
    assert split == whole
