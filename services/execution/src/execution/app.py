"""The composition root: folds the log, completes it, then follows the log and the prints."""

import time

from chassis.service import ConfigurationError, Runtime
from execution.consumers import follow
from execution.handlers import Desk
from execution.progress import ForeignFeed
from execution.recovery import recover
from execution.settings import ExecutionSettings
from execution.signing.paper import PaperSigner


async def run(runtime: Runtime, settings: ExecutionSettings) -> None:
    """Plan and fill orders until the process is told to stop.

    Raises ConfigurationError when the log holds more than one feed, and AnotherWriter when a
    second process writes the same orders.
    """
    runtime.ready(False, "folding the log")
    try:
        standing, recorder = await recover(
            runtime.log, runtime.checkpoints, rules=settings.rules, signer=PaperSigner()
        )
        desk = Desk(
            standing,
            recorder,
            dead_letters=runtime.dead_letters,
            checkpoints=runtime.checkpoints,
            checkpoint_events=settings.checkpoint_events,
            show=runtime.show,
            ready=runtime.ready,
            clock=time.monotonic,
        )
        await follow(
            runtime.log, runtime.market, desk, hint=standing.hint, stopping=runtime.stopping
        )
        await desk.checkpoint()
    except ForeignFeed as error:
        raise ConfigurationError(str(error)) from error
