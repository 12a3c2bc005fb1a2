"""I19 of execution.md 8.8: a crash at a recorded boundary changes nothing of what comes of it.

A schedule is a walk of price plateaus, each long enough for everything that it leads to, landed
late or not; on it stand the approvals and what people say. It is lived once without a crash, and
once with the engine killed at one boundary: an append, or a broadcast.

What must be equal: position, cash to the last unit, open orders with number, side, price and size,
every fill with its number, side, price, size and fee, in order, and the outcomes of the setups.
What may differ: slots and times, venue order ids, signatures, and the fee payer's lamports, since
what was lost with the engine is signed anew. Of each intended order, at most one was placed.
"""

from collections import Counter
from dataclasses import dataclass, replace
from decimal import Decimal
from random import Random

from contracts.control import KillLevel
from contracts.order import OrderIntended
from contracts.values import Side
from execution.venues.paper.rules import PaperRules
from execution.venues.port import FilledRecord, PlacedRecord
from kit.engine_checks import Watch
from kit.engine_runs import HASTY
from kit.engine_world import EngineWorld

PLATEAU_MS = 14_000
PRINT_MS = 1_600
PLATEAUS = 6
SMOOTH = replace(PaperRules.calm(), landing_ms=((0, 400), (1_000, 800)), view_lag_slots_max=1)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a life came to."""

    position: Decimal
    cash: Decimal
    orders: tuple[object, ...]
    fills: tuple[object, ...]
    closed: tuple[str, ...]


def live_through(seed: int, *, crash_at: int | None, down_ms: int = 0) -> tuple[Outcome, int]:
    """Live a schedule, with a crash at a boundary or none; give what came of it, and how many
    boundaries there were.
    """
    chance = Random(seed)
    world = EngineWorld(
        SMOOTH, seed=seed, policy=HASTY, checks=(Watch(),), down_ms=down_ms, crash_in=crash_at
    )
    side = chance.choice((Side.LONG, Side.SHORT))
    world.approve(side=side, away="0.05", risk="0.3", off_grid="0.0004")
    path = chance.choice(_PATHS)
    price = world.price
    for away in path:
        _stand(world, price + side.sign * Decimal(away))
    if chance.random() < 0.5:
        world.kill(chance.choice((KillLevel.CANCEL_ENTRIES, KillLevel.FLATTEN)))
        _stand(world, world.price)
    for _ in range(PLATEAUS - len(path)):
        _stand(world, price - side.sign * Decimal("0.8"))
    _require_one_each(world)
    return _outcome(world), world.boundaries


_PATHS = (
    ("0", "-0.1", "0.31", "0.1"),
    ("0", "-0.1", "0.31", "0.61", "0.91"),
    ("0", "-0.1", "-0.2", "-0.6"),
    ("0", "0.08", "0.04", "-0.1"),
    ("0", "0.2", "0.4", "0.5"),
)
"""Where the market stands from the approval on, toward profit: profit then break-even, all of the
ladder, a stop, an entry that is moved and filled, one that is left behind."""


def _stand(world: EngineWorld, price: Decimal) -> None:
    """Let the market stand at a price, with takers on both sides, so that its book stands too."""
    end = world.now_ms + PLATEAU_MS
    while world.now_ms < end:
        world.wait(PRINT_MS)
        world.print_both(price, quantity=Decimal(1_000))


def _outcome(world: EngineWorld) -> Outcome:
    truth = world.truth()
    records = [record for _, record in world.history(after=0)]
    return Outcome(
        position=truth.position_base,
        cash=truth.cash_usd,
        orders=tuple(
            (it.user_order_id, it.side, it.kind, it.price_usd, it.quantity_base, it.is_triggered)
            for it in truth.orders
        ),
        fills=tuple(
            (it.user_order_id, it.side, it.price_usd, it.quantity_base, it.fee_usd)
            for it in records
            if isinstance(it, FilledRecord)
        ),
        closed=tuple(it.outcome for it in world.closed),
    )


def _require_one_each(world: EngineWorld) -> None:
    """Hold that nothing was placed twice, and nothing that was not intended."""
    records = [record for _, record in world.history(after=0)]
    placed = Counter(it.user_order_id for it in records if isinstance(it, PlacedRecord))
    intended = Counter(
        it.user_order_id for it in world.events(OrderIntended) if isinstance(it, OrderIntended)
    )
    assert placed <= intended, f"I19: {placed - intended} were placed more often than intended"
