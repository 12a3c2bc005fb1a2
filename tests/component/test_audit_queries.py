"""What a query is answered with, whatever was asked."""

import json
from collections.abc import Callable

import pytest
from pydantic import BaseModel

from audit.consumers import answer
from audit.store.events import StoreTooSlow, StoreUnavailable
from contracts.queries import EventsAnswer, EventsQuery, HeadAnswer, HeadQuery, OrdersQuery


def raising(error: Exception) -> Callable[[BaseModel], BaseModel]:
    """Give a store that fails."""

    def ask(_: BaseModel) -> BaseModel:
        raise error

    return ask


async def test_an_empty_request_asks_with_the_defaults() -> None:
    asked: list[EventsQuery] = []

    def ask(query: EventsQuery) -> BaseModel:
        asked.append(query)
        return EventsAnswer(events=(), next=None, head=7)

    reply = await answer(b"", EventsQuery, ask)

    assert EventsAnswer.model_validate_json(reply).head == 7
    assert asked == [EventsQuery()]


@pytest.mark.parametrize(
    ("body", "where"),
    [
        (b"{", "body"),
        (b"\xff\x00", "body"),
        (b"[]", "body"),
        (b'{"limit": 501}', "limit"),
        (b'{"limit": "10"}', "limit"),
        (b'{"after": -1}', "after"),
        (b'{"after": 9223372036854775808}', "after"),
        (b'{"correlation_id": "x"}', "correlation_id"),
        (b'{"drop": "table"}', "drop"),
        (b'{"types": ' + json.dumps(["x"] * 51).encode() + b"}", "types"),
    ],
)
async def test_a_bad_request_is_answered_with_what_is_wrong(body: bytes, where: str) -> None:
    def unreachable(_: BaseModel) -> BaseModel:
        raise AssertionError("expected no query")

    error = json.loads(await answer(body, EventsQuery, unreachable))["error"]

    assert error["code"] == "bad_request"
    assert where in error["message"]


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (StoreUnavailable("connection refused"), "unavailable"),
        (StoreTooSlow("canceling statement"), "too_slow"),
        (RuntimeError("a bug"), "internal"),
    ],
)
async def test_a_store_that_fails_is_answered_with_a_code(failure: Exception, code: str) -> None:
    error = json.loads(await answer(b"{}", OrdersQuery, raising(failure)))["error"]

    assert error["code"] == code
    assert "a bug" not in error["message"]


async def test_an_answer_is_the_json_of_its_model() -> None:
    head = HeadAnswer(position=0, hash="00" * 32, recorded_at=None)

    assert HeadAnswer.model_validate_json(await answer(b"{}", HeadQuery, lambda _: head)) == head
