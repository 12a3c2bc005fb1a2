"""Start the gateway."""

import sys
from functools import partial

from chassis.service import run_service
from chassis.settings import ConfigurationError
from gateway.app import run
from gateway.notify.delivery import ProcessSender
from gateway.settings import load_settings

EX_CONFIG = 78


def main() -> int:
    """Run until told to stop; give the exit code."""
    try:
        settings = load_settings()
    except ConfigurationError as error:
        print(f"gateway: {error}", file=sys.stderr)
        return EX_CONFIG
    return run_service("gateway", settings, partial(run, settings=settings, sender=ProcessSender()))


if __name__ == "__main__":
    sys.exit(main())
