"""The export: events of the log as a file, streamed, bounded, and closed with a hash.

It reads the log itself, so it works without audit and without the gateway's memory. Who took what
is an event of its own, which the log has before the file gets its last line.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

import structlog

from contracts.access import ActivityExported, ExportFilter
from gateway.activity.history import WAIT_S, History
from gateway.activity.pages import read_item
from gateway.activity.sheet import Chain, Csv, JsonLines, Sheet
from gateway.activity.slots import Slots
from gateway.activity.wanted import Wanted
from gateway.handlers import Commands, Done
from gateway.live import Live, text_of
from gateway.problems import Code, FieldError, Problem
from gateway.requests import clean_text, read_time

EVENTS_MAX = 100_000
"""Events of one file; the rest is asked for from where it ended."""
EXPORT_S_MAX = 600.0
AT_ONCE_MAX = 2
AT_ONCE_WAIT_S = 10
BATCH = 64
"""Events read before anything else gets a turn."""
_DIGITS_MAX = 18

Edge = int | datetime

_log = structlog.get_logger()


class Format(StrEnum):
    """How the file is written."""

    CSV = "csv"
    JSONL = "jsonl"


MEDIA_TYPES = {Format.CSV: "text/csv", Format.JSONL: "application/x-ndjson"}


@dataclass(frozen=True, slots=True)
class Export:
    """A file that is made while it is sent."""

    name: str
    media_type: str
    chunks: AsyncGenerator[bytes]


@dataclass
class Exports:
    """Makes exports, a few at a time."""

    live: Live
    history: History
    commands: Commands
    slots: Slots = field(default_factory=lambda: Slots(AT_ONCE_MAX, seconds=EXPORT_S_MAX))

    _broken: set[asyncio.Task[Done]] = field(default_factory=set[asyncio.Task[Done]])

    async def open(
        self, form: Format, *, begin: str | None, end: str | None, wanted: Wanted, by: str
    ) -> Export:
        """Begin an export of the positions or times between two edges."""
        edges = _read_edge("from", begin), _read_edge("to", end)
        hub = self.live.hub
        if not hub.is_open:
            raise Problem(Code.STARTING, "expected the whole log to be read", retry_after=2)
        slot = self.slots.take()
        if slot is None:
            detail = f"expected at most {AT_ONCE_MAX} exports at a time, found them running"
            raise Problem(Code.TOO_MANY_REQUESTS, detail, retry_after=AT_ONCE_WAIT_S)
        try:
            async with asyncio.timeout(WAIT_S):
                first, last = await self._range(*edges, head=hub.ring.last)
        except TimeoutError:
            self.slots.give_back(slot)
            detail = f"expected the log's answer within {WAIT_S:g} s, found none"
            raise Problem(Code.LOG_UNAVAILABLE, detail, retry_after=5) from None
        taken = ActivityExported(
            account=self.live.account_id,
            by=by,
            form=form,
            first=first,
            last=last,
            wanted=_filter(wanted),
            count=0,
            chain_sha256=Chain().digest.hex(),
            is_complete=False,
        )
        return Export(
            name=f"activity-{self.live.account_id}-{first}-{last}.{form}",
            media_type=MEDIA_TYPES[form],
            chunks=self._chunks(slot, form, taken, wanted),
        )

    async def _range(self, begin: Edge | None, end: Edge | None, *, head: int) -> tuple[int, int]:
        """Give the first and the last position; the last is before the first when there is none."""
        first = await self._first_at(begin, head) if isinstance(begin, datetime) else begin
        last = await self._first_at(end, head) - 1 if isinstance(end, datetime) else end
        return max(1, first or 1), head if last is None else min(last, head)

    async def _first_at(self, moment: datetime, head: int) -> int:
        """Give the first position that the log took at a time or later; past the head if none."""
        low, high = 1, head + 1
        while low < high:
            middle = (low + high) // 2
            if await self._recorded_at(middle) < moment:
                low = middle + 1
            else:
                high = middle
        return low

    async def _recorded_at(self, position: int) -> datetime:
        messages = self.history.log.read_raw(after=position - 1, until=position)
        (moment,) = [message.recorded_at async for message in messages]
        return moment

    async def _chunks(
        self, slot: int, form: Format, taken: ActivityExported, wanted: Wanted
    ) -> AsyncGenerator[bytes]:
        sheet: Sheet = Csv() if form is Format.CSV else JsonLines()
        is_recorded = False
        noted = await self.history.noted_head()
        chain, count, following = Chain(), 0, None
        opening = sheet.opening()
        lines = [chain.add(opening)] if opening else []
        try:
            async with aclosing(self._batches(taken.first, taken.last)) as batches:
                async for batch in batches:
                    for position, text in batch:
                        if count == EVENTS_MAX or not self.slots.holds(slot):
                            following = position
                            break
                        item = read_item(text)
                        if wanted.takes(item):
                            count += 1
                            lines.append(chain.add(sheet.line(item)))
                    if lines:
                        yield b"".join(lines)
                        lines = []
                    if following is not None:
                        break
            if following is not None:
                taken = taken.model_copy(update={"last": following - 1})
            said: dict[str, Any] = {
                "count": count,
                "from": str(taken.first),
                "to": str(taken.last),
                "next": None if following is None else str(following),
                "filter": taken.wanted.model_dump_json(exclude_defaults=True),
                "auditHead": noted and {"position": str(noted.position), "hash": noted.hash},
            }
            end = sheet.end(said, chain)
            whole = _grown(taken, count, chain, is_complete=True)
            await self.commands.record(whole, self.commands.new_id())
            is_recorded = True
            yield end
        finally:
            self.slots.give_back(slot)
            if not is_recorded:
                self._record_soon(_grown(taken, count, chain, is_complete=False))

    def _record_soon(self, broken: ActivityExported) -> None:
        """Record a file that broke off; nobody waits for it any more."""
        task = asyncio.create_task(self.commands.record(broken, self.commands.new_id()))
        self._broken.add(task)
        task.add_done_callback(self._recorded)

    def _recorded(self, task: asyncio.Task[Done]) -> None:
        self._broken.discard(task)
        if not task.cancelled() and task.exception() is not None:
            _log.error("export_not_recorded", error=str(task.exception()))

    async def _batches(self, first: int, last: int) -> AsyncGenerator[list[tuple[int, str]]]:
        """Give the events that are shown here, as the stream sends them, some at a time."""
        batch: list[tuple[int, str]] = []
        looked_at = 0
        async for message in self.history.log.read_raw(after=first - 1, until=last):
            looked_at += 1
            if self.live.shows(message.subject):
                batch.append((message.position, text_of(message)))
            if looked_at % BATCH == 0:
                yield batch
                batch = []
                await asyncio.sleep(0)
        yield batch


def _filter(wanted: Wanted) -> ExportFilter:
    return ExportFilter(
        types=tuple(sorted(wanted.types)),
        severities=tuple(sorted(wanted.levels)),
        market=wanted.market,
        order=wanted.order,
        text=clean_text(wanted.text),
    )


def _grown(
    taken: ActivityExported, count: int, chain: Chain, *, is_complete: bool
) -> ActivityExported:
    return taken.model_copy(
        update={
            "count": count,
            "chain_sha256": chain.digest.hex(),
            "is_complete": is_complete,
        }
    )


def _read_edge(name: str, text: str | None) -> Edge | None:
    if text is None:
        return None
    if text.isascii() and text.isdigit() and len(text) <= _DIGITS_MAX:
        return int(text)
    moment = read_time(text)
    if moment is None:
        message = f"expected a position, or a time with its zone, found {text!r:.50}"
        raise Problem(Code.INVALID_REQUEST, message, errors=[FieldError(name, message)])
    return moment
