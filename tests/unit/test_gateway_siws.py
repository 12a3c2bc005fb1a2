"""The text of a sign-in is one to one with its fields, and only the wallet's key signs it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from solders.pubkey import Pubkey

from gateway.signin.siws import Message, is_signed, is_wallet, render
from kit.gateway_signin import OWNER, STRANGER

ISSUED = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
MESSAGE = Message(
    domain="127.0.0.1:8001",
    address=OWNER.address,
    uri="http://127.0.0.1:8001",
    chain_id="mainnet",
    nonce="0123456789abcdef",
    issued_at=ISSUED,
    expires_at=ISSUED + timedelta(minutes=5),
    request_id="fedcba9876543210",
)
ORDER_OF_THE_CURVE = 2**252 + 27742317777372353535851937790883648493
line = st.text(
    st.characters(categories=["L", "N", "P", "S", "Zs"]), min_size=1, max_size=40
).filter(str.isprintable)
messages = st.builds(
    Message,
    domain=line.filter(lambda text: " " not in text),
    address=line,
    uri=line,
    chain_id=line,
    nonce=line,
    issued_at=st.just(ISSUED),
    expires_at=st.datetimes(min_value=datetime(2026, 1, 1), timezones=st.just(UTC)).map(  # noqa: DTZ001
        lambda moment: moment.replace(microsecond=0)
    ),
    request_id=line,
    statement=line,
)


def test_the_text_is_that_of_the_specification() -> None:
    assert render(MESSAGE) == (
        "127.0.0.1:8001 wants you to sign in with your Solana account:\n"
        f"{OWNER.address}\n"
        "\n"
        "Sign in to command this trading desk. Signing moves no funds and costs no fee.\n"
        "\n"
        "URI: http://127.0.0.1:8001\n"
        "Version: 1\n"
        "Chain ID: mainnet\n"
        "Nonce: 0123456789abcdef\n"
        "Issued At: 2026-03-02T12:00:00.000Z\n"
        "Expiration Time: 2026-03-02T12:05:00.000Z\n"
        "Request ID: fedcba9876543210"
    )


@given(messages, messages)
def test_different_fields_never_give_the_same_text(one: Message, other: Message) -> None:
    assert (render(one) == render(other)) is (one == other)


@pytest.mark.parametrize("evil", ["", "a\nNonce: 1", "a\r", "a\0", "a\u2028b", "a\tb"])
@pytest.mark.parametrize("name", ["domain", "uri", "nonce", "request_id", "statement"])
def test_a_field_that_is_not_one_line_is_refused(name: str, evil: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        render(replace(MESSAGE, **{name: evil}))


def test_a_domain_that_could_hide_another_is_refused() -> None:
    with pytest.raises(ValueError, match="expected a domain"):
        render(replace(MESSAGE, domain="evil.example wants you"))


def test_only_the_wallets_own_signature_of_this_text_holds() -> None:
    text = render(MESSAGE).encode()
    good = OWNER.sign(text)
    assert is_signed(address=OWNER.address, text=text, signature=good)
    assert not is_signed(address=OWNER.address, text=text, signature=STRANGER.sign(text))
    assert not is_signed(address=STRANGER.address, text=text, signature=good)
    assert not is_signed(address=OWNER.address, text=text + b"\n", signature=good)
    for size in (0, 63, 65):
        assert not is_signed(address=OWNER.address, text=text, signature=(good + b"\0")[:size])


@given(st.integers(0, 511))
def test_no_flipped_bit_holds(bit: int) -> None:
    text = render(MESSAGE).encode()
    bad = bytearray(OWNER.sign(text))
    bad[bit // 8] ^= 1 << bit % 8
    assert not is_signed(address=OWNER.address, text=text, signature=bytes(bad))


def test_a_signature_has_one_form() -> None:
    """S + L would satisfy the equation, too."""
    text = render(MESSAGE).encode()
    good = OWNER.sign(text)
    more = int.from_bytes(good[32:], "little") + ORDER_OF_THE_CURVE
    other = good[:32] + more.to_bytes(32, "little")
    assert not is_signed(address=OWNER.address, text=text, signature=other)


@pytest.mark.parametrize(
    "point", [b"\1" + 31 * b"\0", 32 * b"\0", b"\xec" + 30 * b"\xff" + b"\x7f"]
)
def test_a_key_of_small_order_signs_nothing(point: bytes) -> None:
    address = str(Pubkey.from_bytes(point))
    forged = b"\1" + 31 * b"\0" + 32 * b"\0"
    assert not is_signed(address=address, text=render(MESSAGE).encode(), signature=forged)


def test_a_wallet_is_a_key_in_its_one_spelling() -> None:
    derived, _ = Pubkey.find_program_address([b"vault"], Pubkey.from_string(OWNER.address))
    assert is_wallet(OWNER.address)
    assert not is_wallet(str(derived))
    for text in (
        "",
        "1" + OWNER.address,
        OWNER.address + " ",
        OWNER.address[:20],
        "0" * 32,
        "é" * 32,
    ):
        assert not is_wallet(text)
