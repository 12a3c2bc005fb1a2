"""Start it: `python -m supervisor up | audit | status`."""

import sys

from supervisor.cli import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
