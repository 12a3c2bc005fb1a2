"""Events as the other services write them, for the gateway's tests; a caller names what matters."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from contracts import control, feed, minute, order, process, signal, verdict
from contracts.event import Draft, Event, Recorded
from contracts.ids import EventId, derive_client_order_id, derive_id, derive_root_id
from contracts.routes import subject_of
from contracts.values import Leg, Liquidity, OrderKind, Side
from kit.memory import InMemoryLog

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
MARKET = "sol-perp"
TARGETS = (Decimal(151), Decimal(152), Decimal(153))


def settings(**changes: Any) -> control.Settings:
    """Give settings."""
    base: dict[str, Any] = {
        "leverage_max": Decimal(5),
        "risk_per_trade_bps": Decimal(50),
        "daily_drawdown_limit_pct": Decimal(3),
        "priority_fee_cap_microlamports": 10_000,
        "delegate_enabled": False,
        "strategy_enabled": True,
    }
    return control.Settings(**{**base, **changes})


def feed_opened(**changes: Any) -> feed.FeedOpened:
    """Give the first event of ingest."""
    base: dict[str, Any] = {
        "venue": "binance-usdm",
        "symbol": "solusdt",
        "market": MARKET,
        "kind": feed.FeedKind.SYNTHETIC,
        "identity": "synthetic/7",
        "is_replayable": True,
        "description": "seeded generator, seed 7",
    }
    return feed.FeedOpened(**{**base, **changes})


def minute_closed(number: int = 0, **changes: Any) -> minute.MinuteClosed:
    """Give the bar of the `number`-th minute after the start."""
    start = START + timedelta(minutes=number)
    base: dict[str, Any] = {
        "venue": "binance-usdm",
        "symbol": "solusdt",
        "market": MARKET,
        "minute": start,
        "closed_at": start + timedelta(milliseconds=60_500),
        "is_complete": True,
        "open_usd": Decimal(150),
        "high_usd": Decimal("150.5"),
        "low_usd": Decimal("149.5"),
        "close_usd": Decimal("150.2"),
        "volume_base": Decimal(100),
        "buy_volume_base": Decimal(60),
        "turnover_usd": Decimal(15000),
        "trades": 200,
        "late_trades": 0,
        "missing_trades": 0,
        "silence_ms_max": 900,
        "first_trade_id": 1 + 200 * number,
        "last_trade_id": 200 + 200 * number,
        "ticks_sha256": "0" * 64,
    }
    return minute.MinuteClosed(**{**base, **changes})


def features(**changes: Any) -> signal.Features:
    """Give the indicators at a close."""
    base: dict[str, Any] = {
        "close_usd": Decimal("150.2"),
        "session_vwap_usd": Decimal(150),
        "session_cvd_base": Decimal(20),
        "atr_5m_usd": Decimal("0.8"),
        "rsi": Decimal("55.1"),
    }
    return signal.Features(**{**base, **changes})


def entry_signaled(number: int = 0, **changes: Any) -> signal.EntrySignaled:
    """Give a long signal on the `number`-th minute."""
    bar = minute_closed(number)
    base: dict[str, Any] = {
        "market": MARKET,
        "side": Side.LONG,
        "strategy": "vwap-reclaim-1",
        "minute": bar.minute,
        "closed_at": bar.closed_at,
        "entry_price_usd": Decimal(150),
        "stop_price_usd": Decimal(149),
        "tp_prices_usd": TARGETS,
        "features": features(),
        "missing_trades_in_window": 0,
    }
    return signal.EntrySignaled(**{**base, **changes})


def entry_withheld(number: int = 0, **changes: Any) -> signal.EntryWithheld:
    """Give the reason for no entry on the `number`-th minute."""
    base: dict[str, Any] = {
        "market": MARKET,
        "strategy": "vwap-reclaim-1",
        "minute": START + timedelta(minutes=number),
        "reason": signal.WithheldReason.WAITING_FOR_CROSS,
        "long_phase": signal.Phase.LOST,
        "short_phase": signal.Phase.IDLE,
        "features": features(),
    }
    return signal.EntryWithheld(**{**base, **changes})


def finding(rule: verdict.Rule, *, passed: bool = True, **changes: Any) -> verdict.Finding:
    """Give one rule's result."""
    base: dict[str, Any] = {
        "rule": rule,
        "passed": passed,
        "observed": Decimal("1.5"),
        "limit": Decimal(5),
        "unit": "x",
        "inputs": (),
    }
    return verdict.Finding(**{**base, **changes})


def _verdict_fields(proposal: UUID) -> dict[str, Any]:
    return {
        "account": "local",
        "market": MARKET,
        "proposal": proposal,
        "side": Side.LONG,
        "quantity_base": Decimal(50),
        "entry_price_usd": Decimal(150),
        "stop_price_usd": Decimal(149),
        "tp_prices_usd": TARGETS,
        "notional_usd": Decimal(7500),
        "risk_usd": Decimal(50),
        "equity_usd": Decimal(10000),
        "leverage_after": Decimal("0.75"),
        "policy": "risk-1",
        "findings": tuple(finding(rule) for rule in verdict.Rule),
    }


def order_approved(proposal: UUID, **changes: Any) -> verdict.OrderApproved:
    """Give an approval with every rule passed."""
    more: dict[str, Any] = {
        "expires_at": START + timedelta(minutes=15),
        "priority_fee_microlamports": 10_000,
    }
    return verdict.OrderApproved(**{**_verdict_fields(proposal), **more, **changes})


def order_denied(proposal: UUID, rule: verdict.Rule, **changes: Any) -> verdict.OrderDenied:
    """Give a denial for one rule."""
    findings = tuple(finding(one, passed=one is not rule) for one in verdict.Rule)
    more: dict[str, Any] = {"headline": rule, "findings": findings}
    return verdict.OrderDenied(**{**_verdict_fields(proposal), **more, **changes})


def at(number: int) -> order.VenueClock:
    """Give the venue's clock in the `number`-th minute."""
    return order.VenueClock(at=START + timedelta(minutes=number), trade_id=200 * number + 1)


@dataclass
class Story:
    """Writes what a desk would write, each event by the service that owns it."""

    log: InMemoryLog
    market_at: datetime = START
    ids: dict[str, EventId] = field(default_factory=dict[str, EventId])
    count: int = 0

    async def write(self, event: Event, *, identity: EventId | None = None) -> EventId:
        """Append one event."""
        self.count += 1
        new = identity or derive_root_id("story", self.count)
        owner = "ingest" if event.owner == "*" else event.owner
        draft = Draft(
            event=event,
            id=new,
            subject=subject_of(event),
            occurred_at=self.market_at,
            correlation_id=new,
        )
        await self.log.as_service(owner).append([draft])
        return new

    async def opens(self, **changes: Any) -> None:
        """Begin: ingest comes up and opens the feed."""
        started = process.ServiceStarted(
            service="ingest",
            instance="i-1",
            revision="unknown",
            python="3.11.7",
            packages_sha256="0" * 64,
        )
        await self.write(started)
        await self.write(feed_opened(**changes))

    async def opens_account(self, **changes: Any) -> None:
        """Open the account, as the gateway would."""
        base: dict[str, Any] = {
            "account": "local",
            "venue": "paper",
            "equity_usd": Decimal(10_000),
            "priority_fee_microlamports": 10_000,
            "settings": settings(),
        }
        await self.write(control.AccountOpened(**{**base, **changes}))

    async def passes(self, number: int, **changes: Any) -> None:
        """Close a minute without an entry."""
        self.market_at = START + timedelta(minutes=number + 1)
        await self.write(minute_closed(number, **changes))
        await self.write(entry_withheld(number))

    async def signals(self, number: int) -> EventId:
        """Close a minute with an entry; give the signal's id."""
        self.market_at = START + timedelta(minutes=number + 1)
        await self.write(minute_closed(number))
        return await self.write(entry_signaled(number))

    async def approves(self, proposal: EventId) -> EventId:
        """Approve a proposal; give the setup's id."""
        return await self.write(order_approved(proposal))

    def order_id(self, setup: EventId, leg: Leg) -> str:
        """Give our id of a leg's order."""
        return derive_client_order_id(setup, leg, 0)

    def _leg(self, setup: EventId, leg: Leg) -> dict[str, Any]:
        return {
            "account": "local",
            "market": MARKET,
            "setup": setup,
            "client_order_id": self.order_id(setup, leg),
            "leg": leg,
        }

    async def intends(self, setup: EventId, leg: Leg, price: str, quantity: str | None) -> None:
        """Intend one order of a setup."""
        is_entry = leg is Leg.ENTRY
        kind = {Leg.ENTRY: OrderKind.POST_ONLY_LIMIT, Leg.STOP: OrderKind.TRIGGER_MARKET}
        event = order.OrderIntended(
            **self._leg(setup, leg),
            side=Side.LONG if is_entry else Side.SHORT,
            kind=kind.get(leg, OrderKind.REDUCE_ONLY_LIMIT),
            price_usd=Decimal(price),
            quantity_base=None if quantity is None else Decimal(quantity),
            is_reduce_only=not is_entry,
            expires_at=None,
            earliest_at=self.market_at,
        )
        await self.write(event)

    async def places(self, setup: EventId, leg: Leg, price: str, quantity: str | None) -> None:
        """Intend an order and see it rest."""
        await self.intends(setup, leg, price, quantity)
        event = order.OrderPlaced(**self._leg(setup, leg), clock=at(1), price_usd=Decimal(price))
        await self.write(event)

    async def observes(self, kind: type[Event], setup: EventId, leg: Leg, **fields: Any) -> None:
        """Write any event about an order."""
        if "clock" in kind.model_fields:
            fields.setdefault("clock", at(1))
        await self.write(kind(**self._leg(setup, leg), **fields))

    async def fills(
        self,
        setup: EventId,
        leg: Leg,
        price: str,
        quantity: str,
        *,
        after: str,
        made: str = "0",
        fee: str = "0.75",
        remaining: str = "0",
    ) -> None:
        """Fill an order; `after` is the signed position then."""
        is_entry = leg is Leg.ENTRY
        event = order.OrderFilled(
            **self._leg(setup, leg),
            clock=at(2),
            fill_id=f"{setup}/{leg}/{self.count}",
            side=Side.LONG if is_entry else Side.SHORT,
            liquidity=Liquidity.TAKER if leg is Leg.STOP else Liquidity.MAKER,
            price_usd=Decimal(price),
            quantity_base=Decimal(quantity),
            remaining_base=Decimal(remaining),
            fee_usd=Decimal(fee),
            realized_pnl_usd=Decimal(made),
            position_after_base=Decimal(after),
        )
        await self.write(event)

    async def holds(self, number: int) -> EventId:
        """Go from a signal to an open position of 50 with its ladder; give the setup's id."""
        proposal = await self.signals(number)
        setup = await self.approves(proposal)
        await self.places(setup, Leg.ENTRY, "150", "50")
        await self.fills(setup, Leg.ENTRY, "150", "50", after="50")
        await self.places(setup, Leg.STOP, "149", None)
        await self.places(setup, Leg.TP1, "151", "25")
        await self.places(setup, Leg.TP2, "152", "15")
        await self.places(setup, Leg.TP3, "153", "10")
        return setup


def recorded(
    event: Event, *, position: int = 1, at: datetime = START, source: str = ""
) -> Recorded:
    """Give an event as the log would hold it."""
    identity = derive_id(derive_root_id("recorded", position), event.event_type)
    return Recorded(
        event=event,
        id=identity,
        subject=subject_of(event),
        occurred_at=at,
        correlation_id=identity,
        causation_id=None,
        source=source or event.owner,
        version=event.event_version,
        position=position,
        recorded_at=at,
        body=b"",
    )
