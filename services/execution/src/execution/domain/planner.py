"""The planner core: snapshots in, intents out.

It is a fold over the log by position and nothing else (`contracts.core.Core`): no clock, no
setting, no lookup. Everything but a snapshot, an approval that nobody can work and a person's
cancel only changes what it knows. It applies what it decides at once and passes over its own
events when they come back.
"""

from collections.abc import Sequence
from dataclasses import replace
from decimal import localcontext
from typing import ClassVar
from uuid import UUID

from contracts.control import (
    AccountOpened,
    CancelRequested,
    KillSwitchEngaged,
    TradingResumed,
)
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
from contracts.transaction import (
    TransactionDied,
    TransactionLanded,
    TransactionPlanned,
    TransactionSigned,
)
from contracts.values import Leg
from contracts.venue import VenueObserved
from contracts.verdict import OrderApproved
from execution.domain import state as states
from execution.domain.account import AccountState, Observation, Offer, apply
from execution.domain.deciding import Decision, decide
from execution.domain.drafting import Drafts, snapshot_id
from execution.domain.ledger import ZERO
from execution.domain.policy import ARITHMETIC, POLICY, Policy
from execution.domain.state import VENUE, PlannerState

_Fact = Observation | TransactionLanded | TransactionDied | TransactionSigned


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
    )

    def __init__(self, policy: Policy = POLICY) -> None:
        self._policy = policy
        self._state = PlannerState()

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
            return self._step(recorded)

    def consider(self, seen: VenueObserved) -> Decision:
        """Say what a snapshot would lead to, if it were the next event recorded."""
        state = self._state.accounts[seen.account]
        number = snapshot_id(seen.account, seen.market, state.snapshots + 1)
        with localcontext(ARITHMETIC):
            return self._decide(seen, number)

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
                decision = self._decide(event, recorded.id)
                self._state = self._state.with_account(decision.state)
                return decision.drafts
            case FeedOpened():
                self._state = self._state.with_market(event.market)
            case AccountOpened():
                self._open(event)
            case KillSwitchEngaged() | TradingResumed():
                self._state = self._state.with_control(event)
            case OrderApproved():
                return self._offered(event, recorded)
            case CancelRequested():
                return self._cancel(event, recorded)
            case _ if isinstance(event, _Fact):
                known = self._state.accounts.get(event.account)
                if known is not None and known.market == event.market:
                    self._keep(apply(known, event, event_id=recorded.id))
            case _:
                pass
        return ()

    def _decide(self, seen: VenueObserved, number: UUID) -> Decision:
        return decide(
            self._state.accounts[seen.account],
            seen,
            snapshot_id=number,
            kill_level=self._state.kill_level_of(seen.account),
            spec=market_spec(MarketId(seen.market)),
            policy=self._policy,
        )

    def _open(self, event: AccountOpened) -> None:
        if event.venue != VENUE or event.account in self._state.accounts:
            return
        self._keep(
            AccountState(
                account=event.account,
                market=self._state.market or "",
                deposit_usd=event.equity_usd,
            )
        )

    def _offered(self, verdict: OrderApproved, recorded: Recorded) -> Sequence[Draft]:
        known = self._state.accounts.get(verdict.account)
        if known is not None and known.market == verdict.market:
            offer = Offer(
                position=recorded.position,
                verdict_id=recorded.id,
                correlation_id=recorded.correlation_id,
                body=recorded.body.decode(),
            )
            self._keep(replace(known, offers=(*known.offers, offer)))
            return ()
        drafts = Drafts(recorded.id, recorded.occurred_at, recorded.correlation_id)
        drafts.add(
            SetupClosed(
                account=verdict.account,
                market=verdict.market,
                setup=recorded.id,
                outcome="not-started-no-venue",
                realized_pnl_usd=ZERO,
                fees_usd=ZERO,
                funding_usd=ZERO,
                transaction_fees_lamports=0,
            )
        )
        return drafts.all

    def _cancel(self, wish: CancelRequested, recorded: Recorded) -> Sequence[Draft]:
        known = self._state.accounts.get(wish.account)
        setup = None if known is None else known.setup
        order = None if setup is None else setup.by_client_id(wish.client_order_id)
        if known is None or setup is None or order is None or order.is_over:
            reason = "no-such-order"
        elif order.leg in (Leg.STOP, Leg.CLOSE):
            reason = "stop-protects"
        elif order.is_unwanted or order.cancel_reason is not None:
            reason = "already-canceling"
        else:
            unwanted = setup.with_order(replace(order, is_unwanted=True))
            self._keep(replace(known, setup=unwanted))
            return ()
        drafts = Drafts(recorded.id, recorded.occurred_at, recorded.correlation_id)
        drafts.add(
            CancelDenied(
                account=wish.account,
                market=wish.market,
                client_order_id=wish.client_order_id,
                reason=reason,
            )
        )
        return drafts.all

    def _keep(self, state: AccountState) -> None:
        self._state = self._state.with_account(state)
