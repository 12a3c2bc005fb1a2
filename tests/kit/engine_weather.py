"""What can go wrong around the engine, as one list: the seeded lives and the machine share it.

Each mishap changes a world and returns; it lasts until `clear_up`, unless it is a moment's work.
What it needs of chance comes as a random source, so that a seed repeats it.
"""

from collections.abc import Callable
from decimal import Decimal
from random import Random

from contracts.control import KillLevel
from contracts.values import OrderKind, Side
from contracts.venue import DelegateSeen, MarketStatus, VenueObserved
from execution.venues.paper.codes import Refused
from execution.venues.paper.weather import ViewFault
from kit.engine_world import ACCOUNT, SPEC, EngineWorld

Mishap = Callable[[EngineWorld, Random], None]


def clear_up(world: EngineWorld) -> None:
    """End every mishap that lasts. A right to sign that was taken away does not come back."""
    weather = world.chain.weather
    weather.keeper_is_down = False
    weather.oracle_is_frozen = False
    weather.views.clear()
    weather.fates_are_hidden = False
    weather.fates_lie = False
    weather.records_are_hidden = False
    weather.records_are_shuffled = False
    weather.records_repeat = False
    weather.drop_rate = None
    weather.landing_extra_ms = 0
    weather.program_is_foreign = False
    weather.fee_per_unit_microlamports = None
    world.chain.set_status(MarketStatus.ACTIVE)
    world.chain.set_reduce_only(ACCOUNT, is_on=False)
    if world.by_hand is not None:
        world.by_hand.diligence, world.by_hand.is_honest = 1.0, True
    _take_back(world, own=False)


KILLS = (KillLevel.PAUSE_ENTRIES, KillLevel.CANCEL_ENTRIES, KillLevel.FLATTEN)
"""What a person engages; the level above flattens in the same way, and then ends a key."""


def is_seeing(world: EngineWorld, truth: VenueObserved) -> bool:
    """Say whether the engine is up, sees the venue as it is, reaches it, and may act."""
    weather = world.chain.weather
    return not (
        world.is_down
        or weather.is_engine_down
        or weather.views
        or weather.oracle_is_frozen
        or weather.drop_rate is not None
        or weather.program_is_foreign
        or truth.is_liquidating
        or truth.market_seen.status is not MarketStatus.ACTIVE
        or not _may_sign(world, truth)
    )


def _may_sign(world: EngineWorld, truth: VenueObserved) -> bool:
    """Say whether somebody signs at once: by hand, nothing waits for the owner then.

    What the owner declined is not asked for again for a while.
    """
    state = world.state
    if state.is_revoked:
        return False
    if world.by_hand is not None:
        return not state.offers and all(it <= state.slot for it in state.declined.values())
    return truth.delegate is DelegateSeen.OURS


def is_fair(world: EngineWorld, truth: VenueObserved) -> bool:
    """Say whether everybody does their work besides."""
    weather = world.chain.weather
    return is_seeing(world, truth) and not (
        weather.keeper_is_down
        or weather.landing_extra_ms
        or weather.fates_are_hidden
        or weather.fates_lie
        or weather.records_are_hidden
    )


# The chain and its nodes.


def lose_broadcasts(world: EngineWorld, _chance: Random) -> None:
    """Drop nearly all that is broadcast."""
    world.chain.weather.drop_rate = Decimal("0.97")


def delay_landings(world: EngineWorld, chance: Random) -> None:
    """Let everything land later."""
    world.chain.weather.landing_extra_ms = chance.choice((2_000, 8_000))


def broadcast_twice(world: EngineWorld, _chance: Random) -> None:
    """Broadcast again all that was ever signed."""
    world.broadcast_again()


def repeat_records(world: EngineWorld, _chance: Random) -> None:
    """Tell again what was told before."""
    world.chain.weather.records_repeat = True


def shuffle_records(world: EngineWorld, _chance: Random) -> None:
    """Tell what happened out of order, and some of it again."""
    world.chain.weather.records_are_shuffled = True
    world.chain.weather.records_repeat = True


def hide_records(world: EngineWorld, _chance: Random) -> None:
    """Tell nothing of what happened."""
    world.chain.weather.records_are_hidden = True


def hide_fates(world: EngineWorld, _chance: Random) -> None:
    """Tell no transaction's fate."""
    world.chain.weather.fates_are_hidden = True


def stop_view(world: EngineWorld, _chance: Random) -> None:
    """Let the node that shows the account stand still."""
    world.chain.weather.views[ACCOUNT] = ViewFault(world.chain.slot, None)


def lag_view(world: EngineWorld, chance: Random) -> None:
    """Let the node that shows the account fall behind."""
    world.chain.weather.views[ACCOUNT] = ViewFault(world.chain.slot, chance.randint(2, 12))


def roll_back_view(world: EngineWorld, chance: Random) -> None:
    """Let a node answer that is behind what was shown before."""
    world.chain.weather.views[ACCOUNT] = ViewFault(world.chain.slot - chance.randint(5, 20), None)


def spike_fees(world: EngineWorld, _chance: Random) -> None:
    """Let others pay a hundred times as much."""
    world.chain.weather.fee_per_unit_microlamports = 5_000_000


# The venue and its keepers.


def silence_keepers(world: EngineWorld, _chance: Random) -> None:
    """Let nobody trigger, fill, reap or liquidate."""
    world.chain.weather.keeper_is_down = True


def pause_venue(world: EngineWorld, chance: Random) -> None:
    """Pause the market."""
    paused = (MarketStatus.PAUSED, MarketStatus.FILLS_PAUSED, MarketStatus.HALTED)
    world.chain.set_status(chance.choice(paused))


def freeze_oracle(world: EngineWorld, _chance: Random) -> None:
    """Let the oracle publish nothing."""
    world.chain.weather.oracle_is_frozen = True


def expire(world: EngineWorld, _chance: Random) -> None:
    """Let nothing be traded, and the engine be dead, until an entry's time is over."""
    entries = [it.expires_at for it in world.truth().orders if it.expires_at is not None]
    if not entries:
        return
    left = max(entries) - world.truth().clock.at
    milliseconds = max(0, int(left.total_seconds() * 1000))
    world.crash(down_ms=milliseconds)
    world.wait(milliseconds + 2_000)


def liquidate(world: EngineWorld, _chance: Random) -> None:
    """Let the market jump to where the position is taken over."""
    price = world.truth().liquidation_usd
    if price is None:
        return
    sign = 1 if price > world.price else -1
    world.wait(400)
    world.print_at((price * (1 + sign * Decimal("0.001"))).quantize(SPEC.tick_usd), quantity=_MUCH)
    world.wait(2_000)


_MUCH = Decimal(500)


def gap(world: EngineWorld, chance: Random) -> None:
    """Let the market jump."""
    jump = chance.choice((-1, 1)) * Decimal(chance.randint(200, 1_500)) / 1000
    world.wait(400)
    world.print_at(world.price + jump, quantity=_MUCH)


def fall_silent(world: EngineWorld, chance: Random) -> None:
    """Let nothing be traded for a while."""
    world.wait(chance.randint(5, 40) * 1_000)


# The engine.


def crash_at_boundary(world: EngineWorld, chance: Random) -> None:
    """Kill the engine after one of its next appends or broadcasts."""
    world.crash_in = chance.randint(1, 4)


def crash(world: EngineWorld, chance: Random) -> None:
    """Kill the engine now."""
    world.crash(down_ms=chance.choice((0, 2_000, 8_000)))


# People, and the owner.


def kill(world: EngineWorld, chance: Random) -> None:
    """Stop everything of a level, and let it be done."""
    world.kill(chance.choice(KILLS))
    world.take_turns()
    world.walk(20)


def resume(world: EngineWorld, _chance: Random) -> None:
    """Take the kill back."""
    world.resume()


def wish_cancel(world: EngineWorld, chance: Random) -> None:
    """Ask for the cancel of one of the engine's orders."""
    setup = world.state.setup
    if setup is not None and setup.orders:
        world.wish_canceled(chance.choice(setup.orders).client_order_id)


def rest_by_hand(world: EngineWorld, chance: Random) -> None:
    """Let the owner's own order rest far from the market."""
    side = chance.choice((Side.LONG, Side.SHORT))
    price = world.price * (2 if side is Side.SHORT else Decimal("0.5"))
    place_by_hand(world, side=side, price=price)


def trade_by_hand(world: EngineWorld, chance: Random) -> None:
    """Let the owner trade on the engine's account."""
    side = chance.choice((Side.LONG, Side.SHORT))
    price = world.price * (1 + side.sign * Decimal("0.02"))
    quantity = Decimal(chance.randint(1, 15))
    place_by_hand(world, side=side, price=price, quantity=quantity, takes=True)


def only_shrink(world: EngineWorld, _chance: Random) -> None:
    """Let the owner allow the account only to shrink."""
    world.chain.set_reduce_only(ACCOUNT, is_on=True)


def revoke(world: EngineWorld, chance: Random) -> None:
    """Let the owner take the right to sign away, for ever."""
    world.chain.set_delegate(ACCOUNT, chance.choice((None, "somebody")))


def upgrade(world: EngineWorld, _chance: Random) -> None:
    """Let the program be another one, that reads nothing of ours."""
    world.chain.weather.program_is_foreign = True


def neglect(world: EngineWorld, chance: Random) -> None:
    """Let the owner look away, or for long."""
    assert world.by_hand is not None
    world.by_hand.diligence = chance.choice((0.0, 0.01, 0.1))


def cheat(world: EngineWorld, _chance: Random) -> None:
    """Let the wallet change what it signs, and the owner decline."""
    assert world.by_hand is not None
    world.by_hand.is_honest = False


BY_HAND: tuple[Mishap, ...] = (neglect, cheat)
"""What an account lives through whose owner signs by hand."""

MISHAPS: tuple[Mishap, ...] = (
    lose_broadcasts,
    delay_landings,
    broadcast_twice,
    repeat_records,
    shuffle_records,
    hide_records,
    hide_fates,
    stop_view,
    lag_view,
    roll_back_view,
    spike_fees,
    silence_keepers,
    pause_venue,
    freeze_oracle,
    expire,
    gap,
    fall_silent,
    crash_at_boundary,
    crash,
    kill,
    wish_cancel,
    rest_by_hand,
    trade_by_hand,
    only_shrink,
)
"""What an account lives through and goes on."""

LAST: tuple[Mishap, ...] = (liquidate, revoke, upgrade)
"""What leaves an account that hardly trades any more, or never."""


def leave_by_hand(world: EngineWorld) -> None:
    """Let the owner take back every order and close the position."""
    _take_back(world, own=True)
    position = world.truth().position_base
    if position:
        side = Side.SHORT if position > 0 else Side.LONG
        price = world.price * (1 + side.sign * Decimal("0.05"))
        place_by_hand(world, side=side, price=price, quantity=abs(position), takes=True)


def _take_back(world: EngineWorld, *, own: bool) -> None:
    for order in world.truth().orders:
        if own or not order.user_order_id:
            world.strangers.pop(order.venue_order_id, None)
            world.chain.cancel_foreign(ACCOUNT, order.venue_order_id)


def place_by_hand(
    world: EngineWorld,
    *,
    side: Side,
    price: Decimal,
    quantity: Decimal = Decimal("0.5"),
    takes: bool = False,
) -> None:
    """Place an order as the owner; the program may refuse it."""
    try:
        placed = world.chain.place_foreign(
            ACCOUNT,
            side=side,
            kind=OrderKind.IMMEDIATE_OR_CANCEL if takes else OrderKind.LIMIT,
            price_usd=price.quantize(SPEC.tick_usd),
            quantity_base=quantity,
        )
    except Refused:
        return
    if placed is not None and not takes:
        world.strangers[placed] = side
