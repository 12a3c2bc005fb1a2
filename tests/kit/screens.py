"""Pictures of the page, as people with a desktop and with a phone see it."""

import os
from pathlib import Path

from kit.browser import Page

DESKTOP, PHONE = (1440, 980), (390, 844)


async def take_screens(page: Page, folder: Path, name: str) -> None:
    """Write `NAME-1440.png` and `NAME-390.png`; into the folder SCREENS, where that is set."""
    folder = Path(os.environ.get("SCREENS", folder))
    for width, height in (PHONE, DESKTOP):
        await page.resize(width=width, height=height)
        await page.settle()
        await page.screenshot(folder / f"{name}-{width}.png")
