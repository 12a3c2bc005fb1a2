"""Start the bench. The processes that it starts import this module too, so that it is light."""

import sys

if __name__ == "__main__":
    from bench.cli import main

    sys.exit(main())
