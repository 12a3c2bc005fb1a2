"""Whether the open position is protected: by a stop that the venue holds, and how far it is out."""

from dataclasses import dataclass
from uuid import UUID

from contracts.values import Leg
from gateway.domain.book import Book
from gateway.domain.orders import OrderState, OrderStatus

_TARGETS = (Leg.TP1, Leg.TP2, Leg.TP3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Protection:
    """The stop and the take-profits of the open position, by what the log says of them."""

    stop: OrderState | None
    """The newest stop that is not over; None when there is none."""
    targets: tuple[OrderState, ...]
    """Of each take-profit the newest order."""

    @property
    def is_held(self) -> bool:
        """Whether the venue holds the stop, or has fired it."""
        return self.stop is not None and self.stop.venue_order_id is not None

    @property
    def targets_filled(self) -> int:
        """Count the take-profits that are done."""
        return sum(one.status is OrderStatus.FILLED for one in self.targets)


def protection(book: Book) -> Protection | None:
    """Give what protects the open position; None while flat."""
    if not book.holding.quantity_base:
        return None
    stops = [one for one in book.orders if one.leg is Leg.STOP and not one.status.is_over]
    stop = max(stops, key=lambda one: (one.venue_order_id is not None, one.position), default=None)
    setup = _setup_of(book, stop)
    newest = {one.leg: one for one in book.orders if one.setup == setup}
    targets = tuple(newest[leg] for leg in _TARGETS if leg in newest)
    return Protection(stop=stop, targets=targets)


def _setup_of(book: Book, stop: OrderState | None) -> UUID | None:
    if stop is not None:
        return stop.setup
    return None if book.setup is None else book.setup.id
