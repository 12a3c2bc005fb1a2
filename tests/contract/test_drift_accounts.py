"""Our reading of the program's accounts, and our writing of its messages, against driftpy's."""

import importlib.util
import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from solders.message import MessageV0, from_bytes_versioned
from solders.pubkey import Pubkey

from contracts.order import OrderIntended
from contracts.values import Leg, OrderKind, Side, from_millis
from execution.signing import drift_ix
from execution.venues.drift.markets import (
    read_exchange,
    read_perp_market,
    read_quote_market,
)
from kit import drift_accounts, drift_messages
from kit.drift_accounts import FIXTURE, SIZES, drawn
from kit.drift_messages import CASES, FEE_LAMPORTS, Case, order

READ: drift_accounts.Read = json.loads(FIXTURE.read_text())
READERS = {
    "PerpMarket": read_perp_market,
    "SpotMarket": read_quote_market,
    "State": read_exchange,
}
WRITTEN: dict[str, str] = json.loads(drift_messages.FIXTURE.read_text())
needs_driftpy = pytest.mark.skipif(
    importlib.util.find_spec("driftpy") is None,
    reason="driftpy is not installed: `just sync --extra drift` compares with the real coder",
)


def test_a_market_is_read_as_driftpy_reads_it() -> None:
    theirs = dict(READ["PerpMarket"]["fields"])
    ours = read_perp_market(bytes.fromhex(READ["PerpMarket"]["data"]))

    peg = theirs.pop("peg")
    bid = theirs.pop("bid_quote") * peg // theirs.pop("bid_base")
    ask = -(-theirs.pop("ask_quote") * peg // theirs.pop("ask_base"))
    assert (ours.bid, ours.ask) == (bid, ask)
    assert theirs == {it: _plain(getattr(ours, it)) for it in theirs}


def test_a_quote_market_is_read_as_driftpy_reads_it() -> None:
    theirs = READ["SpotMarket"]["fields"]
    ours = read_quote_market(bytes.fromhex(READ["SpotMarket"]["data"]))

    assert theirs == {it: _plain(getattr(ours, it)) for it in theirs}


def test_the_state_is_read_as_driftpy_reads_it() -> None:
    theirs = READ["State"]["fields"]
    ours = read_exchange(bytes.fromhex(READ["State"]["data"]))

    assert [ours.paused, [*ours.taker_fee]] == [theirs["paused"], theirs["taker_fee"]]


@pytest.mark.parametrize("name", SIZES)
def test_other_bytes_are_refused(name: str) -> None:
    data = drawn(name)

    for wrong in (b"", data[:-1], b"\0" + data[1:]):
        with pytest.raises(ValueError, match=f"expected a {name} of {len(data)} bytes, found"):
            READERS[name](wrong)


@pytest.mark.parametrize(("at", "what"), [(926, "oracle prices"), (1_162, "market's status")])
def test_an_enums_unknown_value_is_refused(at: int, what: str) -> None:
    data = bytearray(drawn("PerpMarket"))
    data[at] = 16

    with pytest.raises(ValueError, match=f"{what} below .*, found 16"):
        read_perp_market(bytes(data))


@pytest.mark.parametrize("name", CASES)
def test_messages_are_written_as_driftpy_writes_them(name: str) -> None:
    assert CASES[name].message().hex() == WRITTEN[name]


@pytest.mark.parametrize("name", CASES)
def test_what_is_asked_for_again_on_one_blockhash_is_another_transaction(name: str) -> None:
    first, again = (CASES[name].message(serial=it) for it in (41, 42))

    assert first != again
    limit, price, *_ = from_bytes_versioned(again).instructions
    units, micro = (int.from_bytes(it.data[1:], "little") for it in (limit, price))
    assert 0.99 * FEE_LAMPORTS <= units * micro / 10**6 <= FEE_LAMPORTS


ORDERS = st.fixed_dictionaries(
    {
        "side": st.sampled_from(Side),
        "user_order_id": st.integers(16, 255),
        "price_usd": st.integers(1, 10**12).map(lambda it: Decimal(it).scaleb(-6)),
        "quantity_base": st.integers(1, 10**15).map(lambda it: Decimal(it).scaleb(-9)),
        "expires_at": st.none() | st.integers(1, 2**32).map(lambda it: from_millis(it * 1_000)),
        "kind": st.sampled_from((OrderKind.POST_ONLY_LIMIT, OrderKind.LIMIT)),
        "is_reduce_only": st.booleans(),
    }
)


@given(ORDERS)
def test_the_signer_reads_in_an_order_what_was_asked_for(fields: dict[str, Any]) -> None:
    asked = order(Leg.ENTRY, **fields)

    (placed,) = _placed(asked)

    assert placed.direction.name == asked.side.name
    assert placed.user_order_id == asked.user_order_id
    assert Decimal(placed.price).scaleb(-6) == asked.price_usd
    assert Decimal(placed.base_asset_amount).scaleb(-9) == asked.quantity_base
    assert placed.max_ts == (asked.expires_at.timestamp() if asked.expires_at else 0)
    assert placed.reduce_only is asked.is_reduce_only
    is_passive = asked.kind is OrderKind.POST_ONLY_LIMIT
    assert (placed.post_only is drift_ix.PostOnly.MUST) is is_passive


@needs_driftpy
@pytest.mark.filterwarnings("ignore")
def test_driftpy_still_reads_what_the_fixture_holds() -> None:
    assert json.loads(json.dumps(drift_accounts.read())) == READ


def _placed(asked: OrderIntended) -> tuple[drift_ix.OrderParams, ...]:
    message = from_bytes_versioned(Case((asked,)).message())
    assert isinstance(message, MessageV0)
    call = drift_ix.decode(message.instructions[-1].data)
    assert isinstance(call, drift_ix.Place)
    return call.orders


def _plain(value: object) -> object:
    return str(value) if isinstance(value, Pubkey) else value
