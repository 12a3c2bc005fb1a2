"""Accounts of random bytes, and what driftpy's coder reads in them. Needs the `drift` extra.

`python -m kit.drift_accounts` writes the fixture `contract/drift/accounts.json` anew.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Any

from solders.pubkey import Pubkey

from execution.venues.drift import abi

FIXTURE = Path(__file__).parents[1] / "contract" / "drift" / "accounts.json"
SIZES = {"PerpMarket": 1_216, "SpotMarket": 776, "State": 992}
_SEED = 2_142
_SMALL = {
    "PerpMarket": range(914, 1_200),
    "SpotMarket": range(670, 776),
    "State": range(8, 992),
}
"""Where enums and flags lie: a byte above 1 is no value of them all."""
_PROGRAM = Pubkey.from_string("dRiftyHA39MWEi3m9aunc5MzRF1JYuBsbn6VPcn33UH")

Read = Mapping[str, Mapping[str, Any]]
"""By account: its bytes in hex, and the fields by name."""


def drawn(name: str) -> bytes:
    """Give an account's bytes, equal every time."""
    chance = Random(f"{_SEED}-{name}")
    data = bytearray(chance.randbytes(SIZES[name]))
    data[:8] = hashlib.sha256(f"account:{name}".encode()).digest()[:8]
    for at in _SMALL[name]:
        data[at] &= 1
    return bytes(data)


def read() -> Read:
    """Let driftpy read every account."""
    return {name: {"data": drawn(name).hex(), "fields": _fields(name)} for name in SIZES}


def _fields(name: str) -> dict[str, Any]:
    found = abi.decoded(_PROGRAM, drawn(name))
    match name:
        case "PerpMarket":
            return {
                "index": found.market_index,
                "status": abi.name_of(found.status),
                "paused": found.paused_operations,
                "oracle": str(found.amm.oracle),
                "oracle_source": abi.name_of(found.amm.oracle_source),
                "tick": found.amm.order_tick_size,
                "step": found.amm.order_step_size,
                "order_min": found.amm.min_order_size,
                "peg": found.amm.peg_multiplier,
                "bid_base": found.amm.bid_base_asset_reserve,
                "bid_quote": found.amm.bid_quote_asset_reserve,
                "ask_base": found.amm.ask_base_asset_reserve,
                "ask_quote": found.amm.ask_quote_asset_reserve,
                "initial_ratio": found.margin_ratio_initial,
                "maintenance_ratio": found.margin_ratio_maintenance,
            }
        case "SpotMarket":
            return {
                "oracle": str(found.oracle),
                "mint": str(found.mint),
                "deposit_index": found.cumulative_deposit_interest,
                "borrow_index": found.cumulative_borrow_interest,
            }
        case _:
            tier = found.perp_fee_structure.fee_tiers[0]
            return {
                "paused": found.exchange_status,
                "taker_fee": [tier.fee_numerator, tier.fee_denominator],
            }


def main() -> None:
    """Write the fixture."""
    FIXTURE.write_text(json.dumps(read(), indent=1) + "\n")


if __name__ == "__main__":
    main()
