"""Settings that cannot work are refused before anything starts, all at once and by their names."""

import os
import signal

import pytest

from supervisor.options import choose_port, parser
from supervisor.refusal import Refusal
from supervisor.settings_check import not_heeded, require_settings
from supervisor.signals import Stopped, raising_stopped
from supervisor.venue import require_venue

ENVIRONMENTS = {
    "audit": {"POSTGRES_DSN": "host=/"},
    "gateway": {"GATEWAY_PORT": "8001"},
    "execution": {},
    "risk": {},
    "signals": {},
    "ingest": {"FEED": "synthetic"},
}


def test_settings_that_work_are_let_through() -> None:
    require_settings(ENVIRONMENTS)


def test_all_that_is_wrong_is_said_at_once_and_what_is_shared_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MAX_LEVERAGE", "many")
    monkeypatch.setenv("OWNER_WALLET", "0")
    monkeypatch.setenv("GATEWAY_PROXIES", "0.0.0.0/0")
    monkeypatch.setenv("PAPER_DROP_RATE", "2")
    monkeypatch.setenv("FEED_SYMBOL", "nosuch")
    monkeypatch.setenv("LOG_LEVEL", "loud")
    with pytest.raises(Refusal) as first:
        require_settings(ENVIRONMENTS)
    monkeypatch.delenv("LOG_LEVEL")
    monkeypatch.delenv("MAX_LEVERAGE")
    with pytest.raises(Refusal) as second:
        require_settings(ENVIRONMENTS)

    head, *lines = str(first.value).splitlines()
    everyone = ", ".join(sorted(ENVIRONMENTS))
    assert head == f"{len(lines)} settings cannot work"
    [shared] = [it for it in lines if "LOG_LEVEL" in it]
    assert shared.startswith(f"  {everyone}: LOG_LEVEL: expected 'debug', ")
    assert shared.endswith(", found 'loud'")
    assert any(it.startswith("  gateway: MAX_LEVERAGE: ") for it in lines)
    assert any(it.startswith("  execution: PAPER_DROP_RATE: ") for it in lines)
    told = str(second.value)
    for name in ("OWNER_WALLET", "GATEWAY_PROXIES", "PAPER_DROP_RATE", "FEED_SYMBOL"):
        assert told.count(name) == 1


def test_what_up_sets_itself_is_named_where_the_environment_says_otherwise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("POSTGRES_DSN", "host=elsewhere")
    monkeypatch.setenv("FEED", "synthetic")
    assert not_heeded(ENVIRONMENTS) == ["POSTGRES_DSN"]


@pytest.mark.parametrize(
    ("asked", "told", "port"),
    [(None, None, 8001), (None, "9000", 9000), (9001, "9000", 9001), (None, " ", 8001)],
)
def test_the_port_is_the_options_then_the_environments(
    monkeypatch: pytest.MonkeyPatch, asked: int | None, told: str | None, port: int
) -> None:
    monkeypatch.delenv("GATEWAY_PORT", raising=False)
    if told is not None:
        monkeypatch.setenv("GATEWAY_PORT", told)
    assert choose_port(asked) == port


def test_a_port_of_the_environment_that_is_none_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GATEWAY_PORT", "http")
    with pytest.raises(Refusal, match="expected GATEWAY_PORT from 1 to 65535, found 'http'"):
        choose_port(None)


def test_a_venue_of_the_environment_that_up_does_not_trade_on_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("VENUE", "mainnet")
    with pytest.raises(Refusal, match=r"--venue says \(paper\), found 'mainnet'"):
        require_venue(parser().parse_args(["up"]))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_before_the_desk_is_up_ends_what_is_waited_for(number: signal.Signals) -> None:
    before = signal.signal(number, signal.SIG_DFL)
    try:
        with pytest.raises(Stopped) as stopped, raising_stopped():
            os.kill(os.getpid(), number)
        assert stopped.value.exit_code == 128 + number
        assert signal.getsignal(number) == signal.SIG_DFL
    finally:
        signal.signal(number, before)


def test_a_hang_up_that_is_ignored_stays_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with raising_stopped():
            os.kill(os.getpid(), signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)
