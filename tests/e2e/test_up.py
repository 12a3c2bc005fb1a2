"""The commands of the README, as a person types them: `up` on a recording, then the auditor's."""

import os
import signal
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import psutil
import pytest

from kit.cuts import cut_ticks
from kit.desk_process import pid_of, read_until, run_supervisor, wait_for_state
from kit.servers import free_port
from supervisor.data_folder import DataFolder
from supervisor.environments import SERVICES

# 2025-06-22 00:00 to 01:40 UTC: ends with an approved short, whose entry the price leaves behind.
FROM_MS = 1_750_550_400_000
UNTIL_MS = 1_750_556_400_000
PROCESSES = ("nats-server", "postgresql", *SERVICES)
TRADE_S_MAX = 90
"""So soon after all services are ready a first trade has filled and is protected."""


@pytest.mark.timeout(600)
def test_a_tape_is_played_archived_verified_replayed_and_continued(tmp_path: Path) -> None:
    tape = str(cut_ticks(tmp_path / "LTCUSDT_cut.csv", from_ms=FROM_MS, until_ms=UNTIL_MS))
    data = str(tmp_path / "data")
    play = ("up", "--tape", tape, "--speed", "max", "--data-dir", data, "--exit-at-end", "--port")

    first = run_supervisor(*play, str(free_port()), cwd=tmp_path)
    assert first.returncode == 0, first.stderr
    assert "TAPE of binance-spot ltcusdt" in first.stdout
    assert "all services ready" in first.stdout

    verified = run_supervisor("audit", "--data-dir", data, "verify", cwd=tmp_path)
    assert (verified.returncode, verified.stdout.splitlines()[-1]) == (0, "clean"), verified.stderr
    replayed = run_supervisor("audit", "--data-dir", data, "replay", cwd=tmp_path)
    assert (replayed.returncode, replayed.stdout.splitlines()[-1]) == (0, "clean"), replayed.stderr

    again = run_supervisor(*play, str(free_port()), cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    verified = run_supervisor("audit", "--data-dir", data, "verify", cwd=tmp_path)
    assert verified.returncode == 0, verified.stdout


@pytest.mark.timeout(300)
def test_up_survives_a_kill_shows_a_synthetic_trade_in_time_and_drains_on_ctrl_c(
    tmp_path: Path,
) -> None:
    port = str(free_port())
    command = [sys.executable, "-m", "supervisor", "up", "--feed", "synthetic", "--port", port]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as running:
        try:
            assert running.stdout is not None
            shown = read_until(running.stdout, "all services ready")
            ready_at = time.monotonic()
            assert "SYNTHETIC" in shown
            state = wait_for_state(port, lambda it: bool(it.get("feed")), until=ready_at + 60)
            assert state["feed"]["kind"] == "synthetic"
            os.kill(pid_of(running.pid, "signals"), signal.SIGKILL)
            read_until(running.stdout, "signals      killed by signal 9")
            read_until(running.stdout, "signals      ready")
            wait_for_state(port, shows_a_trade, until=ready_at + TRADE_S_MAX)
        finally:
            running.send_signal(signal.SIGINT)
            rest = running.stdout.read() if running.stdout else ""
        assert running.wait(60) == 0
        assert "draining" in rest


@pytest.mark.timeout(300)
def test_a_desk_works_while_its_archive_cannot_start(tmp_path: Path) -> None:
    data, port = tmp_path / "data", str(free_port())
    DataFolder(data, feed="synthetic:7").close()
    (data / "postgres").mkdir(mode=0o700)
    (data / "postgres" / "PG_VERSION").write_text("18\n", encoding="ascii")
    command = [sys.executable, "-m", "supervisor", "up", "--feed", "synthetic"]
    command += ["--data-dir", str(data), "--port", port]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        try:
            assert running.stdout is not None
            shown, awaited = "", ("postgresql   ended", "gateway      ready", "execution    ready")
            while not all(words in shown for words in awaited):
                shown += read_until(running.stdout, "\n")
            wait_for_state(port, lambda it: bool(it.get("feed")), until=time.monotonic() + 60)
        finally:
            running.send_signal(signal.SIGINT)
            running.communicate()
        assert running.returncode == 0


@pytest.mark.soak
@pytest.mark.timeout(300)
def test_a_stop_during_the_start_and_a_killed_supervisor_leave_nothing_in_the_way(
    tmp_path: Path,
) -> None:
    data, port = tmp_path / "data", str(free_port())
    command = [sys.executable, "-m", "supervisor", "up", "--feed", "synthetic"]
    command += ["--data-dir", str(data), "--port", port]

    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as stopped:
        while not (data / "postgres.new").exists() and stopped.poll() is None:
            time.sleep(0.05)
        begun = psutil.Process(stopped.pid).children(recursive=True)
        stopped.send_signal(signal.SIGTERM)
        assert stopped.wait(60) == 0
        assert not any(is_alive(process) for process in begun)

    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as killed:
        assert killed.stdout is not None
        read_until(killed.stdout, "gateway      ready")
        killed.kill()
    command[-1] = str(free_port())
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        read_until(running.stdout, "all services ready")
        running.send_signal(signal.SIGTERM)
        assert running.wait(60) == 0
    verified = run_supervisor("audit", "--data-dir", str(data), "verify", cwd=tmp_path)
    assert (verified.returncode, verified.stdout.splitlines()[-1]) == (0, "clean"), verified.stderr


@pytest.mark.soak
@pytest.mark.timeout(400)
def test_what_hangs_is_replaced_and_nothing_is_lost(tmp_path: Path) -> None:
    data, port = str(tmp_path / "data"), str(free_port())
    command = [sys.executable, "-m", "supervisor", "up", "--feed", "synthetic"]
    command += ["--data-dir", data, "--port", port]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        try:
            assert running.stdout is not None
            read_until(running.stdout, "all services ready")
            children = psutil.Process(running.pid).children()
            for child in children:
                child.send_signal(signal.SIGSTOP)
            shown = ""
            while not all(f"{name:12} ready" in shown for name in PROCESSES):
                shown += read_until(running.stdout, "\n")
            assert shown.count("s, killed") >= len(PROCESSES)
            assert not any(child.is_running() for child in children)
        finally:
            running.send_signal(signal.SIGINT)
            running.communicate()
        assert running.returncode == 0
    verified = run_supervisor("audit", "--data-dir", data, "verify", cwd=tmp_path)
    assert (verified.returncode, verified.stdout.splitlines()[-1]) == (0, "clean"), verified.stderr


def shows_a_trade(state: dict[str, Any]) -> bool:
    """Say whether an entry has filled, and its stop and all its take-profits stand."""
    taken = {it["leg"] for it in state.get("orders", ()) if it["venueOrderId"] is not None}
    filled = {it["leg"] for it in state.get("orders", ()) if Decimal(it["filledBase"])}
    return taken >= {"entry", "stop", "tp1", "tp2", "tp3"} and "entry" in filled


def is_alive(process: psutil.Process) -> bool:
    """Say whether a process runs; one that is not yet waited for does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
