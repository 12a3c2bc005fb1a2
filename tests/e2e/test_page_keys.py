"""The page by keys alone, and what it says of itself."""

from pathlib import Path

import pytest

from gateway.page_files import PageFiles
from gateway.place import DRIFT
from kit.accessible import it_is_for_everybody_at_both_widths, watch_access
from kit.browser import Page, browser_page
from kit.gateway_app import running_desk, served
from kit.screens import take_screens

FOCUSED = "document.activeElement?.dataset.testid"


@pytest.mark.timeout(600)
async def test_the_page_is_walked_by_keys(tmp_path: Path, built_page: PageFiles) -> None:
    async with running_desk(page=built_page) as desk, served() as port:
        await desk.story.passes(0)
        async with browser_page(tmp_path) as page:
            await page.open(f"http://127.0.0.1:{port}/")
            await page.wait_for_text("connection-pill", "live")
            await watch_access(page)
            await it_goes_everywhere(page)
            await it_leaves_fields_alone(page)
            await it_shows_the_keys(page, tmp_path)
            await it_can_be_turned_off(page)
            await it_says_what_runs(page, tmp_path)
            assert page.errors == []


async def it_goes_everywhere(page: Page) -> None:
    for key, path, testid in (
        ("s", "/settings", "preferences"),
        ("i", "/about", "about"),
        ("d", "/", "price-cvd-chart"),
    ):
        await page.strike("g", key)
        await page.wait_for(f"location.pathname === '{path}'")
        await page.wait_for(f"document.querySelector('[data-testid={testid}]') !== null")
    await page.strike("g", "s")
    await page.wait_for("location.pathname === '/settings'")
    await page.strike("g", "a")
    await page.wait_for(f"location.pathname === '/' && {FOCUSED} === 'activity-rows'")
    await page.strike("g", "p")
    await page.wait_for(f"{FOCUSED} === 'position-card'")
    await page.strike("/")
    await page.wait_for(f"{FOCUSED} === 'activity-filter-text'")


async def it_leaves_fields_alone(page: Page) -> None:
    await page.strike("?", "g", "s", "/")
    await page.wait_for("new URLSearchParams(location.search).get('q') === '?gs/'")
    assert await page.evaluate("location.pathname === '/'")
    await page.evaluate("document.activeElement.blur()")


async def it_shows_the_keys(page: Page, folder: Path) -> None:
    await page.strike("?")
    await page.wait_for_text("keys-sheet", "Filter the activity by text")
    await it_is_for_everybody_at_both_widths(page)
    await take_screens(page, folder, "keys")
    # A window that is open keeps the keys from going anywhere behind it.
    await page.strike("g", "s")
    assert await page.evaluate("location.pathname === '/'")
    await page.strike("Escape")
    await page.wait_until_gone("keys-sheet")


async def it_can_be_turned_off(page: Page) -> None:
    await page.strike("?")
    await page.press("keys-switch")
    await page.wait_for_text("keys-sheet", "Single keys are off.")
    await page.strike("Escape")
    await page.wait_until_gone("keys-sheet")
    await page.strike("g", "i")
    await page.press("page-settings")
    await page.wait_for("location.pathname === '/settings'")
    await page.press("keys-toggle")
    await page.evaluate("document.activeElement.blur()")
    await page.strike("g", "i")
    await page.wait_for("location.pathname === '/about'")


async def it_says_what_runs(page: Page, folder: Path) -> None:
    await page.wait_for_text("about", "simulated: no real money moves")
    said = await page.evaluate("fetch('/api/version').then((it) => it.json())")
    assert f"Build\n{said['version']}" in await page.text_of("about-build")
    assert "paper" in await page.text_of("about-venue")
    title = "document.querySelector('[data-testid=about-program-id]').title"
    assert await page.evaluate(title) == DRIFT
    await it_is_for_everybody_at_both_widths(page)
    await take_screens(page, folder, "about")
