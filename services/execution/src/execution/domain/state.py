"""All that the planner knows: who trades, who is halted, and the setups that live."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

import msgspec

from contracts.control import AccountOpened, KillSwitchEngaged, TradingResumed
from execution.domain.policy import POLICY
from execution.domain.setup import Setup

VENUE = "paper"
"""The venue that this planner sends to."""
REMEMBERED_MAX = 1_024
"""Approvals kept to pass over one that comes again. The log drops copies for a day by itself."""


@dataclass(frozen=True, slots=True)
class PlannerState:
    """The fold of everything that the planner has heard."""

    policy: str = POLICY.version
    market: str | None = None
    """The market of the log's feed."""
    now: datetime | None = None
    """Latest market time that an event has told of; it never goes back."""
    accounts: tuple[str, ...] = ()
    """Accounts whose orders this venue holds, sorted."""
    is_halted: bool = False
    """The global kill."""
    halted: tuple[str, ...] = ()
    """Accounts with a kill of their own, sorted."""
    setups: tuple[Setup, ...] = ()
    """Live setups, at most one per account, sorted by account."""
    remembered: tuple[UUID, ...] = ()
    """Approvals already answered, oldest first."""

    def is_halted_for(self, account: str) -> bool:
        """Say whether a kill stands over an account."""
        return self.is_halted or account in self.halted

    def setup_of(self, account: str) -> Setup | None:
        """Give an account's live setup."""
        return next((it for it in self.setups if it.account == account), None)

    def with_setup(self, setup: Setup) -> "PlannerState":
        """Put a setup in the place of its account's."""
        others = [it for it in self.setups if it.account != setup.account]
        return replace(self, setups=tuple(sorted([*others, setup], key=lambda it: it.account)))

    def without_setup(self, setup: Setup) -> "PlannerState":
        """Take an ended setup out."""
        return replace(self, setups=tuple(it for it in self.setups if it.id != setup.id))

    def advanced_to(self, moment: datetime) -> "PlannerState":
        """Let market time reach a moment."""
        return self if self.now is not None and self.now >= moment else replace(self, now=moment)

    def opened(self, event: AccountOpened) -> "PlannerState":
        """Know an account, if this venue holds its orders."""
        if event.venue != VENUE:
            return self
        return replace(self, accounts=tuple(sorted({*self.accounts, event.account})))

    def remembering(self, verdict_id: UUID) -> "PlannerState":
        """Know that an approval was answered."""
        return replace(self, remembered=(*self.remembered, verdict_id)[-REMEMBERED_MAX:])

    def with_control(self, event: KillSwitchEngaged | TradingResumed) -> "PlannerState":
        """Engage or lift a kill. The global one and an account's own stand apart."""
        is_kill = isinstance(event, KillSwitchEngaged)
        if event.account is None:
            return replace(self, is_halted=is_kill)
        halted = {*self.halted, event.account} if is_kill else {*self.halted} - {event.account}
        return replace(self, halted=tuple(sorted(halted)))


def dump(state: PlannerState) -> bytes:
    """Give the state as JSON; equal states give equal bytes."""
    return msgspec.json.encode(state)


def load(data: bytes) -> PlannerState:
    """Read what `dump` gave; raise ValueError when it is not that, or of another policy."""
    state = msgspec.json.decode(data, type=PlannerState)
    if state.policy != POLICY.version:
        raise ValueError(f"expected a state of {POLICY.version}, found {state.policy!r:.80}")
    return state
