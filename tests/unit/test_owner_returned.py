"""What a wallet gives back: what was offered, with a wallet's additions and nothing else."""

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from solders.address_lookup_table_account import AddressLookupTableAccount
from solders.compute_budget import set_compute_unit_limit, set_compute_unit_price
from solders.hash import Hash
from solders.instruction import Instruction
from solders.keypair import Keypair
from solders.message import Message, MessageV0, from_bytes_versioned, to_bytes_versioned
from solders.pubkey import Pubkey
from solders.system_program import TransferParams, transfer

from contracts.values import Side
from execution.owner.offers import NOBODY, delegate_message, revoke_message
from execution.owner.returned import COMPUTE_BUDGET, FEE_LAMPORTS_MAX, NotTaken, require_offered
from execution.venues.paper.owners import paper_venue
from kit.owner_wallet import BUDGET, OwnerWallet, calls, lighthouse, reading, rebuilt, writing

WALLET, STRANGER = OwnerWallet(), OwnerWallet(Keypair.from_seed(b"stranger".ljust(32)))
VENUE = paper_venue("sol-perp", WALLET.address)
KEY, OTHER = Pubkey.new_unique(), Pubkey.new_unique()
HASH = str(Hash.new_unique())
OFFERED = delegate_message(VENUE, KEY, blockhash=HASH)
REVOKE = revoke_message(VENUE, side=None, blockhash=HASH)


def returned(message: bytes, *, offered: bytes = OFFERED, by: OwnerWallet = WALLET) -> None:
    require_offered(offered, message, signature=by.sign(message))


def test_the_encodings_are_the_programs() -> None:
    parsed = from_bytes_versioned(OFFERED)
    assert isinstance(parsed, MessageV0)
    (name,) = calls(parsed)
    # execution.md, appendix A.
    discriminator = bytes([139, 205, 141, 141, 113, 36, 94, 187])
    assert bytes(name.data) == discriminator + b"\x00\x00" + bytes(KEY)
    assert [it.pubkey for it in name.accounts] == [VENUE.user, VENUE.owner]
    assert (parsed.header.num_required_signatures, str(parsed.recent_blockhash)) == (1, HASH)


@pytest.mark.parametrize(
    ("side", "direction"), [(None, b"\x00"), (Side.LONG, b"\x01\x00"), (Side.SHORT, b"\x01\x01")]
)
def test_a_revoke_cancels_first_and_then_names_nobody(side: Side | None, direction: bytes) -> None:
    parsed = from_bytes_versioned(revoke_message(VENUE, side=side, blockhash=HASH))
    assert isinstance(parsed, MessageV0)
    cancel, name = calls(parsed)
    discriminator = bytes([238, 225, 95, 158, 227, 103, 8, 194])
    assert bytes(cancel.data) == discriminator + b"\x01\x01\x01\x00\x00" + direction
    assert bytes(name.data)[10:] == bytes(NOBODY)


@pytest.mark.parametrize("offered", [OFFERED, REVOKE])
def test_what_was_offered_is_taken_and_leaves_room_for_a_wallet(offered: bytes) -> None:
    returned(offered, offered=offered)
    assert 65 + len(offered) <= 1232 - 150


@pytest.mark.parametrize(
    "message",
    [
        rebuilt(OFFERED, before=BUDGET),
        rebuilt(OFFERED, before=[set_compute_unit_price(1)]),
        rebuilt(OFFERED, after=[lighthouse(reading(VENUE.user), reading(VENUE.owner))]),
        rebuilt(OFFERED, before=BUDGET, after=[lighthouse(reading(VENUE.user))] * 2),
    ],
    ids=["budget", "price", "lighthouse", "both"],
)
def test_a_wallets_additions_are_taken(message: bytes) -> None:
    returned(message)


def _legacy() -> bytes:
    parsed = from_bytes_versioned(OFFERED)
    assert isinstance(parsed, MessageV0)
    return bytes(Message.new_with_blockhash(calls(parsed), VENUE.owner, Hash.from_string(HASH)))


def _two_signers() -> bytes:
    extra = transfer(TransferParams(from_pubkey=OTHER, to_pubkey=VENUE.owner, lamports=1))
    return rebuilt(OFFERED, after=[extra])


def _looked_up() -> bytes:
    parsed = from_bytes_versioned(OFFERED)
    assert isinstance(parsed, MessageV0)
    table = AddressLookupTableAccount(key=OTHER, addresses=[VENUE.user])
    compiled = MessageV0.try_compile(VENUE.owner, calls(parsed), [table], Hash.from_string(HASH))
    return to_bytes_versioned(compiled)


def _nonce() -> bytes:
    advance = Instruction(Pubkey.default(), b"\x04\x00\x00\x00", [writing(OTHER)])
    return rebuilt(OFFERED, before=[advance])


ALTERED: dict[str, Callable[[], bytes]] = {
    "another-delegate": lambda: delegate_message(VENUE, OTHER, blockhash=HASH),
    "another-sub-account": lambda: delegate_message(
        replace(VENUE, sub_account=1), KEY, blockhash=HASH
    ),
    "another-program": lambda: delegate_message(replace(VENUE, program=OTHER), KEY, blockhash=HASH),
    "another-block": lambda: rebuilt(OFFERED, blockhash=Hash.new_unique()),
    "another-payer": lambda: delegate_message(
        paper_venue("sol-perp", STRANGER.address), KEY, blockhash=HASH
    ),
    "a-revoke": lambda: REVOKE,
    "twice": lambda: rebuilt(OFFERED, after=calls(_parsed(OFFERED))),
    "a-transfer": lambda: rebuilt(
        OFFERED,
        after=[transfer(TransferParams(from_pubkey=VENUE.owner, to_pubkey=OTHER, lamports=1))],
    ),
    "another-signer": _two_signers,
    "a-nonce": _nonce,
    "a-lookup-table": _looked_up,
    "legacy": _legacy,
    "lighthouse-that-writes": lambda: rebuilt(OFFERED, after=[lighthouse(writing(OTHER))]),
    "a-memo": lambda: rebuilt(OFFERED, after=[Instruction(OTHER, b"memo", [])]),
    "a-budget-with-accounts": lambda: rebuilt(
        OFFERED, before=[Instruction(BUDGET[0].program_id, b"\x02", [reading(OTHER)])]
    ),
    "a-budget-that-says-nothing": lambda: rebuilt(OFFERED, before=[_budget(b"")]),
    "a-heap-frame": lambda: rebuilt(OFFERED, before=[_budget(b"\x01\x00\x80\x00\x00")]),
    "a-size-of-accounts": lambda: rebuilt(OFFERED, before=[_budget(b"\x04\x00\x80\x00\x00")]),
    "a-price-cut-off": lambda: rebuilt(OFFERED, before=[_budget(b"\x03" + bytes(7))]),
    "a-price-too-long": lambda: rebuilt(OFFERED, before=[_budget(b"\x03" + bytes(9))]),
    "a-limit-too-long": lambda: rebuilt(OFFERED, before=[_budget(b"\x02" + bytes(8))]),
    "two-prices": lambda: rebuilt(OFFERED, before=[set_compute_unit_price(it) for it in (1, 2)]),
    "two-limits": lambda: rebuilt(OFFERED, before=[set_compute_unit_limit(it) for it in (1, 2)]),
    "trailing-bytes": lambda: OFFERED + b"\x00",
    "cut-off": lambda: OFFERED[:-1],
    "no-bytes": lambda: b"",
    "too-long": lambda: (
        rebuilt(OFFERED, after=[lighthouse(reading(VENUE.user))] * 16) + b"\x00" * 1_000
    ),
}


def _budget(data: bytes) -> Instruction:
    return Instruction(COMPUTE_BUDGET, data, [])


def _parsed(message: bytes) -> MessageV0:
    parsed = from_bytes_versioned(message)
    assert isinstance(parsed, MessageV0)
    return parsed


@pytest.mark.parametrize("name", ALTERED)
def test_anything_else_is_altered(name: str) -> None:
    message = ALTERED[name]()
    with pytest.raises(NotTaken) as refused:
        returned(message)
    assert refused.value.code == "tx-altered"


def test_a_revoke_without_its_cancels_or_in_another_order_is_altered() -> None:
    cancel, name = calls(_parsed(REVOKE))
    blockhash = Hash.from_string(HASH)
    for kept in ([name], [cancel], [name, cancel]):
        message = to_bytes_versioned(MessageV0.try_compile(VENUE.owner, kept, [], blockhash))
        with pytest.raises(NotTaken) as refused:
            returned(message, offered=REVOKE)
        assert refused.value.code == "tx-altered"


@pytest.mark.parametrize("signature", [STRANGER.sign(OFFERED), WALLET.sign(b"else"), "1" * 64, "x"])
def test_a_signature_of_somebody_else_or_of_something_else_is_none(signature: str) -> None:
    with pytest.raises(NotTaken) as refused:
        require_offered(OFFERED, OFFERED, signature=signature)
    assert refused.value.code == "tx-signature-invalid"


# Units times price is the fee in millionths of a lamport. Without a limit each call has 200,000
# units, and 1,400,000 are paid for at most.
_MOST = FEE_LAMPORTS_MAX * 1_000_000


@pytest.mark.parametrize(
    ("limit", "price"),
    [
        (200_000, _MOST // 200_000),
        (4_000_000_000, _MOST // 1_400_000),
        (1, _MOST),
        (0, 2**64 - 1),
        (None, _MOST // 200_000),
    ],
)
def test_a_wallets_fee_is_bounded_by_units_and_price(limit: int | None, price: int) -> None:
    def message(price: int) -> bytes:
        limits = [] if limit is None else [set_compute_unit_limit(limit)]
        return rebuilt(OFFERED, before=[*limits, set_compute_unit_price(price)])

    returned(message(price))
    if not limit and limit is not None:
        return  # No unit is paid for at any price.
    with pytest.raises(NotTaken, match="at most 5000000 lamports") as refused:
        returned(message(price + 1))
    assert refused.value.code == "tx-fee-too-high"


@pytest.mark.parametrize("price", [2**63, 2**64 - 1])
def test_a_wallet_that_burns_the_owners_sol_is_refused(price: int) -> None:
    hostile = rebuilt(OFFERED, before=[set_compute_unit_price(price)], after=[lighthouse()] * 3)
    with pytest.raises(NotTaken) as refused:
        returned(hostile)
    assert refused.value.code == "tx-fee-too-high"


@given(st.integers(0, 2**32 - 1), st.integers(0, 2**64 - 1))
def test_what_is_taken_never_pays_more_than_the_limit(limit: int, price: int) -> None:
    budget = (set_compute_unit_limit(limit), set_compute_unit_price(price))
    fee = -(-min(limit, 1_400_000) * price // 1_000_000)
    is_refused = fee > FEE_LAMPORTS_MAX
    with pytest.raises(NotTaken, match="priority fee") if is_refused else nullcontext():
        returned(rebuilt(OFFERED, before=budget))
