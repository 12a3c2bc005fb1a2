"""What a transaction offers the block's leader, within caps (execution.md 3.4).

Caps count lamports per transaction, hour and day. A transaction that protects or exits is never
held back by a cap: it only falls to a smaller fee.
"""

import msgspec
from msgspec.structs import replace

from contracts.transaction import Urgency
from execution.domain.policy import FeePolicy

_HOUR_MS = 3_600_000
_DAY_HOURS = 24


class Spending(msgspec.Struct, frozen=True):
    """What an account's transactions were planned to cost, by hour of chain time, of one day."""

    by_hour: tuple[tuple[int, int], ...] = ()
    """(hour since the epoch, lamports), ascending."""

    def planned(self, lamports: int, *, at_ms: int) -> "Spending":
        """Give the spending after one more transaction."""
        hour = at_ms // _HOUR_MS
        kept = {it: spent for it, spent in self.by_hour if it > hour - _DAY_HOURS}
        kept[hour] = kept.get(hour, 0) + lamports
        return replace(self, by_hour=tuple(sorted(kept.items())))

    def left(self, policy: FeePolicy, *, at_ms: int, urgency: Urgency) -> int:
        """Give what a transaction of an urgency may still cost, its signature included."""
        hour = at_ms // _HOUR_MS
        spent_day = sum(spent for it, spent in self.by_hour if hour - _DAY_HOURS < it <= hour)
        spent_hour = sum(spent for it, spent in self.by_hour if it == hour)
        share = 100 - (policy.protection_reserve_pct if urgency is Urgency.NORMAL else 0)
        return min(
            policy.hour_lamports_max * share // 100 - spent_hour,
            policy.day_lamports_max * share // 100 - spent_day,
        )


def priority_fee_lamports(
    policy: FeePolicy,
    spending: Spending,
    *,
    urgency: Urgency,
    attempt: int,
    market_microlamports: int,
    cap_microlamports: int | None,
    at_ms: int,
) -> int:
    """Give the priority fee: what others pay, or the least that we offer, times the urgency, and
    doubled with each attempt.

    `market_microlamports` and `cap_microlamports` are per compute unit; the cap is the account's
    own and binds normal transactions only.
    """
    market = max(market_microlamports, policy.market_microlamports_min)
    per_unit = market * policy.multiplier_pct[urgency] // 100
    if urgency is Urgency.NORMAL and cap_microlamports is not None:
        per_unit = min(per_unit, cap_microlamports)
    wanted = per_unit * policy.units_per_transaction // 1_000_000 * 2 ** min(attempt - 1, 8)
    left = spending.left(policy, at_ms=at_ms, urgency=urgency) - policy.signature_lamports
    return max(0, min(wanted, policy.transaction_lamports_max[urgency], left))


def may_spend(policy: FeePolicy, spending: Spending, *, at_ms: int) -> bool:
    """Say whether a normal transaction fits under the caps at all."""
    left = spending.left(policy, at_ms=at_ms, urgency=Urgency.NORMAL)
    return left >= policy.signature_lamports
