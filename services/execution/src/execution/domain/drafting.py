"""Decisions as drafts of events, with ids that derive from their cause."""

from collections.abc import Sequence
from datetime import datetime
from typing import TypedDict
from uuid import UUID

from contracts.control import CancelRequested
from contracts.event import Draft, Event, Recorded
from contracts.ids import EventId, derive_id
from contracts.order import (
    CancelDenied,
    CancelIntended,
    OrderIntended,
    ReplaceIntended,
    SetupClosed,
)
from contracts.routes import subject_of
from contracts.values import Leg
from contracts.verdict import OrderApproved
from execution.domain.commands import Cancel, Command, Place, Replace
from execution.domain.ledger import ZERO
from execution.domain.plan import outcome_of
from execution.domain.setup import Setup


class _Common(TypedDict):
    account: str
    market: str
    setup: UUID
    client_order_id: str
    leg: Leg
    earliest_at: datetime


class Drafts:
    """The events that one recorded event leads to, with ids that derive from it."""

    def __init__(self, cause: Recorded, now: datetime | None) -> None:
        self._cause = cause
        self._at = now or cause.occurred_at
        self._counts: dict[str, int] = {}
        self.all: list[Draft] = []

    def add_command(self, setup: Setup, command: Command) -> None:
        """Intend a command of a setup's plan."""
        common: _Common = {
            "account": setup.account,
            "market": setup.market,
            "setup": setup.id,
            "client_order_id": command.client_order_id,
            "leg": command.leg,
            "earliest_at": self._at,
        }
        match command:
            case Place():
                event = OrderIntended(
                    **common,
                    side=command.side,
                    kind=command.kind,
                    price_usd=command.price_usd,
                    quantity_base=command.quantity_base,
                    is_reduce_only=command.is_reduce_only,
                    expires_at=command.expires_at,
                )
            case Replace():
                event = ReplaceIntended(
                    **common,
                    generation=command.generation,
                    price_usd=command.price_usd,
                    reason=command.reason,
                )
            case Cancel():
                event = CancelIntended(**common, reason=command.reason)
        self._add(event, setup.correlation_id)

    def add_closed(self, setup: Setup) -> None:
        """Say that a setup is over."""
        event = SetupClosed(
            account=setup.account,
            market=setup.market,
            setup=setup.id,
            outcome=outcome_of(setup),
            realized_pnl_usd=setup.ledger.realized_pnl_usd,
            fees_usd=setup.ledger.fees_usd,
        )
        self._add(event, setup.correlation_id)

    def not_started(self, verdict: OrderApproved, outcome: str) -> Sequence[Draft]:
        """Say that an approval was not worked, and why."""
        event = SetupClosed(
            account=verdict.account,
            market=verdict.market,
            setup=self._cause.id,
            outcome=outcome,
            realized_pnl_usd=ZERO,
            fees_usd=ZERO,
        )
        self._add(event, self._cause.correlation_id)
        return self.all

    def cancel_denied(self, request: CancelRequested, reason: str) -> Sequence[Draft]:
        """Say that a person's cancel was not passed on, and why."""
        event = CancelDenied(
            account=request.account,
            market=request.market,
            client_order_id=request.client_order_id,
            reason=reason,
        )
        self._add(event, self._cause.correlation_id)
        return self.all

    def _add(self, event: Event, correlation_id: UUID) -> None:
        ordinal = self._counts.get(event.event_type, 0)
        self._counts[event.event_type] = ordinal + 1
        self.all.append(
            Draft(
                event=event,
                id=derive_id(self._cause.id, event.event_type, ordinal),
                subject=subject_of(event),
                occurred_at=self._at,
                correlation_id=EventId(correlation_id),
                causation_id=self._cause.id,
            )
        )
