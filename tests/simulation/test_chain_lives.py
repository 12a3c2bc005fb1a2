"""The engine on the real program, through a chain that loses, lags and lies (`kit.chain_lives`)."""

import pytest

pytest.importorskip(
    "driftpy", reason="driftpy is not installed: `just sync --extra drift` runs the adapter"
)

from kit.chain_lives import live_through
from kit.engine_report import LIVES_OF_A_NET
from kit.engine_runs import Life


def _require_unbroken(first: int, count: int) -> list[Life]:
    told = live_through(range(first, first + count))
    broken = [it for it in told if isinstance(it, str)]
    assert not broken, "\n".join(broken)
    return [it for it in told if isinstance(it, Life)]


@pytest.mark.timeout(240)
def test_no_invariant_breaks_on_the_real_program() -> None:
    lives = _require_unbroken(0, 8)
    assert sum(it.has_filled for it in lives) >= 3
    assert sum(it.crashes for it in lives) >= 1


@pytest.mark.soak
@pytest.mark.timeout(600)
@pytest.mark.parametrize("group", range(11))
def test_no_invariant_breaks_in_a_hundred_lives(group: int) -> None:
    """In the last group one sweep was signed over and over on one blockhash: the same bytes."""
    _require_unbroken(1_000 + group * LIVES_OF_A_NET, LIVES_OF_A_NET)
