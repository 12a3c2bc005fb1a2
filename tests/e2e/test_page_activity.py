"""The activity on the page: back to the log's beginning, paused, after a lost connection."""

from pathlib import Path

import pytest

from contracts.ids import EventId, derive_root_id
from contracts.values import Leg
from contracts.verdict import Rule
from gateway.page_files import PageFiles
from kit.accessible import it_is_for_everybody_at_both_widths, watch_access
from kit.browser import Page, browser_page
from kit.gateway_app import Desk, running_desk, served
from kit.gateway_events import order_denied
from kit.page_gateway import between, set_line
from kit.screens import take_screens

MINUTES = 700
ROWS = "document.querySelector('[data-testid=activity-rows]')"
FOOT = "document.querySelector('[data-testid=activity-older]').dataset.state"


@pytest.mark.timeout(600)
async def test_the_log_is_read_to_its_beginning(tmp_path: Path, built_page: PageFiles) -> None:
    async with running_desk(page=built_page) as desk, served() as port:
        for number in range(MINUTES):
            await desk.story.passes(number)
        # The first page has news enough: no older one is loaded by itself.
        for number in range(80):
            await desk.story.write(order_denied(derive_root_id("news", number), Rule.LEVERAGE))
        await desk.caught_up()
        async with browser_page(tmp_path) as page:
            await between(page)
            await page.open(f"http://127.0.0.1:{port}/?noise=true")
            await page.wait_for_text("connection-pill", "live")
            await it_goes_back_to_the_first_event(desk, page)
            await it_counts_what_comes_while_it_is_paused(desk, page)
            await it_finds_what_was_not_loaded(page, port)
            await it_says_what_it_replayed(desk, page)
            await it_is_for_everybody_at_both_widths(page)
            await take_screens(page, tmp_path, "activity")
            assert page.errors == []


async def it_goes_back_to_the_first_event(desk: Desk, page: Page) -> None:
    head = await desk.log.head()
    assert head > 2 * MINUTES
    await page.wait_for(f"{FOOT} === 'idle'")
    # Each time that its end comes into sight, more is loaded, until there is no more.
    to_the_end = f"({ROWS}.scrollTop = {ROWS}.scrollHeight, {FOOT} === 'end')"
    await page.wait_for(to_the_end)
    first = "document.querySelector('[data-testid=activity-row-1]')"
    await page.wait_for(f"({to_the_end}, {first} !== null)")
    assert await page.text_of("activity-older") == "This is the beginning of the log."
    await page.wait_for_text("activity-count", f"{head:,} events")


async def it_counts_what_comes_while_it_is_paused(desk: Desk, page: Page) -> None:
    await page.press("activity-pause")
    await page.wait_for_text("activity-new", "0 new events")
    for name in ("one", "two", "three"):
        await desk.story.write(order_denied(derive_root_id(name), Rule.LEVERAGE))
    await page.wait_for_text("activity-new", "3 new events")
    await page.press("activity-pause")
    await page.wait_until_gone("activity-new")


async def it_finds_what_was_not_loaded(page: Page, port: int) -> None:
    await page.open(f"http://127.0.0.1:{port}/?q=feed_opened")
    await page.wait_for_text("activity-empty", "No event that was loaded so far matches.")
    await page.press("activity-load-older")
    await page.wait_for_text("activity-count", "1 event")
    await page.wait_for(f"{FOOT} === 'end'")


async def it_says_what_it_replayed(desk: Desk, page: Page) -> None:
    await page.wait_for_text("connection-pill", "live")
    await set_line(page, "cut")
    await page.wait_for_text("connection-pill", "offline")
    await desk.story.write(order_denied(derive_root_id("while away"), Rule.LEVERAGE))
    await set_line(page, "open")
    await watch_access(page)
    await page.wait_for_text("activity-caught-up", "Replayed 1 event that came while")


SHOWN = "[...document.querySelectorAll('[data-testid^=activity-row-]')].length"


@pytest.mark.timeout(600)
async def test_events_are_filtered_by_severity_market_and_order(
    tmp_path: Path, built_page: PageFiles
) -> None:
    async with running_desk(page=built_page) as desk, served() as port:
        await desk.http.post("/api/engine/kill", json={"reason": "a drill"})
        setup = await desk.story.holds(0)
        await desk.story.write(order_denied(derive_root_id("denied"), Rule.LEVERAGE))
        await desk.caught_up()
        async with browser_page(tmp_path) as page:
            await page.open(f"http://127.0.0.1:{port}/")
            await page.wait_for_text("activity-rows", "a drill")
            await it_lists_what_is_bad_enough(page)
            await it_lists_one_market(page)
            await it_lists_one_order(desk, page, setup)
            await watch_access(page)
            await it_is_for_everybody_at_both_widths(page)
            await take_screens(page, tmp_path, "activity-filtered", at="activity-log")
            assert page.errors == []


async def it_lists_what_is_bad_enough(page: Page) -> None:
    for severity, count in (("warning", 2), ("bad", 1)):
        await page.choose("activity-filter-severity", severity)
        await page.wait_for(f"{SHOWN} === {count}")
        assert await page.evaluate("location.search") == f"?severity={severity}"
        assert "a drill" in await page.text_of("activity-rows")
    await page.choose("activity-filter-severity", "all")
    await page.wait_for("location.search === ''")


async def it_lists_one_market(page: Page) -> None:
    await page.choose("activity-filter-market", "sol-perp")
    await page.wait_for("location.search === '?market=sol-perp'")
    await page.wait_for(f"!{ROWS}.innerText.includes('a drill')")
    assert "denied" in await page.text_of("activity-rows")


async def it_lists_one_order(desk: Desk, page: Page, setup: EventId) -> None:
    order = desk.story.order_id(setup, Leg.TP1)
    await page.put_in("activity-filter-order", order[:-1])
    await page.wait_for_text("activity-order-said", "no whole id yet")
    await page.put_in("activity-filter-order", order)
    await page.wait_until_gone("activity-order-said")
    await page.wait_for_text("activity-count", "2 events")  # Intended, and resting.
    address = await page.evaluate("location.href")
    assert address.endswith(f"?market=sol-perp&order={order}")
    await page.open(address)
    await page.wait_for_text("activity-count", "2 events")
    file = await page.evaluate("document.querySelector('[data-testid=export-jsonl]').href")
    assert file.endswith(f"&market=sol-perp&order={order}")
    await page.put_in("activity-filter-order", str(setup))
    await page.wait_for(f"location.search.includes('order={setup}')")
    await page.wait_for_text("activity-rows", "tp3")
