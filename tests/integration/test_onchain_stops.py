"""Every way to stop, at every state of a setup, on the real program behind RPC."""

from collections.abc import Awaitable, Callable
from decimal import Decimal

import pytest

from audit.domain.key_life import KeyLife
from audit.domain.permission import Permissions
from contracts.control import KillLevel, KillSwitchEngaged
from contracts.delegation import DelegateKeyDestroyed, DelegationState, KeyEnd
from contracts.engine import Mode, ModeChanged
from contracts.event import Event
from contracts.order import (
    OrderFilled,
    OrderIntended,
    OrderPlaced,
    ReplaceIntended,
    TriggerIntended,
)
from contracts.transaction import TransactionLanded, TransactionSigned
from contracts.values import Leg, OrderKind
from contracts.venue import ObservedOrder, VenueObserved
from execution.domain.planner import PlannerCore
from kit.drift_chain import ACCOUNT
from kit.onchain_world import OnChainWorld, onchain_world

SLOTS_MAX = 60
"""So long a stop may take to be complete; and so long a state may take to come."""
QUIET_SLOTS = 8
"""For so long nothing more is signed once a stop is complete."""
Act = Callable[[OnChainWorld], Awaitable[None]]


def seen(world: OnChainWorld) -> VenueObserved:
    """Give what stands on the chain."""
    return world.on.rig.seen()


def entries(world: OnChainWorld) -> list[ObservedOrder]:
    return [it for it in seen(world).orders if not it.is_reduce_only]


def stops(world: OnChainWorld) -> list[ObservedOrder]:
    return [it for it in seen(world).orders if it.kind is OrderKind.TRIGGER_MARKET]


def ladder(world: OnChainWorld) -> list[ObservedOrder]:
    own = {it.user_order_id for it in (*entries(world), *stops(world))}
    return [it for it in seen(world).orders if it.user_order_id not in own]


def legs(world: OnChainWorld, kind: type[OrderPlaced] | type[OrderFilled]) -> list[Leg]:
    return [it.leg for it in world.found(kind)]


async def until(world: OnChainWorld, is_so: Callable[[], bool], what: str) -> None:
    """Take steps until something is so."""
    for _ in range(SLOTS_MAX):
        if is_so():
            return
        await world.step()
    raise AssertionError(f"expected {what} in {SLOTS_MAX} slots, found {seen(world)}")


# The states: each leaves the world in it, and requires that it is.


async def flat(world: OnChainWorld) -> None:
    await world.steps(3)
    assert seen(world).orders == ()


async def on_its_way(world: OnChainWorld) -> None:
    """The entry is signed, and its first broadcasts are lost."""
    await world.steps(3)
    await world.on.faults(drop_next_sends=2)
    await world.approve()
    await until(world, lambda: bool(world.found(TransactionSigned)), "a signed entry")
    assert world.found(TransactionLanded) == []


async def resting(world: OnChainWorld) -> None:
    await world.steps(3)
    await world.approve()
    await until(world, lambda: legs(world, OrderPlaced) == [Leg.ENTRY, Leg.STOP], "a bracket")
    assert (len(entries(world)), len(stops(world))) == (1, 1)


async def partly_filled(world: OnChainWorld) -> None:
    await resting(world)
    world.sell("149.9", "4")
    await until(world, lambda: bool(world.found(OrderFilled)), "a fill")
    assert (seen(world).position_base, len(entries(world))) == (4, 1)


async def laddered(world: OnChainWorld) -> None:
    await resting(world)
    world.sell("149.9")
    await until(world, lambda: Leg.TP3 in legs(world, OrderPlaced), "take-profits")
    assert seen(world).position_base == 10
    assert (len(entries(world)), len(stops(world)), len(ladder(world))) == (0, 1, 3)


async def after_tp1(world: OnChainWorld) -> None:
    await laddered(world)
    world.move("150.9")
    world.buy("150.9", "5")
    await until(
        world, lambda: bool(stops(world)) and (stops(world)[0].price_usd or 0) > 149, "break-even"
    )
    assert legs(world, OrderFilled)[-1] is Leg.TP1
    assert (seen(world).position_base, len(ladder(world))) == (5, 2)


async def fired(world: OnChainWorld) -> None:
    """The market is past the stop, we fire it ourselves, and no keeper is there to fill it."""
    await laddered(world)
    world.on.rig.desk.actors.is_keeper_off = True
    world.move("148.5")
    await until(world, lambda: any(it.is_triggered for it in stops(world)), "a fired stop")
    assert world.found(TriggerIntended)
    assert seen(world).position_base == 10


async def closing(world: OnChainWorld) -> None:
    """A market exit helps the stop that nobody fills, and its first broadcasts are lost."""
    await fired(world)
    await world.on.faults(drop_next_sends=2)
    await until(world, lambda: is_closing(world), "a market exit")
    assert seen(world).position_base == 10


STATES: tuple[Act, ...] = (
    flat,
    on_its_way,
    resting,
    partly_filled,
    laddered,
    after_tp1,
    fired,
    closing,
)


# The stops: each is complete when it returns, and requires what it promises.


async def paused(world: OnChainWorld) -> None:
    before = {it.user_order_id for it in entries(world)}
    await kill(world, KillLevel.PAUSE_ENTRIES, Mode.PAUSED)
    await world.steps(2)
    assert before <= {it.user_order_id for it in entries(world)}
    require_protected(world)
    if is_leaving(world):
        quote(world)
        await until(world, lambda: is_done(world), "the exit to go on")


async def entries_canceled(world: OnChainWorld) -> None:
    targets, is_held = len(ladder(world)), not is_leaving(world)
    await kill(world, KillLevel.CANCEL_ENTRIES, Mode.KILL_CANCEL)
    await until(world, lambda: not entries(world), "no entry")
    await world.steps(4)
    assert entries(world) == []
    require_protected(world)
    if seen(world).position_base and is_held:
        assert len(ladder(world)) == targets
    else:
        quote(world)
        await until(world, lambda: is_done(world), "nothing left")


async def flattened(world: OnChainWorld) -> None:
    quote(world)
    await kill(world, KillLevel.FLATTEN, Mode.KILL_FLATTEN)
    await until(world, lambda: is_done(world), "a flat account without orders")


async def key_destroyed(world: OnChainWorld) -> None:
    quote(world)
    await kill(world, KillLevel.REVOKE_DELEGATE, Mode.KILL_FLATTEN)
    await until(world, lambda: bool(world.found(DelegateKeyDestroyed)), "no key")
    assert is_done(world)
    assert [it.reason for it in world.found(DelegateKeyDestroyed)] == [KeyEnd.KILL]
    assert world.files == []


async def revoked(world: OnChainWorld) -> None:
    held = seen(world).position_base
    await world.revoke()
    await until(world, lambda: world.state is DelegationState.REVOKED, "a revoke")
    assert [it.reason for it in world.found(DelegateKeyDestroyed)] == [KeyEnd.REVOKE]
    assert entries(world) == []
    assert seen(world).position_base in ({held, 0} if is_closing(world) else {held})
    require_protected(world)
    signed = len(world.found(TransactionSigned))
    await world.approve("too-late")
    await world.steps(3)
    assert len(world.found(TransactionSigned)) == signed


WAYS: tuple[Act, ...] = (paused, entries_canceled, flattened, key_destroyed, revoked)


async def kill(world: OnChainWorld, level: KillLevel, mode: Mode) -> None:
    """Engage a kill, and let execution hear of it."""
    await world.person(KillSwitchEngaged(account=None, level=level, reason="test", by="test"))
    await until(
        world,
        lambda: any(it.mode is mode for it in world.found(ModeChanged)),
        f"mode {mode}",
    )


def quote(world: OnChainWorld) -> None:
    """Let somebody stand where a market exit finds him."""
    oracle = seen(world).market_seen.oracle_usd
    world.on.rig.quote(str(oracle - Decimal("0.3")), str(oracle + Decimal("0.3")))


def is_done(world: OnChainWorld) -> bool:
    """Say whether nothing is held, rests, or may still land."""
    at, known = seen(world), world.life.standing.planner.account(ACCOUNT)
    return not (at.position_base or at.orders or known.setup or known.transactions)


def is_closing(world: OnChainWorld) -> bool:
    return any(it.leg is Leg.CLOSE for it in world.found(OrderIntended))


def is_leaving(world: OnChainWorld) -> bool:
    """Say whether the position is about to be gone whatever anybody stops."""
    return is_closing(world) or any(it.is_triggered for it in stops(world))


def require_protected(world: OnChainWorld) -> None:
    """Require that a position has its stop, on the venue."""
    assert len(stops(world)) == 1 or not seen(world).position_base


async def require_quiet(world: OnChainWorld, position: int) -> None:
    """Require that nothing new is sent for an entry since a position, and nothing at all by now."""
    signed = len(world.found(TransactionSigned))
    await world.steps(QUIET_SLOTS)
    assert len(world.found(TransactionSigned)) == signed
    later: list[Event] = [it.event for it in world.events if it.position > position]
    sent = [it for it in later if isinstance(it, OrderIntended | ReplaceIntended)]
    assert [it for it in sent if it.leg is Leg.ENTRY] == []


def require_clean(world: OnChainWorld) -> None:
    """Require what `audit verify` and `audit replay` require of orders, signatures and keys."""
    permissions, keys, core = Permissions(), KeyLife(), PlannerCore()
    assert [it for event in world.events for it in permissions.fold(event)] == []
    assert [it for event in world.events for it in keys.fold(event)] == []
    derived = [draft.id for recorded in world.events for draft in core.step(recorded)]
    assert derived == [it.id for it in world.events if isinstance(it.event, PlannerCore.decides)]


def cases() -> list[object]:
    """Give every state with every way; a way for each state is quick, the rest is soak."""
    return [
        pytest.param(
            state,
            way,
            id=f"{state.__name__}-{way.__name__}",
            marks=() if number % len(WAYS) == place else pytest.mark.soak,
        )
        for number, state in enumerate(STATES)
        for place, way in enumerate(WAYS)
    ]


@pytest.mark.parametrize(("state", "way"), cases())
async def test_a_stop_is_complete_and_final_at_every_state(state: Act, way: Act) -> None:
    async with onchain_world() as world:
        await state(world)
        position = world.events[-1].position
        await way(world)
        await require_quiet(world, position)
        require_clean(world)
