"""The minutes before a feed's first trade: parts in, one history out, whole or not at all."""

from collections.abc import Sequence

from pydantic import ValidationError

from contracts.ids import MarketId, SourceVenue, Symbol
from contracts.minute import BackfilledMinute, CandleSource, MinutesBackfilled
from contracts.minutes import MINUTE_MS
from contracts.ticks import Candle, Candles
from contracts.values import from_millis
from signals.domain.bars import BadTick

_NOTHING: tuple[MinutesBackfilled, ...] = ()


class HistoryFold:
    """Gathers the parts of one feed symbol's history; a first part begins anew."""

    def __init__(self, *, venue: SourceVenue, symbol: Symbol, market: MarketId) -> None:
        self._venue = venue
        self._symbol = symbol
        self._market = market
        self._parts: list[Candles] = []

    def fold(self, part: Candles) -> Sequence[MinutesBackfilled]:
        """Take a part; give the facts of all when it was the last one.

        A part that comes again changes nothing. Raises BadTick for one that does not continue
        those before it, and then the history has to begin anew.
        """
        if part.part == 1:
            self._parts = []
        elif part in self._parts:
            return _NOTHING
        self._require_next(part)
        self._parts.append(part)
        if part.part < part.parts:
            return _NOTHING
        try:
            facts = tuple(map(self._fact, self._parts))
        except (ValidationError, ValueError) as error:
            raise BadTick(f"expected minutes of an exchange, found {error!s:.300}") from None
        finally:
            self._parts = []
        return facts

    def _require_next(self, part: Candles) -> None:
        before = self._parts[-1] if self._parts else None
        expected = (1, part.parts, part.i, part.t)
        if before is not None:
            ends_ms = before.t + len(before.minutes) * MINUTE_MS
            expected = (before.part + 1, before.parts, before.i, ends_ms)
        found = (part.part, part.parts, part.i, part.t)
        if found != expected or part.t % MINUTE_MS or not part.minutes:
            self._parts = []
            raise BadTick(
                f"expected part, parts, next trade and time {expected} of a history, found {found}"
                f" with {len(part.minutes)} minutes"
            )

    def _fact(self, part: Candles) -> MinutesBackfilled:
        return MinutesBackfilled(
            venue=self._venue,
            symbol=self._symbol,
            market=self._market,
            source=CandleSource(part.source),
            part=part.part,
            parts=part.parts,
            first_minute=from_millis(part.t),
            minutes=tuple(map(_minute, part.minutes)),
            next_trade_id=part.i,
        )


def _minute(candle: Candle) -> BackfilledMinute:
    return BackfilledMinute.model_validate(
        {
            "open_usd": candle.open,
            "high_usd": candle.high,
            "low_usd": candle.low,
            "close_usd": candle.close,
            "volume_base": candle.volume,
            "buy_volume_base": candle.bought,
            "turnover_usd": candle.turnover,
        }
    )
