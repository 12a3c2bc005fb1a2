"""What a person sees in the terminal: one row per process, and what the feed is."""

import contextlib
import re
import time
from collections.abc import Callable
from dataclasses import dataclass

from rich.table import Table
from rich.text import Text

READY = "ready"
_AGAIN_S = 30.0
_NUMBER = re.compile(r"[0-9]+")


@dataclass(frozen=True, slots=True)
class Row:
    """One process as shown."""

    name: str
    state: str
    pid: int | None
    restarts: int
    ended: str = ""
    """How it last ended by itself."""

    @property
    def is_ready(self) -> bool:
        """Say whether it does its work; what it says of itself may follow the word."""
        return self.state == READY or self.state.startswith(f"{READY}: ")


@dataclass(slots=True)
class _Told:
    """What was said last of a process, and when."""

    restarts: int = 0
    state: str = ""
    at: float = 0.0


def say(line: str) -> None:
    """Print a line; a desk goes on where nobody can read it."""
    with contextlib.suppress(OSError):
        print(line, flush=True)


def table(title: str, rows: list[Row]) -> Table:
    """Give the status as a table for the terminal."""
    shown = Table(title=Text(title), title_justify="left", title_style="bold #b6f23b")
    for heading in ("process", "state", "pid", "restarts"):
        shown.add_column(heading)
    for row in rows:
        style = "green" if row.is_ready else "yellow"
        restarts = f"{row.restarts}: {row.ended}" if row.ended else str(row.restarts)
        shown.add_row(row.name, Text(row.state, style=style), str(row.pid or "-"), Text(restarts))
    return shown


class Changes:
    """What a person has not been told yet of the processes.

    A process that ended and is back already is told as well. A state that differs by its numbers
    alone is told again after a while: a disk that fills up, an outage that goes on.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._told: dict[str, _Told] = {}

    def lines(self, rows: list[Row]) -> list[str]:
        """Give a line for each piece of news; it counts as told from now on."""
        lines: list[str] = []
        for row in rows:
            told = self._told.setdefault(row.name, _Told())
            has_ended = row.restarts > told.restarts
            told.restarts = row.restarts
            if has_ended and row.ended not in row.state:
                lines.append(f"{row.name:12} {row.ended}")
            if has_ended or self._is_news(row.state, told):
                told.state, told.at = row.state, self._clock()
                lines.append(f"{row.name:12} {row.state}")
        return lines

    def _is_news(self, state: str, told: _Told) -> bool:
        if _NUMBER.sub("", state) != _NUMBER.sub("", told.state):
            return True
        return state != told.state and self._clock() - told.at >= _AGAIN_S
