"""What every test needs: properties take the time that a busy machine gives them.

The files of tests lie in memory where there is room: servers sync all that they write, tests throw
all of it away, and a killed process loses nothing that the system has taken. `TMPDIR` says
otherwise.
"""

import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from kit.zygote import Zygote

settings.register_profile("desk", deadline=None)
settings.load_profile("desk")


_MEMORY = Path("/dev/shm")
_FREE_BYTES_MIN = 2 << 30
_LONGEST_FIRST = ("e2e", "simulation", "integration")


def pytest_configure() -> None:
    """Choose the folder of all temporary files, before the first is made."""
    if "TMPDIR" not in os.environ and _is_fit(_MEMORY):
        os.environ["TMPDIR"] = tempfile.tempdir = str(_MEMORY)


def _is_fit(folder: Path) -> bool:
    """Say whether a file system has room, and runs programs that are copied to it."""
    try:
        may_run = not os.statvfs(folder).f_flag & os.ST_NOEXEC
        return may_run and shutil.disk_usage(folder).free >= _FREE_BYTES_MIN
    except OSError:
        return False


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes long, so that nobody is left alone with it at the end.

    Of two processes the other begins with what takes little, so that each has a processor.
    """
    ranks = {name: rank for rank, name in enumerate(_LONGEST_FIRST)}
    items.sort(key=lambda item: ranks.get(item.path.parent.name, len(ranks)))


@pytest.fixture(scope="session")
def zygote() -> Iterator[Zygote]:
    """Fork services from one process that has imported them."""
    running = Zygote()
    yield running
    running.close()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say at the end what was not tried, and why: a skip is no success."""
    skipped: list[pytest.TestReport] = terminalreporter.stats.get("skipped", [])
    reasons = Counter(
        report.longrepr[2] for report in skipped if isinstance(report.longrepr, tuple)
    )
    for reason, count in sorted(reasons.items()):
        terminalreporter.write_line(f"NOT RUN: {count} x {reason}", yellow=True, bold=True)
