"""Runs what failed last three times more, alone: `python -m kit.again` (with `tests` on the path).

A change is taken or refused as a whole, and one of some 6,000 tests that a busy machine upsets says
nothing about the rest. What fails here fails; what passes each time is named as unsteady, to be
mended. More than three at once are no accident.

Exit codes: 0 all passed each time, 1 one failed again or there are too many, 2 none is on record.
"""

import json
import subprocess
import sys
from pathlib import Path

FAILED = Path(".pytest_cache/v/cache/lastfailed")
MAX_TESTS = 3
TIMES = 3


def main() -> int:
    """Read what pytest wrote down, and run it."""
    failed = sorted(json.loads(FAILED.read_text())) if FAILED.exists() else []
    if not failed:
        sys.stderr.write(f"again: no failed test is on record in {FAILED}\n")
        return 2
    if len(failed) > MAX_TESTS:
        sys.stderr.write(f"again: {len(failed)} tests failed, {MAX_TESTS} at most are run again\n")
        return 1
    for _ in range(TIMES):
        if subprocess.run(
            [sys.executable, "-m", "pytest", "-n", "0", *failed], check=False
        ).returncode:
            return 1
    sys.stdout.write("".join(f"UNSTEADY: {test}\n" for test in failed))
    return 0


if __name__ == "__main__":
    sys.exit(main())
