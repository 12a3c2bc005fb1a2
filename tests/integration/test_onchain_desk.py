"""Execution on the real program: an approval becomes a bracket, rests, fills and is laddered."""

from decimal import Decimal

import msgspec

from audit.domain.orders import Orders
from audit.domain.permission import Permissions
from contracts.control import KillLevel
from contracts.engine import ModeChanged, ReconciliationBroke
from contracts.order import OrderFilled, OrderPlaced, SetupClosed
from contracts.ticks import TapeEnd, Trade
from contracts.transaction import SigningRefused, TransactionLanded, TransactionSigned
from contracts.values import Leg, to_millis
from contracts.venue import VenueAdvanced
from execution.domain.planner import PlannerCore
from kit.execution_events import a_kill
from kit.onchain_world import OnChainWorld, onchain_world


def require_clean(world: OnChainWorld) -> None:
    """Require what `audit verify` and `audit replay` require of orders, and agreeing sums."""
    permissions, orders, core = Permissions(), Orders(), PlannerCore()
    assert [it for event in world.events for it in permissions.fold(event)] == []
    assert [it for event in world.events for it in orders.fold(event)] == []
    derived = [draft.id for recorded in world.events for draft in core.step(recorded)]
    assert derived == [it.id for it in world.events if isinstance(it.event, PlannerCore.decides)]
    assert world.found(ReconciliationBroke) == []
    assert world.found(SigningRefused) == []


async def rested(world: OnChainWorld) -> None:
    """Let an entry with its stop rest."""
    await world.steps(3)
    await world.approve()
    await world.steps(4)
    assert [it.leg for it in world.found(OrderPlaced)] == [Leg.ENTRY, Leg.STOP]


async def test_an_entry_rests_with_its_stop_fills_is_laddered_and_taken_profit_on() -> None:
    async with onchain_world() as world:
        await rested(world)
        world.sell("149.9")
        await world.steps(8)
        assert [it.leg for it in world.found(OrderPlaced)][2:] == [Leg.TP1, Leg.TP2, Leg.TP3]
        for price in ("150.9", "151.9", "152.9"):
            world.move(price)
            world.buy(price)
            await world.steps(12)
        assert {it.leg for it in world.found(OrderFilled)} == {
            Leg.ENTRY,
            Leg.TP1,
            Leg.TP2,
            Leg.TP3,
        }
        (closed,) = world.found(SetupClosed)
        assert closed.outcome == "took-profit"
        assert closed.realized_pnl_usd > 10
        assert world.on.rig.seen().orders == ()
        require_clean(world)


async def test_a_restart_at_any_moment_signs_nothing_twice() -> None:
    async with onchain_world() as world:
        await world.steps(3)
        await world.approve()
        await world.on.faults(drop_next_sends=2)
        for _ in range(8):
            await world.step()
            world.life = await world.begin()
        signed = world.found(TransactionSigned)
        assert len(signed) == 1
        assert [it.signature for it in world.found(TransactionLanded)] == [signed[0].signature]
        world.sell("149.9", "4")
        for _ in range(10):
            await world.step()
            world.life = await world.begin()
        assert [it.quantity_base for it in world.found(OrderFilled)] == [Decimal(4)]
        require_clean(world)


async def test_a_kill_takes_the_entry_back() -> None:
    async with onchain_world() as world:
        await rested(world)
        await world.say("gateway", a_kill(level=KillLevel.FLATTEN))
        await world.steps(8)
        assert world.on.rig.seen().orders == ()
        assert world.found(ModeChanged)[-1].mode == "kill_flatten"
        (closed,) = world.found(SetupClosed)
        assert closed.outcome
        require_clean(world)


async def test_bars_are_told_closed_once_the_chain_was_read_after_their_print() -> None:
    async with onchain_world() as world:
        await world.steps(3)
        minute_ms = world.now_ms // 60_000 * 60_000

        def trade(number: int, at_ms: int) -> Trade:
            return Trade(i=number, t=minute_ms + at_ms, p="150", q="1", m=True)

        await world.prints(trade(1, 1_000), trade(2, 59_000), trade(3, 62_500))
        assert world.found(VenueAdvanced) == []
        await world.step()
        (told,) = world.found(VenueAdvanced)
        assert (told.venue, told.last_trade_id) == ("localnet", 2)
        assert world.dead_letters.parked == []


async def test_a_tape_ends_with_its_last_bar_and_the_chain_goes_on() -> None:
    async with onchain_world() as world:
        await world.steps(3)
        minute_ms = world.now_ms // 60_000 * 60_000
        last_ms = minute_ms + 65_000
        trade = Trade(i=1, t=minute_ms + 1_000, p="150", q="1", m=True)
        last = Trade(i=2, t=last_ms, p="150", q="1", m=True)
        await world.prints(trade, last, TapeEnd(i=2, t=last_ms), TapeEnd(i=2, t=last_ms))
        await world.steps(2)
        (told,) = world.found(VenueAdvanced)
        assert told.last_trade_id == 2
        assert to_millis(told.minute) == minute_ms + 60_000
        world.life = await world.begin()
        await world.prints(TapeEnd(i=2, t=last_ms), msgspec.structs.replace(last, i=3))
        await world.steps(2)
        assert len(world.found(VenueAdvanced)) == 1
        (parked,) = world.dead_letters.parked
        assert "no trade after the end of the tape, found trade 3" in parked.reason
        await world.approve()
        await world.steps(4)
        assert [it.leg for it in world.found(OrderPlaced)] == [Leg.ENTRY, Leg.STOP]
