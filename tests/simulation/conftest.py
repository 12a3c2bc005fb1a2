"""What the simulations share: one preloaded zygote and one PostgreSQL per test process."""

from collections.abc import Iterator

import pytest

from kit.postgres import postgres
from kit.zygote import Zygote

__all__ = ["postgres", "zygote"]


@pytest.fixture(scope="session")
def zygote() -> Iterator[Zygote]:
    """Fork services from one process that has imported them."""
    running = Zygote()
    yield running
    running.close()
