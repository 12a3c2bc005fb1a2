"""The invariants of execution.md 8.8 that the truth of the chain shows (see `engine_checks`)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from contracts.values import Side, to_millis
from contracts.venue import ObservedOrder, VenueObserved
from execution.venues.port import AnyRecord, EndedRecord, FilledRecord, MovedRecord
from kit.engine_weather import is_fair, is_seeing
from kit.engine_world import EngineWorld

ENTRIES = range(16, 48)
STOPS = range(48, 112)
TAKE_PROFITS = range(112, 208)
EXITS = range(48, 240)
NAKED_SLOTS_MAX = 25
KILL_SLOTS_MAX = 200
WIDE_SLOTS_MAX = 61
"""So long after the cancel of a side was intended it may still land."""
_ZERO = Decimal(0)


@dataclass
class ChainWatch:
    """What the chain was seen to do."""

    naked: list[int] = field(default_factory=list[int])
    """Lengths of the runs without a stop, in slots."""
    kill_level: int = 0
    """Of the log."""
    wide_slots: dict[Side, int] = field(default_factory=dict[Side, int])
    """By side: the newest slot at which its cancel was intended."""
    entry_filled: Decimal = _ZERO
    """By the entries of the live setup."""
    is_mixed: bool = False
    """The owner has traded beside the live setup."""
    _cursor: int = 0
    _naked_since: int | None = None
    _killed_since: int | None = None
    _killed_by: int = 0
    _position: Decimal = _ZERO
    _planned_on: Decimal = _ZERO
    """Position that the newest take-profits were planned on."""
    _ends: dict[int, datetime | None] = field(default_factory=dict[int, datetime | None])
    """By venue order id: when the orders' time is over."""

    def __call__(self, world: EngineWorld, truth: VenueObserved) -> None:
        """Check what happened, and what stands."""
        news = world.history(after=self._cursor)
        self._new_orders(truth)
        for cursor, record in news:
            self._cursor = max(self._cursor, cursor)
            self._happened(world, record)
        if self.is_mixed and not truth.position_base and world.state.setup is None:
            self.is_mixed = False
        self._stands(world, truth)
        self._protected(world, truth)
        self._cleared(world, truth)
        self._position = truth.position_base

    def _new_orders(self, truth: VenueObserved) -> None:
        """Hold I5 and I9 for what was placed."""
        new = [it for it in truth.orders if it.venue_order_id not in self._ends]
        for order in new:
            self._ends[order.venue_order_id] = order.expires_at
        ladder = [it for it in truth.orders if it.user_order_id in TAKE_PROFITS]
        if any(it in ladder for it in new):
            self._covered(truth, ladder)

    def _covered(self, truth: VenueObserved, ladder: Sequence[ObservedOrder]) -> None:
        """Hold I5: unless the position shrank on the way, take-profits never exceed it."""
        if abs(truth.position_base) < abs(self._position):
            return
        total = sum(((it.quantity_base or _ZERO) - it.filled_base for it in ladder), _ZERO)
        most = max(abs(truth.position_base), self._planned_on)
        assert total <= most, f"I5: take-profits of {total} on {truth.position_base}"

    def planned_ladder(self, position_base: Decimal) -> None:
        """Note on which position take-profits were planned."""
        self._planned_on = abs(position_base)

    def _happened(self, world: EngineWorld, record: AnyRecord) -> None:
        match record:
            case FilledRecord():
                self._filled(world, record)
            case EndedRecord():
                side = world.strangers.get(record.venue_order_id)
                if side is not None and record.reason is None:
                    self._taken_back(world, side)
            case MovedRecord():
                is_theirs = record.former_order_id in world.strangers
                assert not is_theirs, "I17: a foreign order was moved"
            case _:
                pass

    def _taken_back(self, world: EngineWorld, side: Side) -> None:
        """Hold I17: the owner's order goes only with its side, whose cancel it may have met."""
        since = self.wide_slots.get(side)
        is_met = since is not None and world.chain.slot - since < WIDE_SLOTS_MAX
        assert is_met, "I17: a foreign order was canceled"

    def _filled(self, world: EngineWorld, record: FilledRecord) -> None:
        after = record.position_after_base
        before = after - record.side.sign * record.quantity_base
        if record.user_order_id in EXITS:
            is_less = before * after >= 0 and abs(after) < abs(before)
            assert is_less, f"I2: an exit took the position from {before} to {after}"
        elif record.user_order_id in ENTRIES:
            end = self._ends.get(record.venue_order_id)
            in_time = end is None or record.at_ms <= to_millis(end)
            assert in_time, f"I9: an entry filled after {end}"
            setup = world.state.setup
            assert setup is not None, "I12: an entry filled that is no setup's"
            self.entry_filled += record.quantity_base
            assert self.entry_filled <= setup.quantity_base, (
                f"I1: {self.entry_filled} of {setup.quantity_base} filled"
            )
        else:
            self.is_mixed = True
            self._killed_since = None  # There is something new to clear.

    def _stands(self, world: EngineWorld, truth: VenueObserved) -> None:
        entries = [it for it in truth.orders if it.user_order_id in ENTRIES]
        assert len(entries) <= 1, f"I3: {len(entries)} open entries"
        setup = world.state.setup
        if setup is not None and not self.is_mixed:
            held = setup.side.sign * truth.position_base
            assert held >= 0, f"I2: {truth.position_base} of a {setup.side}"

    def _protected(self, world: EngineWorld, truth: VenueObserved) -> None:
        """Hold I4, while the engine is up and sees; what the owner has traded is no part of it."""
        side = Side.SHORT if truth.position_base > 0 else Side.LONG
        has_stop = any(it.user_order_id in STOPS and it.side is side for it in truth.orders)
        slot = world.chain.slot
        is_naked = bool(truth.position_base) and not has_stop
        if is_naked and not self.is_mixed and is_seeing(world, truth):
            if self._naked_since is None:
                self._naked_since = slot
            run = slot - self._naked_since
            assert run <= NAKED_SLOTS_MAX, f"I4: {run} slots without a stop"
        elif self._naked_since is not None:
            if not is_naked:
                self.naked.append(slot - self._naked_since)
            self._naked_since = None

    def _cleared(self, world: EngineWorld, truth: VenueObserved) -> None:
        """Hold I8: a kill is complete after so many slots in which everybody did their work."""
        if self.kill_level < 2 or not is_fair(world, truth):
            self._killed_since = None
            return
        if self._killed_since is None or self._killed_by != self.kill_level:
            self._killed_since, self._killed_by = world.chain.slot, self.kill_level
        if world.chain.slot - self._killed_since <= KILL_SLOTS_MAX:
            return
        assert not any(it.user_order_id in ENTRIES for it in truth.orders), "I8: incomplete kill"
        if self.kill_level >= 3:
            left = [it for it in truth.orders if it.user_order_id]
            assert not truth.position_base, f"I8: incomplete kill, {truth.position_base} open"
            assert not left, f"I8: incomplete kill, {len(left)} orders left"
