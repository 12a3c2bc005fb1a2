"""What the owner's wallet is asked to sign: one offer at most for each thing, until it ends.

An offer is not a transaction: nothing of it is intended before its signature is there, so what the
plan sees is the same with an offer and without. It dies by block height, like what it may become.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec
from msgspec.structs import replace

from contracts.manual import OfferClosed, OfferOutcome, SignatureAsked, TransactionOffered
from contracts.order import OrderIntended, ReplaceIntended, SideCancelIntended, TriggerIntended
from contracts.transaction import RetryClass
from contracts.values import plain
from execution.domain.policy import POLICY
from execution.domain.transactions import Intent, kept, lane

if TYPE_CHECKING:
    from execution.domain.account import AccountState

CLOSED_KEPT = 16
"""Ended offers that are remembered, to say why a late signature is not taken."""
ENTRY = "entry"
OfferEvent = SignatureAsked | TransactionOffered | OfferClosed


class Offer(msgspec.Struct, frozen=True):
    """An offer that stands."""

    id: UUID
    setup: UUID | None
    lane: str
    """What it is about: one offer stands for it."""
    shape: str
    """What it would do, but for the prices that pass: another shape replaces it."""
    body: str
    """Its `signature_asked` as JSON."""
    message: str = ""
    """What is to be signed, in base64."""
    blockhash: str = ""
    last_valid_block_height: int = 0

    @property
    def is_entry(self) -> bool:
        """Say whether it would open a position."""
        return self.lane == ENTRY

    def asked(self) -> SignatureAsked:
        """Give what was asked."""
        return SignatureAsked.model_validate_json(self.body)


@dataclass(frozen=True, slots=True)
class ClosedOffer:
    """How an offer ended."""

    id: UUID
    outcome: OfferOutcome


def lane_of(intents: Sequence[Intent], retry_class: RetryClass) -> str:
    """Name what intents are about."""
    return lane(kept(UUID(int=0), intents[0]), retry_class)


def shape_of(intents: Sequence[Intent]) -> str:
    """Name what intents would do, but for prices, numbers and times."""
    return "|".join(sorted(map(_shape, intents)))


def apply(state: "AccountState", event: OfferEvent, *, event_id: UUID) -> "AccountState":
    """Give the account after an event about an offer."""
    match event:
        case SignatureAsked():
            offer = Offer(
                id=event_id,
                setup=event.setup,
                lane=lane_of(event.intents, event.retry_class),
                shape=shape_of(event.intents),
                body=event.model_dump_json(),
            )
            return replace(state, offers=(*state.offers, offer))
        case TransactionOffered():
            return replace(
                state,
                offers=tuple(
                    _with_bytes(it, event) if it.id == event.offer else it for it in state.offers
                ),
            )
        case OfferClosed():
            return _closed(state, event)


def without(state: "AccountState", offer_id: UUID) -> "AccountState":
    """Give the account without an offer."""
    return replace(state, offers=tuple(it for it in state.offers if it.id != offer_id))


def _with_bytes(offer: Offer, event: TransactionOffered) -> Offer:
    return replace(
        offer,
        message=event.message,
        blockhash=event.blockhash,
        last_valid_block_height=event.last_valid_block_height,
    )


def _closed(state: "AccountState", event: OfferClosed) -> "AccountState":
    """Forget an offer; an entry that may have been signed all the same keeps others waiting."""
    offer = next((it for it in state.offers if it.id == event.offer), None)
    if offer is None:
        return state
    closed = ClosedOffer(offer.id, event.outcome)
    state = without(state, offer.id)
    state = replace(state, closed_offers=(*state.closed_offers, closed)[-CLOSED_KEPT:])
    if event.outcome is OfferOutcome.SIGNED:
        return state
    if offer.is_entry:
        last = max(state.loose_height, offer.last_valid_block_height)
        state = replace(state, loose_height=last)
    if event.outcome is not OfferOutcome.DECLINED:
        return state
    setup = state.setup
    if offer.is_entry and setup is not None and setup.id == offer.setup:
        return replace(state, setup=replace(setup, is_declined=True))
    until = state.slot + POLICY.declined_slots
    return replace(state, declined={**state.declined, offer.lane: until})


def _shape(intent: Intent) -> str:
    match intent:
        case OrderIntended():
            size = intent.quantity_base
            text = "all" if size is None else plain(size)
            return f"{intent.event_type}/{intent.client_order_id}/{intent.side}/{text}"
        case SideCancelIntended():
            return f"{intent.event_type}/{intent.side}"
        case TriggerIntended():
            return f"{intent.event_type}/{intent.venue_order_id}"
        case ReplaceIntended():
            return f"{intent.event_type}/{intent.venue_order_id}/{intent.kind}"
        case _:
            return f"{intent.event_type}/{intent.leg}/{intent.venue_order_id}"
