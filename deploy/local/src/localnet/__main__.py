"""Start it: `python -m localnet`, with DRIFT_SO in the environment."""

import sys

from localnet.cli import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
