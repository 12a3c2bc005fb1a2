"""Seeded lives of the engine on the real program, through the faults of execution.md 3 and 8.

The invariants are those of the lives on paper (`engine_checks`), held against what the chain holds.
"""

import asyncio
from collections.abc import Callable, Sequence
from decimal import Decimal
from random import Random

from contracts.control import KillLevel
from contracts.order import OrderFilled, ReplaceIntended
from contracts.values import Side
from execution.domain.holdings import shown_by
from execution.venues.paper.weather import ViewFault
from kit.chain_net import HOSTS, Net
from kit.chain_world import ChainWorld
from kit.engine_checks import Watch
from kit.engine_runs import HASTY, Life
from kit.engine_world import ACCOUNT
from localnet.faults import Faults, StatusLie

_REVOKE_RATE = 0.15
Mishap = Callable[[ChainWorld, Random], None]


def live_through(seeds: Sequence[int]) -> list[Life | str]:
    """Live through seeds on one net; a life that breaks an invariant is told as text.

    A seed alone may go otherwise than among others: the market is where they left it.
    """
    net, told = Net(seeds[0]), list[Life | str]()
    loop = asyncio.new_event_loop()
    try:
        for seed in seeds:
            try:
                told.append(live(seed, net, loop))
            except AssertionError as error:
                told.append(f"seed {seed} of {seeds[0]} to {seeds[-1]}: {error}")
                net = Net(seed)
    finally:
        loop.close()
    return told


def live(seed: int, net: Net, loop: asyncio.AbstractEventLoop) -> Life:
    """Live through a seed; raise AssertionError with the invariant that broke."""
    chance, watch = Random(seed), Watch()
    net.be_well()
    world = ChainWorld(net, loop, seed=seed, policy=HASTY, checks=(watch,))
    side = chance.choice((Side.LONG, Side.SHORT))
    world.approve(side=side, quantity="10.004", away="0.03", risk="0.6", off_grid="0.0004")
    drift = str(side.sign * chance.choice((-1, 0, 0, 1)) * Decimal("0.004"))
    days = [chance.choice(MISHAPS) for _ in range(chance.randint(2, 4))]
    if chance.random() < _REVOKE_RATE:
        days.append(revoke)
    for mishap in days:
        world.walk(chance.randint(0, 8), drift=drift)
        mishap(world, chance)
        world.walk(chance.randint(4, 14), drift=drift)
        clear_up(world)
        if world.state.setup is None and not world.state.heard:
            break
    to_the_end(world)
    return Life(
        seed,
        setups=1,
        has_filled=bool(world.events(OrderFilled)),
        moves=len(world.events(ReplaceIntended)),
        crashes=world.crashes,
        naked_slots=max(watch.chain.naked, default=0),
        kills=watch.log.kills,
        outcomes=[it.outcome for it in world.closed],
    )


def clear_up(world: ChainWorld) -> None:
    """End every mishap that lasts. A right to sign that was taken away does not come back."""
    world.net.be_well()
    weather = world.weather
    weather.drop_rate, weather.landing_extra_ms = None, 0
    weather.fates_lie = weather.fates_are_hidden = False
    weather.keeper_is_down = weather.oracle_is_frozen = False
    weather.views.clear()
    if world.other is not None:
        world.join()
        world.crash()


def to_the_end(world: ChainWorld) -> None:
    """Bring everything to its end, as on paper (`engine_runs.to_the_end`)."""
    clear_up(world)
    world.resume()
    for _ in range(60):
        state, held = world.state, world.truth().position_base
        if not (state.setup or state.heard or state.transactions or held):
            break
        side = Side.LONG if held > 0 else Side.SHORT
        if not held and state.setup is not None:
            side = state.setup.side
        world.walk(10, drift=str(-side.sign * Decimal("0.02")))
        if world.state.is_revoked:
            world.leave_by_hand()
    else:
        raise AssertionError(f"I20: not over after 600 s: {world.state.setup}")
    world.wait(4_000)
    left = [it for it in world.truth().orders if it.user_order_id]
    assert not left or world.state.is_revoked, f"I12: {len(left)} orders are left at the end"
    shown = shown_by(world.truth())
    assert world.state.expected == shown, f"I13: {world.state.expected} is not {shown}"


# The way of transactions.


def lose_broadcasts(world: ChainWorld, _chance: Random) -> None:
    """Drop nearly all that is broadcast."""
    for node in world.net.nodes:
        node.drop_rate = 0.97
    world.weather.drop_rate = Decimal("0.97")


def be_late(world: ChainWorld, _chance: Random) -> None:
    """Let every broadcast land anywhere up to its last block."""
    for node in world.net.nodes:
        node.late_rate = 1.0
    world.weather.landing_extra_ms = 60_000


def lose_answers(world: ChainWorld, _chance: Random) -> None:
    """Take transactions, and break the connection before the answer."""
    world.net.wire.loses_answers = True


# What nodes say.


def lie(world: ChainWorld, _chance: Random) -> None:
    """Tell of failed transactions that they ran through."""
    world.net.switch(*[Faults(status_lie=StatusLie.SUCCESS) for _ in HOSTS])
    world.weather.fates_lie = True


def hide(world: ChainWorld, chance: Random) -> None:
    """Tell no fate; of one node or of both."""
    count = chance.choice((1, 2))
    world.net.switch(*[Faults(status_lie=StatusLie.HIDDEN)] * count)
    world.weather.fates_are_hidden = True


def regress(world: ChainWorld, chance: Random) -> None:
    """Let every second answer be of some slots ago."""
    world.net.switch(*[Faults(regress_slots=chance.choice((2, 5, 12))) for _ in HOSTS])


def lag(world: ChainWorld, chance: Random) -> None:
    """Let one node, or both, be behind."""
    count = chance.choice((1, 2))
    world.net.switch(*[Faults(stale_slots=20)] * count)
    _see_nothing(world, is_so=count == 2)


def freeze(world: ChainWorld, chance: Random) -> None:
    """Let one node, the first or the second, or both stand still for a minute, answering well."""
    frozen = chance.choice((HOSTS[:1], HOSTS[1:], HOSTS))
    world.net.switch(*[Faults(is_frozen=host in frozen) for host in HOSTS])
    _see_nothing(world, is_so=frozen == HOSTS)
    world.walk(60)


def kill_beside_a_frozen_node(world: ChainWorld, chance: Random) -> None:
    """Kill once no block takes what is signed for the newest one that a frozen node knows."""
    frozen = chance.choice(HOSTS)
    world.net.switch(*[Faults(is_frozen=host == frozen) for host in HOSTS])
    world.walk(65)
    world.kill(chance.choice((KillLevel.CANCEL_ENTRIES, KillLevel.FLATTEN)))
    world.walk(90)


def leap(world: ChainWorld, chance: Random) -> None:
    """Let one node, the first or the second, claim to be ahead, a little or far."""
    ahead, liar = chance.choice((20, 200, 1_000_000)), chance.choice(HOSTS)
    world.net.switch(*[Faults(leap_slots=ahead if host == liar else 0) for host in HOSTS])


def fall_silent(world: ChainWorld, chance: Random) -> None:
    """Let one node, the first or the second, or both say nothing for a minute."""
    silent = chance.choice((HOSTS[:1], HOSTS[1:], HOSTS))
    world.net.wire.silent.update(silent)
    _see_nothing(world, is_so=silent == HOSTS)
    world.walk(60)


def storm(world: ChainWorld, chance: Random) -> None:
    """Let nodes refuse as too many whatever they are asked."""
    count = chance.choice((1, 2))
    world.net.switch(*[Faults(refuse_next_requests=chance.choice((20, 400)))] * count)
    _see_nothing(world, is_so=count == 2)


def _see_nothing(world: ChainWorld, *, is_so: bool) -> None:
    if is_so:
        world.weather.views[ACCOUNT] = ViewFault(since_slot=world.net.slot, lag_slots=None)


# The venue and its keepers.


def silence_keepers(world: ChainWorld, _chance: Random) -> None:
    """Let nobody trigger, fill or reap."""
    world.net.actors.is_keeper_off = world.weather.keeper_is_down = True


def freeze_oracle(world: ChainWorld, _chance: Random) -> None:
    """Let the oracle publish nothing."""
    world.net.actors.is_oracle_frozen = world.weather.oracle_is_frozen = True


def gap(world: ChainWorld, chance: Random) -> None:
    """Let the market jump."""
    jump = chance.choice((-1, 1)) * Decimal(chance.randint(200, 1_200)) / 1_000
    world.trade(world.price + jump, Decimal(500))


# The engine, people, and the owner.


def crash_at_boundary(world: ChainWorld, chance: Random) -> None:
    """Kill the engine after one of its next appends or broadcasts."""
    world.crash_in = chance.randint(1, 4)


def crash(world: ChainWorld, chance: Random) -> None:
    """Kill the engine now."""
    world.crash(down_ms=chance.choice((0, 2_000, 8_000)))


def split(world: ChainWorld, _chance: Random) -> None:
    """Let a second executor run beside the first."""
    world.split()


def kill(world: ChainWorld, chance: Random) -> None:
    """Stop everything of a level, and let it be done."""
    world.kill(chance.choice(tuple(KillLevel)))
    world.walk(20)


def revoke(world: ChainWorld, _chance: Random) -> None:
    """Let the owner take the right to sign away, for ever."""
    world.revoke()


MISHAPS: tuple[Mishap, ...] = (
    lose_broadcasts,
    be_late,
    lose_answers,
    lie,
    hide,
    regress,
    lag,
    freeze,
    kill_beside_a_frozen_node,
    leap,
    fall_silent,
    storm,
    silence_keepers,
    freeze_oracle,
    gap,
    crash_at_boundary,
    crash_at_boundary,
    crash,
    split,
    kill,
)
