"""Whether an export is whole and unchanged: its events are counted, and the hash of its lines is
computed anew, as `gateway.activity.sheet` defines it.
"""

import csv
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from gateway.activity.sheet import END_CELL, Chain, csv_end, json_line

_SAID = frozenset({"count", "chain", "filter", "from", "to"})


class BadExport(ValueError):
    """The file is not what its last line says, or has none."""


_end = msgspec.json.Decoder(dict[str, Any])


def check(lines: Iterable[bytes]) -> Mapping[str, str]:
    """Give what the last line says; raise BadExport."""
    chain, last = Chain(), b""
    for line in lines:
        if last:
            chain.add(last)
        last = line
    is_csv = last.startswith(END_CELL.encode())
    said, unsigned = _csv_end(last) if is_csv else _json_end(last)
    events = chain.lines - is_csv
    if not said.keys() >= _SAID:
        raise BadExport("expected a last line with the hash, found none: the file broke off")
    if str(events) != said.get("count"):
        raise BadExport(f"expected {said.get('count')} events, found {events}")
    chain.add(unsigned)
    if chain.digest.hex() != said.get("chain"):
        raise BadExport(f"expected the hash {said.get('chain')}, found {chain.digest.hex()}")
    return said


_End = tuple[Mapping[str, str], bytes]
"""What a last line says, and the same line without its hash."""


def _csv_end(line: bytes) -> _End:
    try:
        cells = [cell for cell in next(csv.reader([line.decode()]))[1:] if cell]
        said = dict(cell.split("=", 1) for cell in cells)
    except (csv.Error, ValueError):
        return {}, b""
    return said, csv_end([cell for cell in cells if not cell.startswith("chain=")])


def _json_end(line: bytes) -> _End:
    try:
        said = _end.decode(line)
    except msgspec.DecodeError:
        return {}, b""
    texts = {name: str(value) for name, value in said.items() if value is not None}
    return texts, json_line({name: one for name, one in said.items() if name != "chain"})
