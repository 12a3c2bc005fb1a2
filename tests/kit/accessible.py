"""What holds of every state of the page: axe is content, all has a test id, it fits its width."""

from kit.browser import Page
from kit.screens import DESKTOP, PHONE
from supervisor.page import sources

_AXE = """axe.run(document, {resultTypes: ["violations"]}).then(({violations}) =>
  violations.map(({id, nodes}) => `${id}: ${nodes.map((one) => one.html).join(" | ")}`))"""
_NAMELESS = """[...document.querySelectorAll("button, a, input, select, textarea, section")]
  .filter((one) => !one.dataset.testid && !one.closest("[data-react-aria-top-layer]"))
  .filter((one) => !(one.type === "checkbox" && one.ariaHidden === "true"))
  .map((one) => one.outerHTML.slice(0, 200))"""


async def watch_access(page: Page) -> None:
    """Bring axe into the page that is open."""
    found = sources()
    assert found is not None
    await page.evaluate((found.web / "node_modules" / "axe-core" / "axe.min.js").read_text())


async def it_is_for_everybody(page: Page, width: int) -> None:
    """Hold it of what is shown now."""
    await page.settle()
    found = await page.evaluate(_AXE)
    assert found == [], found
    nameless = await page.evaluate(_NAMELESS)
    assert nameless == [], nameless
    assert await page.evaluate("document.documentElement.scrollWidth") <= width


async def it_is_for_everybody_at_both_widths(page: Page) -> None:
    """Hold it on a phone and on a desktop."""
    for width, height in (PHONE, DESKTOP):
        await page.resize(width=width, height=height)
        await it_is_for_everybody(page, width)
