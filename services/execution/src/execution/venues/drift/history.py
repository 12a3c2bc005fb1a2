"""The program's events of our account, as the venue's records.

A fold over the transactions that name the account, in the chain's order: actions name an order by
its id alone, so its number, side and size are kept from when it was placed. Keys are the chain's
own names, so that what is told twice is one record.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from solders.pubkey import Pubkey

from contracts.order import CancelReason
from contracts.values import Liquidity, Side
from execution.domain.policy import ARITHMETIC
from execution.venues.drift import abi
from execution.venues.drift.config import QUOTE_INDEX, DriftVenue
from execution.venues.drift.events import Executed, Said, said_in
from execution.venues.drift.user import Order
from execution.venues.port import (
    AnyRecord,
    CapitalRecord,
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

_HOUR_S = 3_600
_RATE_DIGITS = 9
"""A funding rate is in 1e-9 of USD per base."""
_PRICE_DIGITS = 12
"""Kept of a price that is a quotient: cash that is counted with it is exact to 1e-6."""
_REASONS = {
    "OrderExpired": CancelReason.EXPIRED,
    "ReduceOnlyOrderIncreasedPosition": CancelReason.REDUCE_ONLY,
    "Liquidation": CancelReason.LIQUIDATION,
    "InsufficientFreeCollateral": CancelReason.BREACHED_LIMITS,
    "OraclePriceBreachedLimitPrice": CancelReason.BREACHED_LIMITS,
    "RiskingIncreasingOrder": CancelReason.BREACHED_LIMITS,
}
"""Why the program ended an order; no reason means that a transaction took it back."""
_FEE_REASONS = {CancelReason.EXPIRED: "expired", CancelReason.REDUCE_ONLY: "reduce-only"}


@dataclass(frozen=True, slots=True)
class KnownOrder:
    """What the actions of an order do not say."""

    user_order_id: int
    is_reduce_only_trigger: bool


class History:
    """Tells one account's records, from a known beginning."""

    def __init__(
        self, venue: DriftVenue, *, position: int, orders: Mapping[int, KnownOrder]
    ) -> None:
        """Begin at a position (1e-9) and with the orders that are known by id."""
        self._venue = venue
        self.position = position
        self._orders = dict(orders)
        self._fills: set[int] = set()

    def learn(self, order: Order) -> None:
        """Take note of an order that the account shows."""
        self._orders.setdefault(
            order.order_id,
            KnownOrder(order.user_order_id, order.is_reduce_only and order.is_trigger),
        )

    def take(self, executed: Executed) -> list[AnyRecord]:
        """Give what a transaction did to the account, in order; raise LogsTruncated."""
        events = [it for it in said_in(executed, self._venue.program) if self._is_ours(it)]
        return [record for said in events for record in self._told(said, events, executed)]

    def _is_ours(self, said: Said) -> bool:
        it, user = said.data, self._venue.user
        match said.name:
            case "OrderRecord":
                order = it.order
                is_here = abi.name_of(order.market_type) == "Perp"
                return is_here and it.user == user and order.market_index == self._index
            case "OrderActionRecord":
                is_here = abi.name_of(it.market_type) == "Perp" and it.market_index == self._index
                return is_here and user in {it.taker, it.maker}
            case "FundingPaymentRecord":
                return it.user == user and it.market_index == self._index
            case "DepositRecord":
                return it.user == user and it.market_index == QUOTE_INDEX
            case "LiquidationRecord":
                is_perp = abi.name_of(it.liquidation_type) == "LiquidatePerp"
                return is_perp and it.user == user and it.liquidate_perp.market_index == self._index
            case _:
                return False

    @property
    def _index(self) -> int:
        return self._venue.market_index

    def _told(self, said: Said, events: list[Said], executed: Executed) -> Iterator[AnyRecord]:
        stamp: Stamp = {
            "key": f"{executed.signature[:64]}-{said.place}",
            "slot": executed.slot,
            "at_ms": executed.at_s * 1_000,
            "trade_id": None,
        }
        match said.name:
            case "OrderRecord":
                yield self._placed(said, events, stamp)
            case "OrderActionRecord":
                yield from self._acted(said, events, stamp)
            case "FundingPaymentRecord":
                yield self._funded(said.data, stamp)
            case "DepositRecord":
                sign = 1 if abi.name_of(said.data.direction) == "Deposit" else -1
                yield CapitalRecord(**stamp, amount_usd=usd(sign * said.data.amount))
            case _:
                yield from self._liquidated(said.data.liquidate_perp, stamp)

    def _placed(self, said: Said, events: list[Said], stamp: Stamp) -> AnyRecord:
        order = said.data.order
        kind = abi.name_of(order.order_type)
        is_trigger = kind in {"TriggerMarket", "TriggerLimit"}
        self._orders[order.order_id] = KnownOrder(
            order.user_order_id, is_trigger and order.reduce_only
        )
        stamped = self._of(order.order_id, stamp)
        price = price_usd(order.trigger_price if is_trigger else order.price)
        former = _moved_from(said, events, self._venue)
        if former is not None:
            return MovedRecord(**stamped, former_order_id=former, price_usd=price)
        return PlacedRecord(**stamped, side=_side(order.direction), price_usd=price)

    def _acted(self, said: Said, events: list[Said], stamp: Stamp) -> Iterator[AnyRecord]:
        it = said.data
        part = _part_of(it, self._venue.user)
        reason = _REASONS.get(abi.name_of(it.action_explanation))
        match abi.name_of(it.action):
            case "Fill" if reason is not CancelReason.LIQUIDATION:
                yield from self._filled(it, part, stamp)
            case "Trigger":
                price = price_usd(it.oracle_price)
                yield TriggeredRecord(**self._of(part.order_id, stamp), trigger_price_usd=price)
                yield from self._charged(it, part, stamp, "trigger")
            case "Cancel" | "Expire" if not _is_move(said, events):
                unfilled = None if self._is_whole(part) else base(part.left)
                yield EndedRecord(
                    **self._of(part.order_id, stamp), reason=reason, unfilled_base=unfilled
                )
                charged = "" if reason is None else _FEE_REASONS.get(reason, "breached-limits")
                yield from self._charged(it, part, stamp, charged)
            case _:
                pass

    def _filled(self, it: Any, part: "_Part", stamp: Stamp) -> Iterator[AnyRecord]:
        if it.fill_record_id in self._fills:
            return
        self._fills.add(it.fill_record_id)
        quantity = it.base_asset_amount_filled
        self.position += part.side.sign * quantity
        left = min(part.left, abs(self.position)) if self._is_whole(part) else part.left
        yield FilledRecord(
            **self._of(part.order_id, self._fill_stamp(it, stamp)),
            side=part.side,
            liquidity=Liquidity.TAKER if part.is_taker else Liquidity.MAKER,
            price_usd=_quotient(it.quote_asset_amount_filled, quantity),
            quantity_base=base(quantity),
            remaining_base=base(left),
            fee_usd=usd(part.fee),
            position_after_base=base(self.position),
        )

    def _charged(self, it: Any, part: "_Part", stamp: Stamp, reason: str) -> Iterator[AnyRecord]:
        """Give the flat fee that whoever did the work took; none when it was we."""
        fee = it.filler_reward or 0
        if reason and fee and it.filler != self._venue.user:
            stamped = self._of(part.order_id, {**stamp, "key": f"{stamp['key']}-fee"})
            yield FeeRecord(**stamped, reason=reason, fee_usd=usd(fee))

    def _is_whole(self, part: "_Part") -> bool:
        known = self._orders.get(part.order_id)
        return known is not None and known.is_reduce_only_trigger

    def _fill_stamp(self, it: Any, stamp: Stamp) -> Stamp:
        return {**stamp, "key": f"fill-{self._index}-{it.fill_record_id}"}

    def _funded(self, it: Any, stamp: Stamp) -> AnyRecord:
        amm = it.amm_cumulative_funding_long
        if it.base_asset_amount < 0:
            amm = it.amm_cumulative_funding_short
        return FundingRecord(
            **stamp,
            amount_usd=usd(it.funding_payment),
            rate=from_units(amm - it.user_last_cumulative_funding, _RATE_DIGITS),
            position_base=base(it.base_asset_amount),
            hour_ms=it.ts // _HOUR_S * _HOUR_S * 1_000,
        )

    def _liquidated(self, it: Any, stamp: Stamp) -> Iterator[AnyRecord]:
        if not it.base_asset_amount or it.fill_record_id in self._fills:
            return
        self._fills.add(it.fill_record_id)
        side = Side.LONG if it.base_asset_amount > 0 else Side.SHORT
        self.position += it.base_asset_amount
        yield LiquidatedRecord(
            **self._fill_stamp(it, stamp),
            side=side,
            price_usd=_quotient(abs(it.quote_asset_amount), abs(it.base_asset_amount)),
            quantity_base=base(abs(it.base_asset_amount)),
            fee_usd=usd(it.if_fee),
            position_after_base=base(self.position),
        )

    def _of(self, order_id: int, stamp: Stamp) -> OrderStamp:
        known = self._orders.get(order_id)
        number = 0 if known is None else known.user_order_id
        return {**stamp, "venue_order_id": order_id, "user_order_id": number}


@dataclass(frozen=True, slots=True)
class _Part:
    """Our side of an action."""

    order_id: int
    side: Side
    left: int
    fee: int
    is_taker: bool


def _part_of(it: Any, user: Pubkey) -> _Part:
    """Take our side of an action; the program names it in fields of its own."""
    is_taker = it.taker == user
    who = "taker" if is_taker else "maker"
    size = getattr(it, f"{who}_order_base_asset_amount") or 0
    done = getattr(it, f"{who}_order_cumulative_base_asset_amount_filled") or 0
    return _Part(
        order_id=getattr(it, f"{who}_order_id"),
        side=_side(getattr(it, f"{who}_order_direction")),
        left=size - done,
        fee=getattr(it, f"{who}_fee") or 0,
        is_taker=is_taker,
    )


def _is_move(said: Said, events: list[Said]) -> bool:
    """Say whether a cancel is the first half of a move: the same instruction placed an order."""
    return said.instruction.startswith("ModifyOrder") and _next_placed(said, events) is not None


def _next_placed(said: Said, events: list[Said]) -> Said | None:
    later = (it for it in events if it.place > said.place and it.instruction == said.instruction)
    return next((it for it in later if it.name == "OrderRecord"), None)


def _moved_from(placed: Said, events: list[Said], venue: DriftVenue) -> int | None:
    """Give the id of the order that an instruction moved; None when it placed a new one."""
    if not placed.instruction.startswith("ModifyOrder"):
        return None
    for it in reversed([it for it in events if it.place < placed.place]):
        is_cancel = it.name == "OrderActionRecord" and abi.name_of(it.data.action) == "Cancel"
        if is_cancel and it.instruction == placed.instruction:
            return _part_of(it.data, venue.user).order_id
    return None


def _side(direction: Any) -> Side:
    return Side.LONG if abi.name_of(direction) == "Long" else Side.SHORT


def _quotient(quote: int, quantity: int) -> Decimal:
    """Give a price from what was paid for how much."""
    exact = ARITHMETIC.divide(Decimal(quote).scaleb(-6), Decimal(quantity).scaleb(-9))
    return ARITHMETIC.quantize(exact, Decimal(1).scaleb(-_PRICE_DIGITS))
