"""All that the planner knows: the market, the global kill, and every account's fold."""

from dataclasses import dataclass, field, replace

import msgspec

from contracts.control import KillSwitchEngaged, TradingResumed
from execution.domain.account import AccountState
from execution.domain.policy import POLICY

VENUE = "paper"
"""The venue that this planner sends to."""


@dataclass(frozen=True, slots=True)
class PlannerState:
    """The fold of everything that the planner has heard."""

    policy: str = POLICY.version
    market: str | None = None
    """The market of the log's feed."""
    kill_level: int = 0
    """Of the global kill."""
    accounts: dict[str, AccountState] = field(default_factory=dict[str, AccountState])
    """Accounts whose orders this venue holds."""

    def kill_level_of(self, account: str) -> int:
        """Give the level that stands over an account."""
        return max(self.kill_level, self.accounts[account].kill_level)

    def with_market(self, market: str) -> "PlannerState":
        """Know the market; the first one stays."""
        if self.market is not None:
            return self
        accounts = {name: replace(it, market=market) for name, it in self.accounts.items()}
        return replace(self, market=market, accounts=accounts)

    def with_account(self, state: AccountState) -> "PlannerState":
        """Put an account in the place of the one with its name."""
        return replace(self, accounts={**self.accounts, state.account: state})

    def with_control(self, event: KillSwitchEngaged | TradingResumed) -> "PlannerState":
        """Engage a kill or lift it. It only grows until a person resumes; the global one and an
        account's own stand apart.
        """
        level = int(event.level) if isinstance(event, KillSwitchEngaged) else 0
        if event.account is None:
            return replace(self, kill_level=max(self.kill_level, level) if level else 0)
        known = self.accounts.get(event.account)
        if known is None:
            return self
        return self.with_account(
            replace(known, kill_level=max(known.kill_level, level) if level else 0)
        )


def dump(state: PlannerState) -> bytes:
    """Give the state as JSON; equal states give equal bytes."""
    return msgspec.json.encode(state, order="sorted")


def load(data: bytes) -> PlannerState:
    """Read what `dump` gave; raise ValueError when it is not that, or of another policy."""
    state = msgspec.json.decode(data, type=PlannerState)
    if state.policy != POLICY.version:
        raise ValueError(f"expected a state of {POLICY.version}, found {state.policy!r:.80}")
    return state
