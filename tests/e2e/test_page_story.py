"""A trader's whole day at the page of the whole desk, and the auditor's word on it afterwards.

The page stays open throughout, while the desk is drained and started again at another speed of its
market: slowly where a wallet signs, faster on the way to the first setup and through it.
"""

import hashlib
import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from gateway.activity.check import check
from gateway.domain.sentences import summary
from kit.accessible import it_is_for_everybody_at_both_widths, watch_access
from kit.browser import browser_tab
from kit.desk_process import pid_of
from kit.owner_page import owners_desk, owners_page
from kit.page_log import read_log, rows_down_to
from kit.servers import free_port
from kit.trader_story import (
    Story,
    it_enters_and_protects_what_it_holds,
    it_gets_a_delegate_and_a_strategy,
    it_is_entered_with_a_wallet,
    it_is_flattened,
    it_resumes_after_a_fresh_sign_in,
    it_takes_profit_and_cannot_lose_any_more,
    it_takes_the_right_back,
    the_auditor_finds_nothing,
    the_log_tells_the_same,
    venue_reaches,
)

SIGNING, TRADING = 2, 10
"""Times the market's own time, of which a wallet has a minute to sign, and a setup needs eight."""
SOON = {"SYNTHETIC_WARMUP_MINUTES": "95"}
"""The market plays so many minutes at once; its first setup comes at 01:44."""
FORGETFUL = {"STEP_UP_MIN": "1"}
"""A sign-in is soon too old for what is dangerous."""
BEFORE = 20
"""Events before a death of the gateway that are looked at too."""
DATA = Path(".data/synthetic-7")
EXPECTED = (
    *(" 401 ", " 403 ", " 412 ", " 503 ", "ERR_CONNECTION_", "WebSocket connection"),
    *("ERR_EMPTY_RESPONSE", "ERR_CONTENT_LENGTH_MISMATCH", "ERR_INCOMPLETE_CHUNKED_ENCODING"),
)
"""What the browser notes of answers that are part of the story, and of a gateway that is killed,
be it before an answer or in the middle of one."""


@pytest.mark.soak
@pytest.mark.timeout(900)
@pytest.mark.usefixtures("built_page")
async def test_a_traders_whole_day(tmp_path: Path) -> None:
    port, data = free_port(), tmp_path / DATA
    async with owners_page(tmp_path) as page:
        story = Story(page, tmp_path, port)
        async with owners_desk(tmp_path, port=port, speed=SIGNING, settings=SOON):
            await it_is_entered_with_a_wallet(story)
            await venue_reaches(page, "2026-01-01T01:34")
            await watch_access(page)
            await it_gets_a_delegate_and_a_strategy(story)
        async with owners_desk(tmp_path, port=port, speed=TRADING, settings=FORGETFUL) as pid:
            await it_enters_and_protects_what_it_holds(story)
            await it_takes_profit_and_cannot_lose_any_more(story)
            await it_is_flattened(story)
            await it_resumes_after_a_fresh_sign_in(story)
            await it_misses_nothing_of_a_gateway_that_dies(story, pid)
        await it_looks_stale_without_a_desk(story)
        async with owners_desk(tmp_path, port=port, speed=SIGNING):
            await page.wait_for_text("connection-pill", "live")
            await it_exports_what_is_filtered_in_the_address(story)
            await two_tabs_do_not_overwrite_each_other(story)
            await it_shows_its_other_pages(story)
            await it_takes_the_right_back(story)
            log = await read_log(data)
        assert [it for it in page.errors if not any(code in it for code in EXPECTED)] == []
    the_log_tells_the_same(log)
    the_auditor_finds_nothing(data, tmp_path)


_STATE = "fetch('/api/state').then((answer) => answer.json())"


async def it_misses_nothing_of_a_gateway_that_dies(story: Story, up: int) -> None:
    page = story.page
    await page.press("activity-filter-noise")
    killed_at = (await read_log(story.folder / DATA))[-1].position
    os.kill(pid_of(up, "gateway"), signal.SIGKILL)
    await page.wait_for_text("connection-pill", "offline")
    await page.wait_for_text("connection-pill", "live")
    await page.wait_for_text("replayed", "caught up on")
    await story.picture("caught-up", at="activity-log")
    shown = await rows_down_to(page, killed_at - BEFORE)
    logged = {it.position: it.event for it in await read_log(story.folder / DATA)}
    assert sorted(shown) == list(range(killed_at - BEFORE + 1, max(shown) + 1))
    assert max(shown) > killed_at
    for position, text in shown.items():
        assert text.endswith(summary(logged[position])), (position, text)
    await page.press("activity-filter-noise")


async def it_looks_stale_without_a_desk(story: Story) -> None:
    page = story.page
    await page.wait_for_text("connection-pill", "offline")
    await page.wait_for_text("position-card", "not live")
    await it_is_for_everybody_at_both_widths(page)
    await story.picture("offline", at="top-bar")


async def it_exports_what_is_filtered_in_the_address(story: Story) -> None:
    page = story.page
    await page.put_in("activity-filter-text", "tp1")
    await page.choose("activity-filter-type", "tp_hit")
    await page.wait_for("location.search === '?q=tp1&type=tp_hit'")
    await page.open(await page.evaluate("location.href"))
    await page.wait_for_text("activity-rows", "tp1 filled")
    shown = await rows_down_to(page, 0)
    assert shown
    assert all("tp1 filled: sell" in row for row in shown.values())
    file = await page.download("export-jsonl", story.folder)
    *lines, last = file.read_bytes().splitlines(keepends=True)
    end: dict[str, Any] = json.loads(last)
    without = last.replace(f',"chain":"{end["chain"]}"'.encode(), b"")
    chain = hashlib.sha256(b"perp-desk export 2").digest()
    for line in (*lines, without):
        chain = hashlib.sha256(chain + line).digest()
    assert (end["kind"], end["count"], end["chain"]) == ("end", len(lines), chain.hex())
    assert [int(json.loads(line)["pos"]) for line in lines] == sorted(shown)
    with file.open("rb") as exported:
        assert check(exported)["count"] == str(len(shown))
    await story.picture("filtered", at="activity-log")
    await page.open(f"http://localhost:{story.port}/")
    await page.wait_for_text("activity-rows", "activity exported")
    await watch_access(page)


async def two_tabs_do_not_overwrite_each_other(story: Story) -> None:
    page = story.page
    await page.put_in("leverage-input", "4")
    async with browser_tab(page.url) as other:
        await other.open(f"http://localhost:{story.port}/")
        await other.put_in("risk-select", "25")
        await other.press("settings-review")
        await other.press("settings-apply")
        await other.wait_until_gone("settings-dialog")
        assert other.errors == []
        await other.close()
    await page.press("settings-review")
    await page.wait_for_text("settings-conflict", "Nothing was applied.")
    await page.wait_for_text("settings-theirs", "25")
    await it_is_for_everybody_at_both_widths(page)
    await story.picture("conflict")
    await page.press("settings-rebase")
    await page.press("settings-apply")
    await page.wait_until_gone("settings-dialog")
    settings = await page.evaluate(f"{_STATE}.then((it) => it.settings)")
    assert (settings["max_leverage"], settings["risk_per_trade"]) == ("4", "25")


async def it_shows_its_other_pages(story: Story) -> None:
    page = story.page
    for name, panel in (("settings", "sessions"), ("about", "about-build")):
        await page.press(f"page-{name}")
        await page.wait_for_text(panel, "")
        await story.picture(name, is_whole=True)
    await page.press("page-desk")
