"""Events as the other services write them, for the gateway's tests; a caller names what matters."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from contracts import control, engine, feed, minute, order, signal, verdict
from contracts.event import Event, Recorded
from contracts.ids import derive_id, derive_root_id
from contracts.routes import subject_of
from contracts.values import Side, VenueClock

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


def at(number: int) -> VenueClock:
    """Give the venue's clock in the `number`-th minute; a slot takes 400 ms."""
    moment = START + timedelta(minutes=number)
    return VenueClock(at=moment, slot=1_000 + 150 * number, trade_id=200 * number + 1)


def a_kill(
    account: str | None = "local",
    level: control.KillLevel = control.KillLevel.CANCEL_ENTRIES,
    **changes: Any,
) -> control.KillSwitchEngaged:
    """Give a kill."""
    base: dict[str, Any] = {"reason": "enough", "by": "local"}
    return control.KillSwitchEngaged(account=account, level=level, **{**base, **changes})


def mode_changed(mode: engine.Mode, **changes: Any) -> engine.ModeChanged:
    """Give a change of the engine's mode."""
    base: dict[str, Any] = {
        "account": "local",
        "market": MARKET,
        "before": engine.Mode.RUN,
        "reason": "oracle-stale",
    }
    return engine.ModeChanged(mode=mode, **{**base, **changes})


def setup_closed(setup: UUID, **changes: Any) -> order.SetupClosed:
    """Give the end of a setup that was stopped."""
    base: dict[str, Any] = {
        "account": "local",
        "market": MARKET,
        "setup": setup,
        "outcome": "stopped",
        "realized_pnl_usd": Decimal(-50),
        "fees_usd": Decimal("1.5"),
        "funding_usd": Decimal("-0.25"),
        "transaction_fees_lamports": 9_200,
    }
    return order.SetupClosed(**{**base, **changes})


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
