"""The position ledger: average entry, realized PnL, fees, funding, interest, as it was recorded.

Exact where it must be: whatever is cut off when a part of the position closes stays in the cost
of the rest, so that the realized PnL of a flat position is its proceeds less its cost, to the
last digit. Cash is the sum of every flow, so it can be compared with the venue's to the last unit.
"""

from decimal import ROUND_HALF_EVEN, Decimal

import msgspec
from msgspec.structs import replace

from contracts.values import Side

ZERO = Decimal(0)
_USD = Decimal("1e-9")


class Ledger(msgspec.Struct, frozen=True):
    """What fills, fees and funding have made of one account in one market."""

    position_base: Decimal = ZERO
    """Signed: above zero is long."""
    cost_usd: Decimal = ZERO
    """What the open position was bought, or sold, for."""
    cash_usd: Decimal = ZERO
    """Every flow so far: sales less purchases, less fees, plus funding."""
    realized_pnl_usd: Decimal = ZERO
    """Price PnL of what is closed, before fees."""
    fees_usd: Decimal = ZERO
    """Fees of fills; negative for rebates."""
    venue_fees_usd: Decimal = ZERO
    """Flat fees that belong to no fill."""
    funding_usd: Decimal = ZERO
    """Received; negative when paid."""
    interest_usd: Decimal = ZERO
    """On the quote balance; negative when paid."""

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
    def net_usd(self) -> Decimal:
        """Give what was made, all costs counted, of what is closed."""
        received = self.funding_usd + self.interest_usd
        return self.realized_pnl_usd - self.fees_usd - self.venue_fees_usd + received

    def filled(
        self, *, side: Side, price_usd: Decimal, quantity_base: Decimal, fee_usd: Decimal
    ) -> "Ledger":
        """Give the ledger after a fill; one that closes more than is open opens the other side."""
        if self.side is None or self.side is side:
            return self._opened(side, price_usd, quantity_base, fee_usd)
        closed = min(quantity_base, self.quantity_base)
        cost = _share(self.cost_usd, closed, self.quantity_base)
        after = replace(
            self,
            position_base=self.position_base + side.sign * closed,
            cost_usd=self.cost_usd - cost,
            cash_usd=self.cash_usd - side.sign * price_usd * closed - fee_usd,
            realized_pnl_usd=self.realized_pnl_usd - side.sign * (price_usd * closed - cost),
            fees_usd=self.fees_usd + fee_usd,
        )
        if closed == quantity_base:
            return after
        rest = quantity_base - closed
        return after.filled(side=side, price_usd=price_usd, quantity_base=rest, fee_usd=ZERO)

    def charged(self, fee_usd: Decimal) -> "Ledger":
        """Give the ledger after a flat fee."""
        return replace(
            self,
            cash_usd=self.cash_usd - fee_usd,
            venue_fees_usd=self.venue_fees_usd + fee_usd,
        )

    def funded(self, amount_usd: Decimal) -> "Ledger":
        """Give the ledger after funding was received, or paid when negative."""
        return replace(
            self,
            cash_usd=self.cash_usd + amount_usd,
            funding_usd=self.funding_usd + amount_usd,
        )

    def accrued(self, amount_usd: Decimal) -> "Ledger":
        """Give the ledger after interest was received, or paid when negative."""
        return replace(
            self,
            cash_usd=self.cash_usd + amount_usd,
            interest_usd=self.interest_usd + amount_usd,
        )

    def _opened(
        self, side: Side, price_usd: Decimal, quantity_base: Decimal, fee_usd: Decimal
    ) -> "Ledger":
        return replace(
            self,
            position_base=self.position_base + side.sign * quantity_base,
            cost_usd=self.cost_usd + price_usd * quantity_base,
            cash_usd=self.cash_usd - side.sign * price_usd * quantity_base - fee_usd,
            fees_usd=self.fees_usd + fee_usd,
        )


FLAT = Ledger()
"""Nothing yet."""


def _share(amount_usd: Decimal, part: Decimal, whole: Decimal) -> Decimal:
    """Give the part's share of an amount; the whole takes all, so nothing is ever left over."""
    if part == whole:
        return amount_usd
    return (amount_usd * part / whole).quantize(_USD, ROUND_HALF_EVEN)
