"""Processes that outlived their supervisor: marked beside their logs, and ended by the next one.

A server that still holds the store of a data folder must not meet a second one there. A process
number comes again, so each process carries a token of its own in its environment, and only one
that carries the token of its mark is touched.
"""

import ctypes
import json
import secrets
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import psutil

from supervisor.refusal import Refusal

TOKEN = "PERP_DESK_PROCESS"  # noqa: S105  The name of a variable.
_LAST = "nats-server"
"""What uses it drains first. PostgreSQL writes over its environment; its cluster ends it."""
_DRAIN_S = 10.0
_KILLED_S = 10.0
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class Mark:
    """A file that names a process while it runs."""

    path: Path
    token: str
    stop_signal: int

    @classmethod
    def beside(cls, log: Path, token: str, stop_signal: signal.Signals) -> Self:
        """Give the mark of the process that writes this log."""
        return cls(log.with_suffix(".pid"), token, stop_signal)

    def set(self, pid: int) -> None:
        """Name the process; without room for it the system alone ends it with us."""
        marked = {"pid": pid, "token": self.token, "stop_signal": self.stop_signal}
        with suppress(OSError):
            self.path.write_text(json.dumps(marked), encoding="utf-8")

    def clear(self) -> None:
        """Say that it ended."""
        with suppress(OSError):
            self.path.unlink()


def new_token() -> str:
    """Give a token that no other process carries."""
    return secrets.token_hex(16)


def ends_with_us(number: signal.Signals) -> Callable[[], None] | None:
    """Give what a new process calls so that it gets this signal when we die; None without a way.

    It is called between fork and exec, so it does one system call and nothing else.
    """
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl
    return lambda: prctl(_PR_SET_PDEATHSIG, int(number), 0, 0, 0)


def end_leftovers(logs: Path) -> list[str]:
    """End what an earlier supervisor left; give the names. Raises Refusal when one stays."""
    found = {path.stem: _marked(path) for path in sorted(logs.glob("*.pid"))}
    left = {name: it for name, it in found.items() if it is not None}
    if left:
        print(f"Ending what an earlier run left: {', '.join(left)} ...", flush=True)
    _end([it for name, it in left.items() if name != _LAST])
    _end([it for name, it in left.items() if name == _LAST])
    for path in logs.glob("*.pid"):
        path.unlink(missing_ok=True)
    return list(left)


@dataclass(frozen=True, slots=True)
class _Left:
    process: psutil.Process
    stop_signal: int


def _marked(path: Path) -> _Left | None:
    """Give the process of a mark, if it still runs."""
    try:
        marked = json.loads(path.read_text(encoding="utf-8"))
        process = psutil.Process(int(marked["pid"]))
        if process.environ().get(TOKEN) != marked["token"]:
            return None
        return _Left(process, int(marked["stop_signal"]))
    except (OSError, ValueError, KeyError, TypeError, psutil.Error):
        return None


def _end(left: list[_Left]) -> None:
    for it in left:
        with suppress(psutil.Error):
            it.process.send_signal(it.stop_signal)
    _, alive = psutil.wait_procs([it.process for it in left], timeout=_DRAIN_S)
    for process in alive:
        with suppress(psutil.Error):
            process.kill()
    _, alive = psutil.wait_procs(alive, timeout=_KILLED_S)
    if alive:
        pids = ", ".join(str(process.pid) for process in alive)
        raise Refusal(f"expected what an earlier run left to end, found process {pids} still there")
