"""What the gateway hears of mark price, funding and liquidations, and shows once a second."""

import asyncio
from collections.abc import Callable
from datetime import datetime

import msgspec

from chassis.market import Market as MarketStream
from contracts import subjects
from contracts.ids import SourceVenue, Symbol
from contracts.ticks import Liquidation, MarkPrice
from gateway.domain.gauges import KEPT_MS, Gauges
from gateway.live import Gauged, Live
from gateway.present_telemetry import panels
from gateway.stream.protocol import Topic, snap_text
from gateway.telemetry_views import PanelView

PANELS_S = 1.0
"""Gauges are shown once a second at most."""
SNAP = "telemetry_panels"

_tick: msgspec.json.Decoder[MarkPrice | Liquidation] = msgspec.json.Decoder(MarkPrice | Liquidation)


async def show_gauges(live: Live, market: MarketStream, *, clock: Callable[[], datetime]) -> None:
    """Fold mark prices and liquidations, for ever."""
    opened = await live.feed_opened()
    venue, symbol = SourceVenue(opened.venue), Symbol(opened.symbol)
    marks, forced = subjects.mark(venue, symbol), subjects.liquidations(venue, symbol)
    gauges = Gauges()
    newest = await market.last(marks)
    known = 0
    async for message in market.read(forced):
        _take(gauges, message.body)
        known = message.sequence
    if newest is not None:
        _take(gauges, newest.body)
    heard_at = clock()
    live.gauges = _gauged(gauges, heard_at, mark_heard_at=heard_at)
    after = 0 if newest is None else newest.sequence
    async with market.follow("gateway-show-gauges", after=after) as follower:
        while True:
            messages = await follower.next()
            for message in messages:
                if message.subject == marks or (
                    message.subject == forced and message.sequence > known
                ):
                    _take(gauges, message.body)
            follower.acknowledge(messages[-1].sequence)
            heard_at = clock()
            is_marked = any(message.subject == marks for message in messages)
            mark_heard_at = heard_at if is_marked else live.gauges.mark_heard_at
            live.gauges = _gauged(gauges, heard_at, mark_heard_at=mark_heard_at)
            await asyncio.sleep(0)


async def show_panels(live: Live, *, clock: Callable[[], datetime]) -> None:
    """Show all gauges, at most once a second and only when one moved, for ever."""
    shown: list[PanelView] = []
    while True:
        now = clock()
        found = panels(live, now=now)
        if _still(found) != shown:
            shown = _still(found)
            text = snap_text(SNAP, as_of=now, data=found)
            live.hub.show(SNAP, topic=Topic.TELEMETRY, text=text)
        await asyncio.sleep(PANELS_S)


def _still(found: list[PanelView]) -> list[PanelView]:
    """Give the gauges without what moves by itself."""
    return [msgspec.structs.replace(panel, age_ms=None) for panel in found]


def _take(gauges: Gauges, body: bytes) -> None:
    try:
        gauges.take(_tick.decode(body))
    except msgspec.DecodeError:
        gauges.refused += 1


def _gauged(gauges: Gauges, now: datetime, *, mark_heard_at: datetime | None) -> Gauged:
    is_forced_fed = gauges.mark is not None or gauges.has_forced
    return Gauged(
        mark=gauges.mark,
        mark_heard_at=None if gauges.mark is None else mark_heard_at,
        # Exchanges send liquidations beside the mark price: where that comes, none is none.
        forced=gauges.forced() if is_forced_fed else None,
        kept=gauges.kept,
        is_kept_cut=gauges.is_cut(KEPT_MS),
        at=gauges.now,
        heard_at=now if is_forced_fed else None,
        refused=gauges.refused,
    )
