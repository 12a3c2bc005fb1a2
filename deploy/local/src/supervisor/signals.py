"""What tells this process to stop, also while it waits for a program that it started."""

import signal
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Ctrl-C, a service manager, and a terminal that was closed."""


class Stopped(SystemExit):
    """The process was told to stop; who waits for a program ends that first."""

    def __init__(self, number: int) -> None:
        self.name = signal.Signals(number).name
        self.exit_code = 128 + number
        super().__init__(self.exit_code)


def heard_signals() -> list[signal.Signals]:
    """Give those that are heeded: not a SIGHUP that is ignored (nohup)."""
    is_deaf = signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    return [it for it in STOP_SIGNALS if it != signal.SIGHUP or not is_deaf]


@contextmanager
def raising_stopped() -> Generator[None]:
    """Raise Stopped at a signal."""
    before = {number: signal.signal(number, _stop) for number in heard_signals()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _stop(number: int, _: FrameType | None) -> None:
    raise Stopped(number)
