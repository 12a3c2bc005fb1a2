"""What the localnet writes is what others read."""

import base64
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from solders.account import Account
from solders.hash import Hash
from solders.pubkey import Pubkey
from solders.rpc.responses import GetAccountInfoResp

from kit.localnet_rig import pay, wallet
from localnet.block import Commitment
from localnet.builds import NoProgram, load
from localnet.drift.orders import USER_SIZE, Direction, OrderParams, read_user
from localnet.drift.pyth import price_account, price_of
from localnet.errors import INVALID_PARAMS, RpcError
from localnet.fees import fee_of
from localnet.journal import Journal, SlotOpened
from localnet.rpc import base58, zstd
from localnet.rpc.filters import filters_of, passes
from localnet.rpc.params import Config, Params

ANY = Pubkey.default()


@given(st.binary(max_size=80))
def test_base58_reads_what_it_writes(data: bytes) -> None:
    assert base58.decode(base58.encode(data)) == data


def test_base58_writes_a_key_as_solana_does() -> None:
    key = wallet(1).pubkey()
    assert base58.encode(bytes(key)) == str(key)


@pytest.mark.parametrize("size", [0, 1, 131_071, 131_072, 131_073, 300_000])
def test_a_zstd_frame_is_read_by_a_real_decoder(size: int) -> None:
    data = bytes(index % 251 for index in range(size))
    written = base64.b64encode(zstd.frame(data)).decode()
    account = (
        f'{{"data":["{written}","base64+zstd"],"executable":false,"lamports":1,'
        f'"owner":"{ANY}","rentEpoch":0,"space":{size}}}'
    )
    answer = GetAccountInfoResp.from_json(
        f'{{"jsonrpc":"2.0","id":1,"result":{{"context":{{"slot":1}},"value":{account}}}}}'
    )
    assert isinstance(answer, GetAccountInfoResp)
    assert answer.value is not None
    assert answer.value.data == data


def test_the_priority_fee_is_on_the_limit_and_rounds_up() -> None:
    paid = pay(wallet(0), ANY, 1, blockhash=Hash.default(), limit=600_000, price=20_000)
    assert fee_of(paid.message).lamports == 5_000 + 600_000 * 20_000 // 10**6 == 17_000
    least = pay(wallet(0), ANY, 1, blockhash=Hash.default(), limit=1, price=1)
    assert fee_of(least.message).lamports == 5_001


def test_without_a_limit_each_instruction_has_200_000_units() -> None:
    paid = pay(wallet(0), ANY, 1, blockhash=Hash.default(), price=1_000_000)
    assert fee_of(paid.message).lamports == 5_000 + 200_000


def test_an_oracle_says_its_price_and_slot() -> None:
    account = price_account(Decimal("149.9"), slot=77, lamports=1)
    assert price_of(account) == (Decimal("149.9"), 77)


def test_an_order_is_written_in_borsh() -> None:
    order = OrderParams(market=2, direction=Direction.SHORT, base=7, price=9, max_ts=5)
    head = "01010100" + "0700000000000000" + "0900000000000000" + "0200" + "000000"
    assert bytes(order).hex() == head + "010500000000000000" + "00" + "00" + "00000000"


def test_an_empty_account_has_no_orders() -> None:
    assert read_user(bytes(USER_SIZE)).orders == ()


@pytest.mark.parametrize(
    ("wanted", "passed"),
    [
        ({"dataSize": 4}, True),
        ({"dataSize": 5}, False),
        ({"memcmp": {"offset": 1, "bytes": base58.encode(b"bc")}}, True),
        ({"memcmp": {"offset": 1, "bytes": "YmM=", "encoding": "base64"}}, True),
        ({"memcmp": {"offset": 2, "bytes": base58.encode(b"bc")}}, False),
        ({"memcmp": {"offset": 3, "bytes": base58.encode(b"de")}}, False),
    ],
)
def test_a_filter_looks_at_size_and_bytes(wanted: object, passed: bool) -> None:
    filters = filters_of(Config({"filters": [wanted]}))
    assert passes(Account(1, b"abcd", ANY), filters) is passed


@pytest.mark.parametrize(
    "read",
    [
        lambda: Params({}),
        lambda: Params([1]).text(0),
        lambda: Params([]).text(0),
        lambda: Params([True]).whole(0),
        lambda: Params([-1]).whole(0),
        lambda: Params(["no key"]).pubkey(0),
        lambda: Params(["no signature"]).signature(0),
        lambda: Params([["x"] * 3]).texts(0, at_most=2),
        lambda: Params([{"commitment": "soon"}]).config(0).commitment(),
        lambda: filters_of(Config({"filters": [{"dataLength": 1}]})),
        lambda: filters_of(Config({"filters": [{"dataSize": 1}] * 5})),
    ],
    ids=[
        "no array",
        "no text",
        "too few",
        "no number",
        "below zero",
        "no key",
        "no signature",
        "too many",
        "no commitment",
        "no filter",
        "too many filters",
    ],
)
def test_wrong_parameters_are_told(read: Callable[[], object]) -> None:
    with pytest.raises(RpcError) as refused:
        read()
    assert refused.value.code == INVALID_PARAMS


def test_the_default_commitment_is_finalized_as_a_nodes() -> None:
    assert Params([]).config(0).commitment() is Commitment.FINALIZED


def test_a_journal_forgets_and_still_counts() -> None:
    journal = Journal()
    for slot in range(1, 201):
        journal.write(slot, SlotOpened(slot - 1))
    assert [entry.slot for entry in journal.read(after=0, slot_max=138)] == [136, 137, 138]
    assert journal.last_number_at(138) == 138
    assert [entry.number for entry in journal.read(after=198, slot_max=999)] == [199, 200]


def test_no_program_says_how_to_get_one(tmp_path: Path) -> None:
    for path in (None, "", f"{tmp_path}/none.so"):
        with pytest.raises(
            NoProgram, match=r"drift-labs/drift-vaults, deps/drift\.so, blob 01e6ca"
        ):
            load(path)
