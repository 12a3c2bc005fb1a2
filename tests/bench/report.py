"""How figures are shown: a table for people, a line of JSON for comparing runs."""

import json
import os
import platform
import time
from collections.abc import Sequence
from dataclasses import asdict

from bench.measure import Row, Size

_COLUMNS = ("", "ours", "floor", "", "ratio", "aim", "")
_LEFT = (0, 3, 6)


def table(rows: Sequence[Row]) -> str:
    """Give the rows as aligned columns."""
    lines = [_COLUMNS, *map(_cells, rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if index in _LEFT else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def _cells(row: Row) -> tuple[str, ...]:
    aim = "" if row.aim is None else f"{'<=' if row.is_latency else '>='} {row.aim:g}"
    verdict = {True: "ok", False: "MISSED", None: ""}[row.meets_aim]
    return (
        f"{row.section}: {row.what}",
        _figure(row.ours),
        "" if row.floor is None else _figure(row.floor),
        f"{row.unit}  ({row.floor_name})" if row.floor_name else row.unit,
        "" if row.ratio is None else f"{row.ratio:.2f}",
        aim,
        verdict,
    )


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"


def record(rows: Sequence[Row], size: Size) -> str:
    """Give the rows as one line of JSON."""
    return json.dumps(
        {
            "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "size": size,
            "python": platform.python_version(),
            "machine": f"{platform.system()} {platform.machine()}",
            "cpus": os.cpu_count(),
            "rows": [asdict(row) | {"meets_aim": row.meets_aim} for row in rows],
        }
    )
