"""Paper and the real program are asked the same at random, and answer alike (ADR 22)."""

import pytest

pytest.importorskip(
    "driftpy", reason="driftpy is not installed: `just sync --extra drift` runs the adapter"
)

from kit.differential import compare

FILLS_MIN, CODES_MIN = 5, 6


def _require_alike(seeds: range) -> None:
    compared = compare(seeds)
    assert not compared.differences, "\n".join(map(str, compared.differences))
    assert compared.fills >= FILLS_MIN
    assert len(compared.codes) >= CODES_MIN  # They were asked for what is refused, too.


def test_dozens_of_random_sequences_end_alike() -> None:
    _require_alike(range(24))


@pytest.mark.soak
def test_a_thousand_random_sequences_end_alike() -> None:
    _require_alike(range(24, 1_024))
