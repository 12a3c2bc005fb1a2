"""One decision: a recorded snapshot in, events out (see `planner` for who calls it).

Each stage sees what the stage before it decided, as if it had already happened.
"""

from decimal import Decimal
from uuid import UUID

from contracts.engine import (
    CircuitOpened,
    ForeignOrderSeen,
    ModeChanged,
    PositionAdopted,
    ReconciliationBroke,
    ReconciliationPassed,
)
from contracts.markets import MarketSpec
from contracts.order import SetupClosed
from contracts.transaction import TransactionPlanned
from contracts.values import Side
from contracts.venue import VenueObserved
from execution.domain import asking
from execution.domain.account import AccountState
from execution.domain.account_fold import apply
from execution.domain.commands import Command, Send
from execution.domain.deliberation import Decision, Deliberation
from execution.domain.fees import priority_fee_lamports
from execution.domain.hearing import consider, hear
from execution.domain.holdings import shown_by
from execution.domain.modes import mode_of
from execution.domain.plan import plan, why_over
from execution.domain.policy import POLICY, Policy
from execution.domain.pricing import stop_trigger
from execution.domain.setup import Setup

_BPS = Decimal(10_000)


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
    so_far = Deliberation(apply(state, seen, event_id=snapshot_id), seen, snapshot_id, spec, policy)
    news = hear(so_far)
    _report(so_far)
    _adopt(so_far)
    mode, reason = mode_of(so_far.view)
    if mode is not so_far.state.mode:
        so_far.say(ModeChanged(**so_far.who, before=so_far.state.mode, mode=mode, reason=reason))
    for heard, verdict in news.approvals:
        consider(so_far, heard, verdict, mode)
    for heard, returned in news.returned:
        asking.take(so_far, heard, returned, mode)
    commands = plan(so_far.view, mode)
    if so_far.state.wallet is not None:
        asking.ask(so_far, commands, mode)
    else:
        for command in commands:
            _send(so_far, command)
    outcome = why_over(so_far.view, mode)
    if outcome is not None and so_far.state.setup is not None:
        so_far.say(_closed(so_far, so_far.state.setup, outcome))
    is_noteworthy = (
        bool(so_far.drafts.all)
        or so_far.state.timers != before.timers
        or so_far.state.heard != before.heard
        or so_far.state.is_revoked is not before.is_revoked
    )
    return Decision(so_far.state, tuple(so_far.drafts.all), is_noteworthy, so_far.by_hand)


def _report(so_far: Deliberation) -> None:
    """Say what does not agree, what is strange, and what is refused again and again."""
    state, seen, policy = so_far.state, so_far.seen, so_far.policy
    found = shown_by(seen)
    for what, since in state.timers.mismatch.items():
        if what not in state.broken and seen.clock.slot - since >= policy.reconcile_slots:
            expected = state.expected[what]
            so_far.say(
                ReconciliationBroke(**so_far.who, what=what, expected=expected, found=found[what])
            )
    for what in state.broken:
        if what not in state.timers.mismatch:
            so_far.say(ReconciliationPassed(**so_far.who, what=what))
    for order in so_far.view.foreign:
        if order.venue_order_id not in state.foreign:
            so_far.say(
                ForeignOrderSeen(
                    **so_far.who,
                    venue_order_id=order.venue_order_id,
                    user_order_id=order.user_order_id,
                    side=order.side,
                    price_usd=order.price_usd,
                )
            )
    for lane, refusals in sorted(state.refusals.items(), key=lambda it: it[0]):
        if refusals.count >= policy.refusals_max:
            setup = state.setup
            so_far.say(
                CircuitOpened(
                    **so_far.who,
                    setup=None if setup is None else setup.id,
                    lane=lane,
                    code=refusals.code,
                    refusals=refusals.count,
                )
            )


def _adopt(so_far: Deliberation) -> None:
    """Give a position that no setup explains a setup of its own: a stop, and nothing else."""
    setup, seen = so_far.state.setup, so_far.seen
    if not seen.position_base or (setup is not None and setup.is_sent):
        return
    if setup is not None:
        so_far.say(_closed(so_far, setup, "not-started-not-flat"))
    sign = 1 if seen.position_base > 0 else -1
    side = Side.LONG if sign > 0 else Side.SHORT
    oracle = seen.market_seen.oracle_usd
    stop = oracle * (1 - sign * Decimal(so_far.policy.adopted_stop_bps) / _BPS)
    so_far.say(
        PositionAdopted(
            **so_far.who,
            position_base=seen.position_base,
            oracle_usd=oracle,
            stop_price_usd=stop_trigger(side, stop, so_far.spec.tick_usd),
        )
    )


def _send(so_far: Deliberation, command: Command) -> None:
    setup = so_far.state.setup
    if isinstance(command, Send):
        intents = tuple(so_far.say(intent).id for intent in command.intents)
        retry_class, urgency, attempt = command.retry_class, command.urgency, 1
    else:
        again = command.transaction
        intents = tuple(it.id for it in again.intents)
        retry_class, urgency, attempt = again.retry_class, again.urgency, again.attempt + 1
    fee = priority_fee_lamports(
        so_far.policy.fees,
        so_far.state.spending,
        urgency=urgency,
        attempt=attempt,
        market_microlamports=so_far.seen.fee_per_unit_microlamports,
        cap_microlamports=None if setup is None else setup.fee_cap_microlamports,
        at_ms=so_far.view.now_ms,
    )
    so_far.say(
        TransactionPlanned(
            **so_far.who,
            setup=None if setup is None else setup.id,
            intents=intents,
            retry_class=retry_class,
            urgency=urgency,
            attempt=attempt,
            priority_fee_lamports=fee,
        )
    )


def _closed(so_far: Deliberation, setup: Setup, outcome: str) -> SetupClosed:
    return SetupClosed(
        **so_far.who,
        setup=setup.id,
        outcome=outcome,
        realized_pnl_usd=setup.costs.realized_pnl_usd,
        fees_usd=setup.costs.fees_usd + setup.costs.venue_fees_usd,
        funding_usd=setup.costs.funding_usd,
        transaction_fees_lamports=setup.transaction_fees_lamports,
    )
