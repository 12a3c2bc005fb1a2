"""Builders of the events that risk hears, and a run of its core over them.

Market time is counted in minutes from `BEGIN`; minute `n` closes 0.7 s after its end.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid5

from contracts.codec import as_recorded
from contracts.control import (
    AccountOpened,
    KillLevel,
    KillSwitchEngaged,
    ManualOrderRequested,
    Settings,
    SettingsChanged,
    TradingResumed,
)
from contracts.engine import (
    Mode,
    ModeChanged,
    PositionAdopted,
    ReconciliationBroke,
    ReconciliationPassed,
)
from contracts.event import Draft, Event, Recorded
from contracts.feed import FeedKind, FeedOpened
from contracts.ids import EventId, derive_client_order_id, derive_id, derive_root_id
from contracts.order import OrderFilled, SetupClosed
from contracts.routes import subject_of
from contracts.signal import EntrySignaled, EntryWithheld, Features, Phase, WithheldReason
from contracts.values import Leg, Liquidity, Side, VenueClock
from contracts.venue import (
    AccountFunded,
    CapitalMoved,
    ForeignOrderFilled,
    FundingSettled,
    InterestSettled,
    PositionLiquidated,
    QuoteBalance,
    VenueAdvanced,
    VenueFeeCharged,
)
from contracts.verdict import Finding, OrderApproved, OrderDenied, Rule
from risk.domain.core import RiskCore

BEGIN = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
MARKET = "sol-perp"
ACCOUNT = "local"
SETTINGS = Settings(
    leverage_max=Decimal(5),
    risk_per_trade_bps=Decimal(100),
    daily_drawdown_limit_pct=Decimal(3),
    priority_fee_cap_microlamports=50_000,
    delegate_enabled=True,
    strategy_enabled=True,
)


def settings(**changes: Any) -> Settings:
    """Give settings that differ from `SETTINGS` in what is named."""
    return SETTINGS.model_copy(update=changes)


def closed_at(minute: int) -> datetime:
    """Give the exchange time at which a minute closes."""
    return BEGIN + timedelta(minutes=minute + 1, milliseconds=700)


def an_account(
    account: str = ACCOUNT,
    *,
    equity_usd: str | None = "10000",
    venue: str = "paper",
    fee: int = 10_000,
    settings: Settings = SETTINGS,
) -> Draft:
    """Open an account; without equity it is one whose venue shows its money."""
    event = AccountOpened(
        account=account,
        venue=venue,
        equity_usd=None if equity_usd is None else Decimal(equity_usd),
        priority_fee_microlamports=fee,
        settings=settings,
    )
    return draft(event, derive_root_id("account_opened", account), BEGIN)


def a_feed(*, is_replayable: bool, market: str = MARKET) -> Draft:
    """Open a feed."""
    event = FeedOpened(
        venue="binance-usdm",
        symbol="solusdt",
        market=market,
        kind=FeedKind.TAPE if is_replayable else FeedKind.BINANCE,
        identity="test",
        is_replayable=is_replayable,
        description="a feed",
    )
    return draft(event, derive_root_id("feed_opened", market), BEGIN)


def features(atr: str | None) -> Features:
    """Give features of which only the ATR matters."""
    return Features(
        close_usd=Decimal(100),
        session_vwap_usd=None,
        session_cvd_base=Decimal(0),
        atr_5m_usd=None if atr is None else Decimal(atr),
        rsi=None,
    )


def a_signal(
    minute: int = 0,
    *,
    market: str = MARKET,
    side: Side = Side.LONG,
    entry: str = "100",
    stop: str = "98",
    tps: tuple[str, str, str] = ("102", "104", "106"),
    atr: str | None = "1",
    missing: int = 0,
) -> Draft:
    """Signal a long at 100 with its stop at 98, unless told otherwise."""
    event = EntrySignaled(
        market=market,
        side=side,
        strategy="vwap-reclaim-1",
        minute=BEGIN + timedelta(minutes=minute),
        closed_at=closed_at(minute),
        entry_price_usd=Decimal(entry),
        stop_price_usd=Decimal(stop),
        tp_prices_usd=_three(tps),
        features=features(atr),
        missing_trades_in_window=missing,
    )
    return draft(event, derive_root_id("entry_signaled", market, minute), closed_at(minute))


def a_withheld(minute: int = 0, *, market: str = MARKET, atr: str | None = "1") -> Draft:
    """Withhold an entry."""
    event = EntryWithheld(
        market=market,
        strategy="vwap-reclaim-1",
        minute=BEGIN + timedelta(minutes=minute),
        reason=WithheldReason.VWAP_NOT_LOST,
        long_phase=Phase.IDLE,
        short_phase=Phase.IDLE,
        features=features(atr),
    )
    return draft(event, derive_root_id("entry_withheld", market, minute), closed_at(minute))


def a_marker(
    minute: int = 0, *, lag_ms: int = 0, venue: str = "paper", market: str = MARKET
) -> Draft:
    """Say that the venue has worked every print before `closed_at` of the minute, plus a lag."""
    at = closed_at(minute) + timedelta(milliseconds=lag_ms)
    event = VenueAdvanced(
        venue=venue,
        market=market,
        minute=BEGIN + timedelta(minutes=minute),
        closed_at=at,
        last_trade_id=minute,
    )
    return draft(event, derive_root_id("venue_advanced", venue, market, minute, lag_ms), at)


def a_fill(
    setup: EventId,
    *,
    leg: Leg = Leg.ENTRY,
    account: str = ACCOUNT,
    market: str = MARKET,
    price: str = "100",
    quantity: str = "1",
    remaining: str = "0",
    fee: str = "0",
    pnl: str = "0",
    after: str = "1",
    at: datetime = BEGIN,
    number: int = 0,
) -> Draft:
    """Fill an order of a setup."""
    event = OrderFilled(
        account=account,
        market=market,
        setup=setup,
        client_order_id=derive_client_order_id(setup, leg, 0),
        leg=leg,
        clock=a_clock(at),
        fill_id=f"{leg}-{number}",
        side=Side.LONG,
        liquidity=Liquidity.MAKER,
        price_usd=Decimal(price),
        quantity_base=Decimal(quantity),
        remaining_base=Decimal(remaining),
        fee_usd=Decimal(fee),
        realized_pnl_usd=Decimal(pnl),
        position_after_base=Decimal(after),
    )
    return draft(event, derive_id(setup, f"order_filled/{leg}/{account}", number), at)


def a_clock(at: datetime) -> VenueClock:
    """Give the venue's clock at a chain time; a slot takes 400 ms."""
    return VenueClock(at=at, slot=1_000_000 + (at - BEGIN) // timedelta(milliseconds=400))


def a_foreign_fill(*, number: int = 0, **changes: Any) -> Draft:
    """Fill an order that is not ours."""
    return _other_fill(ForeignOrderFilled, number, {"venue_order_id": number}, **changes)


def a_liquidation(*, number: int = 0, **changes: Any) -> Draft:
    """Take over a part of the position."""
    return _other_fill(PositionLiquidated, number, {}, **changes)


def _other_fill(
    kind: type[ForeignOrderFilled | PositionLiquidated],
    number: int,
    more: dict[str, Any],  # Any: fields that only one of the two has.
    *,
    account: str = ACCOUNT,
    market: str = MARKET,
    price: str = "100",
    quantity: str = "1",
    fee: str = "0",
    pnl: str = "0",
    after: str = "1",
    at: datetime = BEGIN,
) -> Draft:
    event = kind(
        account=account,
        market=market,
        fill_id=f"other-{number}",
        side=Side.SHORT,
        price_usd=Decimal(price),
        quantity_base=Decimal(quantity),
        fee_usd=Decimal(fee),
        realized_pnl_usd=Decimal(pnl),
        position_after_base=Decimal(after),
        clock=a_clock(at),
        **more,
    )
    return draft(event, derive_root_id(kind.event_type, account, number), at)


def funding(amount: str, *, account: str = ACCOUNT, at: datetime = BEGIN, number: int = 0) -> Draft:
    """Settle funding; a negative amount is paid."""
    event = FundingSettled(
        account=account,
        market=MARKET,
        amount_usd=Decimal(amount),
        rate=Decimal("0.0001"),
        position_base=Decimal(1),
        hour=at.replace(minute=0, second=0, microsecond=0),
        clock=a_clock(at),
    )
    return draft(event, derive_root_id("funding_settled", account, number), at)


def a_funded_account(
    cash: str, *, account: str = ACCOUNT, market: str = MARKET, at: datetime = BEGIN
) -> Draft:
    """Show what an account on a chain begins with."""
    event = AccountFunded(
        account=account,
        market=market,
        cash_usd=Decimal(cash),
        quote=a_quote(cash),
        clock=a_clock(at),
    )
    return draft(event, derive_root_id("account_funded", account), at)


def capital(amount: str, *, account: str = ACCOUNT, at: datetime = BEGIN, number: int = 0) -> Draft:
    """Pay in, or take out."""
    event = CapitalMoved(
        account=account,
        market=MARKET,
        key=str(number),
        amount_usd=Decimal(amount),
        clock=a_clock(at),
    )
    return draft(event, derive_root_id("capital_moved", account, number), at)


def interest(
    amount: str, *, account: str = ACCOUNT, at: datetime = BEGIN, number: int = 0
) -> Draft:
    """Settle interest."""
    event = InterestSettled(
        account=account,
        market=MARKET,
        amount_usd=Decimal(amount),
        quote=a_quote("1000"),
        clock=a_clock(at),
    )
    return draft(event, derive_root_id("interest_settled", account, number), at)


def a_quote(balance: str) -> QuoteBalance:
    """Give a balance at a venue without interest."""
    one = Decimal(1)
    return QuoteBalance(balance_usd=Decimal(balance), deposit_index=one, borrow_index=one)


def a_venue_fee(
    fee: str = "0.01", *, account: str = ACCOUNT, at: datetime = BEGIN, number: int = 0
) -> Draft:
    """Charge a flat fee."""
    event = VenueFeeCharged(
        account=account,
        market=MARKET,
        key=f"fee-{number}",
        venue_order_id=number,
        reason="trigger",
        fee_usd=Decimal(fee),
        clock=a_clock(at),
    )
    return draft(event, derive_root_id("venue_fee_charged", account, number), at)


def a_mode(mode: Mode, *, account: str = ACCOUNT, market: str = MARKET, number: int = 0) -> Draft:
    """Change the engine's mode."""
    event = ModeChanged(
        account=account, market=market, before=Mode.RUN, mode=mode, reason="oracle-stale"
    )
    return draft(event, derive_root_id("mode_changed", account, market, mode, number), BEGIN)


def a_break(
    what: str = "position", *, account: str = ACCOUNT, market: str = MARKET, number: int = 0
) -> Draft:
    """Find that the log and the venue disagree."""
    event = ReconciliationBroke(
        account=account, market=market, what=what, expected=Decimal(1), found=Decimal(2)
    )
    event_id = derive_root_id("reconciliation_broke", account, market, what, number)
    return draft(event, event_id, BEGIN)


def an_agreement(
    what: str = "position", *, account: str = ACCOUNT, market: str = MARKET, number: int = 0
) -> Draft:
    """Find that the log and the venue agree again."""
    event = ReconciliationPassed(account=account, market=market, what=what)
    event_id = derive_root_id("reconciliation_passed", account, market, what, number)
    return draft(event, event_id, BEGIN)


def an_adoption(
    base: str = "1", *, account: str = ACCOUNT, market: str = MARKET, number: int = 0
) -> Draft:
    """Adopt a position that no setup explains; the draft's id names the setup."""
    event = PositionAdopted(
        account=account,
        market=market,
        position_base=Decimal(base),
        oracle_usd=Decimal(100),
        stop_price_usd=Decimal(90),
    )
    return draft(event, derive_root_id("position_adopted", account, market, number), BEGIN)


def a_closed_setup(
    setup: EventId, *, account: str = ACCOUNT, market: str = MARKET, at: datetime = BEGIN
) -> Draft:
    """Close a setup."""
    event = SetupClosed(
        account=account,
        market=market,
        setup=setup,
        outcome="stopped",
        realized_pnl_usd=Decimal(0),
        fees_usd=Decimal(0),
        funding_usd=Decimal(0),
        transaction_fees_lamports=0,
    )
    return draft(event, derive_id(setup, "setup_closed"), at)


def changed_settings(after: Settings, *, account: str = ACCOUNT, number: int = 0) -> Draft:
    """Change an account's settings."""
    event = SettingsChanged(account=account, before=SETTINGS, settings=after, by="a person")
    return draft(event, derive_root_id("settings_changed", account, number), BEGIN)


def a_kill(
    account: str | None = None,
    *,
    level: KillLevel = KillLevel.CANCEL_ENTRIES,
    number: int = 0,
) -> Draft:
    """Stop automation."""
    event = KillSwitchEngaged(account=account, level=level, reason="a test", by="a person")
    return draft(event, derive_root_id("kill_switch_engaged", str(account), number), BEGIN)


def a_resume(account: str | None = None, *, number: int = 0) -> Draft:
    """Lift a kill."""
    event = TradingResumed(account=account, reason="a test", by="a person")
    return draft(event, derive_root_id("trading_resumed", str(account), number), BEGIN)


def a_manual_order(
    *,
    account: str = ACCOUNT,
    market: str = MARKET,
    venue: str = "paper",
    quantity: str = "1",
    leverage: str = "2",
    entry: str = "100",
    stop: str = "98",
    tps: tuple[str, str, str] = ("102", "104", "106"),
    at: datetime = BEGIN,
    number: int = 0,
) -> Draft:
    """Ask for a long by hand."""
    event = ManualOrderRequested(
        account=account,
        market=market,
        side=Side.LONG,
        entry_price_usd=Decimal(entry),
        quantity_base=Decimal(quantity),
        stop_price_usd=Decimal(stop),
        tp_prices_usd=_three(tps),
        leverage=Decimal(leverage),
        venue=venue,
        notes="",
        by="a person",
    )
    return draft(event, derive_root_id("manual_order_requested", account, number), at)


def draft(event: Event, event_id: EventId, occurred_at: datetime) -> Draft:
    """Give a draft on the subject that the event belongs on."""
    return Draft(
        event=event,
        id=event_id,
        subject=subject_of(event),
        occurred_at=occurred_at,
        correlation_id=event_id,
    )


def in_log(drafts: Sequence[Draft], *, after: int = 0) -> list[Recorded]:
    """Give the drafts as the log holds them from position `after` + 1 on."""
    return [
        as_recorded(
            one,
            source=one.event.owner,
            position=position,
            recorded_at=BEGIN + timedelta(milliseconds=position),
        )
        for position, one in enumerate(drafts, start=after + 1)
    ]


def run(drafts: Sequence[Draft], *, core: RiskCore | None = None) -> list[Draft]:
    """Give the verdicts of a new core on a log of these drafts."""
    core = core or RiskCore()
    return [verdict for recorded in in_log(drafts) for verdict in core.step(recorded)]


def run_with_echo(drafts: Sequence[Draft], *, core: RiskCore | None = None) -> list[Draft]:
    """Do as `run`, and let each verdict come back through the log right after its cause."""
    core = core or RiskCore()
    verdicts: list[Draft] = []
    position = 0
    for one in drafts:
        queue = [one]
        while queue:
            (recorded,) = in_log([queue.pop(0)], after=position)
            position += 1
            answered = core.step(recorded)
            verdicts.extend(answered)
            queue.extend(answered)
    return verdicts


def verdict_of(one: Draft) -> OrderApproved | OrderDenied:
    """Give the verdict in a draft."""
    assert isinstance(one.event, OrderApproved | OrderDenied)
    return one.event


def finding(one: Draft, rule: Rule) -> Finding:
    """Give what a verdict says about a rule."""
    return next(found for found in verdict_of(one).findings if found.rule is rule)


def a_setup_id(text: str = "setup") -> EventId:
    """Give an id that no verdict has."""
    return EventId(uuid5(derive_root_id("test"), text))


def _three(prices: tuple[str, str, str]) -> tuple[Decimal, Decimal, Decimal]:
    first, second, third = prices
    return Decimal(first), Decimal(second), Decimal(third)
