"""Starts real service processes in milliseconds: one process imports everything, then forks.

Run as a script it is that process: it writes an empty line when it is ready, then reads one JSON
command per line on stdin and answers one JSON line on stdout. A forked service is a process of its
own with its own environment and log file, so `kill -9` is as real as on any other; only the
interpreter's start-up is saved.
"""

import contextlib
import importlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Mapping
from pathlib import Path

SERVICES = ("ingest", "signals", "risk", "execution", "gateway", "audit")


class Zygote:
    """Forks services on request, from the test's side."""

    def __init__(self) -> None:
        """Return when the services are imported, so that every start is quick."""
        self._process = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._lock = threading.Lock()
        self._read()

    def spawn(self, service: str, *, environment: Mapping[str, str], log: Path) -> int:
        """Start a service and give its process id."""
        answer = self._ask({"spawn": service, "env": dict(environment), "log": str(log)})
        pid = answer["pid"]
        assert pid is not None
        return pid

    def exit_code(self, pid: int) -> int | None:
        """Give the exit code of a spawned process, negative for a signal; None while it runs."""
        return self._ask({"poll": pid})["code"]

    def kill(self, pid: int) -> None:
        """Kill a spawned process outright and wait until it is gone."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        self.wait(pid)

    def wait(self, pid: int, *, timeout_s: float = 60) -> int:
        """Wait until a spawned process ended; raise TimeoutError."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            code = self.exit_code(pid)
            if code is not None:
                return code
            time.sleep(0.005)
        raise TimeoutError(f"expected process {pid} to end within {timeout_s} s")

    def close(self) -> None:
        """End the zygote; services that still run are killed."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait(20)
        if self._process.stdout is not None:
            self._process.stdout.close()

    def _ask(self, command: dict[str, object]) -> dict[str, int | None]:
        stdin = self._process.stdin
        assert stdin is not None
        with self._lock:
            stdin.write(json.dumps(command) + "\n")
            stdin.flush()
            return json.loads(self._read())

    def _read(self) -> str:
        stdout = self._process.stdout
        assert stdout is not None
        line = stdout.readline()
        if not line:
            raise RuntimeError("the zygote ended; see its stderr")
        return line


def _serve() -> None:
    for service in SERVICES:
        importlib.import_module(f"{service}.__main__")
    sys.stdout.write("\n")
    sys.stdout.flush()
    codes: dict[int, int | None] = {}
    for line in sys.stdin:
        command = json.loads(line)
        if "spawn" in command:
            pid = _fork(command["spawn"], command["env"], command["log"])
            codes[pid] = None
            answer = {"pid": pid}
        else:
            pid = command["poll"]
            if codes.get(pid) is None:
                done, status = os.waitpid(pid, os.WNOHANG)
                codes[pid] = os.waitstatus_to_exitcode(status) if done else None
            answer = {"code": codes[pid]}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
    for pid, code in codes.items():
        if code is None:
            with contextlib.suppress(ProcessLookupError, ChildProcessError):
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)


def _fork(service: str, environment: dict[str, str], log: str) -> int:
    pid = os.fork()
    if pid:
        return pid
    code = 70
    try:
        null = os.open(os.devnull, os.O_RDONLY)
        output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(null, 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.environ.update(environment)
        sys.argv = [service]
        code = importlib.import_module(f"{service}.__main__").main()
    except SystemExit as ending:
        code = ending.code if isinstance(ending.code, int) else 70
    except BaseException as error:  # noqa: BLE001 - the process ends here; its log says why
        traceback.print_exception(error)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    _serve()
