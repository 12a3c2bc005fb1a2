"""An owner at the page of the whole desk: consent, delegation, a wallet that cheats, the way back.

`SCREENS=docs/screens` writes the pictures of each state there.
"""

from pathlib import Path

import pytest

from kit.accessible import it_is_for_everybody, watch_access
from kit.browser import Page
from kit.owner_page import (
    HOLD_S,
    agree,
    close_dialog,
    owners_desk,
    owners_page,
    sign_in,
    stands_at,
)
from kit.screens import DESKTOP, PHONE, take_screens
from kit.servers import free_port

SPEED = 4
"""Of the market: an offer can be signed for a minute of its time."""


async def it_is_everybodys(page: Page) -> None:
    """Hold what is shown to the rules of access, at both widths."""
    for width, height in (PHONE, DESKTOP):
        await page.resize(width=width, height=height)
        await it_is_for_everybody(page, width)


async def it_takes_consent(page: Page, folder: Path) -> None:
    await stands_at(page, "none")
    assert "once the account is delegated" in await page.text_of("strategy-note")
    await page.press("delegation-badge")
    await page.wait_for_text("delegate-consent", "What the delegate cannot do")
    assert await page.text_of("consent-worst-case") == "10,000.00 USD"
    is_disabled = "document.querySelector('[data-testid=delegate-consent-agree]').disabled"
    assert await page.evaluate(is_disabled), "agreed to without being read"
    await it_is_everybodys(page)
    await take_screens(page, folder, "consent")
    await agree(page)


async def it_delegates(page: Page, folder: Path) -> None:
    await page.press("delegate-button")
    await page.wait_for_text("offer-countdown", "left to sign")
    assert "Moves no funds" in await page.text_of("offer-summary")
    await stands_at(page, "awaiting")
    await it_is_everybodys(page)
    await take_screens(page, folder, "delegate")
    await page.evaluate("testWallet.behave('reject')")
    await page.press("offer-sign")
    await page.wait_for("document.body.innerText.includes('Declined in the wallet.')")
    await stands_at(page, "awaiting")
    await page.evaluate("testWallet.behave('alter')")
    await page.press("offer-sign")
    await page.wait_for_text("offer-said", "is not the one that was offered")
    await stands_at(page, "awaiting")
    await page.evaluate("testWallet.behave('ok')")
    await page.press("offer-sign")
    await stands_at(page, "active")
    await page.wait_for_text("delegation-sent", "landed in slot")
    await page.wait_for_text("strategy-note", "on: it may open positions")
    await it_is_everybodys(page)
    await take_screens(page, folder, "delegated")


async def it_revokes_while_stopped(page: Page, folder: Path) -> None:
    await close_dialog(page, "delegation-dialog")
    await page.hold("[data-testid=emergency-stop]", for_s=HOLD_S)
    await page.wait_for_text("stop-result", "New entries are blocked.")
    await close_dialog(page, "stop-dialog")
    await page.press("delegation-badge")
    await page.press("revoke-button")
    await page.wait_for_text("offer-summary", "Name no delegate")
    await take_screens(page, folder, "revoke")
    await page.press("offer-sign")
    await stands_at(page, "revoked")
    await page.wait_for_text("delegation-destroyed", "revoke")
    await take_screens(page, folder, "revoked")


@pytest.mark.timeout(600)
@pytest.mark.usefixtures("built_page")
async def test_an_owner_consents_delegates_and_takes_it_back(tmp_path: Path) -> None:
    port = free_port()
    async with (
        owners_desk(tmp_path, port=port, speed=SPEED),
        owners_page(tmp_path) as page,
    ):
        await sign_in(page, port)
        await watch_access(page)
        await it_takes_consent(page, tmp_path)
        await it_delegates(page, tmp_path)
        await it_revokes_while_stopped(page, tmp_path)
        assert [it for it in page.errors if " 401 " not in it and " 422 " not in it] == []
