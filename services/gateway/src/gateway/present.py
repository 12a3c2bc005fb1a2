"""From the live desk to what the API answers: pure, no rule of its own."""

from datetime import datetime
from decimal import Decimal
from functools import lru_cache

from contracts import signal
from contracts.engine import Mode
from contracts.values import plain
from contracts.venues import PAPER
from gateway import views
from gateway.domain import desk
from gateway.domain.desk import DeskState
from gateway.domain.kills import Scope, name_of
from gateway.domain.marks import FillMark, Mark
from gateway.domain.session import Bar
from gateway.domain.ticker import OpenBar
from gateway.identity import API_VERSION, Identity
from gateway.live import Live, Market, ServiceStatus
from gateway.present_orders import (
    adopted_view,
    order_view,
    setup_view,
    transaction_view,
    verdict_view,
)
from gateway.present_position import last_usd, market_of, position_view
from gateway.requests import settings_body
from gateway.stream.protocol import time_text
from gateway.written import cents, maybe_cents, maybe_plain, maybe_time

BARS_SHOWN = 240
"""Bars in the state: four hours."""


def money_view(live: Live) -> views.MoneyView:
    """Give the account and its position at the newest price."""
    return views.MoneyView(
        account=_account(live.state, last_usd(live)), position=position_view(live)
    )


def state_view(live: Live, *, now: datetime) -> views.StateView:
    """Give the whole desk."""
    state = live.state
    account = state.account
    return views.StateView(
        pos=str(state.position),
        head_at=maybe_time(state.recorded_at),
        server_time=time_text(now),
        epoch=live.hub.epoch,
        is_caught_up=live.hub.is_open,
        mode=PAPER if account is None else account.opened.venue,
        feed=_feed(state),
        market=_market(state),
        price=price_view(live.market),
        flow=flow_view(live.market),
        account=_account(state, last_usd(live)),
        settings=None if account is None else settings_body(account.settings).model_dump(),
        position=position_view(live),
        orders=[order_view(one) for one in state.book.orders],
        orders_pos=str(state.lives.position),
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
        marks=_marks(state),
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
        vwap_usd=maybe_plain(bar.vwap_usd),
        trades=bar.trades,
        missing_trades=bar.missing_trades,
        is_complete=bar.is_complete,
    )


_MONEY = {PAPER: "simulated", "localnet": "test", "devnet": "test"}


def version_view(live: Live, identity: Identity) -> views.Version:
    """Give what runs, with the rules that the services say they keep."""
    place = identity.place
    return views.Version(
        service="gateway",
        version=identity.version,
        api=API_VERSION,
        contracts=identity.contracts,
        revision=identity.revision,
        python=identity.python,
        account=live.account_id,
        venue=place.venue,
        environment=_MONEY.get(place.venue, "real"),
        program=place.program,
        program_name=place.program_name,
        quote=place.quote,
        policies={
            one.name: one.details["policy"] for one in live.services if "policy" in one.details
        },
    )


def _marks(state: DeskState) -> list[views.MarkView]:
    shown = state.bars[-BARS_SHOWN:]
    return [_mark(one) for one in state.marks if shown and one.minute >= shown[0].minute]


def _mark(one: Mark) -> views.MarkView:
    is_fill = isinstance(one, FillMark)
    return views.MarkView(
        pos=str(one.position),
        minute=time_text(one.minute),
        kind="fill" if is_fill else "signal",
        side=one.side,
        leg=one.leg if is_fill else "",
        order_id=one.client_order_id if is_fill else "",
        price_usd=plain(one.price_usd),
        quantity_base=plain(one.quantity_base) if is_fill else None,
        vwap_usd=None if is_fill else maybe_plain(one.vwap_usd),
        verdict="" if is_fill else one.verdict,
        made_usd=cents(one.made_usd) if is_fill else None,
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
        bar=None if price.bar is None else _open_bar(price.bar),
    )


def _open_bar(bar: OpenBar) -> views.OpenBarView:
    return views.OpenBarView(
        minute=time_text(bar.minute),
        open_usd=plain(bar.open_usd),
        high_usd=plain(bar.high_usd),
        low_usd=plain(bar.low_usd),
    )


def flow_view(market: Market) -> views.FlowView | None:
    """Give session CVD and VWAP."""
    flow, heard_at = market.flow, market.flow_heard_at
    if flow is None or heard_at is None:
        return None
    return views.FlowView(
        cvd_base=plain(flow.cvd_base),
        vwap_usd=maybe_plain(flow.vwap_usd),
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
            answered_at=maybe_time(one.answered_at),
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
        gap_at=maybe_time(feed.gap_at),
        missing_trades=feed.missing_trades,
        refused_frames=feed.refused_frames,
    )


def _market(state: DeskState) -> views.MarketView | None:
    spec = market_of(state)
    if spec is None:
        return None
    return views.MarketView(
        id=spec.market,
        tick_usd=plain(spec.tick_usd),
        step_base=plain(spec.step_base),
        quantity_base_min=plain(spec.quantity_base_min),
    )


def _account(state: DeskState, price: Decimal | None) -> views.AccountView | None:
    account, holding = state.account, state.book.holding
    if account is None:
        return None
    unrealized = desk.unrealized_usd(state, price)
    return views.AccountView(
        id=account.opened.account,
        venue=account.opened.venue,
        capital_usd=maybe_cents(account.capital_usd),
        balance_usd=maybe_cents(desk.balance_usd(account, state.book)),
        equity_usd=maybe_cents(desk.equity_usd(state, price)),
        realized_pnl_usd=cents(holding.realized_pnl_usd),
        unrealized_pnl_usd=maybe_cents(unrealized),
        fees_usd=cents(holding.fees_usd),
        venue_fees_usd=cents(holding.venue_fees_usd),
        funding_usd=cents(holding.funding_usd),
        interest_usd=cents(holding.interest_usd),
        fills=holding.fills,
        setups_closed=state.book.setups_closed,
        signing=state.signing.mode.value,
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
        rsi=maybe_plain(features.rsi),
        atr_usd=maybe_plain(features.atr_5m_usd),
        session_vwap_usd=maybe_plain(features.session_vwap_usd),
    )


def _halts(state: DeskState) -> list[views.HaltView]:
    return [
        views.HaltView(
            scope=scope,
            level=name_of(halt.level),
            reason=halt.reason,
            by=halt.by,
            pos=str(halt.position),
            newest_pos=str(halt.newest),
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
