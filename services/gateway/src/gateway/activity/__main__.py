"""Check an export: `python -m gateway.activity FILE`."""

import sys
from pathlib import Path

from gateway.activity.check import check


def main(arguments: list[str]) -> int:
    """Check one file; give the exit code."""
    try:
        (path,) = arguments
        with Path(path).open("rb") as file:
            said = check(file)
    except ValueError as error:
        print(f"not ok: {error}", file=sys.stderr)
        return 1
    print(f"ok: {said['count']} events, positions {said['from']} to {said['to']}")
    if "next" in said:
        print(f"there are more, from position {said['next']} on")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
