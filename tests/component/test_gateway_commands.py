"""What people ask for becomes events: cancels, and the account that they are for."""

from typing import Any

from contracts import control, order
from contracts.ids import EventId
from contracts.values import Leg
from kit import gateway_events as events
from kit.gateway_app import Desk, running_desk, until
from kit.gateway_orders import ordered


def last_event(desk: Desk) -> Any:
    return desk.log.recorded[-1].event


async def test_without_a_feed_there_is_no_account_to_command() -> None:
    async with running_desk(opens_account=False) as desk:
        order_answer = await ordered(desk)
        assert (order_answer.status_code, order_answer.json()["code"]) == (503, "starting")
        assert (await desk.http.get("/api/settings")).status_code == 503
        assert (await desk.http.get("/readyz")).status_code == 503


# Cancels.


async def test_an_entry_and_a_take_profit_may_be_canceled_but_a_stop_stays() -> None:
    async with running_desk() as desk:
        setup = await desk.story.holds(0)
        await desk.caught_up()
        statuses: dict[Leg, tuple[int, str | None]] = {}
        for leg in Leg:
            order_id = desk.story.order_id(setup, leg)
            answer = await desk.http.post("/api/engine/cancel", json={"orderId": order_id})
            statuses[leg] = (answer.status_code, answer.json().get("code"))
        assert statuses == {
            Leg.ENTRY: (409, "order_not_open"),
            Leg.STOP: (409, "order_is_protection"),
            Leg.TP1: (202, None),
            Leg.TP2: (202, None),
            Leg.TP3: (202, None),
            Leg.CLOSE: (404, "order_unknown"),
        }
        assert isinstance(last_event(desk), control.CancelRequested)


async def test_an_order_that_closes_the_position_stays() -> None:
    async with running_desk() as desk:
        setup = await desk.story.holds(0)
        await desk.story.places(setup, Leg.CLOSE, "148", "50")
        await desk.caught_up()
        ask = {"orderId": desk.story.order_id(setup, Leg.CLOSE)}
        answer = await desk.http.post("/api/engine/cancel", json=ask)
        assert (answer.status_code, answer.json()["code"]) == (409, "order_is_protection")


async def test_an_order_that_is_not_ours_is_unknown() -> None:
    async with running_desk() as desk:
        answer = await desk.http.post("/api/engine/cancel", json={"orderId": "0" * 26})
        assert (answer.status_code, answer.json()["code"]) == (404, "order_unknown")


async def test_a_replayed_cancel_is_answered_even_when_the_order_is_over() -> None:
    async with running_desk() as desk:
        setup = await desk.story.holds(0)
        await desk.caught_up()
        ask = {"orderId": desk.story.order_id(setup, Leg.TP1)}
        headers = {"Idempotency-Key": "c-1"}
        first = await desk.http.post("/api/engine/cancel", json=ask, headers=headers)
        await desk.story.observes(
            order.OrderCanceled,
            setup,
            Leg.TP1,
            reason=order.CancelReason.REQUESTED,
            unfilled_base=None,
        )
        await desk.caught_up()
        again = await desk.http.post("/api/engine/cancel", json=ask, headers=headers)
        assert (again.status_code, again.json()) == (202, first.json())


# The account's first event.


async def test_the_account_opens_once_at_the_feeds_own_time() -> None:
    async with running_desk(opens_account=False) as desk:
        desk.story.market_at = events.START
        await desk.story.opens()
        await until(lambda: desk.live.state.account is not None)
        first = desk.log.recorded[-1]
        assert isinstance(first.event, control.AccountOpened)
        assert first.occurred_at == events.START
    async with running_desk(log=desk.log, environment={"max_leverage": "9"}) as again:
        await again.caught_up()
        assert (await again.http.get("/api/settings")).json()["max_leverage"] == "5"
        assert again.log.recorded[-1].id == first.id


async def test_a_kill_before_the_account_does_not_keep_it_from_opening() -> None:
    async with running_desk(opens_account=False) as desk:
        await desk.http.post("/api/engine/kill", json={"reason": "early"})
        await desk.story.opens()
        await until(lambda: desk.live.state.account is not None)
        assert desk.live.state.is_halted


async def test_two_logs_have_the_same_account_byte_for_byte() -> None:
    bodies: list[tuple[EventId, bytes]] = []
    for _ in range(2):
        async with running_desk(opens_account=False) as desk:
            await desk.story.opens()
            await until(lambda: desk.live.state.account is not None)
            bodies.append((desk.log.recorded[-1].id, desk.log.recorded[-1].body))
    assert bodies[0] == bodies[1]
