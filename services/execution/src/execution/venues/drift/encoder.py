"""Intents as one message of the program, by the rules of execution.md 2.

What each rule keeps from happening: a stop that ends by itself or inherits an end, a change that
lands twice, an order of which only half is new, an entry without its stop.
"""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from solders.compute_budget import set_compute_unit_limit, set_compute_unit_price
from solders.hash import Hash
from solders.instruction import AccountMeta, Instruction
from solders.message import MessageV0, to_bytes_versioned
from solders.pubkey import Pubkey

from contracts.order import (
    CancelIntended,
    OrderIntended,
    ReplaceIntended,
    SideCancelIntended,
    TriggerIntended,
)
from contracts.values import OrderKind, Side, UtcTime, to_millis
from execution.signing.facts import VenueAccounts
from execution.venues.drift import abi
from execution.venues.drift.view import ChainView
from execution.venues.port import Intent
from execution.venues.units import base_units, price_units

WHOLE_POSITION = 2**64 - 1
"""The size of a stop that covers whatever the position is when it fires."""
_MUST_MODIFY = 1
_IMMEDIATE_OR_CANCEL = 1
_MICRO = 10**6
_UNITS, _UNITS_TAKING = 200_000, 400_000
"""Compute units: orders take 14,000 to 60,000, cancels of a full account 124,000, fills 100,000 and
what more makers ask (drift-localnet.md 2)."""
_SYSTEM = Pubkey.default()


def encode(
    view: ChainView,
    intents: Sequence[Intent],
    *,
    delegate: Pubkey,
    blockhash: str,
    priority_fee_lamports: int,
    makers: Sequence[tuple[Pubkey, Pubkey]] = (),
) -> bytes:
    """Write intents as one unsigned message of version 0; equal bytes for equal input.

    `makers` are sub-accounts and statistics of whom a close may take beside the AMM. Raises
    ValueError for an intent that the program could not carry out.
    """
    for it in intents:
        if it.market != view.venue.market:
            raise ValueError(f"expected an intent in {view.venue.market}, found one in {it.market}")
    steps = _Steps(view, delegate, makers)
    calls = [
        call
        for together, group in groupby(intents, _is_placed_together)
        for call in steps.calls([*group], together=together)
    ]
    takes = any(isinstance(it, TriggerIntended) or _takes(it) for it in intents)
    units = _UNITS_TAKING if takes else _UNITS
    price = priority_fee_lamports * _MICRO // units
    budget = [set_compute_unit_limit(units), set_compute_unit_price(price)]
    message = MessageV0.try_compile(delegate, [*budget, *calls], [], Hash.from_string(blockhash))
    return to_bytes_versioned(message)


def venue_accounts(view: ChainView, makers: Sequence[tuple[Pubkey, Pubkey]] = ()) -> VenueAccounts:
    """Name the accounts that our transactions may touch, for the policy signer."""
    venue = view.venue
    oracles = {view.market.oracle, view.quote.oracle} - {_SYSTEM}
    return VenueAccounts(
        program=venue.program,
        state=venue.state,
        user=venue.user,
        user_stats=venue.user_stats,
        perp_market=venue.perp_market,
        readable=frozenset({*oracles, venue.quote_market}),
        makers=frozenset(key for pair in makers for key in pair),
    )


class _Steps:
    """Writes the calls of one transaction."""

    def __init__(
        self, view: ChainView, delegate: Pubkey, makers: Sequence[tuple[Pubkey, Pubkey]]
    ) -> None:
        self._view = view
        self._venue = view.venue
        self._delegate = delegate
        self._makers = makers
        self._types = abi.types()

    def calls(self, intents: Sequence[Intent], *, together: bool) -> list[Instruction]:
        if together:
            orders = [self._order(it) for it in intents if isinstance(it, OrderIntended)]
            return [self._call("place_orders", orders)]
        return [self._single(it) for it in intents]

    def _single(self, intent: Intent) -> Instruction:
        match intent:
            case OrderIntended():
                condition = 1 if self._venue.has_success_condition else None
                return self._call(
                    "place_and_take_perp_order", self._order(intent), condition, writes=True
                )
            case ReplaceIntended():
                return self._call("modify_order", intent.venue_order_id, self._changes(intent))
            case CancelIntended():
                return self._call("cancel_order", intent.venue_order_id)
            case SideCancelIntended():
                market = (self._types.MarketType.Perp(), self._venue.market_index)
                return self._call("cancel_orders", *market, self._direction(intent.side))
            case TriggerIntended():
                return self._call("trigger_order", intent.venue_order_id, writes=True)

    def _order(self, intent: OrderIntended) -> Any:
        types, kind = self._types, intent.kind
        is_trigger = kind is OrderKind.TRIGGER_MARKET
        is_entry = kind is OrderKind.POST_ONLY_LIMIT
        if is_trigger and not intent.is_reduce_only:
            raise ValueError("expected a reduce-only stop, found one that may open a position")
        if intent.quantity_base is None and not is_trigger:
            raise ValueError(f"expected a quantity of a {kind}, found none")
        if is_trigger and intent.expires_at is not None:
            raise ValueError(f"expected a stop without an end, found one at {intent.expires_at}")
        quantity, price = intent.quantity_base, price_units(intent.price_usd)
        return types.OrderParams(
            order_type=types.OrderType.TriggerMarket() if is_trigger else types.OrderType.Limit(),
            market_type=types.MarketType.Perp(),
            direction=self._direction(intent.side),
            user_order_id=intent.user_order_id,
            base_asset_amount=WHOLE_POSITION if quantity is None else base_units(quantity),
            price=0 if is_trigger else price,
            market_index=self._venue.market_index,
            reduce_only=intent.is_reduce_only,
            post_only=types.PostOnlyParams.MustPostOnly() if is_entry else _no_post_only(types),
            bit_flags=_IMMEDIATE_OR_CANCEL if kind is OrderKind.IMMEDIATE_OR_CANCEL else 0,
            max_ts=_end_s(intent.expires_at),
            trigger_price=price if is_trigger else None,
            trigger_condition=self._condition(intent.side),
        )

    def _changes(self, intent: ReplaceIntended) -> Any:
        """Give what changes: the size is left out, which keeps exactly what is unfilled."""
        types, price = self._types, price_units(intent.price_usd)
        is_trigger = intent.kind is OrderKind.TRIGGER_MARKET
        if is_trigger and intent.expires_at is not None:
            raise ValueError(f"expected a stop without an end, found one at {intent.expires_at}")
        takes = intent.kind is OrderKind.LIMIT
        return types.ModifyOrderParams(
            price=None if is_trigger else price,
            post_only=_no_post_only(types) if takes else None,
            max_ts=_end_s(intent.expires_at),
            trigger_price=price if is_trigger else None,
            policy=_MUST_MODIFY,
        )

    def _direction(self, side: Side) -> Any:
        directions = self._types.PositionDirection
        return directions.Long() if side is Side.LONG else directions.Short()

    def _condition(self, side: Side) -> Any:
        """Give when a stop fires: one that sells, below; the program wants one of every order."""
        conditions = self._types.OrderTriggerCondition
        return conditions.Above() if side is Side.LONG else conditions.Below()

    def _call(self, name: str, *arguments: object, writes: bool = False) -> Instruction:
        venue = self._venue
        named = {"state": venue.state, "user": venue.user, "authority": self._delegate}
        if name == "trigger_order":
            named["filler"] = venue.user  # We are our own keeper, and charge ourselves nothing.
        takes = name == "place_and_take_perp_order"
        if takes:
            named["user_stats"] = venue.user_stats
        return abi.instruction(
            venue.program,
            name,
            *arguments,
            accounts=named,
            remaining=[*self._markets(writes=writes), *(self._maker_metas() if takes else ())],
        )

    def _markets(self, *, writes: bool) -> list[AccountMeta]:
        """Give oracles, spot and perp markets, in the order in which the program takes them up."""
        view, venue = self._view, self._venue
        oracles = dict.fromkeys((view.quote.oracle, view.market.oracle))
        reads = [*(it for it in oracles if it != _SYSTEM), venue.quote_market]
        metas = [AccountMeta(it, is_signer=False, is_writable=False) for it in reads]
        return [*metas, AccountMeta(venue.perp_market, is_signer=False, is_writable=writes)]

    def _maker_metas(self) -> list[AccountMeta]:
        keys = [key for pair in self._makers for key in pair]
        return [AccountMeta(key, is_signer=False, is_writable=True) for key in keys]


def _takes(intent: Intent) -> bool:
    return isinstance(intent, OrderIntended) and intent.kind is OrderKind.IMMEDIATE_OR_CANCEL


def _is_placed_together(intent: Intent) -> bool:
    return isinstance(intent, OrderIntended) and not _takes(intent)


def _no_post_only(types: Any) -> Any:
    return types.PostOnlyParams.NONE()


def _end_s(end: UtcTime | None) -> int:
    """Give the last second of an order, 0 for never; said always, so that nothing is inherited."""
    return 0 if end is None else to_millis(end) // 1_000
