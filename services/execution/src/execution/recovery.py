"""Starting: fold the log to its head, complete it, and know what the venue has told already."""

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

import structlog

from chassis.checkpoints import Checkpoint, Checkpoints
from chassis.fold import Pending, require_deciding
from chassis.log import Log
from contracts.event import Draft, Recorded
from contracts.subjects import consumer
from execution.domain.planner import PlannerCore
from execution.recorder import Recorder
from execution.signing.port import NamedSigner
from execution.standing import VERSION, Standing
from execution.venues.paper.rules import PaperRules

CHECKPOINT = "execution"
LOG_CONSUMER = "execution-plan-orders"

_log = structlog.get_logger()


class Folds(Protocol):
    """A place in the log, as far as starting is concerned."""

    position: int
    people: int
    ahead: set[int]

    @property
    def planner(self) -> PlannerCore:
        """Give what decides on orders."""
        ...

    def fold_past(self, recorded: Recorded) -> Sequence[Draft]:
        """Fold an event that was recorded before this process; give what it leads to."""
        ...


F = TypeVar("F", bound=Folds)


async def recover(
    log: Log, checkpoints: Checkpoints, *, rules: PaperRules, signer: NamedSigner
) -> tuple[Standing, Recorder]:
    """Give the place that the log leads to, with everything that follows from it recorded."""

    def load(kept: Checkpoint) -> Standing:
        return Standing.load(kept.state, position=kept.position, rules=rules, signer=signer)

    kept = await from_checkpoint(checkpoints, VERSION, load)
    standing = kept or Standing(rules, signer)
    return standing, await caught_up(log, standing)


async def caught_up(log: Log, standing: Folds) -> Recorder:
    """Fold the log to its head, and record what is missing.

    Nothing is appended before the whole log is folded: only then is it known what is missing.
    Raises FollowerReplaced when a process with other rules started after ours.
    """
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
    require_deciding(standing.planner)
    recorder.begin(standing.position, people=standing.people)
    missing = pending.missing()
    _log.info("caught_up", position=standing.position, missing=sum(map(len, missing)))
    for drafts in missing:
        await recorder.record(drafts)
    return recorder


async def from_checkpoint(
    checkpoints: Checkpoints, version: str, load: Callable[[Checkpoint], F]
) -> F | None:
    """Give the place of the checkpoint; None when there is none, or none that can be read."""
    kept = await checkpoints.load(CHECKPOINT, version=version)
    if kept is None:
        return None
    try:
        return load(kept)
    except ValueError as error:
        _log.warning(
            "checkpoint_refused",
            name=CHECKPOINT,
            field="state",
            expected=f"a state of {version}",
            found=f"{error!s:.200}",
        )
        return None
