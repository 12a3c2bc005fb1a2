"""Orders by hand: what is recorded, what is refused, and one answer for one Idempotency-Key."""

import asyncio
from collections.abc import Awaitable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from structlog.testing import capture_logs

from contracts import control
from contracts.verdict import Rule
from gateway.idempotency import CLAIM_MAX, RERUN_MAX, Answer, Ask, Keys
from gateway.problems import Code, Problem
from kit import gateway_events as events
from kit.chassis_memory_keyvalue import InMemoryKeyValue
from kit.gateway_app import NOW, Desk, running_desk, until
from kit.gateway_orders import ORDER, ordered
from kit.gateway_signin import SignInStage, signed_in


def last_event(desk: Desk) -> Any:
    return desk.log.recorded[-1].event


async def test_an_order_by_hand_is_recorded_and_pending_without_a_verdict() -> None:
    async with running_desk() as desk:
        answer = await ordered(desk)
        assert answer.status_code == 202
        body = answer.json()
        recorded = desk.log.recorded[-1]
        assert (body["commandId"], body["pos"]) == (str(recorded.id), str(recorded.position))
        assert (body["status"], body["verdict"]) == ("pending", None)
        assert recorded.correlation_id == recorded.id
        assert recorded.occurred_at == events.START  # The feed is replayable: no wall clock.
        event = recorded.event
        assert isinstance(event, control.ManualOrderRequested)
        assert str(event.entry_price_usd) == "150.125"
        assert (event.account, event.market, event.by) == ("local", events.MARKET, "local")


@pytest.mark.parametrize("is_approved", [True, False])
async def test_a_verdict_that_comes_in_time_is_in_the_answer(is_approved: bool) -> None:
    async with running_desk(verdict_wait_s=5) as desk:

        async def judge() -> None:
            await until(lambda: isinstance(last_event(desk), control.ManualOrderRequested))
            proposal = desk.log.recorded[-1].id
            verdict = (
                events.order_approved(proposal)
                if is_approved
                else events.order_denied(proposal, Rule.LEVERAGE)
            )
            await desk.story.write(verdict)

        answer, _ = await asyncio.gather(ordered(desk), judge())
        body = answer.json()
        assert body["status"] == ("approved" if is_approved else "denied")
        assert body["verdict"]["proposal"] == body["commandId"]
        assert body["verdict"]["headline"] == (None if is_approved else "leverage")
        assert len(body["verdict"]["findings"]) == len(Rule)


@pytest.mark.parametrize("key", ["", " ", "a b", "x" * 256, "\xe9"])
async def test_a_malformed_key_is_refused(key: str) -> None:
    async with running_desk() as desk:
        headers = [(b"Idempotency-Key", key.encode("latin-1"))]
        answer = await desk.http.post("/api/engine/orders", json=ORDER, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_invalid")


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"px": "150.1251"}, "/px"),
        ({"tp3": "153.0001"}, "/tp3"),
        ({"size": "1.005"}, "/size"),
        ({"venue": "drift"}, "/venue"),
    ],
)
async def test_what_the_venue_cannot_hold_is_refused_at_once(
    change: dict[str, str], pointer: str
) -> None:
    async with running_desk() as desk:
        answer = await ordered(desk, **change)
        assert answer.status_code == 422
        assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


@pytest.mark.parametrize(
    ("change", "detail"),
    [
        ({"px": "0"}, "/px: expected a number above zero"),
        ({"notes": "a\u202eb"}, "/notes: expected text without control characters"),
    ],
)
async def test_a_refusal_is_in_our_own_words(change: dict[str, str], detail: str) -> None:
    async with running_desk() as desk:
        answer = await ordered(desk, **change)
        assert (answer.status_code, answer.json()["detail"]) == (422, detail)


# Keys.


async def test_an_order_without_a_key_is_refused() -> None:
    async with running_desk() as desk:
        answer = await desk.http.post("/api/engine/orders", json=ORDER)
        assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_missing")
        assert await desk.log.head() == 3


async def test_the_same_key_gives_the_first_answer_and_the_same_event_once() -> None:
    async with running_desk() as desk:
        first = await ordered(desk, key="one")
        await desk.story.write(events.order_approved(UUID(first.json()["commandId"])))
        await desk.caught_up()
        again = await ordered(desk, key="one")
        assert (again.status_code, again.content) == (first.status_code, first.content)
        assert again.headers["content-type"] == "application/json"
        assert "idempotency-replayed" not in first.headers
        assert again.headers["idempotency-replayed"] == "true"
        assert UUID(first.json()["commandId"]).version == 5
        assert await desk.log.head() == int(first.json()["pos"]) + 1


async def test_a_replay_needs_neither_the_log_nor_the_gateway_that_answered() -> None:
    keys = InMemoryKeyValue()
    async with running_desk(keys=keys) as desk:
        first = await ordered(desk, key="one")
    async with running_desk(log=desk.log, keys=keys) as again:
        await again.caught_up()
        again.log.pause()
        replay = await ordered(again, key="one")
        assert (replay.content, replay.headers["idempotency-replayed"]) == (first.content, "true")


async def test_the_same_key_with_another_order_is_refused() -> None:
    async with running_desk() as desk:
        await ordered(desk, key="one")
        other = await ordered(desk, key="one", size="2")
        assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
        assert (await ordered(desk, key="two", size="2")).status_code == 202


async def test_of_many_at_once_one_is_recorded_and_the_others_are_told_to_wait() -> None:
    async with running_desk(log_wait_s=5) as desk:
        desk.log.pause()
        first = asyncio.create_task(ordered(desk, key="one"))
        await until(lambda: desk.log.waiting == 1)
        others = await asyncio.gather(*(ordered(desk, key="one") for _ in range(5)))
        for other in others:
            assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_in_flight")
            assert other.headers["retry-after"] == "1"
        desk.log.resume()
        assert (await first).status_code == 202
        assert (await ordered(desk, key="one")).content == (await first).content
        assert await desk.log.head() == 4


async def test_a_refused_order_leaves_its_key_free() -> None:
    async with running_desk() as desk:
        refused = await ordered(desk, key="one", size="1.005")
        assert (refused.status_code, refused.json()["code"]) == (422, "invalid_request")
        assert (await ordered(desk, key="one")).status_code == 202


async def test_what_became_of_it_nobody_knows_may_be_asked_again_but_not_changed() -> None:
    async with running_desk(log_wait_s=0.05) as desk:
        desk.log.pause()
        unknown = await ordered(desk, key="one")
        assert (unknown.status_code, unknown.json()["code"]) == (503, "log_unavailable")
        desk.log.resume()
        desk.commands.log_wait_s = 30
        assert (await ordered(desk, key="one", size="2")).json()["code"] == "idempotency_key_reused"
        assert (await ordered(desk, key="one")).status_code == 202
        assert await desk.log.head() == 4


async def test_without_the_store_of_keys_no_order_is_taken_and_the_kill_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("gateway.patience.STORE_S_MAX", 0.02)
    async with running_desk() as desk:
        desk.keys.pause()
        answer = await ordered(desk)
        assert (answer.status_code, answer.json()["code"]) == (503, "log_unavailable")
        assert await desk.log.head() == 3
        assert (await desk.http.post("/api/engine/kill")).status_code == 202


async def test_an_answer_that_could_not_be_kept_is_given_again_from_the_log() -> None:
    now = [NOW]
    async with running_desk(clock=lambda: now[0], log_wait_s=5) as desk:
        desk.log.pause()
        asking = asyncio.create_task(ordered(desk, key="one"))
        await until(lambda: desk.log.waiting == 1)
        desk.keys.pause()
        desk.log.resume()
        with capture_logs() as logs:
            first = await asking
        assert first.status_code == 202
        assert "idempotency_key_not_kept" in [line["event"] for line in logs]
        await desk.keys.resume()
        assert (await ordered(desk, key="one")).status_code == 409
        now[0] += CLAIM_MAX
        again = await ordered(desk, key="one")
        assert again.json()["commandId"] == first.json()["commandId"]
        assert again.headers["idempotency-replayed"] == "true"
        assert await desk.log.head() == 4


async def test_a_key_is_its_wallets_own() -> None:
    keys = InMemoryKeyValue()
    async with running_desk(keys=keys) as desk:
        first = await ordered(desk, key="one")
    async with running_desk(log=desk.log, keys=keys, stage=SignInStage()) as other:
        await signed_in(other.http)
        second = await ordered(other, key="one", size="2")
        assert second.status_code == 202
        assert second.json()["commandId"] != first.json()["commandId"]
    for place, value in keys.values.items():
        assert b"one" not in place.encode() + value


# The store of keys by itself.

ASK = Ask(("local", "somebody", "orders"), "k", b"body")


def keys_at(bucket: InMemoryKeyValue, now: datetime) -> Keys:
    return Keys(bucket, clock=lambda: now)


async def answers() -> Answer:
    return Answer(202, "{}")


async def dies() -> Answer:
    raise RuntimeError("expected to live, found the end")


async def test_a_claim_whose_worker_died_is_taken_over_after_a_while() -> None:
    bucket = InMemoryKeyValue()
    with pytest.raises(RuntimeError):
        await keys_at(bucket, NOW).once(ASK, dies)
    with pytest.raises(Problem) as early:
        await keys_at(bucket, NOW + CLAIM_MAX - timedelta(milliseconds=1)).once(ASK, answers)
    assert early.value.code is Code.IDEMPOTENCY_KEY_IN_FLIGHT
    assert await keys_at(bucket, NOW + CLAIM_MAX).once(ASK, answers) == Answer(202, "{}")
    replay = await keys_at(bucket, NOW + CLAIM_MAX).once(ASK, dies)
    assert replay == Answer(202, "{}", is_replay=True)


async def test_a_claim_that_the_log_may_have_forgotten_is_not_worked_on_again() -> None:
    bucket = InMemoryKeyValue()
    with pytest.raises(RuntimeError):
        await keys_at(bucket, NOW).once(ASK, dies)
    with pytest.raises(Problem) as late:
        await keys_at(bucket, NOW + RERUN_MAX + timedelta(seconds=1)).once(ASK, answers)
    assert late.value.code is Code.IDEMPOTENCY_KEY_IN_FLIGHT
    assert "use a new key" in late.value.detail


async def test_of_two_that_take_a_dead_claim_over_one_works() -> None:
    bucket = InMemoryKeyValue()
    with pytest.raises(RuntimeError):
        await keys_at(bucket, NOW).once(ASK, dies)
    worked: list[int] = []

    def work(number: int) -> Awaitable[Answer]:
        worked.append(number)
        return answers()

    later = keys_at(bucket, NOW + CLAIM_MAX)
    ends = await asyncio.gather(
        *(later.once(ASK, lambda number=number: work(number)) for number in range(2)),
        return_exceptions=True,
    )
    assert len(worked) == 1
    assert len([end for end in ends if isinstance(end, Problem)]) == 1


async def test_a_key_of_another_build_is_refused_and_not_worked_on() -> None:
    bucket = InMemoryKeyValue()
    await bucket.put(ASK.place, b"{half", revision=0)
    with pytest.raises(Problem) as refused:
        await keys_at(bucket, NOW).once(ASK, answers)
    assert refused.value.code is Code.IDEMPOTENCY_KEY_IN_FLIGHT


def test_no_two_scopes_share_a_place() -> None:
    places = {
        Ask(scope, key, b"").place
        for scope, key in (
            (("a", "b"), "c"),
            (("a",), "bc"),
            (("ab",), "c"),
            (("a", "b", "c"), ""),
            (("a", 'b","c'), ""),
        )
    }
    assert len(places) == 5
