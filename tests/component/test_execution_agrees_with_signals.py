"""Execution waits for minutes that signals closes: both must see the same print close them."""

import asyncio
from collections.abc import Sequence

import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.ids import MarketId, SourceVenue, Symbol
from contracts.ticks import TapeEnd, Tick, Trade, encode_tick
from contracts.values import to_millis
from contracts.venue import VenueAdvanced
from execution.consumers import follow
from execution.handlers import Desk
from execution.recovery import recover
from execution.signing.paper import PaperSigner
from execution.venues.paper.rules import PaperRules
from kit.execution_events import BEGIN_MS, MARKET, SYMBOL, VENUE, a_feed
from kit.execution_world import TRADES
from kit.memory import InMemoryCheckpoints, InMemoryDeadLetters, InMemoryLog, InMemoryMarket
from signals.domain.bars import BadTick, TickFold

NUMBERS = st.sampled_from(["100", "100.5", "0.00000001", "0", "NaN", "-1", "1e3", "1234567890", ""])
GOOD = st.sampled_from(["100", "99.95"])
APART = st.sampled_from([0, 1, 499, 500, 501, 20_000, 59_999, 60_000, 180_000, -700, -90_000])
JUMPS = st.sampled_from([0, 0, 0, 0, 0, 0, -BEGIN_MS, BEGIN_MS * 1_000])


@st.composite
def tapes(draw: st.DrawFn) -> list[Tick]:
    """Draw ticks in the order of a stream: late, repeated, silent, broken."""
    ticks: list[Tick] = []
    trade_id, time_ms = 1, BEGIN_MS + draw(st.integers(0, 59_999))
    for _ in range(draw(st.integers(1, 25))):
        is_good = draw(st.integers(0, 5)) > 0
        ticks.append(
            Trade(
                i=trade_id,
                t=time_ms + draw(JUMPS),
                p=draw(GOOD if is_good else NUMBERS),
                q=draw(GOOD if is_good else NUMBERS),
                m=True,
            )
        )
        trade_id += draw(st.sampled_from([1, 1, 1, 1, 0, 5]))
        time_ms += draw(APART)
    if draw(st.booleans()):
        last = ticks[-1]
        ticks.append(TapeEnd(i=last.i, t=last.t))
    return ticks


def closings_of_signals(ticks: Sequence[Tick]) -> list[tuple[int, int]]:
    """Give the newest minute that each tick closes, with the time of that tick."""
    fold = TickFold(venue=SourceVenue(VENUE), symbol=Symbol(SYMBOL), market=MarketId(MARKET))
    closings: list[tuple[int, int]] = []
    for tick in ticks:
        try:
            minutes = fold.fold(tick)
        except BadTick:
            continue
        if minutes:
            closings.append((to_millis(minutes[-1].minute), to_millis(minutes[-1].closed_at)))
    return closings


async def closings_of_execution(ticks: Sequence[Tick]) -> list[tuple[int, int]]:
    """Give the same from what the venue announces."""
    log, market, stopping = InMemoryLog(service="execution"), InMemoryMarket(), asyncio.Event()
    checkpoints = InMemoryCheckpoints(log)
    await log.as_service("ingest").append([a_feed(is_replayable=False)])
    for tick in ticks:
        await market.put(TRADES, encode_tick(tick))
    standing, recorder = await recover(log, checkpoints, rules=PaperRules(), signer=PaperSigner())
    desk = Desk(
        standing,
        recorder,
        dead_letters=InMemoryDeadLetters(),
        checkpoints=checkpoints,
        checkpoint_events=1_000,
        ready=lambda is_ready, reason: None,
        clock=lambda: 0.0,
    )
    following = asyncio.create_task(follow(log, market, desk, hint=None, stopping=stopping))
    while (await market.lags()).get("execution-work-prints") != 0 and not following.done():
        await _turn()
    stopping.set()
    await following
    events = [it.event for it in log.recorded if isinstance(it.event, VenueAdvanced)]
    return [(to_millis(it.minute), to_millis(it.closed_at)) for it in events]


async def _turn() -> None:
    await asyncio.sleep(0)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(tapes())
def test_both_see_the_same_prints_close_the_same_minutes(ticks: list[Tick]) -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    try:
        assert asyncio.run(closings_of_execution(ticks)) == closings_of_signals(ticks)
    finally:
        structlog.reset_defaults()


def test_both_refuse_an_absurd_id_and_go_on() -> None:
    ticks: list[Tick] = [
        Trade(i=trade_id, t=BEGIN_MS + second * 1_000, p="100", q="1", m=True)
        for trade_id, second in ((1, 0), (2, 10), (30_000_000_000, 20), (3, 61), (4, 125))
    ]
    closings = asyncio.run(closings_of_execution(ticks))
    assert len(closings) == 2
    assert closings == closings_of_signals(ticks)
