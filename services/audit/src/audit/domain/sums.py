"""What every fill must say of its profit, computed from the fills alone.

Risk reads the profit from the fill, so a fill that lies about it lies in every verdict after it.
The cost of a position is what its fills paid; what a part of it closes takes its share, rounded
half to even to 1e-9 USD, and the last part takes the rest. What the venue says of the position is
not judged here: it may have had one before, which execution compares with its snapshots.
"""

from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Context, Decimal, localcontext

from audit.domain.verification import Difference, as_text
from contracts.event import Recorded
from contracts.order import OrderFilled
from contracts.venue import AccountFunded, ForeignOrderFilled, PositionLiquidated

_EXACT = Context(prec=40, rounding=ROUND_HALF_EVEN)
_ZERO = Decimal(0)
_USD = Decimal("1e-9")
_Fill = OrderFilled | PositionLiquidated | ForeignOrderFilled


@dataclass(frozen=True, slots=True)
class _Held:
    """A signed position, and what it cost."""

    base: Decimal = _ZERO
    cost_usd: Decimal = _ZERO


@dataclass(slots=True)
class Sums:
    """Folds fills in position order and gives what they say otherwise than they add up to."""

    _held: dict[tuple[str, str], _Held] = field(default_factory=dict[tuple[str, str], _Held])
    """By account and market."""
    _fills: dict[tuple[str, str, str], int] = field(default_factory=dict[tuple[str, str, str], int])
    """Positions of the fills, by account, market and the venue's name of the fill."""
    _funded: dict[str, int] = field(default_factory=dict[str, int])
    """Positions of what each account was funded by."""

    def fold(self, recorded: Recorded) -> list[Difference]:
        """Take one event; give what must hold of it and does not."""
        event = recorded.event
        if isinstance(event, AccountFunded):
            return self._fund(event, recorded.position)
        if not isinstance(event, _Fill):
            return []
        place, what = (event.account, event.market), event.event_type
        first = self._fills.setdefault((*place, event.fill_id), recorded.position)
        if first != recorded.position:
            expected = f"fill {event.fill_id} once, at {first}"
            return [Difference(recorded.position, what, expected, "it again")]
        with localcontext(_EXACT):
            after, realized_usd = _filled(self._held.get(place, _Held()), event)
        self._held[place] = after
        if realized_usd == event.realized_pnl_usd:
            return []
        shown = as_text(realized_usd), as_text(event.realized_pnl_usd)
        return [Difference(recorded.position, f"{what} realized_pnl_usd", *shown)]

    def _fund(self, event: AccountFunded, position: int) -> list[Difference]:
        """Forget what filled before: the account is flat. A second time would hide what it lost."""
        first = self._funded.setdefault(event.account, position)
        if first != position:
            expected = f"{event.account} funded once, at {first}"
            return [Difference(position, event.event_type, expected, "it again")]
        self._held.pop((event.account, event.market), None)
        return []


def _filled(held: _Held, event: _Fill) -> tuple[_Held, Decimal]:
    """Give the position after a fill, and the price PnL of what it closed."""
    sign, price, quantity = event.side.sign, event.price_usd, event.quantity_base
    size = abs(held.base)
    if held.base * sign >= 0:
        return _Held(held.base + sign * quantity, held.cost_usd + price * quantity), _ZERO
    closed = min(quantity, size)
    share = held.cost_usd
    if closed != size:
        share = (share * closed / size).quantize(_USD, ROUND_HALF_EVEN)
    realized_usd = -sign * (price * closed - share)
    opened = quantity - closed
    cost = held.cost_usd - share + price * opened
    return _Held(held.base + sign * quantity, cost), realized_usd
