"""What the environment may say, and what the gateway refuses to start with."""

import socket
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from chassis.settings import ConfigurationError
from gateway import server
from gateway.__main__ import main
from gateway.place import DRIFT, PAPER_PLACE
from gateway.settings import check, load_settings, loopback
from gateway.site import public_site
from kit.gateway_signin import NEIGHBOR, OWNER


def test_the_defaults_are_a_paper_account_on_the_loopback() -> None:
    settings = load_settings()
    assert (settings.gateway_host, settings.gateway_port) == ("127.0.0.1", 8001)
    account = settings.account_settings()
    assert account.priority_fee_cap_microlamports == settings.priority_fee_microlamports
    assert account.strategy_enabled
    assert not account.delegate_enabled


def test_the_environments_names_are_those_of_the_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "MAX_LEVERAGE": "2.5",
        "RISK_PER_TRADE_BP": "25",
        "DAILY_STOP_PCT": "1.5",
        "PRIORITY_FEE_MICROLAMPORTS": "777",
        "PAPER_EQUITY_USD": "25000",
        "STRATEGY_ENABLED": "false",
        "GATEWAY_HOST": "localhost",
        "GATEWAY_PORT": "9001",
    }.items():
        monkeypatch.setenv(name, value)
    settings = load_settings()
    account = settings.account_settings()
    assert account.leverage_max == Decimal("2.5")
    assert account.risk_per_trade_bps == 25
    assert account.daily_drawdown_limit_pct == Decimal("1.5")
    assert account.priority_fee_cap_microlamports == 777
    assert not account.strategy_enabled
    assert settings.paper_equity_usd == 25_000
    assert (settings.gateway_host, settings.gateway_port) == ("127.0.0.1", 9001)


ON_DEVNET = {
    "VENUE": "devnet",
    "OWNER_WALLET": OWNER.address,
    "DRIFT_PROGRAM": DRIFT,
    "QUOTE_MINT": "8zGuJQqwhZafTah7Uc7Z4tXRnguqkn5KLFAP8oV6PHe2",
}


def set_all(monkeypatch: pytest.MonkeyPatch, values: dict[str, str]) -> None:
    for name, value in values.items():
        monkeypatch.setenv(name, value)


def test_paper_stands_for_a_program_and_has_no_page_of_its_own() -> None:
    place = load_settings().place()
    assert place == PAPER_PLACE
    assert place.title == "paper (Drift simulated)"
    assert place.account_page(owner="owner", account="account") is None


def test_a_chain_is_named_by_the_program_and_the_mint(monkeypatch: pytest.MonkeyPatch) -> None:
    page = "https://venue.example.com/{account}?of={owner}"
    set_all(monkeypatch, {**ON_DEVNET, "VENUE_ACCOUNT_URL": page})
    place = load_settings().place()
    assert (place.title, place.quote) == ("Drift on devnet", "USDC")
    page = place.account_page(owner="owner", account="account")
    assert page == "https://venue.example.com/account?of=owner"
    assert place.account_page(owner="owner", account=None) is None


def test_what_has_no_name_is_called_by_its_address(monkeypatch: pytest.MonkeyPatch) -> None:
    set_all(monkeypatch, {**ON_DEVNET, "DRIFT_PROGRAM": OWNER.address, "QUOTE_MINT": DRIFT})
    place = load_settings().place()
    assert (place.program_name, place.quote) == (OWNER.address, DRIFT)


@pytest.mark.parametrize("name", ["DRIFT_PROGRAM", "QUOTE_MINT"])
@pytest.mark.parametrize("value", ["", "drift", "O" * 44])
def test_a_chain_needs_addresses(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    set_all(monkeypatch, {**ON_DEVNET, name: value})
    with pytest.raises(ConfigurationError, match=f"expected {name} with VENUE=devnet"):
        load_settings()


@pytest.mark.parametrize("url", ["http://venue.example.com", "javascript:alert(1)", "https://"])
def test_a_page_that_no_browser_should_be_sent_to_is_refused(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VENUE_ACCOUNT_URL", url)
    with pytest.raises(ConfigurationError, match="VENUE_ACCOUNT_URL: expected a page such as"):
        load_settings()


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.53", "::1", "[::1]", "localhost"])
def test_a_loopback_address_is_taken(host: str) -> None:
    assert loopback(host) in {"127.0.0.1", "127.0.0.53", "::1"}


@pytest.mark.parametrize(
    "host",
    [
        ".".join("0000"),
        "::",
        "",
        "192.168.1.5",
        "example.com",
        "127.0.0.1.evil.com",
        "localhost.evil",
        "*",
    ],
)
def test_any_other_address_is_refused_with_the_reason(host: str) -> None:
    with pytest.raises(ConfigurationError, match="loopback address"):
        loopback(host)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MAX_LEVERAGE", "NaN"),
        ("MAX_LEVERAGE", "-1"),
        ("RISK_PER_TRADE_BP", "1e3"),
        ("DAILY_STOP_PCT", ""),
        ("DAILY_STOP_PCT", "101"),
        ("MAX_LEVERAGE", "100.1"),
        ("RISK_PER_TRADE_BP", "1001"),
        ("PAPER_EQUITY_USD", "Infinity"),
        ("PRIORITY_FEE_MICROLAMPORTS", "-5"),
        ("GATEWAY_PORT", "70000"),
        ("STRATEGY_ENABLED", "maybe"),
    ],
)
def test_a_value_that_is_none_is_named(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError, match=name):
        load_settings()


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("GATEWAY_HOST", "192.168.1.5", "loopback address"),
        ("MAX_LEVERAGE", "NaN", "MAX_LEVERAGE"),
        ("MAX_LEVERAGE", "101", "less than or equal to 100, found '101'"),
    ],
)
def test_such_a_start_ends_with_78_and_one_line(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
    value: str,
    says: str,
) -> None:
    monkeypatch.setenv(name, value)
    assert main() == 78
    (line,) = capsys.readouterr().err.splitlines()
    assert says in line


PUBLIC = {
    "GATEWAY_URL": "https://desk.example.com",
    "GATEWAY_HOST": "192.0.2.5",
    "SIGN_IN_WALLETS": OWNER.address,
    "GATEWAY_PROXIES": "192.0.2.1, 198.51.100.0/24",
}


def given(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)


def test_nobody_signs_in_unless_wallets_are_named() -> None:
    settings = load_settings()
    assert settings.sign_in_rules() is None
    assert not settings.site(8001).requires_origin


@pytest.mark.parametrize("host", ["127.0.0.7", "::1"])
def test_a_page_is_answered_under_the_address_that_it_listens_on(
    monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    monkeypatch.setenv("GATEWAY_HOST", host)
    shown = f"[{host}]:8001" if ":" in host else f"{host}:8001"
    site = load_settings().site(8001)
    assert site.origin_of(shown) == f"http://{shown}"
    assert site.origin_of("localhost:8001") == "http://localhost:8001"


def test_wallets_command_the_served_account_or_the_one_that_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = f" {OWNER.address} , {NEIGHBOR.address}=next-door"
    given(monkeypatch, {"SIGN_IN_WALLETS": text, "ACCOUNT": "mine", "STEP_UP_MIN": "7"})
    monkeypatch.setenv("OPERATOR_WALLETS", f" {NEIGHBOR.address}, ")
    settings = load_settings()
    rules = settings.sign_in_rules()
    assert rules is not None
    assert rules.wallets == {OWNER.address: "mine", NEIGHBOR.address: "next-door"}
    assert (rules.account, rules.step_up) == ("mine", timedelta(minutes=7))
    assert rules.operators == {NEIGHBOR.address}
    site = settings.site(9001)
    assert (site.requires_origin, site.is_secure) == (True, False)
    assert site.origin_of("LOCALHOST:9001") == "http://localhost:9001"


def test_with_sign_in_and_tls_the_gateway_may_be_reached_by_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given(monkeypatch, PUBLIC)
    settings = load_settings()
    assert settings.gateway_host == "192.0.2.5"
    site = settings.site(8001)
    assert site.origins == {"desk.example.com": "https://desk.example.com"}
    assert (site.requires_origin, site.is_secure) == (True, True)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"SIGN_IN_WALLETS": ""}, "SIGN_IN_WALLETS beside GATEWAY_URL"),
        ({"GATEWAY_URL": ""}, "loopback address"),
        ({"GATEWAY_URL": "http://desk.example.com"}, "GATEWAY_URL: expected an origin"),
        ({"GATEWAY_URL": "https://desk.example.com/path"}, "GATEWAY_URL"),
        ({"GATEWAY_URL": "https://user@desk.example.com"}, "GATEWAY_URL"),
        ({"GATEWAY_URL": "https://desk.example.com?x"}, "GATEWAY_URL"),
        ({"GATEWAY_URL": "https://désk.example.com"}, "GATEWAY_URL"),
        ({"GATEWAY_URL": "https://"}, "GATEWAY_URL"),
        ({"GATEWAY_URL": "https://desk.example.com:99999"}, "GATEWAY_URL"),
        ({"GATEWAY_HOST": "desk.example.com"}, "address of this machine"),
        ({"GATEWAY_PROXIES": ""}, "what ends TLS"),
        ({"GATEWAY_PROXIES": " , "}, "what ends TLS"),
        ({"GATEWAY_PROXIES": "*"}, "GATEWAY_PROXIES"),
        ({"GATEWAY_PROXIES": "0.0.0.0/0"}, "found everybody"),
        ({"SIGN_IN_WALLETS": "me"}, "SIGN_IN_WALLETS"),
        ({"SIGN_IN_WALLETS": f"{OWNER.address}=Bad Name"}, "an account"),
        ({"SIGN_IN_WALLETS": f"{OWNER.address}=a,{OWNER.address}=b"}, "found two"),
        ({"SIGN_IN_WALLETS": f"{OWNER.address},"}, "SIGN_IN_WALLETS"),
        ({"OPERATOR_WALLETS": NEIGHBOR.address}, "among SIGN_IN_WALLETS"),
        ({"SESSION_MAX_MIN": "481"}, "SESSION_MAX_MIN"),
        ({"SESSION_IDLE_MIN": "0"}, "SESSION_IDLE_MIN"),
        ({"STEP_UP_MIN": "0"}, "STEP_UP_MIN"),
        ({"SIGN_IN_CHAIN_ID": "solana"}, "SIGN_IN_CHAIN_ID"),
    ],
    ids=str,
)
def test_what_would_open_the_desk_by_mistake_is_refused(
    monkeypatch: pytest.MonkeyPatch, change: dict[str, str], says: str
) -> None:
    given(monkeypatch, PUBLIC | change)
    with pytest.raises(ConfigurationError, match=says):
        load_settings()


def test_all_that_can_be_known_is_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = {
        "MAX_LEVERAGE": "NaN",
        "SESSION_MAX_MIN": "481",
        "GATEWAY_URL": "http://desk.example.com",
        "GATEWAY_HOST": "desk.example.com",
        "GATEWAY_PROXIES": "",
        "OPERATOR_WALLETS": NEIGHBOR.address,
        "VENUE": "devnet",
        "DRIFT_PROGRAM": "drift",
        "QUOTE_MINT": "mint",
        "VENUE_ACCOUNT_URL": "http://venue.example.com",
    }
    given(monkeypatch, PUBLIC | wrong)
    told = check({})
    for name in wrong.keys() - {"VENUE"}:
        assert sum(name in line for line in told) == 1 + (name == "GATEWAY_URL"), (name, told)
    assert len(told) == len(wrong) - 1


def test_what_follows_from_a_value_that_is_wrong_itself_is_not_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    named = {"OWNER_WALLET": "", "ACCOUNT": "Desk", "SIGN_IN_WALLETS": f"{OWNER.address}=desk"}
    given(monkeypatch, ON_DEVNET | named)
    assert [line.partition(":")[0] for line in check({})] == ["ACCOUNT"]
    monkeypatch.setenv("ACCOUNT", "desk")
    assert check({}) == []


def test_the_folder_on_the_disk_of_the_log_must_be_there(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert load_settings().log_disk() is None
    monkeypatch.setenv("LOG_STORE_DIR", str(tmp_path))
    assert load_settings().log_disk() == tmp_path
    monkeypatch.setenv("LOG_STORE_DIR", str(tmp_path / "none"))
    with pytest.raises(ConfigurationError, match="expected LOG_STORE_DIR to be a folder"):
        load_settings()


def test_a_default_port_is_not_part_of_an_origin() -> None:
    assert public_site("https://Desk.Example.com/").origins == {
        "desk.example.com": "https://desk.example.com"
    }
    assert public_site("https://desk.example.com:8443").origins == {
        "desk.example.com:8443": "https://desk.example.com:8443"
    }


async def test_a_port_that_stays_taken_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "BIND_EVERY_S", 0.001)
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        with pytest.raises(ConfigurationError, match=f"GATEWAY_PORT {port}"):
            await server.bind("127.0.0.1", port)
    (await server.bind("127.0.0.1", port)).close()
