"""The invariants of execution.md 8.8 that the engine's own record shows (see `engine_checks`)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID

from contracts.control import KillSwitchEngaged, TradingResumed
from contracts.event import Event, Recorded
from contracts.order import (
    CancelIntended,
    OrderFilled,
    OrderIntended,
    ReplaceIntended,
    SetupClosed,
    SideCancelIntended,
    TriggerIntended,
)
from contracts.transaction import (
    RetryClass,
    SigningRefused,
    TransactionDied,
    TransactionLanded,
    TransactionPlanned,
    TransactionSigned,
    Urgency,
)
from contracts.values import Leg, OrderKind, Side, to_millis
from contracts.venue import (
    DelegateSeen,
    ForeignOrderFilled,
    FundingSettled,
    PositionLiquidated,
    VenueFeeCharged,
    VenueObserved,
)
from contracts.verdict import OrderApproved
from execution.domain.errors import Action, classify
from execution.domain.policy import POLICY, Policy
from kit.engine_chain_checks import ChainWatch
from kit.engine_hand_checks import require_wanted
from kit.engine_world import SPEC, EngineWorld

Intended = OrderIntended | ReplaceIntended | CancelIntended | SideCancelIntended | TriggerIntended
Fill = OrderFilled | ForeignOrderFilled | PositionLiquidated
_TAKE_PROFITS = (Leg.TP1, Leg.TP2, Leg.TP3)
_HOUR_MS = 3_600_000
_TICK, _STEP, _ZERO = SPEC.tick_usd, SPEC.step_base, Decimal(0)


@dataclass
class LogWatch:
    """What the log says so far."""

    chain: ChainWatch
    policy: Policy = POLICY
    kills: int = 0
    kill_level: int = 0
    signed: dict[str, TransactionSigned] = field(default_factory=dict[str, TransactionSigned])
    """By signature."""
    _folded: int = 0
    _approved: dict[UUID, OrderApproved] = field(default_factory=dict[UUID, OrderApproved])
    _intents: dict[UUID, Intended] = field(default_factory=dict[UUID, Intended])
    _planned: dict[UUID, TransactionPlanned] = field(default_factory=dict[UUID, TransactionPlanned])
    _open: dict[UUID, TransactionPlanned] = field(default_factory=dict[UUID, TransactionPlanned])
    _landed_slot: int = 0
    _landed: dict[UUID, list[Intended]] = field(default_factory=dict[UUID, list[Intended]])
    """By setup: what ran through."""
    _revoked: bool = False
    _seen: VenueObserved | None = None
    _answered: VenueObserved | None = None
    """The newest snapshot that was answered with a transaction."""
    _sent_setup: UUID | None = None
    _stops: dict[UUID | None, Decimal] = field(default_factory=dict[UUID | None, Decimal])
    _fills: set[str] = field(default_factory=set[str])
    _position: Decimal = _ZERO
    _cash: Decimal = _ZERO
    _spent: dict[int, int] = field(default_factory=dict[int, int])
    """By hour of chain time, in lamports."""

    def __call__(self, world: EngineWorld) -> None:
        """Check all that is new."""
        news = world.log[self._folded :]
        for recorded in news:
            self._on_event(world, recorded)
        self._folded = len(world.log)
        self._offers(world, [it.event for it in news])
        for transit in world.broadcast:
            signed = self.signed.get(transit.signature)
            assert signed is not None, "I7: a transaction was broadcast that is not in the log"
            assert transit.hash == signed.blockhash, "I7: other bytes were broadcast than recorded"
        if not world.is_down and not world.state.heard:
            level = world.state.kill_level
            assert level == self.kill_level, f"I8: a kill of {self.kill_level} is {level}"

    def _on_event(self, world: EngineWorld, recorded: Recorded) -> None:
        event = recorded.event
        match event:
            case VenueObserved():
                self._observed(world, event)
            case OrderApproved():
                self._approved[recorded.id] = event
            case KillSwitchEngaged() | TradingResumed():
                is_kill = isinstance(event, KillSwitchEngaged)
                self.kills += is_kill
                self.kill_level = max(self.kill_level, int(event.level)) if is_kill else 0
                self.chain.kill_level = self.kill_level
            case (
                OrderIntended()
                | ReplaceIntended()
                | CancelIntended()
                | SideCancelIntended()
                | TriggerIntended()
            ):
                self._intents[recorded.id] = event
                self._intended(event, slot=world.chain.slot)
            case TransactionPlanned():
                self._plan(recorded.id, event)
            case TransactionSigned():
                assert not self._revoked, "I9: signed after the right to sign was gone"
                self.signed[event.signature] = event
            case TransactionLanded():
                self._went(event)
            case TransactionDied() | SigningRefused():
                self._never(event)
            case SetupClosed():
                self._closed(world, event)
            case _:
                self._flowed(event)

    def _offers(self, world: EngineWorld, news: Sequence[Event]) -> None:
        """Hold I21 right after a decision that nothing was refused of."""
        is_decided = any(isinstance(it, VenueObserved) for it in news)
        is_whole = not any(isinstance(it, SigningRefused) for it in news)
        if is_decided and is_whole and self._seen is not None and not world.is_down:
            require_wanted(world.state, self._seen, world.policy)

    def _never(self, event: TransactionDied | SigningRefused) -> None:
        self._open.pop(event.transaction, None)
        if isinstance(event, SigningRefused):
            self._answered = None  # Nothing was sent: the snapshot waits for an answer.

    def _observed(self, world: EngineWorld, event: VenueObserved) -> None:
        before = self._seen
        assert before is None or event.clock.slot >= before.clock.slot, "I14: a slot went back"
        self._seen = event
        is_by_key = world.by_hand is None
        self._revoked |= is_by_key and event.delegate is not DelegateSeen.OURS

    # What is intended.

    def _intended(self, event: Intended, *, slot: int) -> None:
        seen = self._seen
        assert seen is not None, "I14: decided on nothing"
        shown = {it.venue_order_id: it for it in seen.orders}
        match event:
            case OrderIntended():
                self._placed(event, seen)
            case ReplaceIntended():
                assert event.price_usd % _TICK == 0, f"I16: {event.price_usd} is off the grid"
                order = shown.get(event.venue_order_id)
                assert order is not None, "I11: moved what is not there"
                assert order.user_order_id, "I17: moved what is not ours"
                if event.leg is Leg.STOP:
                    assert event.expires_at is None, "I10: a stop with an end"
                    assert not order.is_triggered, "I11: a fired stop was moved"
                    self._ratchet(event.setup, event.price_usd, is_long=order.side is Side.SHORT)
            case CancelIntended():
                order = shown.get(event.venue_order_id)
                assert order is not None, "I17: canceled what is not there"
                assert order.user_order_id, "I17: canceled what is not ours"
                is_bare = event.leg is Leg.STOP and bool(seen.position_base)
                assert not is_bare, "I10: the stop of an open position was canceled"
            case SideCancelIntended():
                self.chain.wide_slots[event.side] = slot
                is_theirs = any(not it.user_order_id for it in seen.orders if it.side is event.side)
                assert self.kill_level >= 2 or not is_theirs, "I17: a side with the owner's order"
                exits = Side.SHORT if seen.position_base > 0 else Side.LONG
                is_bare = bool(seen.position_base) and event.side is exits
                assert not is_bare or self.chain.is_mixed, "I10: the exits of an open position"
            case TriggerIntended():
                pass

    def _placed(self, event: OrderIntended, seen: VenueObserved) -> None:
        price, quantity, leg = event.price_usd, event.quantity_base, event.leg
        assert price % _TICK == 0, f"I16: {price} is off the grid"
        if quantity is None:
            is_stop = event.is_reduce_only and event.kind is OrderKind.TRIGGER_MARKET
            assert is_stop, "I16: a whole-position order that may grow"
        else:
            assert quantity % _STEP == 0, f"I16: {quantity} is off the step"
        verdict = self._approved.get(event.setup)
        if leg is Leg.STOP:
            assert event.expires_at is None, "I10: a stop with an end"
            if verdict is not None and event.setup not in self._stops:
                off = verdict.side.sign * (price - verdict.stop_price_usd)
                assert 0 <= off < _TICK, f"I16: a stop at {price} for {verdict.stop_price_usd}"
            self._ratchet(event.setup, price, is_long=event.side is Side.SHORT)
        if verdict is not None and leg is Leg.ENTRY:
            chase = self.policy.chase_r_max * abs(verdict.entry_price_usd - verdict.stop_price_usd)
            over = event.side.sign * (price - verdict.entry_price_usd)
            assert over <= chase, f"I16: an entry at {price} for {verdict.entry_price_usd}"
            assert quantity is not None
            assert 0 <= verdict.quantity_base - quantity < _STEP, "I16: a size not rounded down"
        if verdict is not None and leg in _TAKE_PROFITS:
            wanted = verdict.tp_prices_usd[_TAKE_PROFITS.index(leg)]
            off = verdict.side.sign * (price - wanted)
            assert 0 <= off < _TICK, f"I16: a take-profit at {price} for {wanted}"
        if leg in _TAKE_PROFITS:
            self.chain.planned_ladder(seen.position_base)

    def _ratchet(self, setup: UUID | None, price: Decimal, *, is_long: bool) -> None:
        before = self._stops.get(setup)
        if before is not None:
            is_better = price >= before if is_long else price <= before
            assert is_better, f"I10: the stop went from {before} to {price}"
        self._stops[setup] = price

    # What is planned, and how it went.

    def _plan(self, name: UUID, event: TransactionPlanned) -> None:
        seen = self._seen
        assert seen is not None, "I14: decided on nothing"
        assert seen.clock.slot >= self._landed_slot, f"I14: planned on slot {seen.clock.slot}"
        intents = [self._intents[it] for it in event.intents]
        assert not _is_same(self._answered, seen), f"I18: {seen.clock.slot} was answered already"
        self._answered = seen
        if event.retry_class is RetryClass.EXPOSURE:
            others = [it for it in self._open.values() if it.retry_class is RetryClass.EXPOSURE]
            assert not others, "I7: two transactions that add exposure are alive"
            assert not self.kill_level, "I8: exposure was planned after a kill"
            assert self._sent_setup in (None, event.setup), (
                "I12: a setup began before another's end"
            )
            assert self._position == seen.position_base, "I13: exposure on an unexplained position"
            self._sent_setup = event.setup
        if self.kill_level >= 2:
            for intent in intents:
                _require_allowed(intent)
        self._pay(event, seen)
        self._planned[name] = self._open[name] = event

    def _pay(self, event: TransactionPlanned, seen: VenueObserved) -> None:
        """Hold I15: what is over a cap falls to no fee, and is sent."""
        fees, fee = self.policy.fees, event.priority_fee_lamports
        most = {Urgency.NORMAL: 10_000, Urgency.PROTECTIVE: 50_000, Urgency.KILL: 200_000}
        assert fee <= most[event.urgency], f"I15: a fee of {fee}"
        hour = to_millis(seen.clock.at) // _HOUR_MS
        spent = self._spent.get(hour, 0) + fee + fees.signature_lamports
        day = sum(it for at, it in self._spent.items() if at > hour - 24)
        day += fee + fees.signature_lamports
        assert not fee or spent <= fees.hour_lamports_max, f"I15: {spent} lamports in an hour"
        assert not fee or day <= fees.day_lamports_max, f"I15: {day} lamports in a day"
        self._spent[hour] = spent

    def _went(self, event: TransactionLanded) -> None:
        planned = self._open.pop(event.transaction, None)
        self._landed_slot = max(self._landed_slot, event.slot)
        if event.code is not None:
            self._revoked = self._revoked or classify(event.code) is Action.STOP_ALL
        elif planned is not None and planned.setup is not None:
            through = self._landed.setdefault(planned.setup, [])
            through += [self._intents[it] for it in planned.intents]
            moves = [it for it in through if isinstance(it, ReplaceIntended)]
            kinds = [it.kind for it in moves if it.leg is Leg.ENTRY]
            converts = kinds.count(OrderKind.LIMIT)
            assert len(kinds) - converts <= self.policy.replaces_max, "I6: replaced too often"
            assert converts <= self.policy.converts_max, "I6: converted too often"

    # What became of it.

    def _flowed(self, event: object) -> None:
        """Hold I13: each flow counts once, and the ledger is their sum."""
        match event:
            case OrderFilled() | ForeignOrderFilled() | PositionLiquidated():
                assert event.fill_id not in self._fills, f"I13: {event.fill_id} counts twice"
                self._fills.add(event.fill_id)
                self._position += event.side.sign * event.quantity_base
                paid = event.side.sign * event.quantity_base * event.price_usd
                self._cash -= paid + event.fee_usd
            case FundingSettled():
                self._cash += event.amount_usd
            case VenueFeeCharged():
                self._cash -= event.fee_usd
            case _:
                pass

    def require_explained(self, world: EngineWorld) -> None:
        """Hold I13 where all is told: log, ledger and venue agree to the last unit."""
        truth, ledger = world.truth(), world.state.ledger
        log = (self._position, world.deposit_usd + self._cash)
        assert log == (ledger.position_base, world.deposit_usd + ledger.cash_usd), "I13: the ledger"
        assert log == (truth.position_base, truth.cash_usd), f"I13: {log} is not the venue's"

    def _closed(self, world: EngineWorld, event: SetupClosed) -> None:
        if event.setup == self._sent_setup:
            self._sent_setup = None
            self.chain.entry_filled = _ZERO
        if event.outcome.startswith("not-started"):
            return
        truth = world.truth()
        if not self.chain.is_mixed:
            assert not truth.position_base, f"I12: closed with {truth.position_base} open"
        mine = [it for it in truth.orders if it.user_order_id >= 16]
        assert not mine, f"I12: closed with {len(mine)} orders"
        assert not self._open, f"I12: closed with {len(self._open)} transactions open"


def _is_same(one: VenueObserved | None, other: VenueObserved) -> bool:
    return one is not None and one is not other and one == other


def _require_allowed(intent: Intended) -> None:
    if isinstance(intent, OrderIntended):
        assert intent.is_reduce_only, "I8: an entry after a kill"
        assert intent.leg in (Leg.STOP, Leg.CLOSE), "I8: a ladder after a kill"
    is_move = isinstance(intent, ReplaceIntended) and intent.leg is Leg.ENTRY
    assert not is_move, "I8: an entry was moved after a kill"
