"""kill -9 at every recorded boundary, with a restart: the same venue in the end (I19).

The seeds stand for a position that a kill takes off, and for one that takes its first profit and is
stopped after it.
"""

import pytest

from kit.engine_restarts import live_through

SEEDS = (0, pytest.param(2, marks=pytest.mark.soak))


@pytest.mark.timeout(240)
@pytest.mark.parametrize("seed", SEEDS)
def test_a_crash_at_any_boundary_ends_at_the_same_venue(seed: int) -> None:
    expected, boundaries = live_through(seed, crash_at=None)
    assert boundaries > 10
    for boundary in range(1, boundaries + 1):
        down_ms = 2_000 * (boundary % 2)
        found, _ = live_through(seed, crash_at=boundary, down_ms=down_ms)
        assert found == expected, f"I19: seed {seed}, a crash at {boundary} for {down_ms} ms"
