"""What every feed is: its source, and its items in order."""

from collections.abc import AsyncGenerator
from typing import Protocol

from ingest.domain.items import Item
from ingest.domain.source import Source


class Feed(Protocol):
    """A stream of ticks of one symbol."""

    @property
    def source(self) -> Source:
        """Say where the ticks come from."""
        ...

    def items(self, *, after: int | None) -> AsyncGenerator[Item, None]:
        """Seek to the trade with id `after` and give every item that follows it, in order.

        A feed may begin earlier than asked, never later: the pump passes over what MARKET
        already holds. A replayable feed gives the same items every time. A live feed remembers
        what it gave last, and repairs or leaves a gap where that does not reach back far enough.
        May be called again when MARKET was interrupted, after the iterator before it was closed.
        """
        ...
