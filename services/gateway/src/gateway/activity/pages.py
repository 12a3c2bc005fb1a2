"""Pages of events over the whole log: the newest from memory, older ones from audit.

A page is cut by position, and positions are never written again, so the same cursor gives the same
page for ever. What a page looks at is bounded; a page may hold nothing and still have a next one.
"""

from dataclasses import dataclass

import msgspec

from gateway.activity.history import History, Stretch
from gateway.activity.wanted import Wanted
from gateway.stream.hub import Hub
from gateway.stream.protocol import Activity
from gateway.stream.ring import Ring
from gateway.views import ActivityPage

PAGE_MAX = 500
LOOKED_AT_MAX = 2_000
"""Events that a page with filters looks at."""

_activity = msgspec.json.Decoder(Activity)


def read_item(text: str) -> Activity:
    """Read an event as the stream sends it."""
    return _activity.decode(text)


@dataclass(frozen=True, slots=True)
class Pages:
    """Gives pages in either direction. Without filters a page looks at `limit` positions."""

    hub: Hub
    history: History

    async def older(self, before: int | None, *, limit: int, wanted: Wanted) -> ActivityPage:
        """Give the newest events before a position, the newest first; None: of all."""
        head = self.hub.ring.last
        cursor = min(before or head + 1, head + 1)
        page = _Page(limit=limit, wanted=wanted)
        while cursor > 1 and not page.is_full:
            is_kept = cursor > self.hub.ring.first
            if not is_kept and page.items:
                break
            if is_kept:
                stretch = _before(self.hub.ring, cursor, page.looks_at)
            else:
                stretch = await self.history.before(
                    cursor, limit=page.looks_at, types=wanted.log_types
                )
            cursor = page.take(stretch)
        return page.view(str(cursor) if cursor > 1 else None, head=head)

    async def newer(self, after: int, *, limit: int, wanted: Wanted) -> ActivityPage:
        """Give the events that follow a position, the oldest first."""
        head = self.hub.ring.last
        cursor = min(after, head)
        page = _Page(limit=limit, wanted=wanted)
        while cursor < head and not page.is_full:
            is_kept = cursor + 1 >= self.hub.ring.first
            if not is_kept and page.items:
                break
            if is_kept:
                entries = self.hub.ring.after(cursor, limit=page.looks_at)
                stretch = Stretch(entries, entries[-1].position)
            else:
                stretch = await self.history.after(
                    cursor, limit=page.looks_at, types=wanted.log_types
                )
            cursor = page.take(stretch)
        return page.view(str(cursor) if cursor < head else None, head=head)


def _before(ring: Ring, position: int, limit: int) -> Stretch:
    entries = ring.before(position, limit=limit)
    return Stretch(entries, entries[-1].position)


class _Page:
    """Collects what is wanted, until it is full or has looked at enough."""

    def __init__(self, *, limit: int, wanted: Wanted) -> None:
        self.items: list[Activity] = []
        self._limit = limit
        self._wanted = wanted
        self._left = limit if wanted.is_all else LOOKED_AT_MAX

    @property
    def is_full(self) -> bool:
        return self._left <= 0 or len(self.items) >= self._limit

    @property
    def looks_at(self) -> int:
        """Say how many positions to look at next."""
        return min(self._left, PAGE_MAX)

    def take(self, stretch: Stretch) -> int:
        """Look at events; give the position up to which they were looked at."""
        for entry in stretch.entries:
            self._left -= 1
            if not entry.text:
                continue
            item = read_item(entry.text)
            if self._wanted.takes(item):
                self.items.append(item)
                if len(self.items) == self._limit:
                    return entry.position
        return stretch.reached

    def view(self, following: str | None, *, head: int) -> ActivityPage:
        """Give the page; `following` is the cursor of the next one."""
        return ActivityPage(items=self.items, next=following, head=str(head))
