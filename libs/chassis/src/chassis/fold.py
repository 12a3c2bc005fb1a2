"""Running a decision core over the log, so that a restart changes nothing.

At the start the core folds the log to its head without appending. What it decided again on the way
is in the log already, but for the decisions of the moment in which the process died: those are
appended at the head, in order, and then the core goes live. So a decision is recorded once, however
old it is and however often the process restarts.

Where the log says that other rules decided, a core derives nothing: what they decided stands, and
what they left undecided is decided at our start.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import structlog

from chassis.appends import Appended, VersionConflict
from chassis.checkpoints import Checkpoint, Checkpoints, keep
from chassis.consumers import FollowerReplaced
from chassis.log import Follower, Log
from chassis.metrics import Metrics
from chassis.telemetry import handling
from contracts.core import Core, CoreFactory
from contracts.event import Draft, Recorded
from contracts.ids import EventId
from contracts.subjects import consumer as consumer_spec

STOP_POLL_S = 0.2
"""How soon a runner that waits for events notices that it shall stop."""
_LAST_CHECKPOINT_S = 2.0

_log = structlog.get_logger()


class Pending:
    """Drafts that a fold derived and has not seen in the log yet, in order."""

    def __init__(self) -> None:
        self._groups: list[tuple[Draft, ...]] = []
        self._unseen: set[EventId] = set()

    def derived(self, drafts: Sequence[Draft]) -> None:
        """Remember what one step derived."""
        if drafts:
            self._groups.append(tuple(drafts))
            self._unseen.update(draft.id for draft in drafts)

    def saw(self, event: Recorded) -> None:
        """Strike out what the log holds."""
        self._unseen.discard(event.id)
        if not self._unseen:
            self._groups.clear()

    def missing(self) -> list[list[Draft]]:
        """Give what is to be appended: per step, in order."""
        groups = ([d for d in group if d.id in self._unseen] for group in self._groups)
        return [group for group in groups if group]


def require_deciding(core: Core) -> None:
    """Raise FollowerReplaced when a process with other rules took over from this one."""
    if core.is_told:
        raise FollowerReplaced(
            f"expected to decide by {core.policy}, found that a process with other rules started"
        )


class Fence:
    """Expects that this process alone writes certain subjects, so that a zombie cannot.

    It observes every event that its owner folds, and what its owner appends.
    """

    def __init__(self, log: Log, *, prefixes: tuple[str, ...]) -> None:
        self._log = log
        self._prefixes = prefixes
        self._last: dict[str, int] = {}
        self._folded = 0

    def begin(self, position: int) -> None:
        """Say that everything up to here is part of the state."""
        self._folded = max(self._folded, position)

    def observe(self, event: Recorded) -> None:
        """Take note of a folded event."""
        self._folded = max(self._folded, event.position)
        if event.subject.startswith(self._prefixes):
            self._last[event.subject] = max(self._last.get(event.subject, 0), event.position)

    async def expected(self, drafts: Sequence[Draft]) -> dict[str, int]:
        """Give what `append` shall expect of these drafts' subjects.

        Raises VersionConflict when a subject was written past what its owner folded.
        """
        subjects = {draft.subject for draft in drafts}
        return {it: await self.last(it) for it in subjects if it.startswith(self._prefixes)}

    async def last(self, subject: str) -> int:
        """Give the last position on one of our subjects, as far as its owner folded.

        Raises VersionConflict when it was written past that before it was first asked for.
        """
        if subject not in self._last:
            last = await self._log.last(subject)
            found = 0 if last is None else last.position
            if found > self._folded:
                raise VersionConflict(subject=subject, expected=self._folded, found=found)
            self._last[subject] = found
        return self._last[subject]

    def appended(self, drafts: Sequence[Draft], answers: Sequence[Appended]) -> None:
        """Take note of own events."""
        for draft, answer in zip(drafts, answers, strict=True):
            if draft.subject.startswith(self._prefixes):
                before = self._last.get(draft.subject, 0)
                self._last[draft.subject] = max(before, answer.position)


@dataclass(frozen=True, slots=True)
class CaughtUp:
    """A core that has folded the log up to `position`, and what it still has to append."""

    core: Core
    position: int
    missing: list[list[Draft]]


async def restored(
    make_core: CoreFactory, checkpoints: Checkpoints, *, name: str, version: str
) -> tuple[Core, int]:
    """Give a core from its checkpoint with its position, or a new one with 0."""
    checkpoint: Checkpoint | None = await checkpoints.load(name, version=version)
    if checkpoint is None:
        return make_core(), 0
    core = make_core()
    try:
        core.restore(checkpoint.state)
    except ValueError as error:
        _log.warning(
            "checkpoint_refused",
            name=name,
            field="state",
            expected="a state that the core restores",
            found=str(error),
        )
        return make_core(), 0
    return core, checkpoint.position


async def catch_up(
    make_core: CoreFactory,
    log: Log,
    checkpoints: Checkpoints,
    *,
    name: str,
    version: str,
    subjects: Sequence[str],
    observe: Callable[[Recorded], None] | None = None,
) -> CaughtUp:
    """Fold the log to its head at the call, appending nothing.

    Raises FollowerReplaced when a process with other rules started after ours.
    """
    begin = time.monotonic()
    core, after = await restored(make_core, checkpoints, name=name, version=version)
    head = await log.head()
    pending = Pending()
    events = 0
    async for event in log.read(after=after, until=head, subjects=subjects):
        events += 1
        pending.saw(event)
        if observe is not None:
            observe(event)
        pending.derived(core.step(event))
    require_deciding(core)
    missing = pending.missing()
    _log.info(
        "caught_up",
        name=name,
        after=after,
        head=head,
        events=events,
        missing=sum(map(len, missing)),
        seconds=round(time.monotonic() - begin, 3),
    )
    return CaughtUp(core=core, position=max(after, head), missing=missing)


@dataclass
class CoreRunner:
    """Runs a core that hears nothing but the log: catches up, goes live, keeps checkpoints."""

    make_core: CoreFactory
    log: Log
    checkpoints: Checkpoints
    name: str
    """Of the checkpoint."""
    version: str
    """Of the core's state and rules: a checkpoint of another version is refused."""
    consumer: str
    """Of contracts.subjects.CONSUMERS; its filters say what the core hears."""
    fenced: tuple[str, ...] = ()
    """Prefixes of subjects that this process alone writes."""
    metrics: Metrics = field(default_factory=Metrics)
    checkpoint_events: int = 5_000
    checkpoint_s: float = 30.0
    on_step: Callable[[Recorded, Sequence[Draft]], None] | None = None
    """Hears each live step after what it led to is appended."""
    position: int = 0
    """Last position folded."""

    def __post_init__(self) -> None:
        self._core: Core | None = None
        self._missing: list[list[Draft]] = []
        self._fence = Fence(self.log, prefixes=self.fenced)
        self._saved_position = 0
        self._saved_at = time.monotonic()

    @property
    def core(self) -> Core:
        """Give the core; it has state once the runner has caught up."""
        if self._core is None:
            raise RuntimeError("expected a runner that has caught up, found one that has not")
        return self._core

    async def catch_up(self) -> None:
        """Fold the log to its head, then append what was decided and not recorded."""
        caught = await catch_up(
            self.make_core,
            self.log,
            self.checkpoints,
            name=self.name,
            version=self.version,
            subjects=consumer_spec(self.consumer).filters,
            observe=self._fence.observe,
        )
        self._core, self.position = caught.core, caught.position
        self._fence.begin(caught.position)
        for drafts in caught.missing:
            await self._append(drafts)

    async def run(self, stopping: asyncio.Event) -> None:
        """Follow the log until told to stop, then keep a last checkpoint."""
        async with self.log.follow(self.consumer, after=self.position) as follower:
            while not stopping.is_set():
                await self._handle(await follower.next(STOP_POLL_S), follower, stopping)
                if self._checkpoint_is_due():
                    await self._save()
        try:
            async with asyncio.timeout(_LAST_CHECKPOINT_S):
                await self._save()
        except TimeoutError:
            _log.warning("checkpoint_not_saved", name=self.name, position=self.position)

    async def _handle(
        self, events: Sequence[Recorded], follower: Follower, stopping: asyncio.Event
    ) -> None:
        for event in events:
            if stopping.is_set():
                break
            with handling(event):
                await self._step(event)
            follower.acknowledge(event.position)

    async def _step(self, event: Recorded) -> None:
        self._fence.observe(event)
        drafts = self.core.step(event)
        require_deciding(self.core)
        if drafts:
            await self._append(drafts)
        self.position = event.position
        self.metrics.handled(event.event.event_type)
        if self.on_step is not None:
            self.on_step(event, drafts)

    async def _append(self, drafts: Sequence[Draft]) -> None:
        expected: Mapping[str, int] = await self._fence.expected(drafts) if self.fenced else {}
        self._fence.appended(drafts, await self.log.append(drafts, expected_last=expected))

    def _checkpoint_is_due(self) -> bool:
        since = self.position - self._saved_position
        waited = time.monotonic() - self._saved_at
        return since >= self.checkpoint_events or (since > 0 and waited >= self.checkpoint_s)

    async def _save(self) -> None:
        """Keep a checkpoint; every decision up to it is in the log by now."""
        if self._core is None or self.position == self._saved_position:
            return
        await keep(
            self.checkpoints,
            self.name,
            version=self.version,
            position=self.position,
            state=self.core.snapshot(),
        )
        self._saved_position = self.position
        self._saved_at = time.monotonic()
