"""Start execution."""

import sys
from functools import partial

from chassis.service import run_service
from chassis.settings import load_settings
from execution.app import run
from execution.domain.policy import POLICY
from execution.dumps import forbid_core_dumps
from execution.settings import ExecutionSettings


def main() -> int:
    """Run the service; give its exit code."""
    forbid_core_dumps()
    settings = load_settings(ExecutionSettings)
    return run_service(
        "execution", settings, partial(run, settings=settings), policy=POLICY.version
    )


if __name__ == "__main__":
    sys.exit(main())
