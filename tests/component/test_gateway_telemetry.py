"""The gauges with their sources and ages, and the closed minutes of the chart."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest

from contracts import subjects
from contracts.ids import SourceVenue, Symbol
from contracts.subjects import Bucket
from contracts.ticks import Liquidation, MarkPrice, Trade, encode_tick
from contracts.values import to_millis
from gateway import gauging
from gateway.domain.desk import dump
from kit.gateway_app import Desk, running_desk, until
from kit.gateway_events import START, minute_closed

VENUE, SYMBOL = SourceVenue("binance-usdm"), Symbol("solusdt")
AT = to_millis(START)
HOUR = 3_600_000
GAUGES = [
    "price",
    "cvd",
    "vwap",
    "funding",
    "basis",
    "open_interest",
    "liquidations",
    "regime",
    "feed_health",
]


async def panels_of(desk: Desk) -> Mapping[str, dict[str, Any]]:
    answer = await desk.http.get("/api/telemetry")
    assert answer.status_code == 200
    found = answer.json()["panels"]
    assert [panel["id"] for panel in found] == GAUGES
    for panel in found:
        if not panel["isFed"]:
            assert panel["why"]
            assert (panel["value"], panel["at"], panel["ageMs"]) == (None, None, None)
        else:
            assert panel["why"] == ""
            assert panel["source"]
    return {panel["id"]: panel for panel in found}


def details(panel: Mapping[str, Any]) -> dict[str, str]:
    return {one["name"]: one["value"] for one in panel["details"]}


async def says(desk: Desk, tick: MarkPrice | Liquidation) -> None:
    name = subjects.mark if isinstance(tick, MarkPrice) else subjects.liquidations
    await desk.market.put(name(VENUE, SYMBOL), encode_tick(tick))


A_MARK = MarkPrice(t=AT + 500, mark="150.15", index="150", funding="0.0001", next_funding=AT + 9)


async def test_before_a_feed_every_gauge_says_that_there_is_none() -> None:
    async with running_desk(opens_account=False) as desk:
        found = await panels_of(desk)
        assert {panel["why"] for panel in found.values()} == {"no feed has opened yet"}
        assert (await desk.http.get("/api/telemetry")).json()["market"] is None
        bars = (await desk.http.get("/api/bars")).json()
        assert (bars["market"], bars["items"]) == (None, [])


async def test_a_gauge_that_nothing_feeds_says_so_and_the_others_say_how_old_they_are() -> None:
    now = [START + timedelta(seconds=2)]

    def clock() -> datetime:
        return now[0]

    async with running_desk(clock=clock, opens_account=False) as desk:
        await desk.story.opens(is_replayable=False)
        trade = Trade(i=1, t=AT + 1_000, p="150.5", q="2", m=False)
        await desk.market.put(subjects.trades(VENUE, SYMBOL), encode_tick(trade))
        await until(lambda: desk.live.market.flow is not None)
        found = await panels_of(desk)
        assert {name for name, panel in found.items() if not panel["isFed"]} == {
            "funding",
            "basis",
            "open_interest",
            "liquidations",
            "regime",
        }
        assert (found["price"]["value"], found["price"]["unit"]) == ("150.5", "usd")
        assert found["price"]["ageMs"] == 1_000  # In the market's time: heard just now.
        assert (found["cvd"]["value"], found["vwap"]["value"]) == ("2", "150.5")
        assert (found["feed_health"]["value"], found["feed_health"]["unit"]) == ("flowing", "")
        await says(desk, A_MARK)
        await until(lambda: desk.live.gauges.mark is not None)
        now[0] += timedelta(seconds=5)
        found = await panels_of(desk)
        assert (found["funding"]["value"], found["funding"]["unit"]) == ("0.01", "pct")
        assert details(found["funding"]) == {
            "per_hour": "0.00125",  # 0.01 over the 8 h that the exchange is assumed to have
            "per_year": "10.95",  # 0.00125 x 24 x 365
            "interval": "8",
            "interval_from": "assumed",
            "next_funding_at": "2026-03-02T09:00:00.009Z",
        }
        assert details(found["feed_health"])["lag"] == "1000"  # Heard 2 s after START, of 1 s.
        assert found["funding"]["ageMs"] == 6_500  # 7 s after START, the mark is of 0.5 s.
        assert (found["basis"]["value"], found["basis"]["unit"]) == ("10", "bps")
        assert details(found["basis"]) == {"mark": "150.15", "index": "150", "basis": "0.15"}
        assert (found["liquidations"]["value"], details(found["liquidations"])["count"]) == (
            "0",
            "0",
        )


async def test_of_a_recording_the_age_counts_from_when_it_was_heard() -> None:
    now = [START + timedelta(days=100)]
    async with running_desk(clock=lambda: now[0]) as desk:
        await says(desk, A_MARK)
        await until(lambda: desk.live.gauges.mark is not None)
        now[0] += timedelta(seconds=3)
        assert (await panels_of(desk))["basis"]["ageMs"] == 3_000


async def test_what_the_venue_does_not_give_is_said_by_name() -> None:
    async with running_desk() as desk:
        await says(desk, MarkPrice(t=AT, mark="150", index="", funding="", next_funding=0))
        await until(lambda: desk.live.gauges.mark is not None)
        found = await panels_of(desk)
        assert found["funding"]["why"] == "the venue gives no funding rate"
        assert found["basis"]["why"] == "the venue gives no index price"


async def test_liquidations_of_the_last_hour_are_known_after_a_restart_and_counted_once() -> None:
    async with running_desk(opens_account=False) as desk:
        forced = Liquidation(t=AT, side="long", p="150", q="2")
        await says(desk, forced)
        await says(desk, A_MARK)
        await says(desk, Liquidation(t=AT + 600, side="short", p="150", q="1"))
        await desk.market.put(subjects.liquidations(VENUE, SYMBOL), b"{half")
        await desk.story.opens()
        await until(lambda: desk.live.gauges.refused == 1)
        await says(desk, Liquidation(t=AT + 700, side="short", p="150", q="1"))
        await until(lambda: (desk.live.gauges.forced or Nothing).count == 3)
        found = (await panels_of(desk))["liquidations"]
        assert (found["value"], found["unit"]) == ("600", "usd")
        assert details(found) == {
            "long": "300",
            "short": "300",
            "count": "3",
            "last_at": "2026-03-02T09:00:00.700Z",
        }
        assert details((await panels_of(desk))["feed_health"])["refused_ticks"] == "1"


async def test_funding_is_per_the_hours_that_the_venue_showed() -> None:
    async with running_desk() as desk:
        await desk.caught_up()
        for due in (4, 8):
            tick = MarkPrice(
                t=AT + due, mark="150", index="150", funding="-0.0002", next_funding=AT + due * HOUR
            )
            await says(desk, tick)
            # Of what comes at once the newest is shown.
            await until(lambda: desk.live.gauges.mark is not None)
        await until(lambda: bool(desk.live.gauges.mark and desk.live.gauges.mark.funding_interval))
        found = details((await panels_of(desk))["funding"])
        assert (found["interval"], found["interval_from"]) == ("4", "seen")
        # -0.02 % over 4 h, and that 24 x 365 times.
        assert (found["per_hour"], found["per_year"]) == ("-0.005", "-43.8")
        assert "lag" not in details((await panels_of(desk))["feed_health"])  # Of a recording.


async def test_liquidations_are_mapped_over_price_and_time() -> None:
    async with running_desk() as desk:
        answer = (await desk.http.get("/api/liquidations")).json()
        assert (answer["isFed"], answer["cells"]) == (False, [])
        assert answer["why"] == "the feed has sent neither a liquidation nor a mark price yet"
        await says(desk, Liquidation(t=AT, side="long", p="150.1", q="2"))
        await says(desk, Liquidation(t=AT + 1, side="short", p="150.11", q="1"))
        await says(desk, Liquidation(t=AT + 600_000, side="short", p="150.5", q="1"))
        await until(lambda: len(desk.live.gauges.kept) == 3)
        answer = (await desk.http.get("/api/liquidations")).json()
        assert (answer["isFed"], answer["isCut"], answer["stepMs"]) == (True, False, 600_000)
        assert (answer["beginsAt"], answer["endsAt"]) == (
            "2026-03-02T05:20:00.000Z",
            "2026-03-02T09:20:00.000Z",
        )
        assert answer["priceStepUsd"] == "0.075"  # 5 bps of 150.5 in whole ticks of 0.001
        assert answer["cells"] == [
            {
                "at": "2026-03-02T09:00:00.000Z",
                "priceUsd": "150.075",  # 2001 x 0.075
                "longUsd": "300.2",
                "shortUsd": "150.11",
                "count": 2,
            },
            {
                "at": "2026-03-02T09:10:00.000Z",
                "priceUsd": "150.45",  # 2006 x 0.075
                "longUsd": "0",
                "shortUsd": "150.5",
                "count": 1,
            },
        ]


class Nothing:
    """Stands for what is not there yet."""

    count = 0


async def test_the_stream_tells_the_gauges_when_one_moves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gauging, "PANELS_S", 0.001)
    async with running_desk() as desk:
        await desk.caught_up()
        await until(lambda: gauging.SNAP in desk.live.hub.snaps)
        await says(desk, A_MARK)
        await until(lambda: "150.15" in desk.live.hub.snaps[gauging.SNAP].text)
        version = desk.live.hub.snaps[gauging.SNAP].version
        await says(desk, MarkPrice(t=AT + 700, mark="151", index="", funding="", next_funding=0))
        await until(lambda: desk.live.hub.snaps[gauging.SNAP].version > version)


async def test_a_liquidation_makes_no_mark_price_younger() -> None:
    now = [START]

    def clock() -> datetime:
        return now[0]

    async with running_desk(clock=clock) as desk:
        await desk.caught_up()
        await says(desk, A_MARK)
        await until(lambda: desk.live.gauges.mark is not None)
        now[0] += timedelta(minutes=5)
        await says(desk, Liquidation(t=AT + 600, side="long", p="150", q="1"))
        await until(lambda: len(desk.live.gauges.kept) == 1)
        found = await panels_of(desk)
        heard = {name: found[name]["heardAt"] for name in ("funding", "basis", "liquidations")}
        assert heard == {
            "funding": "2026-03-02T09:00:00.000Z",
            "basis": "2026-03-02T09:00:00.000Z",
            "liquidations": "2026-03-02T09:05:00.000Z",
        }


# The chart.


async def test_bars_have_the_sessions_sums_and_come_oldest_first() -> None:
    async with running_desk() as desk:
        for number in range(5):
            await desk.story.passes(number)
        await desk.caught_up()
        bars = (await desk.http.get("/api/bars?market=sol-perp&limit=3")).json()
        assert (bars["market"], bars["pos"]) == ("sol-perp", str(desk.live.state.position))
        minutes = [(START + timedelta(minutes=number)).isoformat() for number in range(5)]
        assert [datetime.fromisoformat(bar["minute"]).isoformat() for bar in bars["items"]] == (
            minutes[2:]
        )
        state = (await desk.http.get("/api/state")).json()
        assert bars["items"] == state["bars"][2:]
        older = await desk.http.get("/api/bars", params={"limit": 2, "before": minutes[2]})
        assert older.json()["items"] == state["bars"][:2]


async def test_a_day_of_bars_is_kept_and_fits_the_checkpoint() -> None:
    async with running_desk() as desk:
        for number in range(1_500):
            await desk.story.write(minute_closed(number))
        await desk.caught_up()
        bars = (await desk.http.get("/api/bars?limit=1440")).json()["items"]
        assert len(bars) == 1_440
        assert bars[-1]["minute"] == "2026-03-03T09:59:00.000Z"
        assert len((await desk.http.get("/api/state")).json()["bars"]) == 240
        assert len(dump(desk.live.state)) < subjects.bucket(Bucket.CHECKPOINTS).value_bytes_max // 2


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("market=btc-perp", 404, "market_unknown"),
        ("market=SOL", 422, "invalid_request"),
        ("limit=0", 422, "invalid_request"),
        ("limit=1441", 422, "invalid_request"),
        ("before=now", 422, "invalid_request"),
        ("before=2026-03-02T00:00:00", 422, "invalid_request"),
        ("before=0001-01-01T00:00:00%2B14:00", 422, "invalid_request"),
    ],
)
async def test_a_chart_that_makes_no_sense_is_refused(query: str, status: int, code: str) -> None:
    async with running_desk() as desk:
        answer = await desk.http.get(f"/api/bars?{query}")
        assert (answer.status_code, answer.json()["code"]) == (status, code)
