"""The shapes of Binance USD-M frames (market-data.md 2.1): only the fields that we read.

Fields that are not named here are ignored, because the exchange adds some without notice. `st`
is 1 for USD-M and 2 for COIN-M business; older frames lack it.
"""

import msgspec

USD_M = 1


class TradeFrame(
    msgspec.Struct,
    tag="trade",
    tag_field="e",
    rename={
        "symbol": "s",
        "trade_id": "t",
        "time_ms": "T",
        "price": "p",
        "quantity": "q",
        "buyer_is_maker": "m",
        "origin": "X",
        "business": "st",
    },
):
    """One match. `origin` is MARKET, or says that it happened outside the order book."""

    symbol: str
    trade_id: int
    time_ms: int
    price: str
    quantity: str
    buyer_is_maker: bool
    origin: str = "MARKET"
    business: int = USD_M


class AggTradeFrame(
    msgspec.Struct,
    tag="aggTrade",
    tag_field="e",
    rename={
        "symbol": "s",
        "trade_id": "a",
        "time_ms": "T",
        "price": "p",
        "quantity": "q",
        "buyer_is_maker": "m",
        "business": "st",
    },
):
    """The matches of one taker at one price within 100 ms; `a` is contiguous per symbol."""

    symbol: str
    trade_id: int
    time_ms: int
    price: str
    quantity: str
    buyer_is_maker: bool
    business: int = USD_M


class BookTickerFrame(
    msgspec.Struct,
    tag="bookTicker",
    tag_field="e",
    rename={
        "symbol": "s",
        "update_id": "u",
        "time_ms": "T",
        "bid": "b",
        "bid_quantity": "B",
        "ask": "a",
        "ask_quantity": "A",
        "business": "st",
    },
):
    """Best bid and ask."""

    symbol: str
    update_id: int
    time_ms: int
    bid: str
    bid_quantity: str
    ask: str
    ask_quantity: str
    business: int = USD_M


class DepthFrame(msgspec.Struct, tag="depthUpdate", tag_field="e"):
    """A change of the book; counted and not read."""


class MarkPriceFrame(
    msgspec.Struct,
    tag="markPriceUpdate",
    tag_field="e",
    rename={
        "symbol": "s",
        "event_ms": "E",
        "mark": "p",
        "index": "i",
        "funding": "r",
        "next_funding_ms": "T",
        "business": "st",
    },
):
    """Mark and index price; `r` may be empty and `T` 0 or empty where there is no funding."""

    symbol: str
    event_ms: int
    mark: str
    index: str = ""
    funding: str = ""
    next_funding_ms: int | str = 0
    business: int = USD_M


class ForcedOrder(
    msgspec.Struct,
    rename={
        "symbol": "s",
        "order_side": "S",
        "filled_quantity": "z",
        "average_price": "ap",
        "time_ms": "T",
        "business": "st",
    },
):
    """The order that closes a liquidated position; `p` and `l` are not what traded."""

    symbol: str
    order_side: str
    filled_quantity: str
    average_price: str
    time_ms: int
    business: int | None = None


class ForceOrderFrame(
    msgspec.Struct,
    tag="forceOrder",
    tag_field="e",
    rename={"order": "o", "business": "st"},
):
    """A liquidation; `st` stands inside the order, beside it, or nowhere."""

    order: ForcedOrder
    business: int | None = None


Frame = AggTradeFrame | BookTickerFrame | TradeFrame | DepthFrame | MarkPriceFrame | ForceOrderFrame


class Combined(msgspec.Struct):
    """A frame of a combined stream."""

    data: Frame


class AggTradeRow(
    msgspec.Struct,
    rename={
        "trade_id": "a",
        "time_ms": "T",
        "price": "p",
        "quantity": "q",
        "buyer_is_maker": "m",
    },
):
    """A row of GET /fapi/v1/aggTrades."""

    trade_id: int
    time_ms: int
    price: str
    quantity: str
    buyer_is_maker: bool
