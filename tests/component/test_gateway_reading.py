"""What the API tells: state, activity, single events, services, prices; and what it survives."""

import asyncio
import json
import re
from decimal import Decimal
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Any

import msgspec
import pytest
from structlog.testing import capture_logs

from contracts import codec, subjects
from contracts.control import KillLevel
from contracts.engine import Mode, PositionAdopted
from contracts.ids import SourceVenue, Symbol
from contracts.ticks import TapeEnd, Trade, encode_tick
from contracts.transaction import RetryClass
from contracts.values import Leg, to_millis
from contracts.venue import FundingSettled, VenueFeeCharged
from gateway import consumers
from gateway.asgi import describe
from gateway.consumers import read_status
from gateway.domain import kills
from gateway.domain.desk import STATE_VERSION
from gateway.openapi import text as openapi_text
from gateway.place import DRIFT
from gateway.stream.protocol import Activity
from gateway.views import StateView
from kit.gateway_app import Desk, running_desk, until
from kit.gateway_events import MARKET, START, at, minute_closed, mode_changed, setup_closed
from kit.memory import InMemoryCheckpoints, InMemoryLog

TRADES = subjects.trades(SourceVenue("binance-usdm"), Symbol("solusdt"))


async def state_of(desk: Desk) -> StateView:
    await desk.caught_up()
    answer = await desk.http.get("/api/state")
    return msgspec.json.decode(answer.content, type=StateView)


async def folded_of(desk: Desk) -> StateView:
    """Give the state without what services are asked for now and then: nobody folds that."""
    return msgspec.structs.replace(await state_of(desk), services=[], flow=None)


async def test_the_state_is_the_whole_desk() -> None:
    async with running_desk() as desk:
        await desk.story.passes(0)
        setup = await desk.story.holds(1)
        await desk.story.fills(setup, Leg.TP1, "151", "25", after="25", made="25")
        state = await state_of(desk)
        assert (state.mode, state.is_caught_up, state.is_halted) == ("paper", True, False)
        assert state.feed is not None
        assert state.feed.kind == "synthetic"
        assert state.account is not None
        # 10000 + 25 - 2 x 0.75; 25 left at 150.2, the last close: + 5.
        assert (state.account.balance_usd, state.account.equity_usd) == ("10023.5", "10028.5")
        assert state.position.quantity_base == "25"
        assert [order.leg for order in state.orders if order.is_open] == ["stop", "tp2", "tp3"]
        assert state.verdict is not None
        assert state.verdict.is_approved
        assert len(state.bars) == 2
        assert state.decision is not None
        assert state.decision.wants_entry


async def test_the_state_shows_the_engine_and_the_transactions_of_live_orders() -> None:
    async with running_desk() as desk:
        setup = await desk.story.holds(0)
        before = await state_of(desk)
        tp1 = desk.live.state.book.orders[2]
        retry = await desk.story.plans(setup, [tp1.intents[0]], RetryClass.PROTECTIVE, attempt=2)
        await desk.story.signs(retry)
        await desk.story.dies(retry)
        await desk.story.write(mode_changed(Mode.DEGRADED, reason="oracle-stale"))
        after = await state_of(desk)

    assert (before.engine.mode, before.engine.reason, before.engine.pos) == ("run", "", None)
    assert (after.engine.mode, after.engine.reason) == ("degraded", "oracle-stale")
    assert after.engine.pos == after.pos
    shown = [(one.retry_class, one.attempt, one.fate) for one in after.transactions]
    assert shown == [
        ("exposure", 1, "landed"),  # of the entry, which is over, and of the stop
        ("protective", 1, "landed"),
        ("protective", 2, "dead"),
    ]
    legs = {order.order_id: order.leg for order in after.orders}
    assert [[legs[one] for one in t.order_ids] for t in after.transactions] == [
        ["entry", "stop"],
        ["tp1", "tp2", "tp3"],
        ["tp1"],
    ]
    assert (after.transactions[0].fee_lamports, after.transactions[0].slot) == ("9200", "1155")
    assert after.kill_level is None


async def test_the_state_shows_funding_and_venue_fees_and_an_adopted_position() -> None:
    holder: dict[str, Any] = {"account": "local", "market": MARKET}
    async with running_desk() as desk:
        await desk.story.write(
            FundingSettled(
                **holder,
                amount_usd=Decimal("-1.234"),
                rate=Decimal("0.0001"),
                position_base=Decimal(5),
                hour=START,
                clock=at(1),
            )
        )
        await desk.story.write(
            VenueFeeCharged(
                **holder,
                key="fee-1",
                venue_order_id=1,
                reason="trigger",
                fee_usd=Decimal("0.01"),
                clock=at(1),
            )
        )
        adoption = await desk.story.write(
            PositionAdopted(
                **holder,
                position_base=Decimal(5),
                oracle_usd=Decimal(150),
                stop_price_usd=Decimal(140),
            )
        )
        state = await state_of(desk)

    assert state.account is not None
    assert (state.account.funding_usd, state.account.venue_fees_usd) == ("-1.23", "0.01")
    assert state.account.fees_usd == "0"
    assert state.account.balance_usd == "9998.76"  # 10000 - 1.234 - 0.01, to the cent
    assert state.adopted is not None
    assert (state.adopted.setup, state.adopted.stop_price_usd) == (str(adoption), "140")


async def test_a_closed_setup_shows_what_it_made_and_cost() -> None:
    async with running_desk() as desk:
        setup = await desk.story.holds(0)
        await desk.story.fills(setup, Leg.STOP, "149", "50", after="0", made="-50")
        await desk.story.write(setup_closed(setup))
        state = await state_of(desk)

    assert state.setup is not None
    assert (state.setup.status, state.setup.outcome) == ("closed", "stopped")
    assert (state.setup.fees_usd, state.setup.funding_usd) == ("1.5", "-0.25")
    assert state.setup.transaction_fees_lamports == "9200"


async def test_an_event_that_cannot_be_read_is_shown_and_everything_goes_on() -> None:
    async with running_desk() as desk:
        headers = {codec.ID: "not-a-uuid", codec.TYPE: "order_teleported"}
        position = await desk.log.put_raw("orders.p16.local.sol-perp", headers, b"\xff\x00junk")
        await desk.log.put_raw("signals.sol-perp", {}, b"{")
        await desk.story.passes(0)
        state = await state_of(desk)
        assert (state.unreadable_events, state.unreadable_pos) == (2, str(position + 1))
        assert len(state.bars) == 1
        shown = (await desk.http.get(f"/api/events/{position}")).json()
        assert (shown["event"], shown["type"], shown["level"]) == ("unreadable", "error", "bad")
        assert shown["summary"].startswith(f"unreadable event at position {position}: ")
        assert shown["data"] is None


async def test_a_restart_shows_the_same_state_from_its_checkpoint(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(consumers, "CHECKPOINT_EVENTS", 5)
    log = InMemoryLog(service="gateway")
    checkpoints = InMemoryCheckpoints(log)
    async with running_desk(log=log, checkpoints=checkpoints) as desk:
        await desk.story.holds(0)
        first = await folded_of(desk)
        epoch = desk.live.hub.epoch
    kept = await checkpoints.load(consumers.CHECKPOINT, version=STATE_VERSION)
    assert kept is not None
    async with running_desk(log=log, checkpoints=checkpoints) as again:
        assert await folded_of(again) == first
        assert again.live.hub.epoch == epoch
        assert again.live.hub.ring.first == 1  # Older events are there to be asked for.
    checkpoints.damage(consumers.CHECKPOINT)
    async with running_desk(log=log, checkpoints=checkpoints) as third:
        assert await folded_of(third) == first


async def test_ticks_show_as_price_and_flow_and_bad_ones_are_counted() -> None:
    async with running_desk() as desk:
        at = to_millis(START)
        await desk.market.put(TRADES, encode_tick(Trade(i=1, t=at, p="150.5", q="2", m=False)))
        await desk.market.put(TRADES, b"{half a frame")
        await desk.market.put(TRADES, encode_tick(Trade(i=2, t=at, p="NaN", q="2", m=False)))
        await desk.market.put(TRADES, encode_tick(Trade(i=3, t=at + 5, p="150.7", q="3", m=True)))
        await desk.market.put(TRADES, encode_tick(TapeEnd(i=3, t=at + 5)))
        await until(lambda: desk.live.market.price is not None)
        await until(lambda: desk.live.market.refused_ticks == 2)
        state = await state_of(desk)
        assert state.price is not None
        assert (state.price.last_usd, state.price.trade_id) == ("150.7", "3")
        assert state.flow is not None
        assert (state.flow.cvd_base, state.flow.is_live) == ("-1", True)
        assert {"price", "cvd", "services"} <= desk.live.hub.snaps.keys()


async def test_ticks_that_pile_up_are_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consumers, "TICKS_BEHIND_MAX", 100)
    monkeypatch.setattr(consumers, "CHECK_S", 0.0)
    async with running_desk(opens_account=False) as desk:
        at = to_millis(START)
        for number in range(1, 3_000):
            body = encode_tick(Trade(i=number, t=at + number, p="150", q="1", m=False))
            await desk.market.put(TRADES, body)
        with capture_logs() as logs:
            await desk.story.opens()
            await until(lambda: desk.live.market.price is not None)
        assert "ticks_passed_over" in [line["event"] for line in logs]
        price = desk.live.market.price
        assert price is not None
        assert price.trade_id == 2_999
        assert desk.live.market.flow is None  # Not all ticks were seen, and no minute has closed.


async def test_services_that_answer_are_up_and_the_others_say_so() -> None:
    async with running_desk() as desk:
        status = {"ready": True, "reason": "", "position": 17, "lag": 0}
        desk.ask.answers["status.risk"] = json.dumps(status).encode()
        desk.ask.answers["status.signals"] = json.dumps({"ready": False, "reason": "late"}).encode()
        live = desk.live
        task = asyncio.create_task(
            consumers.show_services(live, desk.ask, clock=desk.commands.clock)
        )
        await until(lambda: any(one.is_up for one in live.services))
        task.cancel()
        table = {one.name: one for one in (await state_of(desk)).services}
        assert list(table) == ["ingest", "signals", "risk", "execution", "gateway", "audit"]
        assert (table["risk"].is_up, table["risk"].is_ready) == (True, True)
        assert table["risk"].details == {"position": "17", "lag": "0"}
        assert (table["signals"].is_up, table["signals"].is_ready) == (True, False)
        assert (table["audit"].is_up, table["audit"].reason) == (False, "no answer")


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"5", b"\xff", b"[" * 9_000, b'{"a":"' + b"x" * 20_000 + b'"}']
)
def test_a_status_that_is_none_says_what_was_expected(body: bytes) -> None:
    assert read_status(body)["reason"].startswith("expected ")


def test_a_status_is_cut_to_what_a_table_shows() -> None:
    body = json.dumps({f"key{number}": "x" * 300 for number in range(50)}).encode()
    status = read_status(body)
    assert len(status) == consumers.DETAILS_MAX
    assert {len(text) for text in status.values()} == {200}


async def test_the_health_addresses_answer() -> None:
    async with running_desk() as desk:
        for path in ("/healthz", "/readyz", "/api/version", "/api/engine/ping"):
            assert (await desk.http.get(path)).status_code == 200


async def test_the_version_says_what_runs_and_by_which_rules() -> None:
    async with running_desk() as desk:
        status = json.dumps({"ready": True, "reason": "", "policy": "risk-7"}).encode()
        desk.ask.answers = {"status.risk": status}
        await until(lambda: any(one.details for one in desk.live.services), timeout_s=30)
        said = (await desk.http.get("/api/version")).json()
    assert (said["service"], said["api"], said["account"]) == ("gateway", "1", "local")
    assert (said["venue"], said["environment"], said["quote"]) == ("paper", "simulated", "USDC")
    assert (said["program"], said["programName"]) == (DRIFT, "Drift")
    assert said["policies"] == {"risk": "risk-7"}
    assert said["version"] == version_of("perp-desk-gateway")
    assert said["contracts"] == version_of("perp-desk-contracts")


async def test_the_committed_description_is_current() -> None:
    committed = Path(consumers.__file__).parents[2] / "openapi.json"
    assert committed.read_text(encoding="utf-8") == openapi_text(), (
        "expected services/gateway/openapi.json as generated; write it with "
        "`python -m gateway.openapi services/gateway/openapi.json`"
    )
    async with running_desk() as desk:
        answer = await desk.http.get("/api/openapi.json")
        assert answer.json() == json.loads(committed.read_text(encoding="utf-8"))


def test_the_description_has_every_address_of_the_contract_and_all_patterns() -> None:
    document = describe()
    assert {
        "/api/engine/orders",
        "/api/engine/cancel",
        "/api/engine/kill",
        "/api/engine/ping",
        "/api/settings",
        "/api/state",
        "/api/activity",
    } <= document["paths"].keys()
    kill = document["paths"]["/api/engine/kill"]["post"]
    level = kill["requestBody"]["content"]["application/json"]["schema"]["properties"]["level"]
    assert level["enum"] == [kills.name_of(one) for one in KillLevel]
    assert level["default"] == "cancel_entries"
    order = document["components"]["schemas"]["OrderRequest"]
    assert order["additionalProperties"] is False
    assert order["properties"]["px"]["pattern"]


async def test_what_the_stream_sends_is_what_activity_answers() -> None:
    async with running_desk() as desk:
        await desk.story.write(minute_closed(0))
        await desk.caught_up()
        entry = desk.live.hub.ring.after(0, limit=100)[-1]
        page = (await desk.http.get("/api/activity?limit=1")).json()
        assert page["items"] == [json.loads(entry.text)]
        msgspec.json.decode(entry.text, type=Activity)


async def test_the_end_of_the_activity_is_an_empty_page_however_far() -> None:
    async with running_desk() as desk:
        await desk.caught_up()
        answer = await desk.http.get("/api/activity?after=9223372036854775807")
        assert answer.status_code == 200
        assert answer.json()["items"] == []


def test_the_page_says_of_each_kill_level_that_it_offers_what_the_api_says() -> None:
    web = Path(consumers.__file__).parents[2] / "web"
    source = (web / "src/features/stop/levels.ts").read_text(encoding="utf-8")
    found = re.findall(
        r'level: "(\w+)",.*?does: "(.*?)",\s+leavesOpen:\s+"(.*?)"', source, re.DOTALL
    )
    said = {kills.name_of(level): effect for level, effect in kills.EFFECTS.items()}
    assert {name for name, _, _ in found} >= {"pause_entries", "cancel_entries", "flatten"}
    for name, does, leaves_open in found:
        assert (does, leaves_open) == (said[name].does, said[name].leaves_open)


async def test_no_page_of_the_framework_is_served() -> None:
    async with running_desk() as desk:
        for path in ("/schema", "/schema/swagger", "/schema/redoc", "/api/schema/redoc"):
            assert (await desk.http.get(path)).status_code == 404, path
        schema = await desk.http.get("/api/schema/openapi.json")
        assert "cdn" not in schema.text
