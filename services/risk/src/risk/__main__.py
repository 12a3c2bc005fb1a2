"""Start risk."""

import sys

from chassis.service import Runtime, run_service
from chassis.settings import load_settings
from risk.app import run
from risk.domain.policy import POLICY
from risk.settings import RiskSettings


def main() -> int:
    """Run the service; give its exit code."""
    settings = load_settings(RiskSettings)

    async def start(runtime: Runtime) -> None:
        await run(runtime, settings)

    return run_service("risk", settings, start, policy=POLICY.version)


if __name__ == "__main__":
    sys.exit(main())
