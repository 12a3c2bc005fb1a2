"""Activity: pages over memory and audit, and filters."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from contracts import control, queries
from contracts.event import Recorded
from contracts.values import Leg
from gateway.activity import pages
from gateway.stream.ring import Ring
from kit.gateway_app import Desk, running_desk
from kit.gateway_signin import SignInStage, signed_in


async def test_activity_pages_walk_back_to_the_first_event_and_forward_to_the_last() -> None:
    async with running_desk() as desk:
        for number in range(10):
            await desk.story.passes(number)
        await desk.caught_up()
        head = desk.live.state.position
        backward = await walk(desk, "before", head + 1)
        assert backward == list(range(head, 0, -1))
        assert await walk(desk, "after", 0) == list(range(1, head + 1))


async def walk(desk: Desk, direction: str, cursor: int) -> list[int]:
    found: list[int] = []
    following: str | None = str(cursor)
    while following is not None:
        answer = await desk.http.get(f"/api/activity?{direction}={following}&limit=7")
        page: dict[str, Any] = answer.json()
        found += [int(item["pos"]) for item in page["items"]]
        following = page["next"]
    return found


def archived(recorded: Recorded, **changes: Any) -> queries.EventRow:
    """Give an event as audit answers it."""
    row: dict[str, Any] = {
        "position": recorded.position,
        "id": recorded.id,
        "type": recorded.event.event_type,
        "version": recorded.version,
        "subject": recorded.subject,
        "source": recorded.source,
        "correlation_id": recorded.correlation_id,
        "causation_id": recorded.causation_id,
        "occurred_at": recorded.occurred_at,
        "recorded_at": recorded.recorded_at,
        "data": json.loads(recorded.body),
        "defect": None,
    }
    return queries.EventRow(**{**row, **changes})


async def test_older_events_are_asked_of_audit() -> None:
    async with running_desk() as desk:
        desk.live.hub.ring = Ring(events_max=2)
        for number in range(3):
            await desk.story.passes(number)
        await desk.caught_up()
        silent = await desk.http.get("/api/activity?before=3")
        assert (silent.status_code, silent.json()["code"]) == (503, "history_unavailable")
        assert silent.headers["retry-after"]
        first, opened = desk.log.recorded[:2]
        rows = (
            archived(opened),
            archived(first, version=None, occurred_at=None, data=None, defect="headers lost"),
        )
        answer = queries.EventsAnswer(events=rows, next=None, head=opened.position)
        desk.ask.answers[queries.EVENTS] = answer.model_dump_json().encode()
        page = (await desk.http.get("/api/activity?before=3&limit=2")).json()
        assert [item["event"] for item in page["items"]] == ["feed_opened", "unreadable"]
        assert page["items"][0]["data"] == json.loads(opened.body)
        assert "headers lost" in page["items"][1]["summary"]
        asked = [body for subject, body in desk.ask.asked if subject == queries.EVENTS]
        query = queries.EventsQuery.model_validate_json(asked[-1])
        assert (query.before, query.limit, query.order) == (3, 2, queries.Order.NEWEST_FIRST)
        assert (await desk.http.get("/api/events/2")).json()["event"] == "feed_opened"


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (b"<html>", "cannot read"),
        (b'{"error": {"code": "unavailable", "message": "no database"}}', "no database"),
    ],
)
async def test_an_audit_that_fails_is_a_problem_that_says_why(answer: bytes, says: str) -> None:
    async with running_desk() as desk:
        desk.live.hub.ring = Ring(events_max=1)
        await desk.story.passes(0)
        await desk.caught_up()
        desk.ask.answers[queries.EVENTS] = answer
        found = await desk.http.get("/api/activity?after=0")
        assert (found.status_code, found.json()["code"]) == (503, "history_unavailable")
        assert says in found.json()["detail"]


# Filters.


async def found(desk: Desk, query: str) -> list[dict[str, Any]]:
    """Follow a filter over all its pages, newest first."""
    items: list[dict[str, Any]] = []
    following: str | None = ""
    while following is not None:
        before = f"&before={following}" if following else ""
        answer = await desk.http.get(f"/api/activity?limit=3&{query}{before}")
        assert answer.status_code == 200, answer.text
        items += answer.json()["items"]
        following = answer.json()["next"]
    return items


async def test_every_filter_finds_over_all_pages_what_the_whole_list_holds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pages, "LOOKED_AT_MAX", 7)
    async with running_desk() as desk:
        for number in range(4):
            await desk.story.passes(number)
        setup = await desk.story.holds(4)
        await desk.story.fills(setup, Leg.TP1, "151", "25", after="25", made="25")
        await desk.caught_up()
        everything = (await desk.http.get("/api/activity?limit=500")).json()["items"]
        order = desk.story.order_id(setup, Leg.TP1)
        expected: Mapping[str, list[dict[str, Any]]] = {
            "type=tp_hit": [one for one in everything if one["type"] == "tp_hit"],
            "type=order_filled": [one for one in everything if one["event"] == "order_filled"],
            "type=tp_hit,minute_closed": [
                one for one in everything if one["type"] in ("tp_hit", "minute_closed")
            ],
            "severity=good,bad": [one for one in everything if one["level"] in ("good", "bad")],
            "market=sol-perp": [
                one for one in everything if one["data"].get("market") == "sol-perp"
            ],
            "market=btc-perp": [],
            f"order={order}": [
                one for one in everything if one["data"].get("client_order_id") == order
            ],
            "q=ACCOUNT%20local": [
                one for one in everything if "account local" in one["summary"].lower()
            ],
            "type=order_filled&severity=good&q=151": [
                one for one in everything if one["type"] == "tp_hit"
            ],
        }
        for query, items in expected.items():
            assert await found(desk, query) == items, query
            assert items or query == "market=btc-perp"


async def test_a_page_stays_the_same_while_the_log_grows() -> None:
    async with running_desk() as desk:
        for number in range(6):
            await desk.story.passes(number)
        await desk.caught_up()
        first = (await desk.http.get("/api/activity?limit=2&type=minute_closed")).json()
        path = f"/api/activity?limit=2&type=minute_closed&before={first['next']}"
        second = (await desk.http.get(path)).json()
        for number in range(6, 9):
            await desk.story.passes(number)
        await desk.caught_up()
        again = (await desk.http.get(path)).json()
        assert (again["items"], again["next"]) == (second["items"], second["next"])
        assert int(again["head"]) > int(second["head"])


async def test_a_filter_is_asked_of_audit_by_type_and_applied_to_what_it_gives() -> None:
    async with running_desk() as desk:
        desk.live.hub.ring = Ring(events_max=2)
        for number in range(3):
            await desk.story.passes(number)
        await desk.caught_up()
        oldest = desk.live.hub.ring.first
        rows = tuple(archived(one) for one in desk.log.recorded[:2][::-1])
        answer = queries.EventsAnswer(events=rows, next=None, head=oldest)
        desk.ask.answers[queries.EVENTS] = answer.model_dump_json().encode()
        path = f"/api/activity?before={oldest}&type=feed_opened,kill_switch&market=sol-perp"
        page = (await desk.http.get(path)).json()
        assert [item["event"] for item in page["items"]] == ["feed_opened"]
        assert page["next"] is None
        asked = [body for subject, body in desk.ask.asked if subject == queries.EVENTS]
        query = queries.EventsQuery.model_validate_json(asked[-1])
        assert set(query.types) == {"feed_opened", "kill_switch_engaged"}


async def test_an_archive_that_is_behind_is_a_problem_and_leaves_no_hole() -> None:
    async with running_desk() as desk:
        desk.live.hub.ring = Ring(events_max=1)
        for number in range(3):
            await desk.story.passes(number)
        await desk.caught_up()
        oldest = desk.live.hub.ring.first
        answer = queries.EventsAnswer(events=(), next=None, head=oldest - 2)
        desk.ask.answers[queries.EVENTS] = answer.model_dump_json().encode()
        for query in (f"before={oldest}", f"after={oldest - 2}"):
            behind = await desk.http.get(f"/api/activity?{query}")
            assert (behind.status_code, behind.json()["code"]) == (503, "history_unavailable")


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("type=ORDER", "type"),
        ("type=,", "type"),
        ("type=" + ",".join(["a"] * 21), "type"),
        ("severity=terrible", "severity"),
        ("severity=bad%0A", "severity"),
        ("type=order_filled%0A", "type"),
        ("market=sol-perp%0A", "market"),
        (f"order={'0' * 26}%0A", "order"),
        ("market=SOL%20PERP", "market"),
        ("order=1", "order"),
        ("q=", "q"),
        ("q=" + "x" * 101, "q"),
        ("limit=501", "limit"),
        ("before=0", "before"),
    ],
)
async def test_a_filter_that_makes_no_sense_is_refused_by_name(query: str, pointer: str) -> None:
    async with running_desk() as desk:
        for path in ("/api/activity", "/api/activity/export"):
            if path.endswith("export") and pointer in ("limit", "before"):
                continue
            answer = await desk.http.get(f"{path}?{query}")
            assert answer.status_code == 422, answer.text
            assert [one["pointer"] for one in answer.json()["errors"]] == [pointer]


async def test_pages_show_nothing_of_another_account() -> None:
    async with running_desk(stage=SignInStage()) as desk:
        await signed_in(desk.http)
        for account in ("neighbor", "local", None):
            await desk.story.write(
                control.KillSwitchEngaged(
                    account=account, level=control.KillLevel.FLATTEN, reason="x", by=str(account)
                )
            )
        await desk.caught_up()
        by = [one["data"]["by"] for one in await found(desk, "type=kill_switch")]
        assert by == ["None", "local"]
        assert await found(desk, "q=neighbor") == []
