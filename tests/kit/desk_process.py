"""`up` as a person starts it: a process of its own, in a folder, whose lines are read."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import AsyncGenerator, Callable, Mapping
from pathlib import Path
from typing import IO, Any

import psutil

DRAIN_S_MAX = 60


@contextlib.asynccontextmanager
async def running_up(
    folder: Path,
    *options: str,
    port: int,
    environment: Mapping[str, str],
    until: str = "all services ready",
) -> AsyncGenerator[int]:
    """Run `up` until it says that it is ready, and drain it at the end; give its process id."""
    process = _start(folder, "--port", str(port), *options, environment=environment)
    assert process.stdout is not None
    try:
        await asyncio.to_thread(read_until, process.stdout, until)
        yield process.pid
    finally:
        process.send_signal(signal.SIGINT)
        said, _ = await asyncio.to_thread(process.communicate, timeout=DRAIN_S_MAX)
        code = process.returncode
    assert code == 0, said


def run_supervisor(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a command of the supervisor to its end."""
    return subprocess.run(
        [sys.executable, "-m", "supervisor", *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )


def _start(folder: Path, *options: str, environment: Mapping[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "supervisor", "up", *options],
        cwd=folder,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def read_until(output: IO[str], text: str) -> str:
    """Read lines until one has a text; give them all."""
    shown = ""
    while text not in shown:
        line = output.readline()
        assert line, f"expected {text!r}, found the end of\n{shown}"
        shown += line
    return shown


def wait_for_state(
    port: str, is_so: Callable[[dict[str, Any]], bool], *, until: float
) -> dict[str, Any]:
    """Give the first state of the desk, as the page gets it, of which something holds.

    `until` is a time of `time.monotonic`.
    """
    while True:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/state", timeout=30) as answer:
            state = json.load(answer)
        if is_so(state):
            return state
        assert time.monotonic() < until, state
        time.sleep(0.1)


def pid_of(supervisor_pid: int, service: str) -> int:
    """Give the process id of a service under a supervisor."""
    children = psutil.Process(supervisor_pid).children()
    (found,) = [child.pid for child in children if child.cmdline()[1:] == ["-m", service]]
    return found
