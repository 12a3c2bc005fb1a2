"""The fake exchange's REST interface, with the rules of the real one (market-data.md 2.1).

aggTrades: at most 1,000 rows, by id or by a time window of less than an hour, never by both.
klines: arrays of 12, at most 1,500, the minute that is still open as the last. A minute's weight
is counted, and 429 says how long to wait.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from http import HTTPStatus
from typing import Any

from contracts.minutes import MINUTE_MS, minute_of
from contracts.ticks import Trade
from contracts.values import plain

Json = Any  # Any: what the wire holds.
Query = dict[str, str]
Answer = tuple[HTTPStatus, Json, dict[str, str]]

WEIGHT_MAX = 2_400
_TRADES_MAX = 1_000
_TRADES_WEIGHT = 20
_KLINES_MAX = 1_500
_KLINES_WEIGHTS = ((100, 1), (500, 2), (1_001, 5))
"""Below so many klines a request costs this; beyond, 10."""
_HOUR_MS = 60 * MINUTE_MS


@dataclass
class RestRules:
    """What the interface counts, and how it misbehaves when a test says so."""

    weight: int = 0
    refusals: list[tuple[HTTPStatus, str]] = field(default_factory=list[tuple[HTTPStatus, str]])
    """Statuses with their Retry-After, each answered to one request, whatever it asks for."""
    spoil: Callable[[str, Json], Json] | None = None
    """Changes the rows of a path."""
    paths: list[str] = field(default_factory=list[str])

    def answer(self, path: str, query: Query, trades: Sequence[Trade]) -> Answer:
        """Answer a request with status, body and headers."""
        self.paths.append(path)
        if self.refusals:
            status, wait = self.refusals.pop(0)
            return status, {"code": -1003, "msg": "Too many requests"}, {"Retry-After": wait}
        is_trades = path == "/fapi/v1/aggTrades"
        self.weight += _TRADES_WEIGHT if is_trades else _klines_weight(query)
        headers = {"X-MBX-USED-WEIGHT-1M": str(self.weight)}
        if self.weight > WEIGHT_MAX:
            headers["Retry-After"] = "60"
            return HTTPStatus.TOO_MANY_REQUESTS, {"code": -1003, "msg": "weight"}, headers
        rows = _agg_trades(query, trades) if is_trades else _klines(query, trades)
        if isinstance(rows, str):
            return HTTPStatus.BAD_REQUEST, {"code": -1130, "msg": rows}, headers
        return HTTPStatus.OK, self.spoil(path, rows) if self.spoil else rows, headers


def _agg_trades(query: Query, trades: Sequence[Trade]) -> list[Json] | str:
    limit = int(query.get("limit", "500"))
    if limit > _TRADES_MAX:
        return "limit"
    if "fromId" in query:
        if "startTime" in query or "endTime" in query:
            return "fromId with a time"
        begin = int(query["fromId"]) - 1
        found = trades[begin : begin + limit]
    else:
        begin_ms, end_ms = int(query["startTime"]), int(query["endTime"])
        if end_ms - begin_ms >= _HOUR_MS:
            return "More than 1 hours between startTime and endTime."
        found = [it for it in trades if begin_ms <= it.t <= end_ms][:limit]
    return [
        {"a": it.i, "p": it.p, "q": it.q, "nq": it.q, "f": 1, "l": 1, "T": it.t, "m": it.m}
        for it in found
    ]


def _klines_weight(query: Query) -> int:
    limit = int(query.get("limit", "500"))
    return next((weight for below, weight in _KLINES_WEIGHTS if limit < below), 10)


def _klines(query: Query, trades: Sequence[Trade]) -> list[Json] | str:
    limit = int(query.get("limit", "500"))
    if limit > _KLINES_MAX or query["interval"] != "1m":
        return "limit or interval"
    begin_ms = int(query["startTime"])
    end_ms = min(int(query["endTime"]), trades[-1].t)
    by_minute: dict[int, list[Trade]] = {}
    for trade in trades:
        by_minute.setdefault(minute_of(trade.t), []).append(trade)
    rows: list[Json] = []
    close = trades[0].p
    for minute_ms in range(min(by_minute), minute_of(end_ms) + 1, MINUTE_MS):
        inside = by_minute.get(minute_ms, [])
        row = _kline(minute_ms, inside, before=close)
        close = row[4]
        if minute_ms >= begin_ms:
            rows.append(row)
    return rows[:limit]


def _kline(minute_ms: int, trades: Sequence[Trade], *, before: str) -> list[Json]:
    prices = [Decimal(it.p) for it in trades] or [Decimal(before)]
    volume = sum((Decimal(it.q) for it in trades), Decimal(0))
    turnover = sum((Decimal(it.p) * Decimal(it.q) for it in trades), Decimal(0))
    bought = [it for it in trades if not it.m]
    bought_base = sum((Decimal(it.q) for it in bought), Decimal(0))
    bought_quote = sum((Decimal(it.p) * Decimal(it.q) for it in bought), Decimal(0))
    return [
        minute_ms,
        plain(prices[0]),
        plain(max(prices)),
        plain(min(prices)),
        plain(prices[-1]),
        plain(volume),
        minute_ms + MINUTE_MS - 1,
        plain(turnover),
        # Fills: an aggregate is of several.
        3 * len(trades),
        plain(bought_base),
        plain(bought_quote),
        "0",
    ]
