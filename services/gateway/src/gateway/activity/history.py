"""Older events: pages are asked of audit, a single one is read from the log.

The gateway itself keeps only the newest.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from pydantic import ValidationError

from chassis.log import RawMessage
from contracts import codec, queries
from gateway.consumers import Asker, NoAnswer
from gateway.live import text_of
from gateway.problems import Code, Problem
from gateway.stream.protocol import event_text, unreadable_text
from gateway.stream.ring import Entry

WAIT_S = 3.0


class LogReader(Protocol):
    """What reading needs of the log."""

    def read_raw(
        self, *, after: int = 0, until: int | None = None, subjects: Sequence[str] = ()
    ) -> AsyncIterator[RawMessage]:
        """Give the messages after `after` until `until`."""
        ...


@dataclass(frozen=True, slots=True)
class Stretch:
    """Events of a part of the log in the order that was asked for, and how far that part goes.

    Between the entries no position is left out but those of types that were not asked for.
    """

    entries: Sequence[Entry]
    reached: int


@dataclass(frozen=True, slots=True)
class History:
    """Gives older events as the stream's messages."""

    ask: Asker
    log: LogReader
    shows: Callable[[str], bool]
    """Says whether events on a subject are shown here."""

    async def event(self, position: int) -> str:
        """Give one event that the log holds."""
        try:
            async with asyncio.timeout(WAIT_S):
                async for message in self.log.read_raw(after=position - 1, until=position):
                    if self.shows(message.subject):
                        return text_of(message)
        except TimeoutError:
            detail = f"expected the log's answer within {WAIT_S:g} s, found none"
            raise Problem(Code.LOG_UNAVAILABLE, detail, retry_after=5) from None
        detail = f"expected the position of an event of this account, found {position}"
        raise Problem(Code.EVENT_UNKNOWN, detail)

    async def before(self, position: int, *, limit: int, types: Sequence[str] = ()) -> Stretch:
        """Give the events that precede `position`, newest first; only of some types, if named."""
        query = queries.EventsQuery(
            before=position, limit=limit, order=queries.Order.NEWEST_FIRST, types=tuple(types)
        )
        answer = await self._answer(query)
        if answer.head < position - 1:
            raise _behind(position - 1, answer.head)
        rows = answer.events
        return Stretch(self._entries(rows), rows[-1].position if len(rows) == limit else 1)

    async def after(self, position: int, *, limit: int, types: Sequence[str] = ()) -> Stretch:
        """Give the events that follow `position`, oldest first; only of some types, if named."""
        query = queries.EventsQuery(
            after=position, limit=limit, order=queries.Order.OLDEST_FIRST, types=tuple(types)
        )
        answer = await self._answer(query)
        if answer.head <= position:
            raise _behind(position + 1, answer.head)
        rows = answer.events
        return Stretch(
            self._entries(rows), rows[-1].position if len(rows) == limit else answer.head
        )

    async def noted_head(self) -> queries.HeadAnswer | None:
        """Give the head of the archive's hash chain; None when audit does not say it."""
        try:
            body = await self.ask(queries.HEAD, b"{}", timeout_s=WAIT_S)
            return queries.HeadAnswer.model_validate_json(body)
        except (NoAnswer, ValidationError):
            return None

    async def _answer(self, query: queries.EventsQuery) -> queries.EventsAnswer:
        try:
            body = await self.ask(
                queries.EVENTS, query.model_dump_json().encode(), timeout_s=WAIT_S
            )
        except NoAnswer:
            raise _unavailable(f"expected audit's answer within {WAIT_S:g} s, found none") from None
        try:
            return queries.EventsAnswer.model_validate_json(body)
        except ValidationError:
            raise _unavailable(_failure(body)) from None

    def _entries(self, rows: Sequence[queries.EventRow]) -> list[Entry]:
        return [Entry(row.position, _text(row) if self.shows(row.subject) else "") for row in rows]


def _behind(expected: int, found: int) -> Problem:
    return _unavailable(f"expected audit to hold position {expected}, found its head at {found}")


def _unavailable(detail: str) -> Problem:
    more = "; the newest events are still answered"
    return Problem(Code.HISTORY_UNAVAILABLE, detail + more, retry_after=10)


def _failure(body: bytes) -> str:
    """Say why audit gave no events."""
    try:
        failure = queries.QueryFailed.model_validate_json(body).error
    except ValidationError:
        return "expected events from audit, found an answer that this build cannot read"
    return f"expected events from audit, found {failure.code}: {failure.message}"


def _text(row: queries.EventRow) -> str:
    try:
        return event_text(
            codec.decode(
                subject=row.subject,
                headers=_headers(row),
                body=json.dumps(row.data).encode(),
                position=row.position,
                recorded_at=row.recorded_at,
            )
        )
    except codec.UndecodableMessage as error:
        return unreadable_text(
            position=row.position,
            subject=row.subject,
            recorded_at=row.recorded_at,
            reason=row.defect or str(error),
        )


def _headers(row: queries.EventRow) -> dict[str, str]:
    """Give the headers that the event had; one that audit does not know is left out."""
    known = {
        codec.ID: row.id,
        codec.TYPE: row.type,
        codec.SOURCE: row.source,
        codec.TIME: None if row.occurred_at is None else row.occurred_at.isoformat(),
        codec.EVENT_VERSION: row.version,
        codec.CORRELATION_ID: row.correlation_id,
        codec.CAUSATION_ID: row.causation_id,
    }
    return {name: str(value) for name, value in known.items() if value is not None}
