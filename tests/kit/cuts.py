"""Short cuts of the real recordings, written to a test's own folder, bytes of lines unchanged."""

import gzip
from pathlib import Path

from kit.recordings import FRAMES, LTC_TICKS, recording

_HEADER = "timestamp,price,quantity,side,tradeId\n"


def cut_ticks(target: Path, *, from_ms: int, until_ms: int) -> Path:
    """Write the LTCUSDT ticks of a span of exchange time, sorted by id, each once."""
    lines: dict[int, str] = {}
    for path in sorted(recording(LTC_TICKS).glob("*.csv")):
        for line in path.read_text(encoding="utf-8").splitlines(keepends=True)[1:]:
            fields = line.split(",")
            if from_ms <= int(fields[0]) < until_ms:
                lines[int(fields[4])] = line
    target.write_text(_HEADER + "".join(lines[i] for i in sorted(lines)), encoding="utf-8")
    return target


def cut_frames(target: Path, *, from_ms: int, until_ms: int) -> Path:
    """Write the ETHUSDT frames that were received in a span of the recorder's clock."""
    with gzip.open(target, "wt", encoding="utf-8") as out:
        for name in ("ethusdt_20240718.gz", "ethusdt_20240719.gz"):
            with gzip.open(recording(FRAMES) / name, "rt", encoding="utf-8") as source:
                for line in source:
                    received_ms = int(line.split(" ", 1)[0]) // 1_000_000
                    if from_ms <= received_ms < until_ms:
                        out.write(line)
    return target
