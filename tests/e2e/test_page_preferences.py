"""What people choose of a page, or need: zone and colors, little motion, large letters."""

from pathlib import Path

import pytest

from contracts.ids import derive_root_id
from contracts.verdict import Rule
from gateway.page_files import PageFiles
from kit.accessible import it_is_for_everybody, watch_access
from kit.browser import Page, browser_page
from kit.gateway_app import running_desk, served
from kit.gateway_events import order_denied
from kit.page_gateway import NEVER, answer, between
from kit.screens import take_screens

pytestmark = pytest.mark.soak

INDIA = "Asia/Kolkata"
"""Half past five before UTC, so that a wrong hour and a wrong minute are both seen."""
FACES = {
    "blue-orange": ("rgb(108, 182, 255)", "rgb(245, 165, 36)"),
    "green-red": ("rgb(76, 195, 138)", "rgb(242, 119, 122)"),
    "red-green": ("rgb(242, 119, 122)", "rgb(76, 195, 138)"),
}
"""Of each palette, what goes up and what goes down."""
SIZES = ((360, 740), (720, 490))
"""The narrowest phone, and 1440 px at a zoom of 200 %."""
PAINTED = """((color) => {
  const [r, g, b] = color.match(/[0-9]+/g).map(Number);
  return [...document.querySelectorAll("[data-testid=chart-canvas] canvas")].reduce((sum, one) => {
    const {data} = one.getContext("2d").getImageData(0, 0, one.width, one.height);
    for (let at = 0; at < data.length; at += 4)
      if (data[at] === r && data[at + 1] === g && data[at + 2] === b) sum += 1;
    return sum;
  }, 0);
})"""
"""Counts the points of the chart that have a color."""
COVERED = """(() => {
  const stop = document.querySelector("[data-testid=emergency-stop]");
  const found = [];
  for (let y = 0; y <= document.documentElement.scrollHeight; y += 8) {
    scrollTo(0, y);
    const {left, top, width, height} = stop.getBoundingClientRect();
    const over = document.elementFromPoint(left + width / 2, top + height / 2);
    if (!stop.contains(over)) found.push(`${y}: ${over?.outerHTML.slice(0, 80)}`);
  }
  scrollTo(0, 0);
  return found;
})()"""
"""Gives what lies over the stop, wherever the page is scrolled to."""
MOVES = "document.getAnimations().filter((one) => one.playState === 'running').length"

LONGEST = """window.longest = 0;
addEventListener("transitionrun", ({target}) => {
  for (const one of target.getAnimations())
    longest = Math.max(longest, one.effect.getComputedTiming().duration);
})"""
"""Notes the longest transition, in ms."""


@pytest.mark.timeout(600)
async def test_a_person_chooses_the_zone_of_times_and_the_colors(
    tmp_path: Path, built_page: PageFiles
) -> None:
    async with running_desk(page=built_page) as desk, served() as port:
        for number in range(3):
            await desk.story.passes(number)
        await desk.story.write(order_denied(derive_root_id("denied"), Rule.LEVERAGE))
        await desk.story.holds(3)
        await desk.caught_up()
        async with browser_page(tmp_path) as page:
            await page.command("Emulation.setTimezoneOverride", timezoneId=INDIA)
            await page.open(f"http://127.0.0.1:{port}/")
            await page.wait_for_text("connection-pill", "live")
            row = f"activity-row-{await desk.log.head()}"
            await it_tells_times_as_chosen(page, port, row)
            await it_paints_as_chosen(page, port, tmp_path)
            assert page.errors == []


async def it_tells_times_as_chosen(page: Page, port: int, row: str) -> None:
    await page.wait_for_text(row, "09:04:00")
    for zone, said, unsaid in (("local", "14:34:00", "09:04:00"), ("utc", "09:04:00", "14:34:00")):
        await page.open(f"http://127.0.0.1:{port}/settings")
        await page.choose("tz-toggle", zone)
        await page.open(f"http://127.0.0.1:{port}/")
        await page.wait_for_text(row, said)
        assert unsaid not in await page.evaluate("document.body.innerText")


async def it_paints_as_chosen(page: Page, port: int, folder: Path) -> None:
    for palette, (up, down) in FACES.items():
        await page.open(f"http://127.0.0.1:{port}/settings")
        await page.choose("palette-select", palette)
        await page.wait_for(f"{_face('+1.00')} === '{up}' && {_face('−1.00')} === '{down}'")
        await page.open(f"http://127.0.0.1:{port}/")
        await page.wait_for(f"{PAINTED}('{up}') > 0")
        await take_screens(page, folder, f"palette-{palette}")


def _face(text: str) -> str:
    """Give the color of a number by what is written there."""
    found = f"[...document.querySelectorAll('span')].find((it) => it.innerText.endsWith('{text}'))"
    return f"getComputedStyle({found}).color"


@pytest.mark.timeout(600)
async def test_who_wants_little_motion_gets_none_and_holds_the_stop_all_the_same(
    tmp_path: Path, built_page: PageFiles
) -> None:
    async with (
        running_desk(page=built_page),
        served() as port,
        browser_page(tmp_path) as page,
    ):
        await between(page)
        await page.open(f"http://127.0.0.1:{port}/")
        await page.wait_for_text("connection-pill", "live")
        await answer(page, {"/api/state": NEVER})
        await page.wait_for_text("position-card", "Loading …")
        await page.wait_for(f"{MOVES} > 0")
        reduced = [{"name": "prefers-reduced-motion", "value": "reduce"}]
        await page.command("Emulation.setEmulatedMedia", features=reduced)
        await page.settle()
        assert await page.evaluate(MOVES) == 0
        await answer(page, {})
        await page.wait_for_text("connection-pill", "live")
        # How long it is still to be held is shown all the same.
        await page.evaluate(LONGEST)
        await page.hold("[data-testid=emergency-stop]", until="stop-result")
        await page.wait_for_text("stop-result", "New entries are blocked.")
        assert await page.evaluate("longest") == 1_200
        assert page.errors == []


@pytest.mark.timeout(600)
async def test_the_page_is_read_on_a_narrow_phone_and_at_twice_the_size(
    tmp_path: Path, built_page: PageFiles
) -> None:
    async with running_desk(page=built_page) as desk, served() as port:
        for number in range(3):
            await desk.story.passes(number)
        await desk.story.holds(3)
        await desk.caught_up()
        async with browser_page(tmp_path) as page:
            for width, height in SIZES:
                await page.resize(width=width, height=height)
                for path in ("", "settings", "about"):
                    await page.open(f"http://127.0.0.1:{port}/{path}")
                    await page.wait_for_text("connection-pill", "live")
                    await watch_access(page)
                    await it_is_for_everybody(page, width)
                    assert await page.evaluate(COVERED) == []
                await it_opens_its_windows(page, port, width)
            assert page.errors == []


async def it_opens_its_windows(page: Page, port: int, width: int) -> None:
    await page.open(f"http://127.0.0.1:{port}/")
    await page.wait_for_text("connection-pill", "live")
    await watch_access(page)
    await page.press("emergency-stop")
    await page.wait_for_text("stop-dialog", "FLATTEN")
    await it_is_for_everybody(page, width)
    await page.press("stop-dialog-close")
    await page.wait_until_gone("stop-dialog")
