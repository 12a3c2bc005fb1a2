"""The planner on snapshots made by hand: what it is shown, and what it answers."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TypeVar
from uuid import UUID

from contracts.control import (
    AccountOpened,
    CancelRequested,
    KillLevel,
    KillSwitchEngaged,
    TradingResumed,
)
from contracts.event import Draft, Event, Recorded
from contracts.feed import FeedKind, FeedOpened
from contracts.ids import EventId, MarketId, derive_root_id
from contracts.markets import market_spec
from contracts.order import (
    CancelReason,
    OrderCanceled,
    OrderFilled,
    OrderIntended,
    OrderPlaced,
    OrderReplaced,
    ReplaceIntended,
)
from contracts.routes import subject_of
from contracts.transaction import TransactionLanded, TransactionPlanned, TransactionSigned
from contracts.values import Leg, Liquidity, OrderKind, Side, VenueClock, from_millis
from contracts.venue import (
    DelegateSeen,
    MarketStatus,
    ObservedMarket,
    ObservedOrder,
    VenueObserved,
)
from contracts.verdict import OrderApproved
from execution.domain.account import AccountState
from execution.domain.drafting import snapshot_id
from execution.domain.planner import PlannerCore
from kit.execution_events import SETTINGS

ACCOUNT = "local"
MARKET = MarketId("sol-perp")
SPEC = market_spec(MARKET)
BEGIN_MS = 1_750_507_200_000
SLOT_MS = 400
DEPOSIT = Decimal(100_000)

E = TypeVar("E", bound=Event)


@dataclass
class Rig:
    """A planner with one account, and the venue as the test says it is."""

    core: PlannerCore = field(default_factory=PlannerCore)
    log: list[Recorded] = field(default_factory=list[Recorded])
    slot: int = 1_000
    orders: list[ObservedOrder] = field(default_factory=list[ObservedOrder])
    position: Decimal = Decimal(0)
    cash: Decimal = DEPOSIT
    price: Decimal = Decimal(100)
    spread: Decimal = Decimal("0.002")
    break_even: Decimal | None = None
    height: int | None = None
    """Of a chain whose blocks stand still; the slot where they do not."""
    next_venue_id: int = 1
    answers: list[Draft] = field(default_factory=list[Draft])
    """Of the last snapshot."""

    @property
    def seen(self) -> VenueObserved:
        """Give the newest snapshot."""
        return next(it.event for it in reversed(self.log) if isinstance(it.event, VenueObserved))

    def __post_init__(self) -> None:
        self.record(
            FeedOpened(
                venue="binance-usdm",
                symbol="solusdt",
                market=MARKET,
                kind=FeedKind.TAPE,
                identity="rig",
                is_replayable=True,
                description="",
            )
        )
        self.record(
            AccountOpened(
                account=ACCOUNT,
                venue="paper",
                equity_usd=DEPOSIT,
                priority_fee_microlamports=10_000,
                settings=SETTINGS,
            )
        )

    @property
    def at_ms(self) -> int:
        """Give the chain time."""
        return BEGIN_MS + self.slot * SLOT_MS

    @property
    def clock(self) -> VenueClock:
        """Give the chain's clock."""
        return VenueClock(at=from_millis(self.at_ms), slot=self.slot)

    @property
    def state(self) -> AccountState:
        """Give what the planner knows of the account."""
        return self.core.account(ACCOUNT)

    def record(self, event: Event) -> Recorded:
        """Put an event of others, or an observation, in the log, and let the planner fold it."""
        number = len(self.log) + 1
        recorded = _recorded(event, derive_root_id("rig", number), number, from_millis(self.at_ms))
        self.log.append(recorded)
        self.core.step(recorded)
        return recorded

    def tell_again(self, kind: type[Event]) -> None:
        """Let the newest event of a kind stand in the log once more."""
        newest = next(it for it in reversed(self.log) if isinstance(it.event, kind))
        again = replace(newest, position=len(self.log) + 1)
        self.log.append(again)
        self.core.step(again)

    def approve(
        self,
        *,
        side: Side = Side.LONG,
        entry: str = "99.9",
        stop: str = "98.9",
        quantity: str = "10",
        life_s: int = 300,
    ) -> UUID:
        """Let risk approve a setup; give its id."""
        price = Decimal(entry)
        distance = abs(price - Decimal(stop))
        return self.record(
            OrderApproved(
                account=ACCOUNT,
                market=MARKET,
                proposal=derive_root_id("proposal", len(self.log)),
                side=side,
                quantity_base=Decimal(quantity),
                entry_price_usd=price,
                stop_price_usd=Decimal(stop),
                tp_prices_usd=(
                    price + side.sign * distance,
                    price + 2 * side.sign * distance,
                    price + 3 * side.sign * distance,
                ),
                notional_usd=price * Decimal(quantity),
                risk_usd=distance * Decimal(quantity),
                equity_usd=DEPOSIT,
                leverage_after=Decimal(1),
                policy="risk-2",
                findings=(),
                expires_at=from_millis(self.at_ms) + timedelta(seconds=life_s),
                priority_fee_microlamports=10_000,
            )
        ).id

    def kill(self, level: KillLevel = KillLevel.CANCEL_ENTRIES) -> None:
        """Let a person stop everything of a level."""
        self.record(KillSwitchEngaged(account=ACCOUNT, level=level, reason="", by="test"))

    def resume(self) -> None:
        """Let a person resume."""
        self.record(TradingResumed(account=ACCOUNT, reason="", by="test"))

    def wish_canceled(self, client_order_id: str) -> None:
        """Let a person ask for the cancel of an order."""
        self.record(
            CancelRequested(
                account=ACCOUNT, market=MARKET, client_order_id=client_order_id, by="test"
            )
        )

    def show(
        self,
        *,
        slots: int = 0,
        status: MarketStatus = MarketStatus.ACTIVE,
        delegate: DelegateSeen = DelegateSeen.OURS,
        oracle_age: int = 0,
        is_reduce_only: bool = False,
        lamports: int = 100_000_000,
    ) -> list[Event]:
        """Show the planner the venue some slots later; give what it answers."""
        self.slot += slots
        seen = VenueObserved(
            account=ACCOUNT,
            market=MARKET,
            clock=self.clock,
            block_height=self.slot if self.height is None else self.height,
            heard=self.state.heard_count,
            position_base=self.position,
            cash_usd=self.cash,
            break_even_usd=self.break_even,
            liquidation_usd=None,
            orders=tuple(self.orders),
            market_seen=ObservedMarket(
                status=status,
                oracle_usd=self.price,
                oracle_age_slots=oracle_age,
                trigger_usd=self.price,
                bid_usd=self.price - self.spread / 2,
                ask_usd=self.price + self.spread / 2,
            ),
            delegate=delegate,
            is_liquidating=False,
            is_reduce_only=is_reduce_only,
            fee_payer_lamports=lamports,
            fee_per_unit_microlamports=10_000,
        )
        name = snapshot_id(ACCOUNT, MARKET, self.state.snapshots + 1)
        recorded = _recorded(seen, name, len(self.log) + 1, from_millis(self.at_ms))
        self.log.append(recorded)
        self.answers = list(self.core.step(recorded))
        for draft in self.answers:
            number = len(self.log) + 1
            self.log.append(_recorded(draft.event, draft.id, number, draft.occurred_at))
            if isinstance(draft.event, TransactionPlanned):
                self._sign(draft)
        return [draft.event for draft in self.answers]

    def _sign(self, draft: Draft) -> None:
        self.record(
            TransactionSigned(
                account=ACCOUNT,
                market=MARKET,
                transaction=draft.id,
                signature="1" * 64,
                message="AAAA",
                message_sha256="0" * 64,
                blockhash="h",
                last_valid_block_height=self.slot + 150,
                clock=self.clock,
            )
        )

    # What the venue does.

    def land(self, *, code: int | None = None) -> None:
        """Let every open transaction land now; placed orders rest when it ran through."""
        self.slot += 1
        for transaction in self.state.transactions:
            if transaction.landed_slot is not None:
                continue
            self.record(
                TransactionLanded(
                    account=ACCOUNT,
                    market=MARKET,
                    transaction=transaction.id,
                    signature="1" * 64,
                    slot=self.slot,
                    code=code,
                    reason=None if code is None else "refused",
                    fee_lamports=5_000,
                    clock=self.clock,
                )
            )
            for intent in transaction.intents:
                event = intent.event()
                if code is None and isinstance(event, OrderIntended):
                    self.rest(event)

    def rest(self, event: OrderIntended) -> None:
        """Let an intended order rest."""
        venue_id = self.next_venue_id
        self.next_venue_id += 1
        self.orders.append(
            ObservedOrder(
                venue_order_id=venue_id,
                user_order_id=event.user_order_id,
                side=event.side,
                kind=event.kind,
                price_usd=event.price_usd,
                quantity_base=event.quantity_base,
                filled_base=Decimal(0),
                is_reduce_only=event.is_reduce_only,
                is_triggered=False,
                expires_at=event.expires_at,
                slot=self.slot,
            )
        )
        self.record(
            OrderPlaced(
                account=ACCOUNT,
                market=MARKET,
                setup=event.setup,
                client_order_id=event.client_order_id,
                leg=event.leg,
                venue_order_id=venue_id,
                price_usd=event.price_usd,
                clock=self.clock,
            )
        )

    def fill(self, leg: Leg, quantity: str | None = None, *, price: str | None = None) -> None:
        """Let the resting order of a leg fill, wholly or in part."""
        setup = self.state.setup
        assert setup is not None
        order = setup.newest(leg)
        assert order is not None
        whole = order.quantity_base if order.quantity_base is not None else abs(self.position)
        size = Decimal(quantity) if quantity is not None else whole - order.filled_base
        at = Decimal(price) if price is not None else order.price_usd
        self.position += order.side.sign * size
        self.cash -= order.side.sign * size * at
        remaining = whole - order.filled_base - size
        kept = [it for it in self.orders if it.user_order_id != order.user_order_id]
        if remaining:
            mine = next(it for it in self.orders if it.user_order_id == order.user_order_id)
            kept.append(mine.model_copy(update={"filled_base": mine.filled_base + size}))
        self.orders = kept
        self.record(
            OrderFilled(
                account=ACCOUNT,
                market=MARKET,
                setup=setup.id,
                client_order_id=order.client_order_id,
                leg=leg,
                fill_id=f"fill-{len(self.log)}",
                side=order.side,
                liquidity=Liquidity.MAKER,
                price_usd=at,
                quantity_base=size,
                remaining_base=remaining,
                fee_usd=Decimal(0),
                realized_pnl_usd=Decimal(0),
                position_after_base=self.position,
                clock=self.clock,
            )
        )

    def replaced(self, move: ReplaceIntended, venue_id: int) -> None:
        """Let the venue say that it moved an order."""
        self.record(
            OrderReplaced(
                account=ACCOUNT,
                market=MARKET,
                setup=move.setup,
                client_order_id=move.client_order_id,
                leg=move.leg,
                venue_order_id=venue_id,
                generation=move.generation,
                price_usd=move.price_usd,
                clock=self.clock,
            )
        )

    def end_orders(self, *legs: Leg) -> None:
        """Let the venue say that orders of these legs, or all that do not rest, are over."""
        setup = self.state.setup
        assert setup is not None
        resting = {it.user_order_id for it in self.orders}
        for order in setup.orders:
            if order.is_over or order.user_order_id in resting or (legs and order.leg not in legs):
                continue
            self.record(
                OrderCanceled(
                    account=ACCOUNT,
                    market=MARKET,
                    setup=setup.id,
                    client_order_id=order.client_order_id,
                    leg=order.leg,
                    reason=CancelReason.NEVER_LANDED,
                    unfilled_base=order.quantity_base,
                    clock=self.clock,
                )
            )

    def drop(self, kind: OrderKind) -> None:
        """Let the orders of a kind be gone."""
        self.orders = [it for it in self.orders if it.kind is not kind]


def working() -> Rig:
    """Give a rig whose entry and stop rest."""
    rig = Rig()
    rig.approve()
    rig.show()
    rig.land()
    return rig


def open_long() -> Rig:
    """Give a rig whose entry is filled and whose ladder rests."""
    rig = working()
    rig.fill(Leg.ENTRY)
    rig.show(slots=1)
    rig.land()
    rig.show(slots=1)
    return rig


def of(events: Sequence[Event], kind: type[E]) -> list[E]:
    """Give the events of a kind."""
    return [it for it in events if isinstance(it, kind)]


def types(events: Sequence[Event]) -> list[str]:
    """Name events."""
    return [it.event_type for it in events]


def _recorded(event: Event, name: EventId, position: int, at: datetime) -> Recorded:
    return Recorded(
        event=event,
        id=name,
        subject=subject_of(event),
        occurred_at=at,
        correlation_id=name,
        causation_id=None,
        source=event.owner,
        version=event.event_version,
        position=position,
        recorded_at=at,
        body=event.model_dump_json().encode(),
    )
