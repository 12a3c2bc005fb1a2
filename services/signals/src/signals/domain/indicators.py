"""The indicators of market-data.md 4, one closed bar at a time.

Sums are integers and never drift. Wilder's averages divide at every step; they are decimals in a
context of their own, so that every machine rounds alike. What leaves here is rounded once, to
`PRICE_PLACES`, and that is what decisions are made on and what the log shows.

Wilder, J. W. (1978), New Concepts in Technical Trading Systems. VWAP: Berkowitz, Logue, Noser
(1988). Compared with TA-Lib to 1e-9 in tests/unit/test_signals_indicators.py.
"""

from dataclasses import dataclass, field, replace
from decimal import ROUND_HALF_EVEN, Context, Decimal

from contracts.minutes import MINUTE_MS
from contracts.sessions import anchor_of, is_whole
from signals.domain.units import PRICE_PLACES, TICK_PLACES, TURNOVER_PLACES, divide, from_units

PERIOD = 14
FIVE_MINUTES_MS = 5 * MINUTE_MS

_WILDER = Context(prec=28, rounding=ROUND_HALF_EVEN)
_RSI_QUANTUM = Decimal("1E-10")
_HUNDRED = Decimal(100)
_FLAT_RSI = Decimal(50)
_VWAP_SHIFT = 10 ** (PRICE_PLACES + TICK_PLACES - TURNOVER_PLACES)


@dataclass(frozen=True, slots=True)
class Bar:
    """A closed one-minute bar in whole numbers.

    Prices in 10^-`PRICE_PLACES` USD, volumes in 10^-`TICK_PLACES` base, turnover in
    10^-`TURNOVER_PLACES` USD.
    """

    minute_ms: int
    high: int
    low: int
    close: int
    volume: int
    delta: int
    """Volume that aggressors bought, less what they sold."""
    turnover: int
    silence_ms_max: int
    trades: int
    missing_trades: int


@dataclass(frozen=True, slots=True)
class Wilder:
    """Wilder's average: the mean of the first 14 values, then (13 x before + value) / 14."""

    values: int = 0
    total: int = 0
    """Sum of the first values, until there are enough."""
    average: Decimal | None = None

    def add(self, value: int) -> "Wilder":
        """Give the average after one more value."""
        if self.average is not None:
            step = _WILDER.fma(self.average, Decimal(PERIOD - 1), Decimal(value))
            return Wilder(average=_WILDER.divide(step, Decimal(PERIOD)))
        values, total = self.values + 1, self.total + value
        if values < PERIOD:
            return Wilder(values=values, total=total)
        return Wilder(average=_WILDER.divide(Decimal(total), Decimal(PERIOD)))


@dataclass(frozen=True, slots=True)
class Rsi:
    """Wilder's RSI(14) on closes: first value after 14 changes; 50 when nothing ever moved."""

    close: int | None = None
    gain: Wilder = field(default_factory=Wilder)
    loss: Wilder = field(default_factory=Wilder)

    def add(self, close: int) -> "Rsi":
        """Give the state after one more close."""
        if self.close is None:
            return replace(self, close=close)
        change = close - self.close
        return Rsi(
            close=close, gain=self.gain.add(max(change, 0)), loss=self.loss.add(max(-change, 0))
        )

    @property
    def value(self) -> Decimal | None:
        """Give the RSI, 0..100; None until it is warm."""
        gain, loss = self.gain.average, self.loss.average
        if gain is None or loss is None:
            return None
        both = _WILDER.add(gain, loss)
        if both == 0:
            return _FLAT_RSI
        share = _WILDER.divide(_WILDER.multiply(_HUNDRED, gain), both)
        return _WILDER.quantize(share, _RSI_QUANTUM)


@dataclass(frozen=True, slots=True)
class Atr:
    """Wilder's ATR(14) of one series of bars: true ranges count from the second bar on."""

    close: int | None = None
    average: Wilder = field(default_factory=Wilder)

    def add(self, *, high: int, low: int, close: int) -> "Atr":
        """Give the state after one more bar."""
        if self.close is None:
            return replace(self, close=close)
        true_range = max(high, self.close) - min(low, self.close)
        return Atr(close=close, average=self.average.add(true_range))

    @property
    def value(self) -> int | None:
        """Give the ATR in the units of its prices; None until it is warm."""
        average = self.average.average
        return None if average is None else int(average.to_integral_value(context=_WILDER))


@dataclass(frozen=True, slots=True)
class FiveMinutes:
    """ATR(14) of the five-minute bars that one-minute bars fill, aligned to UTC.

    A five-minute bar counts when all five of its minutes were seen, so one that a feed starts in
    the middle of does not.
    """

    atr: Atr = field(default_factory=Atr)
    minutes: int = 0
    high: int = 0
    low: int = 0

    def add(self, bar: Bar) -> "FiveMinutes":
        """Give the state after the minute that follows."""
        place = bar.minute_ms % FIVE_MINUTES_MS // MINUTE_MS
        if place == 0:
            return replace(self, minutes=1, high=bar.high, low=bar.low)
        if place != self.minutes:
            return replace(self, minutes=0)
        high, low = max(self.high, bar.high), min(self.low, bar.low)
        if place < FIVE_MINUTES_MS // MINUTE_MS - 1:
            return replace(self, minutes=place + 1, high=high, low=low)
        return FiveMinutes(atr=self.atr.add(high=high, low=low, close=bar.close))


@dataclass(frozen=True, slots=True)
class Session:
    """Volume-weighted price and cumulative delta of a UTC day, from `since_ms` on."""

    since_ms: int = 0
    volume: int = 0
    turnover: int = 0
    delta: int = 0
    trades: int = 0
    missing_trades: int = 0
    hole_trades: int = 0
    """Trades that are missing since the last bar with a trade: what they belong to is not known
    before the silence is over, so a session that begins in it misses them as well."""

    def add(self, bar: Bar) -> "Session":
        """Give the session after a bar; a bar of another day begins a new one."""
        anchor_ms = anchor_of(bar.minute_ms)
        hole_trades = bar.missing_trades if bar.trades else self.hole_trades + bar.missing_trades
        if anchor_ms == anchor_of(self.since_ms):
            before, missing_trades = self, bar.missing_trades
        else:
            before, missing_trades = Session(anchor_ms), hole_trades
        return Session(
            before.since_ms,
            before.volume + bar.volume,
            before.turnover + bar.turnover,
            before.delta + bar.delta,
            before.trades + bar.trades,
            before.missing_trades + missing_trades,
            hole_trades,
        )

    @property
    def is_whole(self) -> bool:
        """Say whether the sums are the session's (`contracts.sessions`)."""
        return is_whole(
            since_ms=self.since_ms, trades=self.trades, missing_trades=self.missing_trades
        )

    @property
    def vwap(self) -> int | None:
        """Give the average price in 10^-`PRICE_PLACES` USD; None before the first trade."""
        if self.volume == 0:
            return None
        return divide(self.turnover * _VWAP_SHIFT, self.volume)


def price_usd(units: int) -> Decimal:
    """Give a price of these indicators in USD."""
    return from_units(units, PRICE_PLACES)
