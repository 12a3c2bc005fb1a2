"""`audit verify`: prove that the archive is whole, unaltered, and equal to the stream.

Everything is read in one transaction, so that an archive that grows meanwhile gives one picture.
Positions are contiguous, every link of the chain is computed anew, every column is read once more
from its message, every message is compared with the stream's while the stream holds it, every event
names its owner as who wrote it and stands where it belongs, all events are folded into the
projections again, every fill says what the fills add up to, no order or signature stands there
without what permits it, and nothing is signed outside of the life of the key that the owner named.
A message that cannot be read is not judged; one that can is, whatever the archive remarked on it.

A tail that was cut off shows as rows that are not archived yet, and the archiver brings it again
from the stream. What nobody can see in the archive alone is a past that a superuser rewrote from
some position on, with all links after it, when the stream no longer holds it: that shows only
against a head of the chain that was noted elsewhere (`--expect-head`).
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol, TypeVar

from pydantic import BaseModel, ValidationError
from sqlalchemy import Connection, Select, func, select

from audit.domain.entry import ID_TAKEN, Entry, differing_fields, message_of, recorded_of
from audit.domain.key_life import KeyLife
from audit.domain.orders import Orders
from audit.domain.permission import Permissions
from audit.domain.projections import PROJECTED, Projections
from audit.domain.sums import Sums
from audit.domain.verification import (
    Difference,
    Linked,
    as_text,
    by_position,
    differences_of_origin,
    differences_of_projection,
    differences_of_row,
    shorten,
)
from audit.store import projections
from audit.store.events import head_of, read
from audit.store.tables import events, fills, orders, positions, transactions, verdicts
from chassis.log import LogGap, RawMessage
from contracts import codec
from contracts.event import Recorded
from contracts.queries import FillRow, OrderRow, PositionRow, TransactionRow, VerdictRow

_Row = TypeVar("_Row", bound=BaseModel)
_BEFORE_ALL = -(2**63)
"""No row may stand before position 1; one that does must not be overlooked."""
_CHUNK_ROWS = 2000
_DIGITS_MAX = 18
_KEPT_MAX = 100
"""Differences that are kept to be shown; all are counted."""


class Stream(Protocol):
    """What is compared of the stream."""

    async def head(self) -> int: ...

    def read_raw(
        self, *, after: int = 0, until: int | None = None, subjects: Sequence[str] = ()
    ) -> AsyncIterator[RawMessage]: ...


class NotedHead(NamedTuple):
    """A head of the chain that someone kept outside."""

    position: int
    hash: bytes


@dataclass(slots=True)
class Verified:
    """What was compared and what was found."""

    first: int = 0
    last: int = 0
    rows: int = 0
    head_hash: bytes = b""
    irregular: int = 0
    unreadable: int = 0
    first_unreadable: str = ""
    stream_first: int = 0
    stream_compared: int = 0
    not_archived: int = 0
    projected: dict[str, int] = field(default_factory=dict[str, int])
    differences: list[Difference] = field(default_factory=list[Difference])
    differences_found: int = 0

    def add(self, differences: Sequence[Difference]) -> None:
        """Take differences; the first by position are kept."""
        if not differences:
            return
        self.differences_found += len(differences)
        self.differences = by_position([*self.differences, *differences])[:_KEPT_MAX]


class Verification:
    """Compares one picture of the archive with itself, with the stream and with a noted head."""

    def __init__(
        self, connection: Connection, *, stream: Stream | None, noted: NotedHead | None = None
    ) -> None:
        self._connection = connection
        self._stream = stream
        self._noted = noted
        self._folded = Projections()
        self._permissions = Permissions()
        self._orders = Orders()
        self._keys = KeyLife()
        self._sums = Sums()
        self._result = Verified()

    async def run(self) -> Verified:
        """Compare everything."""
        result = self._result
        comparing = None if self._stream is None else _StreamComparison(self._stream, result)
        before: Linked | None = None
        shown_to = _BEFORE_ALL
        while rows := read(self._connection, after=shown_to, limit=_CHUNK_ROWS):
            for row in rows:
                result.add(differences_of_row(row, before=before))
                self._fold(row)
                self._compare_noted(row)
                before = row
            if comparing is not None:
                await comparing.compare(rows)
            shown_from, shown_to = shown_to, rows[-1].entry.position
            self._compare_appended(after=shown_from, until=shown_to)
        self._compare_appended(after=shown_to, until=None)
        self._compare_replaced()
        self._compare_ids()
        self._finish(before)
        if comparing is not None:
            await comparing.finish(result.last)
        return result

    def _fold(self, row: Linked) -> None:
        result, entry = self._result, row.entry
        result.rows += 1
        result.first = result.first or entry.position
        result.irregular += entry.defect is not None
        try:
            recorded = recorded_of(message_of(entry))
        except ValueError as error:  # also an UndecodableMessage
            result.unreadable += 1
            result.first_unreadable = (
                result.first_unreadable or f"position {entry.position}: {error}"
            )
            return
        if entry.is_repeat:
            result.add(self._differences_of_repeat(recorded, entry.defect or ""))
            return
        result.add(differences_of_origin(recorded))
        result.add(self._permissions.fold(recorded))
        result.add(self._orders.fold(recorded))
        result.add(self._keys.fold(recorded))
        result.add(self._sums.fold(recorded))
        if type(recorded.event) in PROJECTED:
            self._folded.fold(recorded)

    def _differences_of_repeat(self, again: Recorded, defect: str) -> list[Difference]:
        """Require that an event whose id was taken is the one that has it, once more."""
        said = defect.removeprefix(ID_TAKEN).strip()
        at = int(said) if said.isascii() and said.isdigit() and len(said) <= _DIGITS_MAX else 0
        rows = read(self._connection, after=at - 1, limit=1) if 0 < at < again.position else []
        if rows and _canonical(rows[0].entry) == codec.canonical(again):
            return []
        expected = f"the event at {shorten(said)} again"
        return [Difference(again.position, "id", expected, "another one")]

    def _compare_noted(self, row: Linked) -> None:
        noted, entry = self._noted, row.entry
        if noted is not None and entry.position == noted.position and row.hash != noted.hash:
            self._result.add(
                [Difference(entry.position, "noted head", noted.hash.hex(), row.hash.hex())]
            )

    def _compare_appended(self, *, after: int, until: int | None) -> None:
        """Compare fills and verdicts, which have a row for each event, and forget them."""
        changes = self._folded.take()
        for name, table, model, folded in (
            ("fills", fills, FillRow, changes.fills),
            ("verdicts", verdicts, VerdictRow, changes.verdicts),
        ):
            query = select(table).where(table.c.position > after)
            if until is not None:
                query = query.where(table.c.position <= until)
            found = self._readable(name, query, model)
            self._result.projected[name] = self._result.projected.get(name, 0) + len(found)
            self._result.add(
                differences_of_projection(
                    name,
                    {row.position: row for row in folded},
                    {row.position: row for row in found},
                )
            )

    def _compare_replaced(self) -> None:
        """Compare orders, positions and transactions, whose rows change with events."""
        folded = self._folded
        found_orders = self._readable("orders", select(orders), OrderRow)
        found_positions = self._readable("positions", select(positions), PositionRow)
        found_transactions = self._readable("transactions", select(transactions), TransactionRow)
        by_id = {row.client_order_id: row for row in found_orders}
        by_market = {(row.account, row.market): row for row in found_positions}
        by_plan = {row.id: row for row in found_transactions}
        self._result.projected |= {
            "orders": len(by_id),
            "positions": len(by_market),
            "transactions": len(by_plan),
        }
        self._result.add(differences_of_projection("orders", folded.orders, by_id))
        self._result.add(differences_of_projection("positions", folded.positions, by_market))
        self._result.add(differences_of_projection("transactions", folded.transactions, by_plan))

    def _readable(self, name: str, query: Select[Any], model: type[_Row]) -> list[_Row]:
        """Give the rows of a projection that can be read; each other one is a difference."""
        good: list[_Row] = []
        for row in self._connection.execute(query).mappings():
            try:
                good.append(projections.parse(row, model))
            except ValidationError as error:
                first = error.errors(include_url=False)[0]
                where = row["position"] if "position" in row else row["updated_position"]
                what = f"{name} {'.'.join(map(str, first['loc']))}"
                found = shorten(as_text(first["input"]))
                self._result.add([Difference(where, what, "what the events fold to", found)])
        return good

    def _compare_ids(self) -> None:
        """Look for ids that stand twice; only without its unique index can one."""
        query = (
            select(events.c.id, func.array_agg(events.c.position))
            .group_by(events.c.id)
            .having(func.count() > 1)
            .limit(_KEPT_MAX)
        )
        for event_id, where in self._connection.execute(query):
            first, *others = sorted(where)
            self._result.add(
                [Difference(it, "id", f"{event_id} at {first} only", "it again") for it in others]
            )

    def _finish(self, newest: Linked | None) -> None:
        result = self._result
        head = head_of(self._connection)
        result.last, result.head_hash = head.position, head.hash
        noted = self._noted
        if noted is not None and noted.position > result.last:
            end = "an empty archive" if newest is None else f"the end at {result.last}"
            result.add([Difference(noted.position, "noted head", "the noted event", end)])


def _canonical(entry: Entry) -> bytes | None:
    """Give what an event's row says that happened; None when it cannot be read."""
    try:
        return codec.canonical(recorded_of(message_of(entry)))
    except ValueError:
        return None


class _StreamComparison:
    """Walks the stream beside the archive."""

    def __init__(self, stream: Stream, result: Verified) -> None:
        self._stream = stream
        self._result = result

    async def compare(self, rows: Sequence[Linked]) -> None:
        """Compare rows with the messages that the stream still holds at their positions."""
        kept = {row.entry.position: row.entry for row in rows}
        after, until = max(0, rows[0].entry.position - 1), rows[-1].entry.position
        while after < until:
            after = await self._compare_until_gap(kept, after=after, until=until)

    async def _compare_until_gap(self, kept: Mapping[int, Entry], *, after: int, until: int) -> int:
        """Compare; give the position after which the stream goes on, or `until`."""
        try:
            async for message in self._stream.read_raw(after=after, until=until):
                self._result.stream_first = self._result.stream_first or message.position
                if message.position in kept:
                    self._result.stream_compared += 1
                    self._compare_one(kept[message.position], message)
        except LogGap as gap:
            if self._result.stream_first:
                found = f"the next at {gap.found}"
                self._result.add([Difference(gap.expected, "stream", "a message", found)])
            return max(after + 1, gap.found - 1)
        return until

    async def finish(self, last: int) -> None:
        """Compare the ends."""
        head = await self._stream.head()
        self._result.not_archived = max(0, head - last)
        if last > head:
            found = f"an archive until {last}"
            self._result.add([Difference(head + 1, "stream", "no row: the stream ends", found)])

    def _compare_one(self, entry: Entry, message: RawMessage) -> None:
        try:
            names = differing_fields(entry, message)
        except ValueError:
            names = ["headers"]
        self._result.add(
            [
                Difference(entry.position, f"stream: {name}", "the stream's", "another")
                for name in names
            ]
        )
