"""Builders of trades and minutes, and runs of the fold and of the core over them."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any

from contracts.codec import as_recorded
from contracts.event import Draft, Event, Recorded
from contracts.feed import FeedKind, FeedOpened
from contracts.ids import MarketId, SourceVenue, Symbol, derive_root_id
from contracts.minute import MinuteClosed
from contracts.minutes import MINUTE_MS
from contracts.routes import subject_of
from contracts.ticks import TapeEnd, Tick, Trade
from contracts.values import from_millis, to_millis
from signals.domain.bars import TickFold, minute_draft
from signals.domain.core import SignalsCore
from signals.domain.resume import Resume

VENUE = SourceVenue("binance-usdm")
SYMBOL = Symbol("solusdt")
MARKET = MarketId("sol-perp")
BEGIN_MS = to_millis(datetime(2026, 3, 2, tzinfo=UTC))
"""The anchor of a session, so that what begins here has all of it."""


def a_trade(
    trade_id: int = 1,
    at_s: float = 0,
    price: str = "100",
    quantity: str = "1",
    *,
    is_sell: bool = False,
) -> Trade:
    """Give a trade `at_s` seconds after `BEGIN_MS`."""
    return Trade(trade_id, BEGIN_MS + round(at_s * 1000), price, quantity, is_sell)


def an_end(trade_id: int, at_s: float) -> TapeEnd:
    """Give the end of a tape."""
    return TapeEnd(trade_id, BEGIN_MS + round(at_s * 1000))


def a_fold(resume: Resume | None = None) -> TickFold:
    """Give a fold of SOLUSDT."""
    return TickFold(venue=VENUE, symbol=SYMBOL, market=MARKET, resume=resume)


def folded(ticks: Iterable[Tick], *, resume: Resume | None = None) -> list[MinuteClosed]:
    """Give the minutes that ticks close."""
    fold = a_fold(resume)
    return [minute for tick in ticks for minute in fold.fold(tick)]


def tape_of(trades: Sequence[Trade]) -> list[Tick]:
    """Give trades with the end of their tape."""
    return [*trades, TapeEnd(trades[-1].i, trades[-1].t)]


def a_minute(
    index: int = 0,
    close: str | Decimal = "100",
    *,
    high: str | Decimal | None = None,
    low: str | Decimal | None = None,
    volume: str | Decimal = "10",
    bought: str | Decimal | None = None,
    turnover: str | Decimal | None = None,
    begin_ms: int = BEGIN_MS,
    **changes: Any,
) -> MinuteClosed:
    """Give the `index`-th minute; half of its volume is bought, all of it at the close."""
    price, size = Decimal(close), Decimal(volume)
    start_ms = begin_ms + index * MINUTE_MS
    minute = MinuteClosed(
        venue=VENUE,
        symbol=SYMBOL,
        market=MARKET,
        minute=from_millis(start_ms),
        closed_at=from_millis(start_ms + MINUTE_MS + 700),
        is_complete=True,
        open_usd=price,
        high_usd=price if high is None else Decimal(high),
        low_usd=price if low is None else Decimal(low),
        close_usd=price,
        volume_base=size,
        buy_volume_base=size / 2 if bought is None else Decimal(bought),
        turnover_usd=price * size if turnover is None else Decimal(turnover),
        trades=10,
        late_trades=0,
        missing_trades=0,
        silence_ms_max=1_000,
        first_trade_id=10 * index + 1,
        last_trade_id=10 * index + 10,
        ticks_sha256=sha256(b"").hexdigest(),
    )
    return minute.model_copy(update=changes)


def a_feed(**changes: Any) -> FeedOpened:
    """Give the opening of the SOLUSDT feed."""
    return FeedOpened(
        venue=VENUE,
        symbol=SYMBOL,
        market=MARKET,
        kind=FeedKind.TAPE,
        identity="tape:test",
        is_replayable=True,
        description="a recording",
    ).model_copy(update=changes)


def feed_draft(opened: FeedOpened, *, at_ms: int = BEGIN_MS) -> Draft:
    """Give the draft that ingest appends when a feed opens."""
    identity = derive_root_id(opened.event_type, opened.identity)
    return Draft(
        event=opened,
        id=identity,
        subject=subject_of(opened),
        occurred_at=from_millis(at_ms),
        correlation_id=identity,
    )


def recorded(draft: Draft, *, source: str = "signals", position: int = 1) -> Recorded:
    """Give a draft as the log would hold it."""
    return as_recorded(draft, source=source, position=position, recorded_at=draft.occurred_at)


def answers(core: SignalsCore, minutes: Iterable[MinuteClosed]) -> list[Draft]:
    """Give what a core answers to minutes."""
    return [draft for minute in minutes for draft in core.step(recorded(minute_draft(minute)))]


def events(drafts: Iterable[Draft]) -> list[Event]:
    """Give what drafts say."""
    return [draft.event for draft in drafts]
