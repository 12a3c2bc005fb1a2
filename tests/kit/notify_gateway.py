"""The whole gateway, but for the world's names and addresses: `python notify_gateway.py WORLD`.

What `kit.notify_sender` is to the sender, this is to the gateway that starts it.
"""

import os
import sys
from functools import partial
from pathlib import Path

from chassis.service import run_service
from gateway.app import run
from gateway.notify.delivery import ProcessSender
from gateway.settings import load_settings
from kit import notify_sender


def main() -> int:
    """Run until told to stop; give the exit code."""
    script, trusted = str(Path(notify_sender.__file__)), os.environ["TRUSTED"]
    sender = ProcessSender(
        (sys.executable, script, sys.argv[1]),
        environment={"REQUESTS_CA_BUNDLE": trusted, "SSL_CERT_FILE": trusted},
    )
    settings = load_settings()
    return run_service("gateway", settings, partial(run, settings=settings, sender=sender))


if __name__ == "__main__":
    sys.exit(main())
