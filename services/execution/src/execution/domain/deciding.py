"""One decision: a recorded snapshot in, events out (see `planner` for who calls it).

Each stage sees what the stage before it decided, as if it had already happened.
"""

from dataclasses import dataclass, replace
from decimal import Decimal
from uuid import UUID

from contracts.control import CancelRequested, KillSwitchEngaged, TradingResumed
from contracts.engine import (
    CircuitOpened,
    ForeignOrderSeen,
    Mode,
    ModeChanged,
    PositionAdopted,
    ReconciliationBroke,
    ReconciliationPassed,
)
from contracts.event import Draft, Event
from contracts.markets import MarketSpec
from contracts.order import CancelDenied, SetupClosed
from contracts.transaction import TransactionPlanned
from contracts.values import Leg, Side
from contracts.venue import VenueObserved
from contracts.verdict import OrderApproved
from execution.domain import setup as setups
from execution.domain.account import AccountState, Heard, apply
from execution.domain.commands import Command, Send
from execution.domain.drafting import Drafts
from execution.domain.fees import priority_fee_lamports
from execution.domain.holdings import shown_by
from execution.domain.ledger import ZERO
from execution.domain.modes import mode_of
from execution.domain.plan import plan, why_over
from execution.domain.policy import POLICY, Policy
from execution.domain.pricing import stop_trigger
from execution.domain.setup import Setup
from execution.domain.state import level_after
from execution.domain.view import View, view_of

_BPS = Decimal(10_000)


@dataclass(frozen=True, slots=True)
class Decision:
    """What a snapshot leads to: the account's state after it, and the events that say so."""

    state: AccountState
    drafts: tuple[Draft, ...]
    is_noteworthy: bool
    """Whether the snapshot has to be recorded: it leads to something, or starts a timer."""


def decide(
    state: AccountState,
    seen: VenueObserved,
    *,
    snapshot_id: UUID,
    spec: MarketSpec,
    policy: Policy = POLICY,
) -> Decision:
    """Decide on a snapshot, and on as much of what was heard as `seen.heard` says."""
    before = state
    desk = _Desk(apply(state, seen, event_id=snapshot_id), seen, snapshot_id, spec, policy)
    offers = _hear(desk)
    _report(desk)
    _adopt(desk)
    mode, reason = mode_of(desk.view)
    if mode is not desk.state.mode:
        desk.say(ModeChanged(**desk.who, before=desk.state.mode, mode=mode, reason=reason))
    for offer in offers:
        _consider(desk, offer, mode)
    for command in plan(desk.view, mode):
        _send(desk, command)
    outcome = why_over(desk.view, mode)
    if outcome is not None and desk.state.setup is not None:
        desk.say(_closed(desk, desk.state.setup, outcome))
    is_noteworthy = (
        bool(desk.drafts.all)
        or desk.state.timers != before.timers
        or desk.state.heard != before.heard
        or desk.state.is_revoked is not before.is_revoked
    )
    return Decision(desk.state, tuple(desk.drafts.all), is_noteworthy)


class _Desk:
    """The state while a decision is made, and what was said so far."""

    def __init__(
        self,
        state: AccountState,
        seen: VenueObserved,
        snapshot_id: UUID,
        spec: MarketSpec,
        policy: Policy,
    ) -> None:
        self.state = state
        self.seen = seen
        self.spec = spec
        self.policy = policy
        self.drafts = Drafts(snapshot_id, seen.clock.at, snapshot_id)

    @property
    def who(self) -> dict[str, str]:
        """Give the fields that every event of the account has."""
        return {"account": self.state.account, "market": self.state.market}

    @property
    def view(self) -> View:
        """Give what the next stage decides on."""
        return view_of(self.state, self.seen, spec=self.spec, policy=self.policy)

    def say(self, event: Event) -> Draft:
        """Decide an event, and let it have happened."""
        setup = self.state.setup
        draft = self.drafts.add(event, None if setup is None else setup.correlation_id)
        self.state = apply(self.state, event, event_id=draft.id)
        return draft


def _report(desk: _Desk) -> None:
    """Say what does not agree, what is strange, and what is refused again and again."""
    state, seen, policy = desk.state, desk.seen, desk.policy
    found = shown_by(seen)
    for what, since in state.timers.mismatch.items():
        if what not in state.broken and seen.clock.slot - since >= policy.reconcile_slots:
            expected = state.expected[what]
            desk.say(
                ReconciliationBroke(**desk.who, what=what, expected=expected, found=found[what])
            )
    for what in state.broken:
        if what not in state.timers.mismatch:
            desk.say(ReconciliationPassed(**desk.who, what=what))
    for order in desk.view.foreign:
        if order.venue_order_id not in state.foreign:
            desk.say(
                ForeignOrderSeen(
                    **desk.who,
                    venue_order_id=order.venue_order_id,
                    user_order_id=order.user_order_id,
                    side=order.side,
                    price_usd=order.price_usd,
                )
            )
    for lane, refusals in state.refusals.items():
        if refusals.count >= policy.refusals_max:
            setup = state.setup
            desk.say(
                CircuitOpened(
                    **desk.who,
                    setup=None if setup is None else setup.id,
                    lane=lane,
                    code=refusals.code,
                    refusals=refusals.count,
                )
            )


def _adopt(desk: _Desk) -> None:
    """Give a position that no setup explains a setup of its own: a stop, and nothing else."""
    setup, seen = desk.state.setup, desk.seen
    if not seen.position_base or (setup is not None and setup.is_sent):
        return
    if setup is not None:
        desk.say(_closed(desk, setup, "not-started-not-flat"))
    sign = 1 if seen.position_base > 0 else -1
    side = Side.LONG if sign > 0 else Side.SHORT
    oracle = seen.market_seen.oracle_usd
    stop = oracle * (1 - sign * Decimal(desk.policy.adopted_stop_bps) / _BPS)
    desk.say(
        PositionAdopted(
            **desk.who,
            position_base=seen.position_base,
            oracle_usd=oracle,
            stop_price_usd=stop_trigger(side, stop, desk.spec.tick_usd),
        )
    )


def _hear(desk: _Desk) -> list[Heard]:
    """Take in what people said, in the order of the log; give the approvals."""
    until = desk.seen.heard
    now = [it for it in desk.state.heard if it.number <= until]
    later = tuple(it for it in desk.state.heard if it.number > until)
    desk.state = replace(desk.state, heard=later)
    offers: list[Heard] = []
    for heard in now:
        match event := heard.event():
            case KillSwitchEngaged() | TradingResumed():
                desk.state = _with_kill(desk.state, event)
            case CancelRequested():
                _cancel(desk, event, heard)
            case _:
                offers.append(heard)
    return offers


def _with_kill(state: AccountState, event: KillSwitchEngaged | TradingResumed) -> AccountState:
    if event.account is None:
        return replace(state, global_kill=level_after(state.global_kill, event))
    return replace(state, own_kill=level_after(state.own_kill, event))


def _cancel(desk: _Desk, wish: CancelRequested, heard: Heard) -> None:
    """Note that a person does not want an order, or say why it stays."""
    setup = desk.state.setup
    order = None if setup is None else setup.by_client_id(wish.client_order_id)
    if setup is None or order is None or order.is_over:
        reason = "no-such-order"
    elif order.leg in (Leg.STOP, Leg.CLOSE):
        reason = "stop-protects"
    elif order.is_unwanted or order.cancel_reason is not None:
        reason = "already-canceling"
    else:
        unwanted = setup.with_order(replace(order, is_unwanted=True))
        desk.state = replace(desk.state, setup=unwanted)
        return
    denied = CancelDenied(**desk.who, client_order_id=wish.client_order_id, reason=reason)
    desk.drafts.add(denied, heard.correlation_id)


def _consider(desk: _Desk, offer: Heard, mode: Mode) -> None:
    """Arm an approval that may be worked; close any other visibly."""
    verdict = OrderApproved.model_validate_json(offer.body)
    setup = setups.approved(
        verdict,
        verdict_id=offer.id,
        correlation_id=offer.correlation_id,
        spec=desk.spec,
        policy=desk.policy,
    )
    why = _why_not(desk, setup, mode)
    if why is None:
        desk.state = replace(desk.state, setup=setup)
    else:
        desk.drafts.add(not_started(verdict, offer.id, why), offer.correlation_id)


def _why_not(desk: _Desk, setup: Setup, mode: Mode) -> str | None:
    if desk.state.setup is not None:
        return "busy"
    if mode in (Mode.PAUSED, Mode.KILL_CANCEL, Mode.KILL_FLATTEN, Mode.REVOKED):
        return "halted"
    if setup.quantity_base < desk.spec.quantity_base_min:
        return "too-small"
    return "stop-beyond-entry" if setup.stop_distance_usd <= 0 else None


def not_started(verdict: OrderApproved, verdict_id: UUID, why: str) -> SetupClosed:
    """Say that an approval was not worked, and why."""
    return SetupClosed(
        account=verdict.account,
        market=verdict.market,
        setup=verdict_id,
        outcome=f"not-started-{why}",
        realized_pnl_usd=ZERO,
        fees_usd=ZERO,
        funding_usd=ZERO,
        transaction_fees_lamports=0,
    )


def _send(desk: _Desk, command: Command) -> None:
    setup = desk.state.setup
    if isinstance(command, Send):
        intents = tuple(desk.say(intent).id for intent in command.intents)
        retry_class, urgency, attempt = command.retry_class, command.urgency, 1
    else:
        again = command.transaction
        intents = tuple(it.id for it in again.intents)
        retry_class, urgency, attempt = again.retry_class, again.urgency, again.attempt + 1
    fee = priority_fee_lamports(
        desk.policy.fees,
        desk.state.spending,
        urgency=urgency,
        attempt=attempt,
        market_microlamports=desk.seen.fee_per_unit_microlamports,
        cap_microlamports=None if setup is None else setup.fee_cap_microlamports,
        at_ms=desk.view.now_ms,
    )
    desk.say(
        TransactionPlanned(
            **desk.who,
            setup=None if setup is None else setup.id,
            intents=intents,
            retry_class=retry_class,
            urgency=urgency,
            attempt=attempt,
            priority_fee_lamports=fee,
        )
    )


def _closed(desk: _Desk, setup: Setup, outcome: str) -> SetupClosed:
    return SetupClosed(
        **desk.who,
        setup=setup.id,
        outcome=outcome,
        realized_pnl_usd=setup.costs.realized_pnl_usd,
        fees_usd=setup.costs.fees_usd + setup.costs.venue_fees_usd,
        funding_usd=setup.costs.funding_usd,
        transaction_fees_lamports=setup.transaction_fees_lamports,
    )
