"""What the venue says of its own time: how far it has worked the prints, and what passed without.

Ids derive from the time that is said, so it is said once.
"""

from contracts.event import Draft
from contracts.ids import MarketId, derive_root_id
from contracts.routes import subject_of
from contracts.values import VenueClock, from_millis
from contracts.venue import VenueAdvanced, VenueTimePassed
from contracts.venues import PAPER
from execution.standing import Standing


def advanced(
    market: MarketId, newest_ms: int, *, venue: str = PAPER, closed_ms: int, last_trade_id: int
) -> Draft:
    """Say that every print before the one that closed these bars is worked."""
    event = VenueAdvanced(
        venue=venue,
        market=market,
        minute=from_millis(newest_ms),
        closed_at=from_millis(closed_ms),
        last_trade_id=last_trade_id,
    )
    identity = derive_root_id(event.event_type, venue, market, newest_ms)
    return Draft(
        event=event,
        id=identity,
        subject=subject_of(event),
        occurred_at=event.closed_at,
        correlation_id=identity,
    )


def time_passed(standing: Standing, to_ms: int) -> Draft:
    """Say that the chain goes on to a time without a print."""
    market = MarketId(standing.planner.state.market or "")
    slot = to_ms // standing.rules.slot_ms
    event = VenueTimePassed(
        venue=PAPER,
        market=market,
        clock=VenueClock(at=from_millis(to_ms), slot=slot, trade_id=_last_id(standing)),
    )
    identity = derive_root_id(event.event_type, PAPER, market, to_ms)
    return Draft(
        event=event,
        id=identity,
        subject=subject_of(event),
        occurred_at=event.clock.at,
        correlation_id=identity,
    )


def _last_id(standing: Standing) -> int | None:
    return None if standing.venue is None else standing.venue.last_trade_id
