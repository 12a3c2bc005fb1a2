"""The market, the quote asset's market and the exchange's state, as their bytes are.

Source: `state/perp_market.rs`, `state/spot_market.rs` and `state/state.rs`; what is read here lies
at the same places from 2.42 to 2.142. Read by place, because a decision waits for it; driftpy's
coder, which reads every field, agrees (`tests/kit/drift_accounts.py`).
"""

import hashlib
import struct
from dataclasses import dataclass

from solders.pubkey import Pubkey

INDEX_DIGITS = 10
_SHARES = 10**13
"""Scaled balance (1e-9) times interest (1e-10), over the quote's 1e-6."""
_STATUSES = (
    "Initialized",
    "Active",
    "FundingPaused",
    "AmmPaused",
    "FillPaused",
    "WithdrawPaused",
    "ReduceOnly",
    "Settlement",
    "Delisted",
)
_ORACLE_SOURCES = (
    "Pyth",
    "Switchboard",
    "QuoteAsset",
    "Pyth1K",
    "Pyth1M",
    "PythStableCoin",
    "Prelaunch",
    "PythPull",
    "Pyth1KPull",
    "Pyth1MPull",
    "PythStableCoinPull",
    "SwitchboardOnDemand",
    "PythLazer",
    "PythLazer1K",
    "PythLazer1M",
    "PythLazerStableCoin",
)
_ORACLE_AT, _PEG_AT, _RESERVES_AT, _SIZES_AT = 40, 272, 656, 808
_SOURCE_AT, _RATIOS_AT, _INDEX_AT = 926, 1_136, 1_160
_RESERVES, _SIZES, _RATIOS = (
    struct.Struct("<16s16s16s16s"),
    struct.Struct("<QQQ"),
    struct.Struct("<II"),
)
_INDEX = struct.Struct("<HBxxB")
_MINT_AT, _INTEREST_AT = 72, 464
_INTEREST = struct.Struct("<16s16s")
_FEES_AT, _EXCHANGE_AT = 168, 974
_FEES = struct.Struct("<II")


def _of(name: str) -> bytes:
    return hashlib.sha256(f"account:{name}".encode()).digest()[:8]


_PERP, _SPOT, _STATE = ("PerpMarket", 1_216), ("SpotMarket", 776), ("State", 992)
_DISCRIMINATORS = {name: _of(name) for name, _ in (_PERP, _SPOT, _STATE)}


@dataclass(frozen=True, slots=True)
class Exchange:
    """The exchange's state."""

    paused: int
    """Bits: deposit 1, withdraw 2, AMM 4, fill 8, liquidation 16, funding 32, settlement 64, AMM's
    immediate fill 128. All of them: nothing goes through, not even a cancel."""
    taker_fee: tuple[int, int]
    """Of the first tier, as a fraction."""


@dataclass(frozen=True, slots=True)
class PerpMarket:
    """The market, in the program's units."""

    index: int
    status: str
    """Initialized, Active, FundingPaused, AmmPaused, FillPaused, WithdrawPaused, ReduceOnly,
    Settlement, Delisted."""
    paused: int
    """Bits; fills are paused at 4."""
    oracle: Pubkey
    oracle_source: str
    tick: int
    step: int
    order_min: int
    bid: int
    """At which the AMM buys."""
    ask: int
    initial_ratio: int
    """In 1e-4."""
    maintenance_ratio: int


@dataclass(frozen=True, slots=True)
class QuoteMarket:
    """The spot market of the quote asset."""

    oracle: Pubkey
    mint: Pubkey
    deposit_index: int
    """By which a scaled deposit grows, in 1e-10."""
    borrow_index: int
    """By which what is borrowed grows."""

    def tokens(self, scaled: int) -> int:
        """Give a scaled balance in 1e-6 of the quote, rounded against its owner.

        Below 0 it is borrowed.
        """
        return scaled * (self.borrow_index if scaled < 0 else self.deposit_index) // _SHARES


def read_perp_market(data: bytes) -> PerpMarket:
    """Read a perp market; raise ValueError for other bytes."""
    _require(data, *_PERP)
    ask_base, ask_quote, bid_base, bid_quote = map(_u128, _RESERVES.unpack_from(data, _RESERVES_AT))
    peg = _u128(data[_PEG_AT : _PEG_AT + 16])
    step, tick, order_min = _SIZES.unpack_from(data, _SIZES_AT)
    initial, maintenance = _RATIOS.unpack_from(data, _RATIOS_AT)
    index, status, paused = _INDEX.unpack_from(data, _INDEX_AT)
    if not (bid_base and ask_base):
        raise ValueError(f"expected market {index} to have reserves, found none")
    return PerpMarket(
        index=index,
        status=_named(_STATUSES, status, "a market's status"),
        paused=paused,
        oracle=oracle_at(data),
        oracle_source=_named(_ORACLE_SOURCES, data[_SOURCE_AT], "a source of oracle prices"),
        tick=tick,
        step=step,
        order_min=order_min,
        bid=bid_quote * peg // bid_base,
        ask=-(-ask_quote * peg // ask_base),
        initial_ratio=initial,
        maintenance_ratio=maintenance,
    )


def read_quote_market(data: bytes) -> QuoteMarket:
    """Read a spot market; raise ValueError for other bytes."""
    _require(data, *_SPOT)
    deposit_index, borrow_index = map(_u128, _INTEREST.unpack_from(data, _INTEREST_AT))
    return QuoteMarket(
        oracle=oracle_at(data),
        mint=Pubkey(data[_MINT_AT : _MINT_AT + 32]),
        deposit_index=deposit_index,
        borrow_index=borrow_index,
    )


def read_exchange(data: bytes) -> Exchange:
    """Read the exchange's state; raise ValueError for other bytes."""
    _require(data, *_STATE)
    return Exchange(data[_EXCHANGE_AT], _FEES.unpack_from(data, _FEES_AT))


def oracle_at(data: bytes) -> Pubkey:
    """Give the oracle of a market, spot or perp."""
    return Pubkey(data[_ORACLE_AT : _ORACLE_AT + 32])


def _require(data: bytes, name: str, size: int) -> None:
    if len(data) < size or data[:8] != _DISCRIMINATORS[name]:
        found = f"{len(data)} bytes that begin with {data[:8].hex()}"
        raise ValueError(f"expected a {name} of {size} bytes, found {found}")


def _named(names: tuple[str, ...], index: int, what: str) -> str:
    if index >= len(names):
        raise ValueError(f"expected {what} below {len(names)}, found {index}")
    return names[index]


def _u128(data: bytes) -> int:
    return int.from_bytes(data, "little")
