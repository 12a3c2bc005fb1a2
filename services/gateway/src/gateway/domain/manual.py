"""Signing by hand as the gateway shows it: a fold over the log that decides nothing."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from contracts import manual, transaction
from contracts.delegation import OwnerNamed
from contracts.event import Event, Recorded
from contracts.manual import OfferOutcome, SigningMode

KEPT = 32
"""Offers that ended, and transactions that were signed, which are still known."""


class Status(StrEnum):
    """How far a transaction has come that the owner signed."""

    SIGNED = "signed"
    SENT = "sent"
    REFUSED = "refused"
    """It was signed, and may not be sent any more."""
    LANDED = "landed"
    FAILED = "failed"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A transaction for the owner's wallet, or the wish for one whose bytes are not there yet."""

    id: UUID
    asked: manual.SignatureAsked
    asked_at: datetime
    offered: manual.TransactionOffered | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A transaction that the owner signed, and what became of it."""

    offer: UUID
    transaction: UUID
    status: Status = Status.SIGNED
    signature: str = ""
    slot: int | None = None
    code: int | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """An offer that stands no more, and how it ended."""

    offer: Offer
    outcome: OfferOutcome
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningState:
    """Who signs, what waits for the owner, and what came of what it signed."""

    mode: SigningMode = SigningMode.DELEGATE
    wallet: str | None = None
    """Who signs by hand."""
    offers: tuple[Offer, ...] = field(default=())
    signed: tuple[Signed, ...] = field(default=())
    """The newest, newest last."""
    ended: tuple[Ended, ...] = field(default=())
    """The newest, newest last."""

    def offer(self, offer_id: UUID) -> Offer | None:
        """Give an offer that stands."""
        return next((it for it in self.offers if it.id == offer_id), None)

    def outcome(self, offer_id: UUID) -> OfferOutcome | None:
        """Give how an offer ended that is still known."""
        return next((it.outcome for it in self.ended if it.offer.id == offer_id), None)

    def of_transaction(self, transaction_id: UUID) -> Signed | None:
        """Give what was signed as a transaction."""
        return next((it for it in self.signed if it.transaction == transaction_id), None)


def evolve(state: SigningState, recorded: Recorded) -> SigningState:
    """Fold one event of the account; what is not signed by hand changes nothing."""
    event = recorded.event
    match event:
        case manual.SigningModeChanged():
            return replace(state, mode=event.mode, wallet=event.wallet)
        case OwnerNamed() if event.wallet != state.wallet:
            return replace(state, mode=SigningMode.DELEGATE, wallet=None)
        case manual.SignatureAsked():
            offer = Offer(id=recorded.id, asked=event, asked_at=recorded.occurred_at)
            return replace(state, offers=(*state.offers, offer))
        case manual.TransactionOffered():
            offers = tuple(
                replace(it, offered=event) if it.id == event.offer else it for it in state.offers
            )
            return replace(state, offers=offers)
        case manual.OfferClosed():
            return _closed(state, event, recorded.occurred_at)
        case _:
            return _went(state, event)


def _closed(state: SigningState, event: manual.OfferClosed, at: datetime) -> SigningState:
    left = tuple(it for it in state.offers if it.id != event.offer)
    ended = tuple(
        Ended(offer=it, outcome=event.outcome, at=at) for it in state.offers if it.id == event.offer
    )
    state = replace(state, offers=left, ended=(*state.ended, *ended)[-KEPT:])
    if event.transaction is None:
        return state
    signed = Signed(offer=event.offer, transaction=event.transaction)
    return replace(state, signed=(*state.signed, signed)[-KEPT:])


def _went(state: SigningState, event: Event) -> SigningState:
    match event:
        case transaction.TransactionSigned():
            return _changed(state, event, status=Status.SENT, signature=event.signature)
        case transaction.SigningRefused():
            left = tuple(it for it in state.offers if it.id != event.transaction)
            state = replace(state, offers=left)
            return _changed(state, event, status=Status.REFUSED, reason=event.code)
        case transaction.TransactionLanded():
            is_good = event.code is None
            status = Status.LANDED if is_good else Status.FAILED
            reason = event.reason or ""
            return _changed(
                state, event, status=status, slot=event.slot, code=event.code, reason=reason
            )
        case transaction.TransactionDied():
            return _changed(state, event, status=Status.EXPIRED)
        case _:
            return state


_Step = (
    transaction.TransactionSigned
    | transaction.SigningRefused
    | transaction.TransactionLanded
    | transaction.TransactionDied
)


def _changed(state: SigningState, event: _Step, **changes: object) -> SigningState:
    signed = tuple(
        replace(it, **changes) if it.transaction == event.transaction else it for it in state.signed
    )
    return replace(state, signed=signed)
