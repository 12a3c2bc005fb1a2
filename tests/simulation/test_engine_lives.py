"""The engine through bad days, by seed: the invariants hold, and the wrong plans are noticed.

`just soak` lives more seeds than `just test`, and puts the wrong plans back. A failure names its
seed: `just simulate --seed N` lives it again, `just simulate --runs 10000` lives long.
"""

import random

import pytest

from kit.engine_report import survey
from kit.engine_runs import Life, live
from kit.engine_wrong import wrong

FIXED = (*range(22, 28), 904, 1449)
"""26 met a kill that took a stop back while its entry still rested; 904 met a stranger's position
while the entry was on its way, and 1449 one that turned the setup's.
"""
FRESH = [random.SystemRandom().randrange(1 << 32) for _ in range(2)]


@pytest.mark.timeout(240)
@pytest.mark.parametrize("block", [0, pytest.param(1, marks=pytest.mark.soak)])
def test_fixed_seeds_break_nothing(block: int) -> None:
    lives = [live(seed) for seed in FIXED[block::2]]
    assert_sound(lives)


@pytest.mark.timeout(240)
def test_fresh_seeds_break_nothing() -> None:
    assert_sound([live(seed) for seed in FRESH])


def assert_sound(lives: list[Life]) -> None:
    report = survey(lives)
    assert report.naked_p99 <= 5
    assert report.naked_max <= 25


@pytest.mark.soak
@pytest.mark.timeout(240)
def test_replacing_by_cancel_and_place_is_noticed() -> None:
    with wrong("B"), pytest.raises(AssertionError, match="I1"):
        live(8)


@pytest.mark.soak
@pytest.mark.timeout(240)
def test_a_stop_only_after_the_fill_is_noticed() -> None:
    with wrong("C"):
        lives = [live(seed) for seed in range(4)]
    assert survey(lives).naked_p99 > 5


@pytest.mark.soak
@pytest.mark.timeout(240)
@pytest.mark.parametrize(("variant", "seed"), [("D", 2), ("E", 0)])
def test_a_stop_with_an_end_is_noticed(variant: str, seed: int) -> None:
    with wrong(variant), pytest.raises(AssertionError, match="I10"):
        live(seed)
