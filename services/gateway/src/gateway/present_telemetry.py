"""From the live desk to the gauges that the page shows: pure, no rule of its own."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from contracts.values import plain, to_millis
from gateway.domain.feed import FeedState
from gateway.domain.gauges import Mark
from gateway.domain.heatmap import heatmap
from gateway.live import Live
from gateway.present_position import market_of
from gateway.stream.protocol import time_text
from gateway.telemetry_views import DetailView, HeatCellView, HeatmapView, PanelView, TelemetryView
from gateway.written import CENT, WIDE, cents, maybe_time

NO_FEED = "no feed has opened yet"
NO_MARK = "the feed has sent no mark price yet"
_PCT, _BPS = Decimal(100), Decimal(10_000)
_BASIS_POINT, _RATE = Decimal("0.001"), Decimal("1E-8")
FUNDING_INTERVAL = timedelta(hours=8)
"""Of the feed's exchange, until two of its fundings were seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Gauge:
    """What a panel shows; `value` is None when `why` says why it is not fed."""

    value: str | None = None
    why: str = ""
    unit: str = ""
    source: str = ""
    at: datetime | None = None
    heard_at: datetime | None = None
    details: Sequence[tuple[str, str, str]] = ()
    """Name, value, unit."""


def telemetry_view(live: Live, *, now: datetime) -> TelemetryView:
    """Give all gauges."""
    feed = live.state.feed
    return TelemetryView(
        pos=str(live.state.position),
        server_time=time_text(now),
        market=None if feed is None else feed.opened.market,
        panels=panels(live, now=now),
    )


def heatmap_view(live: Live) -> HeatmapView:
    """Give the liquidations of the last hours over price and time."""
    feed, at = live.state.feed, live.gauges.at
    spec = market_of(live.state)
    why = _liquidations(live, feed).why if feed else NO_FEED
    if why or feed is None or at is None or spec is None:
        return HeatmapView(
            is_fed=False,
            why=why or "the market is not known",
            source="",
            begins_at=None,
            ends_at=None,
            step_ms=0,
            price_step_usd=None,
            is_cut=False,
            cells=[],
        )
    found = heatmap(live.gauges.kept, now_ms=to_millis(at), tick_usd=spec.tick_usd)
    return HeatmapView(
        is_fed=True,
        why="",
        source=_named(feed),
        begins_at=time_text(found.begins_at),
        ends_at=time_text(found.ends_at),
        step_ms=found.step // timedelta(milliseconds=1),
        price_step_usd=plain(found.price_step_usd),
        is_cut=live.gauges.is_kept_cut,
        cells=[
            HeatCellView(
                at=time_text(cell.at),
                price_usd=plain(cell.price_usd),
                long_usd=cents(cell.long_usd),
                short_usd=cents(cell.short_usd),
                count=cell.count,
            )
            for cell in found.cells
        ],
    )


def panels(live: Live, *, now: datetime) -> list[PanelView]:
    """Give all gauges, in their order."""
    feed = live.state.feed
    if feed is None:
        return [_panel(name, _Gauge(why=NO_FEED), now=now, is_live=True) for name in _GAUGES]
    is_live = not feed.opened.is_replayable
    return [
        _panel(name, gauge(live, feed), now=now, is_live=is_live) for name, gauge in _GAUGES.items()
    ]


def _panel(name: str, gauge: _Gauge, *, now: datetime, is_live: bool) -> PanelView:
    since = gauge.at if is_live and gauge.at is not None else gauge.heard_at
    age = None if since is None else max(timedelta(), now - since)
    return PanelView(
        id=name,
        is_fed=not gauge.why,
        why=gauge.why,
        value=gauge.value,
        unit=gauge.unit,
        source=gauge.source,
        at=maybe_time(gauge.at),
        heard_at=maybe_time(gauge.heard_at),
        age_ms=None if age is None else age // timedelta(milliseconds=1),
        details=[
            DetailView(name=name, value=value, unit=unit) for name, value, unit in gauge.details
        ],
    )


def _price(live: Live, feed: FeedState) -> _Gauge:
    price = live.market.price
    if price is None:
        return _Gauge(why="the feed has sent no trade yet")
    return _Gauge(
        value=plain(price.last_usd),
        unit="usd",
        source=f"{_named(feed)}, last trade",
        at=price.at,
        heard_at=live.market.price_heard_at,
    )


def _cvd(live: Live, feed: FeedState) -> _Gauge:
    flow = live.market.flow
    if flow is None:
        return _Gauge(why="no minute has closed yet")
    return _Gauge(
        value=plain(flow.cvd_base),
        unit="base",
        source=_flow_source(feed, is_live=flow.is_live),
        at=flow.at,
        heard_at=live.market.flow_heard_at,
    )


def _vwap(live: Live, feed: FeedState) -> _Gauge:
    flow = live.market.flow
    if flow is None or flow.vwap_usd is None:
        return _Gauge(why="no minute with a trade has closed yet")
    return replace(_cvd(live, feed), value=plain(flow.vwap_usd), unit="usd")


def _funding(live: Live, feed: FeedState) -> _Gauge:
    mark = live.gauges.mark
    if mark is None:
        return _Gauge(why=NO_MARK)
    if mark.funding_rate is None:
        return _Gauge(why="the venue gives no funding rate")
    return replace(
        _of_mark(live, feed),
        value=plain(WIDE.multiply(mark.funding_rate, _PCT)),
        unit="pct",
        details=_funding_details(mark, mark.funding_rate),
    )


def _funding_details(mark: Mark, rate: Decimal) -> Sequence[tuple[str, str, str]]:
    """Give the rate per hour and per year, simple and not compounded (market-data.md 4)."""
    interval = mark.funding_interval or FUNDING_INTERVAL
    hours = Decimal(interval // timedelta(seconds=1)) / 3_600
    per_hour = WIDE.divide(WIDE.multiply(rate, _PCT), hours)
    due = mark.next_funding_at
    return (
        ("per_hour", plain(per_hour.quantize(_RATE, context=WIDE)), "pct"),
        ("per_year", plain((per_hour * 24 * 365).quantize(_RATE, context=WIDE)), "pct"),
        ("interval", plain(hours.quantize(CENT)), "h"),
        ("interval_from", "seen" if mark.funding_interval else "assumed", ""),
        *(() if due is None else (("next_funding_at", time_text(due), ""),)),
    )


def _basis(live: Live, feed: FeedState) -> _Gauge:
    mark = live.gauges.mark
    if mark is None:
        return _Gauge(why=NO_MARK)
    if mark.index_usd is None or mark.basis_usd is None:
        return _Gauge(why="the venue gives no index price")
    return replace(
        _of_mark(live, feed),
        value=plain(_basis_bps(mark.basis_usd, mark.index_usd)),
        unit="bps",
        details=(
            ("mark", plain(mark.mark_usd), "usd"),
            ("index", plain(mark.index_usd), "usd"),
            ("basis", plain(mark.basis_usd), "usd"),
        ),
    )


def _basis_bps(basis_usd: Decimal, index_usd: Decimal) -> Decimal:
    return WIDE.divide(WIDE.multiply(basis_usd, _BPS), index_usd).quantize(_BASIS_POINT)


def _of_mark(live: Live, feed: FeedState) -> _Gauge:
    mark: Mark | None = live.gauges.mark
    return _Gauge(
        source=f"{_named(feed)}, mark price",
        at=None if mark is None else mark.at,
        heard_at=live.gauges.mark_heard_at,
    )


def _open_interest(live: Live, feed: FeedState) -> _Gauge:
    return _Gauge(why="no feed of open interest is connected")


def _liquidations(live: Live, feed: FeedState) -> _Gauge:
    forced = live.gauges.forced
    if forced is None:
        return _Gauge(why="the feed has sent neither a liquidation nor a mark price yet")
    last = () if forced.last_at is None else (("last_at", time_text(forced.last_at), ""),)
    return _Gauge(
        value=cents(forced.long_usd + forced.short_usd),
        unit="usd",
        source=f"{_named(feed)}, last hour" + (" (cut)" if forced.is_cut else ""),
        at=live.gauges.at,
        heard_at=live.gauges.heard_at,
        details=(
            ("long", cents(forced.long_usd), "usd"),
            ("short", cents(forced.short_usd), "usd"),
            ("count", str(forced.count), ""),
            *last,
        ),
    )


def _regime(live: Live, feed: FeedState) -> _Gauge:
    return _Gauge(why="no service tells market regimes apart yet")


def _feed_health(live: Live, feed: FeedState) -> _Gauge:
    return _Gauge(
        value=feed.status,
        source=_named(feed),
        at=None if live.market.price is None else live.market.price.at,
        heard_at=live.market.price_heard_at,
        details=(
            ("reason", feed.reason or feed.history_missed, ""),
            *_lag(live, feed),
            ("gaps", str(feed.gaps), ""),
            ("missing_trades", str(feed.missing_trades), ""),
            ("refused_frames", str(feed.refused_frames), ""),
            ("refused_ticks", str(live.market.refused_ticks + live.gauges.refused), ""),
        ),
    )


def _lag(live: Live, feed: FeedState) -> Sequence[tuple[str, str, str]]:
    """Give how long after its exchange time the last trade was heard; a recording has no such."""
    price, heard_at = live.market.price, live.market.price_heard_at
    if feed.opened.is_replayable or price is None or heard_at is None:
        return ()
    return (("lag", str((heard_at - price.at) // timedelta(milliseconds=1)), "ms"),)


_GAUGES: dict[str, Callable[[Live, FeedState], _Gauge]] = {
    "price": _price,
    "cvd": _cvd,
    "vwap": _vwap,
    "funding": _funding,
    "basis": _basis,
    "open_interest": _open_interest,
    "liquidations": _liquidations,
    "regime": _regime,
    "feed_health": _feed_health,
}


def _named(feed: FeedState) -> str:
    return f"{feed.opened.venue} {feed.opened.symbol}"


def _flow_source(feed: FeedState, *, is_live: bool) -> str:
    upto = "up to the last trade" if is_live else "up to the last closed minute"
    return f"{_named(feed)}, since 00:00 UTC {upto}"
