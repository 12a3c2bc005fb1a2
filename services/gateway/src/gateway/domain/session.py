"""Minute facts as the chart needs them, with the sums of the session since 00:00 UTC."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from contracts.minute import MinuteClosed

BARS_MAX = 240
"""Bars kept for the chart: four hours."""

_ZERO = Decimal(0)


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
    day = event.minute.date()
    cvd, turnover, volume = _ZERO, _ZERO, _ZERO
    if session is not None and session.day == day:
        cvd, turnover, volume = session.cvd_base, session.turnover_usd, session.volume_base
    return Session(
        day=day,
        minute=event.minute,
        closed_at=event.closed_at,
        close_usd=event.close_usd,
        last_trade_id=event.last_trade_id,
        cvd_base=cvd + 2 * event.buy_volume_base - event.volume_base,
        turnover_usd=turnover + event.turnover_usd,
        volume_base=volume + event.volume_base,
    )


def bar_of(event: MinuteClosed, session: Session) -> Bar:
    """Give the chart's bar of a minute that `session` already includes."""
    return Bar(
        minute=event.minute,
        open_usd=event.open_usd,
        high_usd=event.high_usd,
        low_usd=event.low_usd,
        close_usd=event.close_usd,
        volume_base=event.volume_base,
        cvd_base=session.cvd_base,
        vwap_usd=vwap(session.turnover_usd, session.volume_base),
        trades=event.trades,
        missing_trades=event.missing_trades,
        is_complete=event.is_complete,
    )


def vwap(turnover_usd: Decimal, volume_base: Decimal) -> Decimal | None:
    """Give the volume-weighted average price to eight places; None without volume."""
    if volume_base == 0:
        return None
    return (turnover_usd / volume_base).quantize(Decimal("1E-8"))
