"""One print at work on one account's book: what it is, and what the venue is seen to do at it.

Everything seen is at once an event to be recorded and a change of the book, so that neither can
be forgotten. Ids derive from the intent that caused it; two runs see the same.
"""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TypedDict
from uuid import UUID

from contracts.event import Draft
from contracts.ids import EventId, derive_id
from contracts.order import (
    CancelReason,
    EntryWentStale,
    OrderCanceled,
    OrderFilled,
    OrderPlaced,
    OrderRejected,
    OrderReplaced,
    StopTriggered,
    VenueClock,
)
from contracts.routes import subject_of
from contracts.values import Leg, Liquidity, Side, from_millis
from execution.domain.pricing import floor_to
from execution.domain.setup import Observation
from execution.venues.paper.book import AnyPending, Book, HeldOrder, PendingPlace, PendingReplace
from execution.venues.paper.fees import FeeTable


class _Common(TypedDict):
    account: str
    market: str
    setup: UUID
    client_order_id: str
    leg: Leg
    clock: VenueClock


@dataclass(slots=True)
class Print:
    """A trade of the feed, and how much of its quantity is not yet given to our orders."""

    trade_id: int
    now_ms: int
    """Latest exchange time so far: a late print does not turn the clock back."""
    price_usd: Decimal
    left_base: Decimal
    is_seller_aggressor: bool

    def is_through(self, side: Side, limit_usd: Decimal) -> bool:
        """Say whether it is strictly beyond the limit of an order of this side."""
        return side.sign * (limit_usd - self.price_usd) > 0

    def would_cross(self, side: Side, limit_usd: Decimal) -> bool:
        """Say whether an order of this side would take, if the book stood at this print.

        A print at the limit itself shows the other side there when the aggressor was of our side.
        """
        if self.price_usd == limit_usd:
            return self.is_seller_aggressor is (side is Side.SHORT)
        return self.is_through(side, limit_usd)


@dataclass(slots=True)
class Observer:
    """Records what one print does to one book, and does it."""

    book: Book
    at: Print
    fees: FeeTable
    step_base: Decimal
    drafts: list[Draft] = field(default_factory=list[Draft])

    def placed(self, place: PendingPlace) -> None:
        """See an order arrive."""
        self._see(
            OrderPlaced(**self._common(place), price_usd=place.price_usd),
            place.intent_id,
            place.correlation_id,
        )

    def rejected(self, pending: AnyPending, *, code: int, reason: str) -> None:
        """See an order, or a replace, refused."""
        self._see(
            OrderRejected(
                **self._common(pending),
                code=code,
                reason=reason,
                last_price_usd=self.at.price_usd,
            ),
            pending.intent_id,
            pending.correlation_id,
        )

    def replaced(self, move: PendingReplace) -> None:
        """See an order moved."""
        self._see(
            OrderReplaced(
                **self._common(move), generation=move.generation, price_usd=move.price_usd
            ),
            move.intent_id,
            move.correlation_id,
        )

    def canceled(
        self,
        order: HeldOrder | PendingPlace,
        *,
        cause: UUID,
        reason: CancelReason,
        unfilled_base: Decimal | None,
    ) -> None:
        """See an order end without a fill of its rest."""
        self._see(
            OrderCanceled(**self._common(order), reason=reason, unfilled_base=unfilled_base),
            cause,
            order.correlation_id,
        )

    def triggered(self, stop: HeldOrder) -> None:
        """See a stop's condition come true."""
        self._see(
            StopTriggered(**self._common(stop), trigger_price_usd=stop.price_usd),
            stop.cause_id,
            stop.correlation_id,
        )

    def went_stale(self, entry: HeldOrder) -> None:
        """See the market away from a resting entry."""
        self._see(
            EntryWentStale(
                **self._common(entry),
                last_price_usd=self.at.price_usd,
                resting_ms=self.at.now_ms - entry.since_ms,
            ),
            entry.cause_id,
            entry.correlation_id,
            ordinal=entry.stale_count,
        )

    def offer(self, quantity_base: Decimal) -> Decimal:
        """Take what this print has left for an order, in whole steps."""
        taken = floor_to(min(quantity_base, self.at.left_base), self.step_base)
        self.at.left_base -= taken
        return taken

    def filled(
        self,
        order: HeldOrder,
        *,
        price_usd: Decimal,
        quantity_base: Decimal,
        remaining_base: Decimal,
        liquidity: Liquidity,
    ) -> None:
        """See a fill. An order fills at most once per print, so the print makes its id."""
        fee = self.fees.fee_usd(price_usd * quantity_base, liquidity)
        after = self.book.ledger.filled(
            side=order.side, price_usd=price_usd, quantity_base=quantity_base, fee_usd=fee
        )
        trade_id = self.at.trade_id
        self._see(
            OrderFilled(
                **self._common(order),
                fill_id=f"{self.book.market}-{trade_id}-{order.client_order_id}",
                side=order.side,
                liquidity=liquidity,
                price_usd=price_usd,
                quantity_base=quantity_base,
                remaining_base=remaining_base,
                fee_usd=fee,
                realized_pnl_usd=after.realized_pnl_usd - self.book.ledger.realized_pnl_usd,
                position_after_base=after.position_base,
            ),
            order.cause_id,
            order.correlation_id,
            ordinal=trade_id,
        )

    def _common(self, order: HeldOrder | AnyPending) -> _Common:
        return {
            "account": self.book.account,
            "market": self.book.market,
            "setup": order.setup,
            "client_order_id": order.client_order_id,
            "leg": order.leg,
            "clock": VenueClock(at=from_millis(self.at.now_ms), trade_id=self.at.trade_id),
        }

    def _see(
        self, event: Observation, cause: UUID, correlation_id: UUID, *, ordinal: int = 0
    ) -> None:
        self.drafts.append(
            Draft(
                event=event,
                id=derive_id(EventId(cause), event.event_type, ordinal),
                subject=subject_of(event),
                occurred_at=event.clock.at,
                correlation_id=EventId(correlation_id),
                causation_id=EventId(cause),
            )
        )
        self.book.evolve(event)
