"""What a program's refusal of a transaction says to a person (execution.md 2.12): pure."""

import re
from collections.abc import Mapping

_CODES: Mapping[int, str] = {
    2003: "who signs is neither the account's owner nor its delegate",
    6003: "the account has too little collateral for it",
    6024: "the exchange is paused",
    6035: "the oracle's price is not valid now",
    6046: "the order would not reduce the position",
    # So an entry fails whose collateral is gone: its stop is as large as the margin allows.
    6047: "the account has too little collateral for it, or the order is too small for the market",
    6048: "the size is not a multiple of the market's step",
    6056: "the order is smaller than the market takes",
    6057: "the price would cross the market, and a post-only order must rest",
    6059: "the order is smaller than the market takes",
    6060: "the account holds as many orders as it may",
    6061: "the order is gone",
    6062: "the order is not open any more",
    6071: "an order with its number is open already",
    6109: "the price is too far from the oracle's",
    6110: "the order has to be triggered first",
    6111: "the order cannot be triggered as it stands",
    6112: "the price has not reached the trigger",
    6147: "the market takes no orders now",
    6148: "the market fills no orders now",
    6252: "nobody is there to trade with",
    6254: "the owner lets the account only reduce positions",
    6289: "nobody took the whole order at its price",
}
_NODES: Mapping[str, str] = {
    "AccountNotFound": "the wallet holds no SOL for the fee",
    "InsufficientFundsForFee": "the wallet holds too little SOL for the fee",
    "InsufficientFundsForRent": "the wallet would keep too little SOL",
}
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def why_refused(code: int | None, reason: str | None) -> str | None:
    """Say why a program or a node refuses, with its code; None where nothing refuses.

    `reason` is the program's name of the error, or the node's.
    """
    if code is None and not reason:
        return None
    told = reason or ""
    name = _HUMP.sub(" ", told).replace("-", " ").lower()
    text = _NODES.get(told, name) if code is None else _CODES.get(code, name)
    text = text or "the program does not say why"
    return text if code is None else f"{text} ({code})"


def why_failed(code: int) -> str:
    """Say why a program refused what landed, without its code."""
    return _CODES.get(code, "the program refused it")
