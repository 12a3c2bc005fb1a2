"""What an owner who signs by hand sees of each state of an offer, and what cannot go wrong there.

Execution is played: `test_page_signing.py` has the whole desk.
"""

import contextlib
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from contracts.manual import OfferOutcome, Rehearsed, ReturnRefused, TransactionReturned
from contracts.transaction import TransactionLanded, TransactionSigned
from gateway.page_files import PageFiles
from kit.accessible import it_is_for_everybody_at_both_widths, watch_access
from kit.browser import Page, browser_tab
from kit.browser_wallet import browser_wallet
from kit.gateway_signin import OWNER
from kit.hand_story import TRANSACTION, HandStory, closed, example
from kit.owner_page import played_desk
from kit.screens import PHONE, take_screens

pytestmark = pytest.mark.soak

REFUSALS = (" 409 ", " 422 ")
"""Answers, and the browser notes each of them."""
LIFE_S = 3_000
"""Longer than a test takes: what ends, ends because the story says so."""
CARDS = "document.querySelectorAll('[data-testid=manual-sign-card]')"
RAN = Rehearsed(code=None, reason=None, units=61_204, silence=None)

SIMULATIONS: tuple[tuple[dict[str, Any], str, str | None], ...] = (
    # Of the paper venue.
    ({"rehearsed": None}, "Simulated by the paper venue when it was offered", None),
    # Of a node.
    ({"simulated": None, "rehearsed": RAN}, "it ran through. It took 61,204", None),
    (
        {"simulated": None},
        "it failed; the error is InsufficientCollateral, 6003.",
        "the account has too little collateral for it (6003)",
    ),
    (
        {
            "simulated": None,
            "rehearsed": Rehearsed(code=None, reason="AccountNotFound", units=0, silence=None),
        },
        "it failed; the error is AccountNotFound.",
        "the wallet holds no SOL for the fee",
    ),
    (
        {
            "simulated": None,
            "rehearsed": Rehearsed(
                code=None,
                reason=None,
                units=None,
                silence="could not be simulated: no node answered within 1 s",
            ),
        },
        "could not be simulated: no node answered within 1 s. It can be signed",
        None,
    ),
    (
        {"simulated": None, "rehearsed": None},
        "It was not simulated: the desk was sending something signed",
        None,
    ),
)
"""What is told of one, what the page says, and the reason of which it warns."""


@contextlib.asynccontextmanager
async def opened(
    folder: Path, page_files: PageFiles
) -> AsyncGenerator[tuple[HandStory, Page, str]]:
    """Open the page of a desk whose owner signs by hand, over a log that a story writes."""
    async with played_desk(folder, page_files) as (desk, page, address):
        story = HandStory(desk)
        story.reads()
        await story.is_chosen()
        await comes_to(page, address)
        yield story, page, address
        assert [it for it in page.errors if not any(code in it for code in REFUSALS)] == []


async def comes_to(page: Page, address: str) -> None:
    await page.open(address)
    await page.wait_for_text("connection-pill", "live")
    await page.wait_for("document.querySelector('[data-testid=manual-sign]') !== null")
    await watch_access(page)


async def shows(page: Page, count: int) -> None:
    await page.wait_for(f"{CARDS}.length === {count}")


async def card_says(page: Page, number: int, text: str) -> None:
    await page.wait_for(f"{CARDS}[{number}]?.innerText.includes({text!r})")


async def behaves(page: Page, behavior: str) -> None:
    await page.evaluate(f"testWallet.behave('{behavior}')")


async def is_shown(page: Page, folder: Path, name: str) -> None:
    await take_screens(page, folder, name, at="manual-sign")
    await it_is_for_everybody_at_both_widths(page)


@pytest.mark.timeout(600)
async def test_what_a_simulation_found_is_said_on_the_offer(
    tmp_path: Path, built_page: PageFiles
) -> None:
    async with opened(tmp_path, built_page) as (story, page, _):
        for told, says, warns in SIMULATIONS:
            offer = await story.offers(left_s=LIFE_S, **told)
            await shows(page, 1)
            await card_says(page, 0, says)
            warnings = await page.evaluate(
                "[...document.querySelectorAll('[data-testid=offer-warning]')]"
                ".map((one) => one.innerText)"
            )
            expected = (
                [] if warns is None else [f"It would have failed when it was offered: {warns}."]
            )
            assert warnings == expected
            assert await page.evaluate(f"{CARDS}[0].querySelector('button:enabled') !== null")
            await it_is_for_everybody_at_both_widths(page)
            await story.ends(offer, OfferOutcome.DECLINED)
            await shows(page, 0)


@pytest.mark.timeout(600)
async def test_what_the_wallet_did_not_sign_as_offered_can_be_signed_again(
    tmp_path: Path, built_page: PageFiles
) -> None:
    async with opened(tmp_path, built_page) as (story, page, _):
        offer = await story.offers(left_s=LIFE_S)
        head = await story.desk.log.head()
        await behaves(page, "reject")
        await page.press("manual-sign-button")
        await page.wait_for_text("offer-said", "Declined in the wallet. Nothing was sent")
        await is_shown(page, tmp_path, "hand-declined")
        await behaves(page, "wrong-key")
        await page.press("manual-sign-button")
        await page.wait_for_text("offer-refusal", "The signature is not of the owner's wallet")
        assert await page.text_of("offer-said") == ""
        await is_shown(page, tmp_path, "hand-wrong-key")
        assert await story.desk.log.head() == head
        await behaves(page, "alter")
        await page.press("manual-sign-button")
        refused = example(ReturnRefused, code="tx-altered", reason="expected a, found b")
        await story.answers(TransactionReturned, [refused])
        await page.wait_for_text("offer-refusal", "The wallet changed the transaction")
        assert "expected a, found b" in await page.text_of("offer-refusal-detail")
        await behaves(page, "ok")
        await page.press("manual-sign-button")
        sent = example(TransactionSigned, transaction=TRANSACTION)
        await story.answers(TransactionReturned, [closed(offer), sent])
        await page.wait_for_text("manual-signed", "sent")
        await shows(page, 0)
        failed = example(TransactionLanded, transaction=TRANSACTION, code=6057, reason="x")
        await story.writes(failed)
        await page.wait_for_text("manual-signed", "a post-only order must rest (6057)")
        assert await page.evaluate("document.querySelector('[data-testid=manual-ended]') === null")
        await is_shown(page, tmp_path, "hand-failed")


@pytest.mark.timeout(600)
async def test_an_offer_that_ends_while_its_window_stands_open_says_how(
    tmp_path: Path, built_page: PageFiles
) -> None:
    async with opened(tmp_path, built_page) as (story, page, _):
        # Nobody touched it.
        offer = await story.offers(left_s=LIFE_S)
        await shows(page, 1)
        await story.ends(offer, OfferOutcome.UNWANTED)
        await page.wait_for_text("offer-said", "It is not wanted any more")
        assert await page.text_of("offer-countdown") == "withdrawn"
        assert await page.evaluate(
            "document.querySelector('[data-testid=manual-sign-button]') === null"
        )
        await page.wait_for_text("manual-ended", "not wanted any more")
        await is_shown(page, tmp_path, "hand-withdrawn")
        # The next one that asks for the same takes its place.
        late = await story.offers(left_s=LIFE_S)
        await page.wait_for_text("offer-countdown", "left to sign")
        await shows(page, 1)
        # It ends while the wallet thinks, and the next one comes.
        await behaves(page, "slow")
        await page.press("manual-sign-button")
        await page.wait_for_text("offer-said", "Your wallet asks you now")
        await story.ends(late, OfferOutcome.EXPIRED)
        await page.wait_for_text("offer-said", "It expired while the wallet waited")
        fresh = await story.offers(left_s=LIFE_S)
        await shows(page, 2)
        await is_shown(page, tmp_path, "hand-late")
        head = await story.desk.log.head()
        await page.evaluate("testWallet.release()")
        await card_says(page, 0, "It was signed too late")
        assert await story.desk.log.head() == head
        await is_shown(page, tmp_path, "hand-too-late")
        await page.press("offer-close")
        await shows(page, 1)
        await story.ends(fresh, OfferOutcome.EXPIRED)
        await page.wait_for_text("offer-said", "It expired")
        await page.press("offer-close")
        await page.wait_for_text("manual-sign-empty", "Nothing waits for the wallet")


@pytest.mark.timeout(600)
async def test_an_offer_whose_time_is_over_cannot_be_signed_before_execution_says_so(
    tmp_path: Path, built_page: PageFiles
) -> None:
    async with opened(tmp_path, built_page) as (story, page, _):
        story.reads(blocks_left=0)
        await story.offers(left_s=0)
        await page.wait_for_text("offer-countdown", "expired")
        await page.wait_for_text("offer-said", "It expired: its blockhash is too old")
        assert await page.evaluate(
            "document.querySelector('[data-testid=manual-sign-button]') === null"
        )


@pytest.mark.timeout(600)
async def test_a_reload_and_a_second_tab_lose_nothing_and_send_nothing_twice(
    tmp_path: Path, built_page: PageFiles
) -> None:
    async with opened(tmp_path, built_page) as (story, page, address):
        offer = await story.offers(left_s=LIFE_S)
        await behaves(page, "slow")
        await page.press("manual-sign-button")
        await page.wait_for_text("offer-said", "Your wallet asks you now")
        await comes_to(page, address)
        await behaves(page, "slow")
        await page.press("manual-sign-button")
        await page.wait_for_text("offer-said", "Your wallet asks you now")
        async with browser_tab(page.url) as other:
            await other.before_load(browser_wallet(OWNER))
            await comes_to(other, address)
            await other.press("manual-sign-button")
            sent = example(TransactionSigned, transaction=TRANSACTION)
            await story.answers(TransactionReturned, [closed(offer), sent])
            for tab in (page, other):
                await tab.wait_for_text("manual-signed", "sent")
                await shows(tab, 0)
            assert other.errors == []
        # The wallet of the first tab signs the same once more: one answer, nothing more in the log.
        head = await story.desk.log.head()
        answered = "performance.getEntriesByName(location.origin + '/api/signing/submit').length"
        await page.evaluate("testWallet.release()")
        await page.wait_for(f"{answered} === 1")
        assert await story.desk.log.head() == head
        assert (await page.text_of("manual-signed")).count("sent") == 1


async def focused(page: Page) -> str:
    return str(await page.evaluate("document.activeElement?.dataset.testid ?? ''"))


async def tabs_to(page: Page, test_id: str) -> None:
    for _ in range(60):
        if await focused(page) == test_id:
            return
        for kind in ("rawKeyDown", "keyUp"):
            await page.command(
                "Input.dispatchKeyEvent", type=kind, key="Tab", windowsVirtualKeyCode=9
            )
    raise AssertionError(f"expected the focus to come to {test_id}, found {await focused(page)}")


async def enters(page: Page) -> None:
    await page.command("Input.dispatchKeyEvent", type="keyDown", key="Enter", text="\r")
    await page.command("Input.dispatchKeyEvent", type="keyUp", key="Enter")


@pytest.mark.timeout(600)
async def test_it_is_signed_with_keys_alone_on_a_phone(
    tmp_path: Path, built_page: PageFiles
) -> None:
    async with opened(tmp_path, built_page) as (story, page, _):
        await page.resize(width=PHONE[0], height=PHONE[1])
        offer = await story.offers(left_s=LIFE_S)
        await shows(page, 1)
        await behaves(page, "reject")
        await tabs_to(page, "offer-decline")
        await tabs_to(page, "manual-sign-button")
        await enters(page)
        await page.wait_for_text("offer-said", "Declined in the wallet")
        assert await focused(page) == "manual-sign-button", (
            "the button that was struck lost the focus"
        )
        await behaves(page, "ok")
        await enters(page)
        sent = example(TransactionSigned, transaction=TRANSACTION)
        await story.answers(TransactionReturned, [closed(offer), sent])
        await page.wait_for_text("manual-signed", "sent")
        assert await focused(page) == "manual-sign", "the focus is lost with the card"
