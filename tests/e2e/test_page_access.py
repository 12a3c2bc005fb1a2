"""The page for everybody: axe finds nothing, all has a test id, phones scroll one way."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.page_files import PageFiles
from kit.accessible import it_is_for_everybody, watch_access
from kit.browser import browser_page
from kit.gateway_app import running_desk, served

PHONE, DESKTOP = (390, 844), (1440, 980)


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("width", "height"), [DESKTOP, PHONE], ids=["desktop", "phone"])
async def test_axe_finds_nothing_and_everything_has_a_test_id(
    tmp_path: Path, built_page: PageFiles, width: int, height: int
) -> None:
    folder = Path(os.environ.get("SCREENS", tmp_path))
    async with (
        # A toast is for what happens now, which is when the log in memory records it.
        running_desk(page=built_page, clock=lambda: datetime(2026, 1, 1, tzinfo=UTC)) as desk,
        served() as port,
        browser_page(tmp_path, width=width, height=height) as page,
    ):
        for number in range(3):
            await desk.story.passes(number)
        await desk.story.holds(3)
        await page.open(f"http://127.0.0.1:{port}/")
        await page.wait_for_text("connection-pill", "live")
        await page.wait_for("document.querySelector('[data-testid=chart-canvas] canvas') !== null")
        await watch_access(page)
        await it_is_for_everybody(page, width)
        await page.press("chart-table-toggle")
        await page.press("emergency-stop")
        await page.wait_for_text("stop-dialog", "Whom to stop")
        await it_is_for_everybody(page, width)
        await page.screenshot(folder / f"stop-{width}.png")
        await page.press("stop-dialog-close")
        await page.wait_until_gone("stop-dialog")
        await desk.http.post("/api/engine/kill", json={"reason": "a drill"})
        await page.wait_for_text("toast-kill_switch", "a drill")
        await it_is_for_everybody(page, width)
        await page.screenshot(folder / f"toast-{width}.png")
        await page.press("page-settings")
        await page.wait_for_text("preferences", "UTC")
        await page.wait_for("document.querySelector('[data-testid=notif-save]') !== null")
        await it_is_for_everybody(page, width)
        assert page.errors == []
