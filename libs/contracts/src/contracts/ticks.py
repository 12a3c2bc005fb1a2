"""Messages of the MARKET stream: high volume, so msgspec and short names, no headers.

Prices and quantities are plain decimal strings of the exchange, untouched; times are the
exchange's epoch milliseconds. A trade's id is contiguous per venue and symbol, so loss shows.
"""

from typing import Literal

import msgspec


class Trade(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="trade", tag_field="k"):
    """One trade (or one aggregate of equal price and side), as the exchange printed it."""

    i: int
    """The exchange's id; contiguous unless trades are missing."""
    t: int
    """Exchange time of the trade, epoch milliseconds."""
    p: str
    """Price, quote asset for one base asset."""
    q: str
    """Quantity, base asset."""
    m: bool
    """Whether the buyer was the maker, so that the aggressor sold."""


class TapeEnd(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="end", tag_field="k"):
    """The recording is over: no trade follows on this subject."""

    i: int
    """Id of the last trade."""
    t: int
    """Exchange time of the last trade."""


class TopOfBook(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="top", tag_field="k"):
    """Best bid and ask after one update."""

    u: int
    """The exchange's update id."""
    t: int
    b: str
    bq: str
    a: str
    aq: str


class MarkPrice(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="mark", tag_field="k"):
    """Mark and index price with the funding rate; an empty string is 'not given', never zero."""

    t: int
    mark: str
    index: str
    funding: str
    next_funding: int


class Liquidation(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="liquidation", tag_field="k"
):
    """A forced order that filled; `side` is the position that was liquidated."""

    t: int
    side: Literal["long", "short"]
    p: str
    """Average fill price."""
    q: str
    """Filled quantity, base asset."""


class Candle(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One minute as the exchange itself sums it; plain decimal strings."""

    open: str
    high: str
    low: str
    close: str
    volume: str
    """Base asset."""
    turnover: str
    """Quote asset: the sum of price times quantity."""
    bought: str
    """The part of `volume` whose aggressor bought."""


class Candles(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="candles", tag_field="k"
):
    """A part of the minutes before a feed's first trade; all parts together are its history.

    Minutes follow each other without a hole, from part to part too. The trade `i` is the first
    one after the last minute of the last part.
    """

    part: int
    """Counts from 1."""
    parts: int
    t: int
    """Start of the first minute of this part, epoch milliseconds."""
    i: int
    source: Literal["binance_klines"]
    """As `contracts.minute.CandleSource`."""
    minutes: tuple[Candle, ...]


Tick = Trade | TapeEnd
"""What `trades.<venue>.<symbol>` carries, in exchange order."""

_encoder = msgspec.json.Encoder()
_tick_decoder = msgspec.json.Decoder(Tick)


def encode_tick(message: msgspec.Struct) -> bytes:
    """Give the bytes of a MARKET message."""
    return _encoder.encode(message)


def decode_tick(body: bytes) -> Tick:
    """Read a message of `trades.>`; raise msgspec.ValidationError or DecodeError."""
    return _tick_decoder.decode(body)
