"""Start signals."""

import sys

from chassis.service import Runtime, run_service
from chassis.settings import load_settings
from signals.app import run
from signals.domain.core import STRATEGY
from signals.settings import SignalsSettings


def main() -> int:
    """Run the service; give its exit code."""
    settings = load_settings(SignalsSettings)

    async def start(runtime: Runtime) -> None:
        await run(runtime, checkpoint_minutes=settings.checkpoint_minutes)

    return run_service("signals", settings, start, policy=STRATEGY)


if __name__ == "__main__":
    sys.exit(main())
