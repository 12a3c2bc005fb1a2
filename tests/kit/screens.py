"""Pictures of the page, as people with a desktop and with a phone see it."""

import os
from pathlib import Path

from kit.browser import Page

DESKTOP, PHONE = (1440, 980), (390, 844)
_SHOW = """scrollTo(0, 0);
document.querySelector("[data-testid=NAME]").scrollIntoView({block: "center"})"""


async def take_screens(
    page: Page, folder: Path, name: str, *, at: str | None = None, is_whole: bool = False
) -> None:
    """Write `NAME-1440.png` and `NAME-390.png` into the folder SCREENS.

    Where that is not set, the first into `folder`, for who looks into a test that failed. `at` is
    the data-testid of what is brought into view, `top-bar` for the top of the page.
    """
    screens = os.environ.get("SCREENS")
    for width, height in (DESKTOP,) if screens is None else (PHONE, DESKTOP):
        await page.resize(width=width, height=height)
        await page.settle()
        if is_whole:
            whole = await page.evaluate("document.documentElement.scrollHeight")
            await page.resize(width=width, height=whole)
        if at is not None:
            await page.evaluate(_SHOW.replace("NAME", at))
        await page.settle()
        await page.screenshot(Path(screens or folder) / f"{name}-{width}.png")
    await page.resize(width=DESKTOP[0], height=DESKTOP[1])
