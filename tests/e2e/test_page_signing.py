"""An owner who signs everything by hand, at the page of the whole desk: from the entry to flat.

`./justw screens` writes the pictures of each state.
"""

import json
from decimal import Decimal
from pathlib import Path

import pytest

from kit.accessible import it_is_for_everybody_at_both_widths, watch_access
from kit.browser import Page
from kit.desk_process import run_supervisor
from kit.owner_page import close_dialog, owners_desk, owners_page, sign_in
from kit.screens import take_screens
from kit.servers import free_port

SPEED = 2
"""Of the market: an offer can be signed for half a minute."""
BELOW_USD = Decimal("0.02")
REFUSALS = (" 401 ", " 409 ", " 422 ")
"""Answers, and the browser notes each of them."""
_RUNG = "document.querySelector('[data-testid=rung-%s]').lastElementChild.innerText"
_POSITION = "document.querySelector('[data-testid=position]').innerText"
_SIGN = "[data-testid=manual-sign-card] [data-testid=manual-sign-button]"
_CLOSE = "[data-testid=offer-close]"
_CARDS = "document.querySelectorAll('[data-testid=manual-sign-card]').length"


async def state_of(page: Page, path: str) -> str:
    """Give a value of the desk's state, as the gateway answers it now."""
    return str(
        await page.evaluate(
            f"fetch('/api/state').then((one) => one.json()).then((state) => String(state.{path}))"
        )
    )


async def order(page: Page) -> None:
    """Ask for a long a little below the market, with its stop and its take-profits."""
    price = Decimal(await state_of(page, "price.lastUsd")) - BELOW_USD
    asked = {
        "side": "long", "type": "post_only_limit", "px": str(price), "size": "10",
        "sl": str(price - 2), "tp1": str(price + 2), "tp2": str(price + 4), "tp3": str(price + 6),
        "leverage": "2", "venue": "paper", "notes": "by hand",
    }  # fmt: skip
    status = await page.evaluate(
        "fetch('/api/engine/orders', {method: 'POST', headers: {'Content-Type': 'application/json',"
        f" 'Idempotency-Key': crypto.randomUUID()}}, body: {json.dumps(json.dumps(asked))}}})"
        ".then((one) => one.text().then((text) => `${one.status} ${text}`))"
    )
    assert status.startswith("202"), status


async def signs_until(page: Page, condition: str) -> None:
    """Sign whatever waits, until something is so."""
    await page.wait_for(f"(document.querySelector('{_SIGN}:enabled')?.click(), {condition})")


async def it_chooses_to_sign_by_hand(page: Page, folder: Path) -> None:
    await page.press("delegation-badge")
    await page.wait_for_text("delegate-consent", "What the delegate cannot do")
    await page.wait_for_text("manual-sign-note", "off: a delegate key signs")
    await page.press("manual-sign-toggle")
    await page.wait_for_text("manual-sign-note", "on: no delegate is needed")
    await page.wait_until_gone("delegate-consent")
    await it_is_for_everybody_at_both_widths(page)
    await take_screens(page, folder, "by-hand")
    await close_dialog(page, "delegation-dialog")
    await page.wait_for_text("delegation-badge", "signed by hand")
    await page.wait_for_text("manual-sign-empty", "Nothing waits for the wallet")
    assert "asks you, for as long as the position is open" in await page.text_of(
        "manual-sign-notes"
    )
    await page.wait_for_text("strategy-note", "on: each entry waits for your wallet")
    await page.press("strategy-toggle")
    await page.wait_for_text("strategy-note", "off")


async def it_does_not_sign_what_is_not_wanted(page: Page) -> None:
    await order(page)
    await page.press("offer-decline")
    await page.wait_until_gone("manual-sign-card")
    await page.wait_for_text("activity-rows", "does not want to sign")


async def it_shows_what_waits(page: Page, folder: Path) -> None:
    await order(page)
    await page.wait_for_text("offer-countdown", "left to sign")
    await page.wait_for_text("delegation-badge", "1 to sign")
    summary = await page.text_of("offer-summary")
    for part in (
        "Entry: buy 10 at",
        "Stop for the whole position: sell it at",
        "the wallet pays the fee",
    ):
        assert part in summary
    effect = await page.text_of("manual-sign-effect")
    assert "open orders\t0\t2" in effect, effect
    await page.wait_for_text("manual-sign-countdown", "blocks left")
    await it_is_for_everybody_at_both_widths(page)
    await take_screens(page, folder, "by-hand-entry")


async def it_sends_nothing_that_the_wallet_changed(page: Page, folder: Path) -> None:
    await page.evaluate("testWallet.behave('alter')")
    await page.press("manual-sign-button")
    await page.wait_for_text("offer-refusal", "The wallet changed the transaction")
    await take_screens(page, folder, "by-hand-altered")
    assert await state_of(page, "orders.length") == "0"


async def it_can_be_signed_after_a_no_and_after_another_key(page: Page) -> None:
    await page.evaluate("testWallet.behave('reject')")
    await page.press("manual-sign-button")
    await page.wait_for_text("offer-said", "Declined in the wallet. Nothing was sent")
    await page.evaluate("testWallet.behave('wrong-key')")
    await page.press("manual-sign-button")
    await page.wait_for_text("offer-refusal", "The signature is not of the owner's wallet")
    assert await state_of(page, "orders.length") == "0"


async def it_is_withdrawn_by_a_stop(page: Page, folder: Path) -> None:
    await page.evaluate("testWallet.behave('ok')")
    await page.press("emergency-stop")
    await page.hold("[data-testid=stop-level-stop]", until="stop-result")
    await page.wait_for_text("stop-result", "New entries are blocked.")
    await close_dialog(page, "stop-dialog")
    await page.wait_for_text("emergency-stop", "Stopped: no entries")
    await page.wait_for("document.querySelector('[data-outcome=unwanted]') !== null")
    await page.wait_for_text("manual-ended", "not wanted any more")
    await it_is_for_everybody_at_both_widths(page)
    await take_screens(page, folder, "by-hand-withdrawn", at="manual-sign")
    await page.press("offer-close")
    await page.press("resume-button")
    await page.put_in("resume-reason", "looked at it")
    await page.press("resume-confirm")
    await page.wait_until_gone("resume-dialog")


async def it_is_asked_anew_after_it_was_signed_too_late(page: Page, folder: Path) -> None:
    await order(page)
    await page.wait_for_text("offer-countdown", "left to sign")
    await page.evaluate("testWallet.behave('slow')")
    await page.press("manual-sign-button")
    await page.wait_for_text("offer-said", "It expired while the wallet waited")
    await page.wait_for(f"document.querySelector('{_SIGN}:enabled') !== null && {_CARDS} === 2")
    await page.evaluate("testWallet.release()")
    await page.wait_for_text("offer-refusal", "It was signed too late")
    await take_screens(page, folder, "by-hand-too-late", at="manual-sign")
    assert await state_of(page, "orders.length") == "0"
    await page.press("offer-close")


async def it_opens_a_position_with_its_ladder(page: Page, folder: Path) -> None:
    await page.evaluate("testWallet.behave('lighthouse')")
    for rung, says in (("entry", "filled"), ("tp1", "rest"), ("tp2", "rest"), ("tp3", "rest")):
        await signs_until(page, f"{_RUNG % rung}.includes('{says}')")
    assert "resting" in await page.text_of("rung-stop")
    # What of the entry was not filled when the price left is taken back.
    await page.wait_for(f"/\\+\\d/.test({_POSITION})")
    await it_is_for_everybody_at_both_widths(page)
    await take_screens(page, folder, "by-hand-open")


async def it_flattens_by_hand(page: Page) -> None:
    await page.press("emergency-stop")
    await page.put_in("flatten-phrase", "FLATTEN")
    await page.hold("[data-testid=stop-level-flatten]", until="stop-result")
    await page.wait_for_text("stop-result", "New entries are blocked.")
    await close_dialog(page, "stop-dialog")
    await signs_until(
        page,
        "document.querySelector('[data-testid=setup-state]').innerText.includes('closed')",
    )
    await page.wait_for_text("position-card", "flat")
    # What was signed just as it was withdrawn stays until it is closed.
    await page.wait_for(f"(document.querySelector('{_CLOSE}')?.click(), {_CARDS} === 0)")


@pytest.mark.soak
@pytest.mark.timeout(900)
@pytest.mark.usefixtures("built_page")
async def test_an_owner_signs_every_transaction_by_hand(tmp_path: Path) -> None:
    port = free_port()
    async with (
        owners_desk(tmp_path, port=port, speed=SPEED),
        owners_page(tmp_path) as page,
    ):
        await sign_in(page, port)
        await watch_access(page)
        await it_chooses_to_sign_by_hand(page, tmp_path)
        await it_does_not_sign_what_is_not_wanted(page)
        await it_shows_what_waits(page, tmp_path)
        await it_sends_nothing_that_the_wallet_changed(page, tmp_path)
        await it_can_be_signed_after_a_no_and_after_another_key(page)
        await it_is_withdrawn_by_a_stop(page, tmp_path)
        await it_is_asked_anew_after_it_was_signed_too_late(page, tmp_path)
        await it_opens_a_position_with_its_ladder(page, tmp_path)
        await it_flattens_by_hand(page)
        assert [it for it in page.errors if not any(code in it for code in REFUSALS)] == []
    for question in ("verify", "replay"):
        done = run_supervisor("audit", question, cwd=tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr
