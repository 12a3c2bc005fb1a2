"""What driftpy's own builders write, to compare our reading with. Needs the `drift` extra.

`python -m kit.drift_golden` writes the fixture anew.
"""

import importlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from solders.keypair import Keypair
from solders.pubkey import Pubkey

FIXTURE = Path(__file__).parents[1] / "contract" / "drift" / "instructions.json"
AUTHORITY = Pubkey.from_string("So11111111111111111111111111111111111111112")
DELEGATE = Keypair.from_seed(bytes(range(32)))
SUB_ACCOUNT = 3

Written = Mapping[str, dict[str, Any]]
"""By case: the data in hex, and each account with its flags."""


def client() -> Any:
    """Give a driftpy client that is connected to nothing, for its builders alone."""
    drift = importlib.import_module("driftpy.drift_client").DriftClient
    anchorpy = importlib.import_module("anchorpy")
    idl_file = Path(importlib.import_module("driftpy").__file__ or "").parent / "idl/drift.json"
    constants = importlib.import_module("driftpy.constants.config")
    made = drift.__new__(drift)
    made.program_id = constants.DRIFT_PROGRAM_ID
    made.authority = AUTHORITY
    made.active_sub_account_id = SUB_ACCOUNT
    made.wallet = anchorpy.Wallet(DELEGATE)
    made.program = anchorpy.Program(
        anchorpy.Idl.from_json(idl_file.read_text()), made.program_id, anchorpy.Provider(None, None)
    )
    made.get_user_account = _nothing
    made.get_remaining_accounts = _no_accounts
    return made


def _nothing(*_: object) -> None:
    """Stand where driftpy would ask a node for our account."""


def _no_accounts(**_: object) -> list[object]:
    """Stand where driftpy would name the accounts that it has subscribed to."""
    return []


def built() -> Written:
    """Let driftpy write every case."""
    types = importlib.import_module("driftpy.types")
    it = client()
    entry = types.OrderParams(
        order_type=types.OrderType.Limit(),
        market_type=types.MarketType.Perp(),
        direction=types.PositionDirection.Long(),
        base_asset_amount=10_000_000_000,
        market_index=0,
        user_order_id=16,
        price=149_900_000,
        post_only=types.PostOnlyParams.MustPostOnly(),
        max_ts=1_750_507_230,
    )
    stop = types.OrderParams(
        order_type=types.OrderType.TriggerMarket(),
        market_type=types.MarketType.Perp(),
        direction=types.PositionDirection.Short(),
        base_asset_amount=2**64 - 1,
        market_index=0,
        user_order_id=48,
        reduce_only=True,
        max_ts=0,
        trigger_price=148_000_000,
        trigger_condition=types.OrderTriggerCondition.Below(),
    )
    every = types.OrderParams(
        order_type=types.OrderType.Oracle(),
        market_type=types.MarketType.Perp(),
        direction=types.PositionDirection.Short(),
        base_asset_amount=1,
        market_index=513,
        user_order_id=255,
        price=2,
        reduce_only=True,
        post_only=types.PostOnlyParams.Slide(),
        bit_flags=3,
        max_ts=-4,
        trigger_price=5,
        trigger_condition=types.OrderTriggerCondition.TriggeredBelow(),
        oracle_price_offset=-6,
        auction_duration=7,
        auction_start_price=-8,
        auction_end_price=9,
    )
    close = types.OrderParams(
        order_type=types.OrderType.Limit(),
        market_type=types.MarketType.Perp(),
        direction=types.PositionDirection.Short(),
        base_asset_amount=10_000_000_000,
        market_index=0,
        user_order_id=208,
        price=149_000_000,
        reduce_only=True,
        bit_flags=1,
    )
    # Its own enum of policies cannot be written; the number can.
    move = types.ModifyOrderParams(price=150_000_000, max_ts=1_750_507_230, policy=1)
    every_change = types.ModifyOrderParams(
        direction=types.PositionDirection.Short(),
        base_asset_amount=1,
        price=2,
        reduce_only=True,
        post_only=types.PostOnlyParams.TryPostOnly(),
        bit_flags=3,
        max_ts=-4,
        trigger_price=5,
        trigger_condition=types.OrderTriggerCondition.TriggeredAbove(),
        oracle_price_offset=-6,
        auction_duration=7,
        auction_start_price=-8,
        auction_end_price=9,
        policy=3,
    )
    user = it.get_user_account_public_key()
    order = types.Order(**dict.fromkeys(types.Order.__dataclass_fields__, 0))
    order.order_id, order.market_type = 7, types.MarketType.Perp()
    written = {
        "bracket": it.get_place_orders_ix([entry, stop]),
        "entry": it.get_place_perp_order_ix(entry),
        "every-field": it.get_place_perp_order_ix(every),
        "close": it.get_place_and_take_perp_order_ix(close),
        "move": it.get_modify_order_ix(5, move),
        "every-change": it.get_modify_order_ix(5, every_change),
        "cancel": it.get_cancel_order_ix(5),
        "cancel-last": it.get_cancel_order_ix(None),
        "cancel-number": it.get_cancel_order_by_user_id_ix(16),
        "cancel-side": it.get_cancel_orders_ix(
            types.MarketType.Perp(), 0, types.PositionDirection.Long()
        ),
        "cancel-all": it.get_cancel_orders_ix(None, None, None),
        "fire": it.get_trigger_order_ix(user, None, order),
        "move-by-number": it.get_modify_order_by_user_id_ix(16, move),
    }
    return {name: _plain(ix) for name, ix in written.items()}


def addresses() -> dict[str, str]:
    """Give the addresses that driftpy derives."""
    it = client()
    return {
        "program": str(it.program_id),
        "state": str(it.get_state_public_key()),
        "user": str(it.get_user_account_public_key()),
        "user_stats": str(it.get_user_stats_public_key()),
        "delegate": str(it.wallet.public_key),
    }


def _plain(ix: Any) -> dict[str, Any]:
    accounts = [[str(it.pubkey), it.is_signer, it.is_writable] for it in ix.accounts]
    return {"data": bytes(ix.data).hex(), "accounts": accounts}


def main() -> None:
    """Write the fixture."""
    FIXTURE.parent.mkdir(exist_ok=True)
    body = {"addresses": addresses(), "instructions": built()}
    FIXTURE.write_text(json.dumps(body, indent=1) + "\n")


if __name__ == "__main__":
    main()
