"""The steps of a trader's day that are the same wherever orders go, and what the log must tell."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from contracts.event import Recorded
from contracts.order import OrderFilled, SetupClosed
from kit.accessible import it_is_for_everybody_at_both_widths
from kit.browser import BrowserFailed, Page
from kit.desk_process import run_supervisor
from kit.owner_page import agree, close_dialog, sign_in, stands_at
from kit.screens import take_screens

_REACHED = (
    "() => fetch('/api/activity?type=venue_advanced&limit=1').then((answer) => answer.json())"
    ".then((it) => it.items[0]?.data.minute ?? '')"
)
_BEGUN, _AFTER_TP1 = "2026-01-01T01:43", "2026-01-01T01:48"
"""Closed minutes: the first setup's signal comes with the one, its first target after the other."""


@dataclass(frozen=True, slots=True)
class Story:
    """A page, the folder of its desk, and which of its pictures are kept under which name."""

    page: Page
    folder: Path
    port: int
    venue: str = ""
    """Of pictures, before their names."""
    pictures: frozenset[str] | None = None
    """None takes all."""

    async def picture(self, name: str, *, at: str | None = None, is_whole: bool = False) -> None:
        """Take a picture at both widths."""
        if self.pictures is None or name in self.pictures:
            await take_screens(
                self.page, self.folder, f"{self.venue}{name}", at=at, is_whole=is_whole
            )


async def venue_reaches(page: Page, minute: str) -> None:
    """Wait until execution has worked through a minute of the market, asking as a person may.

    How long the market takes for it is the machine's affair: the test's own time-out ends it.
    """
    at = ""
    while at < minute:
        with suppress(BrowserFailed):
            at = await page.evaluate(f"new Promise((go) => setTimeout(go, 500)).then({_REACHED})")


async def it_is_entered_with_a_wallet(story: Story) -> None:
    page = story.page
    await page.open(f"http://localhost:{story.port}/")
    await page.wait_for_text("signed-out", "It moves no money")
    await story.picture("signed-out")
    await sign_in(page, story.port)
    await page.wait_for_text("feed-banner", "SYNTHETIC")
    await page.wait_for_text("wallet-address", "…")


async def it_gets_a_delegate_and_a_strategy(story: Story) -> None:
    page = story.page
    await stands_at(page, "none")
    await page.press("strategy-toggle")
    await page.wait_for_text("strategy-note", "off")
    await page.press("delegation-badge")
    await agree(page)
    await page.press("delegate-button")
    await page.wait_for_text("offer-countdown", "left to sign")
    await page.press("offer-sign")
    await stands_at(page, "active")
    await page.wait_for_text("journey-named", "The chain names the key.")
    await page.wait_until_gone("preflight-faults")
    await close_dialog(page, "delegation-dialog")
    await page.press("strategy-toggle")
    await page.wait_for_text("strategy-note", "on: it may open positions")


async def it_enters_and_protects_what_it_holds(story: Story) -> None:
    page = story.page
    await page.wait_for_text("connection-pill", "live")
    await venue_reaches(page, _BEGUN)
    await page.wait_for_text("setup-state", "long open")
    await page.wait_for_text("verdict-why", "approved")
    await page.wait_for_text("activity-rows", "entry filled: buy")
    for rung in ("stop", "tp2", "tp3"):
        await page.wait_for_text(f"rung-{rung}", "resting")
    await page.wait_for_text("position", "+")
    await story.picture("desk", is_whole=True)
    await story.picture("in-position", at="setup-card")


async def it_takes_profit_and_cannot_lose_any_more(story: Story) -> None:
    page = story.page
    await venue_reaches(page, _AFTER_TP1)
    await page.wait_for_text("rung-tp1", "filled")
    await page.wait_for_text("activity-rows", "tp1 filled")
    await page.wait_for(
        "fetch('/api/activity?q=move%20stop').then((answer) => answer.json())"
        ".then((it) => it.items.some((one) => one.summary.endsWith(': break even')))"
    )
    await page.wait_for_text("activity-rows", "stop moved to")
    await page.wait_for(
        "Number(document.querySelector('[data-testid=rung-stop]').cells[1].innerText) >="
        "Number(document.querySelector('[data-testid=position]').innerText.split(' at ')[1])"
    )
    await story.picture("break-even", at="price-cvd-chart")


async def it_is_flattened(story: Story) -> None:
    page = story.page
    await page.click("[data-testid=emergency-stop]")
    await page.put_in("stop-reason", "news")
    await page.put_in("flatten-phrase", "FLATTEN")
    await page.hold("[data-testid=stop-level-flatten]", until="stop-result")
    for step in ("Recorded at position", "New entries are blocked.", "is closed."):
        await page.wait_for_text("stop-result", step)
    await page.wait_for(
        "[...document.querySelectorAll('[data-testid=stop-result] li')]"
        ".every((one) => one.dataset.status === 'done')"
    )
    await it_is_for_everybody_at_both_widths(page)
    await story.picture("flattened")
    await close_dialog(page, "stop-dialog")
    await page.wait_for_text("position", "flat")
    await page.wait_for_text("setup-note", "Closed")
    await it_is_for_everybody_at_both_widths(page)
    await story.picture("halted", at="top-bar")


async def it_resumes_after_a_fresh_sign_in(story: Story) -> None:
    page = story.page
    await page.press("resume-button")
    await page.wait_for_text("resume-causes", "news")
    await page.press("resume-confirm")
    await page.wait_for_text("resume-said", "A reason is needed.")
    await page.put_in("resume-reason", "the news were old")
    await page.press("resume-confirm")
    await page.wait_for_text("siws-modal", "needs a sign-in of the last minutes")
    await it_is_for_everybody_at_both_widths(page)
    await story.picture("step-up")
    await page.press("wallet-phantom")
    await page.wait_until_gone("halt-banner")
    await page.wait_until_gone("resume-dialog")
    await page.wait_until_gone("toast-kill_switch")
    await page.wait_for_text("activity-rows", "the news were old")


async def it_takes_the_right_back(story: Story) -> None:
    page = story.page
    await page.press("delegation-badge")
    await page.press("revoke-button")
    await page.wait_for_text("offer-summary", "Name no delegate")
    await page.press("revoke-confirm")
    await stands_at(page, "revoked")
    await page.wait_for_text("journey-named", "The chain names nobody any more.")
    await page.wait_for(
        "document.querySelector('[data-testid=delegation-destroyed]').textContent.includes('revoke')"
    )
    await close_dialog(page, "delegation-dialog")
    await page.wait_for_text("strategy-needs-delegate", "was revoked")
    await it_is_for_everybody_at_both_widths(page)
    await story.picture("day-over", at="top-bar")


def the_log_tells_the_same(log: list[Recorded]) -> None:
    """Hold the log to what the page showed."""
    fills = [it.event for it in log if isinstance(it.event, OrderFilled)]
    assert {it.leg for it in fills} >= {"entry", "tp1", "close"}
    assert fills[-1].position_after_base == 0
    (closed,) = [it.event for it in log if isinstance(it.event, SetupClosed)]
    assert closed.realized_pnl_usd > 0


def the_auditor_finds_nothing(data: Path, folder: Path) -> None:
    """Let the auditor verify and replay what is kept of the day."""
    for question in ("verify", "replay"):
        said = run_supervisor("audit", "--data-dir", str(data), question, cwd=folder)
        assert (said.returncode, said.stdout.splitlines()[-1]) == (0, "clean"), said
