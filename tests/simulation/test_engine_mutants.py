"""Every invariant can fail: a fault for each, and a life that meets it."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from random import Random

import pytest

from contracts.control import KillLevel
from contracts.order import OrderFilled
from contracts.values import Side
from execution.venues.paper.rules import PaperRules
from execution.venues.paper.weather import ViewFault
from kit.engine_checks import Watch
from kit.engine_mutants import mutant
from kit.engine_restarts import SMOOTH, live_through
from kit.engine_runs import live, to_the_end
from kit.engine_weather import leave_by_hand, place_by_hand, revoke, spike_fees
from kit.engine_world import ACCOUNT, EngineWorld

pytestmark = pytest.mark.soak


@pytest.mark.timeout(240)
@pytest.mark.parametrize(
    ("invariant", "seed"),
    [
        ("I2", 58),
        ("I3", 2),
        ("I4", 1),
        ("I5", 0),
        ("I6", 27),
        ("I7", 0),
        ("I12", 0),
        ("I13", 0),
        ("I16", 0),
    ],
)
def test_a_fault_is_seen_by_its_invariant(invariant: str, seed: int) -> None:
    with mutant(invariant), pytest.raises(AssertionError, match=f" {invariant}: "):
        live(seed, setups=1)


def a_working_entry(life_s: int = 25, *, rules: PaperRules = SMOOTH) -> tuple[EngineWorld, Watch]:
    """Give a world whose entry rests, out of the market's reach."""
    watch = Watch()
    world = EngineWorld(rules, checks=(watch,))
    world.approve(away="0.3", risk="1", life_s=life_s)
    world.walk(8)
    assert len(world.truth().orders) == 2
    return world, watch


def lose_the_key() -> None:
    """Let the owner revoke while an entry rests, and a person kill."""
    world, _ = a_working_entry()
    revoke(world, Random(1))
    world.walk(4)
    world.kill()
    world.walk(4)


def kill_slowly() -> None:
    """Kill, and wait until it must be complete."""
    world, _ = a_working_entry(life_s=200)
    world.kill(KillLevel.FLATTEN)
    world.walk(100)


def look_back() -> None:
    """Kill while an older node answers."""
    world, _ = a_working_entry()
    world.chain.weather.views[ACCOUNT] = ViewFault(world.state.slot - 1, None)
    world.kill()
    world.walk(2)


def pay_in_a_spike() -> None:
    """Kill while others pay much."""
    world, _ = a_working_entry()
    spike_fees(world, Random(1))
    world.kill()
    world.walk(2)


def expire_beside_a_stranger() -> None:
    """Let an entry's time end while an order of the owner rests on its side."""
    world, _ = a_working_entry()
    place_by_hand(world, side=Side.LONG, price=world.price / 2)
    world.walk(40)


def profit_after_the_stop_has_fired() -> None:
    """Fire the stop, let no keeper fill it, and let the market turn to the first take-profit."""
    world, _ = a_working_entry(life_s=200, rules=replace(SMOOTH, auction_slots=20))
    entry = world.price
    for _ in range(40):
        world.print_both(entry - Decimal("0.35"), quantity=Decimal(400))
        if world.truth().position_base:
            break
        world.wait(400)
    world.print_both(entry, quantity=Decimal(1))
    world.walk(6)
    assert len(world.truth().orders) == 4
    while not any(it.is_triggered for it in world.truth().orders):
        world.wait(400)
        world.print_at(entry - Decimal("1.4"), quantity=Decimal("0.1"))
    world.chain.weather.keeper_is_down = True
    for _ in range(8):
        world.print_both(entry + Decimal("1.2"), quantity=Decimal(400))
        world.wait(400)
    assert world.events(OrderFilled)


def wait_for_the_end() -> None:
    """Live on until all is over."""
    to_the_end(*a_working_entry())


@pytest.mark.timeout(240)
@pytest.mark.parametrize(
    ("invariant", "happen"),
    [
        ("I8", kill_slowly),
        ("I9", lose_the_key),
        ("I11", profit_after_the_stop_has_fired),
        ("I14", look_back),
        ("I15", pay_in_a_spike),
        ("I17", expire_beside_a_stranger),
        ("I18", kill_slowly),
        ("I20", wait_for_the_end),
    ],
)
def test_a_fault_is_seen_where_it_matters(invariant: str, happen: Callable[[], None]) -> None:
    happen()  # Without the fault nothing breaks.
    with mutant(invariant), pytest.raises(AssertionError, match=f"^{invariant}: "):
        happen()


@pytest.mark.timeout(240)
def test_a_restart_that_forgets_ends_elsewhere() -> None:
    expected, _ = live_through(4, crash_at=None)
    with mutant("I19"):
        found, _ = live_through(4, crash_at=3)
    assert found != expected


@pytest.mark.timeout(240)
def test_after_a_revoke_the_orders_stand_until_the_owner_takes_them_back() -> None:
    world, watch = a_working_entry()
    before = world.truth().orders
    revoke(world, Random(1))
    world.walk(4)
    signed = len(watch.log.signed)
    world.kill()
    world.crash()
    world.walk(4)
    assert world.state.is_revoked
    assert world.truth().orders == before
    assert not world.truth().position_base
    leave_by_hand(world)
    to_the_end(world, watch)
    assert not world.truth().orders
    assert len(watch.log.signed) == signed
    assert [it.outcome for it in world.closed] == ["not-filled"]
