"""The page as the owner of an account uses it, on the whole desk or on one that is played."""

import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from gateway.page_files import PageFiles
from kit.browser import Page, browser_page
from kit.browser_wallet import browser_wallet
from kit.desk_process import running_up
from kit.gateway_app import Desk, running_desk, served
from kit.gateway_signin import OWNER


@asynccontextmanager
async def owners_desk(
    folder: Path, *, port: int, speed: int, settings: Mapping[str, str] | None = None
) -> AsyncGenerator[int]:
    """Run a synthetic desk that a wallet owns, on the folder's data; give its process id."""
    options = ("--feed", "synthetic", "--speed", str(speed))
    environment = {"SIGN_IN_WALLETS": OWNER.address, **(settings or {})}
    async with running_up(folder, *options, port=port, environment=environment) as pid:
        yield pid


@asynccontextmanager
async def played_desk(
    folder: Path, page_files: PageFiles
) -> AsyncGenerator[tuple[Desk, Page, str]]:
    """Serve a desk that a wallet owns, whose log a story writes; give a browser and its address."""
    async with (
        running_desk(
            clock=lambda: datetime.now(UTC),
            page=page_files,
            environment={"owner_wallet": OWNER.address},
            services_every_s=0.1,
        ) as desk,
        served() as port,
        owners_page(folder) as page,
    ):
        yield desk, page, f"http://127.0.0.1:{port}/"


@asynccontextmanager
async def owners_page(folder: Path) -> AsyncGenerator[Page]:
    """Open a browser with the owner's wallet."""
    async with browser_page(folder) as page:
        await page.before_load(browser_wallet(OWNER))
        yield page


async def sign_in(page: Page, port: int) -> None:
    """Open the desk and sign in with the wallet."""
    await page.open(f"http://localhost:{port}/")
    await page.press("wallet-phantom")
    await page.wait_for_text("connection-pill", "live")


async def stands_at(page: Page, state: str) -> None:
    """Wait until the badge says so of the delegation."""
    await page.wait_for(
        "document.querySelector('[data-testid=delegation-badge]')?.dataset.state === "
        + json.dumps(state)
    )


async def agree(page: Page) -> None:
    """Agree to the text that is open."""
    await page.press("delegate-consent-check")
    await page.press("delegate-consent-agree")
    await page.wait_for_text("consent-receipt", "You agreed at")


async def close_dialog(page: Page, name: str) -> None:
    """Close a dialog by its button."""
    await page.press(f"{name}-close")
    await page.wait_until_gone(name)
