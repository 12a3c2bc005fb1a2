"""Transactions, from their plan to their fate."""

from dataclasses import dataclass, replace
from enum import StrEnum
from uuid import UUID

from contracts.event import Recorded
from contracts.transaction import (
    RetryClass,
    SigningRefused,
    TransactionDied,
    TransactionLanded,
    TransactionPlanned,
    TransactionSigned,
    Urgency,
)

Step = TransactionSigned | SigningRefused | TransactionLanded | TransactionDied


class Fate(StrEnum):
    """How far a transaction came."""

    PLANNED = "planned"
    SIGNED = "signed"
    LANDED = "landed"
    FAILED = "failed"
    """It landed, and the program refused it."""
    DEAD = "dead"

    @property
    def is_open(self) -> bool:
        """Whether it may still land."""
        return self in (Fate.PLANNED, Fate.SIGNED)


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionState:
    """One transaction of ours, and the orders that it concerns."""

    id: UUID
    client_order_ids: tuple[str, ...]
    retry_class: RetryClass
    urgency: Urgency
    attempt: int
    priority_fee_lamports: int
    fate: Fate = Fate.PLANNED
    signature: str = ""
    slot: int | None = None
    """Where it landed."""
    code: int | None = None
    reason: str = ""
    fee_lamports: int | None = None
    """What it cost; None while it has not landed."""
    position: int
    """Of the last event about it."""


def planned(
    event: TransactionPlanned, recorded: Recorded, *, client_order_ids: tuple[str, ...]
) -> TransactionState:
    """Give a transaction that is planned; the event's id names it."""
    return TransactionState(
        id=recorded.id,
        client_order_ids=client_order_ids,
        retry_class=event.retry_class,
        urgency=event.urgency,
        attempt=event.attempt,
        priority_fee_lamports=event.priority_fee_lamports,
        position=recorded.position,
    )


def evolve(before: TransactionState, event: Step, *, position: int) -> TransactionState:
    """Fold the next thing that happened to a transaction."""
    match event:
        case TransactionSigned():
            after = replace(before, fate=Fate.SIGNED, signature=event.signature)
        case TransactionLanded():
            after = replace(
                before,
                fate=Fate.LANDED if event.code is None else Fate.FAILED,
                slot=event.slot,
                code=event.code,
                reason=event.reason or "",
                fee_lamports=event.fee_lamports,
            )
        case SigningRefused():
            after = replace(before, fate=Fate.DEAD, reason=event.code)
        case TransactionDied():
            after = replace(before, fate=Fate.DEAD)
    return replace(after, position=position)
