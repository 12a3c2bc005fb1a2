"""An account's money on the real program: what it opens with, what its owner moves, interest."""

from decimal import Decimal

from audit.domain.permission import Permissions
from contracts.engine import Mode, ModeChanged, ReconciliationBroke
from contracts.order import OrderFilled, OrderPlaced, SetupClosed
from contracts.transaction import SigningRefused, TransactionSigned
from contracts.values import Leg
from contracts.venue import AccountFunded, CapitalMoved, InterestSettled
from contracts.verdict import OrderApproved, OrderDenied, Rule
from execution.domain.planner import PlannerCore
from kit.onchain_world import OnChainWorld, onchain_world
from kit.risk_events import a_marker, a_signal, in_log, verdict_of
from risk.domain.core import RiskCore

DEPOSIT = Decimal("1234.56")
UNIT = Decimal("0.000001")


def require_clean(world: OnChainWorld) -> None:
    """Require sums that agree, orders that were permitted, and a log that replays."""
    permissions, core = Permissions(), PlannerCore()
    assert [it for event in world.events for it in permissions.fold(event)] == []
    derived = [draft.id for recorded in world.events for draft in core.step(recorded)]
    assert derived == [it.id for it in world.events if isinstance(it.event, PlannerCore.decides)]
    assert world.found(ReconciliationBroke) == []
    assert world.found(SigningRefused) == []
    assert not world.life.standing.planner.account("local").timers.mismatch


def verdict(world: OnChainWorld) -> OrderApproved | OrderDenied:
    """Let risk judge a signal on the log as it is."""
    core, told = RiskCore(), world.events
    for recorded in told:
        core.step(recorded)
    later = in_log([a_marker(venue="localnet"), a_signal()], after=len(told))
    (judged,) = [draft for recorded in later for draft in core.step(recorded)]
    return verdict_of(judged)


def made(world: OnChainWorld) -> Decimal:
    """Add up what trades made."""
    return sum((it.realized_pnl_usd - it.fee_usd for it in world.found(OrderFilled)), Decimal(0))


async def entered(world: OnChainWorld) -> None:
    """Enter a position, with its stop and take-profits."""
    await world.approve()
    await world.steps(4)
    world.sell("149.9")
    await world.steps(8)
    assert [it.leg for it in world.found(OrderFilled)] == [Leg.ENTRY]


async def profited(world: OnChainWorld) -> None:
    """Take profit on everything."""
    for price in ("150.9", "151.9", "152.9"):
        world.move(price)
        world.buy(price)
        await world.steps(12)
    assert [it.outcome for it in world.found(SetupClosed)] == ["took-profit"]


async def test_an_account_trades_with_what_it_holds() -> None:
    async with onchain_world(usdc=DEPOSIT) as world:
        await world.steps(2)
        (funded,) = world.found(AccountFunded)
        assert funded.cash_usd == DEPOSIT
        judged = verdict(world)
        assert isinstance(judged, OrderApproved)
        assert judged.equity_usd == DEPOSIT
        assert judged.quantity_base == Decimal("4.74")  # 1,234.56 x 1 % / (2 x 1.3)

        await entered(world)
        await profited(world)
        assert verdict(world).equity_usd == DEPOSIT + made(world)
        assert world.found(CapitalMoved) == world.found(InterestSettled) == []
        require_clean(world)


async def test_what_is_paid_in_and_taken_out_is_recorded_and_sized_with() -> None:
    async with onchain_world(usdc=DEPOSIT) as world:
        await world.steps(2)
        await entered(world)
        world.pay_in("500.25")
        await world.steps(2)
        assert [it.amount_usd for it in world.found(CapitalMoved)] == [Decimal("500.25")]
        await profited(world)
        world.take_out("1000")
        await world.steps(2)
        assert [it.amount_usd for it in world.found(CapitalMoved)] == [Decimal("500.25"), -1000]

        judged = verdict(world)
        assert isinstance(judged, OrderApproved)
        (rounded,) = world.found(InterestSettled)
        assert rounded.amount_usd == -UNIT  # The program keeps what a withdrawal does not divide.
        left = DEPOSIT + Decimal("500.25") - 1000 + made(world)
        assert judged.equity_usd == left + rounded.amount_usd
        assert Mode.DEGRADED not in {it.mode for it in world.found(ModeChanged)}
        await world.approve("second")
        await world.steps(4)
        assert len(world.found(OrderPlaced)) == 7
        require_clean(world)


async def test_a_restart_counts_no_deposit_twice() -> None:
    async with onchain_world(usdc=DEPOSIT) as world:
        await world.steps(2)
        world.pay_in("100")
        for _ in range(3):
            await world.step()
            world.life = await world.begin()
        assert len(world.found(AccountFunded)) == len(world.found(CapitalMoved)) == 1
        assert verdict(world).equity_usd == DEPOSIT + 100
        require_clean(world)


async def test_nothing_is_sized_before_there_is_a_deposit() -> None:
    async with onchain_world(usdc=Decimal(0)) as world:
        await world.steps(3)
        judged = verdict(world)
        assert isinstance(judged, OrderDenied)
        assert (judged.headline, judged.quantity_base) == (Rule.RECONCILED, 0)
        await world.approve()
        await world.steps(4)
        assert world.found(TransactionSigned) == []

        world.pay_in("750")
        await world.steps(2)
        assert [it.cash_usd for it in world.found(AccountFunded)] == [750]
        assert verdict(world).equity_usd == 750


async def test_interest_is_no_break_and_a_missing_cent_is_one() -> None:
    async with onchain_world(usdc=DEPOSIT) as world:
        await world.steps(2)
        world.lend_out(Decimal("0.5"))
        await world.steps(20)
        world.accrue()
        await world.steps(2)
        assert world.found(InterestSettled) == []  # Of no worth alone; the sums agree with it.
        require_clean(world)
        await entered(world)
        (earned,) = world.found(InterestSettled)
        assert 0 < earned.amount_usd < 1
        assert earned.quote.deposit_index > 1
        world.accrue()
        world.take_out("200")
        await world.steps(2)
        world.accrue()
        await profited(world)
        assert sum(it.amount_usd for it in world.found(InterestSettled)) > earned.amount_usd
        require_clean(world)
