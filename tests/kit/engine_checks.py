"""The invariants of execution.md 8.8, checked on the truth of the chain and on the log.

One `Watch` belongs to one world and is one of its checks: it runs after every step. Each method is
named for the invariants that it holds; a broken one is an AssertionError that names itself.
"""

from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID

from contracts.control import KillSwitchEngaged, TradingResumed
from contracts.event import Recorded
from contracts.order import (
    CancelIntended,
    OrderIntended,
    ReplaceIntended,
    SetupClosed,
    SideCancelIntended,
)
from contracts.transaction import (
    RetryClass,
    TransactionDied,
    TransactionLanded,
    TransactionPlanned,
    TransactionSigned,
    Urgency,
)
from contracts.values import Leg, OrderKind, Side
from contracts.venue import DelegateSeen, VenueObserved
from execution.venues.port import FilledRecord
from kit.engine_world import ACCOUNT, SPEC, EngineWorld

ENTRY_NUMBERS = range(16, 48)
STOP_NUMBERS = range(48, 112)
LIVE_SLOTS_MAX = 25


@dataclass
class Watch:
    """What was seen so far."""

    unprotected: list[int] = field(default_factory=list[int])
    """Lengths of the runs without a stop, in slots."""
    flips: int = 0
    double_exposures: int = 0
    kills: int = 0
    incomplete_kills: int = 0
    _folded: int = 0
    _naked_since: int | None = None
    _slot: int = 0
    _planned: dict[UUID, TransactionPlanned] = field(default_factory=dict[UUID, TransactionPlanned])
    _open: dict[UUID, TransactionPlanned] = field(default_factory=dict[UUID, TransactionPlanned])
    _intents: dict[UUID, object] = field(default_factory=dict[UUID, object])
    _kill: int = 0
    _revoked: bool = False
    _last_seen: VenueObserved | None = None
    _stops: dict[str, Decimal] = field(default_factory=dict[str, Decimal])
    _excused_until: int = 0

    def excuse(self, world: EngineWorld, *, slots: int = 0) -> None:
        """Do not count protection against the engine while it, or what it sees, is down."""
        self._excused_until = max(self._excused_until, world.chain.slot + slots)
        self._naked_since = None

    def __call__(self, world: EngineWorld) -> None:
        """Check everything that is new."""
        truth = world.truth()
        self._on_chain(world, truth)
        for recorded in world.log[self._folded :]:
            self._on_event(world, recorded)
        self._folded = len(world.log)
        self._in_the_log(world)

    # On the truth of the chain.

    def _on_chain(self, world: EngineWorld, truth: VenueObserved) -> None:
        entries = [it for it in truth.orders if it.user_order_id in ENTRY_NUMBERS]
        assert len(entries) <= 1, f"I3: {len(entries)} open entries"
        setup = world.state.setup
        if setup is not None and setup.tp_prices_usd:
            filled = sum(
                (
                    record.quantity_base
                    for _, record in world.chain.records(ACCOUNT, after=0)
                    if isinstance(record, FilledRecord)
                    and record.user_order_id
                    in {it.user_order_id for it in setup.orders if it.leg is Leg.ENTRY}
                ),
                Decimal(0),
            )
            if filled > setup.quantity_base:
                self.double_exposures += 1
            assert filled <= setup.quantity_base, f"I1: {filled} of {setup.quantity_base} filled"
            sign = setup.side.sign
            if sign * truth.position_base < 0:
                self.flips += 1
            assert sign * truth.position_base >= 0, f"I2: {truth.position_base} of a {setup.side}"
        self._protected(world, truth)

    def _protected(self, world: EngineWorld, truth: VenueObserved) -> None:
        side = Side.SHORT if truth.position_base > 0 else Side.LONG
        has_stop = any(it.user_order_id in STOP_NUMBERS and it.side is side for it in truth.orders)
        slot = world.chain.slot
        if slot <= self._excused_until or world.is_down:
            self._naked_since = None
        elif truth.position_base and not has_stop:
            if self._naked_since is None:
                self._naked_since = slot
            run = slot - self._naked_since
            assert run <= LIVE_SLOTS_MAX, f"I4: {run} slots without a stop"
        elif self._naked_since is not None:
            self.unprotected.append(slot - self._naked_since)
            self._naked_since = None

    # On what the engine recorded.

    def _on_event(self, world: EngineWorld, recorded: Recorded) -> None:
        event = recorded.event
        match event:
            case VenueObserved():
                if self._last_seen is not None:
                    assert event.clock.slot >= self._last_seen.clock.slot, "I14: a slot went back"
                self._last_seen = event
                self._revoked = self._revoked or event.delegate is not DelegateSeen.OURS
            case KillSwitchEngaged():
                self._kill = max(self._kill, int(event.level))
            case TradingResumed():
                self._kill = 0
            case OrderIntended() | ReplaceIntended() | CancelIntended() | SideCancelIntended():
                self._intents[recorded.id] = event
                self._intended(event)
            case TransactionPlanned():
                self._planned[recorded.id] = event
                self._plan(recorded.id, event)
            case TransactionSigned():
                assert not self._revoked, "I9: signed after the delegate was gone"
            case TransactionLanded() | TransactionDied():
                self._open.pop(event.transaction, None)
            case SetupClosed():
                self._closed(world, event)
            case _:
                pass

    def _intended(
        self, event: OrderIntended | ReplaceIntended | CancelIntended | SideCancelIntended
    ) -> None:
        seen = self._last_seen
        assert seen is not None
        if isinstance(event, OrderIntended | ReplaceIntended):
            assert event.price_usd % SPEC.tick_usd == 0, f"I16: {event.price_usd} is off the grid"
            if event.leg is Leg.STOP:
                assert event.expires_at is None, "I10: a stop with an end"
                self._ratchet(event)
        if isinstance(event, OrderIntended):
            if event.quantity_base is None:
                assert event.is_reduce_only, "I16: a whole-position order that may grow"
                assert event.kind is OrderKind.TRIGGER_MARKET
            else:
                assert event.quantity_base % SPEC.step_base == 0, "I16: size off the step"
        if isinstance(event, ReplaceIntended) and event.leg is Leg.STOP:
            stop = next(
                (it for it in seen.orders if it.venue_order_id == event.venue_order_id), None
            )
            assert stop is not None, "I11: a stop was moved that is not there"
            assert not stop.is_triggered, "I11: a fired stop was moved"
        if isinstance(event, CancelIntended) and event.leg is Leg.STOP:
            assert not seen.position_base, "I10: the stop of an open position was canceled"
        if isinstance(event, CancelIntended):
            mine = {it.venue_order_id for it in seen.orders if it.user_order_id}
            assert event.venue_order_id in mine, "I17: a foreign order was canceled"
        if isinstance(event, SideCancelIntended):
            side = Side.LONG if seen.position_base > 0 else Side.SHORT
            if seen.position_base:
                assert event.side is side, "I8: the exit side was canceled while a position is open"

    def _ratchet(self, event: OrderIntended | ReplaceIntended) -> None:
        """The stop of a setup only ever moves toward profit."""
        key = str(event.setup)
        long_stop = self._side_of(event)
        before = self._stops.get(key)
        if before is not None:
            better = event.price_usd >= before if long_stop else event.price_usd <= before
            assert better, f"I10: the stop went from {before} to {event.price_usd}"
        self._stops[key] = event.price_usd

    def _side_of(self, event: OrderIntended | ReplaceIntended) -> bool:
        if isinstance(event, OrderIntended):
            return event.side is Side.SHORT
        seen = self._last_seen
        return seen is not None and seen.position_base > 0

    def _plan(self, name: UUID, event: TransactionPlanned) -> None:
        is_exposing = event.retry_class is RetryClass.EXPOSURE
        if is_exposing:
            others = [it for it in self._open.values() if it.retry_class is RetryClass.EXPOSURE]
            assert not others, "I7: two transactions that add exposure are alive"
            assert self._kill == 0, "I8: exposure was planned after a kill"
        if self._kill >= 2:
            for intent in event.intents:
                self._allowed_in_kill(self._intents.get(intent))
        caps = {Urgency.NORMAL: 10_000, Urgency.PROTECTIVE: 50_000, Urgency.KILL: 200_000}
        assert event.priority_fee_lamports <= caps[event.urgency], "I15: fee over its cap"
        self._open[name] = event

    def _allowed_in_kill(self, intent: object) -> None:
        if isinstance(intent, OrderIntended):
            assert intent.is_reduce_only, "I8: an entry after a kill"
            assert intent.leg in (Leg.STOP, Leg.CLOSE), "I8: a ladder after a kill"
        assert not (isinstance(intent, ReplaceIntended) and intent.leg is Leg.ENTRY), (
            "I8: an entry was moved after a kill"
        )

    def _closed(self, world: EngineWorld, event: SetupClosed) -> None:
        if event.outcome.startswith("not-started"):
            return
        truth = world.truth()
        assert not truth.position_base, f"I12: closed with {truth.position_base} open"
        mine = [it for it in truth.orders if it.user_order_id >= 16]
        assert not mine, f"I12: closed with {len(mine)} orders"
        assert not self._open, f"I12: closed with {len(self._open)} transactions open"

    def _in_the_log(self, world: EngineWorld) -> None:
        setup = world.state.setup
        if setup is not None:
            landed = setup.replaces
            assert landed <= world.policy.replaces_max + 1, f"I6: {landed} replaces"
            assert setup.converts <= world.policy.converts_max, "I6: converted twice"


def idempotent(world: EngineWorld) -> None:
    """Hold I18: nothing is left to be done right after everything was done."""
    if not world.is_down and not world.chain.weather.is_engine_down:
        assert world.engine.turn(ACCOUNT) is None, "I18: a second plan on the same snapshot"
