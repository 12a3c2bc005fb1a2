"""The composition root: folds the log, binds to its feed, then follows the market stream."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Protocol

import structlog

from chassis.checkpoints import Checkpoints
from chassis.dead_letters import DeadLetters
from chassis.log import Log
from chassis.market import Market
from chassis.settings import ConfigurationError
from contracts.codec import UndecodableMessage
from signals.consumers import FollowTrades, follow_log, together
from signals.domain.core import ForeignMarket
from signals.domain.resume import MinuteOutOfOrder
from signals.domain.units import Inexact
from signals.handlers import FoldTrades, RecordMinutes
from signals.recovery import recover
from signals.standing import Standing
from signals.status import status_of

_log = structlog.get_logger()


class Surroundings(Protocol):
    """What signals needs around it; `chassis.service.Runtime` is one."""

    @property
    def log(self) -> Log: ...

    @property
    def market(self) -> Market: ...

    @property
    def checkpoints(self) -> Checkpoints: ...

    @property
    def dead_letters(self) -> DeadLetters: ...

    @property
    def stopping(self) -> asyncio.Event: ...

    def ready(self, state: bool, reason: str = "") -> None: ...  # noqa: FBT001 -- as Runtime has it

    def show_when_asked(self, tell: Callable[[], Mapping[str, object]]) -> None: ...


async def run(runtime: Surroundings, *, checkpoint_minutes: int) -> None:
    """Fold trades until the process is told to stop.

    Raises ConfigurationError when the log is of more than one feed, AnotherWriter when a second
    process writes the same minutes, and UndecodableMessage when the log's minutes cannot be.
    """
    runtime.ready(False, "folding the log")
    try:
        standing = await recover(runtime.log, runtime.checkpoints)
        _log.info("log_folded", position=standing.position)
        await _follow(runtime, standing, checkpoint_minutes=checkpoint_minutes)
    except ForeignMarket as error:
        raise ConfigurationError(str(error)) from error
    except (MinuteOutOfOrder, Inexact) as error:
        raise UndecodableMessage(str(error)) from error


async def _follow(runtime: Surroundings, standing: Standing, *, checkpoint_minutes: int) -> None:
    is_bound = asyncio.Event()
    async with together() as tasks:
        tasks.create_task(
            follow_log(runtime.log, standing, is_bound=is_bound, stopping=runtime.stopping)
        )
        tasks.create_task(
            _follow_feed(
                runtime, standing, is_bound=is_bound, checkpoint_minutes=checkpoint_minutes
            )
        )


async def _follow_feed(
    runtime: Surroundings, standing: Standing, *, is_bound: asyncio.Event, checkpoint_minutes: int
) -> None:
    runtime.ready(True, "waiting for a feed")
    await is_bound.wait()
    if runtime.stopping.is_set():
        return
    fold = FoldTrades(standing, dead_letters=runtime.dead_letters)
    record = RecordMinutes(
        standing,
        log=runtime.log,
        checkpoints=runtime.checkpoints,
        checkpoint_minutes=checkpoint_minutes,
    )
    told: dict[str, object] = {}

    def show() -> None:
        """Tell of what is recorded, not of what is only folded."""
        told.update(status_of(standing, fold))

    runtime.ready(True)
    show()
    runtime.show_when_asked(lambda: told)
    consumer = FollowTrades(
        market=runtime.market,
        fold=fold,
        record=record,
        stopping=runtime.stopping,
        on_recorded=show,
    )
    await consumer.run(standing.hint)
    await record.checkpoint()
