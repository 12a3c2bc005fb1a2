"""All that the planner knows: the market, the global kill, and every account's fold."""

import msgspec
from msgspec.structs import replace

from contracts.control import KillSwitchEngaged, TradingResumed
from contracts.event import Recorded
from execution.domain.account import AccountState, Heard
from execution.domain.policy import POLICY


class PlannerState(msgspec.Struct, frozen=True):
    """The fold of everything that the planner has heard."""

    policy: str = POLICY.version
    market: str | None = None
    """The market of the log's feed."""
    global_kill: int = 0
    """Level of the kill that stands above all accounts, for accounts that open later."""
    accounts: dict[str, AccountState] = msgspec.field(default_factory=dict[str, AccountState])
    """Accounts whose orders some venue holds."""
    is_told: bool = False
    """Whether another policy decides: what it decided is in the log."""

    def with_market(self, market: str) -> "PlannerState":
        """Know the market; the first one stays."""
        if self.market is not None:
            return self
        accounts = {name: replace(it, market=market) for name, it in self.accounts.items()}
        return replace(self, market=market, accounts=accounts)

    def with_account(self, state: AccountState) -> "PlannerState":
        """Put an account in the place of the one with its name."""
        return replace(self, accounts={**self.accounts, state.account: state})

    def with_heard(self, recorded: Recorded, *, account: str | None) -> "PlannerState":
        """Let an account hear something, or all of them."""
        names = tuple(self.accounts) if account is None else (account,)
        told = {
            name: _heard(known, recorded)
            for name in names
            if (known := self.accounts.get(name)) is not None
        }
        return replace(self, accounts={**self.accounts, **told})

    def with_global(self, event: KillSwitchEngaged | TradingResumed) -> "PlannerState":
        """Know the global kill, for an account that opens later."""
        return replace(self, global_kill=level_after(self.global_kill, event))


def _heard(state: AccountState, recorded: Recorded) -> AccountState:
    heard = Heard(
        number=state.heard_count + 1,
        id=recorded.id,
        correlation_id=recorded.correlation_id,
        event_type=recorded.event.event_type,
        body=recorded.event.model_dump_json(),
    )
    return replace(state, heard=(*state.heard, heard), heard_count=heard.number)


def level_after(level: int, event: KillSwitchEngaged | TradingResumed) -> int:
    """Give a kill's level after an event: it only grows until a person resumes."""
    return max(level, int(event.level)) if isinstance(event, KillSwitchEngaged) else 0


class ForeignVenue(Exception):
    """The log holds an account of another venue: one data folder holds one."""


def require_venue(state: PlannerState, venue: str) -> None:
    """Raise ForeignVenue when an account's orders are somewhere else."""
    for name, account in sorted(state.accounts.items()):
        if account.venue != venue:
            raise ForeignVenue(
                f"expected the accounts of this log on {venue}, found {name} on {account.venue}; "
                "another data folder holds another venue"
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
