"""Interest on the quote balance: between which bounds what nobody told of can be it.

A venue pays it all the time and says nothing; it shows a balance and two indices that grow. What a
balance earned between two looks is known to the last unit while nothing moved it. Where something
did, without a word of when, it lies between what the least and the greatest balance would have.
"""

from decimal import Decimal

import msgspec
from msgspec.structs import replace

from contracts.venue import QuoteBalance

_ROUNDING_USD = Decimal("0.000003")
"""What the program may keep of what moves and of what is shown, in whole units."""
ZERO = Decimal(0)


class Accrual(msgspec.Struct, frozen=True):
    """From where on interest is not in the log, and what was paid in and taken out since."""

    balance_usd: Decimal
    deposit_index: Decimal
    borrow_index: Decimal
    moved_usd: Decimal = ZERO
    moved_low_usd: Decimal = ZERO
    """The least that `moved_usd` was."""
    moved_high_usd: Decimal = ZERO

    def moved(self, amount_usd: Decimal) -> "Accrual":
        """Give it after something was paid in, or taken out."""
        moved = self.moved_usd + amount_usd
        return replace(
            self,
            moved_usd=moved,
            moved_low_usd=min(self.moved_low_usd, moved),
            moved_high_usd=max(self.moved_high_usd, moved),
        )

    def bounds_usd(self, now: QuoteBalance) -> tuple[Decimal, Decimal]:
        """Give the least and the most that was earned until now."""
        shown = now.balance_usd / self._growth(now.balance_usd, now)
        began = (self.balance_usd, shown - self.moved_usd)
        least, most = min(began) + self.moved_low_usd, max(began) + self.moved_high_usd
        return (
            least * (self._growth(least, now) - 1) - _ROUNDING_USD,
            most * (self._growth(most, now) - 1) + _ROUNDING_USD,
        )

    def _growth(self, balance_usd: Decimal, now: QuoteBalance) -> Decimal:
        """Give by what a balance, or what is borrowed, has grown."""
        if balance_usd < 0:
            return now.borrow_index / self.borrow_index
        return now.deposit_index / self.deposit_index


def begun(quote: QuoteBalance) -> Accrual:
    """Give where interest begins: all until now is in the log."""
    return Accrual(quote.balance_usd, quote.deposit_index, quote.borrow_index)
