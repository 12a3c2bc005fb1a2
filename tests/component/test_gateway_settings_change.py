"""Settings change once, for whoever saw what stood."""

import asyncio
import itertools
from typing import Any

import pytest

from contracts import control
from kit import gateway_events as events
from kit.gateway_app import Desk, running_desk
from kit.gateway_settings import SETTINGS, changed


def last_event(desk: Desk) -> Any:
    return desk.log.recorded[-1].event


async def test_settings_are_read_with_their_revision_and_replaced_whole() -> None:
    async with running_desk() as desk:
        read = await desk.http.get("/api/settings")
        assert read.headers["etag"] == '"3"'
        assert read.json()["max_leverage"] == "5"
        answer = await changed(desk, SETTINGS, {"If-Match": read.headers["etag"]})
        assert (answer.status_code, answer.json()) == (200, SETTINGS)
        assert answer.headers["etag"] == '"4"'
        event = last_event(desk)
        assert isinstance(event, control.SettingsChanged)
        assert event.before == events.settings()
        assert (await desk.http.get("/api/settings")).json() == SETTINGS


async def test_settings_that_changed_in_between_are_not_overwritten() -> None:
    async with running_desk() as desk:
        await changed(desk)
        stale = await changed(desk, {**SETTINGS, "max_leverage": "1"}, {"If-Match": '"3"'})
        assert (stale.status_code, stale.json()["code"]) == (412, "settings_changed")
        assert (stale.headers["etag"], stale.json()["currentRevision"]) == ('"4"', "4")


async def test_settings_that_nobody_looked_at_are_not_replaced() -> None:
    async with running_desk() as desk:
        blind = await desk.http.put("/api/settings", json=SETTINGS)
        assert (blind.status_code, blind.json()["code"]) == (428, "if_match_required")
        assert await desk.log.head() == 3


@pytest.mark.parametrize("etag", ["3", 'W/"3"', "x", '"-1"'])
async def test_a_malformed_if_match_never_matches(etag: str) -> None:
    async with running_desk() as desk:
        answer = await changed(desk, SETTINGS, {"If-Match": etag})
        assert answer.status_code == 412


async def test_equal_settings_write_nothing() -> None:
    async with running_desk() as desk:
        await changed(desk)
        head = await desk.log.head()
        again = await changed(desk)
        assert (again.status_code, await desk.log.head()) == (200, head)


async def test_a_replayed_change_does_not_undo_a_later_one() -> None:
    async with running_desk() as desk:
        headers = {"Idempotency-Key": "s-1"}
        await changed(desk, SETTINGS, headers)
        later = {**SETTINGS, "max_leverage": "3"}
        await changed(desk, later)
        replay = await changed(desk, SETTINGS, headers)
        assert (replay.status_code, replay.json()) == (200, later)
        reused = await changed(desk, later, headers)
        assert (reused.status_code, reused.json()["code"]) == (422, "idempotency_key_reused")


async def test_commands_at_the_same_time_do_not_lose_a_settings_change() -> None:
    async with running_desk() as desk:
        bodies = [{**SETTINGS, "priority_fee_cap": number} for number in range(4)]
        answers = await asyncio.gather(
            *(changed(desk, body) for body in bodies),
            *(desk.http.post("/api/engine/kill") for _ in range(4)),
        )
        assert {answer.status_code for answer in answers} <= {200, 202}
        changes = [
            one.event for one in desk.log.recorded if isinstance(one.event, control.SettingsChanged)
        ]
        assert len(changes) == 4
        for before, after in itertools.pairwise(changes):
            assert after.before == before.settings


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_leverage", "100.1"),
        ("risk_per_trade", "1001"),
        ("daily_drawdown_limit", "101"),
        ("max_leverage", "NaN"),
        ("max_leverage", 5),
        ("priority_fee_cap", "5"),
        ("priority_fee_cap", -1),
        ("priority_fee_cap", 10**13),
        ("priority_fee_cap", 1.5),
        ("strategy_enabled", "true"),
        ("strategy_enabled", 1),
        ("delegate_enabled", None),
    ],
)
async def test_settings_beyond_their_limits_are_refused_by_name(name: str, value: object) -> None:
    async with running_desk() as desk:
        answer = await changed(desk, {**SETTINGS, name: value})
        assert answer.status_code == 422
        assert [error["pointer"] for error in answer.json()["errors"]] == [f"/{name}"]
