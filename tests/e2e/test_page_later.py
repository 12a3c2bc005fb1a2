"""What the page loads when it is shown: it waits, fails, is asked for again; never the stop."""

from pathlib import Path

import pytest

from gateway.page_files import PageFiles
from kit.accessible import it_is_for_everybody_at_both_widths, watch_access
from kit.browser import Page, browser_page
from kit.gateway_app import running_desk, served
from kit.screens import take_screens


@pytest.mark.timeout(600)
async def test_a_part_that_cannot_be_loaded_says_so_and_is_asked_for_again(
    tmp_path: Path, built_page: PageFiles
) -> None:
    async with (
        running_desk(page=built_page) as desk,
        served() as port,
        browser_page(tmp_path) as page,
    ):
        await desk.story.holds(0)
        await page.command("Network.enable")
        await block(page, "*/assets/*-page-*", "*/assets/activity-log-*")
        await page.open(f"http://127.0.0.1:{port}/")
        await page.wait_for_text("later-activity-failed", "could not be loaded")
        await page.wait_for_text("connection-pill", "live")
        await it_can_be_stopped(page)
        for part in ("settings", "about"):
            await page.press(f"page-{part}")
            await page.wait_for_text(f"later-{part}-failed", "could not be loaded")
        await watch_access(page)
        await it_is_for_everybody_at_both_widths(page)
        await take_screens(page, tmp_path, "state-not-loaded")
        await block(page)
        await page.press("later-about-again")
        await it_shows(page, "about")
        for tab, panel in (("settings", "notif-settings"), ("desk", "activity-rows")):
            await page.press(f"page-{tab}")
            await it_shows(page, panel)
        assert all("/assets/" in one for one in page.errors)


async def block(page: Page, *addresses: str) -> None:
    """Let these addresses, and no others, come to nothing."""
    await page.command("Network.setBlockedURLs", urls=list(addresses))


async def it_shows(page: Page, test_id: str) -> None:
    await page.wait_for(f"document.querySelector('[data-testid={test_id}]') !== null")


async def it_can_be_stopped(page: Page) -> None:
    """The stop needs nothing that is not here."""
    await page.press("emergency-stop")
    await page.wait_for("document.querySelector('[data-testid=stop-dialog]') !== null")
    await page.press("stop-dialog-close")
    await page.wait_for("document.querySelector('[data-testid=stop-dialog]') === null")
