"""The page for everybody: axe finds nothing, all has a test id, phones scroll one way."""

from pathlib import Path

import pytest

from gateway.page_files import PageFiles
from kit.browser import Page, browser_page
from kit.gateway_app import running_desk, served
from supervisor.page import sources

AXE = """axe.run(document, {resultTypes: ["violations"]}).then(({violations}) =>
  violations.map(({id, nodes}) => `${id}: ${nodes.map((one) => one.html).join(" | ")}`))"""
NAMELESS = """[...document.querySelectorAll("button, a, input, select, textarea, section")]
  .filter((one) => !one.dataset.testid && !one.closest("[data-react-aria-top-layer]"))
  .filter((one) => !(one.type === "checkbox" && one.ariaHidden === "true"))
  .map((one) => one.outerHTML.slice(0, 200))"""
PHONE, DESKTOP = (390, 844), (1440, 980)


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("width", "height"), [DESKTOP, PHONE], ids=["desktop", "phone"])
async def test_axe_finds_nothing_and_everything_has_a_test_id(
    tmp_path: Path, built_page: PageFiles, width: int, height: int
) -> None:
    found = sources()
    assert found is not None
    axe = (found.web / "node_modules" / "axe-core" / "axe.min.js").read_text()
    async with (
        running_desk(page=built_page) as desk,
        served() as port,
        browser_page(tmp_path, width=width, height=height) as page,
    ):
        for number in range(3):
            await desk.story.passes(number)
        await desk.story.holds(3)
        await page.open(f"http://127.0.0.1:{port}/")
        await page.wait_for_text("connection-pill", "live")
        await page.wait_for("document.querySelector('[data-testid=chart-canvas] canvas') !== null")
        await page.evaluate(axe)
        await it_is_for_everybody(page, width)
        await page.press("chart-table-toggle")
        await page.press("emergency-stop")
        await page.wait_for_text("stop-dialog", "Stays open")
        await it_is_for_everybody(page, width)
        await page.press("stop-dialog-close")
        await page.wait_until_gone("stop-dialog")
        await page.press("page-settings")
        await page.wait_for_text("preferences", "UTC")
        await it_is_for_everybody(page, width)
        assert page.errors == []


async def it_is_for_everybody(page: Page, width: int) -> None:
    assert await page.evaluate(AXE) == []
    assert await page.evaluate(NAMELESS) == []
    assert await page.evaluate("document.documentElement.scrollWidth") <= width
