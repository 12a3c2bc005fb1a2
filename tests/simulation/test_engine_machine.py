"""The engine as a hypothesis state machine: the mishaps are its rules, the invariants hold.

A failure names its seed: `just simulate --machine --seed N` lives it again and shortens it.
"""

import random

import pytest

from kit.engine_machine import run_machine

FIXED = range(1, 6)
FRESH = random.SystemRandom().randrange(1 << 32)


@pytest.mark.soak
@pytest.mark.timeout(240)
@pytest.mark.parametrize("seed", FIXED)
def test_a_machine_of_a_fixed_seed_breaks_nothing(seed: int) -> None:
    run_machine(seed, runs=10)


@pytest.mark.soak
@pytest.mark.timeout(240)
def test_a_machine_of_a_fresh_seed_breaks_nothing() -> None:
    run_machine(FRESH, runs=20)


@pytest.mark.soak
@pytest.mark.timeout(240)
@pytest.mark.parametrize("seed", [*FIXED, 131, 1231, 2271])
def test_a_machine_whose_owner_signs_by_hand_breaks_nothing(seed: int) -> None:
    run_machine(seed, runs=10, is_by_hand=True)


@pytest.mark.soak
@pytest.mark.timeout(240)
def test_a_machine_of_a_fresh_seed_whose_owner_signs_by_hand_breaks_nothing() -> None:
    run_machine(FRESH, runs=20, is_by_hand=True)
