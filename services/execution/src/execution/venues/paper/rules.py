"""How the paper venue is modelled, as data: each default is on the pessimistic side.

What a simulator is easily too kind about (execution.md 7.2) is a field here. The numbers that the
program has are from execution.md 2; the rest are guesses that err against us.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import pairwise
from typing import Self

from execution.venues.paper.fees import FEES, FeeTable

Quantiles = tuple[tuple[int, int], ...]
"""A distribution: (permille, milliseconds), ascending from 0 to 1000, straight in between."""

_ZERO, _ONE = Decimal(0), Decimal(1)


@dataclass(frozen=True, slots=True)
class PaperRules:
    """How the chain, its program, its keepers and its other traders behave."""

    seed: int = 1
    """Every chance is a hash of this, a purpose, a key and an index."""

    slot_ms: int = 400
    blockhash_life_blocks: int = 150
    """A transaction can land in so many blocks; every slot has one."""
    landing_ms: Quantiles = ((0, 400), (500, 900), (900, 2_000), (990, 6_000), (1_000, 12_000))
    """From a broadcast to its block."""
    drop_rate: Decimal = Decimal("0.10")
    """Part of the broadcasts that no leader ever sees."""
    late_rate: Decimal = Decimal("0.01")
    """Part of the broadcasts that land anywhere up to the last valid block."""
    rebroadcast_ms: int = 1_000
    """Between two broadcasts of the same bytes."""
    view_lag_slots_max: int = 4
    """How far behind the chain the node is that we ask, at most."""

    fees: FeeTable = FEES["velocity"]
    keeper_fee_usd: Decimal = Decimal("0.01")
    """What the program charges when a stranger triggers, expires or cancels for us."""

    participation: Decimal = Decimal("0.02")
    """The venue's volume as a part of the feed's: of each print so much can reach us."""
    queue_ahead_usd: Decimal = Decimal(25_000)
    """The venue's notional that rests before us at our price when we come to it."""
    fill_usd_min: Decimal = Decimal(250)
    """What reaches an order adds up until it is worth so much, or all of it: takers come in
    sizes, not in dust."""
    basis_bps: Decimal = _ZERO
    """How far the venue's market stands from the feed."""
    venue_spread_bps: Decimal = _ONE
    """How much further out than the feed's the venue's bid and ask are, each."""
    amm_spread_bps: Decimal = Decimal(2)
    """How far from the mark the vAMM quotes, each side."""
    amm_stale_slots: int = 10
    """The vAMM does not quote on an older oracle."""

    taker_spread_bps: Decimal = Decimal(2)
    """What a taker pays beyond the mark for the smallest size."""
    depth_usd: Decimal = Decimal(250_000)
    """Notional that moves a taker's price by another 1 %."""
    taker_bound_bps: Decimal = Decimal(500)
    """Farthest from the mark that a taker is filled."""
    auction_fill_usd_max: Decimal = Decimal(50_000)
    """Notional of one fill in an auction; the rest waits for the next keeper."""
    open_interest_max_usd: Decimal = Decimal(1_350_000)
    """Of the whole market: nobody may add to it beyond this."""
    open_interest_others_usd: Decimal = Decimal(675_000)
    """What the others hold of it."""

    keeper_ms: Quantiles = ((0, 400), (500, 1_500), (900, 4_000), (990, 10_000), (1_000, 20_000))
    """From the moment at which a keeper can do something to its transaction's landing."""
    keeper_retry_ms: int = 1_000
    """A keeper that cannot act tries again after so long."""
    auction_slots: int = 20
    """Length of an auction; its first fill comes in any of its slots."""
    reap_ms_min: int = 15_000
    """An order whose time is over is taken off after so long at least…"""
    reap_ms_max: int = 25_000
    """…and at most."""

    initial_margin_ratio: Decimal = Decimal("0.05")
    """Of the notional, to take on risk. The maintenance ratio is the market's."""
    imf_factor: Decimal = Decimal("0.00005")
    """How the margin ratios grow with the square root of the size (program: `imf_factor`)."""
    order_margin_usd: Decimal = Decimal("0.01")
    """Margin of every open order beside its size."""
    liquidator_fee_ratio: Decimal = Decimal("0.0075")
    """How much worse than the oracle a liquidator takes over."""
    insurance_fee_ratio: Decimal = Decimal("0.0075")
    """What a liquidation pays on top."""
    liquidation_share_max: Decimal = Decimal("0.25")
    """Part of the position that one liquidator takes over; of the last 50 USD all."""
    liquidation_buffer_ratio: Decimal = Decimal("0.02")
    """A liquidation goes on until equity is so far above maintenance, of the notional."""

    oracle_silence_ms: int = 60_000
    """So long the oracle goes on publishing its price while the feed is silent: a quiet market is
    no stale oracle."""
    oracle_stale_slots: int = 120
    """On an older oracle nobody triggers, takes on risk or is liquidated."""
    trigger_band_bps: Decimal = Decimal(20)
    """Farthest that the trigger price stands from the oracle."""
    funding_offset_per_year: Decimal = Decimal("0.1095")
    """What longs pay while mark and oracle agree."""
    funding_clamp: Decimal = Decimal("0.03")
    """Largest difference of mark and oracle that counts, of the oracle."""
    funding_dead_zone_bps: Decimal = Decimal(5)
    """A smaller difference counts as none."""

    fee_payer_lamports: int = 100_000_000
    """What an account's fee payer has when the account is opened."""
    signature_lamports: int = 5_000
    fee_per_unit_microlamports: int = 10_000
    """What others are said to have paid lately."""

    def __post_init__(self) -> None:
        """Raise ValueError for rules that no chain could follow."""
        for name in ("slot_ms", "blockhash_life_blocks", "rebroadcast_ms", "keeper_retry_ms"):
            self._require(name, is_right=getattr(self, name) >= 1, expected="at least 1")
        for name in ("drop_rate", "late_rate"):
            self._require(name, is_right=_ZERO <= getattr(self, name) <= _ONE, expected="0 to 1")
        self._require("participation", is_right=0 < self.participation <= 1, expected="0 to 1")
        self._require("depth_usd", is_right=self.depth_usd > 0, expected="more than 0")
        self._require("reap_ms_max", is_right=self.reap_ms_max >= self.reap_ms_min, expected="min")
        for name in ("landing_ms", "keeper_ms"):
            is_right = _is_distribution(getattr(self, name))
            self._require(name, is_right=is_right, expected="ascending quantiles from 0 to 1000")

    def _require(self, name: str, *, is_right: bool, expected: str) -> None:
        if not is_right:
            raise ValueError(f"expected {expected} as {name}, found {getattr(self, name)}")

    @classmethod
    def calm(cls) -> Self:
        """Give a chain for tests: what is sent lands at once, what is seen is current.

        Every print reaches us whole, nobody stands before us, and keepers take 1 s.
        """
        return replace(
            cls(),
            landing_ms=((0, 0), (1_000, 0)),
            drop_rate=_ZERO,
            late_rate=_ZERO,
            view_lag_slots_max=0,
            participation=_ONE,
            queue_ahead_usd=_ZERO,
            fill_usd_min=_ZERO,
            venue_spread_bps=_ZERO,
            keeper_ms=((0, 1_000), (1_000, 1_000)),
            auction_slots=0,
            oracle_silence_ms=0,
        )


def _is_distribution(quantiles: Sequence[tuple[int, int]]) -> bool:
    is_ascending = all(
        before[0] < after[0] and before[1] <= after[1] for before, after in pairwise(quantiles)
    )
    return (
        len(quantiles) > 1
        and is_ascending
        and quantiles[0][0] == 0
        and quantiles[-1][0] == 1_000
        and quantiles[0][1] >= 0
    )
