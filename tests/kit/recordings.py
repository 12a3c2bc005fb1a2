"""Where the recorded market data lies: beside the repository, or where PERP_DESK_DATA says.

Its bytes are not part of the repository. Whoever reads a recording asks here for its path, so that
a missing one is told in one way.
"""

import os
from pathlib import Path

VARIABLE = "PERP_DESK_DATA"
LTC_TICKS = "binance-spot-ltcusdt-ticks"
"""LTCUSDT trades of Binance spot with ids: CSV files that overlap, with real gaps."""
FRAMES = "binance-usdm-frames"
"""Raw Binance USD-M frames of ETHUSDT and BTCUSDT, gzipped."""
SOL_CANDLES = "binance-usdm-solusdt-1m"
"""Binance USD-M SOLUSDT klines."""
GOLDEN_FRAMES = "golden-frames.ndjson"
"""Single frames of three exchanges."""
_BESIDE = Path(__file__).resolve().parents[3] / "shared" / "data"


class RecordingMissing(Exception):
    """A recording that a test reads is not on this machine."""


def recording(name: str) -> Path:
    """Give the path of a recording by its name above; raise RecordingMissing when it is not there.

    The environment is read at each call.
    """
    given = os.environ.get(VARIABLE)
    folder = Path(given) if given else _BESIDE
    path = folder / name
    if not path.exists():
        how = f"{VARIABLE} says so" if given else f"{VARIABLE} is not set: it can name a folder"
        raise RecordingMissing(f"expected the recording {name} in {folder}, found none; {how}")
    return path
