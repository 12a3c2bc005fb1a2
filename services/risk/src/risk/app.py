"""The composition root: the core, and the log that it judges."""

from collections.abc import Sequence

import structlog

from chassis.checkpoints import Checkpoints
from chassis.fold import CoreRunner
from chassis.log import Log
from chassis.metrics import Metrics
from chassis.service import Runtime
from contracts.event import Draft, Recorded
from contracts.verdict import OrderApproved, OrderDenied
from risk.domain.core import RiskCore
from risk.domain.policy import POLICY
from risk.settings import RiskSettings

CHECKPOINT = "risk"
CONSUMER = "risk-judge-proposals"
VERDICTS = "verdicts."
"""Subjects that one risk process alone writes."""

_log = structlog.get_logger()


async def run(runtime: Runtime, settings: RiskSettings) -> None:
    """Judge proposals until the process is told to stop."""
    runtime.ready(False, "folding the log")
    judge = judging(runtime.log, runtime.checkpoints, settings, metrics=runtime.metrics)
    await judge.catch_up()
    runtime.ready(True)
    standing = {"policy": POLICY.version, "caught_up_at": judge.position}
    runtime.show_when_asked(lambda: standing)
    await judge.run(runtime.stopping)


def judging(
    log: Log, checkpoints: Checkpoints, settings: RiskSettings, *, metrics: Metrics
) -> CoreRunner:
    """Give the core with the log that it hears and writes."""
    return CoreRunner(
        make_core=RiskCore,
        log=log,
        checkpoints=checkpoints,
        name=CHECKPOINT,
        version=POLICY.version,
        consumer=CONSUMER,
        fenced=(VERDICTS,),
        metrics=metrics,
        checkpoint_events=settings.checkpoint_events,
        on_step=tell,
    )


def tell(cause: Recorded, drafts: Sequence[Draft]) -> None:
    """Write a line for each verdict that is in the log."""
    for draft in drafts:
        match draft.event:
            case OrderApproved() as verdict:
                _log.info(
                    "order_approved",
                    account=verdict.account,
                    market=verdict.market,
                    proposal=str(verdict.proposal),
                    side=verdict.side,
                    quantity_base=str(verdict.quantity_base),
                    judged_at=cause.position,
                )
            case OrderDenied() as verdict:
                _log.info(
                    "order_denied",
                    account=verdict.account,
                    market=verdict.market,
                    proposal=str(verdict.proposal),
                    failed=[found.rule for found in verdict.findings if not found.passed],
                    judged_at=cause.position,
                )
            case _:
                pass
