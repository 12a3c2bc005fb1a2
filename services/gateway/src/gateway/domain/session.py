"""Minute facts as the chart needs them, with the sums of the session since 00:00 UTC."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from contracts.minute import BackfilledMinute, MinuteClosed, MinutesBackfilled

BARS_MAX = 1_440
"""Bars kept for the chart: a day."""

_ZERO = Decimal(0)
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One closed minute; `cvd_base` and `vwap_usd` are the session's at its close."""

    minute: datetime
    open_usd: Decimal
    high_usd: Decimal
    low_usd: Decimal
    close_usd: Decimal
    volume_base: Decimal
    cvd_base: Decimal
    vwap_usd: Decimal | None
    trades: int
    missing_trades: int
    is_complete: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Sums over the closed minutes of one UTC day, up to and including `minute`."""

    day: date
    minute: datetime
    closed_at: datetime
    close_usd: Decimal
    last_trade_id: int
    cvd_base: Decimal
    turnover_usd: Decimal
    volume_base: Decimal


def extend(session: Session | None, event: MinuteClosed) -> Session:
    """Add a closed minute to its session; the first minute of a day starts a new one."""
    return _extended(
        session,
        event,
        minute=event.minute,
        closed_at=event.closed_at,
        last_trade_id=event.last_trade_id,
    )


def bar_of(event: MinuteClosed, session: Session) -> Bar:
    """Give the chart's bar of a minute that `session` already includes."""
    return _bar(
        event,
        session,
        trades=event.trades,
        missing_trades=event.missing_trades,
        is_complete=event.is_complete,
    )


def backfill(session: Session | None, event: MinutesBackfilled) -> tuple[Session | None, list[Bar]]:
    """Add minutes that the exchange summed, and give their bars."""
    bars: list[Bar] = []
    at = event.first_minute
    for summed in event.minutes:
        session = _extended(
            session,
            summed,
            minute=at,
            closed_at=at + _MINUTE,
            last_trade_id=event.next_trade_id - 1,
        )
        bars.append(_bar(summed, session, trades=0, missing_trades=0, is_complete=True))
        at += _MINUTE
    return session, bars


def _extended(
    session: Session | None,
    summed: MinuteClosed | BackfilledMinute,
    *,
    minute: datetime,
    closed_at: datetime,
    last_trade_id: int,
) -> Session:
    day = minute.date()
    cvd, turnover, volume = _ZERO, _ZERO, _ZERO
    if session is not None and session.day == day:
        cvd, turnover, volume = session.cvd_base, session.turnover_usd, session.volume_base
    return Session(
        day=day,
        minute=minute,
        closed_at=closed_at,
        close_usd=summed.close_usd,
        last_trade_id=last_trade_id,
        cvd_base=cvd + 2 * summed.buy_volume_base - summed.volume_base,
        turnover_usd=turnover + summed.turnover_usd,
        volume_base=volume + summed.volume_base,
    )


def _bar(
    summed: MinuteClosed | BackfilledMinute,
    session: Session,
    *,
    trades: int,
    missing_trades: int,
    is_complete: bool,
) -> Bar:
    return Bar(
        minute=session.minute,
        open_usd=summed.open_usd,
        high_usd=summed.high_usd,
        low_usd=summed.low_usd,
        close_usd=summed.close_usd,
        volume_base=summed.volume_base,
        cvd_base=session.cvd_base,
        vwap_usd=vwap(session.turnover_usd, session.volume_base),
        trades=trades,
        missing_trades=missing_trades,
        is_complete=is_complete,
    )


def vwap(turnover_usd: Decimal, volume_base: Decimal) -> Decimal | None:
    """Give the volume-weighted average price to eight places; None without volume."""
    if volume_base == 0:
        return None
    return (turnover_usd / volume_base).quantize(Decimal("1E-8"))
