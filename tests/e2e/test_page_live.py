"""Nothing that is old, missing or broken is shown as if it were live."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from contracts import control, subjects
from contracts.ids import SourceVenue, Symbol, derive_root_id
from contracts.ticks import Liquidation, Trade, encode_tick
from contracts.values import to_millis
from contracts.verdict import Rule
from gateway import consumers
from gateway.page_files import PageFiles
from kit.accessible import it_is_for_everybody_at_both_widths, watch_access
from kit.browser import Page, browser_page
from kit.gateway_app import Desk, running_desk, served, until
from kit.gateway_events import START, order_denied, settings
from kit.page_gateway import answer, between
from kit.screens import PHONE, take_screens

VENUE, FED = SourceVenue("binance-usdm"), Symbol("solusdt")
TRADES, LIQUIDATIONS = subjects.trades(VENUE, FED), subjects.liquidations(VENUE, FED)
MINUTES = 3


@dataclass
class Seat:
    """A desk with an open position, its page, and the time of both."""

    desk: Desk
    page: Page
    port: int
    now: list[datetime]

    async def prints(self, number: int, price: str) -> None:
        """Let the market trade, in the minute after the last closed one."""
        at = to_millis(START + timedelta(minutes=MINUTES + 1)) + 100 * number
        tick = Trade(i=100_000 + number, t=at, p=price, q="1", m=False)
        await self.desk.market.put(TRADES, encode_tick(tick))

    async def passes(self, length: timedelta) -> None:
        """Let time pass, and an event come that tells the page of it."""
        self.now[0] += length
        name = derive_root_id("later", int(self.now[0].timestamp()))
        await self.desk.story.write(order_denied(name, Rule.LEVERAGE))
        row = f"verdict-row-{await self.desk.log.head()}"
        await self.page.wait_for_text(row, "denied")


@asynccontextmanager
async def seated(folder: Path, built_page: PageFiles) -> AsyncGenerator[Seat]:
    now = [START + timedelta(hours=1)]
    async with (
        running_desk(page=built_page, clock=lambda: now[0], services_every_s=0.05) as desk,
        served() as port,
    ):
        status = json.dumps({"ready": True, "reason": "", "lag": 0}).encode()
        desk.ask.answers = {f"status.{name}": status for name in consumers.SERVICES}
        for number in range(MINUTES):
            await desk.story.passes(number)
        await desk.story.holds(MINUTES)
        await desk.caught_up()
        async with browser_page(folder) as page:
            await between(page)
            await page.open(f"http://127.0.0.1:{port}/")
            await page.wait_for_text("connection-pill", "live")
            yield Seat(desk, page, port, now)


@pytest.mark.timeout(600)
async def test_an_old_price_is_told_wherever_it_counts(
    tmp_path: Path, built_page: PageFiles
) -> None:
    async with seated(tmp_path, built_page) as seat:
        page, stale = seat.page, "document.querySelector('[data-testid=NAME]').dataset.stale"
        position, chart = (stale.replace("NAME", it) for it in ("position-card", "price-cvd-chart"))
        await seat.prints(1, "151.234")
        forced = Liquidation(t=to_millis(START), side="long", p="150", q="16")
        await seat.desk.market.put(LIQUIDATIONS, encode_tick(forced))
        await page.wait_for("document.title.startsWith('151.234 PAPER')")
        forced_map = stale.replace("NAME", "liq-heatmap")
        await page.wait_for(f"{forced_map} === 'false'")
        await page.wait_for_text("unrealized", "USD")
        assert await page.evaluate(f"[{position}, {chart}]") == ["false", "false"]
        await seat.passes(timedelta(minutes=1))
        await page.wait_for("document.title.startsWith('not live · PAPER')")
        await page.wait_for(f"{position} === 'true' && {chart} === 'true'")
        await page.wait_for_text("position-card", "at an old price")
        await page.wait_for_text("account-card", "at an old price")
        await page.wait_for_text("telemetry-price-age", "old")
        await page.wait_for(f"{forced_map} === 'true'")
        await page.wait_for_text("liq-heatmap", "not live, as of 1 min ago")
        for panel in ("setup-card", "why-not"):
            await page.wait_for_text(panel, "last trade 1 min ago")
            assert await page.evaluate(stale.replace("NAME", panel)) == "true"
        await watch_access(page)
        await it_is_for_everybody_at_both_widths(page)
        await take_screens(page, tmp_path, "state-silent", at="top-bar")
        await seat.passes(timedelta(seconds=1))  # The page's clock went on by itself meanwhile.
        await seat.prints(2, "151.5")
        await page.wait_for("document.title.startsWith('151.500 PAPER')")
        await page.wait_for(f"{position} === 'false' && {chart} === 'false'")
        await page.wait_for(f"{stale.replace('NAME', 'setup-card')} === 'false'")
        assert page.errors == []


@pytest.mark.timeout(600)
async def test_the_open_minute_is_drawn_as_the_market_made_it(
    tmp_path: Path, built_page: PageFiles
) -> None:
    async with seated(tmp_path, built_page) as seat:
        # The second minute that this gateway hears is whole; the page opens in its midst.
        for number, price in ((1, "150"), (700, "151"), (710, "153"), (720, "149"), (730, "152")):
            await seat.prints(number, price)
        await until(lambda: seat.desk.live.market.price is not None)
        await seat.page.wait_for_text("last-price", "152.000")
        told = (await seat.desk.http.get("/api/state")).json()["price"]["bar"]
        assert told == {
            "minute": "2026-03-02T09:05:00.000Z",
            "openUsd": "151",
            "highUsd": "153",
            "lowUsd": "149",
        }


@pytest.mark.timeout(600)
async def test_a_service_that_is_away_is_told_with_what_stands_still(
    tmp_path: Path, built_page: PageFiles
) -> None:
    async with seated(tmp_path, built_page) as seat:
        page, answers = seat.page, seat.desk.ask.answers
        await page.wait_for_text("lag", "lag 0")
        behind = json.dumps({"ready": True, "reason": "", "lag": 1_250}).encode()
        told, answers["status.risk"] = answers["status.risk"], behind
        await page.resize(width=PHONE[0], height=PHONE[1])
        await page.wait_for_text("connection-pill", "lag 1,250")
        await page.wait_for_text("latency", " ms")
        await take_screens(page, tmp_path, "state-lagging", at="top-bar")
        answers["status.risk"] = told
        await page.wait_for_text("lag", "lag 0")
        assert await page.text_of("warning-banner") == ""
        told = answers.pop("status.execution")
        await page.wait_for_text("service-execution", "no answer")
        await seat.passes(timedelta(seconds=30))
        await page.wait_for_text("warning-banner", "Execution has not answered since 10:00:00 UTC")
        assert "no position is closed" in await page.text_of("warning-banner")
        answers["status.execution"] = told
        await page.wait_for(
            "document.querySelector('[data-testid=warning-banner]').innerText === ''"
        )
        assert page.errors == []


@pytest.mark.timeout(600)
async def test_a_part_that_fails_takes_nothing_with_it(
    tmp_path: Path, built_page: PageFiles
) -> None:
    async with seated(tmp_path, built_page) as seat:
        page = seat.page
        await answer(page, {"/api/orders": {"status": 200, "items": [{}]}})
        await page.wait_for_text("failed-order-life", "This part of the page failed")
        await page.wait_for_text("connection-pill", "live")
        await page.hold("[data-testid=emergency-stop]", until="stop-result")
        await page.wait_for_text("stop-result", "New entries are blocked.")
        assert seat.desk.live.state.is_halted


@pytest.mark.timeout(600)
async def test_a_verdict_stays_however_much_came_after_it(
    tmp_path: Path, built_page: PageFiles
) -> None:
    async with seated(tmp_path, built_page) as seat:
        page, story = seat.page, seat.desk.story
        await story.write(order_denied(derive_root_id("long ago"), Rule.DAILY_LOSS))
        verdict = await seat.desk.log.head()
        for number in range(MINUTES + 1, 300):
            await story.passes(number)
        for number in range(60):
            await story.write(
                control.SettingsChanged(
                    account="local",
                    before=a_settings(number),
                    settings=a_settings(number + 1),
                    by="somebody",
                )
            )
        await seat.desk.caught_up()
        await answer(page, {})
        await page.wait_for_text(f"verdict-row-{verdict}", "denied")
        await page.wait_for_text(f"verdict-row-{verdict}", "daily loss")
        await page.press(f"verdict-toggle-{verdict}")
        await page.wait_for_text("verdict-why", "the newest 2")
        await page.wait_for("document.querySelector('[data-testid^=finding-]') === null")
        assert page.errors == []


def a_settings(number: int) -> control.Settings:
    return settings(leverage_max=Decimal(number + 1))


@pytest.mark.timeout(600)
async def test_a_text_to_filter_by_is_corrected_in_its_midst(
    tmp_path: Path, built_page: PageFiles
) -> None:
    async with seated(tmp_path, built_page) as seat:
        page = seat.page
        await page.press("activity-filter-text")
        await page.type("closed")
        field = "document.querySelector('[data-testid=activity-filter-text]')"
        await page.evaluate(f"{field}.setSelectionRange(0, 0)")
        for letter in ("t", "e", "_"):
            await page.type(letter)
        assert await page.evaluate(f"{field}.value") == "te_closed"
        await page.wait_for("location.search === '?q=te_closed'")
        assert page.errors == []


@pytest.mark.timeout(600)
async def test_a_resume_that_leaves_another_stop_says_so(
    tmp_path: Path, built_page: PageFiles
) -> None:
    async with seated(tmp_path, built_page) as seat:
        page, http = seat.page, seat.desk.http
        for scope in ("account", "global"):
            await http.post("/api/engine/kill", json={"reason": "a drill", "scope": scope})
        await page.wait_for_text("halt-banner", "all accounts")
        await page.press("resume-button")
        await page.wait_for_text("resume-dialog", "The stop of all accounts stands on")
        await page.put_in("resume-reason", "checked")
        await page.press("resume-confirm")
        await page.wait_for_text("toast-resumed", "That of all accounts stands.")
        await page.wait_for("document.querySelector('[data-testid=halt-banner]') !== null")
        assert seat.desk.live.state.is_halted
