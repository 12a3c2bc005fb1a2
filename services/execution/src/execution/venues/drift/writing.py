"""Intents as one message of the program, by the rules of execution.md 2.

What each rule keeps from happening: a stop that ends by itself or inherits an end, a change that
lands twice, an order of which only half is new, an entry without its stop.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

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
from execution.venues.drift import instructions as ix
from execution.venues.drift.config import DriftVenue
from execution.venues.port import Intent
from execution.venues.units import base_units, price_units

WHOLE_POSITION = 2**64 - 1
"""The size of a stop that covers whatever the position is when it fires."""
_MICRO = 10**6
_UNITS, _UNITS_TAKING = 200_000, 400_000
"""Compute units: orders take 14,000 to 60,000, cancels of a full account 124,000, fills 100,000 and
what more makers ask (drift-localnet.md 2)."""
_SERIALS = 1_000


@dataclass(frozen=True, slots=True)
class Places:
    """The accounts on chain that messages of one sub-account name."""

    venue: DriftVenue
    readable: tuple[Pubkey, ...]
    """Oracles and spot markets, in the order in which the program takes them up."""
    makers: Sequence[tuple[Pubkey, Pubkey]] = ()
    """Sub-accounts and statistics of whom a close may take beside the AMM."""

    @property
    def accounts(self) -> VenueAccounts:
        """Name them for whoever judges a message."""
        venue = self.venue
        return VenueAccounts(
            program=venue.program,
            state=venue.state,
            user=venue.user,
            user_stats=venue.user_stats,
            perp_market=venue.perp_market,
            readable=frozenset(self.readable),
            makers=frozenset(key for pair in self.makers for key in pair),
        )


def write(
    places: Places,
    intents: Sequence[Intent],
    *,
    authority: Pubkey,
    blockhash: str,
    priority_fee_lamports: int,
    serial: int = 0,
) -> bytes:
    """Write intents as one unsigned message of version 0; equal bytes for equal input.

    `authority` signs and pays: the delegate, or the owner. `serial` sets messages of one blockhash
    apart, by the units that they ask for. Raises ValueError for an intent that the program could
    not carry out.
    """
    for it in intents:
        if it.market != places.venue.market:
            raise ValueError(
                f"expected an intent in {places.venue.market}, found one in {it.market}"
            )
    steps = _Steps(places, authority)
    calls = [
        call
        for together, group in groupby(intents, _is_placed_together)
        for call in steps.calls([*group], together=together)
    ]
    takes = any(isinstance(it, TriggerIntended) or _takes(it) for it in intents)
    units = (_UNITS_TAKING if takes else _UNITS) + serial % _SERIALS
    price = priority_fee_lamports * _MICRO // units
    budget = [set_compute_unit_limit(units), set_compute_unit_price(price)]
    message = MessageV0.try_compile(authority, [*budget, *calls], [], Hash.from_string(blockhash))
    return to_bytes_versioned(message)


class _Steps:
    """Writes the calls of one transaction."""

    def __init__(self, places: Places, authority: Pubkey) -> None:
        self._places = places
        venue = self._venue = places.venue
        self._named = ix.Named(
            program=venue.program,
            state=venue.state,
            user=venue.user,
            user_stats=venue.user_stats,
            authority=authority,
        )

    def calls(self, intents: Sequence[Intent], *, together: bool) -> list[Instruction]:
        if together:
            orders = [self._order(it) for it in intents if isinstance(it, OrderIntended)]
            return [ix.place_orders(self._named, orders, self._markets())]
        return [self._single(it) for it in intents]

    def _single(self, intent: Intent) -> Instruction:
        named = self._named
        match intent:
            case OrderIntended():
                condition = 1 if self._venue.has_success_condition else None
                rest = [*self._markets(writes=True), *self._maker_metas()]
                return ix.place_and_take(named, self._order(intent), condition, rest)
            case ReplaceIntended():
                return self._move(intent)
            case CancelIntended():
                return ix.cancel_order(named, intent.venue_order_id, self._markets())
            case SideCancelIntended():
                side, index = _direction(intent.side), self._venue.market_index
                return ix.cancel_orders(named, index, side, self._markets())
            case TriggerIntended():
                return ix.trigger_order(named, intent.venue_order_id, self._markets(writes=True))

    def _order(self, intent: OrderIntended) -> bytes:
        kind = intent.kind
        is_trigger = kind is OrderKind.TRIGGER_MARKET
        if is_trigger and not intent.is_reduce_only:
            raise ValueError("expected a reduce-only stop, found one that may open a position")
        if intent.quantity_base is None and not is_trigger:
            raise ValueError(f"expected a quantity of a {kind}, found none")
        if is_trigger and intent.expires_at is not None:
            raise ValueError(f"expected a stop without an end, found one at {intent.expires_at}")
        quantity, price = intent.quantity_base, price_units(intent.price_usd)
        return ix.order_params(
            order_type=ix.TRIGGER_MARKET if is_trigger else ix.LIMIT,
            direction=_direction(intent.side),
            user_order_id=intent.user_order_id,
            base=WHOLE_POSITION if quantity is None else base_units(quantity),
            price=0 if is_trigger else price,
            market_index=self._venue.market_index,
            is_reduce_only=intent.is_reduce_only,
            post_only=ix.MUST_POST_ONLY if kind is OrderKind.POST_ONLY_LIMIT else ix.MAY_TAKE,
            flags=ix.IMMEDIATE_OR_CANCEL if kind is OrderKind.IMMEDIATE_OR_CANCEL else 0,
            max_ts=_end_s(intent.expires_at),
            trigger_price=price if is_trigger else None,
            # A stop that sells fires below; the program wants a condition of every order.
            trigger_condition=ix.ABOVE if intent.side is Side.LONG else ix.BELOW,
        )

    def _move(self, intent: ReplaceIntended) -> Instruction:
        """Write what changes: the size is left out, which keeps exactly what is unfilled."""
        price = price_units(intent.price_usd)
        is_trigger = intent.kind is OrderKind.TRIGGER_MARKET
        if is_trigger and intent.expires_at is not None:
            raise ValueError(f"expected a stop without an end, found one at {intent.expires_at}")
        return ix.modify_order(
            self._named,
            intent.venue_order_id,
            price=None if is_trigger else price,
            post_only=ix.MAY_TAKE if intent.kind is OrderKind.LIMIT else None,
            max_ts=_end_s(intent.expires_at),
            trigger_price=price if is_trigger else None,
            rest=self._markets(),
        )

    def _markets(self, *, writes: bool = False) -> list[AccountMeta]:
        """Give oracles, spot and perp markets, in the order in which the program takes them up."""
        metas = [
            AccountMeta(it, is_signer=False, is_writable=False) for it in self._places.readable
        ]
        return [*metas, AccountMeta(self._venue.perp_market, is_signer=False, is_writable=writes)]

    def _maker_metas(self) -> list[AccountMeta]:
        keys = [key for pair in self._places.makers for key in pair]
        return [AccountMeta(key, is_signer=False, is_writable=True) for key in keys]


def _direction(side: Side) -> int:
    return ix.LONG if side is Side.LONG else ix.SHORT


def _takes(intent: Intent) -> bool:
    return isinstance(intent, OrderIntended) and intent.kind is OrderKind.IMMEDIATE_OR_CANCEL


def _is_placed_together(intent: Intent) -> bool:
    return isinstance(intent, OrderIntended) and not _takes(intent)


def _end_s(end: UtcTime | None) -> int:
    """Give the last second of an order, 0 for never; said always, so that nothing is inherited."""
    return 0 if end is None else to_millis(end) // 1_000
