"""Questions over NATS request-reply: each is answered, with an error if need be.

A bad request is answered with what was expected; it never ends the subscriber. Answers come from
threads, so that a slow query holds up neither the archive nor the other queries.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Protocol, TypeVar

import structlog
from faststream.nats import NatsBroker
from faststream.nats.annotations import NatsMessage
from pydantic import BaseModel, ValidationError

from audit.store.events import StoreTooSlow, StoreUnavailable
from contracts import queries
from contracts.queries import Failure, FailureCode, QueryFailed

_GROUP = "audit"
"""Of several audit processes one answers."""
_AT_ONCE_MAX = 4
"""Requests of one kind that are being answered at once; the others wait."""
_REASONS_MAX = 5

_log = structlog.get_logger()
_Query = TypeVar("_Query", bound=BaseModel)


class Answers(Protocol):
    """What gives answers; every call may block and may raise StoreUnavailable."""

    def head(self, query: queries.HeadQuery, /) -> queries.HeadAnswer: ...

    def events(self, query: queries.EventsQuery, /) -> queries.EventsAnswer: ...

    def orders(self, query: queries.OrdersQuery, /) -> queries.OrdersAnswer: ...

    def fills(self, query: queries.FillsQuery, /) -> queries.FillsAnswer: ...

    def positions(self, query: queries.PositionsQuery, /) -> queries.PositionsAnswer: ...

    def transactions(self, query: queries.TransactionsQuery, /) -> queries.TransactionsAnswer: ...

    def verdicts(self, query: queries.VerdictsQuery, /) -> queries.VerdictsAnswer: ...


def subscribe(broker: NatsBroker, answers: Answers, *, threads: Executor) -> None:
    """Answer `audit.query.>` from here on; queries run in `threads`."""
    _subscribe(broker, queries.HEAD, queries.HeadQuery, answers.head, threads)
    _subscribe(broker, queries.EVENTS, queries.EventsQuery, answers.events, threads)
    _subscribe(broker, queries.ORDERS, queries.OrdersQuery, answers.orders, threads)
    _subscribe(broker, queries.FILLS, queries.FillsQuery, answers.fills, threads)
    _subscribe(broker, queries.POSITIONS, queries.PositionsQuery, answers.positions, threads)
    _subscribe(
        broker,
        queries.TRANSACTIONS,
        queries.TransactionsQuery,
        answers.transactions,
        threads,
    )
    _subscribe(broker, queries.VERDICTS, queries.VerdictsQuery, answers.verdicts, threads)


async def answer(
    body: bytes,
    model: type[_Query],
    ask: Callable[[_Query], BaseModel],
    *,
    threads: Executor | None = None,
) -> bytes:
    """Give the reply to a request: the JSON of an answer or of a QueryFailed."""
    try:
        query = model.model_validate_json(body or b"{}")
        found = await asyncio.get_running_loop().run_in_executor(threads, ask, query)
    except ValidationError as error:
        return _failure(FailureCode.BAD_REQUEST, _reasons(error))
    except StoreTooSlow:
        return _failure(FailureCode.TOO_SLOW, "the query took too long; narrow it")
    except StoreUnavailable as error:
        return _failure(FailureCode.UNAVAILABLE, str(error))
    except Exception:  # noqa: BLE001 - who asked gets an answer, whatever happens
        _log.exception("query_failed", query=model.__name__)
        return _failure(FailureCode.INTERNAL, "the query failed; the log of audit says why")
    return found.model_dump_json().encode()


def _subscribe(
    broker: NatsBroker,
    subject: str,
    model: type[_Query],
    ask: Callable[[_Query], BaseModel],
    threads: Executor,
) -> None:
    @broker.subscriber(subject, queue=_GROUP, decoder=_raw, max_workers=_AT_ONCE_MAX)
    async def reply(body: bytes) -> bytes:
        return await answer(body, model, ask, threads=threads)


async def _raw(message: NatsMessage) -> bytes:
    # FastStream would parse JSON by itself, and fail before our own words.
    return message.body


def _failure(code: FailureCode, message: str) -> bytes:
    return QueryFailed(error=Failure(code=code, message=message)).model_dump_json().encode()


def _reasons(error: ValidationError) -> str:
    problems = error.errors(include_url=False, include_input=False)[:_REASONS_MAX]
    return "; ".join(
        f"{'.'.join(map(str, problem['loc'])) or 'body'}: {problem['msg']}" for problem in problems
    )[:500]
