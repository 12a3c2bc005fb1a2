"""Start it: `python -m supervisor up | audit | page`.

To be told to stop is heard from the first moment on, also while the rest is imported.
"""

import sys

from supervisor.signals import Stopped, raising_stopped


def start() -> int:
    """Run a command; 128 and the number of the signal is a stop before the desk was up."""
    try:
        with raising_stopped():
            from supervisor.cli import main  # noqa: PLC0415 - takes a second, or more

            return main(sys.argv[1:])
    except Stopped as stopped:
        print(f"stopped by {stopped.name}", file=sys.stderr)
        return stopped.exit_code


if __name__ == "__main__":
    sys.exit(start())
