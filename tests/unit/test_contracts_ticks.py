"""Ticks: short names, the exchange's own digits, and nothing that is not one."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.ticks import (
    Liquidation,
    MarkPrice,
    TapeEnd,
    Tick,
    TopOfBook,
    Trade,
    decode_tick,
    encode_tick,
)

digits = st.from_regex(r"[0-9]{1,9}(\.[0-9]{1,9})?", fullmatch=True)


@pytest.mark.parametrize(
    ("tick", "body"),
    [
        (
            Trade(i=7, t=1_721_311_380_812, p="157.420", q="0.01", m=True),
            b'{"k":"trade","i":7,"t":1721311380812,"p":"157.420","q":"0.01","m":true}',
        ),
        (TapeEnd(i=7, t=1_721_311_380_812), b'{"k":"end","i":7,"t":1721311380812}'),
        (
            TopOfBook(u=1, t=2, b="1.0", bq="2", a="1.1", aq="3"),
            b'{"k":"top","u":1,"t":2,"b":"1.0","bq":"2","a":"1.1","aq":"3"}',
        ),
        (
            MarkPrice(t=2, mark="1", index="", funding="-0.0001", next_funding=3),
            b'{"k":"mark","t":2,"mark":"1","index":"","funding":"-0.0001","next_funding":3}',
        ),
        (
            Liquidation(t=2, side="long", p="1", q="2"),
            b'{"k":"liquidation","t":2,"side":"long","p":"1","q":"2"}',
        ),
    ],
)
def test_the_bytes_of_a_tick_never_change(tick: msgspec.Struct, body: bytes) -> None:
    assert encode_tick(tick) == body


@given(
    st.builds(
        Trade, i=st.integers(0, 2**53), t=st.integers(0, 2**43), p=digits, q=digits, m=st.booleans()
    )
    | st.builds(TapeEnd, i=st.integers(0, 2**53), t=st.integers(0, 2**43))
)
def test_a_tick_comes_back_with_its_digits_untouched(tick: Tick) -> None:
    assert decode_tick(encode_tick(tick)) == tick


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b'{"k":"trade","i":7}',
        b'{"k":"top","u":1,"t":2,"b":"1.0","bq":"2","a":"1.1","aq":"3"}',
        b'{"k":"trade","i":7,"t":1,"p":157.42,"q":"0.01","m":true}',
        b'{"k":"trade","i":7,"t":1,"p":"1","q":"1","m":1}',
        b'{"k":"trade","i":7,"t":1,"p":"1","q":"1","m":true,"x":1}',
        b'{"k":"trade","i":7,"t":1,"p":"1","q":"1","m":tr',
    ],
)
def test_what_is_not_a_tick_is_refused(body: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode_tick(body)
