"""What the chart marks beside its bars: signals with their verdict, and fills; a fold over the log.

Fills of one order within a minute are one mark.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from contracts.event import Recorded
from contracts.order import OrderFilled
from contracts.signal import EntrySignaled
from contracts.values import Leg, Side
from contracts.verdict import OrderApproved, OrderDenied

MARKS_MAX = 200
"""Kept; of more the oldest are forgotten."""
_PLACES = Decimal("1E-8")


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalMark:
    """An entry that the strategy wanted, on the bar that it was decided on."""

    minute: datetime
    position: int
    proposal: UUID
    side: Side
    price_usd: Decimal
    vwap_usd: Decimal | None
    """Of the session, at the bar's close."""
    verdict: str = ""
    """`approved`, or the rule that denied it; empty until risk has answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FillMark:
    """What one order traded within a minute, at its average price."""

    minute: datetime
    position: int
    client_order_id: str
    leg: Leg
    side: Side
    price_usd: Decimal
    quantity_base: Decimal
    made_usd: Decimal
    """Price PnL of what it closed, before fees."""


Mark = SignalMark | FillMark


def evolve(marks: tuple[Mark, ...], recorded: Recorded) -> tuple[Mark, ...]:
    """Fold one event of the account or of its market."""
    event = recorded.event
    match event:
        case EntrySignaled():
            new = SignalMark(
                minute=event.minute,
                position=recorded.position,
                proposal=recorded.id,
                side=event.side,
                price_usd=event.entry_price_usd,
                vwap_usd=event.features.session_vwap_usd,
            )
            return (*marks, new)[-MARKS_MAX:]
        case OrderApproved() | OrderDenied():
            said = "approved" if isinstance(event, OrderApproved) else event.headline.value
            return tuple(
                replace(one, verdict=said)
                if isinstance(one, SignalMark) and one.proposal == event.proposal
                else one
                for one in marks
            )
        case OrderFilled():
            return _filled(marks, event, recorded.position)
        case _:
            return marks


def _filled(marks: tuple[Mark, ...], event: OrderFilled, position: int) -> tuple[Mark, ...]:
    new = FillMark(
        minute=event.clock.at.replace(second=0, microsecond=0),
        position=position,
        client_order_id=event.client_order_id,
        leg=event.leg,
        side=event.side,
        price_usd=event.price_usd,
        quantity_base=event.quantity_base,
        made_usd=event.realized_pnl_usd,
    )
    for index, one in enumerate(marks):
        if (
            isinstance(one, FillMark)
            and one.minute == new.minute
            and one.client_order_id == new.client_order_id
        ):
            return (*marks[:index], _joined(one, new), *marks[index + 1 :])
    return (*marks, new)[-MARKS_MAX:]


def _joined(one: FillMark, new: FillMark) -> FillMark:
    quantity = one.quantity_base + new.quantity_base
    turnover = one.price_usd * one.quantity_base + new.price_usd * new.quantity_base
    return replace(
        new,
        price_usd=(turnover / quantity).quantize(_PLACES),
        quantity_base=quantity,
        made_usd=one.made_usd + new.made_usd,
    )
