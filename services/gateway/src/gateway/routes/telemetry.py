"""The market's gauges and its closed minutes."""

from datetime import datetime
from typing import Annotated

from litestar import get
from litestar.params import QueryParameter

from gateway.domain.session import BARS_MAX
from gateway.limits import invalid
from gateway.present import bar_view
from gateway.present_telemetry import heatmap_view, telemetry_view
from gateway.problems import Code, FieldError, Problem
from gateway.requests import read_time
from gateway.routes.shared import CommandsPart, LivePart, problems
from gateway.telemetry_views import BarList, HeatmapView, TelemetryView

BARS = 240


@get("/api/telemetry", responses=problems())
async def read_telemetry(live: LivePart, commands: CommandsPart) -> TelemetryView:
    """Give every gauge with its source and age; one without a feed says why.

    The stream tells them as the snap `telemetry_panels`, once a second at most.
    """
    return telemetry_view(live, now=commands.clock())


@get("/api/liquidations", responses=problems())
async def read_liquidations(live: LivePart) -> HeatmapView:
    """Give the liquidations of the last four hours over price and time."""
    return heatmap_view(live)


@get("/api/bars", responses=problems(404, 422))
async def read_bars(
    live: LivePart,
    market: Annotated[str | None, QueryParameter(pattern=r"^[a-z0-9-]{1,64}$")] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=BARS_MAX)] = BARS,
    before: Annotated[
        str | None, QueryParameter(description="Minutes before this time (RFC 3339) only")
    ] = None,
) -> BarList:
    """Give the newest closed minutes with the session's CVD and VWAP; the last day is kept."""
    state = live.state
    served = None if state.feed is None else state.feed.opened.market
    if market is not None and market != served:
        raise Problem(Code.MARKET_UNKNOWN, f"expected {served or 'no market yet'}, found {market}")
    until = None if before is None else _minute(before)
    bars = [bar for bar in state.bars if until is None or bar.minute < until]
    return BarList(
        market=served, pos=str(state.position), items=[bar_view(bar) for bar in bars[-limit:]]
    )


def _minute(text: str) -> datetime:
    moment = read_time(text)
    if moment is None:
        raise invalid([FieldError("before", f"expected a time with its zone, found {text!r:.50}")])
    return moment
