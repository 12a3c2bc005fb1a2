"""An account's owner and delegation as the gateway shows it: a fold over the log.

It decides nothing. What the chain shows comes from execution, which reads it; here it is kept with
the time at which it was seen.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from contracts import delegation
from contracts.delegation import DelegationState, KeyEnd, OwnerTransactionKind
from contracts.event import Event, Recorded


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """What the owner agreed to last."""

    id: UUID
    wallet: str
    text_sha256: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """Our key that lives."""

    address: str
    born_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedKey:
    """The newest key that is gone."""

    address: str
    reason: KeyEnd
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A transaction for the owner's wallet."""

    id: UUID
    event: delegation.OwnerTransactionOffered
    is_answered: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """The owner's newest transaction; `status` is sent, landed, failed or expired."""

    offer: UUID
    kind: OwnerTransactionKind
    signature: str
    status: str
    delegate: str | None = None
    """The key that it names; None for a revoke."""
    slot: int | None = None
    code: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerState:
    """Everything that the log says about one account's delegation."""

    wallet: str | None = None
    """Whose account it is to be; None: the desk's own."""
    sub_account: str | None = None
    """Where the venue holds it; None until the venue was seen to."""
    consent: Consent | None = None
    state: DelegationState = DelegationState.NONE
    state_at: datetime | None = None
    state_position: int = 0
    """Where in the log it was told."""
    on_chain: str | None = None
    key: Key | None = None
    ended: EndedKey | None = None
    offers: tuple[Offer, ...] = field(default=())
    """The newest of each kind."""
    sent: Sent | None = None

    def offer(self, offer_id: UUID) -> Offer | None:
        """Give an offer that is still known."""
        return next((it for it in self.offers if it.id == offer_id), None)


def evolve(state: OwnerState, recorded: Recorded) -> OwnerState:
    """Fold one event of the account; what is not of its delegation changes nothing."""
    event = recorded.event
    match event:
        case delegation.OwnerNamed():
            return replace(state, wallet=event.wallet, consent=None)
        case delegation.ConsentGiven():
            consent = Consent(
                id=recorded.id,
                wallet=event.wallet,
                text_sha256=event.text_sha256,
                at=recorded.occurred_at,
            )
            return replace(state, consent=consent)
        case delegation.AccountHandedOver():
            return OwnerState(
                wallet=state.wallet,
                sub_account=event.sub_account,
                consent=state.consent,
                key=state.key,
                ended=state.ended,
            )
        case delegation.DelegationChanged():
            at = event.clock.at
            return replace(
                state,
                state=event.state,
                state_at=at,
                state_position=recorded.position,
                on_chain=event.delegate,
            )
        case delegation.DelegateKeyBorn():
            born = Key(address=event.delegate, born_at=event.born_at, expires_at=event.expires_at)
            return replace(state, key=born)
        case delegation.DelegateKeyDestroyed():
            ended = EndedKey(address=event.delegate, reason=event.reason, at=event.clock.at)
            return replace(state, key=None, ended=ended)
        case delegation.OwnerTransactionOffered():
            others = tuple(it for it in state.offers if it.event.kind is not event.kind)
            return replace(state, offers=(*others, Offer(id=recorded.id, event=event)))
        case _:
            return _sent(state, event)


def _sent(state: OwnerState, event: Event) -> OwnerState:
    match event:
        case delegation.OwnerTransactionSent():
            offers = tuple(
                replace(it, is_answered=True) if it.id == event.offer else it for it in state.offers
            )
            offer = state.offer(event.offer)
            sent = Sent(
                offer=event.offer,
                kind=event.kind,
                signature=event.signature,
                status="sent",
                delegate=None if offer is None else offer.event.delegate,
            )
            return replace(state, offers=offers, sent=sent)
        case delegation.OwnerTransactionLanded():
            status = "landed" if event.code is None else "failed"
            return _went(state, event.signature, status, slot=event.slot, code=event.code)
        case delegation.OwnerTransactionDied():
            return _went(state, event.signature, "expired")
        case _:
            return state


def _went(
    state: OwnerState,
    signature: str,
    status: str,
    *,
    slot: int | None = None,
    code: int | None = None,
) -> OwnerState:
    sent = state.sent
    if sent is None or sent.signature != signature:
        return state
    return replace(state, sent=replace(sent, status=status, slot=slot, code=code))
