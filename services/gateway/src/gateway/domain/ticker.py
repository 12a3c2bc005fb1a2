"""Price, CVD and VWAP between two closed minutes: a fold over ticks on top of the log's sums.

The sums of closed minutes come from the log and are exact. Ticks of minutes that are still open
are added on top, in the same bars as signals folds them (`contracts.minutes`). When this process
did not see all of them, the value at the last closed minute is shown, with its time.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from contracts.minutes import minute_of, open_minute
from contracts.ticks import TapeEnd, Tick
from contracts.values import from_millis, parse_decimal, to_millis
from gateway.domain.session import Session, vwap

_DAY_MS = 86_400_000
_ZERO = Decimal(0)
_MINUTES_MAX = 3_000
"""Open minutes kept while nothing closes them: two days, then the oldest is dropped."""


@dataclass(frozen=True, slots=True)
class OpenBar:
    """A minute that is still open: its prices from its first trade on."""

    minute: datetime
    open_usd: Decimal
    high_usd: Decimal
    low_usd: Decimal


@dataclass(frozen=True, slots=True)
class Price:
    """The newest trade, and the minute that it is folded into; None if its beginning is unknown."""

    last_usd: Decimal
    at: datetime
    trade_id: int
    bar: OpenBar | None = None


@dataclass(frozen=True, slots=True)
class Flow:
    """Session CVD and VWAP at market time `at`; `is_live` when open minutes are included."""

    cvd_base: Decimal
    vwap_usd: Decimal | None
    at: datetime
    is_live: bool


@dataclass(slots=True)
class _Sums:
    open_usd: Decimal
    high_usd: Decimal
    low_usd: Decimal
    delta_base: Decimal = _ZERO
    turnover_usd: Decimal = _ZERO
    volume_base: Decimal = _ZERO


class Ticker:
    """Folds ticks in order; trades that come again are passed over by id."""

    def __init__(self, *, is_from_start: bool) -> None:
        """Start to listen: at the very first tick of the feed, or somewhere later."""
        self._is_from_start = is_from_start
        self._first_minute_ms: int | None = None
        self._last_id = -1
        self._time_ms_max = 0
        self._open: dict[int, _Sums] = {}
        self.price: Price | None = None
        self.has_ended = False
        self.refused = 0

    def take(self, tick: Tick) -> None:
        """Fold one tick; one with a price or a quantity that is none is counted as refused."""
        if isinstance(tick, TapeEnd):
            self.has_ended = True
            return
        if tick.i <= self._last_id:
            return
        try:
            price, quantity = parse_decimal(tick.p), parse_decimal(tick.q)
        except ValueError:
            self.refused += 1
            return
        if price <= 0 or quantity < 0 or not 0 <= tick.t < 253_402_300_800_000:
            self.refused += 1
            return
        self._last_id = tick.i
        # A late trade goes into the oldest open bar, as in signals.
        bar_ms = max(minute_of(tick.t), open_minute(self._time_ms_max))
        self._time_ms_max = max(self._time_ms_max, tick.t)
        if self._first_minute_ms is None:
            self._first_minute_ms = bar_ms
        sums = self._open.setdefault(bar_ms, _Sums(price, price, price))
        sums.high_usd, sums.low_usd = max(sums.high_usd, price), min(sums.low_usd, price)
        sums.delta_base += -quantity if tick.m else quantity
        sums.turnover_usd += price * quantity
        sums.volume_base += quantity
        is_whole = self._is_from_start or bar_ms > self._first_minute_ms
        bar = OpenBar(from_millis(bar_ms), sums.open_usd, sums.high_usd, sums.low_usd)
        self.price = Price(price, from_millis(tick.t), tick.i, bar if is_whole else None)
        if len(self._open) > _MINUTES_MAX:
            del self._open[min(self._open)]
            self._is_from_start = False

    def flow(self, session: Session | None) -> Flow | None:
        """Give the session's CVD and VWAP on top of the minutes that the log has closed."""
        if session is not None:
            closed_ms = to_millis(session.minute)
            self._open = {at: sums for at, sums in self._open.items() if at > closed_ms}
        if self.price is None or not self._is_whole(session):
            return None if session is None else _closed(session)
        if not self._open:
            return None if session is None else _closed(session)
        return self._live(session, self.price.at)

    def _is_whole(self, session: Session | None) -> bool:
        """Say whether every tick after the last closed minute was seen."""
        if self._is_from_start:
            return True
        if session is None or self._first_minute_ms is None:
            return False
        return self._first_minute_ms < to_millis(session.minute)

    def _live(self, session: Session | None, at: datetime) -> Flow:
        day = max(self._open) // _DAY_MS
        sums = [sums for start, sums in self._open.items() if start // _DAY_MS == day]
        cvd = sum((part.delta_base for part in sums), _ZERO)
        turnover = sum((part.turnover_usd for part in sums), _ZERO)
        volume = sum((part.volume_base for part in sums), _ZERO)
        if session is not None and _day(session) == day:
            cvd += session.cvd_base
            turnover += session.turnover_usd
            volume += session.volume_base
        return Flow(cvd, vwap(turnover, volume), at, is_live=True)


def _day(session: Session) -> int:
    return to_millis(datetime.combine(session.day, datetime.min.time(), UTC)) // _DAY_MS


def _closed(session: Session) -> Flow:
    average = vwap(session.turnover_usd, session.volume_base)
    return Flow(session.cvd_base, average, session.closed_at, is_live=False)
