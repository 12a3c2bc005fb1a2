"""Intents of every kind, and the message that the encoder makes of each.

The fixture `contract/drift/messages.json` was written by driftpy's own builders (0.8.89).
"""

import json
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

from solders.hash import Hash
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from contracts.order import (
    CancelIntended,
    CancelReason,
    OrderIntended,
    ReplaceIntended,
    SideCancelIntended,
    TriggerIntended,
)
from contracts.values import Leg, OrderKind, Side, from_millis
from execution.venues.drift.config import DriftVenue
from execution.venues.drift.encoder import encode
from execution.venues.drift.view import ChainView
from execution.venues.port import Intent

FIXTURE = Path(__file__).parents[1] / "contract" / "drift" / "messages.json"
DELEGATE = Keypair.from_seed(bytes(range(32))).pubkey()
_END = from_millis(1_750_507_230_000)
FEE_LAMPORTS = 1_234
_SETUP = UUID(int=7)


def _key(number: int) -> Pubkey:
    return Pubkey(bytes([number] * 32))


_QUOTE_ORACLE = _key(5)


@dataclass(frozen=True)
class Case:
    """What is encoded, and where."""

    intents: tuple[Intent, ...]
    has_success_condition: bool = False
    makers: tuple[tuple[Pubkey, Pubkey], ...] = ()
    quote_oracle: Pubkey = _QUOTE_ORACLE

    @property
    def view(self) -> ChainView:
        """Give as much of a view as an encoder reads."""
        venue = DriftVenue(
            cluster="localnet",
            program=Pubkey.from_string("dRiftyHA39MWEi3m9aunc5MzRF1JYuBsbn6VPcn33UH"),
            quote_asset="USDC",
            market="sol-perp",
            market_index=513,
            owner=_key(1),
            has_success_condition=self.has_success_condition,
        )
        oracles = SimpleNamespace(oracle=_key(4)), SimpleNamespace(oracle=self.quote_oracle)
        market, quote = oracles
        seen = SimpleNamespace(venue=venue, market=market, quote=quote, other_markets=())
        return cast(ChainView, seen)

    def message(self, *, serial: int = 0) -> bytes:
        """Encode them."""
        return encode(
            self.view,
            self.intents,
            authority=DELEGATE,
            blockhash=str(Hash.default()),
            priority_fee_lamports=FEE_LAMPORTS,
            serial=serial,
            makers=self.makers,
        )


def order(leg: Leg, **fields: Any) -> OrderIntended:
    """Give an order; a plain entry but for the fields that are named."""
    plain: dict[str, Any] = {
        "user_order_id": 16,
        "side": Side.LONG,
        "kind": OrderKind.POST_ONLY_LIMIT,
        "price_usd": Decimal("149.9"),
        "quantity_base": Decimal("10.01"),
        "is_reduce_only": False,
        "expires_at": _END,
    }
    every: dict[str, Any] = {**_COMMON, **plain, "leg": leg, **fields}
    return OrderIntended(**every)


_COMMON: dict[str, Any] = {
    "account": "local",
    "market": "sol-perp",
    "setup": _SETUP,
    "client_order_id": "0" * 26,
}
ENTRY = order(Leg.ENTRY)
STOP = order(
    Leg.STOP,
    user_order_id=48,
    side=Side.SHORT,
    kind=OrderKind.TRIGGER_MARKET,
    price_usd=Decimal("148.000001"),
    quantity_base=None,
    is_reduce_only=True,
    expires_at=None,
)
PROFIT = order(
    Leg.TP1,
    user_order_id=112,
    side=Side.SHORT,
    kind=OrderKind.REDUCE_ONLY_LIMIT,
    is_reduce_only=True,
    expires_at=None,
)
CLOSE = order(
    Leg.CLOSE,
    user_order_id=208,
    side=Side.SHORT,
    kind=OrderKind.IMMEDIATE_OR_CANCEL,
    is_reduce_only=True,
)


def move(leg: Leg, kind: OrderKind, **fields: Any) -> ReplaceIntended:
    """Give a move of order 5 to 150 USD."""
    plain: dict[str, Any] = {
        "venue_order_id": 5,
        "generation": 1,
        "price_usd": Decimal(150),
        "expires_at": _END,
        "reason": "stale",
    }
    every: dict[str, Any] = {**_COMMON, **plain, "leg": leg, "kind": kind, **fields}
    return ReplaceIntended(**every)


def _cancel(number: int) -> CancelIntended:
    return CancelIntended(
        **_COMMON, leg=Leg.ENTRY, venue_order_id=number, reason=CancelReason.KILL_SWITCH
    )


def _sweep(side: Side) -> SideCancelIntended:
    return SideCancelIntended(
        account="local", market="sol-perp", setup=None, side=side, reason=CancelReason.KILL_SWITCH
    )


CASES = {
    "bracket": Case((ENTRY, STOP)),
    "short-bracket": Case(
        (
            ENTRY.model_copy(update={"side": Side.SHORT}),
            STOP.model_copy(update={"side": Side.LONG, "quantity_base": Decimal("0.01")}),
        )
    ),
    "ladder": Case((PROFIT, PROFIT.model_copy(update={"user_order_id": 113}))),
    "close": Case((CLOSE,)),
    "close-with-makers": Case(
        (CLOSE,), has_success_condition=True, makers=((_key(7), _key(8)), (_key(9), _key(10)))
    ),
    "move-entry": Case((move(Leg.ENTRY, OrderKind.POST_ONLY_LIMIT),)),
    "move-stop": Case((move(Leg.STOP, OrderKind.TRIGGER_MARKET, expires_at=None),)),
    "convert": Case((move(Leg.ENTRY, OrderKind.LIMIT),)),
    "cancel": Case((_cancel(5),)),
    "sweep-and-close": Case((_sweep(Side.LONG), _sweep(Side.SHORT), CLOSE)),
    "fire": Case((TriggerIntended(**_COMMON, leg=Leg.STOP, venue_order_id=7),)),
    "cancel-and-stop": Case((_cancel(2**32 - 1), STOP), quote_oracle=Pubkey.default()),
    "no-orders": Case(()),
}


def encoded() -> dict[str, str]:
    """Give every case's message in hex."""
    return {name: case.message().hex() for name, case in CASES.items()}


def main() -> None:
    """Write the fixture."""
    FIXTURE.write_text(json.dumps(encoded(), indent=1) + "\n")


if __name__ == "__main__":
    main()
