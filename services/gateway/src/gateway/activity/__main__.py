"""Check an export: `./justw check-export FILE`.

It says whether the file broke off or was damaged. Whoever changes a file on purpose can compute its
hash anew: the log has the hash of what was sent, in the event `activity_exported`.
"""

import sys
from pathlib import Path

from gateway.activity.check import check


def main(arguments: list[str]) -> int:
    """Check one file: 0 it is whole, 1 it is not, 2 there is none to check."""
    if len(arguments) != 1:
        print(f"expected one exported file, found {len(arguments)}", file=sys.stderr)
        return 2
    try:
        with Path(arguments[0]).open("rb") as file:
            said = check(file)
    except OSError as error:
        print(f"expected an exported file at {arguments[0]}: {error.strerror}", file=sys.stderr)
        return 2
    except ValueError as error:
        print(f"not ok: {error}", file=sys.stderr)
        return 1
    print(f"ok: {said['count']} events, positions {said['from']} to {said['to']}")
    if said["filter"] != "{}":
        print(f"of these only what a filter let through: {said['filter']!r:.500}")
    print(f"its hash, to compare with `activity_exported` in the log: {said['chain']}")
    if "next" in said:
        print(f"there are more, from position {said['next']} on")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
