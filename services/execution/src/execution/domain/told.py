"""A turn that another policy took: what it was shown and heard, and what the record says of it.

What was decided stands, also where our own rules would have decided otherwise, for it was signed
and sent. So the account becomes what the recorded events make of it. Only one thing is no event:
that an approval was taken up. It was, unless the record closes it; of several, the first that is
not closed.
"""

from dataclasses import dataclass, field

from msgspec.structs import replace

from contracts.control import CancelRequested, KillSwitchEngaged, TradingResumed
from contracts.delegation import OwnerNamed
from contracts.event import Event
from contracts.ids import EventId
from contracts.manual import SigningModeChanged
from contracts.markets import MarketSpec
from contracts.order import SetupClosed
from contracts.venue import VenueObserved
from contracts.verdict import OrderApproved
from execution.domain import setup as setups
from execution.domain.account import AccountState
from execution.domain.account_fold import apply
from execution.domain.drafting import snapshot_id
from execution.domain.hearing import with_kill, without_order
from execution.domain.policy import Policy
from execution.domain.setup import Setup


@dataclass(slots=True)
class Told:
    """One account's newest turn of another policy."""

    spec: MarketSpec
    policy: Policy
    _offered: list[Setup] = field(default_factory=list[Setup])
    """Of approvals that were heard in it and are neither taken up nor closed, in their order."""

    def shown(self, state: AccountState, seen: VenueObserved, *, number: int) -> AccountState:
        """Take a snapshot, with as much of what was heard as it says."""
        state = apply(state, seen, event_id=snapshot_id(seen.account, seen.market, number))
        now = [it for it in state.heard if it.number <= seen.heard]
        state = replace(state, heard=tuple(it for it in state.heard if it.number > seen.heard))
        for heard in now:
            match event := heard.event():
                case KillSwitchEngaged() | TradingResumed():
                    state = with_kill(state, event)
                case CancelRequested():
                    after = without_order(state, event)
                    state = after if isinstance(after, AccountState) else state
                case SigningModeChanged():
                    state = replace(state, wallet=event.wallet)
                case OwnerNamed() if event.wallet != state.wallet:
                    state = replace(state, wallet=None)
                case OrderApproved():
                    self._offered.append(
                        setups.approved(
                            event,
                            verdict_id=heard.id,
                            correlation_id=heard.correlation_id,
                            spec=self.spec,
                            policy=self.policy,
                        )
                    )
                case _:
                    pass  # What a wallet signed or declined: the record says what became of it.
        return self._taken_up(state)

    def decided(self, state: AccountState, event: Event, *, event_id: EventId) -> AccountState:
        """Take what was decided on the snapshot."""
        if isinstance(event, SetupClosed):
            self._offered = [it for it in self._offered if it.id != event.setup]
        return self._taken_up(apply(state, event, event_id=event_id))

    def _taken_up(self, state: AccountState) -> AccountState:
        if state.setup is not None or not self._offered:
            return state
        return replace(state, setup=self._offered.pop(0))
