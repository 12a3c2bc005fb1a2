"""What a person sees in the terminal: one row per process, and what the feed is."""

import contextlib
from dataclasses import dataclass

from rich.table import Table
from rich.text import Text

READY = "ready"


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


def changes(rows: list[Row], shown: dict[str, Row]) -> list[str]:
    """Give a line for whatever a person has not been shown yet; `shown` is what they have.

    A process that ended and is back already is told as well.
    """
    lines: list[str] = []
    for row in rows:
        before = shown.get(row.name)
        has_ended = row.restarts > (0 if before is None else before.restarts)
        if has_ended and row.ended not in row.state:
            lines.append(f"{row.name:12} {row.ended}")
        if has_ended or before is None or before.state != row.state:
            lines.append(f"{row.name:12} {row.state}")
        shown[row.name] = row
    return lines
