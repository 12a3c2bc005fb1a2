"""The events that the bench sends: real ones of the contracts, with made-up figures."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from contracts.control import AccountOpened, CancelRequested, Settings
from contracts.event import Draft, Event
from contracts.feed import TradeGapDetected
from contracts.ids import EventId, derive_client_order_id, derive_id, derive_root_id
from contracts.order import OrderIntended
from contracts.routes import subject_of
from contracts.signal import EntrySignaled, Features
from contracts.values import Leg, OrderKind, Side
from contracts.verdict import Finding, OrderApproved, Rule

AT = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
ACCOUNT = "local"
MARKET = "ltc-perp"
_TPS = (Decimal("83.1"), Decimal("83.9"), Decimal("84.7"))


def cancel_requested(number: int) -> Draft:
    """Give the root of a chain of events: the gateway's."""
    event = CancelRequested(
        account=ACCOUNT,
        market=MARKET,
        client_order_id=derive_client_order_id(root_id(number), "entry", 0),
        by="bench",
    )
    return _draft(event, root_id(number), None)


def trade_gap_detected(cause: EventId, root: EventId) -> Draft:
    """Give an event of ingest."""
    event = TradeGapDetected(
        venue="binance-spot",
        symbol="ltcusdt",
        first_missing_id=501_000,
        last_missing_id=501_099,
        missing_trades=100,
        before_at=AT,
        after_at=AT + timedelta(seconds=1),
    )
    return _draft(event, derive_id(cause, event.event_type), cause, root)


def entry_signaled(cause: EventId, root: EventId) -> Draft:
    """Give an event of signals."""
    event = EntrySignaled(
        market=MARKET,
        side=Side.LONG,
        strategy="vwap-reclaim-1",
        minute=AT,
        closed_at=AT + timedelta(seconds=60.7),
        entry_price_usd=Decimal("82.31"),
        stop_price_usd=Decimal("81.67"),
        tp_prices_usd=_TPS,
        features=Features(
            close_usd=Decimal("82.33"),
            session_vwap_usd=Decimal("82.298417"),
            session_cvd_base=Decimal("-1204.518"),
            atr_5m_usd=Decimal("0.183741"),
            rsi=Decimal("54.119823"),
        ),
        missing_trades_in_window=0,
    )
    return _draft(event, derive_id(cause, event.event_type), cause, root)


def order_approved(cause: EventId, root: EventId) -> Draft:
    """Give an event of risk, with a finding for every rule."""
    event = OrderApproved(
        account=ACCOUNT,
        market=MARKET,
        proposal=cause,
        side=Side.LONG,
        quantity_base=Decimal("121.4"),
        entry_price_usd=Decimal("82.31"),
        stop_price_usd=Decimal("81.67"),
        tp_prices_usd=_TPS,
        notional_usd=Decimal("9992.434"),
        risk_usd=Decimal("77.696"),
        equity_usd=Decimal(10_000),
        leverage_after=Decimal("0.9992434"),
        policy="risk-1",
        findings=tuple(
            Finding(
                rule=rule,
                passed=True,
                observed=Decimal("0.75"),
                limit=Decimal(5),
                unit="ratio",
                inputs=(cause,),
            )
            for rule in Rule
        ),
        expires_at=AT + timedelta(minutes=15),
        priority_fee_microlamports=10_000,
    )
    return _draft(event, derive_id(cause, event.event_type), cause, root)


def order_intended(cause: EventId, root: EventId) -> Draft:
    """Give an event of execution."""
    event = OrderIntended(
        account=ACCOUNT,
        market=MARKET,
        setup=cause,
        client_order_id=derive_client_order_id(cause, "entry", 0),
        leg=Leg.ENTRY,
        user_order_id=16,
        side=Side.LONG,
        kind=OrderKind.POST_ONLY_LIMIT,
        price_usd=Decimal("82.31"),
        quantity_base=Decimal("121.4"),
        is_reduce_only=False,
        expires_at=AT + timedelta(minutes=15),
    )
    return _draft(event, derive_id(cause, event.event_type), cause, root)


def account_opened() -> Draft:
    """Give the account that a replayable feed waits for."""
    event = AccountOpened(
        account=ACCOUNT,
        venue="paper",
        equity_usd=Decimal(10_000),
        priority_fee_microlamports=10_000,
        settings=Settings(
            leverage_max=Decimal(5),
            risk_per_trade_bps=Decimal(100),
            daily_drawdown_limit_pct=Decimal(3),
            priority_fee_cap_microlamports=50_000,
            delegate_enabled=True,
            strategy_enabled=True,
        ),
    )
    return _draft(event, derive_root_id(event.event_type, ACCOUNT), None)


def number_of(root: EventId) -> int:
    """Give the number of the message that a chain began with."""
    return root.int


def root_id(number: int) -> EventId:
    """Give the id of the message with this number."""
    return EventId(UUID(int=number))


def _draft(
    event: Event, event_id: EventId, cause: EventId | None, root: EventId | None = None
) -> Draft:
    return Draft(
        event=event,
        id=event_id,
        subject=subject_of(event),
        occurred_at=AT,
        correlation_id=root or event_id,
        causation_id=cause,
    )
