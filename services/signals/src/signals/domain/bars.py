"""The tick fold: trades in, closed minutes out.

Every trade is folded into exactly one bar; which one depends on the trades alone, so the same
ticks give the same bars in every run, however often they are delivered. A bar closes by the rule
of `contracts.minutes`. While the watermark lags, the trades of the bar behind the open one are
kept apart, so at most two bars are open at a time.

Decided here: a trade older than the open bar is late, is folded into the open bar and counted; a
trade whose time or id cannot be true, or whose numbers are not positive decimals, is refused and
changes nothing, so that the next trade's id shows the loss.
"""

import re
from collections.abc import Sequence
from hashlib import sha256
from itertools import compress
from operator import mul

from contracts.event import Draft
from contracts.ids import MarketId, SourceVenue, Symbol, derive_root_id
from contracts.minute import MinuteClosed, MinuteFact
from contracts.minutes import (
    JUMP_MS_MAX,
    MINUTE_MS,
    WATERMARK_LAG_MS,
    is_plausible,
    minute_of,
    open_minute,
)
from contracts.routes import subject_of
from contracts.ticks import TapeEnd, Tick, Trade
from contracts.values import from_millis, to_millis
from signals.domain.resume import Resume, last_minute_ms
from signals.domain.units import TICK_PLACES, TURNOVER_PLACES, from_units, to_units

_NUMBER = re.compile(r"([0-9]{1,9})(?:\.([0-9]{1,8})0*)?")
_CACHE_MAX = 65_536
_TURNOVER_MAX = 10 ** (12 + TURNOVER_PLACES)
_ID_JUMP_MAX = 10**10
_LOOK_CLOSER = float("-inf")
"""As the time at which a bar closes: no trade may pass as one of an open bar."""
_NOTHING: tuple[MinuteClosed, ...] = ()


class BadTick(ValueError):
    """A message of the market stream cannot be folded: what was expected, what was found."""


class _Bar:
    """What one minute has gathered so far."""

    __slots__ = ("late", "missing", "prices", "quantities", "silence_ms_max", "trades")

    def __init__(self) -> None:
        self.trades: list[Trade] = []
        self.prices: list[int] = []
        self.quantities: list[int] = []
        self.late = 0
        self.missing = 0
        self.silence_ms_max = 0


class TickFold:
    """Folds one feed symbol's ticks, in the order of their ids.

    A trade with an id that was folded before is passed over. With `resume` the fold continues
    after the last minute of a log: give it every trade with an id above `resume.cut_id`, and it
    answers with the minutes that the log lacks.
    """

    def __init__(
        self,
        *,
        venue: SourceVenue,
        symbol: Symbol,
        market: MarketId,
        resume: Resume | None = None,
    ) -> None:
        self._venue = venue
        self._symbol = symbol
        self._market = market
        self._numbers: dict[str, int] = {}
        self._bar = _Bar()
        self._next: _Bar | None = None
        self._open_ms: int | None = None
        self._ends_ms = 0
        """End of the open bar."""
        self._closes_ms = _LOOK_CLOSER
        """A trade at this time or later closes the open bar."""
        self._last_id = 0
        self._last_ms: int | None = None
        """Exchange time of the last trade; None when only its id is known."""
        self._folded_id = 0
        """Largest id in a closed bar."""
        self._close = 0
        self._recorded_ms = -1
        """Start of the last minute that the log has."""
        self._quiet_since_ms = 0
        self._is_started = False
        self._is_ended = False
        self.duplicates = 0
        if resume is not None:
            self.continue_after(resume)

    @property
    def last_id(self) -> int:
        """Give the id of the last trade folded; 0 before the first."""
        return self._last_id

    @property
    def has_begun(self) -> bool:
        """Say whether there is a trade or a minute that the next trade continues."""
        return self._is_started

    @property
    def is_ended(self) -> bool:
        """Say whether the recording is over."""
        return self._is_ended

    def fold(self, tick: Tick) -> Sequence[MinuteClosed]:
        """Fold a tick and give the minutes that it closes, oldest first.

        Raises BadTick, and then nothing has changed.
        """
        if isinstance(tick, TapeEnd):
            return self._end(tick)
        trade_id, time_ms = tick.i, tick.t
        ahead = trade_id - self._last_id
        if ahead != 1 and self._is_repeated(trade_id, time_ms):
            return _NOTHING
        numbers = self._numbers
        price = numbers.get(tick.p) or self._number("price", tick.p)
        quantity = numbers.get(tick.q) or self._number("quantity", tick.q)
        if price * quantity > _TURNOVER_MAX:
            raise BadTick(
                f"expected at most 10^12 USD in trade {trade_id}, found {tick.p} x {tick.q}"
            )
        minutes = _NOTHING
        missing = 0 if ahead == 1 else self._missing_before(trade_id)
        is_closing = time_ms >= self._closes_ms
        if is_closing:
            minutes = self._advance(tick, missing=missing)
        if time_ms < self._ends_ms:
            bar = self._bar
            if time_ms < self._ends_ms - MINUTE_MS:
                self._require_plausible(tick)
                bar.late += 1
        else:
            bar = self._next = self._next or _Bar()
        last_ms = self._last_ms
        silence_ms = time_ms - (self._quiet_since_ms if last_ms is None else last_ms)
        if silence_ms > bar.silence_ms_max:  # noqa: PLR1730 -- max() costs more, per trade
            bar.silence_ms_max = silence_ms
        if not is_closing:
            self._bar.missing += missing
        bar.trades.append(tick)
        bar.prices.append(price)
        bar.quantities.append(quantity)
        self._last_id = trade_id
        self._last_ms = time_ms
        self._is_started = True
        return minutes

    def continue_after(self, resume: Resume) -> None:
        """Stand where the fold stood when the last recorded minute was still open.

        Only before the first trade.
        Its trades come again and fold into a bar that is thrown away when it closes; so those
        behind it, which may have come before it closed, are found again.
        """
        self._open(resume.minute_ms + MINUTE_MS * resume.is_history)
        self._recorded_ms = resume.minute_ms
        self._last_id = resume.cut_id
        self._folded_id = resume.last_trade_id
        self._quiet_since_ms = resume.quiet_since_ms
        self._close = to_units(resume.close_usd, TICK_PLACES)
        self._is_started = True

    def _is_repeated(self, trade_id: int, time_ms: int) -> bool:
        """Say whether a trade was folded before; raise BadTick when its id cannot be true."""
        if not self._is_started:
            return False
        if trade_id > self._last_id:
            if trade_id - self._last_id > _ID_JUMP_MAX:
                raise BadTick(f"expected a trade soon after {self._last_id}, found {trade_id}")
            return False
        self.duplicates += 1
        if trade_id == self._last_id and self._last_ms is None:
            self._last_ms = time_ms
        return True

    def _missing_before(self, trade_id: int) -> int:
        """Count the ids that were passed; those in a recorded minute are not missing."""
        if not self._is_started:
            return 0
        known = self._folded_id if self._folded_id < trade_id else 0
        return trade_id - 1 - max(self._last_id, known)

    def _advance(self, trade: Trade, *, missing: int) -> tuple[MinuteClosed, ...]:
        """Close what this trade closes; open the first bar with the first trade."""
        if self._is_ended:
            raise BadTick(f"expected no trade after the end of the tape, found trade {trade.i}")
        self._require_plausible(trade)
        if self._open_ms is None:
            self._open(minute_of(trade.t))
            self._last_ms = trade.t
            return _NOTHING
        self._bar.missing += missing
        return self._close_until(open_minute(trade.t), closed_ms=trade.t, is_complete=True)

    def _close_until(
        self, until_ms: int, *, closed_ms: int, is_complete: bool
    ) -> tuple[MinuteClosed, ...]:
        minutes: list[MinuteClosed] = []
        start_ms = self._ends_ms - MINUTE_MS
        while start_ms < until_ms:
            if start_ms > self._recorded_ms:
                minutes.append(self._minute(start_ms, closed_ms=closed_ms, is_complete=is_complete))
            self._bar, self._next = self._next or _Bar(), None
            start_ms += MINUTE_MS
        self._open(start_ms)
        return tuple(minutes)

    def _open(self, start_ms: int) -> None:
        self._open_ms = start_ms
        self._ends_ms = start_ms + MINUTE_MS
        self._closes_ms = self._ends_ms + WATERMARK_LAG_MS

    def _end(self, end: TapeEnd) -> Sequence[MinuteClosed]:
        """Close the bars that are open; they are not complete, for the watermark never came."""
        if self._is_ended or self._open_ms is None:
            self._finish()
            return _NOTHING
        if end.i < self._last_id:
            raise BadTick(f"expected the tape to end at trade {self._last_id}, found {end.i}")
        if not is_plausible(end.t, open_minute_ms=self._open_ms):
            raise BadTick(f"expected a time near {self._last_ms} at the tape's end, found {end.t}")
        until_ms = self._ends_ms if self._next is None else self._ends_ms + MINUTE_MS
        (self._next or self._bar).missing += end.i - max(self._last_id, self._folded_id)
        self._last_id = end.i
        minutes = self._close_until(until_ms, closed_ms=end.t, is_complete=False)
        self._finish()
        return minutes

    def _finish(self) -> None:
        self._is_ended = True
        self._closes_ms = _LOOK_CLOSER

    def _minute(self, start_ms: int, *, closed_ms: int, is_complete: bool) -> MinuteClosed:
        bar = self._bar
        trades, prices, quantities = bar.trades, bar.prices, bar.quantities
        opened = self._close
        silence_ms = bar.silence_ms_max
        if trades:
            opened, self._close = prices[0], prices[-1]
            self._folded_id = max(self._folded_id, trades[-1].i)
            next_ms = self._next.trades[0].t if self._next else closed_ms
            silence_ms = max(silence_ms, next_ms - trades[-1].t)
        else:
            last_ms = self._quiet_since_ms if self._last_ms is None else self._last_ms
            silence_ms = max(0, start_ms + MINUTE_MS - last_ms)
        bought = sum(compress(quantities, [not trade.m for trade in trades]))
        return MinuteClosed(
            venue=self._venue,
            symbol=self._symbol,
            market=self._market,
            minute=from_millis(start_ms),
            closed_at=from_millis(closed_ms),
            is_complete=is_complete,
            open_usd=from_units(opened, TICK_PLACES),
            high_usd=from_units(max(prices, default=self._close), TICK_PLACES),
            low_usd=from_units(min(prices, default=self._close), TICK_PLACES),
            close_usd=from_units(self._close, TICK_PLACES),
            volume_base=from_units(sum(quantities), TICK_PLACES),
            buy_volume_base=from_units(bought, TICK_PLACES),
            turnover_usd=from_units(sum(map(mul, prices, quantities)), TURNOVER_PLACES),
            trades=len(trades),
            late_trades=bar.late,
            missing_trades=bar.missing,
            silence_ms_max=silence_ms,
            first_trade_id=trades[0].i if trades else None,
            last_trade_id=self._folded_id,
            ticks_sha256=ticks_sha256(trades),
        )

    def _number(self, what: str, text: str) -> int:
        """Read a positive decimal; remember it, for ticks repeat themselves."""
        match = _NUMBER.fullmatch(text)
        units = 0
        if match is not None:
            units = int(match[1] + (match[2] or "").ljust(TICK_PLACES, "0"))
        if units == 0:
            raise BadTick(
                f"expected a positive {what} with at most 9 digits before and {TICK_PLACES} after"
                f" the point, found {text!r:.60}"
            )
        if len(self._numbers) >= _CACHE_MAX:
            self._numbers.clear()
        self._numbers[text] = units
        return units

    def _require_plausible(self, trade: Trade) -> None:
        if is_plausible(trade.t, open_minute_ms=self._open_ms):
            return
        if self._open_ms is None:
            raise BadTick(
                f"expected a time in epoch milliseconds in trade {trade.i}, found {trade.t}"
            )
        raise BadTick(
            f"expected the time of trade {trade.i} after 2000-01-01 and at most"
            f" {JUMP_MS_MAX // 86_400_000} days after the open minute {self._open_ms},"
            f" found {trade.t}"
        )


def ticks_sha256(trades: Sequence[Trade]) -> str:
    """Give the fingerprint of a bar's trades, as MinuteClosed documents it."""
    lines = [f"{it.i},{it.t},{it.p},{it.q},{'s' if it.m else 'b'}\n" for it in trades]
    return sha256("".join(lines).encode()).hexdigest()


def minute_draft(fact: MinuteFact) -> Draft:
    """Give the draft of a fact: its id comes from the feed and the minute alone."""
    if isinstance(fact, MinuteClosed):
        minute, at = fact.minute, fact.closed_at
    else:
        minute, at = fact.first_minute, from_millis(last_minute_ms(fact) + MINUTE_MS)
    identity = derive_root_id(fact.event_type, fact.venue, fact.symbol, to_millis(minute))
    return Draft(
        event=fact,
        id=identity,
        subject=subject_of(fact),
        occurred_at=at,
        correlation_id=identity,
    )
