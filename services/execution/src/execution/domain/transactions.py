"""The transactions of an account whose fate is open, and what each of them does.

A transaction is settled once the snapshot that decisions are made on is as new as its landing, or
once it is dead. Until then its effect is neither there nor gone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import msgspec
from msgspec.structs import replace

from contracts.order import (
    CancelIntended,
    OrderIntended,
    ReplaceIntended,
    SideCancelIntended,
    TriggerIntended,
)
from contracts.registry import BY_TYPE
from contracts.transaction import RetryClass, TransactionPlanned, TransactionSigned, Urgency
from contracts.values import Leg, Side
from execution.domain.setup import TAKE_PROFITS

Intent = OrderIntended | ReplaceIntended | CancelIntended | TriggerIntended | SideCancelIntended


@dataclass(frozen=True, slots=True)
class KeptIntent:
    """An intent that a transaction carries out, with the bytes to read it again from."""

    id: UUID
    event_type: str
    body: str
    leg: Leg | None
    """None when it takes back a whole side."""
    side: Side | None
    """Of an order that it places, or of the side that it takes back."""
    client_order_id: str | None
    user_order_id: int | None

    @property
    def is_place(self) -> bool:
        """Say whether it places an order."""
        return self.event_type == OrderIntended.event_type

    @property
    def is_move(self) -> bool:
        """Say whether it moves an order."""
        return self.event_type == ReplaceIntended.event_type

    def event(self) -> Intent:
        """Give the intent itself."""
        event = BY_TYPE[self.event_type].model_validate_json(self.body)
        if not isinstance(event, Intent):
            raise TypeError(f"expected an intent, found {self.event_type}")
        return event


def kept(intent_id: UUID, event: Intent) -> KeptIntent:
    """Keep an intent until its transaction is settled."""
    is_wide = isinstance(event, SideCancelIntended)
    return KeptIntent(
        id=intent_id,
        event_type=event.event_type,
        body=event.model_dump_json(),
        leg=None if is_wide else event.leg,
        side=event.side if isinstance(event, SideCancelIntended | OrderIntended) else None,
        client_order_id=None if is_wide else event.client_order_id,
        user_order_id=event.user_order_id if isinstance(event, OrderIntended) else None,
    )


def lane(first: KeptIntent, retry_class: RetryClass) -> str:
    """Name what a transaction is about, by its first intent; two of one lane are never useful."""
    if retry_class is RetryClass.WIDE:
        return "wide"
    if first.is_place and first.leg is not None:
        return "take-profit" if first.leg in TAKE_PROFITS else first.leg.value
    if first.is_move:
        return f"move-{first.leg}"
    return "trigger" if first.event_type == TriggerIntended.event_type else "cancel"


class Transaction(msgspec.Struct, frozen=True):
    """One transaction that is not settled yet."""

    id: UUID
    setup: UUID | None
    intents: tuple[KeptIntent, ...]
    retry_class: RetryClass
    urgency: Urgency
    attempt: int
    priority_fee_lamports: int
    planned_slot: int
    signature: str = ""
    last_valid_block_height: int = 0
    landed_slot: int | None = None
    code: int | None = None

    def is_open(self, slot: int) -> bool:
        """Say whether a snapshot at a slot may not show its effect yet."""
        return self.landed_slot is None or self.landed_slot > slot

    def touches(self, *legs: Leg) -> bool:
        """Say whether it does something with an order of these legs."""
        return any(it.leg in legs for it in self.intents)

    @property
    def adds_exposure(self) -> bool:
        """Say whether it may open or grow a position."""
        return self.retry_class is RetryClass.EXPOSURE or any(
            it.is_move and it.leg is Leg.ENTRY for it in self.intents
        )

    @property
    def numbers(self) -> frozenset[int]:
        """Give the numbers of the orders that it places."""
        return frozenset(it.user_order_id for it in self.intents if it.user_order_id is not None)


def planned(
    event: TransactionPlanned, *, event_id: UUID, intents: Sequence[KeptIntent], slot: int
) -> Transaction:
    """Give the transaction that was planned at a slot."""
    return Transaction(
        id=event_id,
        setup=event.setup,
        intents=tuple(intents),
        retry_class=event.retry_class,
        urgency=event.urgency,
        attempt=event.attempt,
        priority_fee_lamports=event.priority_fee_lamports,
        planned_slot=slot,
    )


def signed(transaction: Transaction, event: TransactionSigned) -> Transaction:
    """Give the transaction after it was signed."""
    return replace(
        transaction,
        signature=event.signature,
        last_valid_block_height=event.last_valid_block_height,
    )
