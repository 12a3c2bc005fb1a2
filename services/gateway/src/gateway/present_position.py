"""From the desk to what the API answers about the open position."""

from datetime import datetime
from decimal import Decimal

from contracts.ids import MarketId
from contracts.markets import MarketSpec, UnknownMarket, market_spec
from contracts.values import plain
from gateway.domain import desk
from gateway.domain.book import Observed
from gateway.domain.desk import DeskState
from gateway.domain.margin import Margin
from gateway.domain.orders import OrderState
from gateway.domain.protection import Protection, protection
from gateway.live import Live
from gateway.position_views import PositionView, ProtectionView, TargetView
from gateway.written import WIDE, cents, maybe_cents, maybe_plain, maybe_time

_HUNDREDTH, _PLACES = Decimal("0.01"), Decimal("1E-8")
_PCT = Decimal(100)


def last_usd(live: Live) -> Decimal | None:
    """Give the newest price: of the last trade heard, else of the last closed minute."""
    if live.market.price is not None:
        return live.market.price.last_usd
    return None if live.state.session is None else live.state.session.close_usd


def position_view(live: Live) -> PositionView:
    """Give the open position at the newest price."""
    state, price = live.state, last_usd(live)
    holding, run = state.book.holding, state.book.holding.run
    quantity = holding.quantity_base
    unrealized = desk.unrealized_usd(state, price) if run else None
    net = None if run is None or unrealized is None else unrealized + run.made_usd
    margin, observed = _margin(state, price), _observed(state)
    liquidation = margin and margin.liquidation_usd.quantize(_PLACES, context=WIDE)
    source, at, heard_at = _source(live)
    return PositionView(
        quantity_base=plain(quantity),
        entry_price_usd=maybe_plain(holding.entry_price_usd),
        notional_usd=None if price is None else cents(abs(quantity) * price),
        price_usd=maybe_plain(price),
        price_source=source,
        price_at=maybe_time(at),
        price_heard_at=maybe_time(heard_at),
        opened_at=maybe_time(run and run.opened_at),
        fills=run.fills if run else 0,
        unrealized_pnl_usd=maybe_cents(unrealized),
        realized_pnl_usd=maybe_cents(run and run.realized_pnl_usd),
        fees_usd=maybe_cents(run and run.fees_usd),
        funding_usd=maybe_cents(run and run.funding_usd),
        net_usd=maybe_cents(net),
        break_even_usd=maybe_plain(holding.break_even_usd),
        liquidation_usd=maybe_plain(liquidation),
        liquidation_distance_pct=_distance_pct(price, liquidation),
        liquidation_distance_atr=_distance_atr(state, price, liquidation),
        maintenance_ratio=maybe_plain(margin and margin.ratio),
        maintenance_usd=maybe_cents(margin and margin.maintenance_usd),
        margin_ratio_pct=_percent(margin and margin.ratio_now * _PCT),
        health_pct=_percent(margin and margin.health_pct),
        venue_liquidation_usd=maybe_plain(observed and observed.liquidation_usd),
        venue_break_even_usd=maybe_plain(observed and observed.break_even_usd),
        venue_at=maybe_time(observed and observed.at),
        protection=_protection(protection(state.book), price, is_long=quantity > 0),
    )


def market_of(state: DeskState) -> MarketSpec | None:
    """Give the increments and terms of the desk's market; None before a feed, or if unknown."""
    if state.feed is None:
        return None
    try:
        return market_spec(MarketId(state.feed.opened.market))
    except UnknownMarket:
        return None


def _source(live: Live) -> tuple[str, datetime | None, datetime | None]:
    """Give where the price comes from, its time in the market, and when it was heard."""
    feed, session = live.state.feed, live.state.session
    named = "" if feed is None else f" of {feed.opened.venue} {feed.opened.symbol}"
    if live.market.price is not None:
        return f"last trade{named}", live.market.price.at, live.market.price_heard_at
    if session is not None:
        return f"close of the last minute{named}", session.closed_at, None
    return "", None, None


def _observed(state: DeskState) -> Observed | None:
    """Give what the venue showed, where it shows the position that we hold now."""
    observed, quantity = state.book.observed, state.book.holding.quantity_base
    return observed if observed and quantity and observed.position_base == quantity else None


def _margin(state: DeskState, price: Decimal | None) -> Margin | None:
    quantity, market = state.book.holding.quantity_base, market_of(state)
    equity = desk.equity_usd(state, price)
    if not quantity or price is None or equity is None or market is None:
        return None
    ratio = market.maintenance_margin_ratio
    return Margin(quantity_base=quantity, price_usd=price, equity_usd=equity, ratio=ratio)


def _percent(value: Decimal | None) -> str | None:
    return None if value is None else plain(value.quantize(_HUNDREDTH, context=WIDE))


def _distance_pct(price: Decimal | None, liquidation: Decimal | None) -> str | None:
    if price is None or liquidation is None:
        return None
    return _percent(abs(price - liquidation) * _PCT / price)


def _distance_atr(
    state: DeskState, price: Decimal | None, liquidation: Decimal | None
) -> str | None:
    atr = None if state.decision is None else state.decision.event.features.atr_5m_usd
    if price is None or liquidation is None or not atr:
        return None
    return plain((abs(price - liquidation) / atr).quantize(_HUNDREDTH, context=WIDE))


def _protection(
    found: Protection | None, price: Decimal | None, *, is_long: bool
) -> ProtectionView | None:
    if found is None:
        return None
    stop = found.stop
    return ProtectionView(
        is_held=found.is_held,
        stop_status=None if stop is None else stop.status,
        stop_price_usd=maybe_plain(stop and stop.price_usd),
        stop_order_id=None if stop is None else stop.client_order_id,
        stop_distance_pct=_stop_distance_pct(stop, price, is_long=is_long),
        targets=[
            TargetView(
                leg=one.leg,
                status=one.status,
                price_usd=plain(one.price_usd),
                filled_base=plain(one.filled_base),
                quantity_base=maybe_plain(one.quantity_base),
            )
            for one in found.targets
        ],
        targets_filled=found.targets_filled,
    )


def _stop_distance_pct(
    stop: OrderState | None, price: Decimal | None, *, is_long: bool
) -> str | None:
    if stop is None or price is None:
        return None
    away = price - stop.price_usd if is_long else stop.price_usd - price
    return _percent(away * _PCT / price)
