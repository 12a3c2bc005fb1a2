"""What log and venue must agree on, to the last unit: position and cash."""

from collections.abc import Mapping
from decimal import Decimal

from contracts.venue import VenueObserved


def holdings(*, position_base: Decimal, cash_usd: Decimal) -> Mapping[str, Decimal]:
    """Give both by the names under which a difference is reported."""
    return {"position": position_base, "cash": cash_usd}


def shown_by(seen: VenueObserved) -> Mapping[str, Decimal]:
    """Give what the venue shows."""
    return holdings(position_base=seen.position_base, cash_usd=seen.cash_usd)
