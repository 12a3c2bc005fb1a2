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
from contracts.verdict import ENTRY_CHASE_R_MAX, Rule
from kit.browser import Page, browser_page
from kit.gateway_app import Desk, running_desk, served, until
from kit.gateway_events import MARKET, START, at, entry_withheld, mode_changed, order_denied

HOSTILE = '<img src=x onerror="window.pwned=1"><script>window.pwned=1</script>'
TRADES = subjects.trades(SourceVenue("binance-usdm"), Symbol("solusdt"))
MINUTES = 45
CHOOSE_FLATTEN = """(() => {
  const select = document.querySelector("[data-testid=kill-level]");
  select.value = "flatten";
  select.dispatchEvent(new Event("change"));
})()"""


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


async def text_of(page: Page, test_id: str) -> str:
    return str(
        await page.evaluate(f"document.querySelector('[data-testid=\"{test_id}\"]').innerText")
    )


@pytest.mark.timeout(300)  # A machine without a browser installs one first.
async def test_the_page_shows_the_desk_live_and_stops_it(tmp_path: Path) -> None:
    async with running_desk(clock=lambda: datetime.now(UTC)) as desk, served() as port:
        await a_busy_desk(desk)
        async with browser_page(tmp_path) as page:
            await page.open(f"http://127.0.0.1:{port}/")
            await it_shows_where_the_desk_stands(desk, page)
            await it_follows_prices_and_events(desk, page)
            await page.evaluate("window.scrollTo(0, 0)")
            await page.screenshot(tmp_path / "page.png")
            await it_says_when_the_session_is_incomplete(desk, page)
            await it_catches_up_after_a_lost_connection(desk, page)
            await it_switches_the_strategy(desk, page)
            await it_kills_and_resumes(desk, page)
            assert page.errors == []
            assert await page.evaluate("window.pwned === undefined")
        assert (tmp_path / "page.png").stat().st_size > 20_000


async def it_shows_where_the_desk_stands(desk: Desk, page: Page) -> None:
    await page.wait_for("document.querySelector('.pill').textContent.startsWith('live')")
    assert await text_of(page, "env-banner") == "PAPER"
    assert await text_of(page, "feed-banner") == "SYNTHETIC"
    assert await text_of(page, "access-note") == "local desk, no sign-in"
    ladder = await text_of(page, "setup-card")
    for rung in ("TP3", "TP2", "TP1", "ENTRY", "STOP", "149.000", "153.000", "25 of 25", "resting"):
        assert rung in ladder
    assert "by hand are chased like those of the strategy" in ladder
    assert f"at most {ENTRY_CHASE_R_MAX} R" in ladder
    account = await text_of(page, "position-card")
    assert "+25 at 150.000" in account
    for line in ("Venue fees", "Funding paid", "−0.40 USD", "degraded: oracle stale"):
        assert line in account
    assert "Engine degraded since" in await text_of(page, "warning-banner")
    transactions = await text_of(page, "transactions")
    assert "protective, attempt 1" in transactions
    assert "failed: would cross (6057)" in transactions
    verdict = await text_of(page, "verdict-why")
    assert "approved" in verdict
    for rule in Rule:
        assert rule.replace("_", " ") in verdict
    await page.wait_for("document.querySelectorAll('#services tr').length === 6")
    assert "no answer" in await text_of(page, "services-card")


async def it_follows_prices_and_events(desk: Desk, page: Page) -> None:
    await tick(desk, 1, "150.4")
    await tick(desk, 2, "151.234")
    await page.wait_for("document.getElementById('price').textContent === '151.234'")
    # 10000 + 25 - 1.5 fees - 0.4 funding + 25 x (151.234 - 150) = 10053.95
    await page.wait_for("document.getElementById('account').innerText.includes('10,053.95 USD')")
    asked = {
        "side": "long", "type": "post_only_limit", "px": "150", "size": "1", "sl": "149",
        "tp1": "151", "tp2": "152", "tp3": "153", "leverage": "2", "venue": "paper",
        "notes": HOSTILE,
    }  # fmt: skip
    await desk.http.post("/api/engine/orders", json=asked)
    await desk.http.post("/api/engine/resume", json={"reason": HOSTILE})
    await page.wait_for("document.getElementById('activity').innerText.includes('<img src=x')")
    await page.click(".event:not(.noise)")
    shown = await page.evaluate("document.getElementById('show-json').textContent")
    assert json.loads(shown)["data"]["reason"] == HOSTILE
    await page.click("#show-close")


async def it_says_when_the_session_is_incomplete(desk: Desk, page: Page) -> None:
    said = "document.getElementById('cvd-age').textContent"
    assert "not the whole session" not in await page.evaluate(said)
    await desk.story.write(entry_withheld(MINUTES + 1, reason=WithheldReason.SESSION_INCOMPLETE))
    await page.wait_for(f"{said}.includes('not the whole session')")
    assert "No entry: session incomplete" in await text_of(page, "price-cvd-chart")


async def it_catches_up_after_a_lost_connection(desk: Desk, page: Page) -> None:
    await page.evaluate("desk.socket.close()")
    await desk.story.write(order_denied(derive_root_id("while away"), Rule.LEVERAGE))
    head = await desk.log.head()
    row = f"[data-testid=activity-row-{head}]"
    await page.wait_for(f"document.querySelectorAll('{row}').length === 1")
    await page.wait_for("document.getElementById('verdict-state').textContent === 'denied'")
    rows = "[...document.querySelectorAll('.event')].map((e) => Number(e.dataset.testid.slice(13)))"
    positions = await page.evaluate(rows)
    assert positions == list(range(head, head - len(positions), -1))


async def it_switches_the_strategy(desk: Desk, page: Page) -> None:
    await page.click("[data-testid=strategy-toggle]")
    await page.wait_for("document.getElementById('strategy').textContent === 'off'")
    changed = desk.log.recorded[-1].event
    assert isinstance(changed, control.SettingsChanged)
    assert not changed.settings.strategy_enabled


async def it_kills_and_resumes(desk: Desk, page: Page) -> None:
    assert "stop and take-profits" in await text_of(page, "kill-note")
    await page.evaluate(CHOOSE_FLATTEN)
    assert "Nothing, once the venue has filled the close" in await text_of(page, "kill-note")
    await page.click("[data-testid=emergency-stop]")
    dialog = await text_of(page, "stop-dialog")
    assert "the position is closed at the market" in dialog
    assert "Nothing, once the venue has filled the close" in dialog
    await page.type("looks wrong")
    await page.click("[data-testid=stop-confirm]")
    await page.wait_for("document.getElementById('ask-result').textContent.startsWith('Recorded')")
    await page.click("#ask-cancel")
    await page.wait_for("!document.getElementById('halt').hidden")
    banner = await text_of(page, "halt-banner")
    assert "looks wrong" in banner
    assert "flatten" in banner
    assert "the position is closed at the market" in banner
    killed = desk.log.recorded[-1].event
    assert isinstance(killed, control.KillSwitchEngaged)
    assert (killed.reason, killed.level) == ("looks wrong", control.KillLevel.FLATTEN)
    await page.click("[data-testid=resume-button]")
    await page.type("checked")
    await page.click("[data-testid=stop-confirm]")
    await page.wait_for("document.getElementById('halt').hidden")
    await until(lambda: not desk.live.state.is_halted)
