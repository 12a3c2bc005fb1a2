"""The trades report of a desk on real prints, against sums made in another way."""

from decimal import Decimal
from functools import cache

from audit.domain.trades.journal import Journal
from audit.domain.trades.markouts import AGE_MS_MAX, HORIZONS_S, Markouts
from audit.domain.trades.rows import Fill, Money
from contracts.order import OrderFilled, OrderIntended, SetupClosed
from contracts.values import Leg, to_millis
from contracts.venue import FundingSettled, VenueFeeCharged, VenueObserved
from kit.tape_fills import Played, ltc


@cache
def played() -> Played:
    return ltc(60_000, 62_500)


def report() -> Journal:
    journal = Journal()
    for recorded in played().log:
        journal.step(recorded)
    return journal


def test_every_setup_adds_up_and_all_fills_are_in_it() -> None:
    journal = report()
    assert journal.differences == []
    closed = [it.event for it in played().log if isinstance(it.event, SetupClosed)]
    assert len(closed) >= 4
    for event in closed:
        assert journal.setups[event.setup].exit_kind == event.outcome
    fills = [it.event for it in played().log if isinstance(it.event, OrderFilled)]
    rows = [fill.fill_id for setup in journal.setups.values() for fill in setup.fills]
    assert sorted(rows) == sorted(it.fill_id for it in fills)


def test_the_split_is_the_sum_of_the_events() -> None:
    (money,) = report().accounts.values()
    events = [it.event for it in played().log]
    fills = [it for it in events if isinstance(it, OrderFilled)]
    zero = Decimal(0)
    expected = Money(
        price_pnl_usd=sum((it.realized_pnl_usd for it in fills), zero),
        fees_usd=sum((it.fee_usd for it in fills if it.fee_usd > 0), zero),
        rebates_usd=-sum((it.fee_usd for it in fills if it.fee_usd < 0), zero),
        venue_fees_usd=sum((it.fee_usd for it in events if isinstance(it, VenueFeeCharged)), zero),
        funding_usd=sum((it.amount_usd for it in events if isinstance(it, FundingSettled)), zero),
        priority_lamports=money.priority_lamports,
        signature_lamports=money.signature_lamports,
    )
    assert money == expected
    assert money.rebates_usd > 0


def test_every_markout_is_that_of_the_prints() -> None:
    fills = [fill for setup in report().setups.values() for fill in setup.fills]
    markouts = Markouts(fills)
    for trade in played().trades:
        markouts.see(trade)
    assert len(fills) >= 20
    for fill in fills:
        for seconds in HORIZONS_S:
            assert fill.markouts_bps[seconds] == expected_markout(fill, seconds)


def expected_markout(fill: Fill, seconds: int) -> Decimal | None:
    at_ms = to_millis(fill.at) + seconds * 1_000
    before = [it for it in played().trades if it.t <= at_ms]
    if len(before) == len(played().trades) or at_ms - before[-1].t > AGE_MS_MAX:
        return None
    ratio = Decimal(before[-1].p) / fill.price_usd - 1
    return (fill.side.sign * ratio * 10_000).quantize(Decimal("0.0001"))


def test_an_entry_is_as_far_from_the_touch_as_the_snapshot_before_it_says() -> None:
    seen: VenueObserved | None = None
    setups = report().setups
    checked = 0
    for recorded in played().log:
        event = recorded.event
        if isinstance(event, VenueObserved):
            seen = event
        if isinstance(event, OrderIntended) and event.leg is Leg.ENTRY and seen is not None:
            placements = setups[event.setup].placements
            if not placements or placements[0].price_usd != event.price_usd:
                continue
            bid, ask = seen.market_seen.bid_usd, seen.market_seen.ask_usd
            gap = bid - event.price_usd if event.side.sign > 0 else event.price_usd - ask
            found = placements[0].from_touch_bps
            assert found == (gap * 20_000 / (bid + ask)).quantize(Decimal("0.0001"))
            checked += 1
    assert checked >= 4
