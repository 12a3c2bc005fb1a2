"""The account's history: what happened, in units, and as the port tells it."""

import msgspec

from contracts.order import CancelReason
from contracts.values import Liquidity, Side
from execution.venues.port import (
    AnyRecord,
    EndedRecord,
    FeeRecord,
    FilledRecord,
    FundingRecord,
    LiquidatedRecord,
    MovedRecord,
    OrderStamp,
    PlacedRecord,
    Stamp,
    TriggeredRecord,
)
from execution.venues.units import base, from_units, price_usd, usd

RATE_DIGITS = 12
"""A funding rate in the program's integers is in 1e-12 of the notional."""


class _OfOrder(msgspec.Struct, frozen=True, tag_field="k"):
    order_id: int
    user_order_id: int


class Placed(_OfOrder, frozen=True, tag="placed"):
    """An order rests, or takes at once."""

    side: Side
    price: int


class Moved(_OfOrder, frozen=True, tag="moved"):
    """An order got another price, and with it another id."""

    former_order_id: int
    price: int


class Ended(_OfOrder, frozen=True, tag="ended"):
    """An order is gone; `unfilled` is None when its size was the position's."""

    reason: CancelReason | None
    unfilled: int | None


class Triggered(_OfOrder, frozen=True, tag="triggered"):
    """A stop was fired at this trigger price of the market."""

    price: int


class Filled(_OfOrder, frozen=True, tag="filled"):
    """An order filled, wholly or in part."""

    side: Side
    liquidity: Liquidity
    price: int
    quantity: int
    remaining: int
    fee: int
    position_after: int


class Charged(_OfOrder, frozen=True, tag="charged"):
    """A flat fee."""

    reason: str
    fee: int


class Liquidated(msgspec.Struct, frozen=True, tag="liquidated", tag_field="k"):
    """A liquidator took over a part of the position."""

    side: Side
    price: int
    quantity: int
    fee: int
    position_after: int


class Funded(msgspec.Struct, frozen=True, tag="funded", tag_field="k"):
    """Funding of one hour was settled."""

    amount: int
    rate: int
    position: int
    hour_ms: int


Fact = Placed | Moved | Ended | Triggered | Filled | Charged | Liquidated | Funded


class Entry(msgspec.Struct, frozen=True):
    """A fact with its place in the account's history."""

    cursor: int
    slot: int
    at_ms: int
    trade_id: int | None
    fact: Fact


def told(entry: Entry, *, market: str, account: str) -> AnyRecord:
    """Give an entry as the port's record; its key is unique among all accounts and markets."""
    stamp: Stamp = {
        "key": f"{market}-{account}-{entry.cursor}",
        "slot": entry.slot,
        "at_ms": entry.at_ms,
        "trade_id": entry.trade_id,
    }
    match entry.fact:
        case Liquidated() as it:
            return LiquidatedRecord(
                **stamp,
                side=it.side,
                price_usd=price_usd(it.price),
                quantity_base=base(it.quantity),
                fee_usd=usd(it.fee),
                position_after_base=base(it.position_after),
            )
        case Funded() as it:
            return FundingRecord(
                **stamp,
                amount_usd=usd(it.amount),
                rate=from_units(it.rate, RATE_DIGITS),
                position_base=base(it.position),
                hour_ms=it.hour_ms,
            )
        case fact:
            return _of_order(fact, stamp)


def _of_order(
    fact: Placed | Moved | Ended | Triggered | Filled | Charged, stamp: Stamp
) -> AnyRecord:
    common: OrderStamp = {
        **stamp,
        "venue_order_id": fact.order_id,
        "user_order_id": fact.user_order_id,
    }
    match fact:
        case Placed():
            return PlacedRecord(**common, side=fact.side, price_usd=price_usd(fact.price))
        case Moved():
            return MovedRecord(
                **common,
                former_order_id=fact.former_order_id,
                price_usd=price_usd(fact.price),
            )
        case Ended():
            unfilled = None if fact.unfilled is None else base(fact.unfilled)
            return EndedRecord(**common, reason=fact.reason, unfilled_base=unfilled)
        case Triggered():
            return TriggeredRecord(**common, trigger_price_usd=price_usd(fact.price))
        case Filled():
            return FilledRecord(
                **common,
                side=fact.side,
                liquidity=fact.liquidity,
                price_usd=price_usd(fact.price),
                quantity_base=base(fact.quantity),
                remaining_base=base(fact.remaining),
                fee_usd=usd(fact.fee),
                position_after_base=base(fact.position_after),
            )
        case Charged():
            return FeeRecord(**common, reason=fact.reason, fee_usd=usd(fact.fee))
