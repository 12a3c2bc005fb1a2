import json
import time
from pathlib import Path

import pytest

from ingest.app import main
from ingest.cli import EX_USAGE, NOT_HEARD
from kit.ingest_frames import NOON_MS, agg_trade, combined, write_frames
from kit.recordings import FRAMES, LTC_TICKS, recording

EX_CONFIG = 78


def test_inspect_says_what_a_recording_holds(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", str(recording(LTC_TICKS))]) == 0

    said = json.loads(capsys.readouterr().out)
    assert {key: said[key] for key in ("kind", "venue", "symbol", "market")} == {
        "kind": "ticks",
        "venue": "binance-spot",
        "symbol": "ltcusdt",
        "market": "ltc-perp",
    }
    assert (said["trades"], said["gaps"], said["missing_trades"]) == (152_763, 26, 25_595)
    assert said["first_at"] == "2025-06-21T12:04:27.356000+00:00"
    assert said["last_at"] == "2025-06-22T23:59:55.708000+00:00"
    assert said["quantity_base"] == "613596.572"


def test_inspect_gives_the_identity_fast(capsys: pytest.CaptureFixture[str]) -> None:
    started_s = time.process_time()
    assert main(["inspect", "--identity-only", str(recording(FRAMES) / "eth*")]) == 0

    assert time.process_time() - started_s < 0.5
    said = json.loads(capsys.readouterr().out)
    assert said["identity"].startswith("tape:binance-usdm:ethusdt:")
    assert "ethusdt_20240718.gz" in said["description"]


def test_inspect_counts_refused_frames(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    frames = [agg_trade(1), combined(agg_trade(2))[:30], agg_trade(3)]
    assert main(["inspect", str(write_frames(tmp_path / "sol.gz", frames))]) == 0

    said = json.loads(capsys.readouterr().out)
    assert (said["refused_frames"], said["missing_trades"], said["is_truncated"]) == (1, 1, False)
    assert said["first_trade_id"] == 1
    assert NOON_MS


def test_a_bad_setting_is_one_line_in_our_own_words(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TAPE_SPEED", "fast")

    assert main([]) == EX_CONFIG

    assert capsys.readouterr().err == (
        "configuration_error: TAPE_SPEED: expected a number above 0 and at most 1e+06, or max, "
        "found 'fast'\n"
    )


def test_a_bad_choice_of_files_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["inspect", str(tmp_path / "nowhere.gz")]) == EX_CONFIG

    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert said.err.startswith("configuration_error: expected a tape at ")


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"FEED": "tape"}, "expected the files of a tape in TAPE_FILES"),
        ({"FEED": "tape", "TAPE_FILES": "nowhere.gz"}, "expected a tape at nowhere.gz"),
        ({"FEED": "binance", "FEED_SYMBOL": "dogeusdt"}, "FEED_SYMBOL: expected a symbol of"),
    ],
)
def test_a_service_that_cannot_run_says_so_before_it_starts(
    environment: dict[str, str],
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    assert main([]) == EX_CONFIG

    found = capsys.readouterr().err
    assert found.count("\n") == 1
    assert said in found


def test_the_probe_says_that_nothing_is_heard(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BINANCE_WS_URL", "ws://127.0.0.1:9")
    monkeypatch.setenv("AUTO_PROBE_SECONDS", "1")

    assert main(["probe"]) == NOT_HEARD

    assert capsys.readouterr().out.count("\n") == 1


@pytest.mark.parametrize("arguments", [["inspect"], ["inspect", "--fast", "x"], ["play"]])
def test_an_unknown_command_is_told_how_to_ask(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == EX_USAGE

    assert "usage:" in capsys.readouterr().err
