"""The probe: is this program the one that our bytes are for (execution.md 5.6)?

It reads what is there, then lets a node simulate a placement far from the market and reads back
what the program would hold. What does not come back as it was asked for is never sent. Another
layout that happens to take the same bytes shows here, and nowhere before (execution.md 5.2).
"""

import base64
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import structlog
from solders.message import from_bytes_versioned
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.transaction import VersionedTransaction

from contracts.ids import MarketId
from contracts.markets import market_spec
from contracts.order import OrderIntended
from contracts.values import Leg, OrderKind, Side, from_millis
from execution.domain.errors import Action, classify
from execution.domain.pricing import floor_to
from execution.venues.drift import abi
from execution.venues.drift.builds import UPGRADEABLE
from execution.venues.drift.encoder import encode
from execution.venues.drift.lander import error_code
from execution.venues.drift.reader import raw_account
from execution.venues.drift.rpc import Rpc
from execution.venues.drift.user import Order, User, read_user
from execution.venues.drift.view import ChainView
from execution.venues.units import base_units, price_units

_ENTRY_NUMBER, _STOP_NUMBER = 254, 255
"""Of no ring of ours: nothing that rests has them (`domain.uids`)."""
_ENTRY_PART, _STOP_PART = Decimal("0.95"), Decimal("0.90")
"""Of the oracle's price: far enough that nothing would meet them."""
_LIFE_S = 86_400
"""Of what is only simulated, on a chain whose time may leap meanwhile."""
_PROBE, _NOBODY = "probe", UUID(int=0)
_WITHOUT_MARGIN = (6003, 6047)
"""Without a deposit the margin is short, or allows a stop for the whole position no size at all."""

_log = structlog.get_logger()


class NotYetFunded(Exception):
    """A placement cannot be simulated before the owner has deposited something."""


class VenueIncompatible(Exception):
    """What is on the chain is not what this build was written for: nothing may be sent to it."""

    def __init__(self, what: str) -> None:
        super().__init__(f"VENUE_INCOMPATIBLE: {what}")


class PlacementRefused(VenueIncompatible):
    """The market's rules take no placement now, so nothing shows what it would be."""


@dataclass(frozen=True, slots=True)
class Probe:
    """Looks at a venue before the first turn, and again when its program is another one."""

    rpc: Rpc
    quote_mint: Pubkey

    async def require_compatible(
        self, view: ChainView, *, signer: Pubkey, blockhash: str, is_replaced: bool = False
    ) -> int:
        """Raise VenueIncompatible unless everything is as this build knows it.

        Give the slot in which the program was deployed (`deployed_slot`).
        `signer` is who may sign, and has what the fee costs: the owner, or its delegate. Raises
        RpcSilent or RpcRefused when the nodes do not say, and NotYetFunded before a first deposit.
        What only the market's rules refuse, as without margin, is let through while there is
        something to be looked after; where the program `is_replaced`, it is PlacementRefused.
        """
        slot = await self.deployed_slot(view.venue.program)
        _require_accounts(view, self.quote_mint)
        code = await self._placement_code(view, signer, blockhash)
        if code is not None:
            self._judge_refusal(code, view.user, is_replaced=is_replaced)
        _log.info("program_probed", program=str(view.venue.program), deployed_in_slot=slot)
        return slot

    async def deployed_slot(self, program: Pubkey) -> int:
        """Give the slot in which the program was deployed; 0 for one that cannot be replaced.

        Raises VenueIncompatible where there is none, and RpcSilent or RpcRefused as its nodes.
        """
        told = await self._account(program)
        if told is None or not told["executable"]:
            raise VenueIncompatible(f"expected a program at {program}, found none")
        if told["owner"] != str(UPGRADEABLE):
            return 0
        code = await self._account(Pubkey.from_bytes(raw_account(told).data[4:36]))
        if code is None:
            raise VenueIncompatible(f"expected the code of {program}, found that it was closed")
        return int.from_bytes(raw_account(code).data[4:12], "little")

    async def _account(self, key: Pubkey) -> Any:
        config = {"commitment": "confirmed", "encoding": "base64", "dataSlice": _HEAD}
        return (await self.rpc.call("getAccountInfo", str(key), config))["value"]

    async def _placement_code(self, view: ChainView, signer: Pubkey, blockhash: str) -> int | None:
        """Require that a placement comes back as it was asked for; give the error of a refusal."""
        entry, stop = _bracket(view)
        message = encode(
            view, (entry, stop), authority=signer, blockhash=blockhash, priority_fee_lamports=0
        )
        unsigned = VersionedTransaction.populate(
            from_bytes_versioned(message), [Signature.default()]
        )
        config = {
            "commitment": "confirmed",
            "encoding": "base64",
            "sigVerify": False,
            "replaceRecentBlockhash": True,
            "accounts": {"encoding": "base64", "addresses": [str(view.venue.user)]},
        }
        wire = base64.b64encode(bytes(unsigned)).decode()
        told = (await self.rpc.call("simulateTransaction", wire, config))["value"]
        if told["err"] is not None:
            return error_code(told["err"])
        after = read_user(raw_account(told["accounts"][0]).data)
        _require_same(_found(after, _ENTRY_NUMBER), _entry_as_held(entry))
        _require_same(_found(after, _STOP_NUMBER), _stop_as_held(stop))
        return None

    def _judge_refusal(self, code: int, user: User, *, is_replaced: bool) -> None:
        is_busy = bool(user.orders) or any(it.base for it in user.positions)
        if code in _WITHOUT_MARGIN and not (is_busy or user.deposits):
            raise NotYetFunded("expected a deposit in the sub-account, found none")
        refusal = f"expected a placement to be simulated, found error {code}"
        if classify(code) is Action.STOP_ALL:
            raise VenueIncompatible(refusal)
        if is_replaced or not is_busy:
            raise PlacementRefused(refusal)
        _log.warning("probe_refused", code=code, why="the account is in use, and is looked after")


_HEAD = {"offset": 0, "length": 64}
_Held = dict[str, object]


def _require_accounts(view: ChainView, quote_mint: Pubkey) -> None:
    market, spec = view.market, market_spec(MarketId(view.venue.market))
    found = abi.decoded(view.venue.program, view.accounts[view.venue.perp_market].data)
    name = bytes(found.name).decode("ascii", "replace").strip("\0 ")
    _require("the market's name", view.venue.market.upper(), name)
    _require("the market's number", view.venue.market_index, market.index)
    _require("the market's tick", price_units(spec.tick_usd), market.tick)
    _require("the market's step", base_units(spec.step_base), market.step)
    _require("the quote's mint", quote_mint, view.quote.mint)
    _require("the account's owner", view.venue.owner, view.user.authority)
    _require("the account's number", view.venue.sub_account, view.user.sub_account)
    if view.exchange.paused < 0 or view.oracle.price <= 0:
        raise VenueIncompatible(f"expected a price above 0, found {view.oracle.price}")


def _bracket(view: ChainView) -> tuple[OrderIntended, OrderIntended]:
    """Write a small long far below the market, and its stop."""
    spec = market_spec(MarketId(view.venue.market))
    oracle_usd = Decimal(view.oracle.price).scaleb(-6)
    entry = OrderIntended(
        account=_PROBE,
        market=view.venue.market,
        setup=_NOBODY,
        client_order_id="probe".ljust(26, "0"),
        leg=Leg.ENTRY,
        user_order_id=_ENTRY_NUMBER,
        side=Side.LONG,
        kind=OrderKind.POST_ONLY_LIMIT,
        price_usd=floor_to(oracle_usd * _ENTRY_PART, spec.tick_usd),
        quantity_base=max(spec.quantity_base_min, spec.step_base),
        is_reduce_only=False,
        expires_at=from_millis(view.clock.at_s * 1_000) + timedelta(seconds=_LIFE_S),
    )
    stop = OrderIntended(
        account=_PROBE,
        market=view.venue.market,
        setup=_NOBODY,
        client_order_id="probe".ljust(26, "1"),
        leg=Leg.STOP,
        user_order_id=_STOP_NUMBER,
        side=Side.SHORT,
        kind=OrderKind.TRIGGER_MARKET,
        price_usd=floor_to(oracle_usd * _STOP_PART, spec.tick_usd),
        quantity_base=None,
        is_reduce_only=True,
        expires_at=None,
    )
    return entry, stop


def _entry_as_held(entry: OrderIntended) -> _Held:
    end = entry.expires_at
    return {
        "is_long": True,
        "order_type": 1,
        "price": price_units(entry.price_usd),
        "base": base_units(entry.quantity_base or Decimal(0)),
        "filled": 0,
        "max_ts": 0 if end is None else int(end.timestamp()),
        "is_reduce_only": False,
        "is_post_only": True,
    }


def _stop_as_held(stop: OrderIntended) -> _Held:
    return {
        "is_long": False,
        "order_type": 2,
        "trigger_price": price_units(stop.price_usd),
        "trigger_condition": 1,
        "max_ts": 0,
        "is_reduce_only": True,
        "is_post_only": False,
    }


def _found(user: User, number: int) -> Order:
    orders = [it for it in user.orders if it.user_order_id == number]
    if len(orders) != 1:
        raise VenueIncompatible(f"expected order {number} to be placed, found {len(orders)}")
    return orders[0]


def _require_same(order: Order, held: _Held) -> None:
    for name, expected in held.items():
        _require(f"{name} of order {order.user_order_id}", expected, getattr(order, name))
    if order.base <= 0:
        raise VenueIncompatible(f"expected order {order.user_order_id} with a size, found none")


def _require(what: str, expected: object, found: object) -> None:
    if found != expected:
        raise VenueIncompatible(f"expected {what} to be {expected}, found {found}")
