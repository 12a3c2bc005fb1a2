"""What signals says of itself to a person who asks."""

from signals.domain.indicators import price_usd
from signals.domain.units import TICK_PLACES, from_units
from signals.handlers import FoldTrades
from signals.recovery import VERSION
from signals.standing import Standing


def status_of(standing: Standing, fold: FoldTrades) -> dict[str, object]:
    """Say where the strategy and the fold stand, as JSON values."""
    state, resume = standing.core.state, standing.resume
    vwap = state.session.vwap
    return {
        "policy": VERSION,
        "market": state.feed[2] if state.feed else None,
        "last_minute_ms": resume.minute_ms if resume else None,
        "last_trade_id": fold.fold.last_id,
        "is_session_whole": state.session.is_whole,
        "session_vwap_usd": None if vwap is None else str(price_usd(vwap)),
        "session_cvd_base": str(from_units(state.session.delta, TICK_PLACES)),
        "long_phase": state.long.phase.value,
        "short_phase": state.short.phase.value,
        "duplicate_trades": fold.fold.duplicates,
        "parked_ticks": fold.parked,
        "is_tape_ended": fold.fold.is_ended,
    }
