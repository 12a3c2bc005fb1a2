"""From the live desk to what the API answers: pure, no rule of its own."""

from datetime import datetime
from decimal import Context, Decimal
from functools import lru_cache

from contracts import signal
from contracts.engine import Mode
from contracts.ids import MarketId
from contracts.markets import UnknownMarket, market_spec
from contracts.values import plain
from gateway import views
from gateway.domain import desk
from gateway.domain.desk import DeskState
from gateway.domain.kills import Scope, name_of
from gateway.domain.session import Bar
from gateway.live import Live, Market, ServiceStatus
from gateway.present_orders import (
    adopted_view,
    order_view,
    setup_view,
    transaction_view,
    verdict_view,
)
from gateway.requests import settings_body
from gateway.stream.protocol import time_text

BARS_SHOWN = 240
"""Bars in the state: four hours."""
_CENT = Decimal("0.01")
_WIDE = Context(prec=60)
"""Room for the product of any two decimals of the log."""


def money_view(live: Live) -> views.MoneyView:
    """Give the account and its position at the newest price."""
    last_usd = _last_usd(live)
    return views.MoneyView(
        account=_account(live.state, last_usd), position=_position(live.state, last_usd)
    )


def _last_usd(live: Live) -> Decimal | None:
    """Give the newest price: of the last trade heard, else of the last closed minute."""
    if live.market.price is not None:
        return live.market.price.last_usd
    return None if live.state.session is None else live.state.session.close_usd


def state_view(live: Live, *, now: datetime) -> views.StateView:
    """Give the whole desk."""
    state, last_usd = live.state, _last_usd(live)
    account = state.account
    return views.StateView(
        pos=str(state.position),
        head_at=_time(state.recorded_at),
        server_time=time_text(now),
        epoch=live.hub.epoch,
        is_caught_up=live.hub.is_open,
        mode="paper" if account is None else account.opened.venue,
        feed=_feed(state),
        market=_market(state),
        price=price_view(live.market),
        flow=flow_view(live.market),
        account=_account(state, last_usd),
        settings=None if account is None else settings_body(account.settings).model_dump(),
        position=_position(state, last_usd),
        orders=[order_view(one) for one in state.book.orders],
        transactions=[transaction_view(one) for one in state.book.transactions],
        adopted=None if state.book.adopted is None else adopted_view(state.book.adopted),
        setup=None if state.book.setup is None else setup_view(state.book.setup),
        verdict=None if state.verdict is None else verdict_view(state.verdict),
        decision=_decision(state),
        halts=_halts(state),
        is_halted=state.is_halted,
        kill_level=None if state.kill_level is None else name_of(state.kill_level),
        engine=_engine(state),
        services=services_view(live.services),
        unreadable_events=state.unreadable,
        unreadable_pos=str(state.unreadable_position) if state.unreadable else None,
        bars=[bar_view(bar) for bar in state.bars[-BARS_SHOWN:]],
    )


@lru_cache(maxsize=2 * BARS_SHOWN)
def bar_view(bar: Bar) -> views.BarView:
    """Give one closed minute, which never changes again."""
    return views.BarView(
        minute=time_text(bar.minute),
        open_usd=plain(bar.open_usd),
        high_usd=plain(bar.high_usd),
        low_usd=plain(bar.low_usd),
        close_usd=plain(bar.close_usd),
        volume_base=plain(bar.volume_base),
        cvd_base=plain(bar.cvd_base),
        vwap_usd=_plain(bar.vwap_usd),
        trades=bar.trades,
        missing_trades=bar.missing_trades,
        is_complete=bar.is_complete,
    )


def price_view(market: Market) -> views.PriceView | None:
    """Give the newest trade."""
    price, heard_at = market.price, market.price_heard_at
    if price is None or heard_at is None:
        return None
    return views.PriceView(
        last_usd=plain(price.last_usd),
        at=time_text(price.at),
        heard_at=time_text(heard_at),
        trade_id=str(price.trade_id),
    )


def flow_view(market: Market) -> views.FlowView | None:
    """Give session CVD and VWAP."""
    flow, heard_at = market.flow, market.flow_heard_at
    if flow is None or heard_at is None:
        return None
    return views.FlowView(
        cvd_base=plain(flow.cvd_base),
        vwap_usd=_plain(flow.vwap_usd),
        at=time_text(flow.at),
        heard_at=time_text(heard_at),
        is_live=flow.is_live,
    )


def services_view(services: tuple[ServiceStatus, ...]) -> list[views.ServiceView]:
    """Give the services' table."""
    return [
        views.ServiceView(
            name=one.name,
            is_up=one.is_up,
            is_ready=one.is_ready,
            reason=one.reason,
            answered_at=_time(one.answered_at),
            details=dict(one.details),
        )
        for one in services
    ]


def _feed(state: DeskState) -> views.FeedView | None:
    feed = state.feed
    if feed is None:
        return None
    opened = feed.opened
    return views.FeedView(
        kind=opened.kind,
        venue=opened.venue,
        symbol=opened.symbol,
        market=opened.market,
        description=opened.description,
        is_replayable=opened.is_replayable,
        opened_at=time_text(feed.opened_at),
        status=feed.status,
        reason=feed.reason or feed.history_missed,
        gaps=feed.gaps,
        missing_trades=feed.missing_trades,
        refused_frames=feed.refused_frames,
    )


def _market(state: DeskState) -> views.MarketView | None:
    if state.feed is None:
        return None
    try:
        spec = market_spec(MarketId(state.feed.opened.market))
    except UnknownMarket:
        return None
    return views.MarketView(
        id=spec.market,
        tick_usd=plain(spec.tick_usd),
        step_base=plain(spec.step_base),
        quantity_base_min=plain(spec.quantity_base_min),
    )


def _account(state: DeskState, last_usd: Decimal | None) -> views.AccountView | None:
    account, holding = state.account, state.book.holding
    if account is None:
        return None
    unrealized = desk.unrealized_usd(state, last_usd)
    return views.AccountView(
        id=account.opened.account,
        venue=account.opened.venue,
        start_equity_usd=plain(account.opened.equity_usd),
        balance_usd=_cents(desk.balance_usd(account, state.book)),
        equity_usd=_maybe_cents(desk.equity_usd(state, last_usd)),
        realized_pnl_usd=_cents(holding.realized_pnl_usd),
        unrealized_pnl_usd=_maybe_cents(unrealized),
        fees_usd=_cents(holding.fees_usd),
        venue_fees_usd=_cents(holding.venue_fees_usd),
        funding_usd=_cents(holding.funding_usd),
        fills=holding.fills,
        setups_closed=state.book.setups_closed,
        signing=state.signing.mode.value,
    )


def _position(state: DeskState, last_usd: Decimal | None) -> views.PositionView:
    holding = state.book.holding
    notional = None if last_usd is None else abs(holding.quantity_base) * last_usd
    return views.PositionView(
        quantity_base=plain(holding.quantity_base),
        entry_price_usd=_plain(holding.entry_price_usd),
        notional_usd=_maybe_cents(notional),
    )


def _decision(state: DeskState) -> views.DecisionView | None:
    said = state.decision
    if said is None:
        return None
    features = said.event.features
    wants_entry = isinstance(said.event, signal.EntrySignaled)
    return views.DecisionView(
        pos=str(said.position),
        minute=time_text(said.event.minute),
        wants_entry=wants_entry,
        reason="" if isinstance(said.event, signal.EntrySignaled) else said.event.reason,
        rsi=_plain(features.rsi),
        atr_usd=_plain(features.atr_5m_usd),
        session_vwap_usd=_plain(features.session_vwap_usd),
    )


def _halts(state: DeskState) -> list[views.HaltView]:
    return [
        views.HaltView(
            scope=scope,
            level=name_of(halt.level),
            reason=halt.reason,
            by=halt.by,
            pos=str(halt.position),
            recorded_at=time_text(halt.recorded_at),
        )
        for scope, halt in ((Scope.GLOBAL, state.global_halt), (Scope.ACCOUNT, state.halt))
        if halt is not None
    ]


def _engine(state: DeskState) -> views.EngineView:
    said = state.engine
    if said is None:
        return views.EngineView(mode=Mode.RUN, reason="", pos=None, recorded_at=None)
    return views.EngineView(
        mode=said.mode,
        reason=said.reason,
        pos=str(said.position),
        recorded_at=time_text(said.recorded_at),
    )


def _cents(value: Decimal) -> str:
    return plain(value.quantize(_CENT, context=_WIDE))


def _maybe_cents(value: Decimal | None) -> str | None:
    return None if value is None else _cents(value)


def _plain(value: Decimal | None) -> str | None:
    return None if value is None else plain(value)


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else time_text(moment)
