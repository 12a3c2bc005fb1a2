import copy
import logging
import pickle
import traceback
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from solders.pubkey import Pubkey

from execution.signing.facts import Session
from execution.signing.keys import (
    DelegateKey,
    KeyUnusable,
    SealedKey,
    Secret,
    Vault,
    encryption_key,
)
from kit.signing_scene import DAY_MS, NOW_MS, key

WALLET = key("wallet")
KNOWN = bytes(range(100, 132))
DIGITS = "0123456789abcdef" * 4


def a_vault(digits: str = DIGITS) -> Vault:
    return Vault(Secret(bytes.fromhex(digits)))


def born(vault: Vault | None = None) -> tuple[DelegateKey, SealedKey]:
    return (vault or a_vault()).bear(wallet=WALLET, account="local", now_ms=NOW_MS)


def known() -> DelegateKey:
    """Make a key of bytes that the test knows."""
    session = Session(key("delegate"), NOW_MS, NOW_MS + DAY_MS)
    return DelegateKey(Secret(KNOWN), account="local", session=session)


def spellings(secret: bytes) -> tuple[str, ...]:
    """Give the ways in which these bytes could be written."""
    inner = repr(secret)[2:-1]
    return (secret.hex(), str(Pubkey(secret)), inner, str(list(secret)))


def test_a_key_signs_for_its_own_address() -> None:
    made, _ = born()

    signature = made.sign(b"message", now_ms=NOW_MS)

    assert signature.verify(made.session.delegate, b"message")


def test_a_sealed_key_opens_to_the_same_key() -> None:
    made, sealed = born()

    again = a_vault().unseal(
        SealedKey.load(sealed.dump()), wallet=WALLET, account="local", now_ms=NOW_MS
    )

    assert again.session == made.session
    assert again.sign(b"it", now_ms=NOW_MS) == made.sign(b"it", now_ms=NOW_MS)


def test_no_two_keys_and_no_two_nonces_are_equal() -> None:
    vault = a_vault()
    sealed = [born(vault)[1] for _ in range(50)]

    assert len({it.delegate for it in sealed}) == 50
    assert len({it.nonce for it in sealed}) == 50


def changed(name: str, value: object) -> SealedKey:
    return msgspec.structs.replace(born()[1], **{name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("delegate", str(key("thief"))),
        ("delegate", "no address"),
        ("opened_ms", NOW_MS - 1),
        ("expires_ms", NOW_MS + 2 * DAY_MS),
        ("nonce", bytes(12)),
        ("nonce", b""),
        ("ciphertext", bytes(48)),
        ("ciphertext", b""),
    ],
)
def test_a_changed_sealed_key_does_not_open(name: str, value: object) -> None:
    with pytest.raises(KeyUnusable):
        a_vault().unseal(changed(name, value), wallet=WALLET, account="local", now_ms=NOW_MS)


@pytest.mark.parametrize(
    ("wallet", "account", "digits"),
    [
        (key("other"), "local", DIGITS),
        (WALLET, "other", DIGITS),
        (WALLET, "local", "f" * 64),
    ],
    ids=["wallet", "account", "encryption-key"],
)
def test_a_sealed_key_opens_for_its_owner_alone(wallet: Pubkey, account: str, digits: str) -> None:
    sealed = born()[1]

    with pytest.raises(KeyUnusable, match="sealed key of"):
        a_vault(digits).unseal(sealed, wallet=wallet, account=account, now_ms=NOW_MS)


def test_what_is_no_sealed_key_is_not_read() -> None:
    with pytest.raises(KeyUnusable, match="a sealed key"):
        SealedKey.load(b"{}")
    with pytest.raises(KeyUnusable, match="version 1"):
        SealedKey.load(changed("version", 2).dump())


def test_a_key_lives_for_a_day_and_then_destroys_itself() -> None:
    made, sealed = born()
    made.sign(b"it", now_ms=NOW_MS + DAY_MS - 1)

    with pytest.raises(KeyUnusable, match="a time before"):
        made.sign(b"it", now_ms=NOW_MS + DAY_MS)
    with pytest.raises(KeyUnusable, match="destroyed"):
        made.sign(b"it", now_ms=NOW_MS)
    with pytest.raises(KeyUnusable, match="a time before"):
        a_vault().unseal(sealed, wallet=WALLET, account="local", now_ms=NOW_MS + DAY_MS)
    with pytest.raises(KeyUnusable, match="on, found"):
        a_vault().unseal(sealed, wallet=WALLET, account="local", now_ms=NOW_MS - 1)


def test_destroying_a_key_overwrites_its_bytes() -> None:
    secret = Secret(KNOWN)
    buffer = secret.open()
    assert buffer == KNOWN
    made = DelegateKey(secret, account="local", session=known().session)

    made.destroy()
    made.destroy()

    assert buffer == bytes(32)
    with pytest.raises(KeyUnusable, match="destroyed"):
        made.sign(b"it", now_ms=NOW_MS)


def test_a_key_is_never_shown(caplog: pytest.LogCaptureFixture) -> None:
    made, secret = known(), Secret(KNOWN)
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("test").info("%r %s %r %r", made, made, secret, a_vault())

    for hidden in (KNOWN, bytes.fromhex(DIGITS)):
        assert not [it for it in spellings(hidden) if it in caplog.text]
    assert f"delegate key {made.session.delegate} of local" in caplog.text


def expired() -> None:
    known().sign(b"it", now_ms=NOW_MS + DAY_MS)


def destroyed() -> None:
    made = known()
    made.destroy()
    made.sign(b"it", now_ms=NOW_MS)


def foreign() -> None:
    vault = a_vault()
    vault.unseal(born(vault)[1], wallet=key("other"), account="local", now_ms=NOW_MS)


@pytest.mark.parametrize("ruin", [expired, destroyed, foreign])
def test_an_exception_tells_no_secret_even_with_its_locals(ruin: Callable[[], None]) -> None:
    with pytest.raises(KeyUnusable) as caught:
        ruin()

    shown = written_out(caught.value)
    assert "KeyUnusable" in shown
    for hidden in (KNOWN, bytes.fromhex(DIGITS)):
        assert not [it for it in spellings(hidden) if it in shown]


def written_out(error: BaseException) -> str:
    """Write a traceback as a talkative logger would, below the test's own frame."""
    below = error.__traceback__.tb_next if error.__traceback__ else None
    error = error.with_traceback(below)
    told = traceback.TracebackException.from_exception(error, capture_locals=True)
    return "".join(told.format(chain=True))


def test_a_talkative_logger_would_tell_plain_bytes() -> None:
    def use(plain: bytes) -> None:
        raise KeyUnusable(len(plain))

    with pytest.raises(KeyUnusable) as caught:
        use(KNOWN)

    shown = written_out(caught.value)
    assert [it for it in spellings(KNOWN) if it in shown]


def test_a_key_is_never_pickled_or_copied() -> None:
    for it in (known(), Secret(KNOWN), a_vault()):
        with pytest.raises(TypeError, match="never pickled"):
            pickle.dumps(it)
        with pytest.raises(TypeError, match="never pickled"):
            copy.deepcopy(it)


def written(folder: Path, content: bytes, mode: int = 0o600) -> Path:
    path = folder / "kek"
    path.write_bytes(content)
    path.chmod(mode)
    return path


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
def test_an_encryption_key_is_read_from_a_file(tmp_path: Path, end: bytes) -> None:
    sealed = born()[1]

    vault = Vault(encryption_key(written(tmp_path, DIGITS.encode() + end, 0o640)))

    assert vault.unseal(sealed, wallet=WALLET, account="local", now_ms=NOW_MS)


@pytest.mark.parametrize(
    "content",
    [b"", DIGITS.encode()[:-2], DIGITS.encode() + b"00", b"zz" + DIGITS.encode()[2:], b"\xff" * 64],
    ids=["empty", "short", "long", "not-hex", "not-text"],
)
def test_what_is_no_encryption_key_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(KeyUnusable) as caught:
        encryption_key(written(tmp_path, content))

    assert DIGITS[2:32] not in written_out(caught.value)


def test_an_encryption_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KeyUnusable, match="closed to others, found mode 0644"):
        encryption_key(written(tmp_path, DIGITS.encode(), 0o644))


def test_a_missing_encryption_key_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KeyUnusable, match="No such file"):
        encryption_key(tmp_path / "none")
