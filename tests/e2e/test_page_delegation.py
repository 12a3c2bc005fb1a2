"""An owner at the page of the whole desk: consent, delegation, wallets that cheat, the way back.

`./justw screens` writes the pictures of each state.
"""

from pathlib import Path

import pytest

from kit.accessible import it_is_for_everybody_at_both_widths, watch_access
from kit.browser import Page
from kit.owner_page import (
    agree,
    close_dialog,
    owners_desk,
    owners_page,
    sign_in,
    stands_at,
)
from kit.screens import take_screens
from kit.servers import free_port

SPEED = 2
"""Of the market: an offer can be signed for a minute of its time."""
REFUSALS = (" 401 ", " 409 ", " 422 ")
"""Answers, and the browser notes each of them."""


async def refused_as(page: Page, code: str) -> None:
    await page.wait_for(
        f"document.querySelector('[data-testid=offer-refusal]')?.dataset.code === '{code}'"
    )


async def it_says_what_entries_need(page: Page, folder: Path) -> None:
    await stands_at(page, "none")
    await page.press("strategy-toggle")
    await page.wait_for_text("strategy-note", "off")
    assert "your wallet names this desk's key first" in await page.text_of(
        "strategy-needs-delegate"
    )
    await take_screens(page, folder, "no-delegate")
    await page.press("strategy-delegate")


async def it_takes_consent(page: Page, folder: Path) -> None:
    await page.wait_for_text("delegate-consent", "What the delegate cannot do")
    assert await page.text_of("consent-worst-case") == "10,000.00 USD"
    assert await page.text_of("consent-expiry") == "after 24 hours"
    is_disabled = "document.querySelector('[data-testid=delegate-consent-agree]').disabled"
    assert await page.evaluate(is_disabled), "agreed to without being read"
    await it_is_for_everybody_at_both_widths(page)
    await take_screens(page, folder, "consent")
    await agree(page)


async def it_tells_when_it_was_not_signed_in_time(page: Page, folder: Path) -> None:
    await page.press("delegate-button")
    await page.wait_for_text("offer-countdown", "left to sign")
    assert "Moves no funds" in await page.text_of("offer-summary")
    await stands_at(page, "awaiting")
    await page.evaluate("testWallet.behave('slow')")
    await page.press("offer-sign")
    await page.wait_for_text("offer-said", "Your wallet asks you now")
    await take_screens(page, folder, "delegate")
    await it_is_for_everybody_at_both_widths(page)
    await page.wait_for_text("offer-said", "It expired while the wallet waited")
    await page.evaluate("testWallet.release()")
    await refused_as(page, "tx_expired")
    assert "Nothing was sent" in await page.text_of("offer-refusal")
    await stands_at(page, "none")
    await take_screens(page, folder, "expired")
    await page.press("offer-rebuild")
    await page.wait_for_text("offer-countdown", "left to sign")
    await stands_at(page, "awaiting")


async def it_takes_nothing_from_a_wallet_that_does_not_sign_it(page: Page, folder: Path) -> None:
    await page.evaluate("testWallet.behave('reject')")
    await page.press("offer-sign")
    await page.wait_for("document.body.innerText.includes('Declined in the wallet.')")
    assert await page.evaluate("document.querySelector('[data-testid=offer-refusal]') === null")
    await page.evaluate("testWallet.behave('locked')")
    await page.press("offer-sign")
    await page.wait_for_text("offer-refusal", "gave no account: unlock it")
    await page.evaluate("testWallet.behave('alter')")
    await page.press("offer-sign")
    await refused_as(page, "tx_altered")
    assert "The wallet changed the transaction" in await page.text_of("offer-refusal")
    await take_screens(page, folder, "altered")
    await stands_at(page, "awaiting")


async def it_delegates(page: Page, folder: Path) -> None:
    await page.evaluate("testWallet.behave('lighthouse')")
    await page.press("offer-sign")
    await stands_at(page, "active")
    await page.wait_for_text("journey-named", "The chain names the key.")
    assert "In the block of slot" in await page.text_of("journey-block")
    await it_is_for_everybody_at_both_widths(page)
    await take_screens(page, folder, "delegated")
    await close_dialog(page, "delegation-dialog")
    await page.wait_until_gone("strategy-needs-delegate")
    await page.press("strategy-toggle")
    await page.wait_for_text("strategy-note", "on: it may open positions")


async def it_revokes_while_stopped(page: Page, folder: Path) -> None:
    await page.hold("[data-testid=emergency-stop]", until="stop-result")
    await page.wait_for_text("stop-result", "New entries are blocked.")
    await close_dialog(page, "stop-dialog")
    await page.press("delegation-badge")
    await page.press("revoke-button")
    await page.wait_for_text("offer-summary", "Name no delegate")
    await it_is_for_everybody_at_both_widths(page)
    await take_screens(page, folder, "revoke")
    await page.press("revoke-confirm")
    await stands_at(page, "revoked")
    await page.wait_for_text("journey-named", "The chain names nobody any more.")
    await page.wait_for(
        "document.querySelector('[data-testid=delegation-destroyed]').textContent.includes('revoke')"
    )
    await it_is_for_everybody_at_both_widths(page)
    await take_screens(page, folder, "revoked")


async def it_shows_the_receipt_in_the_log(page: Page) -> None:
    await page.press("consent-event")
    await page.wait_until_gone("delegation-dialog")
    await page.wait_for_text("activity-count", "1 event")
    await page.wait_for_text("activity-rows", "agreed to what a delegate can do")


@pytest.mark.soak
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
        await it_says_what_entries_need(page, tmp_path)
        await it_takes_consent(page, tmp_path)
        await it_tells_when_it_was_not_signed_in_time(page, tmp_path)
        await it_takes_nothing_from_a_wallet_that_does_not_sign_it(page, tmp_path)
        await it_delegates(page, tmp_path)
        await it_revokes_while_stopped(page, tmp_path)
        await it_shows_the_receipt_in_the_log(page)
        assert [it for it in page.errors if not any(code in it for code in REFUSALS)] == []
