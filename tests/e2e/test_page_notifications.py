"""Notifications on the page: what is saved is what the gateway keeps, and a test is really sent."""

import json
from pathlib import Path

import pytest

from contracts.ids import AccountId
from gateway.page_files import PageFiles
from kit.browser import Page, browser_page
from kit.gateway_app import Desk, running_desk, served
from kit.gateway_notify import TELEGRAM, NotifyStage

SECRET = TELEGRAM.split("/")[2]


async def kept(stage: NotifyStage) -> str:
    """Give the settings as the bucket holds them."""
    config = (await stage.store(AccountId("local")).config()).value
    (channel,) = config.channels
    assert stage.sealer is not None
    assert stage.sealer.open(channel.sealed, place=channel.place) == TELEGRAM
    return json.dumps(
        {
            "number": config.number,
            "channel": [channel.id, channel.name, channel.floor],
            "stop_hit": config.matrix.get("stop_hit"),
            "target_hit": config.matrix.get("target_hit"),
            "limits": [config.liquidation_pct, config.delegate_expiry_min, config.rpc_silent_s],
        }
    )


@pytest.mark.timeout(600)
async def test_the_form_saves_what_it_shows_and_the_test_button_sends(
    tmp_path: Path, built_page: PageFiles
) -> None:
    stage = NotifyStage()
    async with (
        running_desk(page=built_page, notify=stage) as desk,
        served() as port,
        browser_page(tmp_path) as page,
    ):
        await page.open(f"http://127.0.0.1:{port}/")
        await page.wait_for_text("connection-pill", "live")
        await page.press("page-settings")
        await page.wait_for_text("notif-settings", "Add channel")
        await it_saves_the_form(desk, page, stage)
        await it_sends_a_test(page, stage)
        assert SECRET not in await page.evaluate("document.documentElement.outerHTML")
        assert page.errors == []


async def it_saves_the_form(desk: Desk, page: Page, stage: NotifyStage) -> None:
    await page.put_in("channel-new-name", "My phone")
    await page.put_in("channel-new-target", TELEGRAM)
    await page.press("channel-add")
    await page.press("notif-target_hit-my-phone")
    await page.put_in("notif-liquidation-pct", "15")
    await page.put_in("notif-delegate-expiry-1", "30")
    assert (await desk.http.get("/api/notifications")).headers["etag"] == '"0"'
    await page.press("notif-save")
    await page.wait_for_text("channel-my-phone", "tgram://")
    assert json.loads(await kept(stage)) == {
        "number": 1,
        "channel": ["my-phone", "My phone", "info"],
        "stop_hit": ["my-phone"],
        "target_hit": ["my-phone"],
        "limits": [15, [120, 30], 60],
    }


async def it_sends_a_test(page: Page, stage: NotifyStage) -> None:
    await page.press("channel-test-my-phone")
    await page.wait_for_text("channel-my-phone", "test delivered")
    assert stage.sender.titles(TELEGRAM) == ["Test"]
    stage.sender.fails[TELEGRAM] = "timeout"
    await page.press("channel-test-my-phone")
    await page.wait_for_text("channel-my-phone", "test failed: no answer in time")
