"""What moves and fills must be of: an order that was intended, no more of it than was wanted.

A move, a cancel or a trigger names an order of the same setup and leg, and no move loosens an
approved stop. A fill is of its order's side; an order fills at most its size, and the entries of a
setup, of which one follows when another never landed, fill at most what was approved.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID

from audit.domain.verification import Difference, shorten
from contracts.event import Recorded
from contracts.order import (
    CancelIntended,
    OrderFilled,
    OrderIntended,
    ReplaceIntended,
    TriggerIntended,
)
from contracts.values import Leg
from contracts.verdict import OrderApproved

_OfOrder = ReplaceIntended | CancelIntended | TriggerIntended | OrderFilled
_Found = list[tuple[str, str]]
"""What was expected, and what was found."""


@dataclass(slots=True)
class Orders:
    """Folds events in position order and gives what no order and no approval covers."""

    _approved: dict[UUID, OrderApproved] = field(default_factory=dict[UUID, OrderApproved])
    _intended: dict[str, OrderIntended] = field(default_factory=dict[str, OrderIntended])
    _filled: dict[str, Decimal] = field(default_factory=lambda: defaultdict[str, Decimal](Decimal))
    """By order."""
    _entered: dict[UUID, Decimal] = field(
        default_factory=lambda: defaultdict[UUID, Decimal](Decimal)
    )
    """What the entries of a setup filled."""

    def fold(self, recorded: Recorded) -> list[Difference]:
        """Take one event; give what must hold of it and does not."""
        event = recorded.event
        match event:
            case OrderApproved():
                self._approved[recorded.id] = event
            case OrderIntended():
                self._intended[event.client_order_id] = event
            case _ if isinstance(event, _OfOrder):
                return [
                    Difference(recorded.position, event.event_type, *map(shorten, it))
                    for it in self._judged(event)
                ]
            case _:
                pass
        return []

    def _judged(self, event: _OfOrder) -> _Found:
        order = self._intended.get(event.client_order_id)
        if (found := _place(order)) != (wanted := _place(event)):
            return [(f"order_intended {event.client_order_id} before it, {wanted}", found)]
        if order is None:
            return []
        match event:
            case ReplaceIntended():
                return self._moved(order, event)
            case OrderFilled():
                return self._fill(order, event)
            case _:
                return []

    def _moved(self, order: OrderIntended, event: ReplaceIntended) -> _Found:
        approved = self._approved.get(event.setup)
        if approved is None or order.leg is not Leg.STOP or order.side is approved.side:
            return []
        loosest = approved.stop_price_usd
        if approved.side.sign * (event.price_usd - loosest) >= 0:
            return []
        return [(f"a stop no looser than {loosest}", str(event.price_usd))]

    def _fill(self, order: OrderIntended, event: OrderFilled) -> _Found:
        found: _Found = []
        if event.side is not order.side:
            found.append((f"a fill of the side {order.side}", event.side))
        filled = self._filled[event.client_order_id] = (
            self._filled[event.client_order_id] + event.quantity_base
        )
        if order.quantity_base is not None and filled > order.quantity_base:
            found.append((f"fills of {order.quantity_base} at most", str(filled)))
        approved = self._approved.get(event.setup)
        if order.leg is Leg.ENTRY and approved is not None:
            entered = self._entered[event.setup] = self._entered[event.setup] + event.quantity_base
            if entered > approved.quantity_base:
                most = approved.quantity_base
                found.append((f"entries of the setup that fill {most} at most", str(entered)))
        return found


def _place(event: OrderIntended | _OfOrder | None) -> str:
    """Say whose order it is; an order keeps that from its birth to its last fill."""
    if event is None:
        return "none"
    return f"{event.leg} of {event.setup}, {event.account} in {event.market}"
