"""When a session is whole: the one rule by which its sums may be called the session's.

A session is a UTC day and its anchor is 00:00 UTC. VWAP and cumulative delta are sums from the
anchor on; with a part missing they are the sums of something else, so nothing is decided on them.
"""

from contracts.minutes import MINUTE_MS

DAY_MS = 24 * 60 * MINUTE_MS
BEGIN_LAG_MS_MAX = 30_000
"""A feed that begins this soon after the anchor has the whole session: no signal's window may hold
a longer silence either (market-data.md 4), and the first of a recorded day's trades comes later
than 00:00:00.000."""
_MISSING_PCT_MAX = 1


def anchor_of(time_ms: int) -> int:
    """Give the anchor of the session that a time belongs to. Epoch milliseconds in and out."""
    return time_ms // DAY_MS * DAY_MS


def begins_with_session(time_ms: int) -> bool:
    """Say whether what begins at this time has all of its session."""
    return time_ms - anchor_of(time_ms) <= BEGIN_LAG_MS_MAX


def is_whole(*, since_ms: int, trades: int, missing_trades: int) -> bool:
    """Say whether sums that begin at `since_ms` are those of the session.

    At most 1 % of the trades since then may be missing by id. Trades of average size that were
    made within 2 % of VWAP move it by 2 bps at most then, the narrowest band of the strategy.
    """
    is_missing_few = missing_trades * 100 <= (trades + missing_trades) * _MISSING_PCT_MAX
    return begins_with_session(since_ms) and is_missing_few
