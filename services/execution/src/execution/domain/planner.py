"""The planner core: snapshots in, intents out.

It is a fold over the log by position and nothing else (`contracts.core.Core`): no clock, no
setting, no lookup. All decisions are made at a recorded snapshot; everything else only changes what
it knows, or waits to be heard at the next one. It applies what it decides at once and passes over
its own events when they come back. Where another policy decides, the record tells it what (`told`).
"""

from collections.abc import Sequence
from decimal import localcontext
from typing import ClassVar

from msgspec.structs import replace

from contracts.control import (
    AccountOpened,
    CancelRequested,
    KillSwitchEngaged,
    SettingsChanged,
    TradingResumed,
)
from contracts.delegation import OwnerNamed
from contracts.engine import (
    CircuitOpened,
    ForeignOrderSeen,
    ModeChanged,
    PositionAdopted,
    ReconciliationBroke,
    ReconciliationPassed,
)
from contracts.event import Draft, Event, Recorded
from contracts.feed import FeedOpened
from contracts.ids import MarketId
from contracts.manual import (
    OfferClosed,
    OfferDeclined,
    ReturnRefused,
    SignatureAsked,
    SigningModeChanged,
    TransactionOffered,
    TransactionReturned,
)
from contracts.markets import market_spec
from contracts.order import (
    CancelDenied,
    CancelIntended,
    OrderIntended,
    ReplaceIntended,
    SetupClosed,
    SideCancelIntended,
    TriggerIntended,
)
from contracts.process import ServiceStarted
from contracts.transaction import (
    SigningRefused,
    TransactionDied,
    TransactionLanded,
    TransactionPlanned,
    TransactionSigned,
)
from contracts.venue import AccountFunded, InterestSettled, VenueObserved
from contracts.venues import VENUES
from contracts.verdict import OrderApproved
from execution.domain import state as states
from execution.domain.account import AccountState
from execution.domain.account_fold import Observation, apply
from execution.domain.deciding import decide
from execution.domain.deliberation import Decision
from execution.domain.drafting import Drafts, snapshot_id
from execution.domain.hearing import not_started
from execution.domain.policy import ARITHMETIC, POLICY, Policy
from execution.domain.state import PlannerState
from execution.domain.told import Told

SERVICE = "execution"
_Fact = (
    Observation
    | TransactionLanded
    | TransactionDied
    | TransactionSigned
    | SigningRefused
    | TransactionOffered
    | AccountFunded
    | InterestSettled
)


class PlannerCore:
    """Execution's decisions, as a `contracts.core.Core`."""

    decides: ClassVar[tuple[type[Event], ...]] = (
        OrderIntended,
        ReplaceIntended,
        CancelIntended,
        TriggerIntended,
        SideCancelIntended,
        TransactionPlanned,
        CancelDenied,
        SetupClosed,
        ModeChanged,
        ReconciliationBroke,
        ReconciliationPassed,
        ForeignOrderSeen,
        PositionAdopted,
        CircuitOpened,
        SignatureAsked,
        OfferClosed,
        ReturnRefused,
    )

    def __init__(self, policy: Policy = POLICY) -> None:
        self._policy = policy
        self._state = PlannerState()
        self._considered: dict[str, tuple[AccountState, VenueObserved, Decision]] = {}
        """What each account's newest snapshot would lead to, and the state that it was seen on."""
        self._told: dict[str, Told] = {}
        """What was shown to another policy last, by account. A turn is recorded whole, so this is
        needed only until its last event is folded."""

    @property
    def policy(self) -> str:
        """Name the version of its rules."""
        return self._policy.version

    @property
    def is_told(self) -> bool:
        """Say whether another policy decides."""
        return self._state.is_told

    @property
    def state(self) -> PlannerState:
        """Give all that the planner knows, to be shown."""
        return self._state

    def account(self, account: str) -> AccountState:
        """Give an account's state; raise KeyError when it is not one of this venue."""
        return self._state.accounts[account]

    def step(self, recorded: Recorded) -> Sequence[Draft]:
        """Fold one recorded event; give what it leads to."""
        with localcontext(ARITHMETIC):
            if self._state.is_told and isinstance(recorded.event, (VenueObserved, *self.decides)):
                self._be_told(recorded)
                return ()
            return self._step(recorded)

    def consider(self, seen: VenueObserved, state: AccountState) -> Decision:
        """Say what a snapshot would lead to, if it were recorded next on this state."""
        with localcontext(ARITHMETIC):
            decision = self._decide(state, seen)
        self._considered[seen.account] = (state, seen, decision)
        return decision

    def snapshot(self) -> bytes:
        """Give the whole state as JSON; equal states give equal bytes."""
        return states.dump(self._state)

    def restore(self, state: bytes) -> None:
        """Take a state that `snapshot` gave; raise ValueError when it is not one."""
        self._state = states.load(state)

    def _step(self, recorded: Recorded) -> Sequence[Draft]:
        event = recorded.event
        match event:
            case VenueObserved():
                decision = self._decision(self._state.accounts[event.account], event)
                self._state = self._state.with_account(decision.state)
                return decision.drafts
            case FeedOpened():
                self._state = self._state.with_market(event.market)
            case AccountOpened():
                self._open(event)
            case KillSwitchEngaged() | TradingResumed():
                if event.account is None:
                    self._state = self._state.with_global(event)
                self._hear(recorded, event.account)
            case OrderApproved():
                return self._offered(event, recorded)
            case _ if isinstance(event, _Fact):
                known = self._state.accounts.get(event.account)
                if known is not None and known.market == event.market:
                    self._keep(apply(known, event, event_id=recorded.id))
            case _:
                self._listen(recorded)
        return ()

    def _be_told(self, recorded: Recorded) -> None:
        """Take in what another policy was shown, or decided on that."""
        event = recorded.event
        account = self._state.accounts.get(getattr(event, "account", ""))
        if account is None or account.market != getattr(event, "market", None):
            return
        told = self._told.get(account.account)
        if isinstance(event, VenueObserved):
            told = Told(market_spec(MarketId(event.market)), self._policy)
            self._told[account.account] = told
            self._keep(told.shown(account, event, number=account.snapshots + 1))
        elif told is not None:
            self._keep(told.decided(account, event, event_id=recorded.id))

    def _listen(self, recorded: Recorded) -> None:
        """Take in what a person said about one account, and whose rules decide from here on."""
        event = recorded.event
        match event:
            case ServiceStarted() if event.service == SERVICE:
                is_told = event.policy != self._policy.version
                self._state = replace(self._state, is_told=is_told)
            case SettingsChanged():
                self._limit(event)
            case OwnerNamed():
                self._name(recorded, event)
            case CancelRequested() | SigningModeChanged() | TransactionReturned() | OfferDeclined():
                self._hear(recorded, event.account)
            case _:
                pass

    def _decision(self, state: AccountState, seen: VenueObserved) -> Decision:
        """Decide, unless just this was considered: the same state and snapshot, the same answer."""
        considered = self._considered.pop(seen.account, None)
        if considered is not None and considered[1] is seen and considered[0] == state:
            return considered[2]
        return self._decide(state, seen)

    def _decide(self, state: AccountState, seen: VenueObserved) -> Decision:
        return decide(
            state,
            seen,
            snapshot_id=snapshot_id(seen.account, seen.market, state.snapshots + 1),
            spec=market_spec(MarketId(seen.market)),
            policy=self._policy,
        )

    def _open(self, event: AccountOpened) -> None:
        if event.venue not in VENUES or event.account in self._state.accounts:
            return
        self._keep(
            AccountState(
                account=event.account,
                market=self._state.market or "",
                venue=event.venue,
                deposit_usd=event.equity_usd,
                global_kill=self._state.global_kill,
                leverage_max=event.settings.leverage_max,
            )
        )

    def _limit(self, event: SettingsChanged) -> None:
        known = self._state.accounts.get(event.account)
        if known is not None:
            self._keep(replace(known, leverage_max=event.settings.leverage_max))

    def _name(self, recorded: Recorded, event: OwnerNamed) -> None:
        """Hear of another owner where one signs by hand, or is about to."""
        known = self._state.accounts.get(event.account)
        is_asked = known is not None and any(
            it.event_type == SigningModeChanged.event_type for it in known.heard
        )
        if known is not None and (known.wallet is not None or is_asked):
            self._hear(recorded, event.account)

    def _hear(self, recorded: Recorded, account: str | None) -> None:
        self._state = self._state.with_heard(recorded, account=account)

    def _offered(self, verdict: OrderApproved, recorded: Recorded) -> Sequence[Draft]:
        known = self._state.accounts.get(verdict.account)
        if known is not None and known.market == verdict.market:
            if not known.has_counted(recorded.id):
                self._keep(known.counted(recorded.id))
                self._hear(recorded, verdict.account)
            return ()
        if self._state.is_told:
            return ()
        drafts = Drafts(recorded.id, recorded.occurred_at, recorded.correlation_id)
        drafts.add(not_started(verdict, recorded.id, "no-venue"))
        return drafts.all

    def _keep(self, state: AccountState) -> None:
        self._state = self._state.with_account(state)
