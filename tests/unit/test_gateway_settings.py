"""What the environment may say, and what the gateway refuses to start with."""

import socket
from decimal import Decimal

import pytest

from chassis.settings import ConfigurationError
from gateway import server
from gateway.__main__ import main
from gateway.settings import load_settings, loopback


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
    [("GATEWAY_HOST", "192.168.1.5", "loopback address"), ("MAX_LEVERAGE", "NaN", "MAX_LEVERAGE")],
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


async def test_a_port_that_stays_taken_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "BIND_EVERY_S", 0.001)
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        with pytest.raises(ConfigurationError, match=f"GATEWAY_PORT {port}"):
            await server.bind("127.0.0.1", port)
    (await server.bind("127.0.0.1", port)).close()
