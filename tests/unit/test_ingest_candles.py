import json
from typing import Any

import pytest

from contracts.minute import CANDLES_MAX
from contracts.minutes import MINUTE_MS
from contracts.ticks import Candle
from ingest.domain.candles import Span, decode_klines, in_parts, span_before
from ingest.domain.items import Refusal
from kit.ingest_frames import NOON_MS

BEGIN_MS = NOON_MS
SPAN = Span(BEGIN_MS, BEGIN_MS + 3 * MINUTE_MS)


def kline(index: int, **fields: Any) -> list[Any]:
    """Give the `index`-th kline: 10 SOL at an average of 150, four of them bought."""
    opened_ms = BEGIN_MS + index * MINUTE_MS
    row = {
        "open_ms": opened_ms,
        "open": "149.9",
        "high": "150.2",
        "low": "149.8",
        "close": "150.1",
        "volume": "10",
        "close_ms": opened_ms + MINUTE_MS - 1,
        "turnover": "1500.00000000",
        "fills": 31,
        "bought": "4",
        "bought_quote": "600.1",
        "ignore": "0",
    } | fields
    return list(row.values())


def body(*rows: Any) -> bytes:
    return json.dumps(rows).encode()


def test_klines_are_read_with_their_digits_untouched() -> None:
    found = decode_klines(body(kline(0), kline(1), kline(2)), SPAN)

    assert found == [Candle("149.9", "150.2", "149.8", "150.1", "10", "1500.00000000", "4")] * 3


def test_a_minute_without_trades_is_a_kline_too() -> None:
    prices = dict.fromkeys(("open", "high", "low", "close"), "150")
    empty = kline(1, **prices, volume="0", turnover="0", bought="0", fills=0)

    found = decode_klines(body(kline(0), empty, kline(2)), SPAN)

    assert not isinstance(found, Refusal)
    assert found[1].volume == "0"


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ({"code": -1121, "msg": "Invalid symbol."}, "expected klines of 12 fields"),
        ([kline(0)[:11], kline(1), kline(2)], "expected klines of 12 fields, found Expected"),
        ([[*kline(0), "0"], kline(1), kline(2)], "expected klines of 12 fields, found"),
        ([kline(0), kline(1)], "expected 3 klines, found 2"),
        ([kline(0), kline(2), kline(2)], "expected the kline of minute"),
        ([kline(0), kline(1), kline(2, close_ms=1)], "expected the kline of minute 1767268920000"),
        ([kline(0), kline(1, close="NaN"), kline(2)], "above 0, found '149.9'"),
        ([kline(0), kline(1, low="0"), kline(2)], "expected prices as plain decimals above 0"),
        (
            [kline(0), kline(1, high="150"), kline(2)],
            "expected open and close within 149.8 and 150",
        ),
        ([kline(0), kline(1, low="150"), kline(2)], "expected open and close within 150 and"),
        ([kline(0), kline(1, volume="-1"), kline(2)], "expected volumes as plain decimals"),
        ([kline(0), kline(1, turnover="1e3"), kline(2)], "and '1e3'"),
        ([kline(0), kline(1, bought="11"), kline(2)], "a taker buy volume of at most 10"),
        ([kline(0), kline(1, turnover="1503"), kline(2)], "a turnover of 10 at 149.8 to 150.2"),
    ],
)
def test_an_answer_that_cannot_be_true_is_refused_whole(rows: Any, reason: str) -> None:
    found = decode_klines(json.dumps(rows).encode(), SPAN)

    assert isinstance(found, Refusal)
    assert reason in found.reason


def test_a_session_needs_its_anchor_and_250_bars_of_five_minutes_before() -> None:
    span = span_before(session_ms=NOON_MS, end_ms=NOON_MS - MINUTE_MS)

    # 12 h less a minute, and 250 x 5 minutes
    assert span.minutes == 719 + 1250
    assert span.begin_ms % (5 * MINUTE_MS) == 0


def test_parts_follow_each_other() -> None:
    candle = Candle("1", "1", "1", "1", "1", "1", "1")

    first, second = in_parts([candle] * (CANDLES_MAX + 1), begin_ms=BEGIN_MS, next_trade_id=9)

    assert (first.part, first.parts, second.part, second.parts) == (1, 2, 2, 2)
    assert second.t == first.t + CANDLES_MAX * MINUTE_MS
    assert len(second.minutes) == 1
    assert first.i == second.i == 9
