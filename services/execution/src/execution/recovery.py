"""Starting: fold the log to its head, complete it, and know what the venue has told already."""

import structlog

from chassis.checkpoints import Checkpoints
from chassis.fold import Pending
from chassis.log import Log
from contracts.subjects import consumer
from execution.recorder import Recorder
from execution.signing.port import Signer
from execution.standing import VERSION, Standing
from execution.venues.paper.rules import PaperRules

CHECKPOINT = "execution"
LOG_CONSUMER = "execution-plan-orders"

_log = structlog.get_logger()


async def recover(
    log: Log, checkpoints: Checkpoints, *, rules: PaperRules, signer: Signer
) -> tuple[Standing, Recorder]:
    """Give the place that the log's head leads to, with everything that follows from it recorded.

    Nothing is appended before the whole log is folded: only then is it known what is missing.
    """
    standing = await _begin(checkpoints, rules, signer)
    recorder, pending = Recorder(log), Pending()
    async for recorded in log.read(
        after=standing.position, subjects=consumer(LOG_CONSUMER).filters
    ):
        pending.saw(recorded)
        recorder.observe(recorded)
        if recorded.position in standing.ahead:
            standing.position = recorded.position
        else:
            pending.derived(standing.fold_past(recorded))
    recorder.begin(standing.position, people=standing.people)
    missing = pending.missing()
    _log.info(
        "caught_up",
        position=standing.position,
        missing=sum(map(len, missing)),
        unheard=len(standing.unheard),
    )
    for drafts in missing:
        await recorder.record(drafts)
    return standing, recorder


async def _begin(checkpoints: Checkpoints, rules: PaperRules, signer: Signer) -> Standing:
    kept = await checkpoints.load(CHECKPOINT, version=VERSION)
    if kept is None:
        return Standing(rules, signer)
    try:
        return Standing.load(kept.state, position=kept.position, rules=rules, signer=signer)
    except ValueError as error:
        _log.warning(
            "checkpoint_refused",
            name=CHECKPOINT,
            field="state",
            expected=f"a state of {VERSION}",
            found=f"{error!s:.200}",
        )
        return Standing(rules, signer)
