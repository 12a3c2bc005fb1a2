"""What an owner sees of each state of a delegation, and what is offered in it."""

import contextlib
from collections.abc import AsyncGenerator
from datetime import timedelta
from pathlib import Path

import pytest

from contracts.control import KillLevel, KillSwitchEngaged
from contracts.delegation import DelegationState, KeyEnd
from contracts.values import Leg
from gateway.page_files import PageFiles
from kit.accessible import it_is_for_everybody_at_both_widths, watch_access
from kit.browser import Page
from kit.gateway_signin import STRANGER
from kit.owner_page import agree, played_desk, stands_at
from kit.owner_story import DELEGATE, REVOKE, OwnerStory
from kit.screens import take_screens


@contextlib.asynccontextmanager
async def opened(folder: Path, page_files: PageFiles) -> AsyncGenerator[tuple[OwnerStory, Page]]:
    """Open the page of a desk that a wallet owns, over a log that a story writes."""
    async with played_desk(folder, page_files) as (desk, page, address):
        await page.open(address)
        await page.wait_for_text("connection-pill", "live")
        await watch_access(page)
        yield OwnerStory(desk), page
        assert page.errors == []


async def is_shown(page: Page, folder: Path, name: str) -> None:
    """Hold a state to the rules of access, and take its pictures."""
    await take_screens(page, folder, name)
    await it_is_for_everybody_at_both_widths(page)


async def journey_is(page: Page, status: str) -> None:
    await page.wait_for(
        f"document.querySelector('[data-testid=delegation-journey]')?.dataset.status === '{status}'"
    )


@pytest.mark.soak
@pytest.mark.timeout(600)
async def test_each_state_says_what_it_means_and_what_can_be_done(
    tmp_path: Path, built_page: PageFiles
) -> None:
    async with opened(tmp_path, built_page) as (story, page):
        await it_claims_nothing_while_nobody_reads_the_chain(story, page, tmp_path)
        await it_names_each_fault_with_its_remedy(story, page, tmp_path)
        await it_warns_of_a_strangers_key(story, page, tmp_path)
        await it_follows_what_was_sent_to_its_end(story, page, tmp_path)
        await it_tells_when_a_key_ends(story, page, tmp_path)
        await it_tells_a_dead_key_from_a_strangers(story, page, tmp_path)


async def it_claims_nothing_while_nobody_reads_the_chain(
    story: OwnerStory, page: Page, folder: Path
) -> None:
    await stands_at(page, "unknown")
    await page.press("delegation-badge")
    await page.wait_for_text("fault-venue_reading", "Wait for execution")
    await is_shown(page, folder, "unknown")


async def it_names_each_fault_with_its_remedy(story: OwnerStory, page: Page, folder: Path) -> None:
    story.reads(owner_lamports=5_000)
    await story.is_heard()
    await story.hands_over()
    await stands_at(page, "none")
    await page.wait_for_text("fault-owner_sol", "0.000005 SOL")
    assert "at least 0.00002 SOL" in await page.text_of("fault-owner_sol")
    await page.wait_until_gone("fault-venue_reading")
    await is_shown(page, folder, "faults")
    story.reads()
    await page.wait_until_gone("preflight-faults")


async def it_warns_of_a_strangers_key(story: OwnerStory, page: Page, folder: Path) -> None:
    await story.shows(DelegationState.FOREIGN, STRANGER.address)
    await stands_at(page, "foreign")
    assert "a key that this desk does not know" in await page.text_of("delegation-standing")
    await page.wait_for_text("delegation-revoke", "One transaction of your wallet")
    await is_shown(page, folder, "foreign")
    await story.offers(REVOKE)
    await page.wait_for_text("offer-revoke", "left to sign")
    await story.sends()
    await stands_at(page, "revoking")
    await journey_is(page, "sent")
    await is_shown(page, folder, "revoking")
    await story.lands()
    await story.shows(DelegationState.REVOKED, None)
    await stands_at(page, "revoked")
    await page.wait_for_text("journey-named", "The chain names nobody any more.")


async def it_follows_what_was_sent_to_its_end(story: OwnerStory, page: Page, folder: Path) -> None:
    await agree(page)
    await story.bears()
    await story.offers(DELEGATE)
    await story.shows(DelegationState.AWAITING, None)
    await stands_at(page, "awaiting")
    await story.sends()
    await stands_at(page, "submitted")
    await page.wait_for_text("journey-block", "On its way to a block")
    await is_shown(page, folder, "submitted")
    await story.lands(code=6010)
    await story.shows(DelegationState.NONE, None)
    await stands_at(page, "none")
    await page.wait_for_text("journey-block", "with error 6010")
    await is_shown(page, folder, "failed")
    await story.offers(DELEGATE)
    await story.sends()
    await story.dies()
    await page.wait_for_text("journey-block", "No block took it")
    await story.offers(DELEGATE)
    await story.sends()
    await story.lands()
    await page.wait_for_text("journey-named", "The chain is read")
    await stands_at(page, "submitted")
    story.reads(fee_payer_lamports=5_000)
    await story.is_heard()
    await story.shows(DelegationState.ACTIVE, story.key)
    await page.wait_for_text("fault-delegate_sol", "0.000005 SOL")
    await page.wait_for_text("strategy-note", "once the key can pay fees")
    story.reads()
    await story.is_heard()
    await story.shows(DelegationState.ACTIVE, story.key)
    await page.wait_until_gone("preflight-faults")
    await stands_at(page, "active")
    await page.wait_for_text("journey-named", "The chain names the key.")


async def it_tells_when_a_key_ends(story: OwnerStory, page: Page, folder: Path) -> None:
    await page.wait_for_text("delegation-badge", f"{story.key[:4]}…{story.key[-4:]}, 2")
    await story.bears(lives=timedelta(minutes=42))
    await story.shows(DelegationState.ACTIVE, story.key)
    await page.wait_for_text("delegation-badge", "delegated, ends soon")
    await page.wait_for_text("delegation-badge", " min ")
    assert "not renewed by itself" in await page.text_of("delegation-at-end")
    await is_shown(page, folder, "ends-soon")


async def it_tells_a_dead_key_from_a_strangers(story: OwnerStory, page: Page, folder: Path) -> None:
    await story.destroys(KeyEnd.EXPIRY)
    await story.shows(DelegationState.FOREIGN, story.key)
    await stands_at(page, "foreign")
    await page.wait_for_text("delegation-standing", "a key of this desk that was destroyed")
    await page.wait_for_text("delegation-badge", "dead key named")
    await is_shown(page, folder, "dead-key")


@pytest.mark.timeout(600)
async def test_an_owner_is_out_before_the_right_is_taken_back(
    tmp_path: Path, built_page: PageFiles
) -> None:
    async with opened(tmp_path, built_page) as (story, page):
        story.reads()
        await story.is_heard()
        await story.hands_over()
        await story.bears()
        await story.shows(DelegationState.ACTIVE, story.key)
        for number in range(3):
            await story.desk.story.passes(number)
        setup = await story.desk.story.holds(3)
        await stands_at(page, "active")
        await page.press("delegation-badge")
        await page.wait_for_text("revoke-warning", "+50 is open.")
        assert "the bot can no longer close it" in await page.text_of("revoke-warning")
        await is_shown(page, tmp_path, "revoke-open-position")
        await page.click("[data-testid=flatten-then-revoke]")
        assert not story.desk.live.state.is_halted
        await page.hold("[data-testid=flatten-then-revoke]", until="stop-result")
        await page.wait_for_text("stop-result", "The position of +50: +50 left.")
        await is_shown(page, tmp_path, "revoke-flattening")
        killed = story.desk.log.recorded[-1].event
        assert isinstance(killed, KillSwitchEngaged)
        assert (killed.level, killed.reason) == (KillLevel.FLATTEN, "flatten, then revoke")
        await story.desk.story.fills(setup, Leg.STOP, "149", "50", after="0", made="-50")
        await page.wait_for_text("stop-result", "The position of +50 is closed.")
        await page.wait_until_gone("flatten-then-revoke")


@pytest.mark.timeout(600)
async def test_the_highest_stop_ends_the_key_and_says_so_over_an_open_window(
    tmp_path: Path, built_page: PageFiles
) -> None:
    async with opened(tmp_path, built_page) as (story, page):
        story.reads()
        await story.is_heard()
        await story.hands_over()
        await story.bears()
        await story.shows(DelegationState.ACTIVE, story.key)
        await stands_at(page, "active")
        await page.press("delegation-badge")
        await page.wait_for_text("delegation-dialog", "Take the right back")
        await page.evaluate(
            "dispatchEvent(new KeyboardEvent('keydown', {key: 'X', shiftKey: true, ctrlKey: true}))"
        )
        await page.wait_for_text("stop-dialog", "Flatten and revoke")
        await page.put_in("flatten-phrase", "FLATTEN")
        await is_shown(page, tmp_path, "stop-levels")
        await page.hold("[data-testid=stop-level-revoke]", until="stop-result")
        await page.wait_for_text("stop-result", "still lives, for two minutes at most")
        await story.destroys(KeyEnd.KILL)
        await page.wait_for_text("stop-result", "is destroyed.")
        await is_shown(page, tmp_path, "stop-revoked")
