"""What log and venue must agree on, to the last unit: position and cash."""

from collections.abc import Mapping
from decimal import Decimal

from contracts.venue import VenueObserved
from execution.domain.policy import ARITHMETIC

_UNIT = Decimal("0.000001")


def holdings(*, position_base: Decimal, cash_usd: Decimal) -> Mapping[str, Decimal]:
    """Give both by the names under which a difference is reported.

    A chain keeps cash in millionths, and a fill's price may be a quotient that has no end.
    """
    return {"position": position_base, "cash": ARITHMETIC.quantize(cash_usd, _UNIT)}


def shown_by(seen: VenueObserved) -> Mapping[str, Decimal]:
    """Give what the venue shows."""
    return holdings(position_base=seen.position_base, cash_usd=seen.cash_usd)
