"""Every panel in every state: loading, failed, empty, live, silent and cut off; each says which."""

from pathlib import Path

import pytest

from gateway.page_files import PageFiles
from kit.accessible import it_is_for_everybody_at_both_widths, watch_access
from kit.browser import Page, browser_page
from kit.gateway_app import running_desk, served
from kit.page_gateway import NEVER, answer, between, broken, set_line
from kit.screens import take_screens

EMPTY = {
    "price-cvd-chart": "No minute yet: the chart begins with the first trade.",
    "account-card": "No account yet: it opens with the feed.",
    "position-card": "No account yet: it opens with the feed.",
    "strategy-controls": "No account yet: it opens with the feed.",
    "telemetry": "Not fed: ",
    "orders": "No order was intended yet",
    "setup-card": "No setup yet: risk has approved none.",
    "verdict-why": "No proposal has been judged yet.",
    "why-not": "The first minute has not closed yet.",
    "activity-log": "Nothing has happened yet.",
    "services-card": "no answer",
}
"""The panels of the desk, and what each says where there is nothing."""
OWN = (
    ("/", "/api/telemetry", "telemetry"),
    ("/", "/api/settings", "strategy-controls"),
    ("/", "/api/orders", "orders"),
    ("/settings", "/api/notifications", "notif-settings"),
    ("/about", "/api/version", "about"),
)
"""Panels that ask for something of their own: where they stand, and what they ask for."""


async def all_say(page: Page, text: str) -> None:
    for panel in EMPTY:
        await page.wait_for_text(panel, text)


@pytest.mark.timeout(600)
async def test_every_panel_says_in_which_state_it_is(tmp_path: Path, built_page: PageFiles) -> None:
    async with running_desk(page=built_page) as desk, served() as port:
        for number in range(3):
            await desk.story.passes(number)
        await desk.story.holds(3)
        async with browser_page(tmp_path) as page:
            await between(page)
            await page.open(f"http://127.0.0.1:{port}/")
            await page.wait_for_text("connection-pill", "live")
            await watch_access(page)
            await page.wait_for("document.querySelectorAll('[data-stale=true]').length === 0")
            for line in ("silent", "cut"):
                await set_line(page, line)
                await all_say(page, "not live")
                await it_is_for_everybody_at_both_widths(page)
                await answer(page, {})
                await page.wait_for_text("connection-pill", "live")
                await watch_access(page)
            await take_screens(page, tmp_path, "state-live")
            await it_says_what_it_waits_for(page, tmp_path)
            for path, asks, panel in OWN:
                await it_says_what_its_own_request_came_to(page, port, path, asks, panel)
            assert page.errors == []


async def it_says_what_it_waits_for(page: Page, folder: Path) -> None:
    await answer(page, {"/api/state": NEVER})
    await all_say(page, "Loading …")
    await answer(page, {"/api/state": broken("the disk is full")})
    await all_say(page, "Not loaded. The gateway failed: the disk is full.")
    await watch_access(page)
    await it_is_for_everybody_at_both_widths(page)
    await take_screens(page, folder, "state-failed")


async def it_says_what_its_own_request_came_to(
    page: Page, port: int, path: str, asks: str, panel: str
) -> None:
    await page.open(f"http://127.0.0.1:{port}{path}")
    # What the stream tells would take the place of an answer.
    await answer(page, {asks: NEVER}, line="silent")
    await page.wait_for_text(panel, "Loading …")
    await answer(page, {asks: broken("the disk is full")}, line="silent")
    await page.wait_for_text(panel, "Not to be had now. The gateway failed: the disk is full")


@pytest.mark.timeout(600)
async def test_every_panel_says_that_there_is_nothing(
    tmp_path: Path, built_page: PageFiles
) -> None:
    async with (
        running_desk(page=built_page, opens_account=False),
        served() as port,
        browser_page(tmp_path) as page,
    ):
        await page.open(f"http://127.0.0.1:{port}/")
        await page.wait_for_text("connection-pill", "live")
        for panel, text in EMPTY.items():
            await page.wait_for_text(panel, text)
        await watch_access(page)
        await it_is_for_everybody_at_both_widths(page)
        await take_screens(page, tmp_path, "state-empty")
        assert page.errors == []
