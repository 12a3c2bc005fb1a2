"""The composition root: folds the log, completes it, then follows the log and the prints."""

import time

from chassis.service import ConfigurationError, Runtime
from contracts.venues import PAPER
from execution.consumers import follow
from execution.domain.state import ForeignVenue, require_venue
from execution.handlers import Desk
from execution.progress import ForeignFeed
from execution.recovery import recover
from execution.settings import ExecutionSettings
from execution.signing.cabinet import KeyCabinet
from execution.signing.paper import PaperSigner


async def run(runtime: Runtime, settings: ExecutionSettings) -> None:
    """Plan and fill orders until the process is told to stop.

    Raises ConfigurationError when the log holds more than one feed, and AnotherWriter when a
    second process writes the same orders.
    """
    cabinet = settings.cabinet()
    if settings.venue != PAPER:
        await _on_chain(runtime, settings, cabinet)
        return
    runtime.ready(False, "folding the log")
    try:
        standing, recorder = await recover(
            runtime.log, runtime.checkpoints, rules=settings.rules, signer=PaperSigner(cabinet)
        )
        require_venue(standing.planner.state, PAPER)
        desk = Desk(
            standing,
            recorder,
            cabinet=cabinet,
            dead_letters=runtime.dead_letters,
            checkpoints=runtime.checkpoints,
            checkpoint_events=settings.checkpoint_events,
            ready=runtime.ready,
            clock=time.monotonic,
        )
        runtime.show_when_asked(desk.status)
        await follow(
            runtime.log, runtime.market, desk, hint=standing.hint, stopping=runtime.stopping
        )
        await desk.checkpoint()
    except (ForeignFeed, ForeignVenue) as error:
        raise ConfigurationError(str(error)) from error


async def _on_chain(
    runtime: Runtime, settings: ExecutionSettings, cabinet: KeyCabinet | None
) -> None:
    if cabinet is None:
        raise ConfigurationError("expected DELEGATE_KEYS_DIR on a chain, found none")
    try:
        from execution.onchain.app import run_on_chain  # noqa: PLC0415 - an extra; costs a second
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"expected the packages of VENUE={settings.venue}, found no {error.name}; "
            "`./justw sync --extra drift` installs them"
        ) from error
    await run_on_chain(
        runtime, settings.chain, cabinet, checkpoint_events=settings.checkpoint_events
    )
