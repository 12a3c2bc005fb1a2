"""From one connection to the next without losing or doubling a tick.

While both are open the old one is heard and the new one is kept back. Once the old one has given
what the new one began with, nothing can lie between them, and the new one takes over.
"""

from collections import Counter

from contracts.ticks import Liquidation, MarkPrice, TopOfBook, Trade
from ingest.domain.items import Item
from ingest.domain.sequence import (
    TIME_JUMP_MS_MAX,
    UPDATE_JUMP_MAX,
    Place,
    TradeSequence,
    is_far,
)

HELD_MAX = 200_000
"""Items kept back at most; then the new connection takes over as it is."""


class Handover:
    """Merges the frames of a path's connections; mutates, because it sees every item.

    The order of trades is their id, that of the book its update id; each path carries one of
    them. Liquidations have no id: of equal ones, as many pass as the connection that had more.
    """

    def __init__(self) -> None:
        self._trades = TradeSequence()
        self._last_update = -1
        self._last_mark_ms = -1
        self._first: int | None = None
        self._held: list[Item] = []
        self._seen: Counter[Liquidation] = Counter()
        self._is_overlapping = False

    @property
    def is_overlapping(self) -> bool:
        """Say whether a new connection is kept back."""
        return self._is_overlapping

    @property
    def has_begun(self) -> bool:
        """Say whether the new connection has given a tick with an order."""
        return self._first is not None

    @property
    def is_covered(self) -> bool:
        """Say whether the old connection has come to where the new one began."""
        is_full = len(self._held) >= HELD_MAX
        last_id = self._trades.last_id
        last = self._last_update if last_id is None else last_id
        return is_full or (self._first is not None and last >= self._first)

    def begin(self) -> None:
        """Begin to keep back a new connection."""
        self.abandon()
        self._seen.clear()
        self._is_overlapping = True

    def abandon(self) -> None:
        """Forget the new connection."""
        self._first = None
        self._held = []
        self._is_overlapping = False

    def lets(self, item: Item) -> bool:
        """Say whether an item of the connection that is heard was not heard before."""
        if self._is_overlapping and isinstance(item, Liquidation):
            self._seen[item] += 1
            return True
        return self._is_new(item)

    def new(self, item: Item) -> None:
        """Keep back an item of the new connection."""
        if self._first is None:
            self._first = _order(item)
        self._held.append(item)

    def finish(self) -> list[Item]:
        """Give what the new connection has beyond the old one, which is over."""
        held = self._held
        self.abandon()
        return [item for item in held if self._is_new(item)]

    def _is_new(self, item: Item) -> bool:
        match item:
            case Trade():
                # One that cannot be true moves nothing: whoever is behind us doubts it as well.
                is_new = self._trades.step(item.i, item.t) is not Place.KNOWN
            case TopOfBook():
                is_new = item.u > self._last_update
                if not is_far(item.u, self._last_update, jump_max=UPDATE_JUMP_MAX):
                    self._last_update = max(self._last_update, item.u)
            case MarkPrice():
                is_new = item.t > self._last_mark_ms
                if not is_far(item.t, self._last_mark_ms, jump_max=TIME_JUMP_MS_MAX):
                    self._last_mark_ms = max(self._last_mark_ms, item.t)
            case Liquidation():
                is_new = self._seen[item] == 0
                if not is_new:
                    self._seen[item] -= 1
            case _:
                is_new = True
        return is_new


def _order(item: Item) -> int | None:
    if isinstance(item, Trade):
        return item.i
    if isinstance(item, TopOfBook):
        return item.u
    return None
