"""A trader's day on the real Drift program: a wallet of one's own, from no account to the revoke.

The chain lives as long as the desk, so one run of it sees the whole day, at one speed of its
market: slow enough to sign in, and for a chain that is looked at a few times a second.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from contracts.delegation import OwnerTransactionLanded, OwnerTransactionOffered
from contracts.event import Recorded
from contracts.order import OrderFilled
from contracts.values import Liquidity
from kit.accessible import watch_access
from kit.browser import Page
from kit.desk_process import running_up
from kit.gateway_signin import OWNER
from kit.localnet_rig import drift_program
from kit.owner_page import close_dialog, owners_page
from kit.page_log import read_log
from kit.servers import free_port
from kit.trader_story import (
    Story,
    it_enters_and_protects_what_it_holds,
    it_gets_a_delegate_and_a_strategy,
    it_is_entered_with_a_wallet,
    it_is_flattened,
    it_resumes_after_a_fresh_sign_in,
    it_takes_profit_and_cannot_lose_any_more,
    it_takes_the_right_back,
    the_auditor_finds_nothing,
    the_log_tells_the_same,
)

SPEED = 2
"""Times the market's own time: an offer can be signed for half a minute."""
DATA = Path("day")
SETTINGS = {
    "SIGN_IN_WALLETS": OWNER.address,
    "OWNER_WALLET": OWNER.address,
    # The market plays so many minutes at once; its first setup comes at 01:44.
    "SYNTHETIC_WARMUP_MINUTES": "95",
    # By the time of a kill the sign-in is too old to resume.
    "STEP_UP_MIN": "3",
}
EXPECTED = (" 401 ", " 403 ")
"""What the browser notes of a session that is not there yet, and of one that is too old."""
PICTURES = frozenset({"set-up", "desk", "day-over"})


@asynccontextmanager
async def localnet_desk(folder: Path, port: int) -> AsyncGenerator[None]:
    """Run a desk on a localnet, until the account that is to be the wallet's can be opened."""
    options = ("--venue", "localnet", "--feed", "synthetic", "--speed", str(SPEED))
    options += ("--data-dir", str(folder / DATA))
    ready = "ready: Drift"
    async with running_up(folder, *options, port=port, environment=SETTINGS, until=ready):
        yield


@pytest.mark.soak
@pytest.mark.timeout(1800)
@pytest.mark.usefixtures("built_page")
async def test_a_traders_whole_day_on_the_real_program(tmp_path: Path) -> None:
    drift_program()
    pytest.importorskip("driftpy", reason="driftpy is not installed: `just sync --extra drift`")
    port = free_port()
    async with owners_page(tmp_path) as page:
        story = Story(page, tmp_path, port, venue="localnet-", pictures=PICTURES)
        async with localnet_desk(tmp_path, port):
            await it_is_entered_with_a_wallet(story)
            await watch_access(page)
            await it_says_what_the_wallet_will_pay(story)
            await it_gets_a_delegate_and_a_strategy(story)
            await it_enters_and_protects_what_it_holds(story)
            await it_takes_profit_and_cannot_lose_any_more(story)
            await it_is_flattened(story)
            await it_resumes_after_a_fresh_sign_in(story)
            await it_takes_the_right_back(story)
            log = await read_log(tmp_path / DATA)
            assert [it for it in page.errors if not any(code in it for code in EXPECTED)] == []
    the_log_tells_the_same(log)
    what_the_wallet_signed_paid_once(log)
    what_entered_made_the_market(log)
    the_auditor_finds_nothing(tmp_path / DATA, tmp_path)


async def it_says_what_the_wallet_will_pay(story: Story) -> None:
    """Before there is a delegate, the page tells what its transaction brings."""
    page: Page = story.page
    await page.press("delegation-badge")
    await page.wait_for_text("fault-sub_account", "Delegate: the transaction that you sign opens")
    await page.wait_for_text("fault-deposit", "deposits 10000 USDC of your wallet")
    await page.wait_for_text("fault-delegate_sol", "sends 0.05 SOL to the delegate key")
    await story.picture("set-up", at="preflight-faults")
    await close_dialog(page, "delegation-dialog")


def what_the_wallet_signed_paid_once(log: list[Recorded]) -> None:
    """Hold the owner's transactions to one deposit and one gift of SOL, with no error."""
    offers = [it.event for it in log if isinstance(it.event, OwnerTransactionOffered)]
    assert [(str(it.deposit_usd), it.delegate_lamports) for it in offers] == [
        ("10000", 50_000_000),
        ("None", 0),
    ]
    landed = [it.event for it in log if isinstance(it.event, OwnerTransactionLanded)]
    assert [(it.kind, it.code) for it in landed] == [("delegate", None), ("revoke", None)]


def what_entered_made_the_market(log: list[Recorded]) -> None:
    """Hold the entry to post-only: each part of it was made, and paid for with a rebate."""
    fills = [it.event for it in log if isinstance(it.event, OrderFilled)]
    entries = [it for it in fills if it.leg == "entry"]
    assert {it.liquidity for it in entries} == {Liquidity.MAKER}
    assert all(it.fee_usd < 0 for it in entries)
