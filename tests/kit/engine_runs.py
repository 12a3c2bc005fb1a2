"""Seeded lives of the engine on a chain that does not love it: one seed, one life, one report."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal

from contracts.control import KillLevel
from contracts.order import OrderFilled, ReplaceIntended
from contracts.values import OrderKind, Side
from contracts.venue import DelegateSeen, MarketStatus
from execution.domain.planner import PlannerCore
from execution.domain.policy import POLICY
from execution.engine import Engine
from execution.venues.paper.chain import PaperChain
from execution.venues.paper.rules import PaperRules
from execution.venues.paper.weather import ViewFault
from kit.engine_checks import ENTRY_NUMBERS, Watch, idempotent
from kit.engine_world import ACCOUNT, EngineWorld

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
    incomplete_kills: int = 0
    outcomes: list[str] = field(default_factory=list[str])


HASTY = replace(POLICY, stale_after_ms=3_000, stale_distance_bps=Decimal(1))
"""Entries are moved soon, so that short lives see moves and conversions."""


def live(
    seed: int, *, rules: PaperRules = ROUGH, make_engine: MakeEngine | None = None, setups: int = 2
) -> Life:
    """Live through a seed; raise AssertionError with the invariant that broke, and the seed."""
    chance = random.Random(seed)
    watch = Watch()
    world = EngineWorld(
        replace(rules, seed=seed),
        seed=seed,
        policy=HASTY,
        make_engine=make_engine,
        checks=(watch, idempotent),
    )
    try:
        for _ in range(setups):
            _live_once(world, watch, chance)
    except AssertionError as error:
        raise AssertionError(f"seed {seed} at {world.now_ms}: {error}") from error
    life = Life(seed, setups=setups, crashes=world.crashes)
    life.naked_slots = max(watch.unprotected, default=0)
    life.outcomes = [it.outcome for it in world.closed]
    life.kills, life.incomplete_kills = watch.kills, watch.incomplete_kills
    life.has_filled = bool(world.events(OrderFilled))
    life.moves = len(world.events(ReplaceIntended))
    return life


def _live_once(world: EngineWorld, watch: Watch, chance: random.Random) -> None:
    """One setup from its approval to its end, with bad days on the way."""
    side = chance.choice((Side.LONG, Side.SHORT))
    world.approve(side=side, away="0.02", risk=str(chance.choice(("0.3", "0.6", "1"))))
    drift = side.sign * chance.choice((-1, 0, 0, 1)) * Decimal("0.004")
    for _ in range(chance.randint(4, 9)):
        mishap = chance.choice(_MISHAPS)
        mishap(world, watch, chance)
        world.walk(chance.randint(4, 25), drift=str(drift))
        _fair_weather(world)
        if world.state.setup is None and not world.state.heard:
            break
    _to_the_end(world, side)


def _to_the_end(world: EngineWorld, side: Side) -> None:
    """Bring the setup to its end: the market runs through the stop, and everybody does their work.

    I20: with a live venue it must come.
    """
    world.resume()
    for _ in range(60):
        if world.state.setup is None and not world.state.heard and not world.state.transactions:
            return
        world.walk(10, drift=str(-side.sign * Decimal("0.03")))
    setup = world.state.setup
    raise AssertionError(f"I20: not over after 600 s: {setup}")


def _fair_weather(world: EngineWorld) -> None:
    weather = world.chain.weather
    weather.keeper_is_down = False
    weather.oracle_is_frozen = False
    weather.views.clear()
    weather.fates_are_hidden = False
    weather.records_are_hidden = False
    weather.records_are_shuffled = False
    weather.records_repeat = False
    weather.drop_rate = None
    weather.landing_extra_ms = 0
    weather.fee_per_unit_microlamports = None
    world.chain.set_status(MarketStatus.ACTIVE)
    for order in world.truth().orders:
        if not order.user_order_id:
            world.chain.cancel_foreign(ACCOUNT, order.venue_order_id)


def _nothing(world: EngineWorld, watch: Watch, chance: random.Random) -> None:
    """Let it be."""


def _crash_soon(world: EngineWorld, _watch: Watch, chance: random.Random) -> None:
    world.crash_in = chance.randint(1, 4)


def _crash_now(world: EngineWorld, watch: Watch, chance: random.Random) -> None:
    world.crash(down_ms=chance.choice((0, 2_000, 8_000)))
    watch.excuse(world)


def _late(world: EngineWorld, _watch: Watch, chance: random.Random) -> None:
    world.chain.weather.landing_extra_ms = chance.choice((2_000, 8_000))


def _keepers_sleep(world: EngineWorld, _watch: Watch, _chance: random.Random) -> None:
    world.chain.weather.keeper_is_down = True


def _view_stands(world: EngineWorld, watch: Watch, _chance: random.Random) -> None:
    world.chain.weather.views[ACCOUNT] = ViewFault(world.chain.slot, None)
    watch.excuse(world, slots=75)


def _view_lags(world: EngineWorld, watch: Watch, chance: random.Random) -> None:
    world.chain.weather.views[ACCOUNT] = ViewFault(world.chain.slot, chance.randint(2, 12))
    watch.excuse(world, slots=75)


def _hide_records(world: EngineWorld, _watch: Watch, _chance: random.Random) -> None:
    world.chain.weather.records_are_hidden = True


def _shuffle_records(world: EngineWorld, _watch: Watch, _chance: random.Random) -> None:
    world.chain.weather.records_are_shuffled = True
    world.chain.weather.records_repeat = True


def _hide_fates(world: EngineWorld, _watch: Watch, _chance: random.Random) -> None:
    world.chain.weather.fates_are_hidden = True


def _pause(world: EngineWorld, watch: Watch, chance: random.Random) -> None:
    status = chance.choice((MarketStatus.PAUSED, MarketStatus.FILLS_PAUSED))
    world.chain.set_status(status)
    watch.excuse(world, slots=75)


def _freeze_oracle(world: EngineWorld, watch: Watch, _chance: random.Random) -> None:
    world.chain.weather.oracle_is_frozen = True
    watch.excuse(world, slots=75)


def _kill(world: EngineWorld, watch: Watch, chance: random.Random) -> None:
    level = chance.choice((KillLevel.CANCEL_ENTRIES, KillLevel.FLATTEN))
    world.kill(level)
    world.take_turns()
    world.walk(75)
    truth = world.truth()
    has_entry = any(it.user_order_id in ENTRY_NUMBERS for it in truth.orders)
    is_open = level is KillLevel.FLATTEN and bool(truth.position_base or truth.orders)
    watch.kills += 1
    watch.incomplete_kills += has_entry or is_open


def _stranger(world: EngineWorld, _watch: Watch, _chance: random.Random) -> None:
    world.chain.place_foreign(
        ACCOUNT,
        side=Side.SHORT,
        kind=OrderKind.LIMIT,
        price_usd=world.price * 2,
        quantity_base=Decimal(1),
    )


def _spike(world: EngineWorld, _watch: Watch, _chance: random.Random) -> None:
    world.chain.weather.fee_per_unit_microlamports = 5_000_000


def _gap(world: EngineWorld, _watch: Watch, chance: random.Random) -> None:
    jump = chance.choice((-1, 1)) * Decimal(chance.randint(200, 1_500)) / 1000
    world.wait(400)
    world.print_at(world.price + jump, quantity=Decimal(500))


def _silence(world: EngineWorld, _watch: Watch, chance: random.Random) -> None:
    world.wait(chance.randint(5, 60) * 1_000)


_MISHAPS: tuple[Callable[[EngineWorld, Watch, random.Random], None], ...] = (
    _nothing,
    _nothing,
    _nothing,
    _crash_soon,
    _crash_soon,
    _crash_now,
    _late,
    _keepers_sleep,
    _view_stands,
    _view_lags,
    _hide_records,
    _shuffle_records,
    _hide_fates,
    _pause,
    _freeze_oracle,
    _kill,
    _stranger,
    _spike,
    _gap,
    _silence,
)


def revoke(world: EngineWorld) -> None:
    """Let the owner take the right to sign away."""
    world.chain.set_delegate(ACCOUNT, DelegateSeen.NONE)
