"""Binance frames to ticks. What does not fit is refused with a reason, never guessed.

Prices and quantities stay the exchange's own strings. Trades with an origin other than MARKET
(insurance fund, ADL, placeholders with price 0) did not happen in the order book: they are not
published, and their ids count as seen.
"""

from typing import Any, cast

import msgspec

from contracts.ids import Symbol
from contracts.ticks import Liquidation, MarkPrice, TopOfBook, Trade
from ingest.domain.frames import (
    USD_M,
    AggTradeFrame,
    AggTradeRow,
    BookTickerFrame,
    Combined,
    DepthFrame,
    ForceOrderFrame,
    Frame,
    MarkPriceFrame,
    TradeFrame,
)
from ingest.domain.items import Decoded, Ignored, OtherTrade, Passed, Refusal
from ingest.domain.numbers import (
    is_id,
    is_not_negative,
    is_positive,
    is_signed,
    is_time_ms,
    is_turnover,
    is_zero,
)

_combined = msgspec.json.Decoder(Combined)
_single = msgspec.json.Decoder(Frame)
_objects = msgspec.json.Decoder(dict[str, Any])
_rows = msgspec.json.Decoder(list[AggTradeRow])
_EVENTS = frozenset(
    {"trade", "aggTrade", "bookTicker", "depthUpdate", "markPriceUpdate", "forceOrder"}
)
_OTHER_BUSINESS = Ignored(Passed.OTHER_BUSINESS)
_DEPTH = Ignored(Passed.DEPTH)


class FrameDecoder:
    """Reads the frames of one symbol."""

    def __init__(self, symbol: Symbol) -> None:
        self._symbol = symbol.upper()

    def decode(self, frame: bytes) -> Decoded:
        """Give the tick of a frame, combined or single, or say why there is none."""
        try:
            data = _combined.decode(frame).data
        except msgspec.DecodeError as error:
            found = _second_look(frame, error)
            if isinstance(found, Ignored | Refusal):
                return found
            data = found
        if isinstance(data, TradeFrame | AggTradeFrame):
            return self._trade(data)
        if isinstance(data, BookTickerFrame):
            return self._top(data)
        if isinstance(data, DepthFrame):
            return _DEPTH
        if isinstance(data, MarkPriceFrame):
            return self._mark(data)
        return self._liquidation(data)

    def decode_rows(self, body: bytes) -> list[Trade] | Refusal:
        """Read the answer of GET /fapi/v1/aggTrades; one bad row refuses it whole."""
        try:
            rows = _rows.decode(body)
        except msgspec.DecodeError as error:
            return Refusal(f"expected rows of aggTrades, found {error}"[:300])
        trades: list[Trade] = []
        for row in rows:
            trade = _as_trade(row)
            if isinstance(trade, Refusal):
                return trade
            trades.append(trade)
        return trades

    def _trade(self, frame: TradeFrame | AggTradeFrame) -> Decoded:
        if frame.business != USD_M:
            return _OTHER_BUSINESS
        if frame.symbol != self._symbol:
            return self._stranger(frame.symbol)
        if isinstance(frame, TradeFrame) and frame.origin != "MARKET":
            if not is_id(frame.trade_id) or not is_time_ms(frame.time_ms):
                return _bad_place(frame)
            return OtherTrade(frame.trade_id, frame.time_ms)
        return _as_trade(frame)

    def _top(self, frame: BookTickerFrame) -> Decoded:
        if frame.business != USD_M:
            return _OTHER_BUSINESS
        if frame.symbol != self._symbol:
            return self._stranger(frame.symbol)
        if not is_id(frame.update_id) or not is_time_ms(frame.time_ms):
            return _expected("an update id and an epoch time in ms", frame.update_id, frame.time_ms)
        if not is_positive(frame.bid) or not is_positive(frame.ask):
            return _expected("bid and ask as plain decimals above 0", frame.bid, frame.ask)
        if not is_not_negative(frame.bid_quantity) or not is_not_negative(frame.ask_quantity):
            return _expected("quantities as plain decimals", frame.bid_quantity, frame.ask_quantity)
        return TopOfBook(
            frame.update_id,
            frame.time_ms,
            frame.bid,
            frame.bid_quantity,
            frame.ask,
            frame.ask_quantity,
        )

    def _mark(self, frame: MarkPriceFrame) -> Decoded:
        if frame.business != USD_M:
            return _OTHER_BUSINESS
        if frame.symbol != self._symbol:
            return self._stranger(frame.symbol)
        if not is_time_ms(frame.event_ms):
            return _expected("an epoch time in ms", frame.event_ms)
        if not is_positive(frame.mark):
            return _expected("a mark price as a plain decimal above 0", frame.mark)
        if frame.index != "" and not is_positive(frame.index):
            return _expected("an index price as a plain decimal above 0", frame.index)
        if frame.funding != "" and not is_signed(frame.funding):
            return _expected("a funding rate as a plain decimal", frame.funding)
        due_ms = frame.next_funding_ms or 0
        if not isinstance(due_ms, int) or (due_ms != 0 and not is_time_ms(due_ms)):
            return _expected("the next funding as an epoch time in ms", due_ms)
        return MarkPrice(frame.event_ms, frame.mark, frame.index, frame.funding, due_ms)

    def _liquidation(self, frame: ForceOrderFrame) -> Decoded:
        order = frame.order
        business = order.business if order.business is not None else frame.business
        if business not in (None, USD_M):
            return _OTHER_BUSINESS
        if order.symbol != self._symbol:
            return self._stranger(order.symbol)
        if not is_time_ms(order.time_ms):
            return _expected("an epoch time in ms", order.time_ms)
        if order.order_side not in ("SELL", "BUY"):
            return _expected("an order side SELL or BUY", order.order_side)
        if is_zero(order.filled_quantity):
            return Ignored(Passed.UNFILLED_LIQUIDATION)
        if not is_positive(order.filled_quantity) or not is_positive(order.average_price):
            return _expected(
                "filled quantity and average price as plain decimals above 0",
                order.filled_quantity,
                order.average_price,
            )
        # The forced order sells what a long held.
        side = "long" if order.order_side == "SELL" else "short"
        return Liquidation(order.time_ms, side, order.average_price, order.filled_quantity)

    def _stranger(self, symbol: str) -> Refusal:
        return _expected(f"symbol {self._symbol}", symbol)


def _as_trade(row: TradeFrame | AggTradeFrame | AggTradeRow) -> Trade | Refusal:
    if not is_positive(row.price) or not is_positive(row.quantity):
        return _expected("price and quantity as plain decimals above 0", row.price, row.quantity)
    if not is_turnover(row.price, row.quantity):
        return _expected("price times quantity below 10^12", row.price, row.quantity)
    if not is_id(row.trade_id) or not is_time_ms(row.time_ms):
        return _bad_place(row)
    return Trade(row.trade_id, row.time_ms, row.price, row.quantity, row.buyer_is_maker)


def _bad_place(row: TradeFrame | AggTradeFrame | AggTradeRow) -> Refusal:
    return _expected("a trade id and an epoch time in ms", row.trade_id, row.time_ms)


def _expected(what: str, *found: object) -> Refusal:
    return Refusal(f"expected {what}, found " + " and ".join(f"{value!r:.60}" for value in found))


def _second_look(frame: bytes, error: msgspec.DecodeError) -> Frame | Ignored | Refusal:
    """Sort what is not a known combined frame: single frames, replies, snapshots, the unknown."""
    try:
        body = _objects.decode(frame)
    except msgspec.DecodeError as broken:
        return Refusal(f"expected a JSON object, found: {broken}"[:300])
    inner = body.get("data", body)
    if not isinstance(inner, dict):
        return Refusal(f"expected a JSON object in 'data', found {type(inner).__name__}")
    data = cast(dict[str, Any], inner)  # What it is shows only here: the wire.
    event: Any = data.get("e")
    if isinstance(event, str) and event not in _EVENTS:
        return Ignored(Passed.UNKNOWN_EVENT, event[:60])
    if event is None:
        return _without_event(data)
    if inner is body:
        try:
            return _single.decode(frame)
        except msgspec.DecodeError as single:
            error = single
    return Refusal(f"expected a {event!r:.30} frame, found: {error}"[:300])


def _without_event(data: dict[str, Any]) -> Ignored | Refusal:
    if "lastUpdateId" in data:
        return Ignored(Passed.SNAPSHOT)
    if "error" in data or ("code" in data and "msg" in data):
        return Ignored(Passed.SERVER_ERROR, str(data.get("error", data))[:200])
    if "id" in data and "result" in data:
        return Ignored(Passed.REPLY)
    return Refusal(f"expected an event type in 'e', found the keys {sorted(data)!s:.100}")
