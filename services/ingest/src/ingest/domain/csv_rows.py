"""Rows of tick files, `timestamp,price,quantity,side,tradeId`, to trades."""

from contracts.ticks import Trade
from ingest.domain.items import Refusal
from ingest.domain.numbers import is_id, is_positive, is_time_ms, is_turnover

HEADER = b"timestamp,price,quantity,side,tradeId"


def decode_row(row: bytes) -> Trade | Refusal:
    """Give the trade of a row, or say why it is none. `side` is the aggressor's."""
    try:
        fields = row.decode("ascii").split(",")
    except UnicodeDecodeError:
        return Refusal(f"expected ASCII text, found {row!r:.100}")
    if len(fields) != 5:
        return Refusal(f"expected 5 fields, found {len(fields)} in {row!r:.100}")
    time_text, price, quantity, side, id_text = fields
    if side not in ("buy", "sell"):
        return Refusal(f"expected side buy or sell, found {side!r:.40}")
    if not is_positive(price) or not is_positive(quantity) or not is_turnover(price, quantity):
        return Refusal(
            "expected price and quantity as plain decimals above 0, worth less than 10^12, "
            f"found {price!r:.60} and {quantity!r:.60}"
        )
    if not _is_number(time_text) or not _is_number(id_text):
        return Refusal(
            f"expected whole numbers as time and id, found {time_text!r:.40} and {id_text!r:.40}"
        )
    trade_id, time_ms = int(id_text), int(time_text)
    if not is_id(trade_id) or not is_time_ms(time_ms):
        return Refusal(
            f"expected a trade id and an epoch time in ms, found {trade_id} and {time_ms}"
        )
    return Trade(trade_id, time_ms, price, quantity, side == "sell")


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 19
