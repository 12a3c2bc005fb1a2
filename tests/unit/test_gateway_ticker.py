"""Live price, CVD and VWAP: exact when every tick was seen, and never a guess otherwise."""

from datetime import timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from contracts.minute import MinuteClosed
from contracts.minutes import MINUTE_MS, minute_of, open_minute
from contracts.ticks import TapeEnd, Trade
from contracts.values import to_millis
from gateway.domain.session import Session, extend
from gateway.domain.ticker import OpenBar, Ticker
from kit.gateway_events import START, minute_closed

T0 = to_millis(START)


def trade(
    number: int, ms: int, *, price: str = "150", size: str = "2", sold: bool = False
) -> Trade:
    return Trade(i=number, t=T0 + ms, p=price, q=size, m=sold)


def closed(*numbers: int) -> Session:
    session: Session | None = None
    for number in numbers:
        session = extend(session, minute_closed(number))
    assert session is not None
    return session


def test_from_the_first_tick_on_cvd_and_vwap_are_live_without_any_closed_minute() -> None:
    ticker = Ticker(is_from_start=True)
    ticker.take(trade(1, 0, price="150", size="2"))
    ticker.take(trade(2, 10, price="153", size="1", sold=True))
    flow = ticker.flow(None)
    assert flow is not None
    assert (flow.cvd_base, flow.vwap_usd) == (1, Decimal(151))  # (300 + 153) / 3
    assert flow.is_live


def test_open_minutes_stand_on_top_of_what_the_log_closed() -> None:
    ticker = Ticker(is_from_start=True)
    ticker.take(trade(1, 1_000, size="100"))  # Minute 0: closed by the log, its sums are there.
    ticker.take(trade(2, 61_000, size="5", sold=True))
    flow = ticker.flow(closed(0))
    assert flow is not None
    assert flow.cvd_base == 20 - 5  # Minute 0 in the log: 2 x 60 - 100.


def test_ticks_that_began_too_late_show_the_last_closed_minute_instead() -> None:
    ticker = Ticker(is_from_start=False)
    ticker.take(trade(500, 61_000))
    flow = ticker.flow(closed(0))
    assert flow is not None
    assert (flow.cvd_base, flow.is_live) == (20, False)
    assert flow.at == closed(0).closed_at
    assert ticker.flow(None) is None


def test_a_minute_later_ticks_that_began_late_are_whole_again() -> None:
    ticker = Ticker(is_from_start=False)
    ticker.take(trade(500, 61_000))
    ticker.take(trade(900, 181_000, size="3"))
    flow = ticker.flow(closed(0, 1, 2))
    assert flow is not None
    assert (flow.cvd_base, flow.is_live) == (60 + 3, True)


def test_a_tick_that_comes_again_counts_once() -> None:
    ticker = Ticker(is_from_start=True)
    for _ in range(3):
        ticker.take(trade(1, 0, size="2"))
    flow = ticker.flow(None)
    assert flow is not None
    assert flow.cvd_base == 2


def test_a_tick_that_is_no_trade_is_counted_and_changes_nothing() -> None:
    ticker = Ticker(is_from_start=True)
    for price, size in (
        ("NaN", "1"),
        ("1e999", "1"),
        ("-5", "1"),
        ("0", "1"),
        ("5", "-1"),
        ("", ""),
    ):
        ticker.take(trade(1, 0, price=price, size=size))
    ticker.take(Trade(i=1, t=-1, p="1", q="1", m=False))
    ticker.take(Trade(i=1, t=2**62, p="1", q="1", m=False))
    assert ticker.refused == 8
    assert ticker.price is None


def test_the_end_of_a_tape_is_noticed() -> None:
    ticker = Ticker(is_from_start=True)
    ticker.take(TapeEnd(i=5, t=T0))
    assert ticker.has_ended


def test_a_new_day_leaves_the_old_sums_behind() -> None:
    ticker = Ticker(is_from_start=True)
    midnight = 15 * 60 * MINUTE_MS  # The story starts at 09:00.
    ticker.take(trade(1, midnight + 1, size="4"))
    flow = ticker.flow(closed(14 * 60 + 59))
    assert flow is not None
    assert flow.cvd_base == 4


@given(
    st.lists(
        st.tuples(st.integers(-400, 40_000), st.integers(1, 9), st.booleans()),
        min_size=1,
        max_size=40,
    ),
    st.integers(0, 40),
)
def test_closing_minutes_in_the_log_never_changes_the_live_value(
    steps: list[tuple[int, int, bool]], seen: int
) -> None:
    """Fold the same ticks with and without the log's help: both give the sum of all deltas."""
    now, newest, total = 0, 0, 0
    bars: dict[int, tuple[int, int]] = {}
    ticker, watched = Ticker(is_from_start=True), Ticker(is_from_start=True)
    session: Session | None = None
    for number, (step, size, sold) in enumerate(steps, start=1):
        now = max(0, now + step)
        tick = trade(number, now, size=str(size), sold=sold)
        bar = max(minute_of(tick.t), open_minute(T0 + newest))
        newest = max(newest, now)
        buys, volume = bars.get(bar, (0, 0))
        bars[bar] = (buys + (0 if sold else size), volume + size)
        total += -size if sold else size
        ticker.take(tick)
        watched.take(tick)
        if number > seen:
            continue
        for start in sorted(start for start in bars if start < open_minute(T0 + newest)):
            buys, volume = bars.pop(start)
            session = extend(session, _bar(start, buys, volume))
            watched.flow(session)
    alone, helped = ticker.flow(None), watched.flow(session)
    assert alone is not None
    assert helped is not None
    assert alone.cvd_base == total
    assert helped.cvd_base == total


def _bar(start_ms: int, buys: int, volume: int) -> MinuteClosed:
    start = START + timedelta(milliseconds=start_ms - T0)
    return minute_closed(
        minute=start,
        volume_base=Decimal(volume),
        buy_volume_base=Decimal(buys),
        turnover_usd=Decimal(150 * volume),
    )


def bar_of(ticker: Ticker) -> OpenBar | None:
    assert ticker.price is not None
    return ticker.price.bar


def test_the_open_minute_has_the_prices_of_all_its_trades() -> None:
    ticker = Ticker(is_from_start=False)
    ticker.take(trade(500, 59_000, price="140"))
    assert bar_of(ticker) is None  # Nobody here knows how its minute began.
    for number, (ms, price) in enumerate(((61_000, "151"), (62_000, "153"), (63_000, "149"))):
        ticker.take(trade(501 + number, ms, price=price))
    minute = START + timedelta(minutes=1)
    assert bar_of(ticker) == OpenBar(minute, Decimal(151), Decimal(153), Decimal(149))


def test_a_trade_of_a_closed_minute_is_of_the_oldest_open_one() -> None:
    ticker = Ticker(is_from_start=True)
    ticker.take(trade(1, 1_000, price="150"))
    ticker.take(trade(2, 120_000, price="151"))
    ticker.take(trade(3, 2_000, price="140"))
    found = bar_of(ticker)
    assert found is not None
    assert found.minute > START
    assert found.low_usd == 140
