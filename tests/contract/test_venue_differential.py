"""Paper and the real program are asked the same at random, and answer alike (ADR 22)."""

import pytest

pytest.importorskip(
    "driftpy", reason="driftpy is not installed: `just sync --extra drift` runs the adapter"
)

from kit.differential import compare

FILLS_MIN, CODES_MIN = 5, 6
SEQUENCES_OF_A_GROUP = 100
"""Whole worlds of them, and well within the time that a test has."""


def _require_alike(seeds: range) -> None:
    compared = compare(seeds)
    assert not compared.differences, "\n".join(map(str, compared.differences))
    assert compared.fills >= FILLS_MIN
    assert len(compared.codes) >= CODES_MIN  # They were asked for what is refused, too.


def test_dozens_of_random_sequences_end_alike() -> None:
    _require_alike(range(24))


@pytest.mark.soak
@pytest.mark.timeout(600)
@pytest.mark.parametrize("group", range(10))
def test_a_hundred_more_random_sequences_end_alike(group: int) -> None:
    first = 24 + group * SEQUENCES_OF_A_GROUP
    _require_alike(range(first, first + SEQUENCES_OF_A_GROUP))
