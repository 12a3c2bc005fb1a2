"""What the engine may do for an account now: the weightiest of everything that limits it."""

from contracts.control import KillLevel
from contracts.engine import Mode
from contracts.venue import DelegateSeen, MarketStatus
from execution.domain.view import View

_ORDER = tuple(Mode)
_KILLED = {
    KillLevel.PAUSE_ENTRIES: Mode.PAUSED,
    KillLevel.CANCEL_ENTRIES: Mode.KILL_CANCEL,
    KillLevel.FLATTEN: Mode.KILL_FLATTEN,
    KillLevel.REVOKE_DELEGATE: Mode.KILL_FLATTEN,
}


def mode_of(view: View) -> tuple[Mode, str]:
    """Give the mode and the reason for it."""
    limits = [(Mode.RUN, "all-well"), *_limits(view)]
    if view.state.kill_level:
        limits.append((_KILLED[KillLevel(view.state.kill_level)], "killed"))
    return max(limits, key=lambda it: weight(it[0]))


def weight(mode: Mode) -> int:
    """Give a mode's place in the order from everything to nothing."""
    return _ORDER.index(mode)


def is_killed(mode: Mode) -> bool:
    """Say whether entries must go."""
    return weight(mode) >= weight(Mode.KILL_CANCEL)


def _limits(view: View) -> list[tuple[Mode, str]]:
    state, seen, policy = view.state, view.seen, view.policy
    found: list[tuple[Mode, str]] = []
    if state.wallet is None and seen.delegate is not DelegateSeen.OURS:
        found.append((Mode.REVOKED, f"delegate-{seen.delegate.value}"))
    if state.is_incompatible:
        found.append((Mode.REVOKED, "program-unknown"))
    if state.wallet is None and state.is_denied:
        found.append((Mode.REVOKED, "signature-denied"))
    if seen.is_reduce_only or state.is_shrink_only:
        found.append((Mode.OWNER_REDUCE_ONLY, "owner-reduce-only"))
    if state.broken:
        found.append((Mode.DEGRADED, "reconciliation-broken"))
    if seen.is_liquidating:
        found.append((Mode.DEGRADED, "liquidating"))
    if seen.market_seen.status is MarketStatus.REPLACED:
        found.append((Mode.DEGRADED, "program-replaced"))
    elif seen.market_seen.status is not MarketStatus.ACTIVE:
        found.append((Mode.DEGRADED, "venue-paused"))
    if seen.market_seen.oracle_age_slots > policy.oracle_age_slots_max:
        found.append((Mode.DEGRADED, "oracle-stale"))
    return found
