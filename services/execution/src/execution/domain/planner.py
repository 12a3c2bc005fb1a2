"""The planner core: verdicts, control and the venue's observations in, intents out.

It is a fold over the log by position and nothing else (`contracts.core.Core`): no clock, no
setting, no lookup. It applies what it intends at once and passes over its own events when they
come back. An approval that cannot be worked is closed visibly, never dropped.
"""

from collections.abc import Sequence
from dataclasses import replace
from decimal import localcontext
from typing import ClassVar

from contracts.control import (
    AccountOpened,
    CancelRequested,
    KillSwitchEngaged,
    TradingResumed,
)
from contracts.event import Draft, Event, Recorded
from contracts.feed import FeedOpened
from contracts.ids import MarketId
from contracts.markets import market_spec
from contracts.order import (
    CancelDenied,
    CancelIntended,
    CancelReason,
    EntryWentStale,
    OrderCanceled,
    OrderFilled,
    OrderIntended,
    OrderPlaced,
    OrderRejected,
    OrderReplaced,
    ReplaceIntended,
    SetupClosed,
    StopTriggered,
    VenueAdvanced,
)
from contracts.values import Leg
from contracts.verdict import OrderApproved
from execution.domain import state as states
from execution.domain.commands import Cancel
from execution.domain.drafting import Drafts
from execution.domain.plan import is_over, plan
from execution.domain.policy import ARITHMETIC
from execution.domain.setup import Observation, Setup, applied, evolve, opened
from execution.domain.state import PlannerState


class UnknownSetup(Exception):
    """The venue was recorded doing something for a setup that does not live."""


class PlannerCore:
    """Execution's decisions, as a `contracts.core.Core`."""

    decides: ClassVar[tuple[type[Event], ...]] = (
        OrderIntended,
        ReplaceIntended,
        CancelIntended,
        CancelDenied,
        SetupClosed,
    )

    def __init__(self) -> None:
        self._state = PlannerState()

    @property
    def state(self) -> PlannerState:
        """Give all that the planner knows, to be shown."""
        return self._state

    def step(self, recorded: Recorded) -> Sequence[Draft]:
        """Fold one recorded event; give the intents that it leads to."""
        with localcontext(ARITHMETIC):
            return self._step(recorded)

    def snapshot(self) -> bytes:
        """Give the whole state as JSON; equal states give equal bytes."""
        return states.dump(self._state)

    def restore(self, state: bytes) -> None:
        """Take a state that `snapshot` gave; raise ValueError when it is not one."""
        self._state = states.load(state)

    def _step(self, recorded: Recorded) -> Sequence[Draft]:
        event = recorded.event
        match event:
            case FeedOpened():
                self._state = replace(self._state, market=self._state.market or event.market)
            case AccountOpened():
                self._state = self._state.opened(event)
            case VenueAdvanced():
                self._state = self._state.advanced_to(event.closed_at)
            case KillSwitchEngaged() | TradingResumed():
                self._state = self._state.with_control(event)
                return self._replan_all(Drafts(recorded, self._state.now))
            case OrderApproved() if recorded.id not in self._state.remembered:
                return self._begin(event, recorded)
            case CancelRequested():
                return self._cancel(event, recorded)
            case (
                OrderPlaced()
                | OrderRejected()
                | OrderReplaced()
                | OrderCanceled()
                | EntryWentStale()
                | StopTriggered()
                | OrderFilled()
            ):
                return self._observe(event, recorded)
            case _:
                pass
        return ()

    def _begin(self, verdict: OrderApproved, recorded: Recorded) -> Sequence[Draft]:
        self._state = self._state.advanced_to(recorded.occurred_at).remembering(recorded.id)
        drafts = Drafts(recorded, self._state.now)
        if verdict.account not in self._state.accounts or verdict.market != self._state.market:
            return drafts.not_started(verdict, "not-started-no-venue")
        if self._state.is_halted_for(verdict.account):
            return drafts.not_started(verdict, "not-started-halted")
        if self._state.setup_of(verdict.account) is not None:
            return drafts.not_started(verdict, "not-started-busy")
        spec = market_spec(MarketId(verdict.market))
        setup = opened(
            verdict, verdict_id=recorded.id, correlation_id=recorded.correlation_id, spec=spec
        )
        if setup.quantity_base < spec.quantity_base_min:
            return drafts.not_started(verdict, "not-started-too-small")
        if setup.stop_distance_usd <= 0:
            return drafts.not_started(verdict, "not-started-stop-beyond-entry")
        return self._replan(setup, drafts)

    def _observe(self, event: Observation, recorded: Recorded) -> Sequence[Draft]:
        setup = self._state.setup_of(event.account)
        if setup is None or setup.id != event.setup:
            raise UnknownSetup(
                f"expected {event.event_type} at position {recorded.position} for a live setup of "
                f"{event.account}, found setup {event.setup}"
            )
        self._state = self._state.advanced_to(event.clock.at)
        return self._replan(evolve(setup, event), Drafts(recorded, self._state.now))

    def _cancel(self, event: CancelRequested, recorded: Recorded) -> Sequence[Draft]:
        drafts = Drafts(recorded, self._state.now)
        setup = self._state.setup_of(event.account)
        order = setup.order(event.client_order_id) if setup is not None else None
        if setup is None or order is None or not order.is_live:
            return drafts.cancel_denied(event, "no-such-order")
        if order.leg is Leg.STOP:
            return drafts.cancel_denied(event, "stop-protects")
        if order.is_canceling:
            return drafts.cancel_denied(event, "already-canceling")
        command = Cancel(order.client_order_id, order.leg, CancelReason.REQUESTED)
        drafts.add_command(setup, command)
        return self._replan(applied(setup, command), drafts)

    def _replan_all(self, drafts: Drafts) -> Sequence[Draft]:
        for setup in self._state.setups:
            # The market of the last exit is not the market that a kill or its end finds.
            self._replan(replace(setup, last_exit_usd=None), drafts)
        return drafts.all

    def _replan(self, setup: Setup, drafts: Drafts) -> Sequence[Draft]:
        commands = plan(
            setup,
            is_halted=self._state.is_halted_for(setup.account),
            spec=market_spec(MarketId(setup.market)),
        )
        for command in commands:
            drafts.add_command(setup, command)
            setup = applied(setup, command)
        if not commands and is_over(setup):
            drafts.add_closed(setup)
            self._state = self._state.without_setup(setup)
        else:
            self._state = self._state.with_setup(setup)
        return drafts.all
