"""What a venue charges, as data: taker fee and maker rebate (execution.md 2.10)."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from contracts.values import Liquidity

_QUOTE_UNIT = Decimal("0.000001")
_BPS = Decimal(10_000)


@dataclass(frozen=True, slots=True)
class FeeTable:
    """Fees in basis points of the notional; a rebate is below zero."""

    taker_bps: Decimal
    maker_bps: Decimal

    def fee_usd(self, notional_usd: Decimal, liquidity: Liquidity) -> Decimal:
        """Give the fee of a fill, rounded for the venue: a fee up, a rebate down."""
        bps = self.maker_bps if liquidity is Liquidity.MAKER else self.taker_bps
        return (notional_usd * bps / _BPS).quantize(_QUOTE_UNIT, ROUND_CEILING)


FEES: Mapping[str, FeeTable] = {
    "velocity": FeeTable(taker_bps=Decimal(4), maker_bps=Decimal("-0.25")),
    "drift": FeeTable(taker_bps=Decimal(10), maker_bps=Decimal(-2)),
}
