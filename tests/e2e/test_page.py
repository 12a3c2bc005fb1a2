"""What a person sees: the page in a real browser, over the gateway's real HTTP and WebSocket."""

import json
import math
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from contracts import control, order, subjects
from contracts.engine import Mode
from contracts.ids import SourceVenue, Symbol, derive_root_id
from contracts.signal import WithheldReason
from contracts.ticks import Trade, encode_tick
from contracts.transaction import RetryClass
from contracts.values import Leg, to_millis
from contracts.venue import FundingSettled
from contracts.verdict import Rule
from gateway.domain.kills import EFFECTS
from gateway.page_files import PageFiles
from kit.browser import Page, browser_page
from kit.gateway_app import Desk, running_desk, served, until
from kit.gateway_events import MARKET, START, at, entry_withheld, mode_changed, order_denied

HOSTILE = '<img src=x onerror="window.pwned=1"><script>window.pwned=1</script>'
TRADES = subjects.trades(SourceVenue("binance-usdm"), Symbol("solusdt"))
MINUTES = 45


async def a_busy_desk(desk: Desk) -> None:
    """Play three quarters of an hour that end with a denied entry and an open position."""
    price = Decimal("149.2")
    for number in range(MINUTES):
        close = price + Decimal(f"{math.sin(number / 4) / 5 + 0.02:.3f}")
        await desk.story.passes(
            number,
            open_usd=price,
            high_usd=max(price, close) + Decimal("0.08"),
            low_usd=min(price, close) - Decimal("0.06"),
            close_usd=close,
            turnover_usd=close * 100,
            buy_volume_base=Decimal(60 if close > price else 42),
        )
        price = close
    await desk.story.write(order_denied(derive_root_id("early"), Rule.DAILY_LOSS))
    setup = await desk.story.holds(MINUTES)
    await desk.story.fills(setup, Leg.TP1, "151", "25", after="25", made="25")
    moved = await desk.story.observes(
        order.CancelIntended,
        setup,
        Leg.TP3,
        venue_order_id=1,
        reason=order.CancelReason.REQUESTED,
    )
    planned = await desk.story.plans(setup, [moved], RetryClass.REDUCING)
    await desk.story.lands(planned, code=6057)
    await desk.story.write(
        FundingSettled(
            account="local",
            market=MARKET,
            amount_usd=Decimal("-0.4"),
            rate=Decimal("0.0001"),
            position_base=Decimal(25),
            hour=START,
            clock=at(1),
        )
    )
    await desk.story.write(mode_changed(Mode.DEGRADED))
    status = json.dumps({"ready": True, "reason": "", "position": 1}).encode()
    desk.ask.answers = {f"status.{name}": status for name in ("ingest", "signals", "risk")}
    await desk.caught_up()


async def tick(desk: Desk, number: int, price: str) -> None:
    at = to_millis(START + timedelta(minutes=MINUTES + 1)) + 100 * number
    await desk.market.put(
        TRADES, encode_tick(Trade(i=100_000 + number, t=at, p=price, q="1.5", m=False))
    )


@pytest.mark.timeout(600)  # A machine without a browser installs one first, and the page's tools.
async def test_the_page_shows_the_desk_live_and_stops_it(
    tmp_path: Path, built_page: PageFiles
) -> None:
    clock = lambda: datetime.now(UTC)  # noqa: E731
    async with running_desk(clock=clock, page=built_page) as desk, served() as port:
        await a_busy_desk(desk)
        async with browser_page(tmp_path) as page:
            await page.open(f"http://127.0.0.1:{port}/")
            await it_shows_where_the_desk_stands(desk, page)
            await it_follows_prices_and_events(desk, page)
            await page.evaluate("window.scrollTo(0, 0)")
            await page.screenshot(tmp_path / "page.png")
            await it_filters_the_activity_in_the_address(page)
            await it_says_when_the_session_is_incomplete(desk, page)
            await it_catches_up_after_a_lost_connection(desk, page)
            await it_switches_the_strategy(desk, page)
            await it_changes_a_limit_and_shows_a_conflict(desk, page)
            await it_stops_only_when_held(desk, page)
            await it_resumes_with_a_reason(desk, page)
            await it_stops_all_accounts(desk, page)
            assert page.errors == []
            assert await page.evaluate("window.pwned === undefined")
        assert (tmp_path / "page.png").stat().st_size > 20_000


async def it_shows_where_the_desk_stands(desk: Desk, page: Page) -> None:
    await page.wait_for_text("connection-pill", "live")
    assert await page.text_of("env-banner") == "PAPER"
    assert await page.text_of("feed-banner") == "SYNTHETIC"
    assert await page.evaluate("document.title.includes('PAPER · SYNTHETIC')")
    assert await page.text_of("access-note") == "local desk, no sign-in"
    ladder = await page.text_of("setup-card")
    for rung in ("TP3", "TP2", "TP1", "ENTRY", "STOP", "149.000", "153.000", "25 of 25", "resting"):
        assert rung in ladder
    assert "+25 at 150.000" in await page.text_of("position-card")
    account = await page.text_of("account-card")
    for line in ("Venue fees", "Funding paid\n▼0.40 USD", "no new risk: oracle stale"):
        assert line in account
    assert "Trading: no new risk since" in await page.text_of("warning-banner")
    transactions = await page.text_of("transactions")
    assert "protective, attempt 1" in transactions
    why = "the price would cross the market, and a post-only order must rest"
    assert f"failed: {why} code 6057" in transactions
    verdict = await page.text_of("verdict-why")
    assert "approved" in verdict
    for rule in Rule:
        assert rule.replace("_", " ") in verdict
    assert "No entry: " in await page.text_of("why-not")
    await page.wait_for("document.querySelectorAll('[data-testid^=service-]').length === 6")
    assert "no answer" in await page.text_of("services-card")
    await page.wait_for("document.querySelector('[data-testid=chart-canvas] canvas') !== null")
    await page.wait_for("document.querySelectorAll('[data-testid=telemetry] li').length === 9")
    assert "Not fed: " in await page.text_of("telemetry-regime")


async def it_follows_prices_and_events(desk: Desk, page: Page) -> None:
    await tick(desk, 1, "150.4")
    await tick(desk, 2, "151.234")
    await page.wait_for_text("last-price", "151.234")
    # 10000 + 25 - 1.5 fees - 0.4 funding + 25 x (151.234 - 150) = 10053.95
    await page.wait_for_text("equity", "10,053.95 USD")
    asked = {
        "side": "long", "type": "post_only_limit", "px": "150", "size": "1", "sl": "149",
        "tp1": "151", "tp2": "152", "tp3": "153", "leverage": "2", "venue": "paper",
        "notes": HOSTILE,
    }  # fmt: skip
    key = {"Idempotency-Key": "by-hand"}
    await desk.http.post("/api/engine/orders", json=asked, headers=key)
    await desk.http.post("/api/engine/resume", json={"reason": HOSTILE})
    newest = f"activity-row-{await desk.log.head()}"
    await page.wait_for_text(newest, "<img src=x")
    await page.click(f"[data-testid={newest}]")
    await page.wait_for("document.querySelector('[data-testid=event-json]') !== null")
    shown = json.loads(await page.text_of("event-json"))
    assert shown["data"]["reason"] == HOSTILE
    await page.click("[data-testid=event-dialog-close]")
    await page.wait_for("document.querySelector('[data-testid=event-dialog]') === null")


async def it_filters_the_activity_in_the_address(page: Page) -> None:
    await page.click("[data-testid=activity-filter-text]")
    await page.type("order_denied")
    await page.wait_for("location.search === '?q=order_denied'")
    await page.wait_for_text("activity-count", "1 event")
    exported = await page.evaluate(
        "fetch(document.querySelector('[data-testid=export-jsonl]').href).then((one) => one.text())"
    )
    assert [json.loads(line)["kind"] for line in exported.splitlines()] == ["ev", "end"]
    await page.evaluate("document.querySelector('[data-testid=activity-filter-text]').select()")
    await page.command("Input.dispatchKeyEvent", type="rawKeyDown", windowsVirtualKeyCode=8)
    await page.wait_for("location.search === ''")


async def it_says_when_the_session_is_incomplete(desk: Desk, page: Page) -> None:
    assert "not the whole session" not in await page.text_of("cvd-note")
    await desk.story.write(entry_withheld(MINUTES + 1, reason=WithheldReason.SESSION_INCOMPLETE))
    await page.wait_for_text("cvd-note", "not the whole session")
    await page.wait_for_text("decision", "No entry: session incomplete")


async def it_catches_up_after_a_lost_connection(desk: Desk, page: Page) -> None:
    await page.evaluate("dispatchEvent(new Event('online'))")  # The page then connects anew.
    await desk.story.write(order_denied(derive_root_id("while away"), Rule.LEVERAGE))
    head = await desk.log.head()
    row = f"[data-testid=activity-row-{head}]"
    await page.wait_for(f"document.querySelectorAll('{row}').length === 1")
    await page.wait_for_text(f"verdict-row-{head}", "denied")
    await page.click("[data-testid=activity-filter-noise]")
    rows = (
        "[...document.querySelectorAll('[data-testid^=activity-row-]')]"
        ".map((e) => Number(e.dataset.testid.slice(13))).sort((a, b) => b - a)"
    )
    await page.wait_for(f"({rows})[0] >= {head} && ({rows}).length > 10")
    positions = await page.evaluate(rows)
    assert positions == list(range(positions[0], positions[0] - len(positions), -1))


async def it_switches_the_strategy(desk: Desk, page: Page) -> None:
    await page.press("strategy-toggle")
    await page.wait_for_text("strategy-note", "off")
    changed = desk.log.recorded[-1].event
    assert isinstance(changed, control.SettingsChanged)
    assert not changed.settings.strategy_enabled
    # What one does oneself is no news.
    await page.wait_for("!document.querySelector('[data-testid=strategy-toggle]').ariaDisabled")
    assert await page.evaluate(
        "document.querySelector('[data-testid=settings-elsewhere]') === null"
    )


async def it_changes_a_limit_and_shows_a_conflict(desk: Desk, page: Page) -> None:
    await page.put_in("leverage-input", "4")
    await page.press("settings-review")
    await page.wait_for_text("settings-diff", "4 ×")
    now = (await desk.http.get("/api/settings")).json()
    await desk.http.put(
        "/api/settings", json={**now, "risk_per_trade": "25"}, headers={"If-Match": "*"}
    )
    await page.wait_for("document.querySelector('[data-testid=settings-conflict]') !== null")
    await page.wait_for_text("settings-theirs", "25 bps")
    await page.wait_for_text("settings-elsewhere", "Changed elsewhere by local")
    for words in ("What you typed is kept", "Risk per trade"):
        assert words in await page.text_of("settings-elsewhere")
    await page.press("settings-rebase")
    await page.wait_until_gone("settings-elsewhere")
    await page.press("settings-apply")
    await page.wait_for("document.querySelector('[data-testid=settings-dialog]') === null")
    changed = desk.log.recorded[-1].event
    assert isinstance(changed, control.SettingsChanged)
    assert (changed.settings.leverage_max, changed.settings.risk_per_trade_bps) == (4, 25)
    now = (await desk.http.get("/api/settings")).json()
    await desk.http.put(
        "/api/settings", json={**now, "max_leverage": "3"}, headers={"If-Match": "*"}
    )
    await page.wait_for_text("settings-elsewhere-diff", "3 ×")
    assert "What you typed" not in await page.text_of("settings-elsewhere")
    await page.press("settings-elsewhere-ok")
    await page.wait_until_gone("settings-elsewhere")


async def it_stops_only_when_held(desk: Desk, page: Page) -> None:
    await page.click("[data-testid=emergency-stop]")
    await page.wait_for_text("stop-dialog", "Stays open")
    offered = await page.text_of("stop-dialog")
    for effect in EFFECTS.values():
        assert effect.does in offered
        assert effect.leaves_open in offered
    await page.click("[data-testid=stop-reason]")
    await page.type("looks wrong")
    flatten = "document.querySelector('[data-testid=stop-level-flatten]')"
    assert await page.evaluate(f"{flatten}.disabled")
    await page.put_in("flatten-phrase", "FLATTEN")
    await page.wait_for(f"!{flatten}.disabled")
    await page.click("[data-testid=stop-level-flatten]")
    assert not desk.live.state.is_halted
    await page.hold("[data-testid=stop-level-flatten]", until="stop-result")
    await page.wait_for_text("stop-result", "Recorded at position")
    await page.wait_for_text("stop-result", "New entries are blocked.")
    # Nobody answers for execution there: the close is not awaited for ever.
    step = "The position of +25: +25 left. Execution does not answer, so nothing is sent."
    await page.wait_for_text("stop-result", step)
    assert "close it on the venue's own page" in await page.text_of("stop-result")
    killed = desk.log.recorded[-1].event
    assert isinstance(killed, control.KillSwitchEngaged)
    assert (killed.reason, killed.level) == ("looks wrong", control.KillLevel.FLATTEN)
    await page.press("stop-dialog-close")
    await page.wait_until_gone("stop-dialog")
    banner = await page.text_of("halt-banner")
    for words in ("looks wrong", "flatten", "the position is closed at the market"):
        assert words in banner


async def it_resumes_with_a_reason(desk: Desk, page: Page) -> None:
    await page.press("resume-button")
    await page.wait_for_text("resume-causes", "looks wrong")
    await page.click("[data-testid=resume-confirm]")
    await page.wait_for_text("resume-said", "A reason is needed.")
    await page.click("[data-testid=resume-reason]")
    await page.type("checked")
    await page.click("[data-testid=resume-confirm]")
    await page.wait_for("document.querySelector('[data-testid=halt-banner]') === null")
    await until(lambda: not desk.live.state.is_halted)


async def it_stops_all_accounts(desk: Desk, page: Page) -> None:
    await page.press("emergency-stop")
    await page.press("stop-scope-global")
    await page.wait_for_text("stop-level-pause", "all")
    await page.hold("[data-testid=stop-level-pause]", until="stop-result")
    await page.wait_for_text("stop-result", "It stands for all accounts.")
    killed = desk.log.recorded[-1].event
    assert isinstance(killed, control.KillSwitchEngaged)
    assert (killed.account, killed.level) == (None, control.KillLevel.PAUSE_ENTRIES)
    await page.press("stop-dialog-close")
    await page.wait_until_gone("stop-dialog")
    await page.wait_for_text("halt-banner", "pause entries, all accounts")
    await page.press("resume-button")
    await page.wait_for_text("resume-dialog", "Resume all accounts?")
    await page.put_in("resume-reason", "a drill")
    await page.press("resume-confirm")
    await page.wait_until_gone("halt-banner")
