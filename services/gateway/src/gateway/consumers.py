"""What the gateway hears: the log in order, ticks, and what the services say of themselves.

Each loop runs until it is canceled. None of them decides anything, and none of them may hold back
the desk: ticks that pile up are passed over.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

import msgspec
import structlog

from chassis.checkpoints import Checkpoints, keep
from chassis.log import Log
from chassis.market import Market as MarketStream
from contracts import subjects
from contracts.ids import SourceVenue, Symbol
from contracts.ticks import decode_tick
from gateway.domain import desk
from gateway.domain.desk import DeskState
from gateway.domain.ticker import Ticker
from gateway.live import Live, Market, ServiceStatus, epoch_of
from gateway.present import flow_view, money_view, price_view, services_view
from gateway.stream.protocol import Topic, snap_text
from gateway.stream.ring import EVENTS_MAX

CHECKPOINT = "gateway-desk"
CHECKPOINT_EVENTS = 5_000
TICKS_BACK = 20_000
"""MARKET messages read again at the start, so that the open minutes are whole."""
TICKS_BEHIND_MAX = 10_000
"""Beyond this many unread messages the display goes on from the newest."""
CHECK_S = 1.0
"""How often the number of unread messages is looked at."""
SNAP_S = 0.2
"""Prices are shown five times a second at most."""
SERVICES = ("ingest", "signals", "risk", "execution", "gateway", "audit")
SERVICES_EVERY_S = 2.0
STATUS_WAIT_S = 1.5
STATUS_BYTES_MAX = 16 * 1024
DETAILS_MAX = 24

Clock = Callable[[], datetime]
_log = structlog.get_logger()


async def show_log(live: Live, log: Log, checkpoints: Checkpoints) -> None:
    """Fold the log into `live`, from the checkpoint on, for ever."""
    checkpoint = await checkpoints.load(CHECKPOINT, version=desk.STATE_VERSION)
    if checkpoint is not None:
        live.state = _restored(live.state, checkpoint.state)
    async for first in log.read_raw(until=min(1, await log.head())):
        live.hub.epoch = epoch_of(first)
    head = await log.head()
    # Events before the checkpoint are not folded again, but readers may ask for them.
    after = max(0, min(live.state.position, head) - EVENTS_MAX)
    saved = live.state.position
    live.hub.is_open = head == 0
    async with log.follow_raw("gateway-show-log", after=after) as follower:
        while True:
            for message in await follower.next():
                live.apply(message)
            follower.acknowledge(live.hub.ring.last)
            if not live.hub.is_open and live.hub.ring.last >= head:
                live.hub.is_open = True
                live.hub.ring_bells()
                _log.info("caught_up", position=live.state.position)
            if live.state.position - saved >= CHECKPOINT_EVENTS:
                await _save(checkpoints, live.state)
                saved = live.state.position
            await asyncio.sleep(0)


def _restored(state: DeskState, data: bytes) -> DeskState:
    try:
        restored = desk.load(data)
    except ValueError as error:
        _log.warning("checkpoint_refused", name=CHECKPOINT, found=f"{error!s:.200}")
        return state
    if restored.account_id != state.account_id:
        _log.warning(
            "checkpoint_refused",
            name=CHECKPOINT,
            field="account",
            expected=state.account_id,
            found=restored.account_id,
        )
        return state
    return restored


async def _save(checkpoints: Checkpoints, state: DeskState) -> None:
    await keep(
        checkpoints,
        CHECKPOINT,
        version=desk.STATE_VERSION,
        position=state.position,
        state=desk.dump(state),
    )


async def show_trades(live: Live, market: MarketStream, *, clock: Clock) -> None:
    """Show the newest price and flow, at most every `SNAP_S` seconds, for ever."""
    opened = await live.feed_opened()
    subject = subjects.trades(SourceVenue(opened.venue), Symbol(opened.symbol))
    back = TICKS_BACK
    while True:
        newest = await market.last(subject)
        after = max(0, (newest.sequence if newest else 0) - back)
        ticker = Ticker(is_from_start=after == 0)
        await _follow_ticks(live, market, subject, ticker, after=after, clock=clock)
        back = TICKS_BEHIND_MAX // 2
        _log.info("ticks_passed_over", subject=subject)


async def _follow_ticks(
    live: Live, market: MarketStream, subject: str, ticker: Ticker, *, after: int, clock: Clock
) -> None:
    """Fold ticks until they pile up."""
    loop = asyncio.get_running_loop()
    shown_at = checked_at = loop.time()
    last = after
    async with market.follow("gateway-show-trades", after=after) as follower:
        while True:
            messages = await follower.next(timeout_s=SNAP_S)
            for message in messages:
                if message.subject == subject:
                    _take(ticker, message.body)
            if messages:
                last = messages[-1].sequence
                follower.acknowledge(last)
            if loop.time() - shown_at >= SNAP_S:
                shown_at = loop.time()
                _show_market(live, ticker, clock())
            if messages and loop.time() - checked_at >= CHECK_S:
                checked_at = loop.time()
                newest = await market.last(subject)
                if newest is not None and newest.sequence - last > TICKS_BEHIND_MAX:
                    return
            await asyncio.sleep(0)


def _take(ticker: Ticker, body: bytes) -> None:
    try:
        ticker.take(decode_tick(body))
    except msgspec.DecodeError:
        ticker.refused += 1


def _show_market(live: Live, ticker: Ticker, now: datetime) -> None:
    """Put the newest price and flow where they are shown; say nothing when nothing moved."""
    before, flow = live.market, ticker.flow(live.state.session)
    has_price_moved, has_flow_moved = ticker.price != before.price, flow != before.flow
    live.market = Market(
        price=ticker.price,
        price_heard_at=now if has_price_moved else before.price_heard_at,
        flow=flow,
        flow_heard_at=now if has_flow_moved else before.flow_heard_at,
        refused_ticks=ticker.refused,
    )
    if has_price_moved:
        text = snap_text("price", as_of=now, data=price_view(live.market))
        live.hub.show("price", topic=Topic.MARKET, text=text)
        text = snap_text("money", as_of=now, data=money_view(live))
        live.hub.show("money", topic=Topic.MARKET, text=text)
    if has_flow_moved:
        text = snap_text("cvd", as_of=now, data=flow_view(live.market))
        live.hub.show("cvd", topic=Topic.MARKET, text=text)


class Asker(Protocol):
    """Asks another service and gives its answer; raises when there is none in time."""

    async def __call__(self, subject: str, body: bytes, *, timeout_s: float) -> bytes:
        """Give the answer's bytes."""
        ...


class NoAnswer(Exception):
    """Nobody answered in time."""


async def show_services(
    live: Live,
    ask: Asker,
    *,
    clock: Clock,
    services: Sequence[str] = SERVICES,
    every_s: float = SERVICES_EVERY_S,
) -> None:
    """Ask every service how it is, again and again, for ever."""
    while True:
        asked = await asyncio.gather(*(_ask(live, ask, name, clock) for name in services))
        live.services = tuple(asked)
        view = services_view(live.services)
        text = snap_text("services", as_of=clock(), data=view)
        live.hub.show("services", topic=Topic.TELEMETRY, text=text)
        await asyncio.sleep(every_s)


async def _ask(live: Live, ask: Asker, name: str, clock: Clock) -> ServiceStatus:
    asked_at = clock()
    try:
        answer = read_status(await ask(f"status.{name}", b"", timeout_s=STATUS_WAIT_S))
    except NoAnswer:
        before = next((one for one in live.services if one.name == name), None)
        return ServiceStatus(
            name=name,
            is_up=False,
            asked_at=asked_at,
            answered_at=None if before is None else before.answered_at,
            is_ready=False,
            reason="no answer",
            details={},
        )
    return ServiceStatus(
        name=name,
        is_up=True,
        asked_at=asked_at,
        answered_at=clock(),
        is_ready=answer.get("ready") == "true",
        reason=answer.get("reason", ""),
        details={key: text for key, text in answer.items() if key not in ("ready", "reason")},
    )


def read_status(body: bytes) -> Mapping[str, str]:
    """Read what a service says of itself: flat names and short texts, a bounded number."""
    if len(body) > STATUS_BYTES_MAX:
        return {"reason": f"expected at most {STATUS_BYTES_MAX} bytes, found {len(body)}"}
    try:
        answer: Any = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return {"reason": "expected JSON, found something else"}
    if not isinstance(answer, dict):
        return {"reason": "expected a JSON object, found something else"}
    texts = ((str(key)[:40], _short(value)) for key, value in answer.items())  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]  # the wire
    return dict(list(texts)[:DETAILS_MAX])


def _short(value: object) -> str:
    if isinstance(value, str):
        return value[:200]
    return msgspec.json.encode(value).decode()[:200]
