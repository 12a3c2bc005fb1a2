"""Risk over a log in memory, as a process that can be killed."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from chassis.fold import CoreRunner
from chassis.metrics import Metrics
from contracts.event import Draft, Recorded
from contracts.subjects import consumer
from contracts.verdict import OrderApproved, OrderDenied
from kit.memory import InMemoryCheckpoints, InMemoryLog
from risk.app import CONSUMER, judging
from risk.settings import RiskSettings


@dataclass
class Rig:
    """One log; risk runs on it for as long as `risk()` is open."""

    checkpoint_events: int = 5_000
    log: InMemoryLog = field(default_factory=InMemoryLog)
    checkpoints: InMemoryCheckpoints = field(init=False)

    def __post_init__(self) -> None:
        self.checkpoints = InMemoryCheckpoints(self.log)

    async def say(self, drafts: Sequence[Draft]) -> None:
        """Record events, each as the service that owns it."""
        for one in drafts:
            await self.log.as_service(one.event.owner).append([one])

    def runner(self) -> CoreRunner:
        """Give a process that has not started."""
        settings = RiskSettings(checkpoint_events=self.checkpoint_events)
        log = self.log.as_service("risk")
        return judging(log, self.checkpoints, settings, metrics=Metrics())

    @asynccontextmanager
    async def risk(self, *, is_killed: bool = False) -> AsyncGenerator[CoreRunner, None]:
        """Run risk; at the end let it drain, or kill it where it stands."""
        runner, stopping = self.runner(), asyncio.Event()

        async def live() -> None:
            await runner.catch_up()
            await runner.run(stopping)

        task = asyncio.create_task(live())
        try:
            yield runner
        finally:
            stopping.set()
            if is_killed:
                task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def settled(self, runner: CoreRunner) -> None:
        """Wait until risk has folded all that it hears."""
        last = self._last_heard()
        async with asyncio.timeout(30):
            while runner.position < last:  # noqa: ASYNC110  A runner tells nobody where it stands.
                await asyncio.sleep(0)

    def verdicts(self) -> list[Recorded]:
        """Give the verdicts in the log."""
        return [
            one for one in self.log.recorded if isinstance(one.event, OrderApproved | OrderDenied)
        ]

    def _last_heard(self) -> int:
        heard = tuple(filter_.removesuffix(">") for filter_ in consumer(CONSUMER).filters)
        positions = (one.position for one in self.log.recorded if one.subject.startswith(heard))
        return max(positions, default=0)
