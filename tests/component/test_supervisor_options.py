"""What `up` says about its feed before anything starts."""

import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from chassis.drain import stop_s_max
from kit.cuts import cut_ticks
from supervisor import audit_command, up
from supervisor.cli import main
from supervisor.data_folder import DataFolder
from supervisor.options import choose_feed, parser
from supervisor.refusal import Refusal

NOON_MS = 1_750_507_467_356


def test_up_says_on_the_terminal_why_a_cut_tape_gives_no_entries(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cut = cut_ticks(tmp_path / "LTCUSDT_cut.csv", from_ms=NOON_MS, until_ms=NOON_MS + 60_000)

    feed = choose_feed(parser().parse_args(["up", "--tape", str(cut)]))

    assert feed.symbol == "ltcusdt"
    assert feed.description == "TAPE of binance-spot ltcusdt at speed 1"
    assert capsys.readouterr().out == (
        "recording of ltcusdt: LTCUSDT_cut.csv; begins at 12:04 UTC, within a session: "
        "no entries before the next 00:00 UTC\n"
    )


@pytest.mark.parametrize(
    "line",
    [
        ["--data-dir", "here", "verify", "--no-stream"],
        ["verify", "--data-dir", "here", "--no-stream"],
        ["verify", "--no-stream", "--data-dir=here"],
    ],
)
def test_the_auditor_names_the_data_folder_before_or_after_the_command(line: list[str]) -> None:
    asked = audit_command.split(parser().parse_args(["audit", *line]))

    assert asked == (Path("here"), ["verify", "--no-stream"])


def test_a_service_that_drains_is_waited_for_as_long_as_its_own_setting_lets_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DRAIN_S", "90")

    assert up.service_stop_s() == stop_s_max(90.0)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ([], "expected verify, replay or trades after `audit`, found nothing"),
        (["explain"], "expected verify, replay or trades after `audit`, found 'explain'"),
        (["verify"], "expected a data folder under .data, found none; run `up` first"),
        (["replay", "--data-dir", "none"], "expected a data folder that `up` made at "),
        (["trades", "--data-dir", "busy"], "found that it starts or stops just now"),
    ],
    ids=str,
)
def test_an_audit_that_cannot_begin_could_not_run(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    line: list[str],
    words: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    busy = DataFolder(tmp_path / "busy", feed="synthetic:7")
    try:
        assert main(["audit", *line]) == 2
    finally:
        busy.close()
    assert words in capsys.readouterr().err


def test_a_failure_of_ours_and_a_killed_auditor_are_no_difference(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    running = DataFolder(tmp_path / "data", feed="synthetic:7")
    running.write_runtime({"nats_url": "", "postgres_dsn": ""})
    asked = ["audit", "verify", "--data-dir", str(running.path)]
    auditor = tmp_path / "auditor"
    auditor.write_text("#!/bin/sh\nkill -9 $$\n")
    auditor.chmod(0o755)
    try:
        with monkeypatch.context() as patch:
            patch.setattr("sys.executable", str(auditor))
            assert main(asked) == 2
        running.write_runtime({})
        assert main(asked) == 2
    finally:
        running.close()
    told = capsys.readouterr().err
    assert "expected the auditor to end by itself, found it killed by signal 9" in told
    assert "KeyError: 'nats_url'" in told


@pytest.mark.skipif(sys.platform != "linux", reason="looks at what a process hears in /proc")
@pytest.mark.parametrize("command", [["up"], ["audit", "verify"]], ids=" ".join)
def test_a_stop_while_we_are_imported_is_a_stop_like_any_other(
    tmp_path: Path, command: list[str]
) -> None:
    asked = [sys.executable, "-m", "supervisor", *command]
    with subprocess.Popen(asked, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        while not hears(process.pid, signal.SIGHUP):
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)

    assert (process.returncode, said) == (130, "stopped by SIGINT\n")
    assert list(tmp_path.iterdir()) == []


def hears(pid: int, number: signal.Signals) -> bool:
    """Say whether a process has a handler for a signal."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    (caught,) = [line.split()[1] for line in lines if line.startswith("SigCgt")]
    return bool(int(caught, 16) >> (number - 1) & 1)


def test_a_taken_port_is_refused_before_a_folder_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(up, "build_page", there_is_one)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        assert main(["up", "--feed", "synthetic", "--port", str(port)]) == 78
    assert f"port {port} is taken by another program" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("symbol", ["../elsewhere", "SOLUSDT", "sol-usdt", ""])
def test_a_symbol_that_is_none_is_refused_before_a_folder_is_named_by_it(symbol: str) -> None:
    with pytest.raises(Refusal, match="expected --symbol in small letters and digits"):
        choose_feed(parser().parse_args(["up", "--feed", "binance", "--symbol", symbol]))


def there_is_one(_: object) -> bool:
    return False


def nothing(*_: object, **__: object) -> None:
    raise AssertionError("expected nothing to be built or tried")


@pytest.mark.parametrize(
    ("asked", "lines"),
    [
        ([], ["3 settings cannot work", "LOG_LEVEL: ", "GATEWAY_HOST ", "PAPER_DROP_RATE: "]),
        (["--symbol", "nosuchusdt"], ["4 settings cannot work", "FEED_SYMBOL: "]),
        (["--speed", "fast"], ["expected --speed as a number above 0 or max, found 'fast'"]),
        (["--speed", "nan"], ["expected --speed as a number above 0 or max, found 'nan'"]),
        (["--tape", "none.csv"], ["none.csv, found nothing there"]),
    ],
    ids=str,
)
def test_what_cannot_work_is_refused_before_anything_is_built_tried_or_made(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    asked: list[str],
    lines: list[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(up, "build_page", nothing)
    monkeypatch.setattr("subprocess.run", nothing)
    monkeypatch.setenv("LOG_LEVEL", "loud")
    monkeypatch.setenv("GATEWAY_HOST", "192.0.2.1")
    monkeypatch.setenv("PAPER_DROP_RATE", "2")
    assert main(["up", *asked]) == 78
    said = capsys.readouterr()
    assert all(line in said.err for line in lines), said.err
    assert said.out == ""
    assert list(tmp_path.iterdir()) == []
