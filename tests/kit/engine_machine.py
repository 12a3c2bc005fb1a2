"""The engine's life as a hypothesis state machine: every mishap is a rule, every invariant holds.

A rule is a mishap of `engine_weather` with chance from a drawn seed; it lasts until the rule that
clears up. The invariants are checked after every slot in between, and once more after each rule.
At the end the weather is fair, and everything must come to its end.

A seed draws the same life in every process: hypothesis mixes constants of the modules that happen
to be loaded into its draws, and does not here.
"""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from decimal import Decimal
from random import Random
from typing import cast
from unittest.mock import patch

from hypothesis import HealthCheck, Phase, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st
from hypothesis.internal.conjecture.providers import HypothesisProvider
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from kit.engine_checks import Watch
from kit.engine_owner import OwnerByHand
from kit.engine_runs import approve_any, rough_world, to_the_end
from kit.engine_weather import BY_HAND, LAST, MISHAPS, Mishap, clear_up
from kit.engine_world import EngineWorld

SEEDS = st.integers(0, 2**16)
STEPS = 16
_LAST_FROM = 10
"""What an account does not recover from comes only after so many steps."""


class _Machine(RuleBasedStateMachine):
    """A world on a rough chain, with one setup after the other."""

    world: EngineWorld
    is_by_hand = False

    def __init__(self) -> None:
        super().__init__()
        self.watch = Watch()
        self.steps = 0
        self.is_whole = False

    @initialize(seed=SEEDS)
    def begin(self, seed: int) -> None:
        with self.acting():
            owner = OwnerByHand() if self.is_by_hand else None
            self.world = rough_world(seed, self.watch, by_hand=owner)
            approve_any(self.world, Random(seed))
            self.world.walk(3)

    @precondition(lambda self: self.world.state.setup is None)
    @rule(seed=SEEDS)
    def approve(self, seed: int) -> None:
        with self.acting():
            approve_any(self.world, Random(seed))
            self.world.walk(3)

    @rule(seconds=st.integers(2, 15), drift=st.integers(-10, 10))
    def tick(self, seconds: int, drift: int) -> None:
        with self.acting():
            self.world.walk(seconds, drift=str(Decimal(drift) / 1000))

    @rule()
    def clear_up(self) -> None:
        with self.acting():
            clear_up(self.world)
            self.world.walk(3)

    @invariant()
    def all_hold(self) -> None:
        if self.is_whole:
            self.watch(self.world)

    def teardown(self) -> None:
        if self.is_whole:
            to_the_end(self.world, self.watch)

    @contextmanager
    def acting(self) -> Generator[None]:
        """Note that the world is whole only when a rule came to its end."""
        self.is_whole = False
        self.steps += 1
        yield
        self.is_whole = True


def _rule_of(mishap: Mishap, *, steps_min: int = 0) -> Callable[[_Machine, int], None]:
    def happen(self: _Machine, seed: int) -> None:
        with self.acting():
            mishap(self.world, Random(seed))
            self.world.walk(4)

    happen.__name__ = mishap.__name__
    ruled = rule(seed=SEEDS)(happen)
    return precondition(lambda self: cast("_Machine", self).steps >= steps_min)(ruled)


def _no_constant(*_: object, **__: object) -> None:
    """Draw evenly."""


def run_machine(seed: int, *, runs: int, shrinks: bool = False, is_by_hand: bool = False) -> None:
    """Live some lives of the machine from a seed; raise AssertionError for a broken invariant.

    `is_by_hand` lets the owner sign everything. `shrinks` looks for the shortest life that breaks
    it; that takes minutes.
    """
    mishaps = (*MISHAPS, *BY_HAND) if is_by_hand else MISHAPS
    rules: dict[str, object] = {it.__name__: _rule_of(it) for it in mishaps}
    rules |= {it.__name__: _rule_of(it, steps_min=_LAST_FROM) for it in LAST}
    machine = seeded(seed)(type("EngineMachine", (_Machine,), rules | {"is_by_hand": is_by_hand}))
    phases = (Phase.generate, Phase.shrink) if shrinks else (Phase.generate,)
    chosen = settings(
        max_examples=runs,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        phases=phases,
        report_multiple_bugs=False,
        suppress_health_check=(HealthCheck.too_slow, HealthCheck.data_too_large),
    )
    try:
        with patch.object(HypothesisProvider, "_maybe_draw_constant", _no_constant):
            run_state_machine_as_test(machine, settings=chosen)
    except AssertionError as error:
        how = " by hand" if is_by_hand else ""
        raise AssertionError(f"machine seed {seed}{how}: {error}") from error
