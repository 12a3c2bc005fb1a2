"""A wallet in a real browser: signing in, again for what is dangerous, and out."""

import contextlib
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from contracts.delegation import ConsentGiven, DelegationState
from gateway.page_files import PageFiles
from gateway.server import bind
from gateway.site import loopback_site
from kit.accessible import it_is_for_everybody_at_both_widths, watch_access
from kit.browser import Page, browser_page
from kit.browser_wallet import browser_wallet
from kit.gateway_app import Desk, running_desk, serving_sign_in, until
from kit.gateway_signin import FOR_HARDWARE, HOT, OWNER, STRANGER, SignInStage, Wallet, signed_in
from kit.owner_page import agree, close_dialog, stands_at
from kit.owner_story import DELEGATE, OwnerStory
from kit.screens import take_screens


@contextlib.asynccontextmanager
async def opened(
    folder: Path, page_files: PageFiles, *wallets: str, owner: Wallet | None = None
) -> AsyncGenerator[tuple[Desk, Page, SignInStage]]:
    """Open the page of a desk that asks for a sign-in, in a browser with wallets.

    With an `owner` of its own, who cannot sign in, the wallets of `FOR_HARDWARE` may.
    """
    listener = await bind("127.0.0.1", 0)
    port = int(listener.getsockname()[1])
    site = loopback_site(port, requires_origin=True)
    stage = SignInStage(site=site)
    if owner is not None:
        stage.wallets = FOR_HARDWARE
    async with (
        running_desk(
            stage=stage,
            page=page_files,
            clock=lambda: datetime.now(UTC),
            environment={} if owner is None else {"owner_wallet": owner.address},
            services_every_s=0.1,
        ) as desk,
        serving_sign_in(desk, listener, site),
        browser_page(folder) as page,
    ):
        for one in wallets:
            await page.before_load(one)
        await page.open(f"http://127.0.0.1:{port}/")
        yield desk, page, stage


@pytest.mark.timeout(600)
async def test_a_wallet_signs_in_steps_up_and_is_signed_out_when_it_changes(
    tmp_path: Path, built_page: PageFiles
) -> None:
    wallets = browser_wallet(OWNER, name="Backpack", behavior="message-only"), browser_wallet(OWNER)
    async with opened(tmp_path, built_page, *wallets) as (desk, page, stage):
        await page.wait_for_text("signed-out", "Sign in with a wallet to see this desk")
        names = "[...document.querySelectorAll('[data-testid^=wallet-]')].map((e) => e.innerText)"
        assert await page.evaluate(names) == ["Phantom", "Backpack"]

        await page.press("connect-wallet")
        await page.wait_for_text("siws-statement", "It moves no money")
        await page.click("[data-testid=siws-modal] [data-testid=wallet-phantom]")
        await page.wait_for_text("connection-pill", "live")
        assert await page.text_of("wallet-address") == f"{OWNER.address[:4]}…{OWNER.address[-4:]}"

        await desk.http.post("/api/engine/kill", json={})  # Nobody is signed in there: refused.
        await page.hold("[data-testid=emergency-stop]", until="stop-result")
        await page.wait_for_text("stop-result", "New entries are blocked.")
        await page.press("stop-dialog-close")
        await page.wait_until_gone("stop-dialog")
        stage.passes(minutes=10)
        await page.press("resume-button")
        await page.press("resume-reason")
        await page.type("checked")
        await page.press("resume-confirm")
        await page.wait_for_text("siws-modal", "needs a sign-in of the last minutes")
        assert desk.live.state.is_halted
        await page.click("[data-testid=siws-modal] [data-testid=wallet-backpack]")
        await page.wait_until_gone("halt-banner")
        await until(lambda: not desk.live.state.is_halted)

        await page.wait_for_text("connection-pill", "live")  # On the stream of the new session.
        await page.evaluate(f"testWallet.switchTo('{STRANGER.address}')")
        await page.wait_for_text("signed-out", "Sign in with a wallet to see this desk")
        assert await page.evaluate("document.querySelector('[data-testid=position-card]') === null")
        assert desk.sign_in is not None
        assert desk.sign_in.sessions.of(OWNER.address) == []


@pytest.mark.timeout(600)
async def test_a_session_that_ends_leaves_nothing_of_the_desk_behind(
    tmp_path: Path, built_page: PageFiles
) -> None:
    async with opened(tmp_path, built_page, browser_wallet(OWNER)) as (_, page, stage):
        await page.press("wallet-phantom")
        await page.wait_for_text("connection-pill", "live")
        await page.hold("[data-testid=emergency-stop]", until="stop-result")
        await page.press("stop-dialog-close")
        await page.wait_for_text("halt-banner", "Stopped")
        assert await page.evaluate("document.title.includes('PAPER')")
        stage.passes(minutes=60)
        await page.wait_for_text("signed-out", "Sign in with a wallet to see this desk")
        await page.wait_for("document.title === 'signed out – perp desk'")
        assert await page.text_of("env-banner") == "SIGNED OUT"
        await page.wait_until_gone("halt-banner")


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("who", "behavior", "words"),
    [
        (OWNER, "reject", "Declined in the wallet."),
        (OWNER, "tamper", "The wallet signed another text"),
        (OWNER, "wrong-key", "The signature is not the wallet's"),
        (STRANGER, "ok", "This wallet may not sign in here"),
    ],
)
async def test_a_wallet_that_does_not_sign_as_asked_is_not_let_in(
    tmp_path: Path, built_page: PageFiles, who: Wallet, behavior: str, words: str
) -> None:
    wallet = browser_wallet(who, behavior=behavior)
    async with opened(tmp_path, built_page, wallet) as (_, page, __):
        await page.press("wallet-phantom")
        await page.wait_for_text("siws-said", words)
        assert await page.evaluate("document.querySelector('[data-testid=position-card]') === null")


@pytest.mark.timeout(600)
async def test_an_owner_on_a_ledger_signs_what_another_wallet_asks_for(
    tmp_path: Path, built_page: PageFiles
) -> None:
    both = browser_wallet(HOT, ledger=OWNER)
    async with opened(tmp_path, built_page, both, owner=OWNER) as (desk, page, _):
        await page.press("wallet-phantom")
        await page.wait_for_text("connection-pill", "live")
        await watch_access(page)
        story = OwnerStory(desk)
        story.reads()
        await story.is_heard()
        await story.hands_over()
        await stands_at(page, "none")
        await page.press("delegation-badge")
        await page.wait_for_text("delegation-for-owner", f"the owner, {OWNER.address}")
        await agree(page)
        (consent,) = [it.event for it in desk.log.recorded if isinstance(it.event, ConsentGiven)]
        assert (consent.wallet, consent.by) == (OWNER.address, HOT.address)
        await story.bears()
        await story.offers(DELEGATE)
        await story.shows(DelegationState.AWAITING, None)
        await page.press("offer-sign")
        await page.wait_for_text("offer-refusal", f"to show {OWNER.address}, found {HOT.address}")
        await it_is_for_everybody_at_both_widths(page)
        await take_screens(page, tmp_path, "for-a-ledger")

        await page.evaluate(f"testWallet.switchTo('{OWNER.address}')")
        await page.press("offer-sign")
        returned = await story.takes()
        assert (returned.wallet, returned.by) == (OWNER.address, HOT.address)
        await story.lands()
        await story.shows(DelegationState.ACTIVE, story.key)
        await stands_at(page, "active")
        await page.press("manual-sign-toggle")
        await page.wait_for_text("manual-sign-note", "on: no delegate is needed")
        await close_dialog(page, "delegation-dialog")

        await page.evaluate(f"testWallet.switchTo('{STRANGER.address}')")
        await page.wait_for_text("signed-out", "Sign in with a wallet to see this desk")
        assert page.errors == []


@pytest.mark.timeout(600)
async def test_a_browser_without_a_wallet_says_so_until_one_comes(
    tmp_path: Path, built_page: PageFiles
) -> None:
    async with opened(tmp_path, built_page) as (_, page, __):
        await page.wait_for_text("no-wallets", "No Solana wallet was found in this browser.")
        await watch_access(page)
        await it_is_for_everybody_at_both_widths(page)
        await page.evaluate(browser_wallet(OWNER))
        await page.press("wallet-phantom")
        await page.wait_for_text("connection-pill", "live")
        assert page.errors == []


@pytest.mark.timeout(600)
async def test_sessions_are_ended_on_the_page_one_or_all(
    tmp_path: Path, built_page: PageFiles
) -> None:
    async with opened(tmp_path, built_page, browser_wallet(OWNER)) as (desk, page, _):
        await page.press("wallet-phantom")
        await page.wait_for_text("connection-pill", "live")
        other = (await signed_in(desk.http))["id"]
        await page.press("page-settings")
        await page.wait_for_text("sessions", "this one")
        listed = "document.querySelectorAll('[data-testid^=end-session-]').length"
        assert await page.evaluate(listed) == 2
        await watch_access(page)
        await it_is_for_everybody_at_both_widths(page)
        await take_screens(page, tmp_path, "sessions")
        await page.press(f"end-session-{other}")
        await page.wait_for(f"{listed} === 1")
        assert (await desk.http.get("/api/state")).status_code == 401
        await page.wait_for_text("connection-pill", "live")
        await signed_in(desk.http)
        await page.press("end-all-sessions")
        await page.wait_for_text("signed-out", "Sign in with a wallet to see this desk")
        assert (await desk.http.get("/api/state")).status_code == 401
