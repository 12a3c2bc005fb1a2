"""What of a feed MARKET does not hold yet.

A feed may begin earlier than where MARKET ends: after a restart, or where a feed repeats itself.
Each kind of tick has an order of its own that tells what is new.
"""

from dataclasses import dataclass

from contracts.minutes import MINUTE_MS
from contracts.ticks import Candles, Liquidation, MarkPrice, TapeEnd, TopOfBook, Trade
from ingest.domain.sequence import (
    TIME_JUMP_MS_MAX,
    UPDATE_JUMP_MAX,
    Gap,
    Implausible,
    Place,
    TradeSequence,
    is_far,
)


@dataclass(frozen=True, slots=True)
class Published:
    """The last message of each kind in MARKET."""

    trade: Trade | TapeEnd | None = None
    top: TopOfBook | None = None
    mark: MarkPrice | None = None
    liquidation: Liquidation | None = None
    history: Candles | None = None

    @property
    def last(self) -> tuple[int, int] | None:
        """Give id and time of the last trade that must not come again; None when all may.

        A whole history says with which trade it is continued.
        """
        if self.trade is not None:
            return self.trade.i, self.trade.t
        history = self.history
        if history is None or history.part < history.parts:
            return None
        return history.i - 1, history.t + len(history.minutes) * MINUTE_MS

    @property
    def is_ended(self) -> bool:
        """Say whether MARKET holds the end of the recording."""
        return isinstance(self.trade, TapeEnd)


class Passage:
    """Lets through what is new; mutates, because it sees every tick."""

    def __init__(self, published: Published) -> None:
        last, top, mark = published.last, published.top, published.mark
        self._sequence = (
            TradeSequence() if last is None else TradeSequence(last_id=last[0], last_ms=last[1])
        )
        self._last_update = -1 if top is None else top.u
        self._last_mark_ms = -1 if mark is None else mark.t
        self._awaited = published.liquidation

    def trade(self, trade_id: int, time_ms: int) -> Place | Gap | Implausible:
        """Say where a trade stands; only what is known already must not pass."""
        return self._sequence.step(trade_id, time_ms)

    def lets_top(self, top: TopOfBook) -> bool:
        """Say whether this update of the book is newer than the last, and can be true."""
        last = self._last_update
        if top.u <= last or is_far(top.u, last, jump_max=UPDATE_JUMP_MAX):
            return False
        self._last_update = top.u
        return True

    def lets_mark(self, mark: MarkPrice) -> bool:
        """Say whether this mark price is newer than the last, and can be true."""
        last = self._last_mark_ms
        if mark.t <= last or is_far(mark.t, last, jump_max=TIME_JUMP_MS_MAX):
            return False
        self._last_mark_ms = mark.t
        return True

    def lets_liquidation(self, liquidation: Liquidation) -> bool:
        """Say whether this one stands behind the last in MARKET; they have no ids."""
        awaited = self._awaited
        if awaited is None:
            return True
        if liquidation.t > awaited.t:
            self._awaited = None
            return True
        if liquidation == awaited:
            self._awaited = None
        return False
