"""Builders of what execution hears: verdicts, control and prints.

Market time is counted in milliseconds from `BEGIN`. The default setup is long: entry 100, stop 99
(R is 1 USD), take-profits at 101, 102 and 103, for 10 SOL.
"""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid5

from contracts.control import (
    AccountOpened,
    CancelRequested,
    KillLevel,
    KillSwitchEngaged,
    Settings,
    TradingResumed,
)
from contracts.event import Draft, Event
from contracts.feed import FeedKind, FeedOpened
from contracts.ids import EventId, derive_id, derive_root_id
from contracts.routes import subject_of
from contracts.ticks import Trade
from contracts.values import Side, to_millis
from contracts.venues import PAPER
from contracts.verdict import OrderApproved

BEGIN = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
BEGIN_MS = to_millis(BEGIN)
MARKET = "sol-perp"
ACCOUNT = "local"
VENUE = "binance-usdm"
SYMBOL = "solusdt"
SETTINGS = Settings(
    leverage_max=Decimal(5),
    risk_per_trade_bps=Decimal(100),
    daily_drawdown_limit_pct=Decimal(3),
    priority_fee_cap_microlamports=50_000,
    delegate_enabled=True,
    strategy_enabled=True,
)


def at(milliseconds: int) -> datetime:
    """Give a market time."""
    return BEGIN + timedelta(milliseconds=milliseconds)


def a_feed(*, is_replayable: bool = True, market: str = MARKET, symbol: str = SYMBOL) -> Draft:
    """Open a feed."""
    event = FeedOpened(
        venue=VENUE,
        symbol=symbol,
        market=market,
        kind=FeedKind.TAPE if is_replayable else FeedKind.BINANCE,
        identity="test",
        is_replayable=is_replayable,
        description="prints made by a test",
    )
    return root(event, derive_root_id("feed_opened", market))


def an_account(account: str = ACCOUNT, *, venue: str = "paper") -> Draft:
    """Open an account; a chain says by itself what it holds."""
    event = AccountOpened(
        account=account,
        venue=venue,
        equity_usd=Decimal(10_000) if venue == PAPER else None,
        priority_fee_microlamports=10_000,
        settings=SETTINGS,
    )
    return root(event, derive_root_id("account_opened", account))


def an_approval(
    key: str | UUID = "first",
    *,
    account: str = ACCOUNT,
    market: str = MARKET,
    side: Side = Side.LONG,
    quantity: str = "10",
    entry: str = "100",
    stop: str | None = None,
    tps: tuple[str, str, str] | None = None,
    milliseconds: int = 0,
    lives_ms: int = 300_000,
) -> Draft:
    """Approve a setup; `key` names its proposal, or is the proposal's id."""
    proposal = EventId(key) if isinstance(key, UUID) else named(key)
    entry_usd = Decimal(entry)
    tp_prices = tps or tuple(str(entry_usd + side.sign * step) for step in (1, 2, 3))
    stop_usd = Decimal(stop) if stop is not None else entry_usd - side.sign
    event = OrderApproved(
        account=account,
        market=market,
        proposal=proposal,
        side=side,
        quantity_base=Decimal(quantity),
        entry_price_usd=entry_usd,
        stop_price_usd=stop_usd,
        tp_prices_usd=(Decimal(tp_prices[0]), Decimal(tp_prices[1]), Decimal(tp_prices[2])),
        notional_usd=entry_usd * Decimal(quantity),
        risk_usd=abs(entry_usd - stop_usd) * Decimal(quantity),
        equity_usd=Decimal(10_000),
        leverage_after=None,
        policy="risk-1",
        findings=(),
        expires_at=at(milliseconds + lives_ms),
        priority_fee_microlamports=10_000,
    )
    return Draft(
        event=event,
        id=EventId(uuid5(derive_id(proposal, event.event_type), account)),
        subject=subject_of(event),
        occurred_at=at(milliseconds),
        correlation_id=proposal,
        causation_id=proposal,
    )


def a_kill(
    key: str = "kill",
    *,
    account: str | None = None,
    level: KillLevel = KillLevel.CANCEL_ENTRIES,
) -> Draft:
    """Engage a kill, the global one unless an account is named."""
    event = KillSwitchEngaged(account=account, level=level, reason="test", by="test")
    return root(event, named(key))


def a_resume(key: str = "resume", *, account: str | None = None) -> Draft:
    """Lift a kill, the global one unless an account is named."""
    return root(TradingResumed(account=account, reason="test", by="test"), named(key))


def a_cancel(client_order_id: str, *, key: str = "cancel", account: str = ACCOUNT) -> Draft:
    """Ask to cancel an order."""
    event = CancelRequested(
        account=account, market=MARKET, client_order_id=client_order_id, by="test"
    )
    return root(event, named(key))


def a_print(
    trade_id: int,
    price: str,
    *,
    milliseconds: int,
    quantity: str = "100",
    seller: bool | None = None,
) -> Trade:
    """Print a trade; unless said, an aggressor that does not matter: a seller."""
    return Trade(
        i=trade_id,
        t=BEGIN_MS + milliseconds,
        p=price,
        q=quantity,
        m=True if seller is None else seller,
    )


def named(key: str) -> EventId:
    """Give the id that a person's command or a proposal has, by name."""
    return derive_root_id("test", key)


def root(event: Event, identity: EventId, *, milliseconds: int = 0) -> Draft:
    """Give a draft that no event caused."""
    return Draft(
        event=event,
        id=identity,
        subject=subject_of(event),
        occurred_at=at(milliseconds),
        correlation_id=identity,
    )
