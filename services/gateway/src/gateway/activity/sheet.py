"""The export's two forms, line by line, and the chain of hashes over its lines.

    h(0) = SHA-256("perp-desk export 2")
    h(n) = SHA-256(h(n-1) || the bytes of the n-th line, its line end included)

The last line holds the number of events, what part of the log they are of, by which filter, where
there is more, and the hash: that of the line before it, and of itself without the hash. A file
without that line broke off. No line has a line end inside it.
"""

import csv
import hashlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import msgspec

from gateway.stream.protocol import Activity

GENESIS = hashlib.sha256(b"perp-desk export 2").digest()
COLUMNS = (
    "pos",
    "ts",
    "recordedAt",
    "type",
    "event",
    "level",
    "summary",
    "id",
    "subject",
    "source",
    "version",
    "correlationId",
    "causationId",
    "data",
)
END_CELL = "#end"
_FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What a spreadsheet may take for a formula, in both widths."""


@dataclass
class Chain:
    """The hash over the lines so far."""

    digest: bytes = GENESIS
    lines: int = field(default=0)

    def add(self, line: bytes) -> bytes:
        """Take the next line, and give it back."""
        self.digest = hashlib.sha256(self.digest + line).digest()
        self.lines += 1
        return line


class Sheet(Protocol):
    """How an export is written."""

    def opening(self) -> bytes:
        """Give the line before all events; empty when there is none."""
        ...

    def line(self, item: Activity) -> bytes:
        """Give the line of an event."""
        ...

    def end(self, said: Mapping[str, Any], chain: Chain) -> bytes:
        """Give the last line, which closes the chain."""
        ...


class JsonLines:
    """One JSON object a line."""

    def opening(self) -> bytes:
        """Do as Sheet.opening."""
        return b""

    def line(self, item: Activity) -> bytes:
        """Do as Sheet.line."""
        return msgspec.json.encode(item) + b"\n"

    def end(self, said: Mapping[str, Any], chain: Chain) -> bytes:
        """Do as Sheet.end."""
        line = {"kind": "end", **said}
        chain.add(json_line(line))
        return json_line({**line, "chain": chain.digest.hex()})


class Csv:
    """RFC 4180, with a head; no cell can be taken for a formula."""

    def opening(self) -> bytes:
        """Do as Sheet.opening."""
        return _row(COLUMNS)

    def line(self, item: Activity) -> bytes:
        """Do as Sheet.line."""
        texts = msgspec.to_builtins(item)
        texts["data"] = "" if item.data is None else msgspec.json.encode(item.data).decode()
        return _row([_cell(texts[name]) for name in COLUMNS])

    def end(self, said: Mapping[str, Any], chain: Chain) -> bytes:
        """Do as Sheet.end."""
        head = said["auditHead"] or {"position": "", "hash": ""}
        flat = {**said, "auditPosition": head["position"], "auditHash": head["hash"]}
        del flat["auditHead"]
        cells = [f"{name}={'' if one is None else one}" for name, one in flat.items()]
        chain.add(csv_end(cells))
        return csv_end([*cells, f"chain={chain.digest.hex()}"])


def json_line(said: Mapping[str, Any]) -> bytes:
    """Give a last line of JSON."""
    return msgspec.json.encode(said) + b"\n"


def csv_end(cells: Sequence[str]) -> bytes:
    """Give a last line of CSV; it has as many cells as any row."""
    return _row([END_CELL, *cells, *[""] * (len(COLUMNS) - len(cells) - 1)])


def _cell(value: object) -> str:
    """Give a value as text on one line that is no formula."""
    text = "" if value is None else str(value)
    guarded = f"'{text}" if text.startswith(_FORMULAS) else text
    return guarded.replace("\r", " ").replace("\n", " ")


def _row(cells: Sequence[str]) -> bytes:
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue().encode()
