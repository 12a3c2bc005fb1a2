"""How transactions ended, and which orders are gone without a word, as events.

Ids derive from the transaction or the setup, so what is found twice is the same event.
"""

from collections.abc import Iterator
from uuid import UUID

from contracts.ids import EventId, derive_id
from contracts.order import (
    CancelReason,
    OrderCanceled,
    OrderRejected,
)
from contracts.transaction import RetryClass, TransactionDied, TransactionLanded
from contracts.values import VenueClock
from contracts.venue import VenueObserved
from execution.domain.account import AccountState
from execution.domain.errors import NUMBER_IN_USE, classify
from execution.domain.policy import POLICY
from execution.domain.setup import Order, OrderStatus
from execution.domain.transactions import Transaction
from execution.seen import Seen
from execution.venues.port import Landed


def landed(
    state: AccountState, transaction: Transaction, fate: Landed, clock: VenueClock
) -> Iterator[Seen]:
    """Say that a transaction landed, and what it was refused with."""
    reason = None if fate.code is None else classify(fate.code).value.replace("_", "-")
    yield Seen(
        TransactionLanded(
            account=state.account,
            market=state.market,
            transaction=transaction.id,
            signature=transaction.signature,
            slot=fate.slot,
            code=fate.code,
            reason=reason,
            fee_lamports=fate.fee_lamports,
            clock=clock,
        ),
        derive_id(EventId(transaction.id), TransactionLanded.event_type),
        transaction.id,
    )
    if fate.code is None or fate.code == NUMBER_IN_USE or state.setup is None:
        return
    for ordinal, intent in enumerate(transaction.intents):
        order = state.setup.by_client_id(intent.client_order_id or "")
        if order is None or not (intent.is_place or intent.is_move) or order.is_over:
            continue
        if intent.is_place and order.status is not OrderStatus.INTENDED:
            continue
        yield Seen(
            OrderRejected(
                account=state.account,
                market=state.market,
                setup=state.setup.id,
                client_order_id=order.client_order_id,
                leg=order.leg,
                code=fate.code,
                reason=reason or "refused",
                clock=clock,
            ),
            derive_id(EventId(transaction.id), OrderRejected.event_type, ordinal),
            transaction.id,
        )


def ran_out(state: AccountState, transaction: Transaction, seen: VenueObserved) -> Iterator[Seen]:
    """Say how a transaction ended of which no status told until no block could take it any more.

    An entry is never signed twice before the first is dead, so whatever came of one that the
    account shows or told of came of this transaction: it landed, though nobody says when.
    """
    if transaction.retry_class is RetryClass.EXPOSURE and _has_effect(state, transaction, seen):
        fee = POLICY.fees.signature_lamports + transaction.priority_fee_lamports
        yield from landed(state, transaction, Landed(seen.clock.slot, None, fee), seen.clock)
    else:
        yield from _died(state, transaction, seen)


def _has_effect(state: AccountState, transaction: Transaction, seen: VenueObserved) -> bool:
    resting = {it.user_order_id for it in seen.orders}
    places = [it for it in transaction.intents if it.is_place]
    orders = [state.setup and state.setup.by_client_id(it.client_order_id or "") for it in places]
    was_told = any(order is not None and order.was_taken for order in orders)
    return was_told or any(it.user_order_id in resting for it in places)


def _died(state: AccountState, transaction: Transaction, seen: VenueObserved) -> Iterator[Seen]:
    """Say that a transaction can never land, and which orders never were."""
    yield Seen(
        TransactionDied(
            account=state.account,
            market=state.market,
            transaction=transaction.id,
            signature=transaction.signature,
            block_height=seen.block_height,
            clock=seen.clock,
        ),
        derive_id(EventId(transaction.id), TransactionDied.event_type),
        transaction.id,
    )
    yield from _never_placed(state, transaction, seen)


def unsigned(
    before: AccountState, after: AccountState, transaction_id: UUID, seen: VenueObserved
) -> Iterator[Seen]:
    """Say which orders never were, because their transaction was not signed.

    `before` holds the transaction, `after` does not any more.
    """
    for transaction in before.transactions:
        if transaction.id == transaction_id:
            yield from _never_placed(after, transaction, seen)


def _never_placed(
    state: AccountState, transaction: Transaction, seen: VenueObserved
) -> Iterator[Seen]:
    """Say which of a transaction's orders no other one carries and the venue does not show."""
    others = [it for it in state.transactions if it.id != transaction.id]
    carried = {intent.id for other in others for intent in other.intents}
    resting = {it.user_order_id for it in seen.orders}
    for intent in transaction.intents:
        order = state.setup and state.setup.by_client_id(intent.client_order_id or "")
        if not order or not intent.is_place or intent.id in carried:
            continue
        if order.status is OrderStatus.INTENDED and order.user_order_id not in resting:
            yield _gone(state, order, CancelReason.NEVER_LANDED, seen.clock)


def vanished(state: AccountState, seen: VenueObserved) -> Iterator[Seen]:
    """Say which orders are gone although the venue never said so: skipped, or told and lost.

    Only while log and venue agree on position and cash, so that no fill is missing.
    """
    setup = state.setup
    if setup is None or not state.agrees_with(seen):
        return
    resting = {it.user_order_id for it in seen.orders}
    flying = {
        intent.client_order_id
        for transaction in state.open_transactions(seen.clock.slot)
        for intent in transaction.intents
    }
    for order in setup.orders:
        if order.is_over or order.user_order_id in resting or order.client_order_id in flying:
            continue
        was_taken = order.status is OrderStatus.WORKING
        reason = CancelReason.ELSEWHERE if was_taken else CancelReason.EXPIRED
        yield _gone(state, order, order.cancel_reason or reason, seen.clock)


def _gone(state: AccountState, order: Order, reason: CancelReason, clock: VenueClock) -> Seen:
    if state.setup is None:
        raise ValueError("expected the setup of an order, found none")
    unfilled = None if order.quantity_base is None else order.quantity_base - order.filled_base
    event = OrderCanceled(
        account=state.account,
        market=state.market,
        setup=state.setup.id,
        client_order_id=order.client_order_id,
        leg=order.leg,
        reason=reason,
        unfilled_base=unfilled,
        clock=clock,
    )
    return Seen(event, derive_id(EventId(state.setup.id), f"gone/{order.client_order_id}"))
