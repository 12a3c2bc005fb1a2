"""The position ledger: average entry, realized PnL and fees, from fills alone.

Exact where it must be: whatever is cut off when a part of the position closes stays in the cost
of the rest, so that the realized PnL of a flat position is its proceeds less its cost, to the
last digit.
"""

from dataclasses import dataclass, replace
from decimal import ROUND_HALF_EVEN, Decimal

from contracts.values import Side

ZERO = Decimal(0)
_USD = Decimal("1e-9")


class PositionFlipped(Exception):
    """A fill closed more than there was: reduce-only was broken somewhere."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """What fills have made of one position."""

    position_base: Decimal = ZERO
    """Signed: above zero is long."""
    cost_usd: Decimal = ZERO
    """What the open position was bought, or sold, for."""
    open_fees_usd: Decimal = ZERO
    """Fees of the entries, for the part that is still open; negative for rebates."""
    realized_pnl_usd: Decimal = ZERO
    """Price PnL of what is closed, before fees."""
    fees_usd: Decimal = ZERO
    """All fees of all fills; negative for rebates."""

    @property
    def quantity_base(self) -> Decimal:
        """Give the size of the position."""
        return abs(self.position_base)

    @property
    def side(self) -> Side | None:
        """Give the position's side; None when flat."""
        if not self.position_base:
            return None
        return Side.LONG if self.position_base > 0 else Side.SHORT

    @property
    def break_even_usd(self) -> Decimal:
        """Give the exit price that earns back the entry and its fees; only when not flat."""
        sign = 1 if self.position_base > 0 else -1
        return (self.cost_usd + sign * self.open_fees_usd) / self.quantity_base

    def filled(
        self, *, side: Side, price_usd: Decimal, quantity_base: Decimal, fee_usd: Decimal
    ) -> "Ledger":
        """Give the ledger after a fill; raise PositionFlipped when it closes more than is open."""
        if self.side in (None, side):
            return replace(
                self,
                position_base=self.position_base + side.sign * quantity_base,
                cost_usd=self.cost_usd + price_usd * quantity_base,
                open_fees_usd=self.open_fees_usd + fee_usd,
                fees_usd=self.fees_usd + fee_usd,
            )
        if quantity_base > self.quantity_base:
            raise PositionFlipped(
                f"expected to close at most {self.quantity_base}, found a fill of {quantity_base}"
            )
        cost = _share(self.cost_usd, quantity_base, self.quantity_base)
        return replace(
            self,
            position_base=self.position_base + side.sign * quantity_base,
            cost_usd=self.cost_usd - cost,
            open_fees_usd=self.open_fees_usd
            - _share(self.open_fees_usd, quantity_base, self.quantity_base),
            realized_pnl_usd=self.realized_pnl_usd - side.sign * (price_usd * quantity_base - cost),
            fees_usd=self.fees_usd + fee_usd,
        )


FLAT = Ledger()
"""No fills yet."""


def _share(amount_usd: Decimal, part: Decimal, whole: Decimal) -> Decimal:
    """Give the part's share of an amount; the whole takes all, so nothing is ever left over."""
    if part == whole:
        return amount_usd
    return (amount_usd * part / whole).quantize(_USD, ROUND_HALF_EVEN)
