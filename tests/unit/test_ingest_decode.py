import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.ids import Symbol
from contracts.ticks import Liquidation, MarkPrice, TopOfBook, Trade
from ingest.domain.decode import FrameDecoder
from ingest.domain.items import Ignored, OtherTrade, Passed, Refusal
from kit.ingest_frames import (
    NOON_MS,
    agg_trade,
    book_ticker,
    combined,
    force_order,
    mark_price,
    raw_trade,
)
from kit.recordings import GOLDEN_FRAMES, recording

SOL = FrameDecoder(Symbol("solusdt"))


def refusal_of(frame: bytes) -> str:
    found = SOL.decode(frame)
    assert isinstance(found, Refusal), found
    return found.reason


def test_an_agg_trade_keeps_the_strings_of_the_exchange() -> None:
    found = SOL.decode(combined(agg_trade(7, p="150.10", q="0.500", m=False)))

    assert found == Trade(7, NOON_MS + 700, "150.10", "0.500", m=False)


def test_a_raw_trade_is_a_trade() -> None:
    assert SOL.decode(combined(raw_trade(7))) == Trade(7, NOON_MS + 700, "150.01", "2.5", m=False)


def test_a_frame_may_come_without_its_stream() -> None:
    assert SOL.decode(json.dumps(agg_trade(7)).encode()) == SOL.decode(combined(agg_trade(7)))


@pytest.mark.parametrize("origin", ["INSURANCE_FUND", "ADL", "NA"])
def test_a_trade_outside_the_order_book_only_uses_its_id(origin: str) -> None:
    found = SOL.decode(combined(raw_trade(7, X=origin, p="0", q="0")))

    assert found == OtherTrade(7, NOON_MS + 700)


def test_a_book_ticker_is_the_top_of_the_book() -> None:
    found = SOL.decode(combined(book_ticker(9, B="0")))

    assert found == TopOfBook(9, NOON_MS + 9, "150.00", "0", "150.01", "42")


def test_an_empty_funding_rate_is_absent_and_not_zero() -> None:
    found = SOL.decode(combined(mark_price(r="", T=0)))

    assert found == MarkPrice(NOON_MS, "150.01000000", "149.99000000", "", 0)


def test_a_negative_funding_rate_is_read() -> None:
    found = SOL.decode(combined(mark_price(r="-0.00006042")))

    assert isinstance(found, MarkPrice)
    assert found.funding == "-0.00006042"


def test_a_forced_sale_liquidates_a_long_at_its_average_price() -> None:
    assert SOL.decode(combined(force_order())) == Liquidation(NOON_MS, "long", "149.55", "7")


def test_a_forced_purchase_liquidates_a_short() -> None:
    found = SOL.decode(combined(force_order(S="BUY")))

    assert isinstance(found, Liquidation)
    assert found.side == "short"


@pytest.mark.parametrize(
    ("beside", "inside"),
    [({}, {}), ({"st": 1, "ps": "SOLUSDT"}, {}), ({}, {"st": 1, "ps": "SOLUSDT"})],
    ids=["nowhere", "beside the order", "inside the order"],
)
def test_the_business_of_a_liquidation_stands_in_three_places(
    beside: dict[str, Any], inside: dict[str, Any]
) -> None:
    found = SOL.decode(combined(force_order(beside=beside, **inside)))

    assert isinstance(found, Liquidation)


@pytest.mark.parametrize(
    "frame",
    [
        force_order(st=2, s="SOLUSD_PERP"),
        force_order(beside={"st": 2}, s="SOLUSD_PERP"),
        agg_trade(st=2, s="SOLUSD_PERP"),
        mark_price(st=2, s="SOLUSD_PERP"),
        book_ticker(st=2, s="SOLUSD_PERP"),
    ],
)
def test_coin_margined_business_is_passed_over(frame: dict[str, Any]) -> None:
    assert SOL.decode(combined(frame)) == Ignored(Passed.OTHER_BUSINESS)


def test_a_liquidation_that_did_not_fill_is_none() -> None:
    assert SOL.decode(combined(force_order(z="0"))) == Ignored(Passed.UNFILLED_LIQUIDATION)


def test_unknown_fields_are_ignored() -> None:
    assert SOL.decode(combined(agg_trade(7, new={"deep": [1]}))) == SOL.decode(
        combined(agg_trade(7))
    )


def test_the_order_of_the_keys_does_not_matter() -> None:
    turned = dict(reversed(agg_trade(7).items()))

    assert SOL.decode(combined(turned)) == SOL.decode(combined(agg_trade(7)))


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        (b'{"lastUpdateId":1,"E":2,"T":3,"bids":[],"asks":[]}', Ignored(Passed.SNAPSHOT)),
        (b'{"result":null,"id":1}', Ignored(Passed.REPLY)),
        (combined({"e": "depthUpdate", "U": 1, "u": 2, "b": []}), Ignored(Passed.DEPTH)),
        (combined({"e": "kline", "k": {}}), Ignored(Passed.UNKNOWN_EVENT, "kline")),
        (b'{"code":-1121,"msg":"Invalid symbol."}', None),
        (b'{"error":{"code":2,"msg":"bad"},"id":1}', None),
    ],
)
def test_what_is_no_tick_is_named(frame: bytes, expected: Ignored | None) -> None:
    found = SOL.decode(frame)

    if expected is None:
        assert isinstance(found, Ignored)
        assert found.what is Passed.SERVER_ERROR
    else:
        assert found == expected


@pytest.mark.parametrize(
    "number", ["NaN", "-150.01", "0", "0.00", "1e3", "Infinity", "", " 1", "1.", ".5", "1\n", "٣"]
)
@pytest.mark.parametrize("field", ["p", "q"])
def test_a_number_that_is_no_plain_decimal_above_zero_refuses_the_trade(
    field: str, number: str
) -> None:
    assert repr(number) in refusal_of(combined(agg_trade(7, **{field: number})))


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (combined(agg_trade(7))[:90], "expected a JSON object"),
        (combined(agg_trade(7)).replace(b'"150.01"', b"NaN"), "expected a JSON object"),
        (combined(agg_trade(7, p=150.01)), "aggTrade"),
        (combined(agg_trade(7, a="7")), "aggTrade"),
        (combined(agg_trade(7, m="true")), "aggTrade"),
        (combined(agg_trade(-1, T=NOON_MS)), "expected a trade id"),
        (combined(agg_trade(7, T=NOON_MS // 1000)), "epoch time in ms"),
        (combined(agg_trade(7, s="BTCUSDT")), "expected symbol SOLUSDT, found 'BTCUSDT'"),
        (combined(agg_trade(7, p="999999999", q="999999999")), "10^12"),
        (combined({"a": 1}), "expected an event type"),
        (combined(book_ticker(b="-1")), "bid and ask"),
        (combined(book_ticker(B="-1")), "quantities"),
        (combined(mark_price(p="0")), "mark price"),
        (combined(mark_price(i="NaN")), "index price"),
        (combined(mark_price(r="1e-4")), "funding"),
        (combined(force_order(S="SHORT")), "SELL or BUY"),
        (combined(force_order(ap="-1")), "average price"),
        (b"[1,2]", "expected a JSON object"),
        (b"", "expected a JSON object"),
        (b'{"stream":"x","data":7}', "in 'data'"),
    ],
)
def test_a_frame_that_does_not_fit_is_refused_with_a_reason(frame: bytes, reason: str) -> None:
    assert reason in refusal_of(frame)


@given(st.binary(max_size=300))
def test_any_bytes_get_an_answer(frame: bytes) -> None:
    assert isinstance(SOL.decode(frame), Refusal | Ignored)


@given(st.integers(min_value=1, max_value=len(combined(agg_trade(7))) - 1))
def test_no_part_of_a_frame_is_taken_for_the_whole(length: int) -> None:
    assert isinstance(SOL.decode(combined(agg_trade(7))[:length]), Refusal)


def golden(kind: str) -> list[dict[str, Any]]:
    lines = recording(GOLDEN_FRAMES).read_text().splitlines()
    frames = [json.loads(line) for line in lines]
    return [it for it in frames if it["venue"] == "binance_usdm" and it["kind"] == kind]


def test_the_golden_binance_frames_decode() -> None:
    btc = FrameDecoder(Symbol("btcusdt"))
    trades = [btc.decode(json.dumps(it["frame"]).encode()) for it in golden("aggTrade")]
    marks = [btc.decode(json.dumps(it["frame"]).encode()) for it in golden("markPriceUpdate")]
    forced = [
        (btc if "symbol" in it["id"] else FrameDecoder(Symbol("ilvusdt"))).decode(
            json.dumps(it["frame"]).encode()
        )
        for it in golden("forceOrder")
    ]

    assert trades == [
        Trade(3478018549, 1791391081874, "83434.40", "0.016", m=True),
        Trade(3339472008, 1781416438926, "64339.20", "0.123", m=True),
    ]
    assert marks == [
        MarkPrice(1791269856000, "85296.60260870", "85345.93826087", "0.00000523", 1791273600000),
        MarkPrice(1781419401002, "64240.38272864", "64273.72847826", "-0.00006042", 1781424000000),
    ]
    assert forced == [
        Liquidation(1791391082119, "long", "3.85642", "116.5"),
        Liquidation(1781416602260, "short", "64310.60", "0.002"),
    ]


def test_rows_of_the_rest_interface_are_trades() -> None:
    row = {"a": 7, "p": "150.01", "q": "2.5", "nq": "2.5", "f": 1, "l": 2, "T": NOON_MS, "m": True}

    assert SOL.decode_rows(json.dumps([row]).encode()) == [
        Trade(7, NOON_MS, "150.01", "2.5", m=True)
    ]


def test_one_bad_row_refuses_the_answer() -> None:
    row = {"a": 7, "p": "NaN", "q": "2.5", "T": NOON_MS, "m": True}

    assert isinstance(SOL.decode_rows(json.dumps([row]).encode()), Refusal)
    assert isinstance(SOL.decode_rows(b'{"code":-1003}'), Refusal)


@given(
    st.decimals(min_value=Decimal("0.00000001"), max_value=99_999, places=8),
    st.decimals(min_value=Decimal("0.001"), max_value=9_999, places=3),
)
def test_every_plain_positive_price_and_quantity_is_taken(
    price: Decimal, quantity: Decimal
) -> None:
    found = SOL.decode(combined(agg_trade(7, p=f"{price:f}", q=f"{quantity:f}")))

    assert isinstance(found, Trade)
    assert (Decimal(found.p), Decimal(found.q)) == (price, quantity)
