"""Where the tick fold continues after a restart, as the log's minutes say.

The last minute's `last_trade_id` is not enough: while the watermark lags, trades of the next bar
come before the last trades of this one, and they are in no recorded minute yet. No trade of the
next bar came before the bar *before* the last one closed, so the fold reads again from there.
"""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from contracts.minute import MinuteClosed, MinuteFact, MinutesBackfilled
from contracts.minutes import MINUTE_MS
from contracts.values import to_millis

_MINUTE = timedelta(milliseconds=MINUTE_MS)


class MinuteOutOfOrder(ValueError):
    """The log's minutes do not follow each other: it is damaged, or two feeds wrote it."""


@dataclass(frozen=True, slots=True)
class Resume:
    """The last recorded minute, and the trade after which ticks must be read again."""

    minute_ms: int
    close_usd: Decimal
    last_trade_id: int
    cut_id: int
    """Every trade up to here is in a recorded minute."""
    quiet_since_ms: int
    """Earliest time that the last trade in a recorded minute can have: used only when the
    market stream no longer has that trade."""
    is_history: bool = False
    """Whether that minute is the exchange's: then none of its trades comes, and what is missing
    before the first one is missing in the minute after it."""


def last_minute_ms(fact: MinuteFact) -> int:
    """Give the start of the last minute that a fact tells about."""
    if isinstance(fact, MinuteClosed):
        return to_millis(fact.minute)
    return to_millis(fact.first_minute) + (len(fact.minutes) - 1) * MINUTE_MS


def after(before: Resume | None, fact: MinuteFact) -> Resume:
    """Give the place after one more recorded fact; raise MinuteOutOfOrder."""
    if isinstance(fact, MinutesBackfilled):
        return _after_history(before, fact)
    return _after_minute(before, fact)


def _after_history(before: Resume | None, history: MinutesBackfilled) -> Resume:
    """Give the place where trades begin: none of them is in a recorded minute."""
    if before is not None:
        _require_next(before, to_millis(history.first_minute))
    minute_ms = last_minute_ms(history)
    return Resume(
        minute_ms=minute_ms,
        close_usd=history.minutes[-1].close_usd,
        last_trade_id=history.next_trade_id - 1,
        cut_id=history.next_trade_id - 1,
        quiet_since_ms=minute_ms + MINUTE_MS,
        is_history=True,
    )


def _after_minute(before: Resume | None, minute: MinuteClosed) -> Resume:
    minute_ms = to_millis(minute.minute)
    if before is None:
        first_id = minute.first_trade_id
        cut_id = minute.last_trade_id if first_id is None else first_id - 1
    else:
        cut_id = before.last_trade_id
        _require_next(before, minute_ms)
    return Resume(
        minute_ms=minute_ms,
        close_usd=minute.close_usd,
        last_trade_id=minute.last_trade_id,
        cut_id=cut_id,
        quiet_since_ms=minute_ms
        if minute.trades
        else minute_ms + MINUTE_MS - minute.silence_ms_max,
    )


def _require_next(before: Resume, minute_ms: int) -> None:
    if minute_ms != before.minute_ms + MINUTE_MS:
        raise MinuteOutOfOrder(
            f"expected minute {before.minute_ms + MINUTE_MS} after {before.minute_ms},"
            f" found {minute_ms}"
        )
