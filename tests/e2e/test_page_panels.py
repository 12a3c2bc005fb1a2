"""The panels of the page against the log that they are folded from.

Real signals, risk and execution work a synthetic market, whose log then stands still; the page
shows it in a real browser, over the gateway's real HTTP and WebSocket.
"""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import takewhile
from pathlib import Path
from typing import TypeVar
from uuid import UUID

import pytest

from contracts import subjects
from contracts.control import AccountOpened
from contracts.event import Event, Recorded
from contracts.feed import FeedKind
from contracts.ids import MarketId, SourceVenue, Symbol
from contracts.markets import market_spec
from contracts.order import OrderFilled, OrderIntended
from contracts.signal import EntrySignaled, EntryWithheld
from contracts.ticks import Liquidation, MarkPrice, Trade, encode_tick
from contracts.transaction import TransactionLanded, TransactionPlanned, TransactionSigned
from contracts.values import Leg
from contracts.venue import ObservedMarket, VenueObserved
from contracts.verdict import OrderApproved, OrderDenied, Rule
from gateway.page_files import PageFiles
from ingest.domain.decode import FrameDecoder
from ingest.domain.items import Decoded
from ingest.feeds.synthetic import BEGINS_MS, SYMBOL, SyntheticFeed
from kit.accessible import it_is_for_everybody_at_both_widths, watch_access
from kit.browser import Page, browser_page
from kit.gateway_app import Desk, running_desk, served, until
from kit.screens import DESKTOP, take_screens
from kit.tape_desk import TapeDesk

E = TypeVar("E", bound=Event)
VENUE, FED = SourceVenue("synthetic"), Symbol("solusdt")
LIQUIDATIONS = (
    Liquidation(t=BEGINS_MS + 60_000, side="long", p="150", q="16"),
    Liquidation(t=BEGINS_MS + 61_000, side="short", p="150", q="4"),
    Liquidation(t=BEGINS_MS + 2_400_000, side="short", p="150.6", q="1.992"),
)
MINUTES, EVERY = 45, 10
"""Enters every ten minutes: the first entry is moved, filled in parts and held, the rest denied."""


@dataclass(frozen=True)
class Log:
    """The log of the run."""

    events: Sequence[Recorded]
    last: Trade
    """Of the market: it values the position."""

    def of(self, kind: type[E]) -> list[tuple[Recorded, E]]:
        return [(one, one.event) for one in self.events if isinstance(one.event, kind)]


def market() -> list[Decoded]:
    """Give the market's first minutes."""
    decoder, end_ms = FrameDecoder(SYMBOL), BEGINS_MS + MINUTES * 60_000
    frames = SyntheticFeed(symbol=SYMBOL, seed=7).frames()
    ticks = (decoder.decode(frame) for frame in frames)
    return list(takewhile(lambda one: not isinstance(one, Trade) or one.t < end_ms, ticks))


@asynccontextmanager
async def opened(folder: Path, page_files: PageFiles) -> AsyncGenerator[tuple[Log, Page]]:
    """Let the desk trade, and open its page."""
    tape = TapeDesk(
        trades=[one for one in market() if isinstance(one, Trade)],
        spec=market_spec(MarketId("sol-perp")),
        venue="synthetic",
        every_minutes=EVERY,
        kind=FeedKind.SYNTHETIC,
    )
    await tape.run()
    async with (
        running_desk(
            log=tape.log.as_service("gateway"),
            opens_account=False,
            clock=lambda: datetime.now(UTC),
            page=page_files,
        ) as desk,
        served() as port,
        browser_page(folder) as page,
    ):
        await desk.caught_up()
        await the_market_goes_on(desk)
        await page.open(f"http://127.0.0.1:{port}/")
        await page.wait_for_text("connection-pill", "live")
        await watch_access(page)
        await page.resize(width=DESKTOP[0], height=DESKTOP[1])
        yield Log(tape.log.recorded, tape.trades[-1]), page
        assert page.errors == []


async def the_market_goes_on(desk: Desk) -> None:
    """Let the gateway hear the last trade, the last mark price and three liquidations."""
    ticks = market()
    for kind, subject in ((Trade, subjects.trades), (MarkPrice, subjects.mark)):
        last = [one for one in ticks if isinstance(one, kind)][-1]
        await desk.market.put(subject(VENUE, FED), encode_tick(last))
    for one in LIQUIDATIONS:
        await desk.market.put(subjects.liquidations(VENUE, FED), encode_tick(one))
    await until(lambda: len(desk.live.gauges.kept) == len(LIQUIDATIONS))
    await until(lambda: desk.live.gauges.mark is not None and desk.live.market.price is not None)


@pytest.mark.timeout(600)
async def test_the_panels_show_what_the_log_says(tmp_path: Path, built_page: PageFiles) -> None:
    async with opened(tmp_path, built_page) as (log, page):
        await it_marks_the_chart(log, page)
        await it_shows_the_position(log, page)
        await take_screens(page, tmp_path, "position")
        await it_shows_what_is_measured(page)
        await it_maps_liquidations(page)
        await take_screens(page, tmp_path, "telemetry")
        await page.resize(width=DESKTOP[0], height=DESKTOP[1])
        await it_says_why_not(log, page)
        await take_screens(page, tmp_path, "why-not")
        await page.resize(width=DESKTOP[0], height=DESKTOP[1])
        await it_lists_each_order(log, page)
        await it_opens_an_order(log, page)
        await take_screens(page, tmp_path, "orders")
        await it_is_for_everybody_at_both_widths(page)


# The chart.


async def it_marks_the_chart(log: Log, page: Page) -> None:
    for minutes in (15, 5, 1):
        await page.press(f"chart-interval-{minutes}m")
        of = f"Candles of {minutes} minute" + ("s" if minutes > 1 else "")
        label = "document.querySelector('[data-testid=chart-canvas]').ariaLabel"
        await page.wait_for(f"{label}.startsWith('{of} with VWAP')")
        await page.wait_for("document.querySelector('[data-testid=chart-canvas] canvas') !== null")
    await page.press("chart-table-toggle")
    fills = [it for _, it in log.of(OrderFilled)]
    quantity = sum((one.quantity_base for one in fills), Decimal(0)).normalize()
    entry = sum((one.quantity_base * one.price_usd for one in fills), Decimal(0)) / quantity
    rungs = {it.leg: it.price_usd for _, it in log.of(OrderIntended) if it.leg is not Leg.ENTRY}
    levels = [("ENTRY", entry), ("SL", rungs[Leg.STOP])]
    levels += [(leg.value.upper(), rungs[leg]) for leg in (Leg.TP1, Leg.TP2, Leg.TP3)]
    written_out = ", ".join(f"{name} {shown(price, 3)}" for name, price in levels)
    assert await page.text_of("chart-levels") == f"Levels: {written_out}."
    marks = await page.evaluate(
        "[...document.querySelectorAll('[data-testid=chart-mark]')].map((e) => e.innerText)"
    )
    signals = [signal_in_words(log, one, it) for one, it in log.of(EntrySignaled)]
    filled = f"ENTRY filled: buy {quantity} at {shown(entry, 3)}"
    assert len({one.clock.at.replace(second=0, microsecond=0) for one in fills}) == 1
    assert sorted(marks) == sorted([*signals, filled])
    await page.press("chart-table-toggle")
    summary = await page.text_of("chart-summary")
    assert all(f"{name} {shown(price, 3)}" in summary for name, price in levels)


def signal_in_words(log: Log, recorded: Recorded, signal: EntrySignaled) -> str:
    (denied,) = [it.headline for _, it in log.of(OrderDenied) if it.proposal == recorded.id] or [""]
    verdict = f"denied: {denied.replace('_', ' ')}" if denied else "approved"
    assert signal.features.session_vwap_usd is not None
    vwap = shown(signal.features.session_vwap_usd, 3)
    price = shown(signal.entry_price_usd, 3)
    return f"signal {signal.side} at {price}, VWAP {vwap}, {verdict}"


# The position.


async def it_shows_the_position(log: Log, page: Page) -> None:
    fills = [it for _, it in log.of(OrderFilled)]
    quantity = sum((one.quantity_base for one in fills), Decimal(0))
    paid = sum((one.quantity_base * one.price_usd for one in fills), Decimal(0))
    fees = sum((one.fee_usd for one in fills), Decimal(0))
    price, entry = Decimal(log.last.p), paid / quantity
    await page.wait_for_text("position", f"+{quantity} at {shown(entry, 3)}")
    await page.wait_for_text("position-price", f"{price:.3f}\nlast trade of synthetic solusdt")
    assert f"entry: average of {len(fills)} fills" in await page.text_of("position-entry")
    assert usd(quantity * price - paid) in await page.text_of("unrealized")
    assert await page.text_of("position-fees") == f"Rebates less fees\n+{usd(-fees)}"
    assert usd(quantity * price - paid - fees) in await page.text_of("position-net")
    break_even = entry + fees / quantity
    assert f"{shown(break_even, 3)}" in await page.text_of("position-break-even")
    (opened,) = (it for _, it in log.of(AccountOpened))
    assert opened.equity_usd is not None
    equity = opened.equity_usd - fees + quantity * price - paid
    assert equity > quantity * price
    leverage = shown(quantity * price / equity, 2)
    assert f"{leverage}× of 20× at most" in await page.text_of("position-leverage")
    maintenance = quantity * price * Decimal("0.03")
    health = f"{shown(100 - maintenance * 100 / equity, 2)} %\n{usd(maintenance)} maintenance"
    assert health in await page.text_of("position-health")
    ratio = f"{(equity * 100 / (quantity * price)).quantize(Decimal('0.01'), ROUND_HALF_UP):,}"
    assert f"{ratio} % gone at 3.0 %" in await page.text_of("position-margin-ratio")
    assert "the equity covers a price of zero" in await page.text_of("position-liquidation")
    assert "risk's rule “liquidation distance”" in await page.text_of("position-formula")
    seen = log.of(VenueObserved)[-1][1]
    assert seen.position_base == quantity
    assert f"break-even {seen.break_even_usd:.3f}" in await page.text_of("position-venue")
    (stop,) = (it for _, it in log.of(OrderIntended) if it.leg is Leg.STOP)
    assert f"resting at {stop.price_usd:.3f}" in await page.text_of("position-stop")
    away = (price - stop.price_usd) * 100 / price
    assert f"{shown(away, 2)} % away" in await page.text_of("position-stop")
    assert "0 of 3" in await page.text_of("position-targets")


def usd(value: Decimal) -> str:
    return f"{shown(value, 2)} USD"


def shown(value: Decimal, digits: int) -> str:
    """Write a number as the page does: half is rounded away from zero, and the minus is real."""
    return f"{value.quantize(Decimal(10) ** -digits, ROUND_HALF_UP):f}".replace("-", "−")


# Telemetry.


async def it_shows_what_is_measured(page: Page) -> None:
    mark = [one for one in market() if isinstance(one, MarkPrice)][-1]
    rate = Decimal(mark.funding) * 100
    funding = (await page.text_of("telemetry-funding")).replace("\xa0", " ")
    side = "longs pay shorts" if rate > 0 else "shorts pay longs"
    hour, year = abs(rate) / 8, abs(rate) / 8 * 24 * 365
    assert f"{side} {shown(hour, 4)} %/h ({shown(year, 1)} % a year)" in funding
    left = timedelta(milliseconds=mark.next_funding - mark.t)
    assert f"in {left // timedelta(hours=1)} h" in funding
    basis = (Decimal(mark.mark) / Decimal(mark.index) - 1) * 10_000
    told = await page.text_of("telemetry-basis")
    assert f"{basis:+.1f} bps".replace("-", "−") in told
    assert "(mark − index) / index × 10,000" in told
    for name in ("oi", "regime"):
        assert "Not fed: " in await page.text_of(f"telemetry-{name}")
    assert "0 (0 trades missing)" in await page.text_of("telemetry-feed_health")


async def it_maps_liquidations(page: Page) -> None:
    await page.wait_for("document.querySelectorAll('[data-testid=liq-cell]').length === 2")
    levels = "[...document.querySelectorAll('[data-testid=liq-cell]')].map((e) => e.dataset.level)"
    assert await page.evaluate(levels) == ["4", "1"]  # 3,000 and 300 USD
    await page.press("liq-table-toggle")
    table = await page.text_of("liq-table")
    for text in ("2,400.00 USD", "600.00 USD", "300.00 USD", "150.000", "150.600"):
        assert text in table, table
    await page.press("liq-table-toggle")


# Why not.


async def it_says_why_not(log: Log, page: Page) -> None:
    for recorded, said in log.of(EntryWithheld):
        row = await page.text_of(f"why-not-row-{recorded.position}")
        assert f"No entry: {said.reason.replace('_', ' ')}" in row
        assert f"long {said.long_phase}, short {said.short_phase}" in row
        assert "ATR(5m) not warmed up" in row
        assert shown(said.features.close_usd, 3) in row
    assert "14 closed bars of 5 minutes" in await page.text_of("why-not")
    denied = log.of(OrderDenied)
    for recorded, signal in log.of(EntrySignaled):
        row = await page.text_of(f"why-not-row-{recorded.position}")
        found = [it.headline for _, it in denied if it.proposal == recorded.id]
        outcome = f"denied: {found[0].replace('_', ' ')}" if found else "approved"
        assert f"Entry: {signal.side}, {outcome}" in row
    await it_shows_every_rule(page, denied[-1][1])
    assert "1 rule failed. one position per market: 1 position" in await page.text_of("verdict-why")


async def it_shows_every_rule(page: Page, denied: OrderDenied) -> None:
    assert [one.rule for one in denied.findings] == list(Rule)
    expected = {
        Rule.NOT_HALTED: ("0 kills", "at most 0 kills"),
        Rule.ENGINE_RUNS: ("run\trun",),
        Rule.STRATEGY_ENABLED: ("on\ton",),
        Rule.ONE_POSITION_PER_MARKET: ("1 position", "at most 0 positions"),
        Rule.QUANTITY_MIN: (" base", "at least 0.01 base"),
        Rule.LEVERAGE: ("×", "at most 20×"),
        Rule.DAILY_LOSS: (" %", "below 90 %"),
        Rule.PRIORITY_FEE_CAP: ("10,000 µlamports per unit", "at most 50,000 µlamports per unit"),
    }
    for finding in denied.findings:
        row = await page.text_of(f"finding-{finding.rule}")
        assert ("✓" if finding.passed else "✗") in row
        for text in expected.get(finding.rule, ()):
            assert text in row, row


# Orders.


async def it_lists_each_order(log: Log, page: Page) -> None:
    intended = log.of(OrderIntended)
    assert [it.leg for _, it in intended] == [Leg.ENTRY, Leg.STOP, Leg.TP1, Leg.TP2, Leg.TP3]
    await page.wait_for("document.querySelectorAll('[data-testid^=order-row-]').length > 0")
    rows = await page.evaluate(
        "[...document.querySelectorAll('[data-testid^=order-row-]')].map((e) => e.dataset.testid)"
    )
    assert rows == [f"order-row-{it.client_order_id}" for _, it in reversed(intended)]


async def it_opens_an_order(log: Log, page: Page) -> None:
    (entry,) = ((one, it) for one, it in log.of(OrderIntended) if it.leg is Leg.ENTRY)
    intended, life = entry[1], life_of(log, *entry)
    await page.evaluate(
        f"document.querySelector('[data-testid=order-toggle-{intended.client_order_id}]').focus()"
    )
    await page.command("Input.dispatchKeyEvent", type="keyDown", key="Enter", text="\r")
    await page.command("Input.dispatchKeyEvent", type="keyUp", key="Enter")
    await page.wait_for("document.querySelector('[data-testid=order-details]') !== null")

    named = await page.evaluate(
        "[...document.querySelectorAll('[data-testid^=order-stage-]')]"
        ".map((e) => e.dataset.testid.slice(12))"
    )
    assert named == stages_of(life)
    assert {"move_intended", "moved", "filled", "canceled"} <= set(named)
    await it_tells_how_long_it_took(log, page, intended, life)
    await it_tells_what_it_cost(log, page, intended, life)


async def it_tells_how_long_it_took(
    log: Log, page: Page, intended: OrderIntended, life: Sequence[Recorded]
) -> None:
    signed, sent = next(
        (one, one.event) for one in life if isinstance(one.event, TransactionSigned)
    )
    landed = next(one.event for one in life if isinstance(one.event, TransactionLanded))
    signatures = "document.querySelector('[data-testid=signature-signed]').title"
    assert await page.evaluate(signatures) == sent.signature
    assert await page.evaluate("document.querySelector('[data-testid^=explorer-]') === null")
    (approved,) = (one for one, _ in log.of(OrderApproved) if one.id == intended.setup)
    work = signed.recorded_at - approved.recorded_at
    assert await page.text_of("order-verdict-to-sent") == f"Verdict → sent\n{written(work)}"
    flight, slots = landed.clock.at - sent.clock.at, landed.slot - sent.clock.slot
    assert await page.text_of("order-sent-to-landed") == (
        f"Sent → landed\n{written(flight)} ({slots} slots)"
    )


async def it_tells_what_it_cost(
    log: Log, page: Page, intended: OrderIntended, life: Sequence[Recorded]
) -> None:
    fills = [(one, one.event) for one in life if isinstance(one.event, OrderFilled)]
    assert len(fills) > 1
    quantity, paid, fees, at_mid, at_oracle = (Decimal(0) for _ in range(5))
    for recorded, fill in fills:
        seen = seen_before(log, recorded, fill)
        quantity += fill.quantity_base
        paid += fill.quantity_base * fill.price_usd
        fees += fill.fee_usd
        at_mid += fill.quantity_base * (seen.bid_usd + seen.ask_usd) / 2
        at_oracle += fill.quantity_base * seen.oracle_usd
    sign = intended.side.sign
    for name, reference in (
        ("intended", quantity * intended.price_usd),
        ("mid", at_mid),
        ("oracle", at_oracle),
    ):
        cost = sign * (paid - reference) * 10_000 / reference
        assert bps(cost) in await page.text_of(f"order-cost-{name}")
    assert f"{shown(fees, 4)} USD" in await page.text_of("order-fee")


STAGES = {
    "order_intended": "intended",
    "transaction_signed": "signed",
    "transaction_landed": "landed",
    "order_placed": "resting",
    "order_replaced": "moved",
    "replace_intended": "move_intended",
    "cancel_intended": "cancel_intended",
    "order_canceled": "canceled",
    "order_filled": "filled",
}


def life_of(log: Log, recorded: Recorded, intended: OrderIntended) -> list[Recorded]:
    """Give the events about an order and its transactions, in their order."""
    intents, carried = {recorded.id}, set[UUID]()
    life: list[Recorded] = []
    for one in log.events:
        if getattr(one.event, "client_order_id", None) == intended.client_order_id:
            intents.add(one.id)
            life.append(one)
        elif isinstance(one.event, TransactionPlanned) and intents & set(one.event.intents):
            carried.add(one.id)
        elif getattr(one.event, "transaction", None) in carried:
            life.append(one)
    return life


def stages_of(life: Sequence[Recorded]) -> list[str]:
    """Name the stages; fills that follow each other are one."""
    names = [STAGES[one.event.event_type] for one in life]
    pairs = zip(["", *names], names, strict=False)
    return [name for before, name in pairs if (before, name) != ("filled", "filled")]


def seen_before(log: Log, recorded: Recorded, fill: OrderFilled) -> ObservedMarket:
    """Give the market as it was last recorded before a fill."""
    return [
        it.market_seen
        for one, it in log.of(VenueObserved)
        if one.position < recorded.position and it.clock.at <= fill.clock.at
    ][-1]


def written(length: timedelta) -> str:
    ms = length // timedelta(milliseconds=1)
    return f"{ms} ms" if ms < 1_000 else f"{ms / 1_000:.1f} s"


def bps(value: Decimal) -> str:
    rounded = round(value, 1)
    return f"{rounded:+} bps".replace("-", "−") if rounded else "0 bps"
