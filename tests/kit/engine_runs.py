"""Seeded lives of the engine on a chain that does not love it: one seed, one life, one report."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal

from contracts.order import OrderFilled, ReplaceIntended
from contracts.values import Side
from execution.domain.planner import PlannerCore
from execution.domain.policy import POLICY
from execution.engine import Engine
from execution.venues.paper.chain import PaperChain
from execution.venues.paper.rules import PaperRules
from kit.engine_checks import Watch
from kit.engine_owner import OwnerByHand
from kit.engine_weather import LAST, MISHAPS, clear_up, leave_by_hand
from kit.engine_world import EngineWorld

MakeEngine = Callable[[PlannerCore, PaperChain], Engine]

ROUGH = replace(
    PaperRules(),
    drop_rate=Decimal("0.40"),
    landing_ms=((0, 400), (500, 1_200), (900, 6_000), (1_000, 18_000)),
    late_rate=Decimal("0.02"),
    blockhash_life_blocks=60,
    oracle_silence_ms=0,
    participation=Decimal("0.5"),
    queue_ahead_usd=Decimal(1_000),
)
"""The landing of execution.md 8.9: 40 % lost per try, up to 45 slots late, 60 blocks to live."""


HASTY = replace(POLICY, stale_after_ms=3_000, stale_distance_bps=Decimal(1))
"""Entries are moved soon, so that short lives see moves and conversions."""

DEPOSIT_USD = Decimal(400)
"""Little, beside positions of 1,000 USD, so that a jump can liquidate."""
_LAST_RATE = 0.2
"""Part of the lives that meet what an account does not recover from."""


@dataclass
class Life:
    """How one seeded life went."""

    seed: int
    setups: int = 0
    has_filled: bool = False
    moves: int = 0
    crashes: int = 0
    naked_slots: int = 0
    """Longest run without a stop while a position was open and everybody was awake."""
    kills: int = 0
    outcomes: list[str] = field(default_factory=list[str])


def rough_world(
    seed: int,
    watch: Watch,
    *,
    rules: PaperRules = ROUGH,
    make_engine: MakeEngine | None = None,
    by_hand: OwnerByHand | None = None,
) -> EngineWorld:
    """Give a watched world on a rough chain."""
    return EngineWorld(
        replace(rules, seed=seed),
        seed=seed,
        policy=HASTY,
        make_engine=make_engine,
        checks=(watch,),
        deposit_usd=DEPOSIT_USD,
        by_hand=by_hand,
    )


def live(
    seed: int, *, rules: PaperRules = ROUGH, make_engine: MakeEngine | None = None, setups: int = 2
) -> Life:
    """Live through a seed; raise AssertionError with the invariant that broke, and the seed."""
    chance = random.Random(seed)
    watch = Watch()
    world = rough_world(seed, watch, rules=rules, make_engine=make_engine)
    try:
        for number in range(setups):
            _live_once(world, watch, chance, is_last=number == setups - 1)
    except AssertionError as error:
        raise AssertionError(f"seed {seed} at {world.now_ms}: {error}") from error
    return Life(
        seed,
        setups=setups,
        has_filled=bool(world.events(OrderFilled)),
        moves=len(world.events(ReplaceIntended)),
        crashes=world.crashes,
        naked_slots=max(watch.chain.naked, default=0),
        kills=watch.log.kills,
        outcomes=[it.outcome for it in world.closed],
    )


def _live_once(world: EngineWorld, watch: Watch, chance: random.Random, *, is_last: bool) -> None:
    """One setup from its approval to its end, with bad days on the way."""
    side = approve_any(world, chance)
    drift = side.sign * chance.choice((-1, 0, 0, 1)) * Decimal("0.004")
    days = [chance.choice(MISHAPS) for _ in range(chance.randint(4, 9))]
    if is_last and chance.random() < _LAST_RATE:
        days.append(chance.choice(LAST))
    for mishap in days:
        world.walk(chance.randint(0, 12), drift=str(drift))
        mishap(world, chance)
        world.walk(chance.randint(4, 20), drift=str(drift))
        clear_up(world)
        if world.state.setup is None and not world.state.heard:
            break
    to_the_end(world, watch)


def approve_any(world: EngineWorld, chance: random.Random) -> Side:
    """Let risk approve a setup of any side and width, off the market's grid; give its side."""
    side = chance.choice((Side.LONG, Side.SHORT))
    risk = str(chance.choice(("0.3", "0.6", "1")))
    world.approve(side=side, quantity="10.004", away="0.02", risk=risk, off_grid="0.0004")
    return side


def to_the_end(world: EngineWorld, watch: Watch) -> None:
    """Bring everything to its end: the market runs through the stops, all do their work.

    I20: with a live venue the end must come. The owner does by hand what the engine may not.
    """
    clear_up(world)
    world.resume()
    for _ in range(60):
        state = world.state
        if not (state.setup or state.heard or state.transactions or world.truth().position_base):
            break
        held = world.truth().position_base
        side = Side.LONG if held > 0 else Side.SHORT
        if not held and state.setup is not None:
            side = state.setup.side  # With a position it may be another: a stranger turned it.
        world.walk(10, drift=str(-side.sign * Decimal("0.03")))
        if world.state.is_revoked:
            leave_by_hand(world)
    else:
        raise AssertionError(f"I20: not over after 600 s: {world.state.setup}")
    world.walk(8)
    left = [it for it in world.truth().orders if it.user_order_id]
    assert not left, f"I12: {len(left)} orders are left at the end"
    watch.log.require_explained(world)
