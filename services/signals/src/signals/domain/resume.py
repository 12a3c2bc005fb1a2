"""Where the tick fold continues after a restart, as the log's minutes say.

The last minute's `last_trade_id` is not enough: while the watermark lags, trades of the next bar
come before the last trades of this one, and they are in no recorded minute yet. No trade of the
next bar came before the bar *before* the last one closed, so the fold reads again from there.
"""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from contracts.minute import MinuteClosed
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


def after(before: Resume | None, minute: MinuteClosed) -> Resume:
    """Give the place after one more recorded minute; raise MinuteOutOfOrder."""
    minute_ms = to_millis(minute.minute)
    if before is None:
        first_id = minute.first_trade_id
        cut_id = minute.last_trade_id if first_id is None else first_id - 1
    else:
        cut_id = before.last_trade_id
        if minute_ms != before.minute_ms + MINUTE_MS:
            raise MinuteOutOfOrder(
                f"expected minute {before.minute_ms + MINUTE_MS} after {before.minute_ms},"
                f" found {minute_ms}"
            )
    return Resume(
        minute_ms=minute_ms,
        close_usd=minute.close_usd,
        last_trade_id=minute.last_trade_id,
        cut_id=cut_id,
        quiet_since_ms=minute_ms
        if minute.trades
        else minute_ms + MINUTE_MS - minute.silence_ms_max,
    )
