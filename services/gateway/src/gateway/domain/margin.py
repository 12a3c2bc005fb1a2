"""What the open position asks of the account's equity, and where the venue would take it over.

By contracts.liquidation: this position alone, with the whole equity as its margin.
"""

from dataclasses import dataclass
from decimal import Decimal

from contracts.liquidation import health_pct, liquidation_price_usd
from contracts.values import Side


@dataclass(frozen=True, slots=True, kw_only=True)
class Margin:
    """An open position at a price."""

    quantity_base: Decimal
    """Signed; never zero."""
    price_usd: Decimal
    equity_usd: Decimal
    """What the account is worth at that price."""
    ratio: Decimal
    """The maintenance ratio of the market."""

    @property
    def maintenance_usd(self) -> Decimal:
        """Give the equity below which the venue takes over."""
        return self.ratio * self._notional_usd

    @property
    def ratio_now(self) -> Decimal:
        """Give equity over notional; the venue takes over where it is `ratio`."""
        return self.equity_usd / self._notional_usd

    @property
    def liquidation_usd(self) -> Decimal:
        """Give the price at which the venue takes over; zero when it cannot get there."""
        return liquidation_price_usd(
            side=Side.LONG if self.quantity_base > 0 else Side.SHORT,
            quantity_base=abs(self.quantity_base),
            price_usd=self.price_usd,
            margin_usd=self.equity_usd,
            maintenance_ratio=self.ratio,
        )

    @property
    def health_pct(self) -> Decimal:
        """Give the account's health as the venue counts it: 0 where it takes over."""
        return health_pct(
            quantity_base=abs(self.quantity_base),
            price_usd=self.price_usd,
            margin_usd=self.equity_usd,
            maintenance_ratio=self.ratio,
        )

    @property
    def _notional_usd(self) -> Decimal:
        return abs(self.quantity_base) * self.price_usd
