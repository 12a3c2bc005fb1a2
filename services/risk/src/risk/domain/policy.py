"""The policy: what risk demands beside each account's own settings."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Policy:
    """A version of the rules. A verdict names it, so a changed value needs a new version."""

    version: str = "risk-3"
    lag_ms_max: int = 5_000
    """Longest time from a signal's bar to the account state that it is judged on, market time."""
    manual_lag_ms_max: int = 120_000
    """Oldest market state that an order by hand may be judged on while the feed is live. A minute
    closes every 60 s, so one may be missing."""
    approval_lifetime: timedelta = timedelta(minutes=5)
    liquidation_distance_atr_min: Decimal = Decimal(4)


POLICY = Policy()
