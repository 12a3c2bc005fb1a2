"""An upgrade with other rules: what the old ones decided stands, what they left is decided once."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

import pytest

from audit.domain.comparison import CoreComparison
from chassis.log import FollowerReplaced
from contracts.event import Draft, Recorded
from contracts.order import SetupClosed
from contracts.transaction import TransactionPlanned
from contracts.verdict import OrderApproved, OrderDenied
from execution.domain import planner
from execution.domain.planner import PlannerCore
from execution.domain.policy import POLICY, Policy
from kit.execution_world import World, a_tape, approvals
from kit.risk_events import (
    a_closed_setup,
    a_manual_order,
    a_marker,
    a_signal,
    an_account,
    run,
    verdict_of,
)
from kit.risk_rig import Rig
from kit.signals_minutes import a_trade, an_end
from kit.signals_stage import a_stage, running
from kit.starts import OTHERS, a_start_draft
from risk.domain.core import RiskCore
from risk.domain.policy import POLICY as RISK
from risk.domain.verdicts import verdict_id
from signals.domain.core import STRATEGY

MINUTES = [a_trade(number, 20 * number, "100") for number in range(1, 13)]
LATER = [a_trade(number, 20 * number, "101") for number in range(13, 19)]
END = [*LATER, an_end(18, 361)]
TAPE = a_tape(1, count=85)
HASTY = replace(
    POLICY,
    version="execution-hasty",
    stale_after_ms=1_000,
    stale_distance_bps=Decimal("0.1"),
    ladder_weights_pct=(20, 30, 50),
)
"""Moves entries sooner and takes profit in other parts."""


def old_denial(signal: Draft) -> Draft:
    """Deny what our rules approve, under the id that our approval would have."""
    approval = run([an_account(), signal, a_marker(0)])[0]
    event = verdict_of(approval)
    assert isinstance(event, OrderApproved)
    fields = event.model_dump(mode="json", exclude={"expires_at", "priority_fee_microlamports"})
    changes = {"policy": "risk-0", "headline": event.findings[0].rule.value}
    denied = OrderDenied.model_validate_json(json.dumps({**fields, **changes}))
    return replace(approval, event=denied)


async def test_risk_lets_old_verdicts_stand_and_judges_what_is_left_without_one() -> None:
    rig, denied, left, late = Rig(), a_signal(0), a_signal(1), a_signal(2)
    by_hand = a_manual_order(quantity="1")
    await rig.say([a_start_draft("risk", OTHERS), an_account(), denied, a_marker(0)])
    await rig.say([old_denial(denied), left, a_marker(1), by_hand])
    await rig.say([a_start_draft("risk", RISK.version, number=1)])
    async with rig.risk() as runner:
        await rig.settled(runner)
        await rig.say([late, a_marker(2)])
        await rig.settled(runner)

    events = [verdict_of_(it) for it in rig.verdicts()]
    assert [(it.proposal, type(it), it.policy) for it in events] == [
        (denied.id, OrderDenied, "risk-0"),
        # Nothing is open but for the denial that stands, so the next one may be.
        (left.id, OrderApproved, RISK.version),
        (by_hand.id, OrderDenied, RISK.version),
        (late.id, OrderDenied, RISK.version),
    ]
    require_judged("risk", RiskCore(), rig.log.recorded, unjudged=1)


async def test_risk_holds_a_setup_open_that_only_the_old_rules_approved() -> None:
    rig, signal, next_one, last = Rig(), a_signal(0), a_signal(1), a_signal(2)
    approval = run([an_account(), signal, a_marker(0)])[0]
    larger = approval.event.model_copy(update={"policy": "risk-0", "proposal": signal.id})
    await rig.say([a_start_draft("risk", OTHERS), an_account(), signal, a_marker(0)])
    await rig.say([replace(approval, event=larger)])
    await rig.say([a_start_draft("risk", RISK.version, number=1)])
    async with rig.risk() as runner:
        await rig.say([next_one, a_marker(1), a_closed_setup(verdict_id(signal.id, "local"))])
        await rig.say([last, a_marker(2)])
        await rig.settled(runner)

    kinds = [type(it.event) for it in rig.verdicts()]
    assert kinds == [OrderApproved, OrderDenied, OrderApproved]
    require_judged("risk", RiskCore(), rig.log.recorded, unjudged=1)


async def test_risk_stops_when_other_rules_take_over_and_decides_nothing_any_more() -> None:
    rig = Rig()
    await rig.say([a_start_draft("risk", RISK.version), an_account()])
    runner = rig.runner()
    await runner.catch_up()
    running_ = asyncio.create_task(runner.run(asyncio.Event()))
    await rig.say([a_start_draft("risk", OTHERS, number=1), a_signal(0), a_marker(0)])

    with pytest.raises(FollowerReplaced, match="expected to decide by risk-3"):
        await running_
    assert rig.verdicts() == []
    with pytest.raises(FollowerReplaced):
        await rig.runner().catch_up()


async def test_signals_stop_when_other_rules_take_over_and_go_on_at_their_own_start() -> None:
    stage = await a_stage()
    log = stage.log.as_service("signals")
    await log.append([a_start_draft("signals", STRATEGY)])
    await stage.publish(MINUTES)
    async with running(stage) as service:
        await stage.until_folded()
        decided = len(stage.decisions)
        await log.append([a_start_draft("signals", OTHERS, number=1)])
        with pytest.raises(FollowerReplaced, match="expected to decide by vwap-reclaim-3"):
            await service
    async with running(stage) as service:
        with pytest.raises(FollowerReplaced):
            await service
    assert len(stage.minutes) == len(stage.decisions) == decided

    await log.append([a_start_draft("signals", STRATEGY, number=2)])
    await stage.publish(END)
    async with running(stage):
        await stage.until_ended()
    assert len(stage.minutes) == len(stage.decisions) > decided


@dataclass
class Upgraded(World):
    """Execution, first with old rules; with new ones after its crash."""

    old: Policy = HASTY
    new: Policy = POLICY

    async def execute(self) -> None:
        policy = self.new if self.starts else self.old
        start = a_start_draft(planner.SERVICE, policy.version, number=self.starts)
        await self.log.as_service("execution").append([start])
        with pytest.MonkeyPatch.context() as patch:
            with_rules(patch, policy)
            await super().execute()


def with_rules(patch: pytest.MonkeyPatch, policy: Policy) -> None:
    """Install rules in execution, as far as decisions are made by them."""
    made = PlannerCore.__init__

    def make(self: PlannerCore, given: Policy = policy) -> None:
        made(self, given)

    patch.setattr(PlannerCore, "__init__", make)


@pytest.mark.parametrize(("old", "new"), [(HASTY, POLICY), (POLICY, HASTY)])
@pytest.mark.parametrize("crash_at", range(6, 70, 16))
async def test_execution_acts_on_no_decision_of_the_old_rules(
    crash_at: int, old: Policy, new: Policy
) -> None:
    world = Upgraded(TAPE, crash_at=crash_at, checkpoint_events=100_000, old=old, new=new)
    log = await world.run()

    assert world.starts == 2
    upgrade = max(it.position for it in log if it.subject == "process.execution")
    snapshots = {it.id: it.position for it in log if it.event.event_type == "venue_observed"}
    for it in log:
        if it.position > upgrade and isinstance(it.event, TransactionPlanned):
            assert it.causation_id is not None
            assert snapshots[it.causation_id] > upgrade, it.position
    closed = [it for it in log if isinstance(it.event, SetupClosed)]
    assert len(closed) >= approvals(log) - 1
    require_judged("execution", PlannerCore(new), log)


async def test_the_old_rules_decide_otherwise_than_the_new() -> None:
    """Else the test of execution's upgrades could not fail."""
    world = World(TAPE)
    with pytest.MonkeyPatch.context() as patch:
        with_rules(patch, HASTY)
        log = await world.run()

    other = PlannerCore(POLICY)
    answers = [draft.event for recorded in log for draft in other.step(recorded)]
    assert answers != [it.event for it in log if isinstance(it.event, PlannerCore.decides)]


def require_judged(
    name: str,
    core: RiskCore | PlannerCore,
    log: Sequence[Recorded],
    *,
    unjudged: int | None = None,
) -> None:
    """Replay a log with the rules that are installed: all that they decided is as recorded."""
    comparison = CoreComparison(name, core)
    for recorded in log:
        comparison.step(recorded)
    left = comparison.finish()
    assert (comparison.difference, left) == (None, [])
    assert comparison.matched > 0
    if unjudged is not None:
        assert sum(span.decisions for span in comparison.spans) == unjudged


def verdict_of_(recorded: Recorded) -> OrderApproved | OrderDenied:
    assert isinstance(recorded.event, OrderApproved | OrderDenied)
    return recorded.event
