"""When a one-minute bar closes: the one rule that signals and the paper venue share.

Bar `[t, t + 1 min)` closes when the watermark (largest exchange time seen, less
`WATERMARK_LAG_MS`) reaches its end. The lag leaves room for trades that the exchange sends late:
aggTrade event time minus trade time was at most 158 ms (market-data.md 2.1).
"""

MINUTE_MS = 60_000
WATERMARK_LAG_MS = 500


def open_minute(watermark_input_ms: int) -> int:
    """Give the start of the oldest bar that is still open after a trade at this exchange time.

    Every bar that starts before it is closed. Epoch milliseconds in and out.
    """
    return (watermark_input_ms - WATERMARK_LAG_MS) // MINUTE_MS * MINUTE_MS


def minute_of(time_ms: int) -> int:
    """Give the start of the bar that a trade at this exchange time belongs to."""
    return time_ms // MINUTE_MS * MINUTE_MS


EARLIEST_MS = 946_684_800_000
"""2000-01-01: a trade before it has a broken clock or another unit of time."""
JUMP_MS_MAX = 31 * 24 * 60 * MINUTE_MS
"""A trade further ahead of the open bar is taken for a broken clock, not for a silent month."""
_LATEST_MS = 4_102_444_800_000  # 2100-01-01


def is_plausible(time_ms: int, *, open_minute_ms: int | None) -> bool:
    """Say whether a trade's exchange time can be true, given the oldest open bar, if there is one.

    A trade that is not plausible closes nothing and is folded nowhere. A time in the past is
    plausible: it is a late trade.
    """
    if open_minute_ms is None:
        return EARLIEST_MS <= time_ms < _LATEST_MS
    return EARLIEST_MS <= time_ms < open_minute_ms + JUMP_MS_MAX
