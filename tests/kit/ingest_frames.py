"""Binance frames and recordings, built by naming only what matters."""

import gzip
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

Json = dict[str, Any]  # Any: a frame on the wire may hold anything.

NOON_MS = 1_767_268_800_000
"""2026-01-01T12:00:00Z."""
RECEIVED_NS = 1_767_268_800_000_000_000


def agg_trade(trade_id: int = 1, **fields: Any) -> Json:
    """Give the data of an aggTrade frame; its time grows with its id."""
    return {
        "e": "aggTrade",
        "E": NOON_MS + trade_id * 100 + 155,
        "a": trade_id,
        "s": "SOLUSDT",
        "p": "150.01",
        "q": "2.5",
        "nq": "2.5",
        "f": trade_id * 2,
        "l": trade_id * 2 + 1,
        "T": NOON_MS + trade_id * 100,
        "m": True,
        "st": 1,
    } | fields


def raw_trade(trade_id: int = 1, **fields: Any) -> Json:
    """Give the data of a trade frame."""
    return {
        "e": "trade",
        "E": NOON_MS + trade_id * 100 + 1,
        "T": NOON_MS + trade_id * 100,
        "s": "SOLUSDT",
        "t": trade_id,
        "p": "150.01",
        "q": "2.5",
        "X": "MARKET",
        "m": False,
    } | fields


def book_ticker(update_id: int = 1, **fields: Any) -> Json:
    """Give the data of a bookTicker frame."""
    return {
        "e": "bookTicker",
        "u": update_id,
        "s": "SOLUSDT",
        "b": "150.00",
        "B": "31",
        "a": "150.01",
        "A": "42",
        "T": NOON_MS + update_id,
        "E": NOON_MS + update_id + 2,
    } | fields


def mark_price(at_ms: int = NOON_MS, **fields: Any) -> Json:
    """Give the data of a markPriceUpdate frame."""
    return {
        "e": "markPriceUpdate",
        "E": at_ms,
        "s": "SOLUSDT",
        "p": "150.01000000",
        "ap": "150.01000000",
        "P": "150.02000000",
        "i": "149.99000000",
        "r": "0.00010000",
        "T": NOON_MS + 4 * 3_600_000,
        "st": 1,
    } | fields


def force_order(at_ms: int = NOON_MS, *, beside: Json | None = None, **order: Any) -> Json:
    """Give the data of a forceOrder frame; `beside` stands next to the order."""
    return {
        "e": "forceOrder",
        "E": at_ms + 1005,
        "o": {
            "s": "SOLUSDT",
            "S": "SELL",
            "o": "LIMIT",
            "f": "IOC",
            "q": "9",
            "p": "149.20",
            "ap": "149.55",
            "X": "FILLED",
            "l": "2",
            "z": "7",
            "T": at_ms,
        }
        | order,
    } | (beside or {})


def combined(data: Json, *, stream: str = "solusdt@any") -> bytes:
    """Give a frame of a combined stream."""
    return json.dumps({"stream": stream, "data": data}, separators=(",", ":")).encode()


def frame_lines(frames: Iterable[bytes | Json], *, received_ns: int = RECEIVED_NS) -> bytes:
    """Give a recording's lines: received time, frame."""
    lines = (
        b"%d %s\n" % (received_ns + number, it if isinstance(it, bytes) else combined(it))
        for number, it in enumerate(frames)
    )
    return b"".join(lines)


def write_frames(path: Path, frames: Iterable[bytes | Json]) -> Path:
    """Write a recording of frames, gzipped when the name says so."""
    content = frame_lines(frames)
    path.write_bytes(gzip.compress(content, mtime=0) if path.suffix == ".gz" else content)
    return path


def tick_row(trade_id: int, **fields: str) -> str:
    """Give a row of a tick file."""
    row = {
        "timestamp": str(NOON_MS + trade_id * 100),
        "price": "83.5",
        "quantity": "1.25",
        "side": "buy",
        "tradeId": str(trade_id),
    } | fields
    return ",".join(row.values())


def write_ticks(path: Path, rows: Sequence[str | int]) -> Path:
    """Write a tick file; a number stands for a plain row of that trade."""
    lines = ["timestamp,price,quantity,side,tradeId"]
    lines += [tick_row(row) if isinstance(row, int) else row for row in rows]
    path.write_text("\n".join(lines) + "\n")
    return path
