"""A venue on a chain is told completely, or execution does not start; no address is ever told."""

import pytest
from solders.pubkey import Pubkey

from chassis.settings import load_settings
from execution.settings import ExecutionSettings, check

KEY = str(Pubkey.from_bytes(bytes([7] * 32)))
WHOLE = {
    "VENUE": "devnet",
    "RPC_URLS": "https://one.example/?api-key=hidden,https://two.example",
    "DRIFT_PROGRAM": KEY,
    "QUOTE_MINT": KEY,
    "ACCOUNT_OWNER": KEY,
    "DELEGATE_KEYS_DIR": "/keys/delegates",
    "KEY_ENCRYPTION_FILE": "/keys/encryption",
}


def given(monkeypatch: pytest.MonkeyPatch, **changes: str) -> None:
    for name, value in (WHOLE | changes).items():
        monkeypatch.setenv(name, value)


def test_a_whole_venue_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch)
    chain = ExecutionSettings().chain
    assert chain.urls == ("https://one.example/?api-key=hidden", "https://two.example")
    assert (chain.cluster, str(chain.program), chain.market_index) == ("devnet", KEY, 0)
    assert "hidden" not in repr(chain) + repr(ExecutionSettings())


def test_only_play_money_is_deposited_for_an_owner(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    given(monkeypatch, DELEGATE_FEES_SOL="0.05")
    assert ExecutionSettings().chain.first_money.delegate_lamports == 50_000_000
    given(monkeypatch, SET_UP_DEPOSIT_USD="10000")
    with pytest.raises(SystemExit, match="78"):
        load_settings(ExecutionSettings)
    assert "SET_UP_DEPOSIT_USD with VENUE=localnet only, found devnet" in capsys.readouterr().err


@pytest.mark.parametrize("name", [it for it in WHOLE if it != "VENUE"])
def test_what_is_missing_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    given(monkeypatch, **{name: ""})
    with pytest.raises(SystemExit, match="78"):
        load_settings(ExecutionSettings)
    words = capsys.readouterr().err
    assert f"expected with VENUE=devnet also {name}" in words
    assert "hidden" not in words


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("RPC_URLS", "https://secret.example", "with 2 different node"),
        ("RPC_URLS", "https://secret.example,https://secret.example", "found 1"),
        ("RPC_URLS", "https://secret.example,http://secret.example", "expected https in entry 2"),
        ("RPC_URLS", "https://secret.example,secret", "entry 2 of RPC_URLS to be the URL"),
        ("RPC_URLS", "https://secret.example,https://secret:port", "entry 2"),
        ("DRIFT_PROGRAM", "dRift", "expected DRIFT_PROGRAM to be a public key"),
        ("QUOTE_MINT", "0OIl", "expected QUOTE_MINT to be a public key"),
        ("ACCOUNT_OWNER", "me", "expected ACCOUNT_OWNER to be a public key"),
    ],
)
def test_what_cannot_be_is_refused_without_an_address(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
    value: str,
    words: str,
) -> None:
    given(monkeypatch, **{name: value})
    with pytest.raises(SystemExit, match="78"):
        load_settings(ExecutionSettings)
    told = capsys.readouterr().err
    assert words in told
    assert "secret" not in told


def test_all_that_can_be_known_is_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = {
        "RPC_URLS": "https://one.example",
        "DRIFT_PROGRAM": "drift",
        "QUOTE_MINT": "mint",
        "ACCOUNT_OWNER": "",
        "SET_UP_DEPOSIT_USD": "5",
        "PAPER_DROP_RATE": "2",
        "PAPER_SEED": "7",
        "PAPER_IS_CALM": "true",
        "KEY_ENCRYPTION_FILE": "/nowhere/key",
    }
    given(monkeypatch, **wrong)
    told = check({})
    known = ["PAPER_DROP_RATE: ", "PAPER_IS_CALM=true", "also ACCOUNT_OWNER", "SET_UP_DEPOSIT_USD"]
    known += ["RPC_URLS with 2", "DRIFT_PROGRAM to be", "QUOTE_MINT to be", "/nowhere/key"]
    assert len(told) == len(known)
    for words in known:
        assert sum(words in line for line in told) == 1, (words, told)


def test_a_localnet_has_one_node_on_the_loopback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    given(monkeypatch, VENUE="localnet", RPC_URLS="http://127.0.0.1:8899")
    assert ExecutionSettings().chain.urls == ("http://127.0.0.1:8899",)
    given(monkeypatch, VENUE="localnet", RPC_URLS="https://elsewhere.example")
    with pytest.raises(SystemExit, match="78"):
        load_settings(ExecutionSettings)
    assert "on the loopback" in capsys.readouterr().err
