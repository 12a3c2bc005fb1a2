"""Since when something has been so that may not last, counted on the slots of snapshots."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.control import KillLevel
from contracts.engine import CircuitOpened
from contracts.order import OrderIntended
from contracts.values import Leg, OrderKind, Side
from contracts.venue import MarketStatus, ObservedOrder, VenueObserved
from execution.domain.account_fold import apply
from execution.domain.setup import Setup
from execution.domain.state import dump
from execution.domain.timers import Timers, closing_side, is_beyond, stop_of, timers_after
from kit.planner_rig import ACCOUNT, DEPOSIT, MARKET, Rig, of, open_long, working

AGREED = {"position": Decimal(0), "cash": DEPOSIT}


def seen_by(rig: Rig, *, slots: int = 0) -> tuple[VenueObserved, Setup]:
    """Show the planner the venue; give what it was shown, with its setup."""
    rig.show(slots=slots)
    setup = rig.state.setup
    assert setup is not None
    return of([it.event for it in rig.log], VenueObserved)[-1], setup


def shown(
    seen: VenueObserved,
    *,
    slot: int | None = None,
    position: str | None = None,
    trigger: str | None = None,
    orders: tuple[ObservedOrder, ...] | None = None,
) -> VenueObserved:
    """Change what a snapshot shows."""
    market = seen.market_seen
    if trigger is not None:
        market = market.model_copy(update={"trigger_usd": Decimal(trigger)})
    return seen.model_copy(
        update={
            "clock": seen.clock.model_copy(update={"slot": slot or seen.clock.slot}),
            "position_base": seen.position_base if position is None else Decimal(position),
            "market_seen": market,
            "orders": seen.orders if orders is None else orders,
        }
    )


def long_with_stop() -> tuple[VenueObserved, Setup]:
    """Show a long position of 10 whose stop rests at 98.9."""
    rig = working()
    rig.fill(Leg.ENTRY)
    return seen_by(rig, slots=1)


def test_a_position_without_a_stop_counts_from_the_first_snapshot_that_shows_it() -> None:
    seen, setup = long_with_stop()
    naked = shown(seen, slot=2_000, orders=())
    expected = {"position": seen.position_base, "cash": seen.cash_usd}
    first = timers_after(Timers(), naked, setup=setup, expected=expected)
    assert first.unprotected == 2_000
    later = timers_after(first, shown(naked, slot=2_007), setup=setup, expected=expected)
    assert later.unprotected == 2_000
    assert later.is_running
    ended = timers_after(later, shown(seen, slot=2_008), setup=setup, expected=expected)
    assert ended.unprotected is None
    assert not ended.is_running


def test_without_a_position_nothing_is_unprotected() -> None:
    seen, setup = seen_by(working())
    timers = timers_after(Timers(), shown(seen, orders=()), setup=setup, expected=AGREED)
    assert timers.unprotected is None


@pytest.mark.parametrize(
    ("trigger", "is_due"),
    [("98.901", False), ("98.9", False), ("98.899", True)],  # strictly beyond 98.9
)
def test_a_stop_is_due_strictly_beyond_its_trigger(trigger: str, is_due: bool) -> None:
    seen, setup = long_with_stop()
    at = shown(seen, trigger=trigger)
    stop = stop_of(at, setup)
    assert stop is not None
    assert is_beyond(stop, at) is is_due
    timers = timers_after(Timers(), at, setup=setup, expected=AGREED)
    assert timers.stop_due == (at.clock.slot if is_due else None)


def test_a_stop_that_was_fired_is_not_due_again() -> None:
    seen, setup = long_with_stop()
    fired = tuple(
        it.model_copy(update={"is_triggered": it.kind is OrderKind.TRIGGER_MARKET})
        for it in seen.orders
    )
    at = shown(seen, trigger="98", orders=fired)
    assert timers_after(Timers(), at, setup=setup, expected=AGREED).stop_due is None


def test_a_stop_of_the_wrong_side_protects_nothing() -> None:
    seen, setup = long_with_stop()
    stop = stop_of(seen, setup)
    assert stop is not None
    assert stop.side is closing_side(seen) is Side.SHORT
    flipped = shown(seen, position="-10")
    assert stop_of(flipped, setup) is None
    assert timers_after(Timers(), flipped, setup=setup, expected=AGREED).unprotected is not None


def test_a_stranger_s_stop_is_not_ours() -> None:
    seen, setup = long_with_stop()
    strange = tuple(it.model_copy(update={"user_order_id": 0}) for it in seen.orders)
    assert stop_of(shown(seen, orders=strange), setup) is None
    assert stop_of(seen, None) is None


positions = st.sampled_from(["0", "10", "-3"])
shows = st.lists(
    st.tuples(st.integers(1, 9), positions, st.booleans(), st.sampled_from(["98", "99"])),
    min_size=1,
    max_size=12,
)


@given(shows, st.sampled_from([{}, {"position": Decimal(10)}, AGREED]))
def test_each_timer_stands_at_the_start_of_the_run_that_it_counts(
    shows: list[tuple[int, str, bool, str]], expected: Mapping[str, Decimal]
) -> None:
    seen, setup = long_with_stop()
    timers, slot = Timers(), 3_000
    runs: dict[str, int | None] = {"unprotected": None, "due": None, "position": None}
    for after, position, has_stop, trigger in shows:
        slot += after
        orders = seen.orders if has_stop else ()
        now = shown(seen, slot=slot, position=position, trigger=trigger, orders=orders)
        timers = timers_after(timers, now, setup=setup, expected=expected)
        protects = has_stop and Decimal(position) >= 0  # the stop sells
        is_so = {
            "unprotected": Decimal(position) != 0 and not protects,
            "due": protects and trigger == "98",
            "position": "position" in expected and expected["position"] != Decimal(position),
        }
        for what, is_true in is_so.items():
            since = runs[what]
            runs[what] = (slot if since is None else since) if is_true else None
        assert timers.unprotected == runs["unprotected"]
        assert timers.stop_due == runs["due"]
        assert timers.mismatch.get("position") == runs["position"]


@pytest.mark.parametrize("level", [None, KillLevel.CANCEL_ENTRIES])
@pytest.mark.parametrize(
    "hindrance",
    [
        {"oracle_age": 13},
        {"status": MarketStatus.FILLS_PAUSED},
        {"status": MarketStatus.REPLACED},
    ],
    ids=str,
)
def test_exits_are_tried_at_once_when_the_venue_is_well_again_and_entries_are_held_on(
    hindrance: dict[str, Any], level: KillLevel | None
) -> None:
    rig = open_long()
    if level is not None:
        rig.kill(level)
    rig.drop(OrderKind.TRIGGER_MARKET)
    for lane in (Leg.ENTRY, Leg.STOP, Leg.CLOSE):
        _refuse(rig, lane)
    rig.show(**hindrance)
    assert of(rig.show(slots=1, **hindrance), OrderIntended) == []

    tried = of(rig.show(slots=1), OrderIntended)

    assert [it.leg for it in tried][:1] == [Leg.STOP]
    assert rig.state.is_tripped("entry", rig.slot)


def _refuse(rig: Rig, lane: Leg) -> None:
    """Let the circuit of a lane open."""
    opened = CircuitOpened(
        account=ACCOUNT, market=MARKET, setup=None, lane=lane.value, code=6252, refusals=3
    )
    state = apply(rig.state, opened, event_id=rig.log[-1].id)
    rig.core.restore(dump(rig.core.state.with_account(state)))
