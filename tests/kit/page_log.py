"""The activity as the page shows it, and the log that it must agree with."""

import json
from pathlib import Path

from chassis.connection import connected
from chassis.log import LogClient
from chassis.settings import ServiceSettings
from contracts.event import Recorded
from kit.browser import Page
from supervisor.data_folder import read_runtime

_ROWS = """(async (lowest) => {
  const box = document.querySelector("[data-testid=activity-rows]");
  const frame = () => new Promise(requestAnimationFrame);
  const found = {};
  for (box.scrollTop = 0; ; box.scrollTop += box.clientHeight / 2) {
    await frame();
    await frame();
    for (const row of box.querySelectorAll("[data-testid^=activity-row-]"))
      found[row.dataset.testid.slice(13)] = row.innerText;
    const isAtEnd = box.scrollTop + box.clientHeight >= box.scrollHeight - 1;
    if (isAtEnd || Math.min(...Object.keys(found).map(Number)) <= lowest) return found;
  }
})"""


async def rows_down_to(page: Page, position: int) -> dict[int, str]:
    """Give what the activity shows of each event after a position, by scrolling through it."""
    await page.press("activity-pause")
    await page.wait_for_text("activity-pause", "Go live")
    found = await page.evaluate(f"{_ROWS}({json.dumps(position)})")
    await page.press("activity-pause")
    return {int(at): text for at, text in found.items() if int(at) > position}


async def read_log(data: Path) -> list[Recorded]:
    """Give the whole log of a desk that runs on a data folder."""
    runtime = read_runtime(data)
    assert runtime is not None, f"expected a desk that runs on {data}"
    settings = ServiceSettings(nats_url=runtime["nats_url"])
    async with connected(settings, "test") as connection:
        return [it async for it in LogClient(connection, service="test").read()]
