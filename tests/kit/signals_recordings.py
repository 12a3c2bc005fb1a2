"""The recordings, read without ingest: what the fold must agree with."""

import csv
import gzip
import io
import json
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib import import_module
from typing import Any

from contracts.ticks import Trade
from kit.recordings import FRAMES, LTC_TICKS, SOL_CANDLES, recording


@dataclass(frozen=True, slots=True)
class Candle:
    """A recorded bar, in the floats of its file."""

    minute: datetime
    open: float
    high: float
    low: float
    close: float
    volume: float


@cache
def ltc_trades() -> tuple[Trade, ...]:
    """Give the LTCUSDT ticks in the order of their ids; its files overlap."""
    trades: dict[int, Trade] = {}
    for path in sorted(recording(LTC_TICKS).glob("*.csv")):
        with path.open(newline="") as lines:
            for row in csv.DictReader(lines):
                trade_id = int(row["tradeId"])
                trades[trade_id] = Trade(
                    trade_id,
                    int(row["timestamp"]),
                    row["price"],
                    row["quantity"],
                    row["side"] == "sell",
                )
    return tuple(trades[trade_id] for trade_id in sorted(trades))


@cache
def frame_trades(*names: str) -> tuple[Trade, ...]:
    """Give the trades of recorded Binance frames, in the order of the files."""
    trades: list[Trade] = []
    for name in names:
        with gzip.open(recording(FRAMES) / f"{name}.gz", "rt") as lines:
            for line in lines:
                if '"e":"trade"' in line:
                    data = json.loads(line.split(" ", 1)[1])["data"]
                    trades.append(Trade(data["t"], data["T"], data["p"], data["q"], data["m"]))
    return tuple(trades)


@cache
def sol_candles(interval: str) -> tuple[Candle, ...]:
    """Give the SOLUSDT bars of an interval: `1m`, `5m`."""
    path = recording(SOL_CANDLES) / f"SOL_USDT_USDT-{interval}-futures.feather"
    # A feather file is an Arrow stream behind eight bytes.
    arrow: Any = import_module("nanoarrow")  # Any: the library has no types.
    ipc: Any = import_module("nanoarrow.ipc")
    stream = ipc.InputStream.from_readable(io.BytesIO(path.read_bytes()[8:]))
    table = arrow.ArrayStream(stream).read_all()
    columns = [table.child(index).to_pylist() for index in range(6)]
    return tuple(Candle(*row) for row in zip(*columns, strict=True))
