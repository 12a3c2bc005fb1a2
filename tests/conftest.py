"""What every test needs: properties take the time that a busy machine gives them."""

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
