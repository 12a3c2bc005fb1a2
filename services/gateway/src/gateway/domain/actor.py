"""Who commands, and which commands need a sign-in that is young."""

from dataclasses import dataclass

from contracts.control import Settings


@dataclass(frozen=True, slots=True)
class Actor:
    """Whoever asks. `by` is what events call them: a wallet, or `local` where nobody signs in."""

    by: str
    is_fresh: bool
    """Whether what is dangerous is allowed now: signed in moments ago, or no sign-in at all."""
    is_operator: bool
    """Whether all accounts are theirs to stop, and to resume."""


LOCAL = Actor(by="local", is_fresh=True, is_operator=True)
"""The person at the machine of a desk without sign-in, which is theirs with all its accounts."""


def acting(by: str, owner: str) -> str:
    """Name an owner, and before it another wallet that asked for it."""
    return owner if by in {owner, LOCAL.by} else f"{by} for {owner}"


_LIMITS = (
    "leverage_max",
    "risk_per_trade_bps",
    "daily_drawdown_limit_pct",
    "priority_fee_cap_microlamports",
    "delegate_enabled",
    "strategy_enabled",
)


def raised(before: Settings, after: Settings) -> tuple[str, ...]:
    """Name what a change of settings makes more dangerous: a higher limit, a switch turned on."""
    return tuple(name for name in _LIMITS if getattr(after, name) > getattr(before, name))
