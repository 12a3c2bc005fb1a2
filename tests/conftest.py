"""What every test needs: properties take the time that a busy machine gives them."""

from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import settings

from kit.zygote import Zygote

settings.register_profile("desk", deadline=None)
settings.load_profile("desk")


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
