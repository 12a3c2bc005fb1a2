"""What holds of every state of the page.

Axe is content; all that acts or has a role has a test id; what a pointer can hit measures 24 px or
more, without the exceptions that WCAG grants; it fits its width.
"""

import json

from kit.browser import Page
from kit.screens import DESKTOP, PHONE
from supervisor.page import sources

_AXE = """axe.run(document, {resultTypes: ["violations"]}).then(({violations}) =>
  violations.map(({id, nodes}) => `${id}: ${nodes.map((one) => one.html).join(" | ")}`))"""
_ALL = "button, a, input, select, textarea, summary, section, [role], [data-sonner-toast]"
_SEEN = """((one) => one.checkVisibility({visibilityProperty: true})
  && !one.closest("[aria-hidden=true]") && !one.matches("[role=presentation], [role=none]"))"""
# The region that holds the toasts is the library's own; what is in it is ours.
_NAMELESS = f"""[...document.querySelectorAll({json.dumps(_ALL)})].filter({_SEEN})
  .filter((one) => !one.dataset.testid && !one.matches("[data-react-aria-top-layer]"))
  .map((one) => one.outerHTML.slice(0, 200))"""
_TARGETS = (
    "button, a[href], input, select, textarea, summary, "
    "[role=button], [role=switch], [role=checkbox], [role=tab], [role=slider], [role=link]"
)
TARGET_PX_MIN = 24
_SMALL = f"""[...document.querySelectorAll({json.dumps(_TARGETS)})].filter({_SEEN})
  .map((one) => [one, one.getBoundingClientRect()])
  .filter(([, {{width, height}}]) => Math.min(width, height) < {TARGET_PX_MIN} - 0.01)
  .map(([one, {{width, height}}]) => `${{width}}x${{height}}: ${{one.outerHTML.slice(0, 200)}}`)"""


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
    small = await page.evaluate(_SMALL)
    assert small == [], small
    assert await page.evaluate("document.documentElement.scrollWidth") <= width


async def it_is_for_everybody_at_both_widths(page: Page) -> None:
    """Hold it on a phone and on a desktop."""
    for width, height in (PHONE, DESKTOP):
        await page.resize(width=width, height=height)
        await it_is_for_everybody(page, width)
