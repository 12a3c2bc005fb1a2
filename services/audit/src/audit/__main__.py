"""Start the audit: the service, or one of its commands."""

import sys

from audit import cli


def main() -> int:
    """Run what the command line says; give the exit code."""
    return cli.main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
